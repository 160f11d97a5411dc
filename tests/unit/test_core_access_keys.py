# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access keys: what is read, planned and shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.access_keys import (
    AccessKey,
    KeyOutcome,
    KeyPlan,
    parse_key,
    parse_keys,
    parse_made,
    parse_secret,
    plan_keys,
    render_keys,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import AccessKeyNotFoundError, ApiError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.render import render_user

A, B = AccessKey("a", "tenant", "owner"), AccessKey("b", "tenant", "owner")
ADA = User(7, "user-x", "ada", "ok", None, None, ())


def test_a_key_is_read_with_what_it_has() -> None:
    assert parse_key({"access": "a", "tenantId": "tenant", "userId": "owner"}) == A
    assert parse_key({"access": "a", "userId": 7}) == AccessKey("a", None, "7")
    assert parse_key({"access": "a", "secret": "x", "tenantId": 1}) == AccessKey("a")


@pytest.mark.parametrize("data", [None, [], "a", {}, {"access": None}, {"access": ""}, {"access": 1}])
def test_what_is_not_a_key_is_an_uncertain_answer(data: object) -> None:
    with pytest.raises(ApiError) as caught:
        parse_key(data)
    assert caught.value.uncertain


@pytest.mark.parametrize("data", [None, {}, [1], [{"access": "a"}, {}], "a"])
def test_what_is_not_a_list_of_keys_is_refused(data: object) -> None:
    with pytest.raises(ApiError):
        parse_keys(data)


def test_a_list_has_an_order_of_its_own() -> None:
    # What else a key has does not count, and may be missing.
    twice = [{"access": "b"}, {"access": "a", "userId": 2}, {"access": "a"}]
    assert parse_keys(twice) == (AccessKey("a", None, "2"), AccessKey("a"), AccessKey("b"))
    assert parse_keys([]) == ()


@pytest.mark.parametrize("data", [None, [], {}, {"secret": None}, {"secret": ""}, {"secret": 1}])
def test_a_creation_without_a_secret_is_uncertain(data: object) -> None:
    with pytest.raises(ApiError) as caught:
        parse_secret(data)
    assert caught.value.uncertain
    with pytest.raises(ApiError):
        parse_made({"access": "a", **(data if isinstance(data, dict) else {})})
    assert parse_made({"access": "a", "secret": "s"}) == (AccessKey("a"), "s")


PLANS = [
    # keys, state, access, rotate, create, remove, keep
    ((), "present", None, False, True, (), None),
    ((A, B), "present", None, False, False, (), A),
    ((A, B), "present", "b", False, False, (), B),
    ((A, B), "present", None, True, True, (A, B), None),
    ((A, B), "present", "b", True, True, (B,), None),
    ((), "present", None, True, True, (), None),
    ((A, B), "absent", None, False, False, (A, B), None),
    ((A, B), "absent", "b", False, False, (B,), None),
    ((A,), "absent", "b", False, False, (), None),
    ((), "absent", None, False, False, (), None),
]


@pytest.mark.parametrize(("keys", "state", "access", "rotate", "create", "remove", "keep"), PLANS)
def test_a_plan(
    keys: tuple[AccessKey, ...],
    state: str,
    access: str | None,
    rotate: bool,
    create: bool,
    remove: tuple[AccessKey, ...],
    keep: AccessKey | None,
) -> None:
    plan = plan_keys(keys, state, access, rotate)
    assert plan == KeyPlan(create, remove, keep)
    outcome = KeyOutcome(ADA, keys, plan)
    assert (outcome.credential, outcome.error, outcome.notes, outcome.changed) == (keep, None, [], False)
    assert plan.has_steps == (create or bool(remove))


@pytest.mark.parametrize("rotate", [True, False])
def test_a_key_cannot_be_chosen(rotate: bool) -> None:
    with pytest.raises(AccessKeyNotFoundError) as caught:
        plan_keys((A, B), "present", "c", rotate)
    assert caught.value.as_dict() == {
        "code": "access_key_not_found",
        "message": "access: the user has no key 'c', and a new key cannot be given a name. Its keys: a, b. Leave access"
        " out to have at least one.",
        "keys": ["a", "b"],
    }
    with pytest.raises(AccessKeyNotFoundError, match=r"Its keys: none\."):
        plan_keys((), "present", "c", rotate)


@given(
    keys=st.lists(st.sampled_from([A, B, AccessKey("c")]), unique=True),
    state=st.sampled_from(["present", "absent"]),
    access=st.sampled_from([None, "a", "b"]),
)
def test_a_second_run_changes_nothing(keys: list[AccessKey], state: str, access: str | None) -> None:
    try:
        plan = plan_keys(keys, state, access, False)
    except AccessKeyNotFoundError:
        return
    outcome = KeyOutcome(ADA, keys, plan).foresee()
    assert outcome.changed == plan.has_steps
    assert not plan_keys(outcome.after, state, access, False).has_steps


def test_a_foreseen_key_has_no_name_yet() -> None:
    outcome = KeyOutcome(ADA, (A,), plan_keys((A,), "present", None, True)).foresee()
    assert outcome.made == AccessKey("")
    result = render_keys(outcome)
    assert result["user"] == render_user(ADA)
    assert result["credential"] == {"access": None, "tenant_id": None, "user_id": None}
    assert result["diff"] == {
        "before": {"description": "ada", "access_keys": ["a"]},
        "after": {"description": "ada", "access_keys": ["(a new key)"]},
    }
    assert result["removed"] == ["a"]
    assert "secret" not in result


def test_a_result_holds_a_secret_in_one_place_only() -> None:
    outcome = KeyOutcome(ADA, (), KeyPlan(create=True))
    outcome.keep_made(A)
    outcome.secret = "very secret"
    result = render_keys(outcome)
    assert result.pop("secret") == "very secret"
    assert "very secret" not in json.dumps(result)
    assert result["credential"] == {"access": "a", "tenant_id": "tenant", "user_id": "owner"}
    assert result["credentials"] == [result["credential"]]


def test_a_missing_user_is_an_empty_result() -> None:
    result = render_keys(KeyOutcome())
    assert result["user"] is None
    assert result["diff"] == {"before": {}, "after": {}}
    assert not result["changed"]
