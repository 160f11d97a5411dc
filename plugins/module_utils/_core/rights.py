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
    "create": ("POST", "", "user/create"),
    "delete": ("DELETE", "/{id}", "user/delete"),
    "renew": ("POST", "/{id}/regeneratePassword", "user/regeneratePassword"),
    "grant": ("POST", "/{id}/role", "user/role/create"),
    "revoke": ("DELETE", "/{id}/role/{role}", "user/role/delete"),
    "set_roles": ("PUT", "/{id}/role", "user/role/edit"),
    "make_key": ("POST", "/{id}/s3Credentials", "user/s3Credentials/create"),
    "rotate_key": ("POST", "/{id}/s3Credentials", "user/s3Credentials/create"),
    "make_kit": ("GET", "/{id}/openrc", "user/openrc/get"),
    "revoke_key": ("DELETE", "/{id}/s3Credentials/1", "user/s3Credentials/delete"),
}


def needed_calls(plan: Plan, service_name: str) -> list[tuple[str, str]]:
    """Return one (method, path) for each kind of write in the plan."""
    calls: dict[str, tuple[str, str]] = {}
    for item in plan.items:
        for step in item.steps:
            if step.kind in CALLS and step.kind not in calls:
                method, path, _action = CALLS[step.kind]
                user_id = str(item.user.id) if item.user is not None else "1"
                path = path.replace("{id}", user_id).replace("{role}", "1")
                calls[step.kind] = (method, f"/cloud/project/{service_name}/user{path}")
    return sorted(set(calls.values()))


def missing_calls(rules: Iterable[Any], needed: Sequence[tuple[str, str]]) -> list[str]:
    """Return the needed calls that no rule allows; in a rule ``*`` stands for any text."""
    patterns = [
        (str(rule.get("method", "")).upper(), re.escape(str(rule.get("path", ""))).replace(r"\*", ".*"))
        for rule in rules
        if isinstance(rule, dict)
    ]
    return [
        f"{method} {path}"
        for method, path in needed
        if not any(verb == method and re.fullmatch(pattern, path) for verb, pattern in patterns)
    ]
