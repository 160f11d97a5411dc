# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every plan, over random clouds, lists and folders.

`World` is a second opinion: a small model of a cloud and a folder that carries out plans, written from the interface.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Policy
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    AmbiguousUserError,
    GuardError,
    InputError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import kit_mark
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import Role, User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud, Observed
from ansible_collections.cloudops.ovh.plugins.module_utils._core.outcome import Outcome, foresee
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Plan, Step, make_plan
from ansible_collections.cloudops.ovh.plugins.module_utils._core.render import render_diff, render_users
from ansible_collections.cloudops.ovh.tests.unit.strategies import CASES, CATALOGUE, NOON, ROLES, WITHDRAWN, Case

ALL_ROLES = {**ROLES, WITHDRAWN.name: WITHDRAWN}
NOW = NOON + 4000


class World:
    """A cloud and a folder that do as they are told."""

    def __init__(self, case: Case) -> None:
        self.users = {one.id: one for one in case.users if one.status not in ("deleting", "deleted")}
        self.roles = {number: {role.name for role in one.roles} for number, one in self.users.items()}
        self.keys = {number: list(keys) for number, keys in case.keys.items()}
        self.files = {stem: stored.credential for stem, stored in case.stored.items() if stored.credential}
        self.kits = {stem: stored.kit for stem, stored in case.stored.items() if stored.kit}
        self.kit = case.policy.kit
        self.intents = {stem: stored.intent for stem, stored in case.stored.items() if stored.intent}

    def run(self, plan: Plan) -> list[int | None]:
        """Carry out a plan; return the id of each item's user, None where there is none."""
        return [self._run_item(item) for item in plan.items]

    def _run_item(self, item: Item) -> int | None:
        number = item.user.id if item.user else None
        for step in item.steps:
            number = self._do(step, number, item)
        if item.error is None and item.stem is not None:
            self.intents.pop(item.stem, None)
        return number

    def _do(self, step: Step, number: int | None, item: Item) -> int | None:
        if step.kind == "forget":
            self._forget(item)
            return None
        if step.kind == "create":
            number = max([100, *self.users]) + 1
            description = item.desired.description or ""
            self.users[number] = User(number, f"made-{number}", description, "ok", None, None, ())
            self.roles[number] = set(step.roles)
            self._write(item, Credential(number, True, NOW, None, "done"))
            return number
        assert number in self.users, "a step for a user that is not there"
        getattr(self, f"_{step.kind}")(step, number, item)
        return number if number in self.users else None

    def _delete(self, step: Step, number: int, item: Item) -> None:
        del self.users[number], self.roles[number]
        self._forget(item)

    def _forget(self, item: Item) -> None:
        self.files.pop(item.stem or "", None)
        self.intents.pop(item.stem or "", None)
        self.kits.pop(item.stem or "", None)

    def _write(self, item: Item, credential: Credential) -> None:
        assert item.stem is not None
        before = self.files.get(item.stem)
        if before is not None and before.user_id == credential.user_id and not credential.s3_access:
            credential = credential._replace(s3_access=before.s3_access)
        self.files[item.stem] = credential

    def _renew(self, step: Step, number: int, item: Item) -> None:
        self._write(item, Credential(number, True, NOW, None, "done"))

    def _grant(self, step: Step, number: int, item: Item) -> None:
        self.roles[number] |= set(step.roles)

    def _revoke(self, step: Step, number: int, item: Item) -> None:
        assert set(step.roles) <= self.roles[number], "a role taken away that was not there"
        self.roles[number] -= set(step.roles)

    def _set_roles(self, step: Step, number: int, item: Item) -> None:
        assert step.roles, "an empty set is never written: the API answers 404 to it"
        self.roles[number] = set(step.roles)

    def _make_key(self, step: Step, number: int, item: Item) -> None:
        keys = self.keys.setdefault(number, [])
        keys[:] = keys or ["made"]
        before = self.files.get(item.stem or "")
        known = before is not None and before.user_id == number
        self._write(item, (before if known and before else Credential(number))._replace(s3_access=keys[0]))

    def _revoke_key(self, step: Step, number: int, item: Item) -> None:
        self.keys[number].remove(step.key)
        before = self.files.get(item.stem or "")
        if before is not None and before.user_id == number and before.s3_access == step.key:
            self.files[item.stem or ""] = before._replace(s3_access="")
            self.kits.pop(item.stem or "", None)

    def _make_kit(self, step: Step, number: int, item: Item) -> None:
        assert self.kit is not None
        assert item.stem is not None
        held = self.files.get(item.stem)
        key = held.s3_access if held is not None and held.user_id == number else ""
        self.kits[item.stem] = kit_mark(self.kit, self.users[number], key)

    def user(self, number: int | None) -> User | None:
        """A user as it is now."""
        if number not in self.users:
            return None
        held = tuple(ALL_ROLES[name] for name in sorted(self.roles[number]))
        return self.users[number]._replace(roles=held)

    @property
    def observed(self) -> Observed:
        """What the next run would see."""
        stems = {*self.files, *self.intents, *self.kits}
        stored = {stem: Stored(self.files.get(stem), self.intents.get(stem), self.kits.get(stem, "")) for stem in stems}
        users = [one for one in map(self.user, self.users) if one is not None]
        return Observed(Cloud(users), stored, NOW, {number: tuple(keys) for number, keys in self.keys.items()})


