# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of the API's answers, of errors and of times."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.access_keys import parse_key, parse_keys, parse_secret
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    ApiError,
    CloudOpsError,
    InputError,
    UnknownRoleError,
    unexpected,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import parse_content
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import (
    Catalogue,
    Role,
    User,
    parse_catalogue,
    parse_password,
    parse_role,
    parse_roles,
    parse_user,
    parse_users,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.policy import parse_current
from ansible_collections.cloudops.ovh.plugins.module_utils._core.times import format_time, parse_time
from ansible_collections.cloudops.ovh.plugins.module_utils._core.token_spec import (
    parse_token,
    parse_tokens,
    parse_value,
)
from ansible_collections.cloudops.ovh.tests.unit.strategies import NOON

ROLE = {"id": "r1", "name": "ai_read", "description": "AI Reader", "permissions": ["ai/read", 5, "ai/list"]}
USER = {
    "id": 7,
    "username": "user-7",
    "description": "ada",
    "status": "ok",
    "openstackId": "abc",
    "creationDate": "2026-03-01T12:00:00Z",
    "roles": [ROLE],
}


# Answers


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ({}, Role("r1", "ai_read", "AI Reader", ("ai/read", "ai/list"))),
        ({"id": 5, "description": None, "permissions": None}, Role(5, "ai_read")),
        ({"description": 5, "permissions": "ai/read"}, Role("r1", "ai_read")),
    ],
)
def test_a_role(change: dict[str, Any], role: Role) -> None:
    assert parse_role({**ROLE, **change}) == role
    assert parse_catalogue({"roles": [{**ROLE, **change}]}).roles == (role,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"description": None, "status": 5}, {"description": "", "status": ""}),
        ({"openstackId": 5, "creationDate": None}, {"openstack_id": None, "creation_date": None}),
        ({"roles": None}, {"roles": ()}),
    ],
)
def test_a_user(change: dict[str, Any], expected: dict[str, Any]) -> None:
    whole = User(7, "user-7", "ada", "ok", "abc", "2026-03-01T12:00:00Z", (parse_role(ROLE),))
    assert parse_user({**USER, **change}) == whole._replace(**expected)
    assert parse_users([{**USER, **change}, USER]) == (whole._replace(**expected), whole)


def test_a_user_may_have_no_more_than_an_id_and_a_name() -> None:
    assert parse_user({"id": 7, "username": "user-7"}) == User(7, "user-7", "", "", None, None, ())


def test_a_password_is_read_apart() -> None:
    assert parse_password({**USER, "password": "secret"}) == "secret"
    assert "secret" not in repr(parse_user({**USER, "password": "secret"}))


@pytest.mark.parametrize(
    ("parse", "what", "answers"),
    [
        (
            parse_role,
            "a role",
            [None, [], {"id": "r1"}, {**ROLE, "name": 5}, {**ROLE, "id": None}, {**ROLE, "id": True}],
        ),
        (parse_roles, "a list of roles", [None, {}, "x"]),
        (parse_catalogue, "a catalogue of roles", [None, [], "x"]),
        (parse_catalogue, "a list of roles", [{}]),
        (
            parse_user,
            "a user",
            [None, [], {**USER, "id": "7"}, {**USER, "id": True}, {**USER, "username": None}, {"username": "x"}],
        ),
        (parse_user, "a list of roles", [{**USER, "roles": {}}]),
        (parse_users, "a list of users", [None, {}, "x"]),
        (parse_password, "a user with its password", [None, [], USER, {"password": ""}, {"password": 5}]),
        (parse_key, "an access key", [None, {}]),
        (parse_keys, "a list of access keys", [None, {}]),
        (parse_secret, "the secret of an access key", [None, {"secret": ""}]),
        (parse_current, "a policy", [5, [], {"policy": 5}]),
        (parse_token, "an AI token", [None, {"spec": {}}, {"id": "", "spec": {"name": "x"}}, {"id": "1", "spec": {}}]),
        (parse_tokens, "a list of AI tokens", [None, {}]),
        (parse_value, "an AI token with its value", [None, {"status": {"value": ""}}]),
        (parse_content, "a configuration file", [None, [], {}, {"content": 5}, {"content": " \n"}]),
    ],
)
def test_an_answer_of_another_shape_is_uncertain(
    parse: Callable[[object], object], what: str, answers: list[object]
) -> None:
    for answer in answers:
        with pytest.raises(ApiError) as caught:
            parse(answer)
        assert caught.value.uncertain
        assert caught.value.as_dict() == {
            "code": "api",
            "message": f"The API answered with something that is not {what}. Run again; if it stays, ask OVHcloud.",
            "kind": "lost",
            "status": None,
        }


def test_an_entry_that_is_none_is_named() -> None:
    user = {"id": 3, "username": "user-3"}
    with pytest.raises(ApiError, match=r"something that is not a user \(entry 2 of the list\)\. Run again"):
        parse_users([user, {**user, "username": None}])
    with pytest.raises(ApiError, match=r"something that is not a role \(entry 1 of the list\)\. Run again"):
        parse_catalogue({"roles": [{"id": None, "name": "x"}]})


# Roles by name

