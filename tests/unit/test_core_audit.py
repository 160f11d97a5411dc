# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has access, and where that differs from a list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.audit import (
    DRIFT,
    ERROR,
    KINDS,
    Facts,
    Finding,
    make_audit,
    parse_expected,
    person,
    render_audit,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError, UnknownRoleError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud
from tests.support.audits import ADMIN, AI, BOTH, CATALOGUE, DAY, NOON, READ, STORE, account, audit, file_of
from tests.unit import strategies


def found(users: list[User], expected: list[Any] | None = None, facts: dict[int, Facts] | None = None) -> list[Finding]:
    wanted = parse_expected(expected, BOTH) if expected is not None else None
    return list(make_audit(Cloud(users), wanted, CATALOGUE, facts or {}).findings)


def kinds(*arguments: Any) -> list[tuple[str, str]]:
    return [(one.kind, one.person) for one in found(*arguments)]


# --- what differs from the list ---


@pytest.mark.parametrize(
    ("roles", "item", "expected"),
    [
        (BOTH, "ada", None),
        ((*BOTH, ADMIN), "ada", ((), (ADMIN,))),
        ((AI, ADMIN), "ada", ((STORE,), (ADMIN,))),
        ((), "ada", (BOTH, ())),
        ((READ, STORE), {"name": "ada", "roles": [READ, "ObjectStore Operator"]}, None),
        ((READ, STORE), {"name": "ada", "roles": [READ]}, ((), (STORE,))),
        ((ADMIN,), {"name": "ada", "roles": []}, ((), (ADMIN,))),
        ((), {"name": "ada", "roles": []}, None),
        (BOTH, {"name": "ada", "roles": [STORE], "revoke_roles": ["ai_*"]}, ((), (AI,))),
        (BOTH, {"user_id": 1}, None),
        (BOTH, {"username": "user-1"}, None),
    ],
)
def test_roles_are_compared_exactly(roles: tuple[str, ...], item: Any, expected: Any) -> None:
    findings = [one for one in found([account(1, "ada", roles)], [item]) if one.kind in DRIFT]
    assert [(one.lacking, one.surplus) for one in findings] == ([] if expected is None else [expected])
    # Too much is graver than too little.
    assert all((one.severity == ERROR) is bool(one.surplus) for one in findings)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ((AI, READ, STORE), "Has ai_training_read, which the list does not give."),
        ((), "Lacks ai_training_operator, objectstore_operator."),
        ((AI,), "Lacks objectstore_operator."),
        (
            (ADMIN, READ),
            "Has administrator, ai_training_read, which the list does not give, and lacks ai_training_operator,"
            " objectstore_operator.",
        ),
    ],
)
def test_roles_that_differ_are_named(roles: tuple[str, ...], message: str) -> None:
    assert [one.message for one in found([account(1, "ada", roles)], ["ada"]) if one.kind in DRIFT] == [message]


def test_entries_without_roles_are_compared_by_what_they_must_not_have() -> None:
    wanted = parse_expected(["ada", {"name": "bob", "revoke_roles": ["ai_*"]}], None)
    users = [account(1, "ada", (ADMIN,)), account(2, "bob", (AI, STORE))]
    findings = make_audit(Cloud(users), wanted, CATALOGUE, {}).findings
    assert [(one.person, one.surplus) for one in findings] == [("bob", (AI,))]


def test_who_is_missing_surplus_and_unlisted() -> None:
    users = [account(1, "ada"), account(2, "gone"), account(3, "stranger"), account(4, "leaving", status="deleting")]
    expected = ["ada", "new", {"name": "gone", "state": "absent"}, {"name": "never", "state": "absent"}, "leaving"]
    assert kinds(users, expected) == [
        ("unlisted", "stranger"),
        ("surplus", "gone"),
        ("missing", "leaving"),
        ("missing", "new"),
    ]
    assert kinds(users) == []
    # An empty list says that nobody should have access.
    assert kinds(users[:1], []) == [("unlisted", "ada")]


