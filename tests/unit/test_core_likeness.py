# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is not found under a description, and may be there under one that looks the same."""

from __future__ import annotations

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Desired, Policy
from ansible_collections.cloudops.ovh.plugins.module_utils._core.likeness import likeness
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.outcome import foresee
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import make_plan
from ansible_collections.cloudops.ovh.tests.unit.strategies import CATALOGUE, desired, seen, user

GONE = "Nobody has exactly this description; there is {}, which differs only in case, blanks or the form of characters."
NEW = "It gets an account of its own; there is {}, which differs only in case, blanks or the form of characters."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.com", "Ada@Example.COM"),
        ("ada lovelace", " ada  lovelace\t"),
        ("ada lovelace", "ada\u00a0lovelace"),
        ("ada", "a\u200bda"),
        ("andré", "andre\u0301"),
        ("straße", "STRASSE"),
        ("ada", "ａｄａ"),
    ],
)
def test_what_looks_the_same(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


@pytest.mark.parametrize(("one", "other"), [("ada", "adam"), ("ada@example.com", "ada@example.org"), ("a-b", "a_b")])
def test_what_looks_different(one: str, other: str) -> None:
    assert likeness(one) != likeness(other)


def notes(asked: list[Desired], *users: User) -> list[str]:
    """What is said of each item of a list."""
    plan = make_plan(asked, seen(*users), CATALOGUE, Policy())
    return [" ".join(outcome.notes) for outcome in foresee(plan)]


def away(description: str) -> Desired:
    return desired(description, state="absent")


ADA, BIG = user(3, "ada"), user(4, "ADA")


@pytest.mark.parametrize(
    ("asked", "users", "said"),
    [
        ([away("Ada")], [ADA], [GONE.format("'ada' (id 3)")]),
        ([desired("Ada", if_missing="skip")], [ADA], [GONE.format("'ada' (id 3)")]),
        ([desired("Ada", if_missing="fail")], [ADA], [GONE.format("'ada' (id 3)")]),
        ([desired("Ada")], [ADA, BIG], [NEW.format("'ada' (id 3), 'ADA' (id 4)")]),
        ([away("Ada")], [user(n, "ada" + " " * n) for n in range(1, 6)], None),
        # A rename is written so.
        ([away("Ada"), desired("ada")], [ADA], ["", ""]),
        ([desired("ada"), away("Ada")], [], ["", ""]),
        # Two whom the list wants, there or not.
        ([desired("ada"), desired("Ada")], [ADA], ["", NEW.format("'ada' in the same list")]),
        ([desired("ada"), desired("Ada")], [], ["", NEW.format("'ada' in the same list")]),
        ([Desired("x", user_id=3), desired("Ada")], [ADA], ["", NEW.format("'ada' in the same list")]),
        # Found, ambiguous, nobody at all, or not named by a description.
        ([away("ada")], [ADA, BIG], [""]),
        ([away("ada")], [ADA, user(9, "ada"), BIG], [""]),
        ([away("ada")], [user(5, "ada", status="deleting")], [""]),
        ([away("Ada")], [user(5, "bob")], [""]),
        ([Desired("x", username="Ada", if_missing="skip")], [ADA], [""]),
    ],
)
def test_who_is_told(asked: list[Desired], users: list[User], said: list[str] | None) -> None:
    if said is None:
        said = [GONE.format("'ada ' (id 1), 'ada  ' (id 2), 'ada   ' (id 3), …")]
    assert notes(asked, *users) == said
