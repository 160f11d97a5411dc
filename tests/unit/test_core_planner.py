# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned, as tables: one row says what there is, what is asked, and the steps that follow."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Desired, Policy
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    AmbiguousUserError,
    GuardError,
    InputError,
    UnknownRoleError,
    UserNotFoundError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import Kit, kit_mark
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import Catalogue, User, role_change
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud, Observed
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Plan, Step, make_plan
from ansible_collections.cloudops.ovh.plugins.module_utils._core.token_spec import Spec, Token
from ansible_collections.cloudops.ovh.tests.unit.strategies import (
    AI,
    CATALOGUE,
    NOON,
    READ,
    STORE,
    WITHDRAWN,
    by_id,
    desired,
    issued,
    seen,
    user,
)


def plan(asked: Desired | list[Desired], observed: Observed, **policy: Any) -> Plan:
    wanted = asked if isinstance(asked, list) else [asked]
    return make_plan(wanted, observed, CATALOGUE, Policy(**policy))


def only(asked: Desired, observed: Observed, **policy: Any) -> Item:
    """The item of a list of one."""
    (item,) = plan(asked, observed, **policy).items
    return item


def steps(asked: Desired, observed: Observed, **policy: Any) -> list[str]:
    """The planned steps as text: kind, roles or key, reason."""
    return [text(step) for step in only(asked, observed, **policy).steps]


def text(step: Step) -> str:
    return " ".join(part for part in (step.kind, *step.roles, step.key, step.reason) if part)


# Who is meant


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (desired("ada"), 1),
        (desired("Ada"), 2),
        (desired("ada "), None),
        (desired("nobody"), None),
        (by_id(2), 2),
        (by_id(9), None),
        (desired(None, username="user-3"), 3),
        (desired(None, username="User-3"), None),
        (desired("gone"), None),
        (desired("going"), None),
        (by_id(5), None),
        (desired(None, username="user-6"), None),
        (desired("stopped"), 7),
    ],
)
def test_a_user_is_found_by_one_identity_exactly_as_written(asked: Desired, found: int | None) -> None:
    cloud = Cloud(
        [
            user(1, "ada"),
            user(2, "Ada"),
            user(3, "bob"),
            user(5, "gone", status="deleted"),
            user(6, "going", status="deleting"),
            user(7, "stopped", status="disabled"),
        ]
    )
    one = cloud.find(asked)
    assert (one.id if one else None) == found


@pytest.mark.parametrize(
    ("asked", "users", "ids"),
    [
        (desired("ada"), [user(8), user(3), user(5)], [3, 5, 8]),
        (desired(None, username="twin"), [user(8, "a", username="twin"), user(3, "b", username="twin")], [3, 8]),
    ],
)
def test_an_ambiguous_user_is_left_alone_and_its_ids_are_named(
    asked: Desired, users: list[User], ids: list[int]
) -> None:
    other = desired("bob", roles=(AI,))._replace(where="users[1]")
    first, second = plan([asked._replace(roles=(AI,)), other], seen(*users, user(20, "bob"))).items
    assert isinstance(first.error, AmbiguousUserError)
    assert first.error.details == {"user_ids": ids}
    listed = ", ".join(map(str, ids))
    assert first.error.message == (
        f"users[0] is ambiguous: the users {listed} answer to it. Nothing was changed. Name the right one by user_id,"
        " and delete the others."
    )
    assert (first.user, first.steps) == (None, ())
    assert second.steps == (Step("grant", (AI,)),)


def test_the_user_id_resolves_what_a_description_leaves_open() -> None:
    item = only(by_id(5, roles=(AI,)), seen(user(3), user(5), user(8)))
    assert item.user == user(5)
    assert item.steps == (Step("grant", (AI,)),)


def test_accounts_on_their_way_out_do_not_make_a_description_ambiguous() -> None:
    observed = seen(user(3, status="deleting"), user(5), user(8, status="deleted"))
    assert only(desired(), observed).user == user(5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (desired("ada"), by_id(3)),
        (by_id(3), desired(None, username="user-3")),
        (desired("ada", state="absent"), by_id(3)),
    ],
)
def test_one_user_listed_by_two_identities_is_refused(first: Desired, second: Desired) -> None:
    with pytest.raises(InputError) as caught:
        plan([first, second._replace(where="users[4]")], seen(user(3)))
    assert caught.value.message == "users[0] and users[4] are the same user (id 3): list it once."


def test_users_that_do_not_exist_are_not_the_same_user() -> None:
    absent = [desired(name, state="absent")._replace(where=name) for name in ("x", "y")]
    assert [item.steps for item in plan(absent, seen()).items] == [(), ()]


@pytest.mark.parametrize(
    ("asked", "label"),
    [(desired("ada"), "ada"), (by_id(4), "user_id 4"), (desired(None, username="user-x"), "username user-x")],
)
def test_a_label_names_the_user_as_it_was_addressed(asked: Desired, label: str) -> None:
    assert asked.label == label


# Missing users


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (desired(), ["create"]),
        (desired(roles=()), ["create"]),
        (desired(roles=(STORE, AI)), [f"create {AI} {STORE}"]),
        (desired(roles=("AI Operator", "object store")), [f"create {AI} {STORE}"]),
        (desired(roles=(AI,), purge_roles=True, revoke_roles=(READ,)), [f"create {AI}"]),
        (desired(update_password="always"), ["create"]),
        (desired(s3_credentials="present"), ["create", "make_key"]),
        (desired(s3_credentials="rotate"), ["create", "make_key"]),
        (desired(s3_credentials="absent"), ["create"]),
        (desired(if_missing="skip", roles=(AI,)), []),
        (by_id(7, if_missing="skip"), []),
        (desired(state="absent"), []),
        (by_id(7, state="absent"), []),
        (desired(state="absent", if_missing="fail"), []),
    ],
)
def test_a_missing_user(asked: Desired, expected: list[str]) -> None:
    item = only(asked, seen(user(3, status="deleted"), user(4, "bob")))
    assert [text(step) for step in item.steps] == expected
    assert item.user is None
    assert item.error is None
    # What a run creates gets exactly the listed roles.
    assert item.exact is ("create" in " ".join(expected))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (by_id(7), "users[0]: no live user with the user_id 7 in this project. Only a description can make a new one."),
        (
            desired(None, username="user-x"),
            "users[0]: no live user with the username 'user-x' in this project. Only a description can make a new one.",
        ),
        (desired(if_missing="fail"), "users[0]: no live user with the description 'ada' in this project."),
        (by_id(7, if_missing="fail"), "users[0]: no live user with the user_id 7 in this project."),
    ],
)
def test_a_missing_user_that_has_to_exist(asked: Desired, message: str) -> None:
    item = only(asked, seen())
    assert isinstance(item.error, UserNotFoundError)
    assert item.error.message == message
    assert item.steps == ()


