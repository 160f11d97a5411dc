# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each act of a run: what reaches the API and the folder, in which order, and what is known of the user after it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import task as task_file
from ansible_collections.cloudops.ovh.plugins.module_utils._api.converge import Settings
from ansible_collections.cloudops.ovh.plugins.module_utils._api.task import (
    Acts,
    Gate,
    Lost,
    NotNow,
    Surplus,
    Task,
    left_over,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    ApiError,
    CancelledError,
    CloudOpsError,
    DisagreementError,
    NotReadyError,
    StoreError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Step
from ansible_collections.cloudops.ovh.tests.unit.strategies import (
    AI,
    NOON,
    READ,
    ROLES,
    STORE,
    WITHDRAWN,
    by_id,
    desired,
    issued,
    user,
)
from tests.support.fake_project import FakeKeeper, FakeProject

CREATE = Step("create", (AI,))
ADA = user(7, roles=(AI,))
#: How long an intent to create holds: as long as the request may take, and then as long as it may take effect.
LASTING = 90.0


def error(kind: str, status: int | None = None) -> ApiError:
    return ApiError(f"The API said: {kind}.", kind, status)


class Bench:
    """Acts over a project and a folder that are told what to say."""

    def __init__(self, folder: bool = True, **settings: Any) -> None:
        self.journal: list[tuple[Any, ...]] = []
        self.project = FakeProject(self.journal, NOON)
        self.keeper = FakeKeeper(self.journal) if folder else None
        roles = {role.name: role for role in ROLES.values()}
        self.acts = Acts(self.project, self.keeper, roles, Settings(**settings))

    def said(self, task: Task, problem: type[Exception] | None = None) -> list[tuple[Any, ...]]:
        """Work on a task; return all that was asked of the API and the folder."""
        del self.journal[:]
        if problem is None:
            self.acts.work(task)
        else:
            with pytest.raises(problem):
                self.acts.work(task)
        return self.journal


def task(*steps: Step, there: User | None = None, stem: str | None = "ada", **more: Any) -> Task:
    asked = more.pop("asked", desired())
    return Task(Item(asked, there, steps, stem=stem, **more))


# Creations


def test_a_creation_is_written_down_before_and_kept_after() -> None:
    bench, one = Bench(), task(CREATE, exact=True)
    bench.project.script("create_user", (ADA, "secret"))
    assert bench.said(one) == [
        ("begin", "ada", "ada", "create", NOON, LASTING, None),
        ("create_user", "ada", (AI,)),
        ("keep", "ada", 7, "secret", NOON, "i1", None),
        ("settle", "ada"),
    ]
    assert (one.user, one.made, one.creations, one.intent) == (ADA, 7, 1, None)
    assert one.outcome.credential == Credential(7, True, NOON, None, "i1")
    assert (one.outcome.done, list(one.todo)) == ([CREATE], [])
    # The folder has it: nothing else holds it.
    assert (one.outcome.password, one.password) == (None, None)


def test_what_a_killed_run_meant_to_create_is_begun_anew() -> None:
    bench, one = Bench(), task(CREATE, stored=Stored(None, Intent("old", "create", NOON - 600, LASTING)))
    bench.project.script("create_user", (ADA, "secret"))
    assert bench.said(one)[0] == ("begin", "ada", "ada", "create", NOON, LASTING, None)


@pytest.mark.parametrize(("keeps", "password"), [(True, "secret"), (False, None)])
@pytest.mark.parametrize("stem", ["ada", None])
def test_without_a_folder_a_password_is_returned_where_that_is_asked(
    keeps: bool, password: str | None, stem: str | None
) -> None:
    for folder in (False, True):
        if folder and stem is not None:
            continue
        bench, one = Bench(folder, keep_passwords=keeps, verify=True), task(CREATE, stem=stem)
        bench.project.script("create_user", (ADA, "secret"))
        assert bench.said(one) == [("create_user", "ada", (AI,))]
        assert (one.outcome.password, one.password, one.intent) == (password, "secret", None)


def test_an_account_with_other_roles_keeps_its_intent_until_they_are_right() -> None:
    bench, one = Bench(), task(CREATE, Step("grant", (READ,)))
    bench.project.script("create_user", (user(7, roles=(AI, STORE)), "secret"))
    assert [call[0] for call in bench.said(one)] == ["begin", "create_user", "extend", "keep", "grant"]
    # Should the run be killed, the next one knows which role the API added.
    assert one.intent == Intent("i1", "create", NOON, LASTING, None, (AI,), (STORE,))
    assert one.user is not None
    assert [role.name for role in one.user.roles] == [AI, STORE, READ]
    bench.acts.finish(one)
    assert (bench.journal[-1], one.intent) == (("settle", "ada"), None)


@pytest.mark.parametrize(("kind", "settled"), [("refused", True), ("forbidden", True), ("throttled", True)])
def test_a_creation_that_was_surely_refused_leaves_no_intent(kind: str, settled: bool) -> None:
    bench, one = Bench(), task(CREATE)
    bench.project.script("create_user", error(kind))
    assert bench.said(one, ApiError)[-1] == ("settle", "ada")
    assert (one.intent, one.lost, list(one.todo), one.outcome.done) == (None, None, [CREATE], [])


def test_a_creation_that_was_stopped_before_it_was_sent_leaves_no_intent() -> None:
    bench, one = Bench(), task(CREATE)
    assert bench.keeper is not None
    begin = bench.keeper.begin
    bench.keeper.begin = lambda *given: (bench.project.stop.set(), begin(*given))[1]
    assert [call[0] for call in bench.said(one, CancelledError)] == ["begin", "settle"]


def test_a_creation_whose_answer_was_lost_keeps_its_intent_and_is_sent_again_with_the_same() -> None:
    bench, one, lost = Bench(), task(CREATE), error("lost")
    bench.project.script("create_user", lost, error("refused"), (ADA, "secret"))
    assert [call[0] for call in bench.said(one, Lost)] == ["begin", "create_user"]
    assert (one.lost, one.intent) == (lost, Intent("i1", "create", NOON, LASTING, None, (AI,)))
    # It keeps its beginning, and holds for the later request as well; refused or not, the first may have happened.
    bench.project.now += 100
    for problem in (ApiError, None):
        assert bench.said(one, problem)[:2] == [
            ("extend", "ada", "ada", "i1", LASTING + 100),
            ("create_user", "ada", (AI,)),
        ]
        assert one.intent == Intent("i1", "create", NOON, LASTING + 100, None, (AI,))
    assert bench.journal[2:] == [("keep", "ada", 7, "secret", NOON + 100, "i1", None)]
    assert (one.creations, one.made) == (3, 7)


@pytest.mark.parametrize(
    ("age", "action", "calls"),
    [
        (LASTING, "create", ["extend", "create_user", "keep"]),
        # By now it has had its effect or never will, and an account of that time is not ours to judge.
        (LASTING + 1, "create", ["begin", "create_user", "keep", "settle"]),
        (1, "renew", ["begin", "create_user", "keep", "settle"]),
    ],
)
def test_a_creation_of_a_killed_run_counts_as_one_of_ours_while_it_may_still_appear(
    age: float, action: str, calls: list[str]
) -> None:
    stored = Stored(None, Intent("old", action, NOON - age, LASTING))
    bench, one = Bench(), task(CREATE, stored=stored)
    bench.project.script("create_user", (ADA, "secret"))
    assert [call[0] for call in bench.said(one)] == calls
    kept = Intent("old", "create", NOON - age, LASTING + age, None, (AI,)) if calls[0] == "extend" else None
    assert (one.intent, one.creations) == (kept, 2 if kept else 1)


def test_without_a_folder_a_creation_is_known_by_its_time_all_the_same() -> None:
    bench, one = Bench(False), task(CREATE)
    bench.project.now += 0.5
    bench.project.script("create_user", error("lost"), error("lost"))
    bench.said(one, Lost)
    assert one.intent == Intent("", "create", NOON, LASTING, None, (AI,))
    bench.project.now += 10
    assert bench.said(one, Lost) == [("create_user", "ada", (AI,))]
    assert one.intent == Intent("", "create", NOON, LASTING + 10.5, None, (AI,))


def test_an_account_with_another_description_is_taken_back() -> None:
    bench, one = Bench(), task(CREATE)
    bench.project.script("create_user", (user(7, "Ada"), "secret"))
    assert [call[0] for call in bench.said(one, Surplus)] == ["begin", "create_user"]
    assert one.surplus == [7]
    bench.acts.clear(one)
    assert (one.surplus, bench.journal[-1]) == ([], ("delete_user", 7))
    with pytest.raises(DisagreementError) as caught:
        bench.acts.cleared(one)
    assert caught.value.message == (
        "users[0]: the API made user 7 with the description 'Ada' instead. It was removed again. Choose a description"
        " that the API keeps as it is."
    )
    assert (bench.journal[-1], one.user, one.intent, one.clearing_since) == (("settle", "ada"), None, None, None)


# Accounts too many


@pytest.mark.parametrize("kind", ["not_found", "conflict"])
def test_surplus_that_cannot_go_yet_is_left_to_the_list(kind: str) -> None:
    bench, one = Bench(), task(CREATE)
    one.surplus = [8, 9]
    bench.project.script("delete_user", error(kind))
    bench.acts.clear(one)
    assert (one.surplus, [call[1] for call in bench.journal]) == ([8], [8, 9])
    since = one.clearing_since
    assert since is not None
    bench.acts.clear(one)
    assert (one.surplus, one.clearing_since) == ([], since)


@pytest.mark.parametrize("kind", ["refused", "lost", "forbidden"])
def test_surplus_that_cannot_be_removed_is_named(kind: str) -> None:
    bench, one = Bench(), task(CREATE)
    one.surplus = [8, 9]
    bench.project.script("delete_user", error(kind))
    with pytest.raises(DisagreementError) as caught:
        bench.acts.clear(one)
    assert caught.value.message == (
        "users[0]: this run made user 8, 9, which has to go again and could not be removed. Delete it by hand. The API"
        f" said: {kind}."
    )
    assert caught.value.details == {"user_ids": [8, 9]}


OLDER = user(5, username="user-x")


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize(("purge", "exact"), [(True, True), (False, False)])
def test_the_account_of_another_run_is_the_users_with_a_note_instead_of_a_password(
    folder: bool, purge: bool, exact: bool
) -> None:
    bench = Bench(folder, verify=True, keep_passwords=True)
    one = task(CREATE, exact=True, asked=desired(roles=(AI,), purge_roles=purge))
    bench.project.script("create_user", (user(7), "secret"))
    bench.said(one)
    one.heir = (OLDER, False)
    del bench.journal[:]
    bench.acts.cleared(one)
    note = (
        "Another run created user 5 (user-x) at the same time. It is the older one and stays; the account 7 that this"
        " run made was removed again. The password is where that other run keeps it; update_password=on_missing or"
        " always gives a new one."
    )
    assert bench.journal == ([("note", "ada", 5, note), ("settle", "ada")] if folder else [])
    assert one.outcome.credential == (Credential(5) if folder else None)
    assert (one.user, one.heir, one.made, one.intent) == (OLDER, None, None, None)
    assert (one.outcome.password, one.password, one.outcome.done, list(one.todo)) == (None, None, [], [])
    assert (one.outcome.notes, one.exact) == ([note], exact)


def test_an_older_account_of_ours_gets_another_password() -> None:
    bench, one = Bench(), task(CREATE)
    bench.project.script("create_user", (user(7), "secret"))
    bench.said(one)
    one.heir = (OLDER, True)
    bench.acts.cleared(one)
    assert list(one.todo) == [Step("renew", reason="recover")]
    assert (one.user, one.outcome.notes, one.outcome.done) == (OLDER, [], [CREATE])


def test_without_an_heir_nothing_more_is_to_be_done() -> None:
    bench, one = Bench(), task(CREATE, there=ADA)
    bench.acts.cleared(one)
    assert (bench.journal, one.user) == ([], ADA)


# Passwords


def test_a_renewal_is_written_down_before_and_kept_after() -> None:
    held = issued(7)
    bench, one = Bench(verify=True), task(Step("renew", reason="always"), there=ADA, stored=Stored(held))
    assert bench.said(one) == [
        ("begin", "ada", "ada", "renew", NOON, 60.0, 7),
        ("renew_password", 7),
        ("keep", "ada", 7, "a new one", NOON, "i1", held),
        ("settle", "ada"),
    ]
    assert (one.password, one.outcome.password, one.intent) == ("a new one", None, None)


def test_a_renewal_without_a_folder() -> None:
    bench, one = Bench(False, keep_passwords=True), task(Step("renew", reason="always"), there=ADA)
    assert bench.said(one) == [("renew_password", 7)]
    assert (one.password, one.outcome.password) == (None, "a new one")


def test_a_password_that_is_recovered_has_its_intent_already() -> None:
    intent = Intent("old", "create", NOON - 9, LASTING)
    bench, one = Bench(), task(Step("renew", reason="recover"), there=ADA, stored=Stored(None, intent))
    assert bench.said(one) == [
        ("renew_password", 7),
        ("keep", "ada", 7, "a new one", NOON, "old", None),
        ("settle", "ada"),
    ]


@pytest.mark.parametrize("reason", ["always", "recover"])
@pytest.mark.parametrize(
    ("problem", "raised", "settles"),
    [
        (error("refused"), ApiError, True),
        (error("conflict"), NotNow, True),
        (error("not_found"), NotNow, True),
        (CancelledError("Stop."), CancelledError, True),
        (error("lost"), ApiError, False),
    ],
)
def test_a_renewal_that_failed_leaves_an_intent_where_the_password_may_be_gone(
    reason: str, problem: CloudOpsError, raised: type[Exception], settles: bool
) -> None:
    stored = Stored(None, Intent("old", "create", NOON, LASTING) if reason == "recover" else None)
    bench, one = Bench(), task(Step("renew", reason=reason), there=ADA, stored=stored)
    bench.project.script("renew_password", problem)
    settled = ("settle", "ada") in bench.said(one, raised)
    assert settled is (settles and reason == "always")
    assert (one.intent is None) is settled


def test_a_renewal_is_not_begun_once_the_run_was_told_to_stop() -> None:
    bench, one = Bench(), task(Step("renew", reason="always"), there=ADA)
    assert bench.keeper is not None
    begin = bench.keeper.begin
    bench.keeper.begin = lambda *given: (bench.project.stop.set(), begin(*given))[1]
    assert [call[0] for call in bench.said(one, CancelledError)] == ["begin", "settle"]


def test_a_password_that_cannot_be_stored_is_told() -> None:
    bench, one = Bench(), task(Step("renew", reason="always"), there=ADA)
    assert bench.keeper is not None
    bench.keeper.script("keep", StoreError("The disk is full."))
    with pytest.raises(StoreError) as caught:
        bench.acts.work(one)
    assert caught.value.message == (
        "ada (user 7) has a new password that could not be stored: The disk is full. Run again when that is repaired:"
        " the user gets another new password then."
    )
    # The intent says so to the next run.
    assert ("settle", "ada") not in bench.journal


@pytest.mark.parametrize("password", ["secret", None])
@pytest.mark.parametrize("there", [ADA, None])
def test_a_new_password_is_tried(password: str | None, there: User | None) -> None:
    bench, one = Bench(), task(there=there)
    one.password = password
    bench.acts.verify(one)
    tried = password is not None and there is not None
    assert bench.journal == ([("log_in", 7, "secret")] if tried else [])
    assert one.outcome.verified is (True if tried else None)


def test_a_new_password_that_does_not_work_is_told() -> None:
    bench, one = Bench(), task(there=ADA)
    one.password = "secret"
    bench.project.script("log_in", error("refused", 401))
    with pytest.raises(DisagreementError) as caught:
        bench.acts.verify(one)
    assert caught.value.message == (
        "ada (user 7) cannot log in with the new password: The API said: refused. update_password=always for this user"
        " gives another one."
    )
    assert one.outcome.verified is False


@pytest.mark.parametrize("kind", ["lost", "unreached", "throttled", "not_found", "conflict", "forbidden"])
def test_a_new_password_that_was_not_tried_is_not_called_wrong(kind: str) -> None:
    bench, one, problem = Bench(), task(there=ADA), error(kind)
    problem.of_keys = kind == "forbidden"
    one.password = "secret"
    bench.project.script("log_in", problem)
    with pytest.raises(NotReadyError, match="could not be tried"):
        bench.acts.verify(one)


# The end


@pytest.mark.parametrize(
    ("step", "intent", "folder", "stem", "expected"),
    [
        ("delete", None, True, "ada", [("forget", "ada")]),
        ("forget", Intent("i", "create", NOON, LASTING), True, "ada", [("forget", "ada")]),
        ("grant", Intent("i", "create", NOON, LASTING), True, "ada", [("settle", "ada")]),
        ("grant", None, True, "ada", []),
        ("delete", None, False, "ada", []),
        ("delete", None, True, None, []),
    ],
)
def test_the_folder_is_at_rest_in_the_end(
    step: str, intent: Intent | None, folder: bool, stem: str | None, expected: list[tuple[str, ...]]
) -> None:
    bench, one = Bench(folder), task(Step(step), there=ADA, stem=stem, stored=Stored(issued(7), intent))
    bench.acts.finish(one)
    assert bench.journal == expected
    forgotten = expected[:1] == [("forget", "ada")]
    assert one.outcome.credential == (None if forgotten else issued(7))


# Roles and deletions


@pytest.mark.parametrize(
    ("step", "call", "names"),
    [
        (Step("grant", (READ,)), ("grant", 7, READ), {AI, WITHDRAWN.name, READ}),
        (Step("revoke", (AI,)), ("revoke", 7, AI), {WITHDRAWN.name}),
        # One that is not in the catalogue any more, and one that the user has not.
        (Step("revoke", (WITHDRAWN.name,)), ("revoke", 7, WITHDRAWN.name), {AI}),
        (Step("revoke", (READ,)), ("revoke", 7, READ), {AI, WITHDRAWN.name}),
        (Step("set_roles", (STORE, READ)), ("set_roles", 7, (STORE, READ)), {STORE, READ}),
        (Step("delete"), ("delete_user", 7), {AI, WITHDRAWN.name}),
    ],
)
def test_a_step_is_one_call_and_what_it_changed_is_known(step: Step, call: tuple[Any, ...], names: set[str]) -> None:
    bench, one = Bench(), task(step, there=user(7, roles=(AI, WITHDRAWN.name)))
    assert bench.said(one) == [call]
    assert one.outcome.done == [step]
    assert one.user is not None
    assert one.user.role_names == names


@pytest.mark.parametrize("kind", ["grant", "revoke", "set_roles", "delete", "renew"])
def test_without_a_user_there_is_nothing_to_change(kind: str) -> None:
    bench, one = Bench(), task(Step(kind, (AI,)))
    assert bench.said(one) == []


@pytest.mark.parametrize(
    ("step", "call"),
    [
        (Step("grant", (READ,)), "grant"),
        (Step("revoke", (AI,)), "revoke"),
        (Step("set_roles", (READ,)), "set_roles"),
        (Step("delete"), "delete_user"),
    ],
)
@pytest.mark.parametrize("kind", ["not_found", "conflict", "refused", "lost"])
def test_a_user_that_is_not_ready_is_waited_for(step: Step, call: str, kind: str) -> None:
    bench, one, problem = Bench(), task(step, there=ADA), error(kind)
    bench.project.script(call, problem)
    bench.project.script("roles_of", (ROLES[AI],))
    bench.project.script("user_by_id", ADA)
    with pytest.raises((NotNow, ApiError)) as caught:
        bench.acts.work(one)
    if kind in ("not_found", "conflict"):
        assert isinstance(caught.value, NotNow)
        assert caught.value.answer is problem
    elif kind == "lost":
        assert f"ada (user 7): {problem.message} It may have happened. Run again" in str(caught.value)
    else:
        assert caught.value is problem
    assert (list(one.todo), one.outcome.done) == ([step], [])


@pytest.mark.parametrize(
    ("kind", "has", "done"),
    [("conflict", True, True), ("conflict", False, False), ("lost", True, True), ("lost", False, False)],
)
def test_a_grant_that_may_have_happened_is_looked_at(kind: str, has: bool, done: bool) -> None:
    bench, one = Bench(), task(Step("grant", (READ, STORE)), there=ADA)
    bench.project.script("grant", error(kind))
    bench.project.script("roles_of", (ROLES[AI], ROLES[READ]) if has else (ROLES[AI],))
    calls = bench.said(one, None if done else NotNow if kind == "conflict" else ApiError)
    assert calls == [("grant", 7, READ), ("roles_of", 7), *([("grant", 7, STORE)] if done else [])]


@pytest.mark.parametrize(
    ("step", "kind", "roles", "done"),
    [
        (Step("revoke", (AI,)), "not_found", (), False),
        (Step("revoke", (AI,)), "not_found", (READ,), False),
        (Step("revoke", (AI,)), "lost", (READ,), True),
        (Step("grant", (READ,)), "conflict", (AI, READ), False),
        (Step("grant", (READ,)), "lost", (AI, READ), True),
        (Step("set_roles", (READ, STORE)), "lost", (STORE, READ), True),
    ],
)
def test_what_is_as_asked_needs_no_second_word(step: Step, kind: str, roles: tuple[str, ...], done: bool) -> None:
    """Where an answer was lost it was this run, where the API says that there is nothing to do it was somebody else."""
    bench, one = Bench(), task(step, there=ADA)
    bench.project.script(step.kind, error(kind))
    bench.project.script("roles_of", tuple(ROLES[name] for name in roles))
    assert [said[0] for said in bench.said(one)] == [step.kind, "roles_of"]
    assert one.outcome.done == ([step] if done else [])


@pytest.mark.parametrize("there", [None, ADA, error("refused")], ids=["gone", "there", "unknown"])
def test_a_deletion_without_an_answer_is_looked_at(there: Any) -> None:
    bench, one = Bench(), task(Step("delete"), there=ADA)
    bench.project.script("delete_user", error("lost"))
    bench.project.script("user_by_id", there)
    said = bench.said(one, None if there is None else ApiError)
    assert said == [("delete_user", 7), ("user_by_id", 7)]
    assert one.outcome.done == ([Step("delete")] if there is None else [])


def test_a_user_that_nobody_knows_yet_keeps_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, one = Bench(), task(Step("revoke", (AI,)), there=ADA)
    bench.project.script("revoke", error("not_found"))
    bench.project.script("roles_of", error("not_found"))
    bench.said(one, NotNow)
    bench.project.script("revoke", error("not_found"))
    bench.project.script("roles_of", error("forbidden"))
    bench.said(one, ApiError)


KEPT = Stored(Credential(7, True, NOON))


@pytest.mark.parametrize(
    ("answer", "settled"),
    [("refused", True), ("forbidden", True), ("conflict", False), ("lost", False), ("stop", True)],
)
def test_an_intent_to_delete_stays_while_the_account_may_be_gone(
    monkeypatch: pytest.MonkeyPatch, answer: str, settled: bool
) -> None:
    bench, one = Bench(), task(Step("delete"), there=ADA, stored=KEPT)
    if answer == "stop":
        checks = iter([None, CancelledError("Stop.")])

        def check() -> None:
            problem = next(checks)
            if problem is not None:
                raise problem

        monkeypatch.setattr(bench.project.stop, "check", check)
    else:
        bench.project.script("delete_user", error(answer))
        bench.project.script("user_by_id", ADA)
    said = bench.said(one, Exception)
    assert said[0][:4] == ("begin", "ada", "ada", "delete")
    assert (("delete_user", 7) in said, ("settle", "ada") in said) == (answer != "stop", settled)


def test_an_intent_of_a_killed_run_is_not_lost_with_a_deletion() -> None:
    intent = Intent("old", "create", NOON - 600, LASTING)
    bench, one = Bench(), task(Step("delete"), there=ADA, stored=KEPT._replace(intent=intent))
    bench.project.script("delete_user", error("refused"))
    assert bench.said(one, ApiError) == [("delete_user", 7)]


def test_nobody_found_after_a_deletion_without_an_answer_is_enough() -> None:
    bench, one, problem = Bench(), task(Step("delete"), there=ADA), error("not_found")
    problem.uncertain = True
    bench.project.script("delete_user", problem)
    bench.said(one)
    assert one.outcome.done == [Step("delete")]


def test_a_grant_that_was_refused_is_not_looked_at() -> None:
    bench, one = Bench(), task(Step("grant", (READ,)), there=ADA)
    bench.project.script("grant", error("refused"))
    assert bench.said(one, ApiError) == [("grant", 7, READ)]


# Steps


def test_files_are_forgotten_in_the_end_only() -> None:
    bench, one = Bench(), task(Step("forget"))
    assert bench.said(one) == []
    assert one.outcome.done == [Step("forget")]


def test_a_failure_keeps_what_is_left() -> None:
    bench, one = Bench(), task(Step("revoke", (AI,)), Step("grant", (READ,)), Step("grant", (STORE,)), there=ADA)
    bench.project.script("grant", error("refused"))
    assert len(bench.said(one, ApiError)) == 2
    assert (one.outcome.done, list(one.todo)) == (
        [Step("revoke", (AI,))],
        [Step("grant", (READ,)), Step("grant", (STORE,))],
    )


@pytest.mark.parametrize("act", ["create", "renew"])
def test_an_intent_that_cannot_be_removed_hides_nothing_of_what_was_done(act: str) -> None:
    step = CREATE if act == "create" else Step("renew", reason="always")
    bench, one = Bench(), task(step, there=None if act == "create" else ADA)
    bench.project.script("create_user", (ADA, "secret"))
    bench.project.script("renew_password", "secret")
    assert bench.keeper is not None
    settle = bench.keeper.settle

    def fail(stem: str) -> None:
        raise StoreError("Full.")

    bench.keeper.settle = fail
    bench.said(one)
    assert (one.outcome.done, one.outcome.renewed) == ([step], True)
    with pytest.raises(StoreError):
        bench.acts.finish(one)
    bench.keeper.settle = settle
    bench.acts.finish(one)
    assert one.intent is None


@pytest.mark.parametrize("folder", [False, True])
def test_a_renewal_without_an_answer_says_what_may_be_so(folder: bool) -> None:
    bench, one = Bench(folder), task(Step("renew", reason="always"), there=ADA)
    bench.project.script("renew_password", error("lost"))
    then = "the next run gives another one." if folder else "update_password=always gives another one."
    with pytest.raises(ApiError) as caught:
        bench.acts.work(one)
    assert caught.value.message == (
        "ada (user 7): The API said: lost. It may have happened: the old password may not work any more, and " + then
    )
    assert caught.value.uncertain


def test_no_step_is_begun_once_the_run_was_told_to_stop() -> None:
    bench, one = Bench(), task(Step("grant", (READ,)), there=ADA)
    bench.project.stop.set()
    assert bench.said(one, CancelledError) == []


def test_a_token_that_cannot_go_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, problems = Bench(), [error("refused"), error("lost")]
    tokens = [Step("revoke_token", key=key) for key in ("t1", "t2", "t3")]
    one = task(*tokens, Step("delete"), there=ADA)

    def revoke(task: Task, step: Step) -> None:
        if step.key != "t3":
            raise problems[int(step.key[1]) - 1]

    monkeypatch.setattr(Acts, "_revoke_token", lambda self, one, step: revoke(one, step), raising=False)
    assert bench.said(one) == [("delete_user", 7)]
    assert one.outcome.done == [tokens[2], Step("delete")]
    assert one.left == list(zip(tokens, problems))
    said = left_over(one)
    assert said.message == (
        "ada (user 7): the AI token t1, the AI token t2 could not be removed and may be left; the rest was gone on"
        " with. %s Run again, or remove them with ovh_ai_token (token_id, state=absent)." % problems[0].message
    )
    assert (said.details["s3_keys_left"], said.details["ai_tokens_left"]) == ([], ["t1", "t2"])
    # Once the list has confirmed that the account is gone.
    one.outcome.gone = True
    assert "may be left; the account is deleted." in left_over(one).message


# Whose account it is


@pytest.mark.parametrize(
    ("made", "creations", "intent", "own"),
    [
        (None, 1, None, set()),
        (7, 1, None, {7}),
        (None, 1, Intent("", "create", NOON, LASTING), {7}),
        (None, 2, Intent("", "create", NOON, LASTING), {7}),
        (None, 2, Intent("", "create", NOON - 5, LASTING), {7, 9}),
        (7, 2, Intent("", "create", NOON - 5, LASTING), {7, 9}),
        # More than were asked for: another run was at work as well, and only an answer tells.
        (None, 1, Intent("", "create", NOON - 5, LASTING), set()),
        (9, 1, Intent("", "create", NOON - 5, LASTING), {9}),
    ],
)
def test_which_accounts_this_run_made(made: int | None, creations: int, intent: Intent | None, own: set[int]) -> None:
    one = task(CREATE)
    one.made, one.creations, one.intent = made, creations, intent
    assert one.own([user(7), user(9, created=NOON - 4), user(8, created=NOON - 600)]) == own


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (task(), "ada"),
        (task(there=ADA), "ada (user 7)"),
        (task(there=ADA, asked=by_id(7)), "user_id 7 (user 7)"),
        (task(asked=by_id(7)), "user_id 7"),
    ],
)
def test_what_a_user_is_called(one: Task, name: str) -> None:
    assert one.name == name


