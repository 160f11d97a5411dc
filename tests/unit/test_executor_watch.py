# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list of users means for a user that is waited for, on a clock that is only a number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import watch
from ansible_collections.cloudops.ovh.plugins.module_utils._api.converge import Settings
from ansible_collections.cloudops.ovh.plugins.module_utils._api.task import Task
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError, CloudOpsError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Step
from ansible_collections.cloudops.ovh.tests.unit.strategies import AI, NOON, READ, STORE, by_id, desired, issued, user

#: A list is believed over an answer after so many looks and seconds.
LOOKS, LAG = 5, 12.0
CREATE = Step("create", (AI,))
RECOVER = Step("renew", reason="recover")
OURS = Intent("", "create", NOON, 90.0)


class Clock:
    """A watch, and the seconds that it knows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        #: Who is there, whatever a list says, and whose ids were asked for.
        self.there: dict[int, User] = {}
        self.asked: list[int] = []
        monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: self.now))

    def look(self, task: Task, *users: User, after: float = 0.0, **settings: Any) -> str:
        """Show a task this list, so long after the last one; return its phase."""
        self.now += after
        watch.Watch(Settings(**settings), self.find).look(task, Cloud(users))
        return task.phase

    def find(self, user_id: int) -> User | None:
        self.asked.append(user_id)
        return self.there.get(user_id)

    def looks(self, task: Task, *users: User, **settings: Any) -> list[str]:
        """Show a task the same list until it is believed; return the phases."""
        return [self.look(task, *users, after=LAG / (LOOKS - 1) * (number > 0), **settings) for number in range(LOOKS)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def waiting(phase: str, *steps: Step, there: User | None = None, **fields: Any) -> Task:
    """A task in a phase, since the clock's beginning."""
    asked = fields.pop("asked", desired())
    task = Task(Item(asked, there, steps, exact=fields.pop("exact", False)))
    task.phase, task.since = phase, 1000.0
    for name, value in fields.items():
        setattr(task, name, value)
    return task


def said(task: Task) -> str:
    assert task.phase == "done"
    assert isinstance(task.outcome.error, CloudOpsError)
    return task.outcome.error.message


def test_how_long_a_list_is_doubted() -> None:
    assert (watch.LOOKS, watch.LAG, watch.CREATIONS) == (LOOKS, LAG, 3)


# Before a change


def test_a_user_that_is_ready_is_changed(clock: Clock) -> None:
    task = waiting("pending", there=user(3, status="creating"))
    assert clock.look(task, user(3, status="creating")) == "pending"
    assert clock.look(task, user(3, roles=(AI,))) == "ready"
    assert task.user == user(3, roles=(AI,))


@pytest.mark.parametrize("status", ["creating", "updating"])
def test_a_user_that_is_never_ready_is_named(clock: Clock, status: str) -> None:
    task = waiting("pending", there=user(3))
    there = user(3, status=status)
    # The clock begins with the first look, not with the run.
    assert clock.look(task, there, after=500, wait_timeout=30) == "pending"
    assert clock.look(task, there, after=29, wait_timeout=30) == "pending"
    clock.look(task, there, after=1, wait_timeout=30)
    assert said(task) == (
        f"ada (user 3) is still {status} after 30 s (wait_timeout). What was done is kept, and running again is safe."
    )


@pytest.mark.parametrize(("refusals", "rest"), [(0, 0.0), (1, 0.5), (2, 1.0), (4, 4.0), (5, 8.0), (6, 8.0)])
def test_a_user_that_was_refused_is_left_alone_for_a_while(clock: Clock, refusals: int, rest: float) -> None:
    task = waiting("pending", there=user(3), refusals=refusals)
    if rest:
        assert clock.look(task, user(3), after=rest - 0.01) == "pending"
    assert clock.look(task, user(3), after=0.01) == "ready"