@pytest.mark.parametrize("if_missing", ["skip", "fail", "create"])
def test_the_files_of_a_missing_user_are_known(if_missing: str) -> None:
    stored = Stored(issued(9))
    item = only(desired(if_missing=if_missing), seen(stored={"ada": stored}))
    assert (item.stem, item.stored) == ("ada", stored)


# Roles

A, R, S = AI, READ, STORE


@pytest.mark.parametrize(
    ("have", "asked", "expected"),
    [
        # Left out: no change, exact or not.
        ((A,), {}, []),
        ((A,), {"purge_roles": True}, []),
        ((), {"purge_roles": True}, []),
        # Listed roles are granted, others left alone.
        ((), {"roles": (A,)}, ["grant A"]),
        ((A,), {"roles": (A,)}, []),
        ((R,), {"roles": (A,)}, ["grant A"]),
        ((A, R, S), {"roles": (A,)}, []),
        ((R,), {"roles": (S, A)}, ["grant A", "grant S"]),
        ((A,), {"roles": ()}, []),
        # Revoked.
        ((A, S), {"revoke_roles": (A,)}, ["revoke A"]),
        ((S,), {"revoke_roles": (A,)}, []),
        ((A, S), {"revoke_roles": (S, A)}, ["revoke A", "revoke S"]),
        ((A,), {"revoke_roles": (A,), "purge_roles": True}, ["revoke A"]),
        ((A,), {"roles": (S,), "revoke_roles": (A,)}, ["revoke A", "grant S"]),
        # Exact: the whole set only where it is not empty and more than one call would be needed.
        ((A,), {"roles": (A,), "purge_roles": True}, []),
        ((A, R), {"roles": (A,), "purge_roles": True}, ["revoke R"]),
        ((A,), {"roles": (A, S), "purge_roles": True}, ["grant S"]),
        ((R,), {"roles": (A,), "purge_roles": True}, ["set_roles A"]),
        ((), {"roles": (S, A), "purge_roles": True}, ["set_roles A S"]),
        ((A, R, S), {"roles": (A,), "purge_roles": True}, ["set_roles A"]),
        ((), {"roles": (), "purge_roles": True}, []),
        ((A,), {"roles": (), "purge_roles": True}, ["revoke A"]),
        ((A, R, S), {"roles": (), "purge_roles": True}, ["revoke A", "revoke R", "revoke S"]),
        ((A, R), {"roles": (A,), "purge_roles": True, "revoke_roles": (S,)}, ["revoke R"]),
        # Patterns stand for all that is held, but for what is granted.
        ((A, R, S), {"revoke_roles": ("ai_*",)}, ["revoke A", "revoke R"]),
        ((A, R, S), {"revoke_roles": ("AI_*",), "roles": (R,)}, ["revoke A"]),
        ((S,), {"revoke_roles": ("ai_*",), "roles": (A,)}, ["grant A"]),
    ],
)
def test_roles_of_a_user(have: tuple[str, ...], asked: dict[str, Any], expected: list[str]) -> None:
    short = {AI: "A", READ: "R", STORE: "S"}
    planned = only(desired(**asked), seen(user(3, roles=have))).steps
    assert [" ".join([step.kind, *(short[name] for name in step.roles)]) for step in planned] == expected


@pytest.mark.parametrize(
    ("have", "grant", "revoke", "exact", "add", "remove"),
    [
        ("ab", None, "", True, "", ""),
        ("ab", None, "b", True, "", "b"),
        ("ab", "bc", "", False, "c", ""),
        ("ab", "bc", "", True, "c", "a"),
        ("ab", "", "", True, "", "ab"),
        ("ab", "", "", False, "", ""),
        ("ab", "c", "bd", False, "c", "b"),
        ("", "ba", "", False, "ab", ""),
    ],
)
def test_sets_of_roles_are_compared_as_sets(
    have: str, grant: str | None, revoke: str, exact: bool, add: str, remove: str
) -> None:
    change = role_change(frozenset(have), grant, revoke, exact)
    assert ("".join(change.add), "".join(change.remove)) == (add, remove)


def test_a_withdrawn_role_can_be_revoked_but_not_granted() -> None:
    observed = seen(user(3, roles=(WITHDRAWN.name, AI)))
    assert steps(desired(revoke_roles=(WITHDRAWN.name,)), observed) == [f"revoke {WITHDRAWN.name}"]
    assert steps(desired(revoke_roles=("ai_*",)), observed) == [f"revoke {AI}", f"revoke {WITHDRAWN.name}"]
    assert steps(desired(roles=(AI,), purge_roles=True), observed) == [f"revoke {WITHDRAWN.name}"]
    # Who has it keeps it.
    assert steps(desired(roles=(AI, WITHDRAWN.name)), observed) == []
    with pytest.raises(UnknownRoleError, match="users\\[0\\]: roles: there is no role 'ai_withdrawn'"):
        plan(desired(roles=(WITHDRAWN.name,)), seen(user(3)))
    with pytest.raises(UnknownRoleError, match="users\\[0\\]: revoke_roles: there is no role 'ai_withdrawn'"):
        plan(desired(revoke_roles=(WITHDRAWN.name,)), seen(user(3)))