def planned(case: Case, **policy: Any) -> Plan:
    """The plan of a case; cases that are refused as a whole are left to other tests."""
    try:
        return make_plan(case.asked, case.observed, CATALOGUE, case.policy._replace(**policy))
    except (GuardError, InputError) as refused:
        event(type(refused).__name__)
        assume(False)
        raise


def unbounded(case: Case) -> Plan:
    return planned(case, max_deletions=None, max_resets=None, max_revocations=None)


def carried_out(plan: Plan, world: World) -> list[Outcome]:
    """The outcomes of a run, as the executor records them."""
    outcomes = []
    for item, number in zip(plan.items, world.run(plan)):
        outcome = Outcome(item)
        outcome.done = list(item.steps)
        if item.error is None:
            outcome.user = world.user(number)
        outcomes.append(outcome)
    return outcomes


def _facts(outcome: Outcome) -> tuple[Any, ...]:
    user = outcome.user
    shown = (user.description, user.role_names) if user else None
    return (outcome.action, shown, outcome.done, outcome.renewed, outcome.error)


@given(CASES)
def test_check_mode_foresees_what_a_run_does(case: Case) -> None:
    plan = unbounded(case)
    foreseen, done = foresee(plan), carried_out(plan, World(case))
    assert [_facts(outcome) for outcome in foreseen] == [_facts(outcome) for outcome in done]
    assert render_diff(foreseen) == render_diff(done)
    assert render_users(foreseen)["summary"] == render_users(done)["summary"]


@given(CASES)
def test_a_second_run_has_nothing_to_do(case: Case) -> None:
    plan = unbounded(case)
    # Once one of two twins is gone, the other is who is meant.
    assume(not any(isinstance(item.error, AmbiguousUserError) for item in plan.items))
    world = World(case)
    world.run(plan)
    again = make_plan(case.asked, world.observed, CATALOGUE, case.policy)
    for item in again.items:
        expected = ["always"] if item.user and item.desired.update_password == "always" else []
        if item.desired.state == "absent":
            expected = []
        assert [step.reason for step in item.steps] == expected, item


@given(CASES)
def test_users_that_are_not_named_are_not_touched(case: Case) -> None:
    plan = unbounded(case)
    world = World(case)
    before = World(case)
    world.run(plan)
    named = {one.user.id for one in plan.items[: len(case.asked)] if one.user is not None}
    for number in before.users:
        if number in named:
            continue
        purged = case.policy.purge_match is not None and re.search(
            case.policy.purge_match, before.users[number].description
        )
        assert purged or world.user(number) == before.user(number)
        assert number in world.users or before.users[number].description.strip(), "a user without a name was purged"


@given(CASES)
def test_nobody_gets_a_second_account(case: Case) -> None:
    plan = unbounded(case)
    live = {one.description for one in case.users if one.status not in ("deleting", "deleted")}
    created = [item.desired.description for item in plan.items if item.has("create")]
    assert not live.intersection(created)
    assert len(created) == len(set(created))


@given(CASES)
def test_guards_hold(case: Case) -> None:
    plan = planned(case)
    limits = case.policy
    deleted = sum(item.has("delete") for item in plan.items)
    assert limits.max_deletions is None or deleted <= limits.max_deletions
    reset = sum(any(step.reason == "missing" for step in item.steps) for item in plan.items)
    assert limits.max_resets is None or reset <= limits.max_resets
    world, before = World(case), World(case)
    world.run(plan)
    poorer = [number for number in world.users if number in before.users and before.roles[number] - world.roles[number]]
    assert limits.max_revocations is None or len(poorer) <= limits.max_revocations


