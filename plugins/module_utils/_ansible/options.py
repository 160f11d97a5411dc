# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several modules make of their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.desired import Desired, parse_item
from .._core.errors import InputError

LARGEST_CONCURRENCY = 100

#: Rules for Ansible: how a user is named.
ONE_IDENTITY: dict[str, Any] = {
    "mutually_exclusive": [("description", "user_id", "username")],
    "required_one_of": [("description", "user_id", "username")],
}


def identity(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the options name a user."""
    return {key: params[key] for key in ("description", "user_id", "username") if params[key] is not None}


def existing_user(params: Mapping[str, Any]) -> Desired:
    """Return the user that a module about what users have is about. It is not made where it is missing."""
    if params["wait_timeout"] < 1:
        raise InputError("wait_timeout must be 1 second or more.")
    return parse_item(identity(params), "user", {}, "skip" if params["state"] == "absent" else "fail")