def test_a_label_is_that_of_the_role_that_is_offered() -> None:
    """Somebody who still has a withdrawn role of the same label must not stop a list."""
    old = WITHDRAWN._replace(label="ai operator ")
    stranger = user(9, "eve")._replace(roles=(old,))
    observed = seen(user(3), stranger)
    assert steps(desired(roles=("AI Operator",)), observed) == [f"grant {AI}"]
    both = user(3, roles=(AI,))
    both = both._replace(roles=(*both.roles, old))
    assert steps(desired(roles=("AI Operator",)), seen(both, stranger)) == []
    # What shall go is all that is called so.
    gone = desired(revoke_roles=("AI Operator",))
    assert steps(gone, seen(both, stranger)) == [f"revoke {AI}", f"revoke {WITHDRAWN.name}"]
    assert steps(desired(revoke_roles=(AI,)), seen(both, stranger)) == [f"revoke {AI}"]


@pytest.mark.parametrize(
    ("pattern", "revoked", "idle"),
    [
        ("ai_*", [AI], False),
        ("AI O*", [AI], False),
        ("ai training *", [AI], False),
        ("*operator", [AI, STORE], False),
        ("ia_*", [], True),
        ("*reader", [], False),
    ],
)
def test_patterns_fit_names_and_labels(pattern: str, revoked: list[str], idle: bool) -> None:
    made = plan(
        [desired(revoke_roles=(pattern,)), desired("bob", revoke_roles=(pattern,))], seen(user(3, roles=(AI, STORE)))
    )
    assert [name for step in made.items[0].steps for name in step.roles] == revoked
    said = f"revoke_roles: {pattern!r} fits no role of this project, and takes nothing away."
    assert made.notes == ((said,) if idle else ())


def test_patterns_of_those_who_shall_go_say_nothing() -> None:
    assert plan(desired(state="absent", revoke_roles=("ia_*",)), seen(user(3))).notes == ()


def test_the_plan_knows_every_role_that_it_names() -> None:
    made = plan(desired(roles=(AI,)), seen(user(3, roles=(WITHDRAWN.name,))))
    assert made.roles[WITHDRAWN.name] is WITHDRAWN
    assert set(made.roles) == {role.name for role in CATALOGUE.roles} | {WITHDRAWN.name}


def test_an_unknown_role_refuses_the_whole_list() -> None:
    with pytest.raises(UnknownRoleError):
        plan([desired("ada"), desired("bob", roles=("nonsense",))], seen())


def test_the_catalogue_is_not_asked_where_no_role_is_named() -> None:
    absent = desired(state="absent", roles=("nonsense",))
    made = make_plan(
        [absent, desired("bob", roles=(), purge_roles=True)], seen(user(4, "bob", roles=(AI,))), Catalogue(()), Policy()
    )
    assert [item.steps for item in made.items] == [(), (Step("revoke", (AI,)),)]
    assert set(made.roles) == {AI}


def test_a_role_in_both_lists_is_refused() -> None:
    both = desired(roles=("AI Operator", STORE), revoke_roles=(STORE, AI))
    with pytest.raises(InputError) as caught:
        plan(both, seen())
    assert caught.value.message == f"users[0]: {AI}, {STORE} is in roles and in revoke_roles."
    assert caught.value.details == {"item": "users[0]"}


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        ({"roles": (AI,)}, True),
        ({"revoke_roles": (AI,)}, True),
        ({"roles": ()}, False),
        ({}, False),
        ({"roles": (AI,), "state": "absent"}, False),
    ],
)
def test_whether_the_catalogue_is_needed(asked: dict[str, Any], needed: bool) -> None:
    assert desired(**asked).names_roles is needed


@pytest.mark.parametrize(
    ("have", "asked", "held"),
    [
        ((A, R), {"roles": (R, A)}, True),
        ((A,), {"roles": (" AI_Training_Operator ",)}, True),
        ((), {}, True),
        ((A, R), {"roles": (A,)}, True),
        ((A,), {"roles": ()}, True),
        ((A,), {}, True),
        ((A, R), {"roles": (A, R), "purge_roles": True}, True),
        ((A, R), {"roles": (A,), "purge_roles": True}, False),
        ((A,), {"roles": (A, R)}, False),
        ((A,), {"roles": (R,)}, False),
        ((A,), {"roles": (A,), "revoke_roles": (R,)}, False),
        # A label needs the catalogue.
        ((A,), {"roles": ("AI Operator",)}, False),
    ],
)
def test_who_has_all_that_is_asked_needs_no_catalogue(have: tuple[str, ...], asked: dict[str, Any], held: bool) -> None:
    one = user(3, roles=have)
    assert Cloud([one]).held_roles(desired(**asked)) == (one.roles if held else None)
    assert Cloud([one, user(4)]).held_roles(desired(**asked)) is None
    assert Cloud([]).held_roles(desired(**asked)) is None


# Leaving


def test_absent_deletes_and_asks_nothing_else() -> None:
    asked = desired(state="absent", roles=(AI,), update_password="always", purge_roles=True)
    assert steps(asked, seen(user(3, roles=(STORE,)))) == ["delete"]


@pytest.mark.parametrize(
    "stored",
    [
        Stored(credential=issued(3)),
        Stored(credential=Credential()),
        Stored(intent=Intent("1", "create", NOON, 90.0)),
        Stored(issued(3), Intent("1", "renew", NOON, 90.0, 3)),
    ],
)
def test_files_of_a_user_that_is_gone_are_forgotten(stored: Stored) -> None:
    item = only(desired(state="absent"), seen(user(3, status="deleting"), stored={"ada": stored}))
    assert item.steps == (Step("forget"),)
    assert (item.stem, item.stored) == ("ada", stored)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        (desired(state="absent"), {}),
        (desired(state="absent"), {"ada": Stored()}),
        (desired(state="absent"), {"bob": Stored(issued(3))}),
        # Without the account nobody knows the description of an id.
        (by_id(3, state="absent"), {"ada": Stored(issued(3))}),
    ],
)
def test_there_is_nothing_to_forget(asked: Desired, stored: dict[str, Stored]) -> None:
    assert steps(asked, seen(stored=stored)) == []


# Passwords

FILE = {"ada": Stored(issued(3))}
OTHER = {"ada": Stored(issued(9))}
NOTE = {"ada": Stored(Credential(3, False))}