@given(CASES)
def test_only_what_is_named_is_taken_away(case: Case) -> None:
    plan = unbounded(case)
    world, before = World(case), World(case)
    for item, number in zip(plan.items, world.run(plan)):
        if number is None or number not in before.users or item.exact:
            continue
        lost = before.roles[number] - world.roles[number]
        assert lost <= set(item.desired.revoke_roles)


@given(CASES)
def test_roles_end_as_asked(case: Case) -> None:
    plan = unbounded(case)
    world, before = World(case), World(case)
    for item, number in zip(plan.items, world.run(plan)):
        if number is None or item.desired.state == "absent" or item.error is not None:
            continue
        have, asked = world.roles[number], set(item.desired.roles or ())
        assert asked <= have
        assert not have & set(item.desired.revoke_roles)
        if item.exact:
            assert have == asked
        elif item.user is not None:
            assert have == (before.roles[number] | asked) - set(item.desired.revoke_roles)


@given(CASES)
def test_the_diff_shows_changes_and_nothing_else(case: Case) -> None:
    plan = unbounded(case)
    outcomes = foresee(plan)
    diff = render_diff(outcomes)
    changed = [outcome for outcome in outcomes if outcome.done]
    assert len(diff["before"]) == len(diff["after"]) == len(changed)
    for outcome in changed:
        only = render_diff([outcome])
        same = only["before"] == only["after"]
        # What goes there is the file of an account that is gone already.
        assert same == ({step.kind for step in outcome.done} == {"forget"})
    unchanged = [outcome for outcome in outcomes if not outcome.done]
    assert render_diff(unchanged) == {"before": {}, "after": {}}


@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(case: Case, random: Any) -> None:
    shuffled = list(case.asked)
    random.shuffle(shuffled)
    plan = unbounded(case)
    other = unbounded(case._replace(asked=tuple(shuffled)))
    assert _by_item(plan, len(case.asked)) == _by_item(other, len(case.asked))
    assert [item.user for item in plan.items[len(case.asked) :]] == [
        item.user for item in other.items[len(case.asked) :]
    ]


def _by_item(plan: Plan, count: int) -> dict[str, Any]:
    return {
        item.desired.where: (item.steps, item.user, item.stem, item.exact, type(item.error))
        for item in plan.items[:count]
    }


@given(CASES)
def test_no_two_users_share_a_file(case: Case) -> None:
    plan = unbounded(case)
    stems = [item.stem for item in plan.items if item.error is None and item.stem is not None]
    assert len(stems) == len(set(stems))


@given(CASES)
def test_a_file_with_a_password_is_never_left_for_another_name(case: Case) -> None:
    """Whoever has a file that opens the account keeps using that file."""
    plan = unbounded(case)
    for item in plan.items:
        if item.user is None or not item.user.description.strip():
            continue
        plain, own = Cloud(case.users).stems(item.user)
        opening = [stem for stem in (plain, own) if _opens(case.stored.get(stem), item.user.id)]
        assert not opening or item.stem in opening or case.stored.get(own) not in (None, Stored())


def _opens(stored: Stored | None, user_id: int) -> bool:
    return stored is not None and stored.credential is not None and stored.credential.opens(user_id)


@given(CASES)
def test_an_item_that_failed_does_nothing(case: Case) -> None:
    for item in unbounded(case).items:
        assert item.error is None or not item.steps


def test_the_second_opinion_can_disagree() -> None:
    """The model refuses steps that make no sense, so that agreement means something."""
    refused: list[str] = []
    for step in (Step("revoke", ("administrator",)), Step("set_roles", ()), Step("grant", ("administrator",))):
        world = World(Case((), (), {}, Policy(), {}))
        refused += _refusal(world, [step])
    assert len(refused) == 3


def _refusal(world: World, steps: Sequence[Step]) -> list[str]:
    try:
        for step in steps:
            world._do(step, 1, None)
    except AssertionError as problem:
        return [str(problem)]
    return []


def test_the_catalogue_of_the_tests_is_of_roles() -> None:
    assert all(isinstance(role, Role) for role in ALL_ROLES.values())
