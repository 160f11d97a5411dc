# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list of users may say, and the message for each thing that it may not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import (
    Desired,
    Policy,
    check_project,
    check_region,
    parse_item,
    parse_policy,
    parse_users,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import Kit

NO_STRING = "description must be a string, not a number; quote it, or use the filter string."
EMPTY = "is empty text. Leave it out for what holds for the others, or write [] for none."
ADA = "users[0] (ada)"
KEYS = (
    "ai_tokens, description, name, purge_roles, revoke_roles, roles, s3_credentials, state, update_password, user_id,"
    " username"
)


def parsed(*users: Any, **more: Any) -> list[Desired]:
    return list(parse_users({"users": users, **more}))


def refusal(*users: Any, **more: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        parsed(*users, **more)
    return caught.value


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("ada", Desired(ADA, "ada")),
        ({"description": "ada"}, Desired(ADA, "ada")),
        ({"name": "ada", "roles": None, "user_id": None}, Desired(ADA, "ada")),
        ({"user_id": 7}, Desired("users[0]", user_id=7)),
        ({"user_id": " 7 "}, Desired("users[0]", user_id=7)),
        ({"username": "user-x"}, Desired("users[0]", username="user-x")),
        (
            {
                "name": "ada",
                "roles": ["a", "b"],
                "revoke_roles": "c, d,,",
                "purge_roles": "Yes",
                "state": "absent",
                "update_password": "on_missing",
                "s3_credentials": "rotate",
                "ai_tokens": "absent",
            },
            Desired(ADA, "ada", None, None, "absent", ("a", "b"), ("c", " d"), True, "on_missing", "rotate", "absent"),
        ),
        ({"name": "ada", "roles": [], "purge_roles": " OFF "}, Desired(ADA, "ada", roles=())),
    ],
)
def test_an_item_of_the_list(item: Any, expected: Desired) -> None:
    assert parsed(item) == [expected]


@pytest.mark.parametrize("word", ["true", "yes", "on", "1", "y", "t"])
def test_words_for_true(word: str) -> None:
    assert parsed({"name": "ada", "purge_roles": word})[0].purge_roles is True


@pytest.mark.parametrize("word", ["false", "no", "off", "0", "n", "f"])
def test_words_for_false(word: str) -> None:
    assert parsed({"name": "ada", "purge_roles": word}, purge_roles=True)[0].purge_roles is False


def test_options_at_the_top_are_the_defaults_of_every_item() -> None:
    top = {
        "roles": ["a"],
        "revoke_roles": ["b"],
        "purge_roles": True,
        "state": "absent",
        "update_password": "always",
        "s3_credentials": "present",
        "ai_tokens": "absent",
    }
    of_all = ("absent", ("a",), ("b",), True, "always", "present", "absent")
    own = {"name": "bob", "roles": [], "revoke_roles": [], "purge_roles": False, "state": "present"}
    assert parsed("ada", {**own, "update_password": "on_create", "s3_credentials": "absent"}, **top) == [
        Desired(ADA, "ada", None, None, *of_all),
        Desired("users[1] (bob)", "bob", roles=(), s3_credentials="absent", ai_tokens="absent"),
    ]
    assert parsed("ada", **dict.fromkeys(top)) == [Desired(ADA, "ada")]


@pytest.mark.parametrize(
    ("create", "if_missing"), [({}, "create"), ({"create": True}, "create"), ({"create": False}, "skip")]
)
def test_whether_a_missing_user_is_created(create: dict[str, bool], if_missing: str) -> None:
    assert parsed("ada", **create)[0].if_missing == if_missing
    assert parse_item("ada", "item", {}).if_missing == "create"


