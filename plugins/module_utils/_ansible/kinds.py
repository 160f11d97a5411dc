# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules, each as one value: its options, its request, what executes it, its result."""

from __future__ import annotations

from typing import Any

from .._api.credentials import handle
from .._api.reconcile import reconcile
from . import arguments, requests, results
from .runner import Kind

_ONE_IDENTITY: dict[str, Any] = {
    "mutually_exclusive": [("description", "user_id", "username")],
    "required_one_of": [("description", "user_id", "username")],
}

USER = Kind(arguments.USER, requests.user, reconcile, results.user, _ONE_IDENTITY)
USER_ROLE = Kind(arguments.USER_ROLE, requests.user_role, reconcile, results.user_role, _ONE_IDENTITY)
USERS = Kind(arguments.USERS, requests.users, reconcile, results.users)
USER_CREDENTIAL = Kind(arguments.USER_CREDENTIAL, requests.user_credential, handle, results.user_credential)
