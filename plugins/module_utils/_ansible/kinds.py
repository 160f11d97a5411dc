# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules, each as one value: its options, its request, what executes it, its result."""

from __future__ import annotations

from typing import Any

from .._api.access_keys import hold_keys
from .._api.audit import audit_project
from .._api.credentials import handle
from .._api.policies import hold_policy
from .._api.reading import read_offer, read_users
from .._api.reconcile import reconcile
from .._api.tokens import hold_token, read_tokens
from . import arguments, auditing, reading, requests, results, storage, tokens
from .runner import Kind

_ONE_IDENTITY: dict[str, Any] = {
    "mutually_exclusive": [("description", "user_id", "username")],
    "required_one_of": [("description", "user_id", "username")],
}
_ONE_TOKEN: dict[str, Any] = {"required_one_of": [("name", "token_id")]}
_NEEDS_POLICY: dict[str, Any] = {**_ONE_IDENTITY, "required_if": [("state", "present", ("policy",))]}

USER = Kind(arguments.USER, requests.user, reconcile, results.user, _ONE_IDENTITY)
USER_ROLE = Kind(arguments.USER_ROLE, requests.user_role, reconcile, results.user_role, _ONE_IDENTITY)
USERS = Kind(arguments.USERS, requests.users, reconcile, results.users)
USER_CREDENTIAL = Kind(arguments.USER_CREDENTIAL, requests.user_credential, handle, results.user_credential)

USER_INFO = Kind(reading.USER_INFO, reading.user_info_request, read_users, reading.user_info_result)
ROLE_INFO = Kind(reading.ROLE_INFO, reading.role_info_request, read_offer, reading.role_info_result)

S3_CREDENTIAL = Kind(
    storage.CREDENTIAL, storage.credential_request, hold_keys, storage.credential_result, _ONE_IDENTITY
)
S3_POLICY = Kind(storage.POLICY, storage.policy_request, hold_policy, storage.policy_result, _NEEDS_POLICY)

AI_TOKEN = Kind(tokens.TOKEN, tokens.token_request, hold_token, tokens.token_result, _ONE_TOKEN)
AI_TOKEN_INFO = Kind(tokens.TOKEN_INFO, tokens.token_info_request, read_tokens, tokens.token_info_result)

AUDIT_INFO = Kind(auditing.AUDIT_INFO, auditing.audit_request, audit_project, auditing.audit_result)
