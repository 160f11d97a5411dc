# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is killed at every act that lasts, in turn: each write to the API, before and after its effect, and each
operation on the disk. The next run ends well, and the one after it has nothing to do.

The acts of a run are written down once, so that none is left out; the number of the act is the only parameter. A
thorough run tries every number, an everyday run each third (tests/support/depth.py).
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest

from tests.simulator import Simulator
from tests.support import modules
from tests.support.depth import some
from tests.support.rig import ROLES, Rig, hurry, inline_vault
from tests.support.zygote_client import Zygote

pytestmark = pytest.mark.usefixtures("fast")


class Scene(NamedTuple):
    """What is there before, what the killed run and the runs after it are asked for, and who was there before."""

    prepare: Callable[[Rig], object]
    killed: list[Any]
    then: list[Any]
    people: tuple[str, ...]
    gone: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    vaulted: bool = False


def nothing(_rig: Rig) -> None:
    """An empty project and no folder."""


def two_known(rig: Rig) -> None:
    """Two people with credentials, and one of whom there is no file."""
    rig.run(["ada", "bob"])
    rig.project.add_user("eve", ROLES, password="eve's own")


def default_role(rig: Rig) -> None:
    """The API adds a role of its own to what is created."""
    rig.project.catalogue.default_role = "administrator"


def wrong_roles(rig: Rig) -> None:
    """Two people, each with other roles than they shall have."""
    rig.run(["ada", "bob"])
    for name, roles in (("ada", ["compute_operator"]), ("bob", ["ai_training_operator"])):
        rig.project.set_roles(rig.project.users_by_description(name)[0]["id"], roles)


def long_ago(rig: Rig) -> None:
    """Ada has a credential, and the API made her account anew since: the file names another user."""
    rig.run(["ada", "bob"])
    rig.project.remove_user(rig.project.users_by_description("ada")[0]["id"])
    rig.project.add_user("ada", ROLES)


def issued_long_ago(rig: Rig) -> None:
    """Both credentials are two days old, by the API's clock."""
    two_known(rig)
    rig.sim.clock_offset += 2 * 86400


def with_key(rig: Rig) -> None:
    """Ada's file has an access key."""
    rig.run(["ada", "bob"], s3_credentials="present")


ALWAYS = [{"name": "ada", "update_password": "always"}, "bob"]
ROTATE = [{"name": "ada", "s3_credentials": "rotate"}, "bob"]
ABSENT = [{"name": "ada", "state": "absent"}, "bob"]
MISSING = [{"name": "ada", "update_password": "on_missing"}, "bob"]
EXACT = [{"name": "ada", "purge_roles": True}, "bob"]
PURGE = {"purge_users": True, "purge_match": "^ada$"}

SCENES = {
    "create": Scene(nothing, ["ada", "bob"], ["ada", "bob"], ("ada", "bob")),
    "create-one-more": Scene(two_known, ["ada", "bob", "cy"], ["ada", "bob", "cy"], ("ada", "bob", "cy")),
    "create-other-roles": Scene(default_role, [{"name": "ada"}], ["ada"], ("ada",)),
    "create-vaulted": Scene(nothing, ["ada"], ["ada"], ("ada",), vaulted=True),
    "renew": Scene(two_known, ALWAYS, ["ada", "bob"], ("ada", "bob")),
    "renew-always-again": Scene(two_known, ALWAYS, ALWAYS, ("ada", "bob")),
    "renew-missing": Scene(long_ago, MISSING, MISSING, ("ada", "bob")),
    "renew-vaulted": Scene(two_known, ALWAYS, ["ada", "bob"], ("ada", "bob"), vaulted=True),
    "rotate": Scene(issued_long_ago, ["ada", "bob"], ["ada", "bob"], ("ada", "bob"), options={"rotate_after_days": 1}),
    "make-key": Scene(two_known, ["ada", "bob"], ["ada", "bob"], ("ada", "bob"), options={"s3_credentials": "present"}),
    "rotate-key": Scene(with_key, ROTATE, ["ada", "bob"], ("ada", "bob"), options={"s3_credentials": "present"}),
    "rotate-key-vaulted": Scene(
        with_key, ROTATE, ["ada", "bob"], ("ada", "bob"), options={"s3_credentials": "present"}, vaulted=True
    ),
    "revoke-key": Scene(with_key, ["ada", "bob"], ["ada", "bob"], ("ada", "bob"), options={"s3_credentials": "absent"}),
    "delete": Scene(two_known, ABSENT, ABSENT, ("bob",), gone=("ada",)),
    "purge": Scene(two_known, ["bob"], ["bob"], ("bob",), gone=("ada",), options=PURGE),
    "roles": Scene(wrong_roles, EXACT, EXACT, ("ada", "bob")),
}


