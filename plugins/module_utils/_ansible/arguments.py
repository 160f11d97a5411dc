# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs. The documentation of the same options is in ``plugins/doc_fragments``."""

from __future__ import annotations

from typing import Any

CONNECTION: dict[str, Any] = {
    # The environment and the files are read in one place, since their sources must not be mixed: no fallback here.
    "endpoint": {"type": "str"},
    "application_key": {"type": "str", "no_log": False},
    "application_secret": {"type": "str", "no_log": True},
    "consumer_key": {"type": "str", "no_log": True},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "config_file": {"type": "path"},
    "timeout": {"type": "float"},
    "retries": {"type": "int"},
    "rate_limit": {"type": "float"},
    # As a fallback the environment would be taken for the option: Ansible warns where the alias is used beside it.
    "service_name": {"type": "str", "aliases": ["project_id"]},
}

IDENTITY: dict[str, Any] = {
    "description": {"type": "str"},
    "user_id": {"type": "int"},
    "username": {"type": "str"},
}

_ROLES: dict[str, Any] = {
    "roles": {"type": "list", "elements": "str"},
    "revoke_roles": {"type": "list", "elements": "str"},
    "purge_roles": {"type": "bool", "default": False},
}

STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}

_RESULT: dict[str, Any] = {
    "return_password": {"type": "bool", "default": True, "no_log": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

USER: dict[str, Any] = {
    **CONNECTION,
    **IDENTITY,
    **_ROLES,
    **_RESULT,
    "state": STATE,
    "update_password": {
        "type": "str",
        "choices": ["on_create", "always"],
        "default": "on_create",
        "no_log": False,
    },
}

USER_ROLE: dict[str, Any] = {
    **CONNECTION,
    **IDENTITY,
    "roles": {"type": "list", "elements": "str", "required": True},
    "state": STATE,
    "purge_roles": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 300},
}

USERS: dict[str, Any] = {
    **CONNECTION,
    **_ROLES,
    **_RESULT,
    "users": {"type": "list", "elements": "raw", "required": True},
    "state": STATE,
    "update_password": {
        "type": "str",
        "choices": ["on_create", "on_missing", "always"],
        "default": "on_create",
        "no_log": False,
    },
    "purge_users": {"type": "bool", "default": False},
    "purge_match": {"type": "str"},
    "max_deletions": {"type": "int", "default": 10},
    "max_resets": {"type": "int", "default": 10},
    "max_revocations": {"type": "int"},
    "create": {"type": "bool", "default": True},
    "concurrency": {"type": "int", "default": 10},
    "credentials_dir": {"type": "path"},
    "credentials_vault_password": {"type": "str", "no_log": True},
    "rotate_after_days": {"type": "int"},
    "s3_credentials": {"type": "str", "choices": ["present", "absent", "rotate"], "no_log": False},
    "s3_region": {"type": "str", "default": "gra"},
    "ai_tokens": {"type": "str", "choices": ["absent"], "no_log": False},
    "verify_credentials": {"type": "bool", "default": False, "no_log": False},
    "kit": {"type": "bool", "default": False},
    "kit_contact": {"type": "str", "default": ""},
    "kit_region": {"type": "str"},
}

USER_CREDENTIAL: dict[str, Any] = {
    **CONNECTION,
    "credential_file": {"type": "path", "required": True, "no_log": False},
    "credentials_vault_password": {"type": "str", "no_log": True},
    "state": {"type": "str", "choices": ["read", "verified", "delivered"], "default": "read"},
    "issued_at": {"type": "str"},
}