def test_a_user_that_is_gone_is_still_called_by_its_id() -> None:
    one = task(there=ADA)
    one.outcome.user = None
    assert one.name == "ada (user 7)"


# The gate


def test_the_first_write_of_a_kind_goes_alone() -> None:
    gate, entered = Gate(), threading.Event()
    gate.enter("create")
    second = threading.Thread(target=lambda: (gate.enter("create"), entered.set()))
    second.start()
    assert not entered.wait(0.05)
    # Another kind waits for no one.
    gate.enter("grant")
    gate.leave("create", None)
    second.join(5)
    assert entered.is_set()


def test_what_is_forbidden_once_is_not_tried_again() -> None:
    gate = Gate()
    gate.enter("create")
    gate.leave("create", error("forbidden"))
    with pytest.raises(ApiError) as caught:
        gate.enter("create")
    assert caught.value.as_dict() == {
        "code": "api",
        "message": "Not tried, since the same was refused for another user: The API said: forbidden.",
        "kind": "forbidden",
        "status": None,
    }
    gate.enter("grant")


@pytest.mark.parametrize("problem", [error("refused"), error("lost"), error("not_found"), ValueError("forbidden")])
def test_what_failed_for_one_user_is_tried_for_the_next(problem: Exception) -> None:
    gate = Gate()
    for _user in range(10):
        gate.enter("create")
        gate.leave("create", problem)


@pytest.mark.parametrize("kind", ["throttled", "unreached"])
def test_an_api_that_is_out_of_reach_is_not_asked_for_ever(kind: str) -> None:
    gate = Gate()

    def fail(times: int) -> None:
        for _user in range(times):
            gate.enter("create")
            gate.leave("create", error(kind))

    fail(2)
    gate.enter("grant")
    gate.leave("grant", None)
    fail(2)
    gate.enter("grant")
    gate.leave("grant", error("refused"))
    fail(3)
    for name in ("create", "grant", "delete"):
        with pytest.raises(ApiError) as caught:
            gate.enter(name)
        assert caught.value.kind == kind
        assert caught.value.message == f"Not tried, since the API failed so often: The API said: {kind}."


def test_a_step_reports_to_the_gate_how_it_ended() -> None:
    bench = Bench()
    bench.project.script("delete_user", *[error("unreached")] * task_file.OUTAGE)
    for _user in range(task_file.OUTAGE):
        bench.said(task(Step("delete"), there=ADA), ApiError)
    assert bench.said(task(Step("delete"), there=ADA), ApiError) == []
