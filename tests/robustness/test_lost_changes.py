# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewals, grants, revocations and deletions whose answer is lost, or that the API refuses."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.modules import call, connection
from tests.support.rig import ROLES, Rig

pytestmark = pytest.mark.usefixtures("fast")

LOSSES = {
    "reset": {"kind": "reset"},
    "close": {"kind": "close"},
    "timeout": {"kind": "timeout", "seconds": 0.3},
    "html-502": {"kind": "html", "status": 502},
    "json-500": {"kind": "status", "status": 500},
    "garbage": {"kind": "garbage"},
    "truncated": {"kind": "truncated"},
}
REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"status": 400, "message": "no"},
    "403": {"status": 403, "error_code": "NOT_GRANTED_CALL"},
    "401": {"status": 401},
    "460": {"status": 460},
}
RENEW = "/regeneratePassword$"


def lose(sim: Simulator, loss: str, method: str, route: str, when: str, **more: Any) -> None:
    fault: dict[str, Any] = dict(LOSSES[loss])
    sim.fault(fault.pop("kind"), method, route, when, **fault, **more)


# Renewals


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_renewal_ends_with_a_password_that_works(sim: Simulator, rig: Rig, loss: str, when: str) -> None:
    rig.run(["ada", "bob"])
    kept = rig.working("bob")
    old = rig.working("ada")
    lose(sim, loss, "POST", RENEW, when)
    result = rig.run([{"name": "ada", "update_password": "always"}, "bob"], timeout=0.2)
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada", "bob"])
    assert rig.working("ada") != old
    assert rig.working("bob") == kept
    rig.steady(["ada", "bob"])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", ["reset", "garbage", "json-500"])
