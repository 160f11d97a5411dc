# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules that change users carry out what they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api.converge import Settings
from .._core.errors import InputError
from .options import LARGEST_CONCURRENCY


def settings(params: Mapping[str, Any], **more: Any) -> Settings:
    """Return how a plan shall be carried out, or raise :class:`InputError`."""
    timeout = params["wait_timeout"]
    if timeout < 1:
        raise InputError("wait_timeout must be 1 second or more.")
    concurrency = params.get("concurrency", 1)
    if not 1 <= concurrency <= LARGEST_CONCURRENCY:
        raise InputError("concurrency must be between 1 and %d." % LARGEST_CONCURRENCY)
    # Nobody can log in to an account in the making.
    wait = params.get("wait", True) or more.get("verify", False)
    return Settings(concurrency=concurrency, wait=wait, wait_timeout=float(timeout), **more)
