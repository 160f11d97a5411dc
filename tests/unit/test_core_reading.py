# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading modules select and show."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError, UnknownRoleError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import Catalogue, Role, User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.reading import (
    UserFilter,
    parse_offer,
    render_full_user,
    select,
)

AI = Role("r1", "ai_training_operator", "AI Operator", ("ai/write", "ai/read"))
STORE = Role("r2", "objectstore_operator", "ObjectStore operator")
GONE = Role("r3", "withdrawn", "Withdrawn")
CATALOGUE = Catalogue([AI, STORE])


def user(number: int, description: str, *roles: Role, status: str = "ok") -> User:
    return User(number, "user-%d" % number, description, status, None, None, roles)


USERS = [
    user(3, "ada", STORE),
    user(1, "ada", AI, STORE),
    user(2, "bob", AI),
    user(4, "eve", GONE),
    user(5, "ada", AI, status="deleting"),
    user(6, "ada", AI, status="deleted"),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"description": "ada"}, [1, 3]),
        ({"user_id": 2}, [2]),
        ({"username": "user-3"}, [3]),
        ({"user_id": 5}, []),
        ({"role": "ai_training_operator"}, [1, 2]),
        ({"role": "AI operator"}, [1, 2]),
        ({"role": "AI Training Operator"}, [1, 2]),
        ({"role": "withdrawn"}, [4]),
        ({"description": "ada", "role": "ai_training_operator"}, [1]),
        ({"description": "ada", "user_id": 2}, []),
        ({"description": "ada", "username": "user-3", "user_id": 3, "role": "objectstore_operator"}, [3]),
        ({"description": "Ada"}, []),
    ],
)
def test_filters_combine(wanted: dict[str, Any], expected: list[int]) -> None:
    assert [one.id for one in select(USERS, UserFilter(**wanted), CATALOGUE)] == expected


def test_an_unknown_role_lists_those_that_exist() -> None:
    with pytest.raises(UnknownRoleError) as caught:
        select(USERS, UserFilter(role="ai_trainer"), CATALOGUE)
    assert caught.value.message == (
        "role: there is no role 'ai_trainer' in this project. The nearest is ai_training_operator."
        " Roles that exist: ai_training_operator, objectstore_operator, withdrawn."
    )


def test_a_user_is_shown_with_full_roles() -> None:
    shown = render_full_user(user(1, "ada", STORE, AI))
    assert set(shown) == {"id", "username", "description", "status", "openstack_id", "creation_date", "roles"}
    assert [role["name"] for role in shown["roles"]] == ["ai_training_operator", "objectstore_operator"]
    assert shown["roles"][0] == {
        "id": "r1",
        "name": "ai_training_operator",
        "description": "AI Operator",
        "permissions": ["ai/read", "ai/write"],
    }


def test_services_name_their_roles() -> None:
    offer = parse_offer(
        {
            "roles": [{"id": "r1", "name": "one"}, {"id": 2, "name": "two"}],
            "services": [{"name": "ai", "permissions": [{"label": "ai/read", "roles": [2, "r1", "unknown"]}]}],
        }
    )
    assert [role.name for role in offer.catalogue.roles] == ["one", "two"]
    assert offer.services == [{"name": "ai", "permissions": [{"label": "ai/read", "roles": ["one", "two"]}]}]


@pytest.mark.parametrize(
    "services", [None, "x", [None], {}, [{"name": "a", "permissions": "x"}], [{"permissions": [1]}]]
)
def test_services_of_another_shape_do_not_fail_a_read(services: object) -> None:
    offer = parse_offer({"roles": [], "services": services})
    assert all(one["permissions"] == [] for one in offer.services)


@pytest.mark.parametrize("roles", [None, "r1", 5, {}, [None, [], "r2"]])
def test_roles_of_a_service_of_another_shape_are_none(roles: object) -> None:
    services = [{"name": "ai", "permissions": [{"label": "read", "roles": roles}]}]
    offer = parse_offer({"roles": [{"id": "r1", "name": "one"}], "services": services})
    assert offer.services == [{"name": "ai", "permissions": [{"label": "read", "roles": []}]}]


@pytest.mark.parametrize("data", [None, [], {}, {"roles": {}}])
def test_roles_of_another_shape_do(data: object) -> None:
    with pytest.raises(ApiError):
        parse_offer(data)
