# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list that shows a change much later than it is believed: nobody is doubled, forgotten, or taken for gone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.modules import call, connection
from tests.support.rig import ROLES, Rig
from tests.support.zygote_client import Zygote

pytestmark = pytest.mark.usefixtures("fast")

#: In these tests a list is believed after 0.15 seconds.
LONG = 1.0
#: For a list that a test does not wait for.
ENDLESS = 3600.0
AI, STORE = ROLES


def writes(sim: Simulator) -> list[str]:
    return [f"{one.method} {one.route.rpartition('/user')[2]}" for one in sim.writes() if one.effect]


def asked(sim: Simulator) -> list[int]:
    """Whom a run has asked for by the id."""
    paths = [one.path for one in sim.calls if one.method == "GET" and (one.route or "").endswith("/user/{userId}")]
    return [int(path.rpartition("/")[2]) for path in paths]


def test_a_creation_is_waited_for(sim: Simulator, rig: Rig) -> None:
    sim.list_lag(seconds=LONG)
    result = rig.run(["ada", "bob"])
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["created"] == 2
    # Each is asked for once, when the list is to be believed and does not show it.
    assert sorted(asked(sim)) == sorted(user["id"] for user in result["users"])
    rig.whole(["ada", "bob"])
    rig.steady(["ada", "bob"])


def test_one_that_is_not_shown_in_time_is_not_made_again(sim: Simulator, rig: Rig) -> None:
    sim.list_lag(seconds=ENDLESS)
    result = rig.run(["ada"], wait_timeout=1)
    assert "is there, but not in the project's list after 1 s (wait_timeout)" in result["msg"]
    assert result["changed"]
    before = rig.snapshot()
    # The file says whom to ask for.
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    assert (again["changed"], again["users"][0]["action"]) == (False, "unchanged")
    assert rig.snapshot() == before
    assert writes(sim) == ["POST "]
    rig.whole(["ada"])


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_one_that_is_not_shown_yet_is_deleted_where_it_shall_go(sim: Simulator, rig: Rig, check: bool) -> None:
    sim.list_lag(seconds=ENDLESS)
    assert rig.run(["ada"], wait_timeout=1)["failed"]
    sim.clear_calls()
    result = rig.run(["ada"], state="absent", check=check)
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], result["summary"]["deleted"]) == (True, 1)
    assert writes(sim) == ([] if check else ["DELETE /{userId}"])
    assert len(rig.project.live_users()) == len(rig.names(".yml")) == int(check)


def test_who_is_gone_is_made_again_though_a_file_is_there(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    rig.project.remove_user(rig.one_account("ada")["id"])
    result = rig.run(["ada"])
    assert result["summary"]["created"] == 1
    rig.whole(["ada"])


def test_keys_that_may_not_ask_for_one_user_believe_the_list(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    rig.project.remove_user(rig.one_account("ada")["id"])
    sim.fault(
        "status",
        "GET",
        r"/user/\d+$",
        status=403,
        message="This call has not been granted",
        error_code="NOT_GRANTED_CALL",
    )
    assert rig.run(["ada"])["summary"]["created"] == 1
    rig.whole(["ada"])


def test_whoever_cannot_be_asked_for_is_not_made_again(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    rig.project.remove_user(rig.one_account("ada")["id"])
    sim.clear_calls()
    sim.fault("status", "GET", r"/user/\d+$", times=None, status=500)
    result = rig.run(["ada"])
    assert result["failed"]
    assert sim.writes() == []


@pytest.mark.parametrize(
    ("asked", "there", "made"),
    [
        ({"roles": [AI, STORE]}, [STORE], ["POST /{userId}/role"]),
        ({"roles": [AI, STORE], "purge_roles": True}, ["administrator"], ["PUT /{userId}/role"]),
        ({"roles": [], "revoke_roles": [AI]}, [AI, STORE], ["DELETE /{userId}/role/{roleId}"]),
        ({"state": "absent"}, ROLES, ["DELETE /{userId}"]),
    ],
    ids=["grant", "set", "revoke", "delete"],
)
def test_a_change_is_made_once(sim: Simulator, asked: dict[str, Any], there: list[str], made: list[str]) -> None:
    rig = Rig(sim, None)
    sim.project().add_user("ada", there)
    sim.list_lag(seconds=ENDLESS)
    sim.advance(ENDLESS + 1)
    result = rig.run(["ada"], **asked)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    assert writes(sim) == made


@pytest.mark.parametrize("folder", [True, False], ids=["folder", "no folder"])
def test_a_creation_without_an_answer_leaves_one_account(sim: Simulator, rig: Rig, folder: bool) -> None:
    rig = rig if folder else Rig(sim, None)
    sim.list_lag(seconds=0.25)
    sim.fault("reset", "POST", "/user$", "after")
    result = rig.run(["ada"])
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada"], result)


def test_what_a_killed_run_made_is_not_doubled(sim: Simulator, rig: Rig, zygote: Zygote) -> None:
    """The next run makes another one, since nothing shows the first; then it keeps the older, with a password."""
    sim.list_lag(seconds=0.8)
    gate = sim.gate("POST", "/user$", "after")
    killed = zygote.start(rig.params(["ada"]))
    assert gate.wait_reached()
    killed.kill()
    assert killed.wait().was_killed
    gate.release(drop=True)
    (first,) = rig.project.live_users()
    result = rig.run(["ada"])
    assert not result.get("failed"), result["msg"]
    assert result["users"][0]["user_id"] == first["id"]
    assert writes(sim) == ["POST ", "POST ", "DELETE /{userId}", "POST /{userId}/regeneratePassword"]
    rig.whole(["ada"])
    rig.steady(["ada"])


def test_two_runs_with_folders_of_their_own_end_with_one_account_each(sim: Simulator, rig: Rig) -> None:
    """Each run sees what the other has made before it sees its own."""
    people = ["ada", "bob", "cy"]
    sim.list_lag(seconds=0.4)
    rigs = [Rig(sim, rig.place.parent / name) for name in ("one", "two")]
    results: list[dict[str, Any]] = []
    runs = [threading.Thread(target=lambda one=one: results.append(one.run(people))) for one in rigs]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [result.get("msg") for result in results] == [None, None]
    for description in people:
        rig.one_account(description)
        assert any(one.record(description).get("password") for one in rigs)


def test_the_module_for_one_user_waits_as_well(sim: Simulator) -> None:
    sim.list_lag(seconds=LONG)
    params = {**connection(sim), "description": "ada", "roles": ROLES}
    first, second = call(kinds.USER, params), call(kinds.USER, params)
    assert (first["changed"], second["changed"]) == (True, False)
    Rig(sim, None).one_account("ada")