def test_two_accounts_of_one_description_are_duplicates_and_not_unlisted() -> None:
    users = [account(1, "twin"), account(2, "twin"), account(3, "Twin")]
    assert kinds(users, ["twin", "Twin"]) == [("duplicate", "twin"), ("duplicate", "twin")]
    first, second = found(users, ["twin", "Twin"])
    assert ("account 2" in first.message, "account 1" in second.message) == (True, True)
    rendered = audit(users, ["twin", "Twin"])
    # Which of them is meant cannot be known: that is a difference. Without a list it is only odd.
    assert [one["drift"] for one in rendered["findings"]] == [True, True]
    assert [one["drift"] for one in audit(users)["findings"]] == [False, False]
    assert [one["expected"] for one in rendered["accounts"]] == [True, True, True]


@pytest.mark.parametrize("item", ["ada", {"name": "ada", "roles": ["ai_trainer"]}])
def test_a_role_that_does_not_exist_is_an_error(item: Any) -> None:
    with pytest.raises(UnknownRoleError, match=r"expected\[0\] \(ada\): roles: there is no role 'ai_trainer'"):
        make_audit(Cloud([]), parse_expected([item], ["ai_trainer"]), CATALOGUE, {})


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["ada", {"name": "ada"}], "same user"),
        ([{"user_id": 4}, {"user_id": "4"}], "same user"),
        (["[ada", "bob]"], "expected: a list was given as text"),
        (["  "], "blank"),
        ([7], r"expected\[0\]"),
        ([{"roles": []}], "names no user"),
        ([{"name": "ada", "role": "x"}], "unknown key role"),
    ],
)
def test_a_bad_list_is_refused(items: list[Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_expected(items, None)


# --- what an account shows by itself ---

WITH_KEY = Credential(1, s3_access="a")


@pytest.mark.parametrize(
    ("user", "facts", "expected"),
    [
        (account(1, "ada"), Facts(), []),
        (account(1, "ada", (AI,)), Facts(), ["no_object_storage"]),
        (account(1, "ada", ("ai_withdrawn",)), Facts(), ["no_object_storage"]),
        (account(1, "ada", (AI, ADMIN)), Facts(), []),
        (account(1, "ada", (STORE,)), Facts(), []),
        (account(1, " "), Facts(), ["no_description"]),
        (account(1, "ada", status="creating"), Facts(), []),
        (account(1, "ada", status="disabled"), Facts(), ["status"]),
        (account(1, "ada", status=""), Facts(), ["status"]),
        (account(1, "ada"), file_of(1), []),
        (account(1, "ada"), file_of(2), ["credential_mismatch"]),
        (account(1, "ada"), Facts(Credential()), ["credential_mismatch"]),
        (account(1, "ada"), Facts(WITH_KEY, s3_keys=("b", "a")), []),
        (account(1, "ada"), Facts(WITH_KEY, s3_keys=("b",)), ["credential_mismatch"]),
        (account(1, "ada"), Facts(WITH_KEY, s3_keys=()), ["credential_mismatch"]),
        # Not asked, or not known.
        (account(1, "ada"), Facts(WITH_KEY), []),
        (account(1, "ada"), Facts(Credential(1), s3_keys=("b",)), []),
        *((account(1, "ada"), Facts(begun=begun), ["unfinished"]) for begun in ("create", "renew", "delete", "rotate")),
    ],
)
def test_what_one_account_shows(user: User, facts: Facts, expected: list[str]) -> None:
    assert [kind for kind, _person in kinds([user], None, {1: facts})] == expected


def test_blank_descriptions_are_no_duplicates() -> None:
    assert kinds([account(1, ""), account(2, "")]) == [("no_description", "user-1"), ("no_description", "user-2")]


@pytest.mark.parametrize(
    ("number", "others"),
    [(2, "2"), (6, "2, 3, 4, 5, 6"), (7, "2, 3, 4, 5, 6 and 1 more"), (9, "2, 3, 4, 5, 6 and 3 more")],
)
def test_many_duplicates_are_counted(number: int, others: str) -> None:
    (first, *_others) = found([account(one, "twin") for one in range(1, number + 1)])
    assert first.message == f"The description is also that of account {others}."


# --- the result ---


def test_ages_are_counted_in_whole_days() -> None:
    users = [account(1, "ada", days=1.99), account(2, "bob", days=-3), account(3, "cyd")._replace(creation_date=None)]
    ada, bob, cyd = audit(users, facts={1: file_of(1, 22)})["accounts"]
    assert (ada["age_days"], ada["credential_age_days"], ada["credential_issued"]) == (1, 22, "2026-02-07T12:00:00Z")
    # A clock that is behind makes nobody younger than new.
    assert (bob["age_days"], bob["credential_age_days"]) == (0, None)
    assert cyd["age_days"] is None


def test_the_dates_of_another_ones_credential_are_not_shown() -> None:
    (ada,) = audit([account(1, "ada")], facts={1: file_of(2)})["accounts"]
    assert (ada["credential_issued"], ada["credential_age_days"]) == (None, None)
    assert ada["credential_file"] == "/credentials/2.yml"


def test_what_is_not_known_is_null_and_what_is_not_there_is_empty() -> None:
    users = [account(1, "ada"), account(2, "bob")]
    ada, bob = audit(users, facts={1: Facts(s3_keys=(), s3_policy=False)})["accounts"]
    assert (ada["s3_keys"], ada["s3_policy"]) == ([], False)
    assert (bob["s3_keys"], bob["s3_policy"]) == (None, None)


def test_counts() -> None:
    users = [account(1, "ada"), account(2, "ada"), account(3, "", (AI,)), account(4, "eve", (AI,), status="odd")]
    result = audit(users, ["ada", "eve", "new"])
    assert result["summary"] == {"people": 3, "accounts": 4, "errors": 4, "warnings": 5, "drift": 5}
    assert result["audited_at"] == "2026-03-01T12:00:00Z"


def test_the_gravest_comes_first() -> None:
    users = [account(1, "few", (STORE,)), account(2, "many", (*BOTH, ADMIN)), account(3, "twin"), account(4, "twin")]
    findings = audit(users, ["few", "many", "twin"])["findings"]
    assert [(one["severity"], one["person"]) for one in findings] == [
        ("error", "many"),
        ("error", "twin"),
        ("error", "twin"),
        ("warning", "few"),
    ]


@given(strategies.users(), st.none() | strategies.items())
def test_what_holds_for_every_audit(users: tuple[User, ...], expected: Any) -> None:
    catalogue = strategies.CATALOGUE
    made = make_audit(Cloud(users), expected, catalogue, {})
    live = {user.id for user in users if user.is_live}
    assert {user.id for user in made.users} == live
    for finding in made.findings:
        assert finding.kind in KINDS
        assert finding.user is None or finding.user.id in live
        assert finding.kind not in DRIFT or expected is not None
        if finding.kind == "wrong_roles":
            assert finding.user is not None
            assert set(finding.surplus) <= finding.user.role_names
            assert not set(finding.lacking) & finding.user.role_names
    # Whoever lives is on the list or is said not to be, and nobody is both.
    unlisted = {one.user.id for one in made.findings if one.kind == "unlisted" and one.user}
    assert (made.listed is None) is (expected is None)
    assert unlisted | ((made.listed or set()) & live) == (live if expected is not None else set())
    assert not unlisted & (made.listed or set())
    rendered = render_audit(made, {}, NOON + DAY)
    assert json.loads(json.dumps(rendered)) == rendered
    assert rendered["summary"]["errors"] + rendered["summary"]["warnings"] == len(rendered["findings"])
    assert rendered["summary"]["people"] == len({person(user) for user in made.users})
    # The order of the API's list does not matter.
    assert render_audit(make_audit(Cloud(reversed(users)), expected, catalogue, {}), {}, NOON + DAY) == rendered
