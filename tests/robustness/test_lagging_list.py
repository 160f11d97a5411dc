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
    assert "was made, but is not in the project's list after 1 s (wait_timeout)" in result["msg"]
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


#: Every way in which the API can leave it open whether a user is there.
SILENCES: dict[str, dict[str, Any]] = {
    "forbidden": {"kind": "status", "status": 403, "error_code": "NOT_GRANTED_CALL", "message": "not granted"},
    "json-500": {"kind": "status", "status": 500},
    "reset": {"kind": "reset"},
    "garbage": {"kind": "garbage"},
    "wrong-shape": {"kind": "wrong_shape", "shape": []},
    "html-404": {"kind": "html", "status": 404},
}


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("silence", SILENCES)
def test_who_cannot_be_asked_for_is_left_alone_and_the_others_go_on(
    sim: Simulator, rig: Rig, silence: str, state: str
) -> None:
    rig.run(["ada"])
    rig.project.remove_user(rig.one_account("ada")["id"])
    before = rig.snapshot()
    fault = dict(SILENCES[silence])
    sim.fault(fault.pop("kind"), "GET", r"/user/\d+$", times=None, **fault)
    result = rig.run([{"description": "ada", "state": state}, "bob"], retries=1)
    ada, bob = result["users"]
    assert (ada["action"], bob["action"]) == ("failed", "created")
    assert "whether it is gone could not be found out" in ada["error"]
    assert "Nothing was changed for this user." in ada["error"]
    rig.whole(["bob"])
    assert {name: rig.snapshot()[name] for name in before} == before
    sim.clear_faults()
    rig.run(["ada", "bob"])
    rig.whole(["ada", "bob"])


@pytest.mark.parametrize("kind", ["one", "list", "role"])
def test_an_id_that_the_list_leaves_out_is_asked_for(sim: Simulator, kind: str) -> None:
    sim.list_lag(seconds=ENDLESS)
    user_id = sim.project().add_user("ada", ROLES)["id"]
    if kind == "list":
        result = Rig(sim, None).run([{"user_id": user_id}], roles=None, state="absent")
    else:
        params = {**connection(sim), "user_id": user_id, "state": "absent"}
        result = call(kinds.USER, params) if kind == "one" else call(kinds.USER_ROLE, {**params, "roles": ROLES})
    assert (result.get("msg"), result["changed"]) == (None, True)
    assert sim.project().live_users() == [] or sim.project().role_names(user_id) == []


def test_the_file_of_one_that_is_named_by_id_is_its_file(sim: Simulator, rig: Rig) -> None:
    sim.list_lag(seconds=ENDLESS)
    assert rig.run(["ada"], wait_timeout=1)["failed"]
    before = rig.snapshot()
    user_id = rig.one_account("ada")["id"]
    result = rig.run([{"user_id": user_id, "update_password": "on_missing"}])
    assert (result.get("msg"), result["changed"], rig.snapshot()) == (None, False, before)
    assert result["users"][0]["credential_file"] == str(rig.place / rig.names(".yml")[0])


