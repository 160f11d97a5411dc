# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OVHcloud's own client, python-ovh, as a run needs it: no more of it loaded than is used, connections kept alive."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from .._core.errors import InputError
from .config import Connection, is_loopback, not_valid

#: As many connections as a run can have workers are kept alive; requests keeps 10 and drops what is more.
POOL_SIZE = 100


class _LaterOAuth2(ModuleType):
    """Stands in for ``ovh.oauth2`` while python-ovh is loaded."""

    @staticmethod
    def OAuth2(*args: Any, **options: Any) -> Any:
        """Load the real one now that somebody uses it."""
        from ovh.oauth2 import OAuth2

        return OAuth2(*args, **options)


def load() -> Any:
    """Return the module ``ovh.client``; raises :class:`ImportError` where it is not installed or is too old, and
    :class:`InputError` where one of its own configuration files, which it reads at once, is none.
    """
    try:
        found = _load()
        if not hasattr(found, "OAUTH2_TOKEN_URLS"):
            raise ImportError(f"{found.__file__} is older than 1.2")
        return found
    except (configparser.Error, UnicodeDecodeError) as problem:
        # Their own message would show the line, which may be a secret.
        raise not_valid(getattr(problem, "source", "/etc/ovh.conf, ~/.ovh.conf or ./ovh.conf")) from None


def _load() -> Any:
    """Load it without oauthlib, with which it begins: 80 modules that only service accounts need, in every start of
    every module. That is put off until the first service account."""
    if "ovh.client" not in sys.modules and "ovh.oauth2" not in sys.modules:
        sys.modules["ovh.oauth2"] = _LaterOAuth2("ovh.oauth2")
        try:
            # A python-ovh that is made otherwise is loaded as it is, below.
            with contextlib.suppress(ImportError):
                importlib.import_module("ovh.client")
        finally:
            del sys.modules["ovh.oauth2"]
    return importlib.import_module("ovh.client")


def configuration_places() -> tuple[str, ...]:
    """Return python-ovh's own configuration files, lowest priority first."""
    return tuple(load().config.CONFIG_PATH)


class _NoConfiguration:
    """Stands in for python-ovh's own search for keys: ours has been done, and never mixes sources."""

    def get(self, _section: str, _name: str) -> None:
        return None


def make_client(connection: Connection, url: str, token_url: str) -> Any:
    """Return a client of python-ovh for a connection, or raise :class:`InputError`."""
    official = load()
    official.ENDPOINTS[connection.endpoint] = url
    if token_url:
        official.OAUTH2_TOKEN_URLS[connection.endpoint] = token_url
    original = official.config.ConfigurationManager
    official.config.ConfigurationManager = _NoConfiguration
    try:
        client = official.Client(endpoint=connection.endpoint, timeout=connection.timeout, **connection.keys)
    except official.InvalidConfiguration as problem:
        raise InputError(f"Keys from {connection.source}: {problem}.") from None
    finally:
        official.config.ConfigurationManager = original
    fit(client._session, url)
    return client


def fit(session: Any, url: str) -> None:
    """Make a session of requests fit for a run: as many connections kept alive as there are workers, no redirects, and
    the environment read once, not for each call. Raises :class:`InputError` for certificates that are not there."""
    from requests.adapters import HTTPAdapter

    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=POOL_SIZE))
    # A redirect would turn a POST into a GET and look like success.
    session.max_redirects = 0
    # Proxies and certificates are taken from it; passwords in ~/.netrc, which requests would send as well, are not.
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = _proxies(found["proxies"], url), found["verify"], False
    if isinstance(session.verify, str) and not os.path.exists(session.verify):
        raise InputError(
            f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names {session.verify} for certificates, and nothing is there."
        )


def _proxies(named: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the proxies to use for ``url``. What is said to this machine is not encrypted, and does not leave it."""
    return {scheme: proxy for scheme, proxy in named.items() if not is_loopback(url) or is_loopback(proxy)}