@pytest.mark.parametrize(
    ("lost", "why"), [(None, "Run again later."), (ApiError("409 busy.", "conflict"), "409 busy.")]
)
def test_a_user_that_is_refused_for_ever_is_given_up(clock: Clock, lost: ApiError | None, why: str) -> None:
    task = waiting("pending", there=user(3), refusals=7, lost=lost)
    clock.look(task, user(3, status="disabled"))
    assert said(task) == f"ada (user 3): the API keeps refusing the change though the user is disabled. {why}"


@pytest.mark.parametrize(("timeout", "seconds"), [(300, LAG), (5, 5)])
@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("pending", "ada (user 3) is not in the project's list any more. Run again."),
        ("settling", "ada (user 3) is not in the project's list. Running again is safe."),
    ],
)
def test_a_user_that_is_gone_is_looked_for_again(
    clock: Clock, phase: str, message: str, timeout: float, seconds: float
) -> None:
    task = waiting(phase, there=user(3))
    for _look in range(LOOKS - 1):
        assert clock.look(task, user(4), after=seconds, wait_timeout=timeout) == phase
    clock.look(task, user(4), wait_timeout=timeout)
    assert said(task) == message
    early = waiting(phase, there=user(3), since=clock.now)
    for _look in range(LOOKS + 1):
        assert clock.look(early, after=(seconds - 0.1) / 6, wait_timeout=timeout) == phase


def test_a_deletion_that_was_refused_since_the_user_is_gone_is_done(clock: Clock) -> None:
    """The answer to the first try was lost, and the second was refused: nobody is changed who is on the way out."""
    problem = ApiError("Busy.", "conflict")
    problem.uncertain = True
    task = waiting("pending", Step("revoke_key", key="k"), Step("delete"), there=user(3), lost=problem)
    assert clock.looks(task, user(4, "bob")) == ["pending"] * 4 + ["settling"]
    assert clock.asked == [3] * 5
    assert (task.outcome.done, list(task.todo)) == ([Step("delete")], [])
    assert (task.looks, task.since) == (0, clock.now)


@pytest.mark.parametrize("kind", ["conflict", "not_found"])
def test_a_deletion_that_was_refused_is_tried_again_where_the_user_is_there(clock: Clock, kind: str) -> None:
    """The list lags behind, and says nothing about that."""
    task = waiting("pending", Step("delete"), there=user(3), lost=ApiError("Not now.", kind), refusals=1)
    clock.there[3] = user(3, status="creating")
    assert clock.look(task, after=5) == "pending"
    clock.there[3] = user(3)
    assert clock.look(task, after=5) == "ready"
    assert list(task.todo) == [Step("delete")]


def test_who_is_listed_and_not_found_is_asked_for(clock: Clock) -> None:
    """Somebody else has deleted it, and the list lags behind."""
    task = waiting("pending", Step("delete"), there=user(3), lost=ApiError("Nobody.", "not_found"), refusals=1)
    assert clock.looks(task, user(3)) == ["pending"] * 4 + ["settling"]
    # It was not this run, and there are no files that go.
    assert task.outcome.done == []


def test_the_files_of_who_is_gone_already_go(clock: Clock) -> None:
    task = waiting("pending", Step("delete"), there=user(3), lost=ApiError("Nobody.", "not_found"), refusals=1)
    task.item = task.item._replace(stored=Stored(issued(3)))
    assert clock.looks(task)[-1] == "settling"
    assert (task.outcome.done, list(task.todo)) == ([Step("forget")], [])
    assert clock.look(task) == "verify"
    assert task.outcome.gone