@pytest.mark.parametrize(
    ("mode", "stored", "expected"),
    [
        ("on_create", {}, []),
        ("on_create", FILE, []),
        ("on_create", OTHER, []),
        ("on_create", NOTE, []),
        ("on_missing", {}, ["renew missing"]),
        ("on_missing", FILE, []),
        ("on_missing", OTHER, ["renew missing"]),
        ("on_missing", NOTE, ["renew missing"]),
        ("always", {}, ["renew always"]),
        ("always", FILE, ["renew always"]),
        ("always", OTHER, ["renew always"]),
    ],
)
def test_update_password(mode: str, stored: dict[str, Stored], expected: list[str]) -> None:
    assert steps(desired(update_password=mode), seen(user(3), stored=stored)) == expected


@pytest.mark.parametrize(
    ("credential", "now", "after", "expected"),
    [
        (issued(3, NOON), NOON + 100, 100.0, ["renew rotate"]),
        (issued(3, NOON), NOON + 99, 100.0, []),
        (issued(3, NOON), NOON + 101, None, []),
        (issued(3, NOON), NOON, 0.0, ["renew rotate"]),
        # Issued later than now, without a date, of somebody else, or without a password.
        (issued(3, NOON + 5), NOON, 0.0, []),
        (Credential(3, True, None), NOON, 0.0, []),
        (issued(9, NOON), NOON + 100, 100.0, []),
        (Credential(3, False, NOON), NOON + 100, 100.0, []),
        (None, NOON + 100, 0.0, []),
    ],
)
def test_rotation(credential: Credential | None, now: float, after: float | None, expected: list[str]) -> None:
    observed = seen(user(3), stored={"ada": Stored(credential)}, now=now)
    assert steps(desired(), observed, rotate_after=after) == expected


def test_what_was_asked_for_comes_before_rotation() -> None:
    observed = seen(user(3), stored=FILE, now=NOON + 100)
    assert steps(desired(update_password="always"), observed, rotate_after=1.0) == ["renew always"]
    assert steps(desired(update_password="on_missing"), observed, rotate_after=1.0) == ["renew rotate"]
    observed = seen(user(3), stored=NOTE, now=NOON + 100)
    assert steps(desired(update_password="on_missing"), observed, rotate_after=1.0) == ["renew missing"]


def test_a_password_that_is_merely_renewed_comes_after_the_roles() -> None:
    asked = desired(update_password="always", roles=(AI,), revoke_roles=(STORE,))
    assert steps(asked, seen(user(3, roles=(STORE,)))) == [f"revoke {STORE}", f"grant {AI}", "renew always"]


# Intents

CREATE = Intent("1234", "create", NOON, 90.0)
RENEW = Intent("1234", "renew", NOON, 90.0, 3)


@pytest.mark.parametrize(
    ("intent", "created", "claims"),
    [
        # The window is the API's time, known to a second: from one second before until the request cannot take effect.
        (CREATE, NOON - 2, False),
        (CREATE, NOON - 1, True),
        (CREATE, NOON, True),
        (CREATE, NOON + 90, True),
        (CREATE, NOON + 91, False),
        (CREATE, None, False),
        # A renewal holds for its user, whatever the time.
        (RENEW, NOON - 9999, True),
        (RENEW, None, True),
        (RENEW._replace(user_id=4), NOON, False),
        (RENEW._replace(user_id=None), NOON, False),
    ],
)
def test_which_account_an_intent_is_about(intent: Intent, created: float | None, claims: bool) -> None:
    account = user(3, created=created)
    assert intent.claims(account) is claims
    expected = ["renew recover"] if claims else []
    assert steps(desired(), seen(account, stored={"ada": Stored(None, intent)})) == expected


@pytest.mark.parametrize(
    ("intent", "now", "appears"),
    [
        (CREATE, NOON + 90, True),
        (CREATE, NOON + 90.5, False),
        (CREATE, NOON - 5, True),
        (RENEW, NOON, False),
    ],
)
def test_whether_an_account_may_still_appear(intent: Intent, now: float, appears: bool) -> None:
    assert intent.may_still_appear(now) is appears


def test_an_intent_to_create_whose_account_is_not_there_creates_again() -> None:
    item = only(desired(roles=(AI,)), seen(stored={"ada": Stored(None, CREATE)}))
    assert item.steps == (Step("create", (AI,)),)
    assert item.stored.intent == CREATE


@pytest.mark.parametrize(
    ("credential", "intent", "expected"),
    [
        # Fulfilled: the file carries the intent, only the intent's own file was left.
        (issued(3, intent="1234"), CREATE, []),
        (issued(3, intent="1234"), RENEW, []),
        # The old credential is still there: the renewal may have happened.
        (issued(3, intent="abcd"), RENEW, ["renew recover"]),
        (issued(3), RENEW, ["renew recover"]),
        (issued(3, intent="abcd"), CREATE, ["renew recover"]),
        # The file says that the account of this intent gave way to another one, which is not ours.
        (Credential(9, True, NOON, None, "1234"), CREATE, []),
        # It names this account, but holds no password.
        (Credential(3, False, None, None, "1234"), CREATE, ["renew recover"]),
        (issued(9), CREATE, ["renew recover"]),
    ],
)
def test_what_an_intent_makes_of_the_file_beside_it(
    credential: Credential, intent: Intent, expected: list[str]
) -> None:
    assert steps(desired(), seen(user(3), stored={"ada": Stored(credential, intent)})) == expected


BEGUN = CREATE._replace(roles=(AI, STORE))