def count_acts(zygote: Zygote, name: str, base: Path) -> list[list[str]]:
    """Return the acts of a run that nobody kills."""
    scene = SCENES[name]
    with Simulator() as sim:
        rig = Rig(sim, base / "count", scene.vaulted)
        scene.prepare(rig)
        run = zygote.start(rig.params(scene.killed, concurrency=1, **scene.options), trace=True)
        result = run.result()
        assert not result.get("failed"), result["msg"]
        return run.trace()


def exact_others(scene: Scene, rig: Rig, before: dict[str, Any]) -> None:
    """Assert that nobody whom the killed run did not change was changed."""
    for user_id, (description, password, roles) in before.items():
        if description in ("eve",) or (description == "bob" and scene.prepare not in (wrong_roles, issued_long_ago)):
            assert rig.project.check_password(user_id, password), f"{description} was locked out"
            assert rig.project.role_names(user_id) == roles


def known(rig: Rig) -> dict[Any, Any]:
    """Return everybody's password and roles."""
    ids = [user["id"] for user in rig.project.live_users()]
    return {
        one: (rig.project.user(one)["description"], rig.project.password_of(one), rig.project.role_names(one))
        for one in ids
    }


def kill_and_recover(zygote: Zygote, scene: Scene, base: Path, kill_at: int) -> None:
    with Simulator() as sim:
        rig = Rig(sim, base / str(kill_at), scene.vaulted)
        scene.prepare(rig)
        before = known(rig)
        run = zygote.start(rig.params(scene.killed, concurrency=1, **scene.options), kill_at=kill_at).wait()
        assert run.was_killed, run.output()
        # Until the next run, too, nobody who had nothing to do with the change is worse off.
        exact_others(scene, rig, before)
        result = rig.run(scene.then, **scene.options)
        assert not result.get("failed"), result["msg"]
        exact_others(scene, rig, before)
        rig.whole(scene.people)
        for name in scene.gone:
            assert rig.project.users_by_description(name) == []
            assert rig.record(name) is None
        check_keys(rig, scene)
        then = list(scene.people) + [{"name": name, "state": "absent"} for name in scene.gone]
        rig.steady(then, **scene.options)


def check_keys(rig: Rig, scene: Scene) -> None:
    """Assert that whoever shall have an access key has one, that the file has it, and that nobody else has any."""
    for name in scene.people:
        user = rig.one_account(name)
        keys = {key["access"]: key["secret"] for key in rig.project.s3_credentials(user["id"])}
        record = rig.record(name)
        assert record is not None
        held = {record["s3_access"]: record["s3_secret"]} if record.get("s3_access") else {}
        assert held == keys
        assert len(keys) == (1 if scene.options.get("s3_credentials") == "present" else 0)