def test_a_file_that_names_the_account_of_somebody_else_makes_it_nobodys(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada", "bob"])
    ada, bob = (rig.one_account(name)["id"] for name in ("ada", "bob"))
    path = rig.place / "ada.yml"
    path.write_text(path.read_text().replace(f"user_id: {ada}", f"user_id: {bob}"))
    rig.project.remove_user(ada)
    result = rig.run(["ada", "bob"])
    assert (result.get("msg"), [user["action"] for user in result["users"]]) == (None, ["created", "unchanged"])
    rig.whole(["ada", "bob"])


def test_an_id_that_may_not_be_asked_for_is_as_the_list_says(sim: Simulator) -> None:
    sim.fault("status", "GET", r"/user/\d+$", status=403, error_code="NOT_GRANTED_CALL", message="not granted")
    result = Rig(sim, None).run([{"user_id": 4711}], roles=None, state="absent")
    assert (result.get("msg"), result["changed"]) == (None, False)


@pytest.mark.parametrize("status", [404, 500])
def test_keys_that_cannot_be_read_leave_nobody_an_account(sim: Simulator, rig: Rig, status: int) -> None:
    rig.run(["ada", "bob"])
    sim.fault("status", "GET", f"/user/{rig.one_account('ada')['id']}/s3Credentials$", times=None, status=status)
    result = rig.run(["ada", "bob"], roles=None, state="absent", s3_credentials="absent", retries=1)
    assert sim.project().live_users() == []
    # A user that is there may be so new that not every server knows it.
    assert [user["action"] for user in result["users"]] == ["failed", "deleted"]
    assert "ada: the account is deleted, but access keys may be left. GET " in result["users"][0]["error"]


def test_one_not_found_about_the_keys_of_a_user_is_not_believed(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"], s3_credentials="present")
    sim.fault("status", "GET", "/s3Credentials$", times=1, status=404)
    result = rig.run(["ada"], roles=None, state="absent", s3_credentials="absent")
    assert (result.get("msg"), result["summary"]["deleted"]) == (None, 1)


def test_who_is_gone_and_still_listed_has_no_keys(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada", "bob"])
    sim.advance(ENDLESS)
    sim.list_lag(seconds=60)
    rig.project.remove_user(rig.one_account("ada")["id"])
    result = rig.run(["ada", "bob"], roles=None, state="absent", s3_credentials="absent")
    assert (result.get("msg"), result["summary"]["deleted"]) == (None, 2)
    assert sim.project().live_users() == []


def test_one_user_that_two_items_name_is_said_to_be_one(sim: Simulator, rig: Rig) -> None:
    sim.list_lag(seconds=ENDLESS)
    assert rig.run(["ada"], wait_timeout=1)["failed"]
    user_id = rig.one_account("ada")["id"]
    result = rig.run(["ada", {"user_id": user_id}])
    assert f"are the same user (id {user_id}): list it once" in result["msg"]


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


@pytest.mark.parametrize(("roles", "left"), [(ROLES, 1), ([], 2), (["administrator"], 2)])
def test_what_somebody_else_makes_meanwhile_stays(sim: Simulator, rig: Rig, roles: list[str], left: int) -> None:
    """A request was lost, and the account of that time and name has other roles than were asked for: it is not ours."""
    sim.settings.creating = 0.5
    sim.fault("reset", "POST", "/user$", "before")
    gate = sim.gate("POST", "/user$", "after")
    results: list[dict[str, Any]] = []
    run = threading.Thread(target=lambda: results.append(rig.run(["ada"])), daemon=True)
    run.start()
    assert gate.wait_reached()
    other = sim.project().add_user("ada", roles)["id"]
    gate.release()
    run.join()
    assert len(sim.project().live_users()) == left
    note = f"User {other} appeared after a request that was not answered: one account too many, which was removed."
    assert (note in results[0]["users"][0].get("note", "")) is (left == 1)


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


@pytest.mark.parametrize(("status", "by"), [(409, "file"), (404, "user_id")])
@pytest.mark.parametrize("shown", [True, False])
def test_a_deletion_that_was_refused_is_not_believed(
    sim: Simulator, rig: Rig, status: int, by: str, shown: bool
) -> None:
    sim.list_lag(seconds=0.0 if shown else ENDLESS)
    user_id = rig.run(["ada"], wait_timeout=1)["users"][0]["user_id"]
    # Neither the list nor the deletion tells that it is there.
    sim.fault("status", "DELETE", "/user/[0-9]+$", status=status, times=2)
    gone = rig.run(["ada"] if by == "file" else [{"user_id": user_id}], state="absent", max_deletions=1)
    assert not gone.get("failed"), gone["msg"]
    assert [one.status for one in sim.writes() if one.method == "DELETE"][:3] == [status, status, 200]
    assert (gone["changed"], rig.project.user_by_description("ada")) == (True, None)


def test_a_deletion_that_somebody_else_was_quicker_with_is_no_change(sim: Simulator, rig: Rig) -> None:
    rig.run(["ada"])
    user_id = rig.project.user_by_description("ada")["id"]
    gate = sim.gate("DELETE", "/user/[0-9]+$")
    results: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: results.append(rig.run(["ada"], state="absent")))
    thread.start()
    assert gate.wait_reached()
    rig.project.set_status(user_id, "deleted")
    gate.release()
    thread.join()
    assert not results[0].get("failed"), results[0]["msg"]
    # Its file went, where there was one.
    assert results[0]["changed"] is (rig.folder is not None)
    if rig.folder is not None:
        assert rig.names(".yml") == []


def test_an_id_is_asked_for_about_the_object_storage_too(sim: Simulator) -> None:
    sim.list_lag(seconds=ENDLESS)
    user_id = made(sim)
    key = sim.project().add_s3_credential(user_id)["access"]
    for kind, options in (
        (kinds.S3_POLICY, {"policy": {"Statement": []}, "state": "present"}),
        (kinds.S3_CREDENTIAL, {}),
        (kinds.S3_CREDENTIAL, {"state": "absent"}),
    ):
        result = call(kind, {**connection(sim), "user_id": user_id, **options})
        assert not result.get("failed"), result["msg"]
        assert result["user"]["id"] == user_id
        gone = call(kind, {**connection(sim), "user_id": 1, **options})
        assert bool(gone.get("failed")) is (options.get("state") != "absent")
    assert (result["removed"], sim.project().s3_credentials(user_id)) == ([key], [])


def test_an_id_is_asked_for_by_who_only_reads(sim: Simulator) -> None:
    sim.list_lag(seconds=ENDLESS)
    user_id = made(sim)
    shown = call(kinds.USER_INFO, {**connection(sim), "user_id": user_id})
    assert [user["id"] for user in shown["users"]] == [user_id]
    assert call(kinds.USER_INFO, {**connection(sim), "user_id": 1})["users"] == []
    sim.fault("status", "GET", "/user/[0-9]+$", status=403, error_code="NOT_GRANTED_CALL", times=None)
    assert call(kinds.USER_INFO, {**connection(sim), "user_id": user_id})["users"] == []


def made(sim: Simulator) -> int:
    """Make a user that the list does not show yet, and return its id."""
    result = call(kinds.USERS, {**connection(sim), "users": ["ada"], "roles": ROLES, "wait_timeout": 1})
    return int(result["users"][0]["user_id"])