def test_a_renewal_that_is_lost_for_good_is_repaired_by_the_next_run(
    sim: Simulator, rig: Rig, loss: str, when: str
) -> None:
    rig.run(["ada", "bob"])
    kept = rig.working("bob")
    lose(sim, loss, "POST", RENEW, when, times=None)
    result = rig.run([{"name": "ada", "update_password": "always"}, "bob"], timeout=0.2, retries=2)
    assert result["failed"]
    assert "regeneratePassword" in result["msg"]
    # One for the first attempt and two repetitions, and then no more.
    assert len([one for one in sim.writes() if one.path.endswith("regeneratePassword")]) == 3
    sim.clear_faults()
    # on_create would leave the password alone: it is the intent that says that it may be gone.
    again = rig.run(["ada", "bob"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada", "bob"])
    assert rig.working("bob") == kept
    rig.steady(["ada", "bob"])


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_renewal_leaves_the_credential_as_it_was(sim: Simulator, rig: Rig, refusal: str) -> None:
    rig.run(["ada", "bob"])
    before = rig.snapshot()
    sim.fault("status", "POST", RENEW, times=None, **REFUSALS[refusal])
    result = rig.run([{"name": "ada", "update_password": "always"}, "bob"])
    assert result["failed"]
    assert rig.snapshot() == before
    rig.whole(["ada", "bob"])
    sim.clear_faults()
    rig.steady(["ada", "bob"])


def test_a_renewal_that_is_lost_and_then_refused_counts_as_lost(sim: Simulator, rig: Rig) -> None:
    """The first request did change the password: that the second one was refused proves nothing."""
    rig.run(["ada"])
    sim.fault("reset", "POST", RENEW, "after")
    sim.fault("status", "POST", RENEW, status=400, times=None)
    assert rig.run(["ada"], update_password="always")["failed"]
    sim.clear_faults()
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada"])
    rig.steady(["ada"])


def test_a_renewal_that_is_lost_and_then_throttled_counts_as_lost(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    sim.fault("reset", "POST", RENEW, "after")
    sim.fault("throttle", "POST", RENEW, times=None, retry_after=500)
    result = rig.run(["ada"], update_password="always")
    assert result["failed"]
    sim.clear_faults()
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada"])


@pytest.mark.parametrize("status", [404, 409])
def test_a_renewal_that_is_lost_and_then_met_by_a_busy_user_is_waited_for(
    sim: Simulator, rig: Rig, status: int
) -> None:
    rig.run(["ada"])
    old = rig.working("ada")
    sim.fault("reset", "POST", RENEW, "after")
    sim.fault("status", "POST", RENEW, status=status, times=2, skip=1)
    result = rig.run(["ada"], update_password="always")
    assert not result.get("failed"), result["msg"]
    assert rig.working("ada") != old
    rig.whole(["ada"])


def test_a_renewal_that_is_lost_met_by_a_busy_user_and_then_refused_counts_as_lost(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    sim.fault("reset", "POST", RENEW, "after")
    sim.fault("status", "POST", RENEW, status=409, skip=1)
    sim.fault("status", "POST", RENEW, status=400, skip=1, times=None)
    assert rig.run(["ada"], update_password="always")["failed"]
    sim.clear_faults()
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada"])


def test_a_refused_recovery_is_tried_again_by_the_next_run(sim: Simulator, rig: Rig) -> None:
    sim.fault("reset", "POST", "/user$", "after")
    sim.fault("status", "POST", RENEW, status=400)
    assert rig.run(["ada"])["failed"]
    again = rig.run(["ada"])
    assert not again.get("failed"), again["msg"]
    rig.whole(["ada"])
    rig.steady(["ada"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_without_a_folder_a_lost_renewal_returns_the_password_that_works(sim: Simulator, when: str) -> None:
    sim.project().add_user("ada", ROLES)
    lose(sim, "reset", "POST", RENEW, when)
    rig = Rig(sim, None)
    result = rig.run(["ada"], update_password="always")
    assert not result.get("failed"), result["msg"]
    rig.whole(["ada"], result)


# Roles and deletions


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", ["reset", "timeout", "html-502", "garbage"])
@pytest.mark.parametrize(
    ("change", "method", "route", "ends_with"),
    [
        ({"roles": ROLES}, "POST", "/role$", [*ROLES, "compute_operator"]),
        ({"revoke_roles": ["compute_operator"]}, "DELETE", "/role/", []),
        ({"roles": ROLES, "purge_roles": True}, "PUT", "/role$", ROLES),
    ],
    ids=["grant", "revoke", "exact"],
)
def test_roles_are_right_in_the_end(
    sim: Simulator, loss: str, when: str, change: dict[str, Any], method: str, route: str, ends_with: list[str]
) -> None:
    rig = Rig(sim, None)
    ada = rig.project.add_user("ada", ["compute_operator"])
    eve = rig.project.add_user("eve", ["compute_operator"])
    lose(sim, loss, method, route, when)
    item = {"name": "ada", "roles": None, **change}
    result = rig.run([item], timeout=0.2, roles=None)
    assert not result.get("failed"), result["msg"]
    assert rig.project.role_names(ada["id"]) == sorted(ends_with)
    assert rig.project.role_names(eve["id"]) == ["compute_operator"]
    rig.steady([item], roles=None)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", ["reset", "timeout", "html-502", "garbage"])
def test_a_lost_deletion_deletes_once(sim: Simulator, rig: Rig, loss: str, when: str) -> None:
    rig.run(["ada", "bob"])
    lose(sim, loss, "DELETE", "/user/", when)
    items = [{"name": "ada", "state": "absent"}, "bob"]
    result = rig.run(items, timeout=0.2)
    assert not result.get("failed"), result["msg"]
    assert rig.project.users_by_description("ada") == []
    assert rig.record("ada") is None
    rig.whole(["bob"])
    rig.steady(items)


@pytest.mark.parametrize("deleting", [0.05, 0.5])
def test_a_lost_deletion_that_takes_its_time_is_no_failure(sim: Simulator, rig: Rig, deleting: float) -> None:
    """The repetition is refused, since the user is being deleted, and then there is no user any more."""
    rig.run(["ada", "bob"])
    sim.settings.deleting = deleting
    sim.fault("status", "DELETE", "/user/", "after", status=500)
    result = rig.run([{"name": "ada", "state": "absent"}, "bob"])
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["deleted"] == 1
    assert rig.record("ada") is None
    rig.whole(["bob"])


@pytest.mark.parametrize("refusal", ["400", "403"])
def test_a_refused_deletion_keeps_the_credential(sim: Simulator, rig: Rig, refusal: str) -> None:
    rig.run(["ada", "bob"])
    before = rig.snapshot()
    sim.fault("status", "DELETE", "/user/", times=None, **REFUSALS[refusal])
    assert rig.run([{"name": "ada", "state": "absent"}, "bob"])["failed"]
    assert rig.snapshot() == before
    rig.whole(["ada", "bob"])


def test_an_outage_in_the_middle_keeps_what_was_done_and_the_next_run_repairs(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    sim.fault("reset", "POST", None, "before", times=None, skip=4)
    people = ["ada", *(f"user {number}" for number in range(8))]
    result = rig.run(people, retries=1, concurrency=2)
    assert result["failed"]
    for user in result["users"]:
        if user["action"] == "created":
            rig.one_account(user["description"])
            rig.working(user["description"])
    sim.clear_faults()
    again = rig.run(people)
    assert not again.get("failed"), again["msg"]
    rig.whole(people)
    rig.steady(people)


def test_a_role_that_the_api_drops_is_given_again_and_then_reported(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    ada = rig.one_account("ada")
    items = [{"name": "ada", "roles": [*ROLES, "compute_operator"]}]
    # The API says yes, and does nothing.
    sim.fault("wrong_shape", "POST", f"/user/{ada['id']}/role$", times=1, shape={})
    assert not rig.run(items).get("failed")
    rig.one_account("ada", [*ROLES, "compute_operator"])
    items = [{"name": "ada", "roles": [*ROLES, "administrator"]}]
    sim.fault("wrong_shape", "POST", f"/user/{ada['id']}/role$", times=None, shape={})
    result = rig.run(items)
    assert result["failed"]
    assert "administrator" not in rig.project.role_names(ada["id"])
    assert "accepted the roles but shows" in result["msg"]


def test_nothing_that_somebody_else_granted_meanwhile_is_taken_away(sim: Simulator) -> None:
    rig = Rig(sim, None)
    ada = rig.project.add_user("ada", [])
    gate = sim.gate("POST", "/role$")
    import threading

    def grant() -> None:
        gate.wait_reached()
        rig.project.set_roles(ada["id"], ["compute_operator"])
        gate.release()

    helper = threading.Thread(target=grant)
    helper.start()
    result = rig.run(["ada"])
    helper.join()
    assert not result.get("failed"), result["msg"]
    rig.one_account("ada", [*ROLES, "compute_operator"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_module_for_roles_survives_a_loss(sim: Simulator, when: str) -> None:
    ada = sim.project().add_user("ada", [])
    lose(sim, "reset", "POST", "/role$", when)
    result = call(kinds.USER_ROLE, {**connection(sim), "description": "ada", "roles": ROLES})
    assert not result.get("failed"), result["msg"]
    assert sim.project().role_names(ada["id"]) == sorted(ROLES)
    assert result["added"] == sorted(ROLES)