@pytest.mark.parametrize(
    ("have", "asked", "intent", "expected"),
    [
        # What a killed run created is finished: with the roles of then and of now, and none that the API added.
        ((READ,), {"roles": (AI,)}, CREATE, ["renew recover", f"set_roles {AI}"]),
        ((READ, AI), {"roles": (AI,)}, CREATE, ["renew recover", f"revoke {READ}"]),
        ((READ, AI, STORE), {"roles": (AI,)}, BEGUN, ["renew recover", f"revoke {READ}"]),
        ((READ, AI, STORE), {"roles": (AI,), "purge_roles": True}, BEGUN, ["renew recover", f"set_roles {AI}"]),
        ((READ, STORE), {"roles": ()}, BEGUN, ["renew recover", f"revoke {READ}"]),
        # Whoever names no roles, or takes some away, takes no others.
        ((AI, STORE), {}, BEGUN, ["renew recover"]),
        ((READ, AI, STORE), {}, BEGUN, ["renew recover", f"revoke {READ}"]),
        ((AI, STORE), {"revoke_roles": ("ai_*",)}, BEGUN, ["renew recover", f"revoke {AI}"]),
        # Nobody knows any more what was asked for.
        ((READ,), {}, CREATE, ["renew recover"]),
        # A renewal leaves other roles alone.
        ((READ,), {"roles": (AI,)}, RENEW, ["renew recover", f"grant {AI}"]),
        ((READ,), {}, RENEW, ["renew recover"]),
        # Not ours: a person made it later.
        ((READ,), {"roles": (AI,)}, BEGUN._replace(began_at=NOON - 200), [f"grant {AI}"]),
    ],
)
def test_a_killed_run_is_finished(
    have: tuple[str, ...], asked: dict[str, Any], intent: Intent, expected: list[str]
) -> None:
    item = only(desired(**asked), seen(user(3, roles=have), stored={"ada": Stored(None, intent)}))
    assert [text(step) for step in item.steps] == expected


@pytest.mark.parametrize(
    ("have", "asked", "surplus", "expected"),
    [
        ((AI, READ), {"roles": (AI,)}, (READ,), [f"revoke {READ}"]),
        ((AI, READ), {}, (READ,), [f"revoke {READ}"]),
        # What the API did not add, somebody has granted since.
        ((AI, READ), {"roles": (AI,)}, (), []),
        ((AI, READ, STORE), {}, (STORE,), [f"revoke {STORE}"]),
        ((AI, READ), {"roles": (AI, READ)}, (READ,), []),
        ((AI, READ), {"revoke_roles": (AI,)}, (), [f"revoke {AI}"]),
        ((AI, READ), {"roles": (AI,), "purge_roles": True}, (), [f"revoke {READ}"]),
    ],
)
def test_a_creation_whose_file_is_there_loses_only_what_the_api_added(
    have: tuple[str, ...], asked: dict[str, Any], surplus: tuple[str, ...], expected: list[str]
) -> None:
    stored = {"ada": Stored(issued(3, intent="1234"), BEGUN._replace(surplus=surplus))}
    assert steps(desired(**asked), seen(user(3, roles=have), stored=stored)) == expected


def test_exactness_goes_with_the_item() -> None:
    assert only(desired(roles=(AI,), purge_roles=True), seen(user(3))).exact is True
    assert only(desired(purge_roles=True), seen(user(3))).exact is False
    assert only(desired(roles=(AI,)), seen(user(3))).exact is False


# Files

SHARED = [user(3), user(5)]


@pytest.mark.parametrize(
    ("asked", "users", "files", "stem"),
    [
        (desired(), [user(3)], {}, "ada"),
        (by_id(3), [user(3)], {}, "ada"),
        (desired("a/b"), [], {}, "a%2Fb"),
        (by_id(9), [user(3)], {}, None),
        # A description that is shared, or blank, gets the id added.
        (by_id(3), SHARED, {}, "ada=3"),
        (by_id(5), SHARED, {}, "ada=5"),
        (by_id(3), [user(3, "")], {}, "=3"),
        (by_id(3), [user(3, " ")], {" ": issued(3)}, "%20=3"),
        (by_id(3), [user(3, " ")], {"%20": issued(3)}, "%20=3"),
        # Files that are there keep their name when a description becomes shared, or no longer is.
        (by_id(3), SHARED, {"ada": issued(3)}, "ada"),
        (by_id(5), SHARED, {"ada": issued(3)}, "ada=5"),
        (by_id(3), [user(3)], {"ada=3": issued(3)}, "ada=3"),
        (desired(), [user(3)], {"ada=3": issued(3)}, "ada=3"),
        (desired(), [user(3)], {"ada=3": issued(3), "ada": issued(3)}, "ada"),
        (desired(), [user(3)], {"ada": issued(9)}, "ada"),
        (desired(), [user(3)], {"ada": issued(9), "ada=3": issued(3)}, "ada=3"),
        # A user on its way out shares nothing any more.
        (desired(), [user(3), user(5, status="deleting")], {}, "ada"),
    ],
)
def test_the_name_of_the_files(
    asked: Desired, users: list[User], files: dict[str, Credential], stem: str | None
) -> None:
    stored = {name: Stored(credential) for name, credential in files.items()}
    item = plan(asked, seen(*users, stored=stored)).items[0]
    assert item.stem == stem
    assert item.stored == stored.get(stem or "", Stored())


def test_all_names_that_files_can_have_are_looked_at() -> None:
    cloud = Cloud([user(3), user(5), user(7, "bob")])
    assert cloud.stems_of(desired("bob")) == ["bob", "bob=7"]
    assert cloud.stems_of(by_id(5)) == ["ada", "ada=5"]
    assert cloud.stems_of(desired("ada")) == ["ada"]
    assert cloud.stems_of(desired("new")) == ["new"]
    assert cloud.stems_of(by_id(9)) == []


def test_an_intent_of_its_own_keeps_a_file_name_too() -> None:
    item = only(desired(), seen(user(3), stored={"ada=3": Stored(None, RENEW)}))
    assert item.stem == "ada=3"
    assert item.steps == (Step("renew", reason="recover"),)


# Access keys

#: The file of a user whose access keys a new one was to replace when the run was killed.
TURNING = issued(3, s3_access="k1")._replace(s3_replaces=("k1", "k2"))