@pytest.mark.parametrize("kind", ["forbidden", "lost"])
def test_who_may_not_be_asked_for_is_as_the_list_says(clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def find(user_id: int) -> User | None:
        raise ApiError("No.", kind)

    monkeypatch.setattr(clock, "find", find)
    task = waiting("settling", Step("delete"), there=user(3))
    task.todo.clear()
    clock.looks(task, user(3))
    deleted = "ada (user 3) was deleted, but the API still says that it is ok. Run again."
    assert said(task) == (deleted if kind == "forbidden" else "No.")


# After a creation without an answer


def test_what_may_be_ours_under_another_description_is_left_to_a_person(clock: Clock) -> None:
    task = lost()
    others = (user(5, " Ada", created=NOON + 5), user(6, "ADA", created=NOON - 60), user(8, "bob", created=NOON + 5))
    assert clock.looks(task, *others)[:4] == ["lost"] * 4
    assert said(task) == (
        "ada: the answer to the creation was lost, and there is ' Ada' (id 5) since. If the API changed the"
        " description, delete that account and choose one that the API keeps; then run again."
    )
    assert task.outcome.error is not None
    assert task.outcome.error.details == {"user_ids": [5]}


def lost(**fields: Any) -> Task:
    return waiting("lost", CREATE, Step("make_key"), **{"creations": 1, "intent": OURS, **fields})


@pytest.mark.parametrize(("status", "phase"), [("ok", "ready"), ("creating", "pending")])
def test_what_appeared_since_is_adopted_and_gets_another_password(clock: Clock, status: str, phase: str) -> None:
    task = lost()
    assert clock.look(task) == "lost"
    assert clock.look(task, user(7, status=status, created=NOON + 5), user(8, "bob")) == phase
    assert list(task.todo) == [RECOVER, Step("make_key")]
    assert task.outcome.done == [CREATE]
    assert (task.user, task.adopted, task.surplus) == (user(7, status=status, created=NOON + 5), True, [])
    assert task.looks == 2


def test_of_two_of_ours_the_older_is_adopted_and_the_other_goes(clock: Clock) -> None:
    task = lost(creations=2, looks=3)
    clock.now += 5
    assert clock.look(task, user(9), user(7)) == "clear"
    assert (task.user, task.surplus, task.looks, task.since) == (user(7), [9], 0, clock.now)
    assert task.todo[0] == RECOVER


def test_what_was_never_made_is_made_again(clock: Clock) -> None:
    task = lost()
    # Whatever wait_timeout says: a mistake would double the account.
    assert clock.looks(task, user(8, "bob"), wait_timeout=1) == ["lost"] * 4 + ["ready"]
    assert list(task.todo) == [CREATE, Step("make_key")]
    early = lost(since=clock.now)
    assert [clock.look(early, after=2.0) for _look in range(5)] == ["lost"] * 5


@pytest.mark.parametrize(("problem", "why"), [(None, ""), (ApiError("502.", "lost"), "502.")])
def test_a_creation_is_sent_three_times_at_most(clock: Clock, problem: ApiError | None, why: str) -> None:
    assert clock.looks(lost(creations=2))[-1] == "ready"
    task = lost(creations=3, since=clock.now, lost=problem)
    clock.looks(task)
    assert said(task) == (
        "ada: the creation was sent 3 times, and neither answered nor seen in the list. Run again later: it looks"
        f" before it creates. {why}"
    )


BEFORE = user(7, created=NOON - 60)


@pytest.mark.parametrize(("purge", "exact"), [(False, False), (True, True)])
def test_an_account_of_somebody_else_is_accepted_as_it_is(clock: Clock, purge: bool, exact: bool) -> None:
    task = lost(asked=desired(roles=(AI,), purge_roles=purge), exact=True)
    assert clock.looks(task, BEFORE) == ["lost"] * 4 + ["ready"]
    assert task.outcome.notes == [
        "Somebody else created user 7 with this description before this run could. It keeps its password."
    ]
    assert list(task.todo) == [Step("make_key")]
    assert (task.user, task.exact, task.outcome.done, task.looks) == (BEFORE, exact, [], 0)


@pytest.mark.parametrize(
    ("status", "follows", "phase"), [("creating", True, "pending"), ("ok", False, "settling")], ids=["busy", "alone"]
)
def test_what_follows_is_done_for_an_account_of_somebody_else(
    clock: Clock, status: str, follows: bool, phase: str
) -> None:
    task = lost()
    if not follows:
        task.todo.pop()
    assert clock.looks(task, BEFORE._replace(status=status))[-1] == phase


def test_ours_goes_where_somebody_elses_is_older(clock: Clock) -> None:
    task = lost()
    assert clock.looks(task, user(9), BEFORE) == ["lost"] * 4 + ["clear"]
    assert (task.user, task.surplus) == (BEFORE, [9])


def test_two_of_which_none_is_surely_ours_are_left_to_a_person(clock: Clock) -> None:
    task = lost()
    assert clock.looks(task, user(9), user(7))[:4] == ["lost"] * 4
    assert said(task) == (
        "ada: the answer to the creation was lost, and another run created the same user meanwhile: there are the users"
        " 7, 9 now, and which one is whose is not known. Delete all but one, then run again."
    )
    assert task.outcome.error is not None
    assert task.outcome.error.details == {"user_ids": [7, 9]}


# Accounts too many


def clearing(**fields: Any) -> Task:
    return waiting("clearing", **{"surplus": [9, 8], "clearing_since": 1000.0, **fields})


def test_surplus_that_is_gone_for_long_enough_is_gone(clock: Clock) -> None:
    task = clearing()
    assert clock.looks(task, user(7), wait_timeout=1) == ["clearing"] * 4 + ["cleared"]
    assert task.surplus == []
    assert clock.asked == [9, 8]


def test_surplus_that_the_list_does_not_show_and_is_there_is_tried_again(clock: Clock) -> None:
    task = clearing()
    clock.there[8] = user(8)
    assert clock.looks(task, user(7)) == ["clearing"] * 4 + ["clear"]
    assert task.surplus == [9, 8]


def test_surplus_that_is_ready_is_tried_again(clock: Clock) -> None:
    task = clearing()
    assert clock.look(task, user(8), user(9)) == "clearing"
    assert clock.look(task, user(8), user(9, status="updating")) == "clearing"
    assert clock.look(task, user(8), user(9)) == "clear"
    assert task.surplus == [9, 8]
    one = clearing()
    assert [clock.look(one, user(9)), clock.look(one, user(9))] == ["clearing", "clear"]


@pytest.mark.parametrize("since", [1000.0, None])
def test_surplus_that_cannot_be_removed_is_named(clock: Clock, since: float | None) -> None:
    task = clearing(clearing_since=since)
    if since is not None:
        assert clock.look(task, user(8, status="creating"), after=29.5, wait_timeout=30) == "clearing"
    clock.look(task, user(8, status="creating"), after=0.5, wait_timeout=30)
    assert said(task) == (
        "users[0]: this run made user 9, 8, which has to go again and could not be removed. Delete it by hand. The API"
        " did not allow it within 30 s."
    )


# After a change


@pytest.mark.parametrize("kind", ["delete", "forget"])
def test_a_deletion_is_confirmed(clock: Clock, kind: str) -> None:
    task = waiting("settling", Step(kind), there=user(3))
    assert clock.look(task, user(3)) == "settling"
    assert clock.look(task, user(3, status="deleting")) == "verify"


def test_a_deletion_that_did_not_happen_is_told(clock: Clock) -> None:
    task = waiting("settling", Step("delete"), there=user(3))
    clock.there[3] = user(3, status="disabled")
    assert clock.looks(task, user(3))[:4] == ["settling"] * 4
    assert said(task) == "ada (user 3) was deleted, but the API still says that it is disabled. Run again."


def test_a_deletion_is_believed_before_a_list_that_lags_behind(clock: Clock) -> None:
    task = waiting("settling", Step("delete"), there=user(3))
    assert clock.looks(task, user(3)) == ["settling"] * 4 + ["verify"]
    assert clock.asked == [3]


@pytest.mark.parametrize("listed", [(), (user(3),)], ids=["left out", "as it was"])
def test_a_change_is_believed_before_a_list_that_lags_behind(clock: Clock, listed: tuple[User, ...]) -> None:
    task = waiting("settling", asked=desired(roles=(AI,)), there=user(3))
    clock.there[3] = user(3, roles=(AI,), status="disabled")
    assert clock.looks(task, *listed) == ["settling"] * 4 + ["verify"]
    assert task.user == clock.there[3]
    assert task.outcome.notes == ["The API says that this user is disabled."]
    assert clock.asked == [3]


def test_a_user_that_the_list_leaves_out_is_changed(clock: Clock) -> None:
    task = waiting("pending", there=user(3))
    clock.there[3] = user(3)
    assert clock.looks(task) == ["pending"] * 4 + ["ready"]


@pytest.mark.parametrize(("refusals", "seconds", "phase"), [(1, 4.9, "ready"), (1, 5.0, "done"), (0, 5.0, "ready")])
def test_a_user_whose_changes_are_refused_is_given_up_in_time(
    clock: Clock, refusals: int, seconds: float, phase: str
) -> None:
    since = clock.now if refusals else None
    task = waiting("pending", there=user(3), refusals=refusals, refused_since=since)
    assert clock.look(task, user(3, status="disabled"), after=seconds, wait_timeout=5) == phase
    assert task.outcome.error is None or "keeps refusing the change though the user is disabled" in said(task)


@pytest.mark.parametrize(
    ("status", "wait", "roles", "phase"),
    [
        ("ok", True, (AI,), "verify"),
        ("ok", False, (AI,), "verify"),
        ("creating", True, (AI,), "settling"),
        ("creating", False, (AI,), "verify"),
        ("creating", False, (), "settling"),
        ("ok", True, (), "settling"),
    ],
)
def test_a_change_is_confirmed(clock: Clock, status: str, wait: bool, roles: tuple[str, ...], phase: str) -> None:
    task = waiting("settling", there=user(3), asked=desired(roles=(AI,)))
    there = user(3, status=status, roles=roles)
    assert clock.look(task, there, wait=wait) == phase
    assert (task.user, task.outcome.notes) == (there, [])


def test_a_change_that_takes_too_long_is_told(clock: Clock) -> None:
    task = waiting("settling", there=user(3))
    assert clock.look(task, user(3, status="updating"), wait_timeout=30) == "settling"
    clock.look(task, user(3, status="updating"), after=30, wait_timeout=30)
    assert said(task).startswith("ada (user 3) is still updating after 30 s (wait_timeout).")


def test_an_odd_status_is_told(clock: Clock) -> None:
    task = waiting("settling", there=user(3))
    assert clock.look(task, user(3, status="disabled")) == "verify"
    assert task.outcome.notes == ["The API says that this user is disabled."]


@pytest.mark.parametrize(
    ("exact", "have", "steps"),
    [
        (False, (READ,), [Step("grant", (AI,))]),
        (True, (AI, READ), [Step("revoke", (READ,))]),
        (True, (READ, STORE), [Step("set_roles", (AI,))]),
    ],
)
def test_roles_of_an_account_just_made_are_corrected_at_the_second_look(
    clock: Clock, exact: bool, have: tuple[str, ...], steps: list[Step]
) -> None:
    task = waiting("settling", asked=desired(roles=(AI,)), there=user(3), exact=exact, made=3)
    there = user(3, roles=have)
    assert [clock.look(task, there), clock.look(task, there, after=1)] == ["settling", "ready"]
    assert (list(task.todo), task.corrections, task.looks, task.since) == (steps, 1, 0, clock.now)


def test_roles_of_others_are_corrected_when_the_list_is_believed(clock: Clock) -> None:
    task = waiting("settling", asked=desired(roles=(AI,)), there=user(3))
    assert clock.looks(task, user(3)) == ["settling"] * 4 + ["ready"]
    # Another account was made, or it was corrected before.
    for fields in ({"made": 4}, {"made": 3, "corrections": 1}):
        other = waiting("settling", asked=desired(roles=(AI,)), there=user(3), since=clock.now, **fields)
        assert clock.looks(other, user(3))[:4] == ["settling"] * 4


@pytest.mark.parametrize(
    ("have", "shown", "step"), [((STORE, READ), f"{READ}, {STORE}", f"set_roles {AI}"), ((), "none", f"grant {AI}")]
)
def test_roles_that_the_api_does_not_keep_are_told(clock: Clock, have: tuple[str, ...], shown: str, step: str) -> None:
    task = waiting("settling", asked=desired(roles=(AI,)), there=user(3), exact=True, corrections=1)
    clock.looks(task, user(3, roles=have))
    assert said(task) == (
        f"ada (user 3): the API accepted the roles but shows {shown}. Check the roles in the project, or ask OVHcloud."
    )
    assert task.outcome.error is not None
    assert task.outcome.error.details == {"steps": [step]}


# Two runs at the same time


def made(number: int, **fields: Any) -> Task:
    """A task that made an account, whose creation was answered."""
    return waiting("settling", there=user(number), **{"made": number, "creations": 1, "intent": OURS, **fields})


def test_an_account_that_is_alone_stays(clock: Clock) -> None:
    assert clock.look(made(7), user(7), user(8, "bob")) == "verify"
    # The API said that it made it, so the list is waited for, whatever else it says.
    for there in ({}, {7: user(7)}):
        hidden, clock.there = made(7, since=clock.now), there
        assert clock.looks(hidden, user(8, "bob"), wait_timeout=60) == ["settling"] * 5
        clock.look(hidden, user(8, "bob"), after=60, wait_timeout=60)
        assert said(hidden) == (
            "ada (user 7) was made, but is not in the project's list after 60 s (wait_timeout). What was done is kept,"
            " and the next run is best begun when it is."
        )


def test_the_older_of_two_stays_and_the_other_run_removes_its_own(clock: Clock) -> None:
    task = made(7)
    assert clock.look(task, user(7), user(9, created=NOON + 1)) == "verify"
    assert task.surplus == []


def test_the_younger_of_two_goes_and_gives_way(clock: Clock) -> None:
    task = made(9, looks=3)
    clock.now += 5
    older = user(7, created=NOON - 60)
    assert clock.look(task, user(9), older) == "clear"
    assert (task.surplus, task.heir, task.looks, task.since) == ([9], (older, False), 0, clock.now)


def test_an_earlier_request_of_ours_that_took_effect_late_goes_or_stays(clock: Clock) -> None:
    task = made(7, creations=2)
    assert clock.look(task, user(7), user(9)) == "clear"
    assert (task.surplus, task.heir) == ([9], None)
    task = made(9, creations=2)
    assert clock.look(task, user(7), user(9)) == "clear"
    assert (task.surplus, task.heir) == ([9], (user(7), True))


def test_an_account_that_the_list_does_not_show_gives_way_when_the_list_is_believed(clock: Clock) -> None:
    task = made(9)
    assert clock.looks(task, BEFORE, wait_timeout=1) == ["settling"] * 4 + ["clear"]
    # It may well be there: it is not gone because it is not shown.
    assert (task.surplus, task.heir) == ([9], (BEFORE, False))


def test_what_was_adopted_and_is_not_alone_may_be_anybodys(clock: Clock) -> None:
    task = waiting("settling", there=user(9), creations=1, intent=OURS, adopted=True)
    assert clock.looks(task, user(7), user(9), wait_timeout=1)[:4] == ["settling"] * 4
    assert "there are the users 7, 9 now" in said(task)
    assert clock.look(waiting("settling", there=user(9), creations=1, intent=OURS, adopted=True), user(9)) == "verify"


def test_accounts_of_others_are_not_ours_to_judge(clock: Clock) -> None:
    older = [user(7, created=NOON - 60), user(9, created=NOON - 50)]
    assert clock.look(waiting("settling", there=older[0], creations=1, intent=OURS), *older) == "verify"


def test_accounts_that_are_only_changed_may_share_a_description(clock: Clock) -> None:
    assert clock.look(waiting("settling", there=user(9), asked=by_id(9)), user(7), user(9)) == "verify"
