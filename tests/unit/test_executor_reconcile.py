# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is asked to what is done: what is read, in which order, and what ends a run before its first write."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import ai, converge, reconcile, storage, store, watch
from ansible_collections.cloudops.ovh.plugins.module_utils._api.converge import Report, Request, Settings
from ansible_collections.cloudops.ovh.plugins.module_utils._api.stop import Stop
from ansible_collections.cloudops.ovh.plugins.module_utils._core.access_keys import AccessKey
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Desired, Policy
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    ApiError,
    CancelledError,
    GuardError,
    InputError,
    StoreError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.token_spec import Spec, Token
from ansible_collections.cloudops.ovh.tests.unit.strategies import (
    AI,
    CATALOGUE,
    NOON,
    READ,
    WITHDRAWN,
    by_id,
    desired,
    issued,
    user,
)
from tests.support.fake_project import FakeKeeper, FakeProject

ADA = user(3, roles=(AI,))


class FakeStore(FakeKeeper):
    """Stands for :class:`Store`; ``stored`` is what lies there, by stem."""

    def __init__(self, journal: list[tuple[Any, ...]]) -> None:
        super().__init__(journal)
        self.stored: dict[str, Stored] = {}
        #: Whom an earlier run was about to delete.
        self.left: dict[str, int] = {}

    def made(self, folder: str, service_name: str, password: str | None, write: bool) -> FakeStore:
        self.journal.append(("store", folder, service_name, password, write))
        return self

    def open(self, timeout: float, stop: object) -> None:
        assert isinstance(stop, Stop)
        self.answer("open", timeout)

    def close(self) -> None:
        self.answer("close")

    def states(self, stems: Sequence[str]) -> dict[str, Stored]:
        self.journal.append(("states", *stems))
        return {stem: self.stored[stem] for stem in stems if stem in self.stored}

    def check_vault(self, written: Sequence[str], removed: Sequence[str]) -> None:
        self.answer("check_vault", *written, *removed)

    def path(self, stem: str) -> str:
        return f"/c/{stem}.yml"

    def in_clear(self) -> list[str]:
        return []

    def left_behind(self, but: Container[str]) -> dict[str, int]:
        return {stem: user_id for stem, user_id in self.left.items() if stem not in but}