@pytest.mark.parametrize(
    ("item", "message", "key"),
    [
        (5, "users[0] must be a description or a mapping, not a number.", None),
        (
            {"name": "ada", "rols": [], "b": 1},
            f"users[0]: unknown key b, rols. Keys: {KEYS}.",
            "b",
        ),
        ({}, "users[0] names no user: give exactly one of description (name), user_id, username.", None),
        (
            {"name": "ada", "user_id": 7, "username": "x"},
            "users[0] names its user by name and user_id and username: give exactly one of description (name), user_id,"
            " username.",
            None,
        ),
        ({"name": 5}, f"users[0]: {NO_STRING}", None),
        ("  ", "users[0]: description is empty or blank; it is the name that users are found by.", None),
        ("\ud800", "users[0]: description is not valid Unicode text. A file that it comes from is to be UTF-8.", None),
        ({"user_id": 0}, "users[0]: user_id must be a positive integer, not 0.", "user_id"),
        ({"user_id": True}, "users[0]: user_id must be a positive integer, not True.", "user_id"),
        ({"user_id": "7a"}, "users[0]: user_id must be a positive integer, not '7a'.", "user_id"),
        ({"username": " "}, "users[0]: username must be a string that is not blank.", "username"),
        ({"username": 5}, "users[0]: username must be a string that is not blank.", "username"),
        ({"name": "ada", "roles": ""}, f"{ADA}: roles {EMPTY}", "roles"),
        ({"name": "ada", "revoke_roles": " , "}, f"{ADA}: revoke_roles {EMPTY}", "revoke_roles"),
        ({"name": "ada", "roles": 5}, f"{ADA}: roles must be a list of role names, not a number.", "roles"),
        ({"name": "ada", "roles": ["a", 5]}, f"{ADA}: roles holds 5, which is not a role name.", "roles"),
        (
            {"name": "ada", "revoke_roles": [" "]},
            f"{ADA}: revoke_roles holds ' ', which is not a role name.",
            "revoke_roles",
        ),
        ({"name": "ada", "purge_roles": "x"}, f"{ADA}: purge_roles must be true or false, not 'x'.", "purge_roles"),
        ({"name": "ada", "purge_roles": 1}, f"{ADA}: purge_roles must be true or false, not 1.", "purge_roles"),
        ({"name": "ada", "state": "gone"}, f"{ADA}: state must be one of present, absent, not 'gone'.", "state"),
        (
            {"name": "ada", "update_password": ["always"]},
            f"{ADA}: update_password must be one of on_create, on_missing, always, not ['always'].",
            "update_password",
        ),
        (
            {"name": "ada", "s3_credentials": "x"},
            f"{ADA}: s3_credentials must be one of present, absent, rotate, not 'x'.",
            "s3_credentials",
        ),
        (
            {"name": "ada", "ai_tokens": "present"},
            f"{ADA}: ai_tokens must be one of absent, not 'present'.",
            "ai_tokens",
        ),
    ],
)
def test_what_is_wrong_is_named(item: Any, message: str, key: str | None) -> None:
    error = refusal(item)
    assert error.message == message
    where = message.partition(":")[0] if ADA in message else "users[0]"
    assert error.details == {"item": where, **({} if key is None else {"key": key})}


@pytest.mark.parametrize(
    ("users", "first", "second"),
    [
        (("ada", {"name": "ada"}), ADA, "users[1] (ada)"),
        (({"user_id": 7}, "ada", {"user_id": "7"}), "users[0]", "users[2]"),
        (({"username": "x"}, {"username": "x"}), "users[0]", "users[1]"),
    ],
)
def test_nobody_is_listed_twice(users: tuple[Any, ...], first: str, second: str) -> None:
    assert refusal(*users).message == f"{first} and {second} are the same user: list it once."


# The whole list

LIMITS = {"max_deletions": 1, "max_resets": 2, "max_revocations": 3}