@pytest.mark.parametrize(
    ("asked", "credential", "keys", "expected"),
    [
        ({"s3_credentials": "present"}, None, (), ["make_key"]),
        ({"s3_credentials": "present"}, issued(3), (), ["make_key"]),
        ({"s3_credentials": "present"}, issued(3, s3_access="k1"), (), []),
        ({"s3_credentials": "present"}, issued(9, s3_access="k1"), (), ["make_key"]),
        ({"s3_credentials": "present", "roles": (AI,)}, None, (), [f"grant {AI}", "make_key"]),
        ({"s3_credentials": "absent"}, issued(3, s3_access="k1"), ("k1", "k2"), ["revoke_key k1", "revoke_key k2"]),
        ({"s3_credentials": "absent"}, None, (), []),
        # The file still has a key that is gone: a run was killed right after that.
        ({"s3_credentials": "absent"}, issued(3, s3_access="k1"), (), ["revoke_key k1"]),
        ({"s3_credentials": "absent"}, issued(3, s3_access="k1"), ("k2",), ["revoke_key k2", "revoke_key k1"]),
        ({"s3_credentials": "absent"}, issued(9, s3_access="k1"), (), []),
        ({"s3_credentials": "absent"}, issued(3), (), []),
        # One for another needs one that is there.
        ({"s3_credentials": "rotate"}, issued(3, s3_access="k1"), (), ["rotate_key"]),
        # The user may have one that no file has.
        ({"s3_credentials": "rotate"}, issued(3), (), ["rotate_key"]),
        ({"s3_credentials": "rotate"}, issued(9, s3_access="k1"), (), ["rotate_key"]),
        ({"s3_credentials": "rotate"}, None, (), ["rotate_key"]),
        # A rotation that was cut off is gone on with, whatever is asked for now.
        ({}, TURNING, (), ["rotate_key"]),
        ({"s3_credentials": "present"}, TURNING._replace(s3_access=""), (), ["rotate_key"]),
        ({}, TURNING._replace(s3_access="k3"), (), ["drop_key k1", "drop_key k2"]),
        ({"s3_credentials": "present"}, TURNING._replace(s3_access="k3"), (), ["drop_key k1", "drop_key k2"]),
        ({"s3_credentials": "rotate"}, TURNING._replace(s3_access="k3"), (), ["rotate_key"]),
        ({"s3_credentials": "absent"}, TURNING, ("k1", "k2"), ["revoke_key k1", "revoke_key k2"]),
        ({"s3_credentials": "absent"}, TURNING, (), ["revoke_key k1", "revoke_key k2"]),
        ({"s3_credentials": "absent"}, TURNING._replace(s3_access=""), ("k2",), ["revoke_key k2", "revoke_key k1"]),
        ({}, TURNING._replace(user_id=9), (), []),
        ({"if_missing": "skip"}, TURNING, (), []),
        ({"if_missing": "skip"}, TURNING._replace(s3_access="k3"), (), ["drop_key k1", "drop_key k2"]),
        # A key that shall go goes before anything else that could fail.
        (
            {"s3_credentials": "absent", "roles": (AI,), "update_password": "always"},
            None,
            ("k1",),
            ["revoke_key k1", f"grant {AI}", "renew always"],
        ),
        ({"s3_credentials": "absent", "state": "absent"}, None, ("k1",), ["revoke_key k1", "delete"]),
        ({"s3_credentials": "present", "state": "absent"}, None, ("k1",), ["delete"]),
        ({"state": "absent"}, None, ("k1",), ["delete"]),
        ({}, None, ("k1",), []),
    ],
)
def test_access_keys(
    asked: dict[str, Any], credential: Credential | None, keys: tuple[str, ...], expected: list[str]
) -> None:
    observed = seen(user(3), stored={"ada": Stored(credential)}, keys={3: keys})
    assert steps(desired(**asked), observed) == expected


def test_a_plan_says_which_files_it_writes_and_whether_it_learns_passwords() -> None:
    users = [
        user(number, name) for number, name in enumerate(("grants", "keys", "renews", "loses", "goes", "turns"), 1)
    ]
    stored = {"turns": Stored(issued(6, s3_access="k"))}
    asked = [
        desired("turns", s3_credentials="rotate"),
        desired("grants", roles=(AI,)),
        desired("keys", s3_credentials="present"),
        desired("renews", update_password="always"),
        desired("loses", s3_credentials="absent"),
        desired("goes", state="absent"),
        desired("new"),
        by_id(99),
    ]
    made = plan(asked, seen(*users, keys={4: ("k",)}, stored=stored))
    assert made.rewritten() == ["turns", "keys", "renews", "loses", "new"]
    assert made.removed() == ["goes"]
    assert plan(desired("grants"), seen(*users), kit=Kit("", "GRA")).rewritten() == ["grants"]
    assert made.gives_passwords is True
    assert made.has_steps is True
    assert plan(asked[:3], seen(*users)).gives_passwords is False
    assert plan(asked[3:4], seen(*users)).gives_passwords is True
    assert plan(asked[6:7], seen(*users)).gives_passwords is True
    nothing = plan([desired("grants"), by_id(99)], seen(*users))
    assert (nothing.has_steps, nothing.gives_passwords, nothing.rewritten()) == (False, False, [])
    assert nothing.removed() == []


# AI tokens

TOKENS = tuple(
    Token(f"t{number}", Spec("x", READ, "GRA", selector))
    for number, selector in enumerate(("owner=ada", "owner=user-3,team=x", "owner=bob", "", "owner=user-9"))
)


@pytest.mark.parametrize(
    ("asked", "users", "expected"),
    [
        ({}, [user(3)], []),
        ({"ai_tokens": "absent"}, [user(3)], ["revoke_token t0", "revoke_token t1"]),
        # Before all else, and also where the account is gone already.
        (
            {"ai_tokens": "absent", "state": "absent"},
            [user(3)],
            ["revoke_token t0", "revoke_token t1", "delete"],
        ),
        ({"ai_tokens": "absent", "state": "absent"}, [], ["revoke_token t0"]),
        ({"ai_tokens": "absent", "roles": (AI,)}, [user(3)], ["revoke_token t0", "revoke_token t1", f"grant {AI}"]),
        ({"ai_tokens": "absent", "if_missing": "fail"}, [], []),
    ],
)
def test_tokens_that_name_a_user(asked: dict[str, Any], users: list[User], expected: list[str]) -> None:
    observed = seen(*users)._replace(tokens=TOKENS)
    item = only(desired(**asked), observed)
    assert [text(step) for step in item.steps] == expected
    assert [f"revoke_token {token.id}" for token in item.tokens] == [one for one in expected if "token" in one]


def test_tokens_of_a_user_that_is_named_otherwise() -> None:
    observed = seen(user(3, ""))._replace(tokens=TOKENS)
    gone = desired(None, username="user-9", state="absent", ai_tokens="absent")
    assert steps(gone, observed) == ["revoke_token t4"]
    # A blank description names nobody.
    assert steps(by_id(3, ai_tokens="absent"), observed) == ["revoke_token t1"]


