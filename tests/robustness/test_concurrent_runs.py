# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at the same time: one account for each person in the end, and no credential that lies."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support import modules
from tests.support.rig import ROLES, Rig
from tests.support.running import children, is_running
from tests.support.zygote_client import Zygote

pytestmark = pytest.mark.usefixtures("fast")

PEOPLE = ["ada", "bob", "cy"]


def settled(sim: Simulator, rigs: list[Rig], results: list[dict[str, Any]], people: list[str]) -> None:
    """Assert the good end of runs with folders of their own: one account each, and one of the files opens it."""
    for description in people:
        user = rigs[0].one_account(description)
        holders = []
        for rig, result in zip(rigs, results):
            record = rig.record(description)
            assert record is not None
            assert record["user_id"] == user["id"], "a file names an account that is gone"
            (item,) = [one for one in result["users"] if one["description"] == description]
            assert item["action"] in ("created", "unchanged", "updated")
            if record.get("password"):
                assert sim.project().check_password(user["id"], record["password"])
                holders.append(rig)
            else:
                assert str(user["id"]) in record["note"]
                assert record["note"] in item["note"]
        assert len(holders) == 1, f"{len(holders)} files open the account of {description}"
    for rig in rigs:
        rig.at_rest()


def test_both_have_listed_before_either_creates(sim: Simulator, zygote: Zygote, tmp_path: Path) -> None:
    rigs = [Rig(sim, tmp_path / name) for name in "ab"]
    gate = sim.gate("POST", "/user$", times=None)
    runs = [zygote.start(rig.params(PEOPLE)) for rig in rigs]
    assert gate.wait_reached(count=2)
    gate.release()
    results = [run.result() for run in runs]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    settled(sim, rigs, results, PEOPLE)
    # The loser's file counts as missing: on_missing gives that run a password of its own.
    for rig in rigs:
        records = [record for record in map(rig.record, PEOPLE) if record is not None]
        assert len(records) == len(PEOPLE)
        if any(record.get("password") is None for record in records):
            again = rig.run(PEOPLE, update_password="on_missing")
            assert not again.get("failed"), again["msg"]
            for name in PEOPLE:
                rig.working(name)
            break


@pytest.mark.parametrize("creating", [0.0, 0.4])
@pytest.mark.parametrize("lag", [{}, {"seconds": 0.08}, {"lists": 3}], ids=["no-lag", "seconds", "lists"])
def test_one_run_creates_while_the_other_has_listed_already(
    sim: Simulator, zygote: Zygote, tmp_path: Path, creating: float, lag: dict[str, Any]
) -> None:
    """The second run's creation comes when the first one has long ended: the list lags, the account is not ready."""
    sim.settings.creating = creating
    sim.list_lag(**lag)
    rigs = [Rig(sim, tmp_path / name) for name in "ab"]
    gate = sim.gate("POST", "/user$", times=1)
    late = zygote.start(rigs[1].params(["ada"]))
    assert gate.wait_reached()
    first = zygote.start(rigs[0].params(["ada"])).result()
    gate.release()
    results = [first, late.result()]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    sim.list_lag()
    settled(sim, rigs, results, ["ada"])
    rigs[0].working("ada")


def test_the_account_that_has_to_go_is_not_known_by_its_id_yet(sim: Simulator, zygote: Zygote, tmp_path: Path) -> None:
    """404 right after creation: to believe it would leave two accounts."""
    sim.not_found_after_creation(0.3)
    rigs = [Rig(sim, tmp_path / name) for name in "ab"]
    gate = sim.gate("POST", "/user$", times=None)
    runs = [zygote.start(rig.params(PEOPLE)) for rig in rigs]
    assert gate.wait_reached(count=2)
    gate.release()
    results = [run.result() for run in runs]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    settled(sim, rigs, results, PEOPLE)


def test_many_runs_without_folders(sim: Simulator, zygote: Zygote) -> None:
    rig = Rig(sim, None)
    gate = sim.gate("POST", "/user$", times=None)
    runs = [zygote.start(rig.params(PEOPLE)) for _number in range(4)]
    assert gate.wait_reached(count=4)
    gate.release()
    results = [run.result() for run in runs]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    for description in PEOPLE:
        user = rig.one_account(description)
        passwords = [
            one["password"] for result in results for one in result["credentials"] if one["description"] == description
        ]
        assert len(passwords) == 1
        assert rig.project.check_password(user["id"], passwords[0])


@pytest.mark.parametrize("repetition", range(4))
def test_no_order_is_forced(sim: Simulator, zygote: Zygote, tmp_path: Path, repetition: int) -> None:
    sim.settings.latency = 0.002 * repetition
    rigs = [Rig(sim, tmp_path / name) for name in "abc"]
    runs = [zygote.start(rig.params(PEOPLE)) for rig in rigs]
    results = [run.result() for run in runs]
    for number, result in enumerate(results):
        if result.get("failed"):
            # It looked while there was one account too many: an ambiguous name is left alone, until the next run.
            assert "is ambiguous" in result["msg"]
            results[number] = rigs[number].run(PEOPLE)
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    for description in PEOPLE:
        user = rigs[0].one_account(description)
        records = [record for record in (rig.record(description) for rig in rigs) if record is not None]
        holding = [one for one in records if one.get("password")]
        assert len(holding) == 1
        assert rigs[0].project.check_password(user["id"], holding[0]["password"])
        assert {one["user_id"] for one in records} == {user["id"]}


