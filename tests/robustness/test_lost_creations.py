# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A creation whose answer is lost: never two accounts, never a lost one, a password that works."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.modules import call, connection
from tests.support.rig import ROLES, Rig

pytestmark = pytest.mark.usefixtures("fast")

#: Every way in which an answer can be missing, by the API page.
LOSSES: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "close": {"kind": "close"},
    "timeout": {"kind": "timeout", "seconds": 0.3},
    "html-502": {"kind": "html", "status": 502},
    "html-503": {"kind": "html", "status": 503},
    "html-408": {"kind": "html", "status": 408},
    "json-500": {"kind": "status", "status": 500},
    "garbage": {"kind": "garbage"},
    "empty": {"kind": "garbage", "text": ""},
    "truncated": {"kind": "truncated"},
    "wrong-shape": {"kind": "wrong_shape", "shape": {"id": "seven"}},
    "null": {"kind": "wrong_shape", "shape": None},
}
LAGS: dict[str, dict[str, Any]] = {"no-lag": {}, "lag-seconds": {"seconds": 0.08}, "lag-lists": {"lists": 2}}


def lose(sim: Simulator, loss: str, when: str, **more: Any) -> None:
    fault = dict(LOSSES[loss])
    sim.fault(fault.pop("kind"), "POST", "/user$", when, **fault, **more)


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", LOSSES)
def test_one_account_with_a_working_password(sim: Simulator, rig: Rig, loss: str, when: str, lag: str) -> None:
    sim.list_lag(**LAGS[lag])
    lose(sim, loss, when, skip=1)
    people = ["ada", "bob", "cy"]
    result = rig.run(people, timeout=0.2, concurrency=2)
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["created"] == 3
    assert result["credentials"] == []
    sim.list_lag()
    rig.whole(people)
    rig.steady(people)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", LOSSES)
def test_without_a_folder_the_result_has_the_password_that_works(sim: Simulator, loss: str, when: str) -> None:
    rig = Rig(sim, None)
    lose(sim, loss, when)
    result = rig.run(["ada", "bob"], timeout=0.2)
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada", "bob"], result)
    assert len(result["credentials"]) == 2
    rig.steady(["ada", "bob"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_module_for_one_user_does_the_same(sim: Simulator, when: str) -> None:
    lose(sim, "reset", when)
    params = {**connection(sim), "description": "ada", "roles": ROLES}
    result = call(kinds.USER, params)
    assert not result.get("failed"), result["msg"]
    user = Rig(sim, None).one_account("ada")
    assert sim.project().check_password(user["id"], result["password"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_two_answers_in_a_row_are_lost(sim: Simulator, rig: Rig, when: str) -> None:
    lose(sim, "html-502", when, times=2)
    result = rig.run(["ada"])
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada"])
    rig.steady(["ada"])


@pytest.mark.parametrize("loss", ["reset", "html-503", "wrong-shape"])
def test_creations_that_never_work_are_given_up_and_repaired_by_the_next_run(
    sim: Simulator, rig: Rig, loss: str
) -> None:
    rig.run(["ada"])
    lose(sim, loss, "before", times=None)
    result = rig.run(["ada", "bob"], timeout=0.2)
    assert result["failed"]
    failed = {user["description"]: user for user in result["users"]}
    assert failed["ada"]["action"] == "unchanged"
    assert failed["bob"]["action"] == "failed"
    assert "POST /cloud/project" in failed["bob"]["error"]
    assert "Run again" in failed["bob"]["error"]
    assert rig.project.users_by_description("bob") == []
    # Three requests, each after having looked: no storm.
    assert len([one for one in sim.writes() if one.body.get("description") == "bob"]) == 3
    sim.clear_faults()
    again = rig.run(["ada", "bob"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada", "bob"])
    rig.steady(["ada", "bob"])


def test_one_user_that_fails_stops_no_other(sim: Simulator, rig: Rig) -> None:
    sim.fault("status", "POST", "/user$", status=400, message="no such thing", skip=1)
    result = rig.run(["ada", "bob", "cy"], concurrency=1)
    assert result["failed"]
    assert result["summary"] == {"created": 2, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 1}
    (failed,) = [user for user in result["users"] if user["action"] == "failed"]
    assert "HTTP 400" in failed["error"]
    assert "query id EU.ext-1." in failed["error"]
    rig.at_rest()
    assert rig.project.users_by_description(failed["description"]) == []
    for user in result["users"]:
        if user["action"] == "created":
            rig.one_account(user["description"])
            rig.working(user["description"])


def test_an_account_that_takes_effect_after_the_second_request_is_not_left_over(sim: Simulator, rig: Rig) -> None:
    """The first request hangs in a queue, is given up, and happens after all: both accounts are ours."""
    gate = sim.gate("POST", "/user$")

    def release() -> None:
        while not any(call.effect for call in sim.calls):
            time.sleep(0.01)
        gate.release()

    helper = threading.Thread(target=release)
    helper.start()
    # The run waits for the second account to be ready while the first one appears.
    sim.settings.creating = 0.8
    result = rig.run(["ada"], timeout=0.2)
    helper.join()
    assert not result.get("failed"), result["msg"]
    creations = [one for one in sim.writes() if one.method == "POST" and one.path.endswith("/user")]
    assert [one.effect for one in creations] == [True, True]
    rig.whole(["ada"])


def test_a_namesake_that_the_list_hid_is_not_touched(sim: Simulator, rig: Rig) -> None:
    """Somebody made the account a moment ago, and the list lags: ours has to go, theirs keeps its password."""
    sim.list_lag(seconds=0.1)
    theirs = rig.project.add_user("ada", ROLES, password="theirs")
    result = rig.run(["ada"])
    assert not result.get("failed"), result["msg"]
    assert rig.one_account("ada")["id"] == theirs["id"]
    assert rig.project.password_of(theirs["id"]) == "theirs"
    record = rig.record("ada")
    assert record is not None
    assert record["user_id"] == theirs["id"]
    assert record.get("password") is None
    assert str(theirs["id"]) in record["note"]
    sim.list_lag()
    rig.at_rest()


def test_a_role_that_the_api_adds_to_what_is_created_goes(sim: Simulator, rig: Rig) -> None:
    rig.project.catalogue.default_role = "administrator"
    lose(sim, "close", "after")
    assert not rig.run([{"name": "ada", "roles": []}, "bob"]).get("failed")
    rig.one_account("ada", [])
    rig.one_account("bob")
    rig.working("ada")
    rig.at_rest()


def test_a_folder_that_fills_up_is_said_and_repaired(
    sim: Simulator, rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ansible_collections.cloudops.ovh.plugins.module_utils._api import folder

    real = folder.Folder.write

    def full(self: Any, name: str, text: str) -> None:
        if name == "ada.yml":
            raise folder.StoreError("No space left on device.")
        real(self, name, text)

    with monkeypatch.context() as patch:
        patch.setattr(folder.Folder, "write", full)
        result = rig.run(["ada", "bob"])
    assert result["failed"]
    assert "could not be stored" in result["msg"]
    rig.working("bob")
    again = rig.run(["ada", "bob"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada", "bob"])