@pytest.fixture(autouse=True)
def quick_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vault files without a helper process, here and in the runs that are killed: their disk is the same."""
    inline_vault(monkeypatch.setattr)


@pytest.fixture(scope="module")
def acts(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[list[str]]]:
    """Give the acts of a scene, counted once."""
    counted: dict[str, list[list[str]]] = {}

    def get(name: str) -> list[list[str]]:
        if name not in counted:
            with pytest.MonkeyPatch.context() as patch:
                hurry(patch.setattr)
                inline_vault(patch.setattr)
                counted[name] = count_acts(zygote, name, tmp_path_factory.mktemp("acts"))
        return counted[name]

    return get


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("name", SCENES)
def test_a_run_killed_at_any_act_is_finished_by_the_next(
    zygote: Zygote, acts: Callable[[str], list[list[str]]], tmp_path: Path, name: str, part: int
) -> None:
    count = len(acts(name))
    assert count >= 5
    for kill_at in some(range(1 + part, count + 1, 2), list(SCENES).index(name)):
        try:
            kill_and_recover(zygote, SCENES[name], tmp_path, kill_at)
        except AssertionError as problem:
            raise AssertionError(f"killed before act {kill_at}, {acts(name)[kill_at - 1]}: {problem}") from problem


@pytest.mark.parametrize("name", ["create", "create-other-roles"])
def test_a_run_that_asks_for_other_things_takes_only_what_it_is_asked_for(
    zygote: Zygote, acts: Callable[[str], list[list[str]]], tmp_path: Path, name: str
) -> None:
    """Whoever is offboarded after a run was killed loses the AI role, and what the API added; no more than that."""
    for kill_at in some(range(1, len(acts(name)) + 1), 0):
        with Simulator() as sim:
            rig = Rig(sim, tmp_path / str(kill_at))
            SCENES[name].prepare(rig)
            run = zygote.start(rig.params(SCENES[name].killed, concurrency=1), kill_at=kill_at).wait()
            assert run.was_killed, run.output()
            there = [user["id"] for user in sim.project().live_users()]
            result = rig.run(["ada"], roles=None, revoke_roles=["ai_*"], create=False)
            assert not result.get("failed"), result["msg"]
            assert [user["id"] for user in sim.project().live_users()] == there
            for user in rig.project.users_by_description("ada"):
                assert rig.project.role_names(user["id"]) == ["objectstore_operator"], f"killed before act {kill_at}"


@pytest.mark.parametrize("part", [0, 1])
def test_a_rotation_of_several_keys_is_finished_or_was_never_begun(zygote: Zygote, tmp_path: Path, part: int) -> None:
    ends = set()
    for kill_at in range(1 + part, 60, 2):
        with Simulator() as sim:
            rig = Rig(sim, tmp_path / str(kill_at), vaulted=bool(part))
            with_key(rig)
            ada = rig.one_account("ada")["id"]
            old = [rig.project.add_s3_credential(ada)["access"] for _time in range(2)]
            old += [key["access"] for key in rig.project.s3_credentials(ada) if key["access"] not in old]
            run = zygote.start(rig.params(ROTATE, concurrency=1, s3_credentials="present"), kill_at=kill_at).wait()
            began = len({key["access"] for key in rig.project.s3_credentials(ada)} - set(old)) == 1
            result = rig.run(["ada", "bob"])
            assert not result.get("failed"), result["msg"]
            keys = {key["access"]: key["secret"] for key in rig.project.s3_credentials(ada)}
            record = rig.record("ada")
            assert record is not None
            assert keys[record["s3_access"]] == record["s3_secret"]
            assert "s3_replaces" not in record
            # All of them are there, or only one that is new. What was made before the kill is that one.
            assert set(keys) == set(old) or (len(keys) == 1 and not set(keys) & set(old)), f"killed at {kill_at}"
            assert not began or len(keys) == 1
            ends.add(len(keys))
            rig.steady(["ada", "bob"], s3_credentials="present")
        if not run.was_killed:
            break
    else:
        raise AssertionError("no run came to its end")
    assert ends == {1, 3}


def test_the_acts_are_all_there(acts: Callable[[str], list[list[str]]]) -> None:
    """The list of crash points is not empty by mistake: intents, credentials, their syncs, and the calls between."""
    kinds = [act[0] for act in acts("create")]
    assert kinds.count("send") == kinds.count("answer") == 2
    # Two intents and two credential files, and the lock.
    assert kinds.count("make") == 5
    assert kinds.count("rename") == 4
    assert kinds.count("unlink") == 2
    assert [act[0] for act in acts("renew")].count("rename") == 2
    # The intent and the file.
    assert [act[0] for act in acts("delete")].count("unlink") == 2


# Loss of power: what was not synced may be gone, or may have come in another order.


def is_file(name: str) -> bool:
    return name.endswith((".yml", ".intent"))


@pytest.mark.parametrize("name", SCENES)
def test_what_is_written_lasts_before_anything_builds_on_it(acts: Callable[[str], list[list[str]]], name: str) -> None:
    content_synced: set[str] = set()
    unsynced: list[list[str]] = []
    for act in acts(name):
        kind = act[0]
        if kind == "sync" and act[1] == "folder":
            unsynced.clear()
        elif kind == "sync":
            content_synced.add(act[1])
        elif kind == "rename":
            assert act[1] in content_synced, "a file got its name before its content was on the disk"
            assert is_file(act[2])
            assert unsynced == [], "two changes of the folder at a time can be lost in any order"
            unsynced.append(act)
        elif kind in ("unlink", "mkdir"):
            assert [one for one in unsynced if one[0] != "mkdir"] == [], "something goes before what replaces it lasts"
            unsynced.append(act)
        elif kind == "send":
            assert unsynced == [], "a request went out that the disk may know nothing of"
    assert unsynced == []


@pytest.mark.parametrize("name", ["create", "create-one-more", "renew", "create-vaulted"])
def test_an_intent_is_there_before_the_request_and_goes_after_the_credential_came(
    acts: Callable[[str], list[list[str]]], name: str
) -> None:
    there: set[str] = set()
    written: set[str] = set()
    for act in acts(name):
        if act[0] == "rename":
            there.add(act[2])
            written.add(act[2])
        elif act[0] == "unlink":
            there.discard(act[1])
            if act[1].endswith(".intent"):
                assert act[1][: -len(".intent")] + ".yml" in written
        elif act[0] == "send" and act[1] == "POST" and act[2].endswith(("/user", "/regeneratePassword")):
            assert len([one for one in there if one.endswith(".intent")]) == 1
    assert [one for one in there if one.endswith(".intent")] == []


# The same with the module as Ansible starts it, killed from outside while a call is under way


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("route", "prepare", "items"),
    [("/user$", nothing, ["ada", "bob"]), ("/regeneratePassword$", two_known, ALWAYS)],
    ids=["creation", "renewal"],
)
def test_the_process_is_killed_while_the_api_works(
    sim: Simulator, rig: Rig, when: str, route: str, prepare: Callable[[Rig], object], items: list[Any]
) -> None:
    prepare(rig)
    gate = sim.gate("POST", route, when)
    process = modules.start("ovh_cloud_users", rig.params(items, concurrency=1))
    assert gate.wait_reached(30)
    process.kill()
    process.communicate()
    gate.release(drop=when == "before")
    result = rig.run(["ada", "bob"])
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada", "bob"])
    rig.steady(["ada", "bob"])


# Told to stop


class Stopped(NamedTuple):
    """How a run ended that was told to stop at an act, and what it sent from then on."""

    result: dict[str, Any]
    sent: list[list[str]]


def stop_at(zygote: Zygote, rig: Rig, scene: Scene, act: int, number: int) -> Stopped:
    params = rig.params(scene.killed, concurrency=1, **scene.options)
    run = zygote.start(params, kill_at=act, signal=number).wait()
    # The act itself was begun already.
    return Stopped(run.result(), [one for one in run.trace()[act:] if one[0] == "send"])


def check_told(scene: Scene, rig: Rig, stopped: Stopped) -> None:
    """Assert that the result says what happened: no more, and no less."""
    for user in stopped.result["users"]:
        found = rig.project.users_by_description(user["description"])
        if user["action"] == "created":
            assert [one["id"] for one in found] == [user["user_id"]]
        elif user["action"] == "deleted":
            assert found == []
        elif user["action"] == "failed":
            assert "told to stop" in user["error"]
        if user["action"] in ("created", "updated", "unchanged") and user["description"] in scene.people:
            rig.working(user["description"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(
    "name", ["create", "create-other-roles", "renew", "rotate", "make-key", "rotate-key", "delete", "roles"]
)
def test_a_run_told_to_stop_begins_nothing_new_and_says_what_it_did(
    zygote: Zygote, acts: Callable[[str], list[list[str]]], tmp_path: Path, name: str, number: int
) -> None:
    """At every act in turn, half of them with each signal."""
    scene = SCENES[name]
    for act in some(range(1 + (number == signal.SIGINT), len(acts(name)) + 1, 2), list(SCENES).index(name)):
        with Simulator() as sim:
            rig = Rig(sim, tmp_path / str(act))
            scene.prepare(rig)
            stopped = stop_at(zygote, rig, scene, act, number)
            assert stopped.sent == [], f"told to stop at act {act}, {acts(name)[act - 1]}"
            check_told(scene, rig, stopped)
            again = rig.run(scene.then, **scene.options)
            assert not again.get("failed"), again["msg"]
            rig.whole(scene.people)
            check_keys(rig, scene)
            assert all(rig.project.users_by_description(gone) == [] for gone in scene.gone)


def test_several_at_a_time_are_killed(zygote: Zygote, tmp_path: Path) -> None:
    """With many creations under way at once the order is left to chance: some of all the kills."""
    people = [f"user {number}" for number in range(6)]
    for kill_at in range(3, 90, 9):
        with Simulator() as sim:
            rig = Rig(sim, tmp_path / str(kill_at))
            zygote.start(rig.params(people, concurrency=6), kill_at=kill_at).wait()
            result = rig.run(people)
            assert not result.get("failed"), result["msg"]
            rig.whole(people)
            rig.steady(people)


def test_a_run_is_killed_again_and_again(zygote: Zygote, rig: Rig) -> None:
    """Each run gets one act further than the one before."""
    rig.run(["eve"])
    eve = rig.working("eve")
    for kill_at in range(1, 40):
        run = zygote.start(rig.params(["ada", "eve"], concurrency=1), kill_at=kill_at).wait()
        if not run.was_killed:
            break
    else:
        raise AssertionError("no run came to its end")
    rig.whole(["ada", "eve"])
    assert rig.working("eve") == eve
    rig.steady(["ada", "eve"])