def test_tokens_that_name_others_as_well_stay_and_are_said() -> None:
    selectors = (
        "owner in (ada,bob)",
        "owner in (ada)",
        "owner=user-3",
        "owner in (bob,eve)",
        "owner=ada,team in (x,y)",
    )
    tokens = tuple(Token(f"t{n}", Spec(f"n{n}", READ, "GRA", one)) for n, one in enumerate(selectors))
    asked = desired(ai_tokens="absent")
    alone = only(asked, seen(user(3), user(4, "bob"))._replace(tokens=tokens))
    assert [step.key for step in alone.steps] == ["t1", "t2", "t4"]
    assert alone.note == "AI tokens that name others as well stay: n0 (owner in (ada,bob))."
    # The description of two users says nothing about which of them is meant.
    shared = only(by_id(3, ai_tokens="absent"), seen(user(3), user(5))._replace(tokens=tokens))
    assert [step.key for step in shared.steps] == ["t2"]
    assert shared.note == (
        "AI tokens that name others as well stay: n0 (owner in (ada,bob)), n1 (owner in (ada)), n4 (owner=ada,team in"
        " (x,y))."
    )
    gone = only(desired("Ada", ai_tokens="absent", state="absent"), seen(user(3))._replace(tokens=tokens))
    assert (gone.steps, gone.note[:36]) == ((), "Nobody has exactly this description;")


# Purging

TEAM = [user(9, "team-z"), user(4, "team-a", roles=(AI,)), user(6, "other"), user(7, ""), user(8, "  ")]


@pytest.mark.parametrize(
    ("asked", "match", "purged"),
    [
        ([], None, []),
        ([], "^team-", [4, 9]),
        ([], "TEAM", []),
        ([], "am-z$", [9]),
        ([], ".", [4, 6, 9]),
        ([], "", [4, 6, 9]),
        ([desired("team-a")], "^team-", [9]),
        ([by_id(4)], "^team-", [9]),
        ([desired(None, username="user-9")], "^team-", [4]),
        ([desired("team-a", state="absent")], "^team-", [9]),
        ([desired("team-new")], "^team-", [4, 9]),
    ],
)
def test_purging(asked: list[Desired], match: str | None, purged: list[int]) -> None:
    items = plan(asked, seen(*TEAM), purge_match=match).items[len(asked) :]
    assert [item.user.id for item in items if item.user] == purged
    assert all(item.steps == (Step("delete", reason="purge"),) for item in items)


@pytest.mark.parametrize("listed", [desired("team-t"), desired(None, username="twin")])
def test_who_is_listed_but_ambiguous_is_never_purged(listed: Desired) -> None:
    twins = [user(11, "team-t", username="twin"), user(12, "team-t", username="twin")]
    made = plan([listed], seen(*TEAM, *twins), purge_match="team")
    assert isinstance(made.items[0].error, AmbiguousUserError)
    assert [item.user.id for item in made.items[1:] if item.user] == [4, 9]


def test_the_twin_of_a_user_that_is_listed_by_id_is_purged() -> None:
    made = plan([by_id(11)], seen(user(11, "team-t"), user(12, "team-t")), purge_match="team")
    assert [(item.user.id, item.stem) for item in made.items if item.user] == [(11, "team-t=11"), (12, "team-t=12")]
    assert [item.steps for item in made.items] == [(), (Step("delete", reason="purge"),)]


def test_a_purged_user_is_described() -> None:
    (item,) = plan([], seen(user(4, "team-a")), purge_match="a$").items
    assert item.desired == Desired("purge of user 4 (team-a)", description="team-a", state="absent")
    assert (item.user, item.stem) == (user(4, "team-a"), "team-a")


def test_the_file_of_a_purged_user_is_found_under_the_name_that_it_has() -> None:
    stored = {"team-a=4": Stored(issued(4))}
    (item,) = plan([], seen(user(4, "team-a"), stored=stored), purge_match="a$").items
    assert (item.stem, item.stored) == ("team-a=4", stored["team-a=4"])


# Guards


def _refused(asked: list[Desired], observed: Observed, **policy: Any) -> GuardError:
    with pytest.raises(GuardError) as caught:
        plan(asked, observed, **policy)
    return caught.value


MANY = [user(number, f"p{number}", roles=(AI, READ)) for number in (1, 2, 3)]


def _each(**more: Any) -> list[Desired]:
    return [desired(f"p{number}", **more) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("asked", "option", "verb"),
    [
        ({"state": "absent"}, "max_deletions", "delete"),
        ({"update_password": "on_missing"}, "max_resets", "give a new password to"),
        ({"revoke_roles": (AI,)}, "max_revocations", "take access from"),
        ({"roles": (STORE, AI), "purge_roles": True}, "max_revocations", "take access from"),
    ],
)
def test_a_guard_refuses_more_than_was_allowed_and_says_who(asked: dict[str, Any], option: str, verb: str) -> None:
    error = _refused(_each(**asked), seen(*MANY), **{option: 2})
    assert error.message == (
        f"Refused before any change: this run would {verb} 3 users, and {option} is 2."
        f" It would hit: p1 (1), p2 (2), p3 (3). If that is meant, raise {option}."
    )
    who = [{"user_id": number, "description": f"p{number}"} for number in (1, 2, 3)]
    assert error.details == {"option": option, "limit": 2, "users": who}
    assert plan(_each(**asked), seen(*MANY), **{option: 3}).has_steps
    assert plan(_each(**asked), seen(*MANY)).has_steps
    assert _refused(_each(**asked)[:1], seen(*MANY), **{option: 0}).details["users"] == who[:1]