@pytest.mark.parametrize(
    ("params", "policy"),
    [
        ({}, Policy()),
        ({"purge_users": False, "purge_match": "^a"}, Policy()),
        ({"purge_users": True, "purge_match": "^a"}, Policy("^a")),
        ({**LIMITS, "rotate_after_days": 90}, Policy(None, 1, 2, 3, 7776000.0)),
        ({"rotate_after_days": 0, "max_resets": 0}, Policy(max_resets=0, rotate_after=0.0)),
        ({"kit": False, "kit_region": "!"}, Policy()),
        ({"kit": True, "kit_region": "GRA"}, Policy(kit=Kit("", "GRA"))),
        ({"kit": True, "s3_region": "eu-west-par", "kit_contact": "us"}, Policy(kit=Kit("us", "EU-WEST-PAR"))),
        ({"kit": True, "kit_region": "gra", "s3_region": "sbg"}, Policy(kit=Kit("", "gra"))),
    ],
)
def test_what_holds_for_the_whole_list(params: dict[str, Any], policy: Policy) -> None:
    assert parse_policy(params) == policy


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"purge_users": True, "purge_match": ""},
            "purge_users needs purge_match: a regular expression for the descriptions that this list is responsible"
            " for. Users it does not match are never removed.",
        ),
        (
            {"purge_users": True, "purge_match": "("},
            "purge_match '(' is not a regular expression: missing ), unterminated subpattern at position 0.",
        ),
        *(({key: -1}, f"{key} must not be negative.") for key in (*LIMITS, "rotate_after_days")),
        ({"kit": True}, "kit_region: '' is not a region such as gra, sbg or eu-west-par."),
    ],
)
def test_a_bound_that_makes_no_sense(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(params)
    assert caught.value.message == message


@pytest.mark.parametrize("region", ["gra", "EU-WEST-PAR", "a1", "x" * 32])
def test_a_region(region: str) -> None:
    assert check_region(region, "s3_region") == region


@pytest.mark.parametrize("region", ["", "a", "x" * 33, "gra.evil.example", "gra\n"])
def test_what_is_no_region(region: str) -> None:
    with pytest.raises(InputError) as caught:
        check_region(region, "s3_region")
    assert caught.value.message == f"s3_region: {region!r} is not a region such as gra, sbg or eu-west-par."


@pytest.mark.parametrize("project", ["0123456789abcdef0123456789abcdef", "p", "A-b_9"])
def test_a_project(project: str) -> None:
    assert check_project(project) == project


@pytest.mark.parametrize(
    ("project", "message"),
    [
        (
            None,
            "No Public Cloud project is named: set service_name (alias project_id) or OVH_CLOUD_PROJECT_SERVICE to the"
            " project's id.",
        ),
        (
            "My project",
            "service_name: 'My project' is not a project id. It is the 32 hexadecimal digits that the control panel"
            " shows under the project's name, not the name itself.",
        ),
    ],
)
def test_what_is_no_project(project: str | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_project(project)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        '["ada", "bob"]',
        '["ada"]',
        "['ada','bob'] ",
        "[ada]",
        "[ada,bob]",
        " [ada, bob] ",
        "[ada,bob,eve]",
        "[[ada],[bob]]",
        '["ada [x]", "bob [x]"]',
        "['[x] ada', 'bob']",
        '["ada","bob [x]"]',
        '{"users":["ada","bob"]}',
        '[{"description":"ada","roles":["ai_training_operator"]}]',
        '[{"description":"ada","roles":["a", "b"]},{"description":"bob","roles":["c"]}]\n',
        "[datetime.date(2026, 11, 28), {'description': 'bob', 'roles': ['c']}]",
        '{"description": "ada"}',
    ],
)
def test_a_list_that_was_given_as_text_is_not_taken_apart(text: str) -> None:
    with pytest.raises(InputError, match="^users: a list was given as text, and taken for the descriptions"):
        parse_users({"users": text.split(",")})


@pytest.mark.parametrize(
    "users",
    [
        ['["ada"', "bob"],
        ["[team] ada", "bob [old]"],
        ["[x] a [y]"],
        ["[a,b]"],
        [{"description": "[ada]"}],
        ["ada", "bob]"],
        [],
    ],
)
def test_what_only_looks_like_a_list_is_a_name(users: list[Any]) -> None:
    names = [user if isinstance(user, str) else user["description"] for user in users]
    assert [one.description for one in parse_users({"users": users})] == names
