# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits as ``ovh_cloud_audit_info`` returns them, made without an API, for tests of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.cloudops.ovh.plugins.module_utils._core.audit import (
    Facts,
    make_audit,
    parse_expected,
    render_audit,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import Catalogue, Role, User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud
from ansible_collections.cloudops.ovh.plugins.module_utils._core.times import format_time

#: 2026-03-01T12:00:00Z
NOON = 1772366400.0
DAY = 86400.0
AI, READ, STORE, ADMIN = "ai_training_operator", "ai_training_read", "objectstore_operator", "administrator"
BOTH = (AI, STORE)
CATALOGUE = Catalogue(Role(f"id-{name}", name) for name in (AI, READ, STORE, ADMIN))
#: A project that could not be read, as the module returns it.
UNREADABLE = {"audited_at": None, "msg": "GET /cloud/project/x/user: 404 This service does not exist"}


def account(number: int, description: str, roles: Sequence[str] = BOTH, status: str = "ok", days: float = 10) -> User:
    """An account that is so many days old."""
    held = tuple(Role(f"id-{name}", name) for name in roles)
    return User(number, f"user-{number}", description, status, None, format_time(NOON - days * DAY), held)


def file_of(number: int, days: float = 5) -> Facts:
    """What is known of an account with a credential file of so many days."""
    issued = Credential(user_id=number, has_password=True, issued_at=NOON - days * DAY)
    return Facts(issued, f"/credentials/{number}.yml")


def audit(
    users: Sequence[User] = (),
    expected: Sequence[Any] | None = None,
    facts: Mapping[int, Facts] | None = None,
    service_name: str = "a" * 32,
    project_name: str = "",
    unknown: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what the module returns about these accounts."""
    wanted = parse_expected(expected, BOTH) if expected is not None else None
    made = make_audit(Cloud(users), wanted, CATALOGUE, facts or {})
    return {
        "service_name": service_name,
        "project_name": project_name,
        **render_audit(made, facts or {}, NOON),
        "unknown": list(unknown),
    }


def a_hard_week() -> dict[str, dict[str, Any]]:
    """Three projects with everything that there is to find, by host; one cannot be read."""
    research = [
        account(1, "ada@example.com", days=400),
        account(2, "grace@example.com", (*BOTH, ADMIN), days=90),
        account(3, "twin@example.com", days=3),
        account(4, "twin@example.com", days=2),
        account(5, "dashboard@example.com", (AI,), days=1),
        account(6, "", BOTH, days=0),
        account(7, "odd@example.com", BOTH, status="disabled"),
        account(8, "gone@example.com", BOTH, days=700),
    ]
    keys = ("a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", "0f1e2d3c4b5a69788796a5b4c3d2e1f0")
    facts = {one.id: Facts(s3_keys=(), s3_policy=False) for one in research}
    facts[1] = file_of(1, 22)._replace(s3_keys=keys, s3_policy=True, begun="renew")
    facts[2] = Facts(Credential(user_id=99, issued_at=NOON), "/credentials/grace.yml", keys[:1], False)
    people = [
        *("ada@example.com", "grace@example.com", "twin@example.com", "new@example.com", "dashboard@example.com"),
        "odd@example.com",
        {"description": "gone@example.com", "state": "absent"},
    ]
    production = [account(20, "ada@example.com", days=30), account(21, "stranger", (READ,), days=5)]
    note = "S3 keys of 2 of 2 accounts are not known. GET: this call is not granted"
    return {
        "research": audit(research, people, facts, "a" * 32, "Research"),
        "production": audit(production, ["ada@example.com"], None, "b" * 32, "Production", [note]),
        "closed": dict(UNREADABLE),
    }


def a_crowd(number: int) -> dict[str, dict[str, Any]]:
    """So many accounts in one project, a tenth of them with something to look at."""
    users = [
        account(
            one,
            f"person-{one}@example.com",
            BOTH if one % 10 else (AI,),
            days=one % 900,
        )
        for one in range(1, number + 1)
    ]
    facts = {one.id: file_of(one.id, one.id % 90)._replace(s3_keys=("k" * 32,), s3_policy=False) for one in users}
    return {"crowd": audit(users, [one.description for one in users], facts, "c" * 32, "Crowd")}