def test_a_guard_counts_who_loses_only_access_keys_or_tokens() -> None:
    observed = seen(user(1, "p1"), user(2, "p2"), keys={1: ("a", "b")})._replace(
        tokens=(Token("t2", Spec("x", READ, "GRA", "owner=p2")), Token("t3", Spec("x", READ, "GRA", "owner=p3")))
    )
    asked = _each(s3_credentials="absent", ai_tokens="absent", if_missing="skip")
    error = _refused(asked, observed, max_revocations=2)
    assert "take access from 3 users" in error.message
    assert "It would hit: p1 (1), p2 (2), p3 (no account)." in error.message
    assert error.details["users"][2] == {"user_id": None, "description": "p3"}
    assert plan(asked, observed, max_revocations=3).has_steps
    # Who is deleted counts there.
    assert plan(_each(state="absent", s3_credentials="absent"), observed, max_revocations=0).has_steps
    # A new key in place of another one takes nothing away.
    stored = {"p1": Stored(issued(1, s3_access="a"))}
    assert plan(_each(s3_credentials="rotate")[:1], seen(*MANY, stored=stored), max_revocations=0).has_steps


def test_all_deletions_count_those_of_the_list_and_of_the_purge() -> None:
    asked = [desired("p1", state="absent")]
    error = _refused(asked, seen(*MANY), purge_match="^p", max_deletions=2)
    assert [one["user_id"] for one in error.details["users"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "policy"),
    [
        # Only passwords that somebody may be using without our knowing are bounded.
        ({"update_password": "always"}, {"max_resets": 0}),
        ({"update_password": "on_create"}, {"max_resets": 0}),
        # Nothing is taken away here.
        ({"roles": (STORE,)}, {"max_revocations": 0}),
        ({"roles": (STORE, AI, READ, "administrator"), "purge_roles": True}, {"max_revocations": 0}),
        ({"revoke_roles": (STORE,)}, {"max_revocations": 0}),
        ({"revoke_roles": (AI,)}, {"max_deletions": 0, "max_resets": 0}),
        ({"state": "absent"}, {"max_revocations": 0, "max_resets": 0}),
    ],
)
def test_what_a_guard_does_not_count(asked: dict[str, Any], policy: dict[str, int]) -> None:
    assert len(plan(_each(**asked), seen(*MANY), **policy).items) == 3


def test_creations_rotation_and_forgetting_are_not_bounded() -> None:
    stored = {"gone": Stored(issued(9)), "p1": Stored(issued(1)), "new": Stored(None, CREATE)}
    asked = [desired("new"), desired("gone", state="absent"), desired("p1")]
    made = plan(asked, seen(*MANY, stored=stored), max_deletions=0, max_resets=0, max_revocations=0, rotate_after=0.0)
    assert [[text(step) for step in item.steps] for item in made.items] == [["create"], ["forget"], ["renew rotate"]]


def test_a_recovered_password_is_not_a_reset() -> None:
    stored = {"ada": Stored(None, CREATE)}
    assert steps(desired(update_password="on_missing"), seen(user(3), stored=stored), max_resets=0) == ["renew recover"]


# The whole


def test_items_come_in_the_order_of_the_list_and_those_to_purge_last() -> None:
    asked = [desired("p3"), desired("new"), desired("p2")]
    made = plan(asked, seen(*MANY, user(8, "p8"), user(7, "p7")), purge_match="^p")
    assert [item.desired.label for item in made.items] == ["p3", "new", "p2", "p1", "p7", "p8"]


def test_an_item_says_which_kinds_of_steps_it_has() -> None:
    item = Item(desired(), None, (Step("grant", (AI,)), Step("renew")))
    assert item.has("renew", "delete")
    assert item.has("grant")
    assert not item.has("delete", "create")
    assert not item.has()


def test_an_empty_list_plans_nothing() -> None:
    made = plan([], seen(*MANY))
    assert (made.items, made.has_steps) == ((), False)


def test_files_of_who_was_deleted_before_go_whatever_is_asked() -> None:
    observed = seen(*MANY)._replace(left={"old": 9, "p1": 1})
    made = plan([desired("p1")], observed)
    asked = Desired("user 9, deleted by an earlier run", user_id=9, state="absent")
    # What is on the list is decided there.
    assert made.items[1:] == (Item(asked, None, (Step("forget"),), stem="old"),)
    assert made.removed() == ["old"]


def test_who_may_be_there_or_not_is_an_error_with_its_file() -> None:
    problem = UserNotFoundError("Nobody knows.")
    asked = desired("new", roles=(AI,))
    item = only(asked, seen(*MANY)._replace(unclear={asked.where: problem}))
    assert item == Item(asked, None, error=problem, stem="new")
    twice = only(desired("ada"), seen(user(1), user(2)))
    assert isinstance(twice.error, AmbiguousUserError)
    assert twice.stem == "ada"


KIT = Kit("ask ops", "GRA")


@pytest.mark.parametrize(
    ("stored", "asked", "expected"),
    [
        (Stored(), {}, ["make_kit"]),
        (Stored(issued(3), kit=kit_mark(KIT, user(3), "")), {}, []),
        (Stored(issued(3, s3_access="key"), kit=kit_mark(KIT, user(3), "key")), {}, []),
        # Another key, contact or account than the kit was made with.
        (Stored(issued(3, s3_access="key"), kit=kit_mark(KIT, user(3), "")), {}, ["make_kit"]),
        (Stored(issued(3), kit=kit_mark(KIT._replace(contact="x"), user(3), "")), {}, ["make_kit"]),
        (Stored(issued(2, s3_access="key"), kit=kit_mark(KIT, user(3), "")), {}, []),
        # A key that changes in this run.
        (Stored(issued(3), kit=kit_mark(KIT, user(3), "")), {"s3_credentials": "present"}, ["make_key", "make_kit"]),
    ],
)
def test_a_kit_is_made_where_it_is_not_that_of_the_account(
    stored: Stored, asked: dict[str, Any], expected: list[str]
) -> None:
    assert steps(desired(**asked), seen(user(3), stored={"ada": stored}), kit=KIT) == expected


def test_who_is_deleted_keeps_what_is_known_of_its_file() -> None:
    stored = Stored(issued(3))
    assert only(desired(state="absent"), seen(user(3), stored={"ada": stored})).stored == stored


def test_an_account_without_roles_is_finished_without_roles() -> None:
    # Nobody asked for any: what the API added goes, whatever it is.
    stored = {"ada": Stored(None, CREATE._replace(roles=(), surplus=(READ,)))}
    assert steps(desired(roles=()), seen(user(3, roles=(READ,)), stored=stored)) == ["renew recover", f"revoke {READ}"]
