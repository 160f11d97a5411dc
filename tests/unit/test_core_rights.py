# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which calls a plan needs, and which of them the rules of a consumer key do not allow."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Plan, Step
from ansible_collections.cloudops.ovh.plugins.module_utils._core.rights import as_rule, missing_calls, needed_calls
from ansible_collections.cloudops.ovh.tests.unit.strategies import desired, user

P = "/cloud/project/p1"


def calls(*items: tuple[User | None, tuple[str, ...]], **more: bool) -> list[str]:
    plan = Plan(tuple(Item(desired(), one, tuple(map(Step, kinds))) for one, kinds in items), {})
    return [f"{method} {path.removeprefix(P)}" for method, path in needed_calls(plan, "p1", **more)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("create", ["POST /user"]),
        ("delete", ["DELETE /user/3"]),
        ("renew", ["POST /user/3/regeneratePassword"]),
        ("grant", ["POST /user/3/role"]),
        ("revoke", ["DELETE /user/3/role/1"]),
        ("set_roles", ["PUT /user/3/role"]),
        ("make_key", ["GET /user/3/s3Credentials", "POST /user/3/s3Credentials"]),
        (
            "rotate_key",
            ["DELETE /user/3/s3Credentials/1", "GET /user/3/s3Credentials", "POST /user/3/s3Credentials"],
        ),
        ("drop_key", ["DELETE /user/3/s3Credentials/1"]),
        ("revoke_key", ["DELETE /user/3/s3Credentials/1"]),
        ("make_kit", ["GET /user/3/openrc"]),
        ("revoke_token", ["DELETE /ai/token/1"]),
        ("forget", []),
    ],
)
def test_a_step_needs_a_call(kind: str, expected: list[str]) -> None:
    assert calls((user(3), (kind,))) == expected


def test_each_kind_is_asked_for_once_with_the_first_user() -> None:
    # What has no account yet stands for any.
    assert calls((None, ("create", "make_key")), (user(3), ("grant", "forget")), (user(4), ("grant", "make_key"))) == [
        "GET /user/1/s3Credentials",
        "POST /user",
        "POST /user/1/s3Credentials",
        "POST /user/3/role",
    ]
    assert calls((user(3), ())) == []


@pytest.mark.parametrize("kind", ["create", "renew", "grant"])
def test_new_passwords_are_tried_where_that_is_asked(kind: str) -> None:
    log_in = "POST /user/3/token"
    assert (log_in in calls((user(3), (kind,)), verify=True)) is (kind != "grant")
    assert log_in not in calls((user(3), (kind,)))


GRANT = ("POST", f"{P}/user/3/role")


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([{"method": "POST", "path": "/*"}], True),
        ([{"method": "post", "path": f"{P}/user/*/role"}], True),
        ([{"method": "POST", "path": f"{P}/user/3/role"}], True),
        ([{"method": "GET", "path": "/*"}, {"method": "POST", "path": "/cloud/*"}], True),
        ([], False),
        ([{"method": "GET", "path": "/*"}], False),
        ([{"method": "POST", "path": f"{P}/user/3/rol"}], False),
        ([{"method": "POST", "path": f"{P}/user/./role"}], False),
        ([{"method": "POST", "path": "*"}], True),
        ([{"method": "POST"}, {"path": "/*"}, {}, None, "POST /*", {"method": None, "path": "*"}], False),
    ],
)
def test_a_rule_allows_a_call(rules: list[Any], allowed: bool) -> None:
    assert missing_calls(rules, [GRANT]) == ([] if allowed else [f"POST {P}/user/*/role"])


def test_all_that_is_missing_is_named() -> None:
    needed = [("POST", "/a"), GRANT, ("PUT", "/a")]
    assert missing_calls([{"method": "POST", "path": "/cloud/*"}], needed) == ["POST /a", "PUT /a"]


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ("POST /cloud/project/p1/user", "POST /cloud/project/p1/user"),
        ("DELETE /cloud/project/p1/user/3", "DELETE /cloud/project/p1/user/*"),
        ("DELETE /cloud/project/p1/user/3/role/b31e", "DELETE /cloud/project/p1/user/*/role/*"),
        ("POST /cloud/project/p1/user/3/token", "POST /cloud/project/p1/user/*/token"),
        (
            "POST /cloud/project/p1/user/3/s3Credentials/a1/secret",
            "POST /cloud/project/p1/user/*/s3Credentials/*/secret",
        ),
        ("GET /cloud/project/p1/role", "GET /cloud/project/p1/role"),
        ("POST /cloud/project/p1/ai/token/t1/renew", "POST /cloud/project/p1/ai/token/*/renew"),
        ("GET /auth/currentCredential", "GET /auth/currentCredential"),
    ],
)
def test_a_rule_is_named_that_serves_for_all(call: str, rule: str) -> None:
    assert as_rule(call) == rule