def test_nobody_elses_account_is_removed(sim: Simulator, zygote: Zygote, tmp_path: Path) -> None:
    """Somebody creates a namesake by hand after ours: it is the younger one, and still not ours to remove."""
    rig = Rig(sim, tmp_path / "a")
    gate = sim.gate("GET", "/user$", skip=1)
    run = zygote.start(rig.params(["ada"]))
    assert gate.wait_reached()
    theirs = rig.project.add_user("ada", password="theirs")
    gate.release()
    assert not run.result().get("failed")
    assert len(rig.project.users_by_description("ada")) == 2
    assert rig.project.password_of(theirs["id"]) == "theirs"
    # From now on that is for a person to decide.
    sim.clear_calls()
    again = rig.run(["ada", "bob"])
    assert again["failed"]
    assert "ambiguous" in again["msg"]
    assert str(theirs["id"]) in again["msg"]
    assert [one.body["description"] for one in sim.writes()] == ["bob"]
    rig.working("bob")


def test_a_lost_answer_beside_another_run_touches_nothing_that_may_not_be_ours(
    sim: Simulator, rig: Rig, zygote: Zygote
) -> None:
    """Two accounts of the right time, one request of ours without an answer: whose is whose cannot be told."""
    sim.fault("reset", "POST", "/user$", "after")
    gate = sim.gate("GET", "/user$", skip=1)
    run = zygote.start(rig.params(["ada"]))
    assert gate.wait_reached()
    rig.project.add_user("ada", ROLES, password="theirs")
    gate.release()
    result = run.result()
    assert result["failed"]
    both = sorted(user["id"] for user in rig.project.users_by_description("ada"))
    assert result["users"][0]["failure"]["user_ids"] == both
    assert rig.project.password_of(both[1]) == "theirs"
    # When the person has removed the other one, the next run finishes.
    rig.project.remove_user(both[1])
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada"])


# One folder


def test_the_second_run_in_a_folder_waits_for_the_first(sim: Simulator, rig: Rig, zygote: Zygote) -> None:
    gate = sim.gate("POST", "/user$")
    runs = [zygote.start(rig.params(PEOPLE))]
    assert gate.wait_reached()
    runs.append(zygote.start(rig.params([*PEOPLE, "dan"])))
    time.sleep(0.2)
    sim.clear_calls()
    time.sleep(0.1)
    # It does not even look at the cloud before it has the lock.
    assert [one.path for one in sim.calls if "/user" in one.path and one.method == "POST"] == []
    gate.release()
    results = [run.result() for run in runs]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    rig.whole([*PEOPLE, "dan"])
    assert [one["summary"]["created"] for one in results] == [3, 1]


def test_waiting_for_the_folder_ends_in_a_clear_error(sim: Simulator, rig: Rig, zygote: Zygote) -> None:
    gate = sim.gate("POST", "/user$")
    first = zygote.start(rig.params(PEOPLE))
    assert gate.wait_reached()
    began = time.monotonic()
    second = zygote.start(rig.params(PEOPLE, wait_timeout=1)).result()
    assert 0.9 < time.monotonic() - began < 5
    assert second["failed"]
    assert "another run still works in" in second["msg"]
    assert "wait_timeout" in second["msg"]
    gate.release()
    assert not first.result().get("failed")
    rig.whole(PEOPLE)
    assert len(sim.writes()) == 3


@pytest.mark.parametrize("vaulted", [False, True], ids=["plain", "vaulted"])
def test_a_killed_run_frees_the_folder(sim: Simulator, tmp_path: Path, vaulted: bool) -> None:
    """The lock goes with the process, and no helper of its vault holds it or lives on."""
    rig = Rig(sim, tmp_path / "creds", vaulted)
    gate = sim.gate("POST", "/user$")
    process = modules.start("ovh_cloud_users", rig.params(["ada"]))
    assert gate.wait_reached(30)
    helpers = children(process.pid)
    assert len(helpers) == (1 if vaulted else 0)
    process.kill()
    process.communicate()
    gate.release(drop=True)
    result = rig.run(["ada"], wait_timeout=5)
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada"])
    deadline = time.monotonic() + 5
    while any(map(is_running, helpers)):
        assert time.monotonic() < deadline, "the helper outlives its run"
        time.sleep(0.02)


def test_a_killed_playbook_leaves_its_module_and_the_next_run_overlaps(
    sim: Simulator, rig: Rig, tmp_path: Path
) -> None:
    """``ansible-playbook`` is killed, its module works on. The next run waits for it and finds the work done."""
    import json
    import os
    import signal
    import subprocess
    import sys

    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{"cloudops.ovh.ovh_cloud_users": rig.params(PEOPLE)}],
        }
    ]
    path = tmp_path / "play.json"
    path.write_text(json.dumps(play))
    gate = sim.gate("POST", "/user$")
    interpreter = json.dumps({"ansible_python_interpreter": sys.executable})
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", interpreter, str(path)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=os.environ
    )
    assert gate.wait_reached(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    second = modules.start("ovh_cloud_users", rig.params(PEOPLE))
    time.sleep(1)
    gate.release()
    result = modules.finish(second)
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["unchanged"] == 3
    rig.whole(PEOPLE)
    assert len([one for one in sim.writes() if one.method == "POST"]) == 3


def test_without_a_folder_an_orphan_and_the_next_run_end_with_one_account(sim: Simulator, zygote: Zygote) -> None:
    rig = Rig(sim, None)
    gate = sim.gate("POST", "/user$")
    orphan = zygote.start(rig.params(["ada"]))
    assert gate.wait_reached()
    result = zygote.start(rig.params(["ada"])).result()
    assert not result.get("failed"), result
    gate.release()
    assert not orphan.result().get("failed")
    user = rig.one_account("ada")
    assert rig.project.check_password(user["id"], result["credentials"][0]["password"])
