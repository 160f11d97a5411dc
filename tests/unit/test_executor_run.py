# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The executor over a project that is told what to say: who is changed when, one list for all, every failure kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import apply, watch
from ansible_collections.cloudops.ovh.plugins.module_utils._api import task as task_module
from ansible_collections.cloudops.ovh.plugins.module_utils._api.apply import Executor
from ansible_collections.cloudops.ovh.plugins.module_utils._api.converge import Settings
from ansible_collections.cloudops.ovh.plugins.module_utils._api.task import Acts, NotNow, Task
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    ApiError,
    CancelledError,
    CloudOpsError,
    InputError,
    StoreError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.outcome import Outcome, role_changes
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Plan, Step
from ansible_collections.cloudops.ovh.tests.unit.strategies import AI, NOON, READ, ROLES, STORE, desired, issued, user
from tests.support.fake_project import FakeKeeper, FakeProject

GRANT = Step("grant", (AI,))
CREATE = Step("create", (AI,))
GRANTED = user(3, roles=(AI,))


def given(answer: Any) -> Any:
    """Return an answer, or raise it where it is an error."""
    if isinstance(answer, Exception):
        raise answer
    return answer


class Bench:
    """A run on a clock that moves in pauses only; ``lists`` are what the project answers, the last for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: bool = False, **settings: Any) -> None:
        self.journal: list[tuple[Any, ...]] = []
        self.project = FakeProject(self.journal, NOON)
        self.keeper = FakeKeeper(self.journal) if folder else None
        self.settings = Settings(concurrency=1, **settings)
        self.clock = 1000.0
        self.pauses: list[float] = []
        self.lists: list[Any] = [()]
        self.patch = partial(monkeypatch.setattr, raising=False)
        for module in (apply, task_module, watch):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.clock))
        monkeypatch.setattr(self.project, "users", self.users)
        monkeypatch.setattr(self.project.stop, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += seconds

    def users(self) -> Sequence[User]:
        found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        self.journal.append(("users",))
        return list(given(found))

    def executor(self, *items: Item) -> Executor:
        roles = {role.name: role for role in ROLES.values()}
        acts = Acts(self.project, self.keeper, roles, self.settings)
        return Executor(self.project, acts, Plan(items, roles), self.settings)

    def run(self, *items: Item) -> list[Outcome]:
        return self.executor(*items).run()

    @property
    def calls(self) -> list[str]:
        return [call[0] for call in self.journal]


Make = Callable[..., Bench]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Make:
    return lambda folder=False, **settings: Bench(monkeypatch, folder, **settings)


def item(*steps: Step, there: User | None = None, description: str = "ada", **more: Any) -> Item:
    return Item(desired(description, roles=(AI,)), there, steps, stem=description, **more)


def message(outcome: Outcome) -> str:
    assert isinstance(outcome.error, CloudOpsError)
    return outcome.error.message


# Beginning


def test_nothing_to_do_asks_nothing(bench: Make) -> None:
    one = bench()
    failed = item(GRANT, there=user(3), error=InputError("No."))
    outcomes = one.run(item(there=GRANTED), failed)
    assert [outcome.action for outcome in outcomes] == ["unchanged", "failed"]
    assert one.journal == []


def test_what_a_killed_run_left_is_put_to_rest(bench: Make) -> None:
    one = bench(folder=True)
    one.run(item(there=GRANTED, stored=Stored(None, Intent("i", "create", NOON, 90.0))))
    assert one.journal == [("settle", "ada")]


def test_a_change_is_made_and_confirmed_by_one_list(bench: Make) -> None:
    one = bench()
    one.lists = [[GRANTED, user(4, "bob", roles=(AI,))]]
    outcomes = one.run(item(GRANT, there=user(3)), item(GRANT, there=user(4, "bob"), description="bob"))
    assert one.journal == [("grant", 3, AI), ("grant", 4, AI), ("users",)]
    assert [outcome.action for outcome in outcomes] == ["updated", "updated"]
    assert outcomes[0].user == GRANTED
    assert one.pauses == []


def test_creations_come_first(bench: Make) -> None:
    one = bench()
    one.lists = [[GRANTED, user(7, "new", roles=(AI,))]]
    one.project.script("create_user", (user(7, "new", roles=(AI,)), "secret"))
    outcomes = one.run(item(GRANT, there=user(3)), item(CREATE, description="new", exact=True))
    assert one.calls == ["create_user", "grant", "users"]
    assert [outcome.item.desired.label for outcome in outcomes] == ["ada", "new"]


@pytest.mark.parametrize(
    ("step", "calls"),
    [(GRANT, ["users", "grant", "users"]), (Step("delete"), ["delete_user", "users"])],
)
def test_a_user_that_is_worked_on_is_waited_for_before_it_is_changed(bench: Make, step: Step, calls: list[str]) -> None:
    one = bench()
    one.lists = [[user(3)], [GRANTED]] if step is GRANT else [[]]
    one.run(item(step, there=user(3, status="creating")))
    assert one.calls == calls


@pytest.mark.parametrize(
    ("asked", "steps", "shown", "calls", "changes"),
    [
        # It has by now what was to be granted.
        ({"roles": (AI,)}, [GRANT], (AI, READ), [], ([], [])),
        # It has other roles, which a run with purge_roles takes away, and says so.
        ({"roles": (AI,), "purge_roles": True}, [GRANT], (READ, STORE), ["set_roles"], ([AI], [STORE, READ])),
        ({"revoke_roles": (READ,)}, [Step("revoke", (READ,))], (AI,), [], ([], [])),
        # A renewal stays as it is, before or after the roles.
        ({"roles": (AI,)}, [GRANT, Step("renew", reason="always")], (AI,), ["renew_password"], ([], [])),
    ],
)
def test_the_roles_of_a_user_that_is_ready_are_planned_anew(
    bench: Make, asked: dict[str, Any], steps: list[Step], shown: tuple[str, ...], calls: list[str], changes: Any
) -> None:
    one = bench()
    ends = user(3, roles=(AI,) if "set_roles" in calls else shown)
    one.lists = [[user(3, roles=shown)], [ends]]
    one.project.script("renew_password", "secret")
    wanted = desired(**asked)
    (outcome,) = one.run(Item(wanted, user(3, status="updating"), tuple(steps), exact=wanted.exact, stem="ada"))
    assert [call for call in one.calls if call != "users"] == calls
    assert outcome.action == ("updated" if calls else "unchanged")
    assert tuple(map(sorted, role_changes(outcome))) == tuple(map(sorted, changes))


def test_a_token_of_somebody_without_an_account_needs_no_list(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Acts, "_revoke_token", lambda self, task, step: None, raising=False)
    one = bench()
    (outcome,) = one.run(item(Step("revoke_token", key="t")))
    assert (outcome.action, one.journal) == ("updated", [])


def test_a_token_that_stayed_fails_the_user_in_the_end(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ApiError("The token stays.", "refused")

    def refuse(self: Acts, task: object, step: Step) -> None:
        raise problem

    monkeypatch.setattr(Acts, "_revoke_token", refuse, raising=False)
    one = bench(folder=True)
    (outcome,) = one.run(item(Step("revoke_token", key="t"), Step("delete"), there=user(3)))
    assert one.calls == ["delete_user", "users", "forget"]
    assert message(outcome).startswith("ada (user 3): the AI token t could not be removed and may be left; ")


def test_what_stayed_is_said_besides_what_failed_after_it(bench: Make) -> None:
    def refuse(self: Acts, task: object, step: Step) -> None:
        raise ApiError("The key stays.", "refused")

    one = bench()
    one.patch(Acts, "_revoke_key", refuse)
    one.project.script("revoke", ApiError("The role stays.", "refused"))
    steps = (Step("revoke_key", key="k"), Step("revoke", (READ,)))
    (outcome,) = one.run(Item(desired(revoke_roles=(READ,)), user(3, roles=(READ,)), steps))
    assert message(outcome) == "The role stays."
    assert [note[:70] for note in outcome.notes] == [
        "ada (user 3): the access key k could not be removed and may be left; t"
    ]


def test_a_key_that_the_api_keeps_refusing_to_remove_is_left_behind(bench: Make) -> None:
    one = bench(wait_timeout=5)
    one.patch(one.project, "users", lambda: [user(3, roles=() if "revoke" in one.calls else (READ,))])

    def refuse(self: Acts, task: object, step: Step) -> None:
        raise NotNow(ApiError("Busy.", "conflict"))

    one.patch(Acts, "_revoke_key", refuse)
    wanted = desired(revoke_roles=(READ,))
    (outcome,) = one.run(Item(wanted, user(3, roles=(READ,)), (Step("revoke_key", key="k"), Step("revoke", (READ,)))))
    assert [call for call in one.calls if not call.startswith("user")] == ["revoke"]
    assert "the access key k could not be removed" in message(outcome)
    assert outcome.user is not None
    assert outcome.user.roles == ()


# Failing


def test_one_failure_stops_no_other(bench: Make) -> None:
    one = bench()
    one.lists = [[user(4, "bob", roles=(AI,))]]
    one.project.script("grant", ApiError("Refused.", "refused"))
    first, second = one.run(item(GRANT, there=user(3)), item(GRANT, there=user(4, "bob"), description="bob"))
    assert (message(first), second.action) == ("Refused.", "updated")


def test_a_defect_is_a_failure_of_one_user(bench: Make) -> None:
    one = bench()
    one.project.script("grant", ZeroDivisionError("a secret"))
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert message(outcome).startswith("Unexpected ZeroDivisionError in the collection (fake_project.py, line ")


def test_a_defect_in_looking_is_a_failure_of_one_user(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, *given: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(watch.Watch, "look", fail)
    one = bench()
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert message(outcome).startswith("Unexpected ZeroDivisionError in the collection (test_executor_run.py, line ")


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_change_that_is_not_possible_yet_is_tried_again_later_and_later(bench: Make, refusals: int) -> None:
    one = bench()
    one.lists = [[user(3)]]
    one.project.script("grant", *[ApiError("Busy.", "conflict")] * refusals)
    done = one.project.grant

    def grant(user_id: int, role: Any) -> None:
        done(user_id, role)
        one.lists = [[GRANTED]]

    one.project.grant = grant
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert (outcome.action, one.calls.count("grant")) == ("updated", refusals + 1)
    # Half a second after the first refusal, then twice as long each time.
    assert sum(one.pauses) >= sum(0.5 * 2**number for number in range(refusals))


def test_a_change_that_is_never_possible_says_what_the_api_said(bench: Make) -> None:
    one = bench()
    one.lists = [[user(3)]]
    one.project.script("grant", *[ApiError("409 busy.", "conflict")] * 7)
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert message(outcome) == "ada (user 3): the API keeps refusing the change though the user is ok. 409 busy."
    assert one.calls.count("grant") == 7


def test_a_change_that_is_refused_for_too_long_is_given_up(bench: Make) -> None:
    one = bench(wait_timeout=2)
    one.lists = [[user(3)]]
    one.project.script("grant", *[ApiError("409 busy.", "conflict")] * 7)
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert message(outcome) == "ada (user 3): the API keeps refusing the change though the user is ok. 409 busy."
    assert 1 < one.calls.count("grant") < 7
    assert 1002 <= one.clock < 1005


# Waiting


def test_looks_come_further_and_further_apart(bench: Make) -> None:
    one = bench(wait_timeout=60)
    one.lists = [[user(3, status="updating")]]
    (outcome,) = one.run(item(GRANT, there=user(3)))
    # The first look is at once.
    assert one.pauses[:8] == pytest.approx([0.2 * 1.5**look for look in range(8)])
    assert set(one.pauses[8:]) == {5.0}
    assert message(outcome) == (
        "ada (user 3) is still updating after 60 s (wait_timeout). What was done is kept, and running again is safe."
    )


def test_once_it_is_known_how_long_a_user_takes_the_others_are_looked_for_then(bench: Make) -> None:
    """Two accounts are made half a second apart, and each is ready four seconds later."""
    one = bench()
    born: dict[int, float] = {}

    def create_user(description: str, roles: Any, before: Any) -> Any:
        before()
        number = len(born) + 7
        born[number] = one.clock
        one.clock += 0.5
        one.journal.append(("create_user", number))
        return user(number, f"p{number}", roles=(AI,), status="creating"), "secret"

    def users() -> list[User]:
        one.journal.append(("users",))
        ready = {number: "ok" if one.clock >= at + 4 else "creating" for number, at in born.items()}
        return [user(number, f"p{number}", roles=(AI,), status=status) for number, status in ready.items()]

    one.project.create_user = create_user
    one.project.users = users
    outcomes = one.run(*(item(CREATE, description=f"p{number}", exact=True) for number in range(7, 10)))
    assert [outcome.action for outcome in outcomes] == ["created"] * 3
    assert one.clock - max(born.values()) < 5.5


@pytest.mark.parametrize(
    ("takes", "phases", "pause"),
    [
        (None, ["settling", "settling"], 0.2),
        # Until the last of them should be ready.
        (3.0, ["settling", "settling"], 2.5),
        (0.4, ["settling", "settling"], 0.05),
        (30.0, ["settling", "settling"], 5.0),
        # Others take as long as they take.
        (3.0, ["settling", "pending"], 0.2),
    ],
)
def test_a_pause_ends_when_the_last_user_should_be_ready(
    bench: Make, takes: float | None, phases: list[str], pause: float
) -> None:
    one = bench()
    executor = one.executor(item(GRANT, there=user(3)), item(GRANT, there=user(4, "bob")))
    for task, phase, since in zip(executor._tasks, phases, (999.5, 998.0)):
        task.phase, task.since = phase, since
    executor._takes = takes
    executor._rest(executor._tasks)
    assert one.pauses == [pytest.approx(pause)]


@pytest.mark.parametrize(
    ("listed", "takes"),
    [
        ([user(3), user(4, "bob"), user(5, "cyd")], 2.0),
        ([user(3), user(5, "cyd")], 4.0),
        # Who was changed only says nothing about how long a new account takes.
        ([user(4, "bob", status="creating"), user(5, "cyd")], None),
        ([], None),
    ],
)
def test_the_accounts_that_are_ready_tell_how_long_that_takes(
    bench: Make, listed: list[User], takes: float | None
) -> None:
    one = bench()
    one.lists = [listed]
    items = [Item(desired(name), user(number, name)) for number, name in ((3, "ada"), (4, "bob"), (5, "cyd"))]
    executor = one.executor(*items)
    for task, since in zip(executor._tasks, (996.0, 998.0, 999.0)):
        task.phase, task.since, task.creations = "settling", since, int(task.item.desired.label != "cyd")
    assert executor._look() is True
    assert executor._takes == takes


# Giving up

SETTLING = "ada (user 3): what was done could not be confirmed: 503. Running again is safe."
STOPPED = "ada (user 3): the run was told to stop before the API confirmed the changes. Run again to finish."


@pytest.mark.parametrize(
    ("problem", "said"),
    [(ApiError("503.", "unreached"), SETTLING), (CancelledError("Stop."), STOPPED)],
)
def test_a_list_that_fails_is_told_to_each_that_waited(bench: Make, problem: CloudOpsError, said: str) -> None:
    one = bench()
    one.lists = [problem]
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert (message(outcome), outcome.done) == (said, [GRANT])


def test_a_run_that_is_told_to_stop_lists_nothing_more(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench()
    monkeypatch.setattr(one.project, "grant", lambda user_id, role: one.project.stop.set())
    (outcome,) = one.run(item(GRANT, there=user(3)))
    assert (message(outcome), one.journal) == (STOPPED, [])


def test_a_creation_without_an_answer_is_told_by_what_the_api_said(bench: Make) -> None:
    one = bench()
    lost = ApiError("502.", "lost")
    one.project.script("create_user", lost)
    one.lists = [ApiError("503.", "unreached")]
    (outcome,) = one.run(item(CREATE))
    assert message(outcome) == (
        "ada: 502. It may have happened, and looking failed as well. Run again: it looks before it creates. Without"
        " credentials_dir the password of an account that was made is lost: update_password=always gives another one."
    )


def test_an_account_too_many_is_named_whatever_failed(bench: Make) -> None:
    one = bench()
    one.project.script("create_user", (user(7, "Ada"), "secret"))
    one.project.script("delete_user", ApiError("Busy.", "conflict"))
    one.lists = [ApiError("503.", "unreached")]
    (outcome,) = one.run(item(CREATE))
    assert message(outcome) == (
        "users[0]: this run made user 7, which has to go again and could not be removed. Delete it by hand. 503."
    )


# Creations


def test_a_creation_whose_answer_was_lost_is_found_and_gets_another_password(bench: Make) -> None:
    one = bench(keep_passwords=True)
    one.project.script("create_user", ApiError("502.", "lost"))
    one.lists = [[], [user(7, roles=(AI,))]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.calls == ["create_user", "users", "users", "renew_password", "users"]
    assert (outcome.action, outcome.password, outcome.user) == ("created", "a new one", user(7, roles=(AI,)))


def test_a_creation_that_was_never_made_is_made_again(bench: Make) -> None:
    one = bench()
    one.project.script("create_user", ApiError("502.", "lost"), (user(7, roles=(AI,)), "secret"))
    made = one.project.create_user

    def create_user(*given: Any, **more: Any) -> Any:
        answer = made(*given, **more)
        one.lists = [[user(7, roles=(AI,))]]
        return answer

    one.project.create_user = create_user
    (outcome,) = one.run(item(CREATE, exact=True))
    assert (outcome.action, one.calls.count("create_user"), one.calls[-1]) == ("created", 2, "users")
    assert one.clock >= 1012


def test_an_account_that_gives_way_is_removed_and_the_older_one_is_the_users(bench: Make) -> None:
    one = bench(folder=True)
    older = user(5, created=NOON - 60)
    one.project.script("create_user", (user(7, roles=(AI,)), "secret"))
    one.lists = [[older, user(7, roles=(AI,))], [older._replace(roles=(ROLES[AI],))]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.calls == ["begin", "create_user", "keep", "settle", "users", "delete_user", "note", "users"]
    assert outcome.user == older._replace(roles=(ROLES[AI],))


def test_an_account_that_cannot_go_yet_is_tried_again(bench: Make) -> None:
    one = bench()
    older = user(5, roles=(AI,), created=NOON - 60)
    one.project.script("create_user", (user(7, roles=(AI,)), "secret"))
    one.project.script("delete_user", ApiError("Busy.", "conflict"))
    one.lists = [[older, user(7)]] * 3 + [[older]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.calls.count("delete_user") == 2
    assert (outcome.error, outcome.user) == (None, older)


def test_an_account_that_the_api_does_not_know_is_looked_for_until_it_is_surely_gone(bench: Make) -> None:
    one = bench(folder=True)
    older = user(5, roles=(AI,), created=NOON - 60)
    one.project.script("create_user", (user(7, roles=(AI,)), "secret"))
    one.project.script("delete_user", ApiError("Unknown.", "not_found"))
    one.lists = [[older, user(7)], [older]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.calls[-2:] == ["note", "users"]
    assert one.calls.count("delete_user") == 1
    assert (outcome.error, outcome.user) == (None, older)
    assert one.clock >= 1012


def test_of_two_accounts_of_ours_the_older_stays_and_gets_another_password(bench: Make) -> None:
    one = bench(folder=True)
    first, second = user(5, roles=(AI,)), user(7, roles=(AI,), created=NOON + 20)
    one.project.script("create_user", ApiError("502.", "lost"), (second, "secret"))
    made = one.project.create_user

    def create_user(*given: Any, **more: Any) -> Any:
        # The first takes effect only when the second is answered.
        try:
            return made(*given, **more)
        finally:
            one.lists = [[]] if one.project.answers["create_user"] else [[first, second], [first]]

    one.project.create_user = create_user
    (outcome,) = one.run(item(CREATE, exact=True))
    assert ("delete_user", 7) in one.journal
    assert one.journal[-4:] == [
        ("renew_password", 5),
        ("keep", "ada", 5, "a new one", NOON, "i1", issued(7, NOON, "i1")),
        ("settle", "ada"),
        ("users",),
    ]
    assert (outcome.action, outcome.user) == ("created", first)


@pytest.mark.parametrize("folder", [False, True])
def test_a_role_that_the_api_added_is_said_where_nobody_will_know(bench: Make, folder: bool) -> None:
    """With a folder the intent knows it, and the next run takes it away."""
    one = bench(folder=folder)
    one.project.script("create_user", (user(7, roles=(AI, READ)), "secret"))
    one.lists = [ApiError("503.", "unreached")]
    (outcome,) = one.run(item(CREATE, exact=True))
    said = f"The API has added {READ}: take that away with revoke_roles."
    assert (said in message(outcome)) is not folder
    assert message(outcome).startswith("ada (user 7): what was done could not be confirmed: 503.")


def test_a_run_that_is_told_to_stop_says_which_role_the_api_added(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench()

    def create(description: str, roles: tuple[str, ...], before: Callable[[], None]) -> tuple[User, str]:
        before()
        one.project.stop.set()
        return user(7, roles=(AI, READ)), "secret"

    monkeypatch.setattr(one.project, "create_user", create)
    (outcome,) = one.run(item(CREATE, exact=True))
    assert message(outcome).endswith(
        f"Run again to finish. The API has added {READ}: take that away with revoke_roles."
    )


def test_roles_that_the_api_added_are_taken_away(bench: Make) -> None:
    one = bench(folder=True)
    one.project.script("create_user", (user(7, roles=(AI, READ)), "secret"))
    one.lists = [[user(7, roles=(AI, READ))], [user(7, roles=(AI, READ))], [user(7, roles=(AI,))]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.calls == ["begin", "create_user", "extend", "keep", "users", "users", "revoke", "users", "settle"]
    assert outcome.error is None


def test_a_new_password_is_tried_when_all_is_confirmed(bench: Make) -> None:
    one = bench(verify=True)
    one.project.script("create_user", (user(7, roles=(AI,)), "secret"))
    one.lists = [[user(7, roles=(AI,))]]
    (outcome,) = one.run(item(CREATE, exact=True))
    assert one.journal[-1] == ("log_in", 7, "secret")
    assert outcome.verified is True


# What is left


def said_of(error: CloudOpsError | None = None, **fields: Any) -> tuple[str | None, list[str]]:
    """The error and the notes of a user with this state at the end of a run."""
    task = Task(Item(desired(), user(3), (Step("delete"),)))
    task.outcome.error = error
    task.outcome.gone = fields.pop("gone", False)
    task.outcome.credential = fields.pop("credential", None)
    for name, value in fields.items():
        setattr(task, name, value)
    Executor._say_what_is_left(task)
    return task.outcome.error.message if task.outcome.error is not None else None, task.outcome.notes


LEFT = [(Step("revoke_key", key="k"), ApiError("No.", "refused"))]
FULL = StoreError("Full.")
FAILED = InputError("Failed.")


def test_what_is_left_is_the_error_and_else_a_note() -> None:
    key = "ada (user 3): the access key k could not be removed and may be left; the rest was gone on with. No."
    assert said_of() == (None, [])
    error, notes = said_of(left=LEFT)
    assert (error or "").startswith(key)
    assert notes == []
    error, notes = said_of(FAILED, left=LEFT)
    assert (error, len(notes)) == ("Failed.", 1)
    assert notes[0].startswith(key)


def test_what_the_file_does_not_say_is_said_unless_it_is_gone() -> None:
    assert said_of(unwritten=FULL) == ("Full.", [])
    assert said_of(FAILED, unwritten=FULL) == ("Failed.", ["Full."])
    assert said_of(unwritten=FULL, gone=True) == (None, [])
    error, notes = said_of(unwritten=FULL, left=LEFT)
    assert ("may be left" in (error or ""), notes) == (True, ["Full."])


def test_a_rotation_that_is_not_finished_is_said_where_something_failed() -> None:
    turning = issued(3)._replace(s3_replaces=("k1", "k2"))
    assert said_of(credential=turning) == (None, [])
    note = "The access key is not rotated yet, and k1, k2 may still be there: the next run with this credentials_dir"
    error, notes = said_of(FAILED, credential=turning)
    assert (error, notes) == ("Failed.", [note + " goes on with that."])
    # Each of those is named already.
    assert said_of(credential=turning, left=LEFT)[1] == []


def test_what_the_api_added_is_in_every_error_of_an_account_that_was_made() -> None:
    intent = Intent("", "create", NOON, 90.0)
    more = {"made": 3, "intent": intent}
    task = Task(Item(desired(roles=(AI,)), None, ()))
    task.made, task.intent, task.outcome.user = 3, intent, user(3, roles=(AI, READ, STORE))
    task.outcome.error = InputError("Failed.")
    Executor._say_what_is_left(task)
    assert task.outcome.error.message == (
        "Failed. The API has added ai_training_read, objectstore_operator: take that away with revoke_roles."
    )
    # That of another account, or with a folder, whose next run knows.
    assert said_of(FAILED, **{**more, "made": 4}) == ("Failed.", [])
    assert said_of(FAILED, **{**more, "intent": intent._replace(id="i")}) == ("Failed.", [])
