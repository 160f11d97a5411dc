# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where to connect and with which keys: option, environment, configuration file, never mixed.

python-ovh would mix its sources key by key; here the highest source that names any key decides alone.
"""

from __future__ import annotations

import configparser
import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._core.errors import InputError

SIGNED = ("application_key", "application_secret", "consumer_key")
OAUTH2 = ("client_id", "client_secret")
KEYS = SIGNED + OAUTH2
#: Printable ASCII without blanks.
_KEY_TEXT = re.compile(r"[!-~]+\Z")
#: Numbers are from here to there, retries from 0.
_LITTLE, _MUCH = 0.001, 10**9
DEFAULT_TIMEOUT = 60.0
DEFAULT_RETRIES = 5


class Connection(NamedTuple):
    """Everything needed to reach the API. ``keys`` is secret; ``source`` says where the keys came from.

    ``timeout`` is in seconds for each request, ``rate_limit`` in calls a minute.
    """

    endpoint: str
    oauth2: bool
    keys: Mapping[str, str]
    source: str
    timeout: float
    retries: int
    rate_limit: float | None

    def __repr__(self) -> str:
        return f"Connection({self.endpoint}, keys from {self.source})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no message may show."""
        return tuple(value for key, value in self.keys.items() if key not in ("application_key", "client_id"))


class _File(NamedTuple):
    path: str
    parser: configparser.RawConfigParser

    def get(self, section: str, key: str) -> str:
        return self.parser.get(section, key, fallback="").strip()


def resolve(
    params: Mapping[str, Any],
    environ: Mapping[str, str],
    searched: Sequence[str],
    options: str = "the task's options",
) -> Connection:
    """Return the connection that options, environment and files (``searched``: lowest priority first) describe.

    ``options`` says in messages what ``params`` are. Raises :class:`InputError`, which says what is missing and where
    it was looked for.
    """
    named = params.get("config_file") or environ.get("OVH_CONFIG_FILE")
    files = _read_files([named] if named else searched, must_exist=bool(named))
    endpoint = _endpoint(params, environ, files, named or "")
    source, keys = _keys({options: params, "the environment (OVH_...)": _variables(environ)}, files, endpoint)
    _check_keys(source, keys)
    return Connection(
        endpoint=endpoint,
        oauth2="client_id" in keys,
        keys=keys,
        source=source,
        timeout=_number(params, environ, "timeout", DEFAULT_TIMEOUT, _LITTLE),
        retries=int(_number(params, environ, "retries", DEFAULT_RETRIES, 0)),
        rate_limit=_number(params, environ, "rate_limit", 0.0, _LITTLE) or None,
    )


def not_valid(path: str) -> InputError:
    """Return the error for a file that is no configuration."""
    return InputError(f"{path} is not a valid ovh.conf: sections in brackets, then lines of key=value.")


def _read_files(paths: Sequence[str], must_exist: bool) -> list[_File]:
    files = []
    for path in reversed(paths):
        path = os.path.expanduser(path)
        parser = configparser.RawConfigParser()
        try:
            with open(path, encoding="utf-8") as stream:
                parser.read_file(stream)
        except OSError as problem:
            if must_exist:
                raise InputError(f"config_file {path} cannot be read: {problem.strerror}.") from None
            continue
        except (configparser.Error, UnicodeDecodeError):
            # The parser's own message would show the line, which may be a secret.
            raise not_valid(path) from None
        files.append(_File(path, parser))
    return files


def _endpoint(params: Mapping[str, Any], environ: Mapping[str, str], files: Sequence[_File], named: str) -> str:
    candidates = [params.get("endpoint"), environ.get("OVH_ENDPOINT")]
    candidates += [file.get("default", "endpoint") for file in files]
    for candidate in candidates:
        if candidate and candidate.strip():
            return _check_endpoint(candidate.strip())
    where = named or "an ovh.conf (section default, key endpoint)"
    raise InputError(
        f"No endpoint: set the option endpoint, OVH_ENDPOINT, or {where} to a region such as ovh-eu or to a base URL."
    )


def is_loopback(url: str) -> bool:
    """True if the URL's host is this machine. A proxy may be named without a scheme."""
    try:
        host = urlsplit(url if "://" in url else "//" + url).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdecimal())


def _check_endpoint(endpoint: str) -> str:
    if "://" not in endpoint:
        return endpoint
    try:
        parts = urlsplit(endpoint)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise InputError(
            "endpoint: not a base URL such as https://eu.api.ovh.com/1.0, without user, query or fragment."
        )
    if parts.scheme == "http" and not is_loopback(endpoint):
        raise InputError("endpoint: plain http is for loopback only, since it would show the keys: use https.")
    return endpoint.rstrip("/")


def _sections(file: _File, endpoint: str) -> list[str]:
    if "://" not in endpoint:
        return [endpoint]
    # A base URL has a section of its own, or takes the keys of the endpoint that the file itself names.
    own = [section for section in file.parser.sections() if section.rstrip("/") == endpoint]
    default = file.get("default", "endpoint")
    return own + ([default] if default else [])


def _variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    return {key: environ.get("OVH_" + key.upper()) for key in KEYS}


def _keys(given: Mapping[str, Mapping[str, Any]], files: Sequence[_File], endpoint: str) -> tuple[str, dict[str, str]]:
    sources = [(source, {key: values.get(key) for key in KEYS}) for source, values in given.items()]
    for file in files:
        sections = _sections(file, endpoint)
        if not sections:
            sources.append((f"{file.path}, which has neither a section [{endpoint}] nor an endpoint in [default]", {}))
        for section in sections:
            sources.append((f"{file.path}, section [{section}]", {key: file.get(section, key) for key in KEYS}))
    for source, values in sources:
        keys = {key: value for key, value in values.items() if value}
        if keys:
            return source, keys
    places = ", ".join(source for source, _values in sources)
    if not files:
        places += ", and no ovh.conf was found"
    raise InputError(
        f"No keys for {endpoint}: give application_key, application_secret and consumer_key,"
        f" or client_id and client_secret, all in one place. Looked in: {places}."
    )


def _check_keys(source: str, keys: Mapping[str, str]) -> None:
    signed = [key for key in SIGNED if key in keys]
    oauth2 = [key for key in OAUTH2 if key in keys]
    if signed and oauth2:
        raise InputError(
            "Keys from {}: {} and {} are two ways to authenticate, keep one.".format(
                source, ", ".join(signed), ", ".join(oauth2)
            )
        )
    for key, value in keys.items():
        # Neither a header nor a signature can hold anything else, and the message must not show it.
        if not _KEY_TEXT.match(value):
            raise InputError(f"Keys from {source}: {key} holds characters that no key has. Was it copied as it is?")
    missing = [key for key in (SIGNED if signed else OAUTH2) if key not in keys]
    if missing:
        raise InputError(
            "Keys from {}: {} is missing. All keys come from one source: the first that names any of option,"
            " environment, configuration file.".format(source, ", ".join(missing)),
            missing=missing,
            source=source,
        )


def _number(params: Mapping[str, Any], environ: Mapping[str, str], name: str, default: float, least: float) -> float:
    """Return an option that is a number, or raise :class:`InputError`, which says where it was given."""
    value: Any = params.get(name)
    if value is None:
        variable = "OVH_" + name.upper()
        value, name = environ.get(variable) or None, variable
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number < _MUCH:
        raise InputError("%s must be a number from %g to %d, not %r." % (name, least, _MUCH, value))
    return number