OPERATOR = Role("r1", "ai_training_operator", " AI Operator ")
CATALOGUE = Catalogue([Role("r3", "b_twin", "Twin"), OPERATOR, Role("r2", "a_twin", "twin"), Role("r4", "plain")])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ai_training_operator", "ai_training_operator"),
        (" AI_Training_OPERATOR ", "ai_training_operator"),
        ("ai operator", "ai_training_operator"),
        ("AI Training Operator", "ai_training_operator"),
        ("plain", "plain"),
    ],
)
def test_a_role_is_found_by_name_or_label(text: str, name: str) -> None:
    assert CATALOGUE.find(text).name == name


LISTED = "Roles that exist: a_twin, ai_training_operator, b_twin, plain."


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("ai_trainer_operator", "ai_training_operator"),
        ("ai operators", "ai_training_operator"),
        ("ai training operaters", "ai_training_operator"),
        ("plane", "plain"),
        ("objectstore operator", "ai_training_operator"),
    ],
)
def test_an_unknown_role_lists_those_that_exist(text: str, nearest: str) -> None:
    with pytest.raises(UnknownRoleError) as caught:
        CATALOGUE.find(text, "users[0]: roles")
    assert caught.value.as_dict() == {
        "code": "unknown_role",
        "message": f"users[0]: roles: there is no role {text!r} in this project. The nearest is {nearest}. {LISTED}",
        "role": text,
        "nearest": nearest,
        "roles": ["a_twin", "ai_training_operator", "b_twin", "plain"],
    }


def test_an_empty_catalogue_has_nothing_near() -> None:
    with pytest.raises(UnknownRoleError) as caught:
        Catalogue(()).find("x")
    assert caught.value.message == "roles: there is no role 'x' in this project. Roles that exist: none."
    assert caught.value.details["nearest"] is None


def test_a_label_of_several_roles_is_not_guessed() -> None:
    with pytest.raises(UnknownRoleError) as caught:
        CATALOGUE.find("TWIN", "roles")
    assert caught.value.message == "roles: the label 'TWIN' stands for several roles, name one of a_twin, b_twin."


def test_a_catalogue_is_extended_by_what_it_lacks() -> None:
    gone = Role("r9", "gone")
    other = OPERATOR._replace(id="other")
    assert CATALOGUE.extended([other]) is CATALOGUE
    assert [role.id for role in CATALOGUE.extended([gone, other, gone]).roles] == ["r2", "r1", "r3", "r9", "r4"]


def test_what_is_offered_goes_before_what_is_withdrawn() -> None:
    gone, older = Role("r9", "gone", "AI Operator"), Role("r8", "older", "gone label")
    known = CATALOGUE.extended([gone]).extended([older])
    assert known.find("AI Operator") is OPERATOR
    assert (known.find("gone"), known.find("Gone Label")) == (gone, older)
    assert known.all_of("AI Operator", "roles") == ["ai_training_operator", "gone"]
    assert known.all_of("ai_training_operator", "roles") == ["ai_training_operator"]
    assert [role.name for role in known.roles] == sorted(role.name for role in known.roles)


def test_the_same_role_twice_is_one() -> None:
    assert Catalogue([OPERATOR, OPERATOR]).find("AI Operator") == OPERATOR


# Errors


def test_an_error_is_data_as_well() -> None:
    error = InputError("No.", key="roles")
    assert (str(error), error.as_dict()) == ("No.", {"code": "bad_input", "message": "No.", "key": "roles"})


@pytest.mark.parametrize(("kind", "uncertain"), [("lost", True), ("refused", False), ("unreached", False)])
def test_an_error_of_the_api_says_whether_it_may_have_happened(kind: str, uncertain: bool) -> None:
    error = ApiError("No.", kind, 409, query_id="q")
    assert (error.kind, error.status, error.uncertain) == (kind, 409, uncertain)
    assert error.as_dict() == {"code": "api", "message": "No.", "kind": kind, "status": 409, "query_id": "q"}


def test_a_defect_is_told_by_its_place_alone() -> None:
    def fail() -> None:
        raise KeyError("a secret")

    line = fail.__code__.co_firstlineno + 1
    with pytest.raises(KeyError) as caught:
        fail()
    error = unexpected(caught.value)
    assert error.__class__ is CloudOpsError
    assert error.message == (
        f"Unexpected KeyError in the collection (test_core_model.py, line {line}). Please report it; run again to"
        " continue."
    )
    assert unexpected(KeyError("x")).message.startswith("Unexpected KeyError in the collection. Please")


# Times


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01t12:00:00z", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01T12:00:00.999Z", NOON),
        ("2026-03-01T12:00:00+00:00", NOON),
        ("2026-03-01T12:00:00+02:30", NOON - 9000),
        ("2026-03-01T12:00:00-0230", NOON + 9000),
        ("2026-03-01T12:00:00+14:00", NOON - 50400),
        ("1970-01-01T00:00:00Z", 0),
        ("2026-13-01T12:00:00Z", None),
        ("2026-03-01T12:00:00Zulu", None),
        ("x2026-03-01T12:00:00Z", None),
        ("2026-03-01", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_times(text: object, seconds: float | None) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("seconds", [NOON, NOON + 0.9])
def test_a_time_is_written_to_the_second(seconds: float) -> None:
    assert format_time(seconds) == "2026-03-01T12:00:00Z"
