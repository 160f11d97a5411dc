# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights a plan needs, compared with the rules of a consumer key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .plan import Plan

#: The call behind each step, and the IAM action that it needs. A kit needs one more, which nobody has alone.
CALLS = {
    "create": ("POST", "/user", "user/create"),
    "delete": ("DELETE", "/user/{id}", "user/delete"),
    "renew": ("POST", "/user/{id}/regeneratePassword", "user/regeneratePassword"),
    "log_in": ("POST", "/user/{id}/token", "user/token/create"),
    "grant": ("POST", "/user/{id}/role", "user/role/create"),
    "revoke": ("DELETE", "/user/{id}/role/1", "user/role/delete"),
    "set_roles": ("PUT", "/user/{id}/role", "user/role/edit"),
    "make_key": ("POST", "/user/{id}/s3Credentials", "user/s3Credentials/create"),
    "list_keys": ("GET", "/user/{id}/s3Credentials", "user/s3Credentials/get"),
    "make_kit": ("GET", "/user/{id}/openrc", "user/openrc/get"),
    "revoke_key": ("DELETE", "/user/{id}/s3Credentials/1", "user/s3Credentials/delete"),
    "revoke_token": ("DELETE", "/ai/token/1", "ai/token/delete"),
}
#: Steps that are made of others.
_MADE_OF = {
    "make_key": ("list_keys", "make_key"),
    "rotate_key": ("list_keys", "make_key", "revoke_key"),
    "drop_key": ("revoke_key",),
}


#: What is one of many in a path.
_ONE = re.compile(r"(/(?:user|role|s3Credentials|token)/)[^/]+")


def as_rule(call: str) -> str:
    """Return the rule of a consumer key that allows a call, given as method and path, and the same for all users."""
    return _ONE.sub(r"\1*", call)


def needed_calls(plan: Plan, service_name: str, verify: bool = False) -> list[tuple[str, str]]:
    """Return one (method, path) for each kind of write in the plan; ``verify``: new passwords are tried as well."""
    calls: dict[str, tuple[str, str]] = {}
    for item in plan.items:
        planned = [kind for step in item.steps for kind in _MADE_OF.get(step.kind, (step.kind,))]
        if verify and item.has("create", "renew"):
            planned.append("log_in")
        for kind in planned:
            if kind in CALLS and kind not in calls:
                method, path, _action = CALLS[kind]
                user_id = str(item.user.id) if item.user is not None else "1"
                calls[kind] = (method, f"/cloud/project/{service_name}{path}".replace("{id}", user_id))
    return sorted(set(calls.values()))


def missing_calls(rules: Iterable[Any], needed: Sequence[tuple[str, str]]) -> list[str]:
    """Return the rules that are missing for the needed calls; in a rule ``*`` stands for any text."""
    patterns = [
        (str(rule.get("method", "")).upper(), re.escape(str(rule.get("path", ""))).replace(r"\*", ".*"))
        for rule in rules
        if isinstance(rule, dict)
    ]
    return [
        as_rule(f"{method} {path}")
        for method, path in needed
        if not any(verb == method and re.fullmatch(pattern, path) for verb, pattern in patterns)
    ]