class Bench:
    """A project and a folder, and one way to bring them to what is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal: list[tuple[Any, ...]] = []
        self.project = FakeProject(self.journal, NOON)
        self.pauses: list[float] = []
        self.store = FakeStore(self.journal)
        monkeypatch.setattr(self.project.stop, "sleep", self.pauses.append)
        self.project.script("catalogue", CATALOGUE)
        for module in (reconcile, converge):
            monkeypatch.setattr(module, "Project", self.found)
        monkeypatch.setattr(store, "Store", self.store.made)

    def found(self, port: object, service_name: str) -> FakeProject:
        assert (port, service_name) == (self.project.port, "p1")
        return self.project

    def lists(self, *found: Any) -> None:
        self.project.script("users", *found)

    def run(self, *asked: Desired, policy: Any = None, settings: Any = None, **more: Any) -> Report:
        wanted = Request("p1", asked, policy or Policy(), settings or Settings(concurrency=1), **more)
        return reconcile.reconcile(wanted, lambda: self.project.port)

    def one(self, asked: Desired, **more: Any) -> Report:
        settings = Settings(concurrency=1, keep_passwords=True)
        wanted = Request("p1", [asked], Policy(), settings, hidden=True, **more)
        return converge.converge_one(wanted, lambda: self.project.port)

    @property
    def calls(self) -> list[str]:
        return [call[0] for call in self.journal]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


# Reading


def test_a_steady_run_reads_users_and_roles_and_nothing_else(bench: Bench) -> None:
    bench.lists([ADA])
    report = bench.run(desired(roles=(AI,)))
    assert sorted(bench.calls) == ["catalogue", "users"]
    assert (report.outcomes[0].action, report.files, report.service_name) == ("unchanged", None, "p1")


def test_roles_are_not_read_where_none_is_named(bench: Bench) -> None:
    bench.lists([ADA])
    bench.run(desired(), desired("bob", state="absent", roles=(AI,)))
    assert bench.calls == ["users"]


@pytest.mark.parametrize("name", ["users", "catalogue"])
def test_a_read_that_fails_ends_the_run(bench: Bench, name: str) -> None:
    problem = ApiError("503.", "unreached")
    bench.project.answers.clear()
    bench.project.script("catalogue", problem if name == "catalogue" else CATALOGUE)
    bench.lists(problem if name == "users" else [ADA])
    with pytest.raises(ApiError) as caught:
        bench.run(desired(roles=(AI,)))
    assert caught.value is problem
    assert sorted(bench.calls) == ["catalogue", "users"]


@pytest.mark.parametrize("check", [True, False])
def test_the_folder_is_opened_for_as_long_as_the_run_lasts(bench: Bench, check: bool) -> None:
    bench.lists([user(3), user(4, "bob"), user(5, "team-x")])
    policy = Policy(purge_match="^team-")
    more = {"credentials_dir": "/c", "vault_password": "v", "check": check}
    report = bench.run(desired("bob"), by_id(9), policy=policy, settings=Settings(wait_timeout=7), **more)
    assert bench.journal[:2] == [("store", "/c", "p1", "v", not check), ("open", 7)]
    assert ("states", "bob", "bob=4", "team-x", "team-x=5") in bench.journal
    assert bench.journal[-1] == ("close",)
    assert report.files == {"bob": "/c/bob.yml", "team-x": "/c/team-x.yml"}


@pytest.mark.parametrize("folder", [None, ""])
def test_without_a_folder_none_is_opened(bench: Bench, folder: str | None) -> None:
    bench.lists([ADA])
    bench.run(desired(), credentials_dir=folder)
    assert bench.calls == ["users"]


def test_a_folder_that_cannot_be_opened_ends_the_run_before_it_reads(bench: Bench) -> None:
    bench.store.script("open", StoreError("Too wide."))
    with pytest.raises(StoreError, match="Too wide"):
        bench.run(desired(), credentials_dir="/c")
    assert bench.calls == ["store", "open", "close"]


def test_only_files_that_are_rewritten_are_opened_before_the_first_write(bench: Bench) -> None:
    bench.lists([ADA, user(4, "bob")], [ADA, user(4, "bob")])
    bench.run(desired(), desired("bob", update_password="always"), credentials_dir="/c")
    assert ("check_vault", "bob") in bench.journal
    assert bench.calls.index("check_vault") < bench.calls.index("begin")


# What a killed run may have left


@pytest.mark.parametrize(
    ("stored", "looks"),
    [
        (Stored(), 0),
        (Stored(None, Intent("i", "create", NOON - 80, 90.0)), 5),
        (Stored(None, Intent("i", "create", NOON - 100, 90.0)), 0),
        (Stored(None, Intent("i", "renew", NOON, 90.0, 3)), 0),
        (Stored(issued(3, NOON - 14)), 5),
        (Stored(issued(3, NOON - 15)), 0),
        (Stored(issued(3, NOON)._replace(has_password=False)), 0),
        (Stored(issued(3)._replace(issued_at=None)), 0),
    ],
)
def test_an_account_that_a_list_may_not_show_yet_is_looked_for(bench: Bench, stored: Stored, looks: int) -> None:
    bench.store.stored["ada"] = stored
    bench.lists(*[[]] * (1 + looks), [user(7)])
    bench.project.script("create_user", (user(7), "secret"))
    bench.run(desired(), credentials_dir="/c")
    assert bench.calls[: bench.calls.index("create_user")].count("users") == 1 + looks
    assert bench.pauses[:looks] == [watch.LAG / 5] * looks


def test_who_was_looked_for_in_vain_keeps_no_other_from_being_rotated(bench: Bench) -> None:
    bench.store.stored = {"ada": Stored(issued(3, NOON - 200)), "new": Stored(issued(9, NOON))}
    bench.lists(*[[ADA]] * 7)
    bench.run(desired(), desired("new", if_missing="skip"), policy=Policy(rotate_after=100.0), credentials_dir="/c")
    assert "renew_password" in bench.calls


def test_looking_ends_when_the_account_is_there(bench: Bench) -> None:
    bench.store.stored["ada"] = Stored(None, Intent("i", "create", NOON, 90.0))
    bench.lists([], [], [user(7)], [user(7)])
    bench.run(desired(), credentials_dir="/c")
    # It is ours, and gets a password.
    kinds = [name for name in bench.calls if name in ("users", "renew_password")]
    assert kinds == ["users", "users", "users", "renew_password", "users"]
    assert bench.journal.count(("states", "ada")) == 1
    assert ("states", "ada", "ada=7") in bench.journal


def test_nobody_is_looked_for_who_is_there_or_has_no_description(bench: Bench) -> None:
    held = Stored(issued(3, NOON))
    bench.store.stored.update({"ada": held, "bob": held})
    bench.lists([ADA])
    bench.run(desired(), by_id(9), credentials_dir="/c")
    assert bench.calls.count("users") == 1


@pytest.mark.parametrize(("after", "renewed"), [(None, False), (100.0, True), (300.0, False)])
def test_the_time_counts_where_passwords_are_rotated(bench: Bench, after: float | None, renewed: bool) -> None:
    bench.store.stored["ada"] = Stored(issued(3, NOON - 200))
    bench.lists([ADA], [ADA])
    bench.run(desired(), policy=Policy(rotate_after=after), credentials_dir="/c")
    assert ("renew_password" in bench.calls) is renewed


def test_the_files_of_those_whom_an_earlier_run_has_deleted_go(bench: Bench) -> None:
    bench.store.left = {"bob": 4, "carl": 5, "dora": 6}
    bench.lists([ADA, user(4, "bob")])
    bench.project.script("user_by_id", None, user(6, "dora"))
    report = bench.run(desired(), credentials_dir="/c", check=True)
    # Who is there after all keeps them.
    assert [call[1] for call in bench.journal if call[0] == "user_by_id"] == [5, 6]
    assert [(outcome.item.stem, outcome.action) for outcome in report.outcomes] == [
        ("ada", "unchanged"),
        ("carl", "deleted"),
    ]


# Access keys and tokens that shall go


def test_keys_are_read_of_those_who_shall_lose_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def keys(self: object, user_id: int) -> tuple[AccessKey, ...]:
        asked.append(user_id)
        return (AccessKey(f"k{user_id}"), AccessKey("x"))

    monkeypatch.setattr(storage.Storage, "keys", keys)
    bench.lists([ADA, user(4, "bob"), user(5, "cyd")])
    gone = [desired(name, s3_credentials="absent") for name in ("ada", "cyd", "nobody")]
    report = bench.run(*gone, desired("bob", s3_credentials="present"), check=True, policy=Policy())
    assert sorted(asked) == [3, 5]
    steps = [[(step.kind, step.key) for step in outcome.done] for outcome in report.outcomes[:2]]
    assert steps == [[("revoke_key", "k3"), ("revoke_key", "x")], [("revoke_key", "k5"), ("revoke_key", "x")]]


def test_keys_are_read_of_those_who_are_purged_and_not_of_who_is_listed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(storage.Storage, "keys", lambda self, user_id: asked.append(user_id) or (AccessKey("k"),))
    for purge_keys in (True, False):
        bench.lists([ADA, user(4, "bob"), user(5, "cyd")])
        report = bench.run(desired(), check=True, policy=Policy(purge_match="ada|bob", purge_keys=purge_keys))
        kinds = [[step.kind for step in outcome.done] for outcome in report.outcomes]
        assert kinds == [[], ["revoke_key", "delete"] if purge_keys else ["delete"]]
    assert asked == [4]


def test_keys_that_cannot_be_read_keep_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ApiError("No.", "forbidden", 403)

    def fail(self: object, user_id: int) -> None:
        raise problem

    monkeypatch.setattr(storage.Storage, "keys", fail)
    gone = [desired(s3_credentials="absent", state="absent"), desired("bob", s3_credentials="absent")]
    bench.lists([ADA, user(4, "bob")])
    assert [one.error for one in bench.run(*gone, check=True).outcomes] == [problem, problem]
    bench.lists([ADA, user(4, "bob")], [user(4, "bob")])
    said = [one.error.message for one in bench.run(*gone, desired("cyd", state="absent")).outcomes if one.error]
    assert said == ["ada: the account is deleted, but access keys may be left. No.", "No."]


@pytest.mark.parametrize("there", [None, ADA, ApiError("No.", "refused")], ids=["gone", "there", "unknown"])
def test_who_has_no_keys_because_it_is_gone(bench: Bench, monkeypatch: pytest.MonkeyPatch, there: Any) -> None:
    """ "Not found" is also said of users that are new: those are asked about again."""
    answers = [ApiError("Nobody.", "not_found"), (AccessKey("k"),)]

    def keys(self: object, user_id: int) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    def find(self: object, user_id: int) -> Any:
        if isinstance(there, ApiError):
            raise there
        return there

    monkeypatch.setattr(storage.Storage, "keys", keys)
    monkeypatch.setattr(storage.Storage, "user_by_id", find)
    bench.lists([ADA])
    (outcome,) = bench.run(desired(s3_credentials="absent"), check=True).outcomes
    assert [step.key for step in outcome.done] == ([] if there is None else ["k"])


# What a folder says


def test_a_vault_password_that_would_be_hidden_in_a_path_is_refused(bench: Bench) -> None:
    bench.lists([user(3, "correct horse")])
    with pytest.raises(InputError, match="credentials_vault_password is part of the path of a credential file"):
        bench.run(desired("correct horse"), credentials_dir="/c", vault_password="horse")
    bench.lists([user(3, "correct horse")])
    assert bench.run(desired("correct horse"), credentials_dir="/c", vault_password="stable").warnings == []


def test_files_in_clear_are_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.store, "in_clear", lambda: ["/c/a.yml", "/c/b.yml"])
    bench.lists([ADA])
    (warning,) = bench.run(desired(), credentials_dir="/c", vault_password="stable").warnings
    assert warning.startswith("Not encrypted, though credentials_vault_password is given: /c/a.yml, /c/b.yml. They")


@pytest.mark.parametrize(
    ("after", "date", "warned"),
    [(60.0, None, True), (60.0, NOON, False), (None, None, False)],
    ids=["none", "is", "off"],
)
def test_a_password_without_a_date_that_should_be_rotated_is_named(
    bench: Bench, after: float | None, date: float | None, warned: bool
) -> None:
    bench.store.stored = {"ada": Stored(issued(3)._replace(issued_at=date)), "bob": Stored(issued(4))}
    bench.lists([ADA, user(4, "bob")])
    found = bench.run(desired(), desired("bob"), credentials_dir="/c", policy=Policy(rotate_after=after)).warnings
    assert [one[: one.index(":")] for one in found] == (
        ["rotate_after_days does not renew the passwords in /c/ada.yml"] if warned else []
    )


TOKEN = Token("t1", Spec("x", READ, "GRA", "owner=ada"))


def test_tokens_are_read_where_some_shall_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ai.AiProject, "tokens", lambda self: (TOKEN,))
    bench.lists([ADA], [ADA])
    report = bench.run(desired(ai_tokens="absent"), desired("bob", state="absent"), check=True)
    assert [step.kind for step in report.outcomes[0].done] == ["revoke_token"]
    assert bench.run(desired(), check=True).outcomes[0].done == []


def test_tokens_that_cannot_be_read_fail_those_who_should_lose_them_and_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = ApiError("No.", "forbidden")

    def fail(self: object) -> None:
        raise problem

    monkeypatch.setattr(ai.AiProject, "tokens", fail)
    bench.lists([ADA, user(4, "bob")])
    report = bench.run(
        desired(ai_tokens="absent", state="absent"), desired("bob"), by_id(9, ai_tokens="absent"), check=True
    )
    first, second, third = report.outcomes
    # The account goes all the same.
    assert (first.error, [step.kind for step in first.done]) == (problem, ["delete"])
    assert second.error is None
    assert third.error is not None
    assert "no live user" in third.error.message


def test_what_was_done_without_the_tokens_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise ApiError("No.", "forbidden", 403)

    monkeypatch.setattr(ai.AiProject, "tokens", fail)
    bench.lists([ADA, user(4, "bob")], [user(4, "bob")], [user(4, "bob")])
    report = bench.run(desired(ai_tokens="absent", state="absent"), desired("bob", roles=(), ai_tokens="absent"))
    first, second = report.outcomes
    assert first.error is not None
    assert first.error.message == "ada: the account is deleted, but AI tokens that name the user may be left. No."
    assert first.error.as_dict()["status"] == 403
    assert (second.error is not None and second.error.message) == "No."


def test_a_stop_while_tokens_are_read_is_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: object) -> None:
        raise CancelledError("Stop.")

    monkeypatch.setattr(ai.AiProject, "tokens", stop)
    bench.lists([ADA])
    with pytest.raises(CancelledError):
        bench.run(desired(ai_tokens="absent"))


# Before the first write

REFUSED = (
    "Refused before any change: this run would return a password in clear, and Ansible prints and AWX stores the"
    " results of tasks. Set no_log: true on the task, or use credentials_dir (ovh_cloud_users), or"
    " return_password: false."
)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("keeps", "hidden", "folder", "asked", "refused"),
    [
        (True, False, None, desired("new"), True),
        (True, False, None, desired(update_password="always"), True),
        (True, True, None, desired("new"), False),
        (False, False, None, desired("new"), False),
        (True, False, "/c", desired("new"), False),
        (True, False, None, desired(), False),
    ],
)
def test_a_password_in_clear_is_refused(
    bench: Bench, check: bool, keeps: bool, hidden: bool, folder: str | None, asked: Desired, refused: bool
) -> None:
    bench.lists([ADA], [ADA, user(7, "new")])
    bench.project.script("create_user", (user(7, "new"), "secret"))
    settings = Settings(concurrency=1, keep_passwords=keeps)
    if not refused:
        bench.run(asked, settings=settings, hidden=hidden, credentials_dir=folder, check=check)
        return
    with pytest.raises(InputError) as caught:
        bench.run(asked, settings=settings, hidden=hidden, check=check)
    assert caught.value.message == REFUSED
    assert bench.calls == ["users"]


def test_check_mode_asks_for_no_rights_and_writes_nothing(bench: Bench) -> None:
    bench.lists([user(3)])
    report = bench.run(desired(roles=(AI,)), check=True)
    assert report.outcomes[0].action == "updated"
    assert sorted(bench.calls) == ["catalogue", "users"]


def test_rights_are_asked_for_before_the_first_write(bench: Bench) -> None:
    bench.lists([user(3), user(4, "bob")], [ADA, user(4, "bob", roles=(AI, READ))])
    bench.run(desired(roles=(AI,)), desired("bob", roles=(AI, READ)))
    assert bench.calls[2:] == ["credential_rules", "expect", "grant", "grant", "grant", "users"]
    assert ("expect", 3) in bench.journal


def test_rights_that_are_missing_end_the_run(bench: Bench) -> None:
    bench.project.script("credential_rules", [{"method": "GET", "path": "/*"}])
    bench.lists([user(3)])
    with pytest.raises(ApiError) as caught:
        bench.run(desired(roles=(AI,)), desired("new"))
    rules = ["POST /cloud/project/p1/user", "POST /cloud/project/p1/user/*/role"]
    assert caught.value.as_dict() == {
        "code": "api",
        "message": f"Nothing was changed: the consumer key has no rule for {', '.join(rules)}. Ask for a key with these"
        " rules.",
        "kind": "forbidden",
        "status": None,
        "missing_rules": rules,
    }
    assert bench.calls[-1] == "credential_rules"


@pytest.mark.parametrize(
    "rules", [None, ApiError("No.", "forbidden"), [{"method": "POST", "path": "/*"}]], ids=["none", "unknown", "enough"]
)
def test_rights_that_are_not_known_are_tried(bench: Bench, rules: object) -> None:
    bench.project.script("credential_rules", rules)
    bench.lists([user(3)], [ADA])
    assert bench.run(desired(roles=(AI,))).outcomes[0].error is None


@pytest.mark.parametrize("verify", [True, False])
def test_the_right_to_log_in_counts_where_passwords_are_tried(bench: Bench, verify: bool) -> None:
    bench.project.script("credential_rules", [{"method": "POST", "path": "/*Password"}])
    bench.lists([ADA], [ADA])
    settings = Settings(concurrency=1, verify=verify)
    if not verify:
        assert bench.run(desired(update_password="always"), settings=settings).outcomes[0].error is None
        return
    with pytest.raises(ApiError, match=r"no rule for POST /cloud/project/p1/user/\*/token"):
        bench.run(desired(update_password="always"), settings=settings)


def test_what_a_killed_run_left_needs_no_rights(bench: Bench) -> None:
    bench.store.stored["ada"] = Stored(issued(3, NOON - 600, intent="i"), Intent("i", "create", NOON - 600, 90.0))
    bench.lists([ADA])
    bench.run(desired(roles=(AI,)), credentials_dir="/c")
    assert bench.calls[-3:] == ["expect", "settle", "close"]
    assert "credential_rules" not in bench.calls


def test_a_plan_that_is_refused_changes_nothing(bench: Bench) -> None:
    bench.lists([ADA])
    with pytest.raises(GuardError):
        bench.run(desired(state="absent"), policy=Policy(max_deletions=0), credentials_dir="/c")
    assert bench.calls == ["store", "open", "users", "states", "close"]


# One user


@pytest.mark.parametrize(
    ("have", "asked", "calls"),
    [
        ((AI,), {}, ["users"]),
        ((AI,), {"roles": (AI,)}, ["users"]),
        ((AI,), {"roles": (AI, READ)}, ["users", "catalogue"]),
        # One that OVHcloud withdrew, and that the user still has.
        ((AI, WITHDRAWN.name), {"roles": (AI, WITHDRAWN.name)}, ["users"]),
        ((AI,), {"roles": ("AI Operator",)}, ["users", "catalogue"]),
    ],
)
def test_the_catalogue_is_read_where_it_is_needed(
    bench: Bench, have: tuple[str, ...], asked: dict[str, Any], calls: list[str]
) -> None:
    bench.lists([user(3, roles=have)])
    report = bench.one(desired(**asked), check=True)
    assert bench.calls == calls
    assert (report.files, report.service_name) == (None, "p1")


def test_one_user_is_brought_to_what_is_asked(bench: Bench) -> None:
    bench.lists([user(3)], [ADA])
    report = bench.one(desired(roles=(AI,)))
    assert bench.calls == ["users", "catalogue", "credential_rules", "expect", "grant", "users"]
    assert (report.outcomes[0].action, report.outcomes[0].user) == ("updated", ADA)


def test_the_password_of_one_user_is_returned(bench: Bench) -> None:
    bench.lists([ADA], [ADA])
    assert bench.one(desired(update_password="always")).outcomes[0].password == "a new one"
