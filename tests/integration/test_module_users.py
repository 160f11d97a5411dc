# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole list: defaults and items, what bounds a run, and failures that stop nobody else."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.checks import refused, run, tree, written
from tests.support.modules import PROJECT, call, connection

AI, STORE = "ai_training_operator", "objectstore_operator"


def actions(result: dict[str, Any]) -> list[str]:
    """The actions of a result, in its order."""
    return [user["action"] for user in result["users"]]


def test_items_take_what_they_leave_out_from_the_top(sim: Simulator) -> None:
    project = sim.project()
    project.add_user("leaves", [AI])
    project.add_user("exact", [AI, "administrator"])
    users = [
        "plain",
        {"name": "own", "roles": ["administrator"]},
        {"name": "none", "roles": []},
        {"name": "leaves", "state": "absent"},
        {"name": "exact", "purge_roles": True},
    ]
    result = run(sim, kinds.USERS, users=users, roles=[AI, STORE])
    assert actions(result) == ["created", "created", "created", "deleted", "updated"]
    held = {user["description"]: sorted(role["name"] for role in user["roles"]) for user in project.users()}
    assert held == {"plain": [AI, STORE], "own": ["administrator"], "none": [], "exact": [AI, STORE]}


@pytest.mark.parametrize("key", ["roles", "revoke_roles"])
def test_a_null_in_an_item_is_as_good_as_left_out(sim: Simulator, key: str) -> None:
    # Tables that people convert to lists have empty cells.
    sim.project().add_user("ada", [])
    result = run(sim, kinds.USERS, users=[{"name": "ada", "user_id": None, key: None}], roles=[AI])
    assert result["users"][0]["roles"] == [AI]


def test_roles_of_an_item_may_be_text_with_commas(sim: Simulator) -> None:
    result = run(sim, kinds.USERS, users=[{"name": "ada", "roles": f"{AI}, ObjectStore Operator"}])
    assert result["users"][0]["roles"] == [AI, STORE]


def test_a_state_for_all_deletes_all(sim: Simulator) -> None:
    for name in ("ada", "grace", "linus"):
        sim.project().add_user(name, [])
    result = run(sim, kinds.USERS, users=["ada", "grace", "nobody"], state="absent")
    assert actions(result) == ["deleted", "deleted", "unchanged"]
    assert [user["description"] for user in sim.project().users()] == ["linus"]


def test_an_empty_list_changes_nothing(sim: Simulator) -> None:
    sim.project().add_user("ada", [])
    result = run(sim, kinds.USERS, users=[])
    assert result["changed"] is False
    assert result["users"] == []
    assert result["summary"] == dict.fromkeys(("created", "updated", "unchanged", "deleted", "failed"), 0)
    assert sim.writes() == []


# Users that are not listed


@pytest.mark.parametrize("check", [True, False])
def test_purge_removes_what_matches_and_is_not_listed(sim: Simulator, check: bool) -> None:
    project = sim.project()
    names = ["ada@example.com", "old@example.com", "OLD@EXAMPLE.COM", "other@example.org", "", "  "]
    ids = {name: project.add_user(name, [])["id"] for name in names}
    project.add_user("leaving@example.com", [], status="deleting")
    result = run(
        sim,
        kinds.USERS,
        check=check,
        users=["ada@example.com", "new@example.com"],
        purge_users=True,
        purge_match=r"@example\.com$",
    )
    assert actions(result) == ["unchanged", "created", "deleted"]
    assert result["users"][2]["user_id"] == ids["old@example.com"]
    assert result["diff"]["before"]["old@example.com"]["password"] == "kept"
    assert result["diff"]["after"]["old@example.com"] == {}
    if check:
        assert sim.writes() == []
    else:
        left = {user["description"] for user in project.live_users()}
        assert left == {"ada@example.com", "new@example.com", "OLD@EXAMPLE.COM", "other@example.org", "", "  "}


@pytest.mark.parametrize("by", ["user_id", "username"])
def test_purge_leaves_who_is_listed_by_another_name(sim: Simulator, by: str) -> None:
    ada = sim.project().add_user("ada@example.com", [])
    listed = {"user_id": ada["id"]} if by == "user_id" else {"username": ada["username"]}
    result = run(sim, kinds.USERS, users=[listed], purge_users=True, purge_match="@example")
    assert actions(result) == ["unchanged"]
    assert sim.writes() == []


def test_purge_leaves_the_twins_of_a_listed_user(sim: Simulator) -> None:
    for _number in range(2):
        sim.project().add_user("twin@example.com", [])
    result = run(sim, kinds.USERS, users=["twin@example.com"], purge_users=True, purge_match="@example")
    assert actions(result) == ["failed"]
    assert sim.writes() == []


def test_purge_match_without_purge_users_deletes_nobody(sim: Simulator) -> None:
    sim.project().add_user("old@example.com", [])
    assert actions(run(sim, kinds.USERS, users=[], purge_match=".")) == []
    assert sim.writes() == []


# Bounds


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("purge", [True, False], ids=["purged", "listed"])
def test_too_many_deletions_are_refused_with_the_list_of_who(sim: Simulator, check: bool, purge: bool) -> None:
    ids = [sim.project().add_user(f"user-{number}", [])["id"] for number in range(3)]
    listed: list[Any] = ["new"]
    options: dict[str, Any] = {"purge_users": True, "purge_match": "^user-"}
    if not purge:
        listed += [{"name": f"user-{number}", "state": "absent"} for number in range(3)]
        options = {}
    result = run(sim, kinds.USERS, check=check, users=listed, max_deletions=2, **options)
    refused(result, "Refused before any change", "delete 3 users", "max_deletions is 2", "raise max_deletions")
    for number, user_id in enumerate(ids):
        assert f"user-{number} ({user_id})" in result["msg"]
    expected = [{"user_id": user_id, "description": f"user-{number}"} for number, user_id in enumerate(ids)]
    assert result["failure"]["code"] == "refused_by_guard"
    assert result["failure"]["users"] == expected
    assert sim.writes() == []
    assert run(sim, kinds.USERS, check=check, users=listed, max_deletions=3, **options)["changed"]


def test_ten_deletions_are_allowed_and_eleven_are_not(sim: Simulator) -> None:
    for number in range(11):
        sim.project().add_user(f"user-{number}", [])
    users = [f"user-{number}" for number in range(11)]
    refused(run(sim, kinds.USERS, users=users, state="absent"), "max_deletions is 10")
    assert run(sim, kinds.USERS, users=users[:10], state="absent")["summary"]["deleted"] == 10


def test_no_deletion_at_all_can_be_asked_for(sim: Simulator) -> None:
    sim.project().add_user("ada", [])
    refused(run(sim, kinds.USERS, users=["ada"], state="absent", max_deletions=0), "max_deletions is 0", "ada")
    assert sim.writes() == []


@pytest.mark.parametrize("check", [True, False])
def test_too_many_resets_are_refused_with_the_list_of_who(sim: Simulator, tmp_path: Path, check: bool) -> None:
    ids = [sim.project().add_user(f"user-{number}", [])["id"] for number in range(3)]
    options: dict[str, Any] = {
        "users": ["new", "user-0", "user-1", "user-2"],
        "update_password": "on_missing",
        "credentials_dir": str(tmp_path / "creds"),
        "check": check,
    }
    result = run(sim, kinds.USERS, max_resets=2, **options)
    refused(result, "Refused before any change", "new password to 3 users", "max_resets is 2", f"user-1 ({ids[1]})")
    assert [one["user_id"] for one in result["failure"]["users"]] == ids
    assert sim.writes() == []
    assert [name for name in tree(tmp_path) if name.endswith(".yml")] == []
    assert run(sim, kinds.USERS, max_resets=3, **options)["changed"]


def test_an_empty_folder_locks_at_most_ten_people_out(sim: Simulator, tmp_path: Path) -> None:
    users = [f"user-{number}" for number in range(11)]
    for name in users:
        sim.project().add_user(name, [])
    result = run(sim, kinds.USERS, users=users, update_password="on_missing", credentials_dir=str(tmp_path / "creds"))
    refused(result, "max_resets is 10")
    assert sim.writes() == []


def test_always_is_explicit_and_not_bounded(sim: Simulator) -> None:
    users = [f"user-{number}" for number in range(12)]
    for name in users:
        sim.project().add_user(name, [])
    result = run(sim, kinds.USERS, users=users, update_password="always", max_resets=0)
    assert result["summary"]["updated"] == 12


# Failures


def test_the_failure_of_one_stops_no_other_and_nothing_is_lost(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [AI])
    sim.fault("status", "DELETE", f"/user/{ada['id']}/role/", times=None, status=400, message="Not this one")
    users: list[Any] = [{"name": "ada", "revoke_roles": [AI], "roles": [STORE]}, "grace", "linus"]
    result = run(sim, kinds.USERS, users=users, roles=[STORE])
    refused(result, "1 of 3 users failed", "Not this one", "query id EU.ext")
    assert actions(result) == ["failed", "created", "created"]
    assert result["changed"] is True
    assert result["summary"] == {"created": 2, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 1}
    assert sorted(one["description"] for one in result["credentials"]) == ["grace", "linus"]
    failed = result["users"][0]
    assert failed["user_id"] == ada["id"]
    assert failed["failure"]["status"] == 400
    assert failed["failure"]["query_id"].startswith("EU.ext")
    assert failed["error"] == failed["failure"]["message"]
    assert result["diff"]["after"].keys() == {"grace", "linus"}


def test_what_was_done_before_a_failure_is_in_the_diff(sim: Simulator) -> None:
    sim.project().add_user("ada", [])
    sim.fault("status", "POST", "regeneratePassword", times=None, status=400)
    result = run(sim, kinds.USERS, users=["ada"], roles=[AI], update_password="always")
    assert actions(result) == ["failed"]
    assert result["changed"] is True
    assert result["diff"]["after"]["ada"]["roles"] == [AI]
    assert result["diff"]["after"]["ada"]["password"] == "kept"


def test_many_failures_are_counted_and_five_are_told(sim: Simulator) -> None:
    sim.fault("status", "POST", "/user$", times=None, status=400, message="No more today")
    result = run(sim, kinds.USERS, users=[f"user-{number}" for number in range(8)])
    message = refused(result, "8 of 8 users failed", "3 more are in the result")
    assert message.count("No more today") == 5
    assert result["summary"]["failed"] == 8
    assert result["changed"] is False


def test_a_full_project_is_said_as_the_api_says_it(sim: Simulator) -> None:
    sim.settings.user_limit = 2
    result = run(sim, kinds.USERS, users=["a", "b", "c"], concurrency=1)
    assert result["summary"]["created"] == 2
    refused(result, "1 of 3 users failed", "Maximum number of users (2) reached", "HTTP 409")


@pytest.mark.parametrize("oauth2", [False, True], ids=["signed", "oauth2"])
@pytest.mark.parametrize("check", [True, False])
def test_every_request_is_counted(sim: Simulator, impatient: None, oauth2: bool, check: bool) -> None:
    sim.settings.creating = 0.1
    sim.project().add_user("old", [])
    sim.fault("html", "GET", "/role$", status=502, times=2)
    options = connection(sim, users=["ada", "grace", {"name": "old", "roles": [AI]}], verify_credentials=True)
    if oauth2:
        for key in ("application_key", "application_secret", "consumer_key"):
            del options[key]
        options.update({key: sim.credentials[key] for key in ("client_id", "client_secret")})
    result = call(kinds.USERS, options, check=check)
    assert not result.get("failed"), result
    assert result["api_calls"] == len(sim.calls)
    assert result["changed"]


def test_a_failed_task_counts_its_requests_too(sim: Simulator) -> None:
    result = run(sim, kinds.USERS, users=["ada"], roles=["no such role"])
    refused(result, "no such role")
    assert result["api_calls"] == len(sim.calls) == 3


# Waiting and statuses


def test_a_new_user_is_waited_for(sim: Simulator) -> None:
    sim.settings.creating = 0.3
    result = run(sim, kinds.USERS, users=["ada", "grace"], roles=[AI])
    assert [user["status"] for user in result["users"]] == ["ok", "ok"]
    assert all(user["openstack_id"] for user in result["users"])


def test_a_new_user_is_not_waited_for_where_that_is_asked(sim: Simulator) -> None:
    sim.settings.creating = float("inf")
    result = run(sim, kinds.USERS, users=["ada"], roles=[AI], wait=False)
    assert not result.get("failed"), result
    assert (result["users"][0]["status"], result["users"][0]["action"]) == ("creating", "created")
    assert result["credentials"][0]["password"]


def test_waiting_ends_with_a_message(sim: Simulator) -> None:
    sim.settings.creating = float("inf")
    result = run(sim, kinds.USERS, users=["ada"], wait_timeout=1)
    refused(result, "ada", "still creating after 1 s (wait_timeout)", "running again is safe")
    assert result["users"][0]["failure"]["code"] == "not_ready"
    assert result["credentials"][0]["password"]
    sim.settings.creating = 0
    sim.project().set_status(result["users"][0]["id"], "ok")
    assert actions(run(sim, kinds.USERS, users=["ada"])) == ["unchanged"]


@pytest.mark.parametrize("status", ["creating", "updating"])
def test_a_user_in_the_making_is_changed_when_it_is_ready(sim: Simulator, impatient: None, status: str) -> None:
    project = sim.project()
    sim.settings.strict_statuses = {"creating", "updating", "deleting"}
    ada = project.add_user("ada", [AI], status=status)
    ready = threading.Timer(0.2, project.set_status, (ada["id"], "ok"))
    ready.start()
    result = run(sim, kinds.USERS, users=["ada"], roles=[AI, STORE])
    ready.join()
    assert actions(result) == ["updated"]
    # It waited with looking, not with trying.
    assert written(sim) == ["POST user/ID/role"]
    assert project.role_names(ada["id"]) == [AI, STORE]


def test_a_user_that_never_gets_ready_is_not_changed(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI], status="updating")
    result = run(sim, kinds.USER, description="ada", roles=[STORE], wait_timeout=1)
    refused(result, "still updating after 1 s")
    assert result["changed"] is False
    assert sim.writes() == []


@pytest.mark.parametrize("status", ["disabled", "in quarantine", ""])
def test_other_statuses_are_said_as_they_are(sim: Simulator, status: str) -> None:
    sim.project().add_user("ada", [AI], status=status)
    steady = run(sim, kinds.USERS, users=["ada"], roles=[AI])
    assert actions(steady) == ["unchanged"]
    assert steady["users"][0]["status"] == (status or None)
    changed = run(sim, kinds.USERS, users=["ada"], roles=[STORE])
    assert actions(changed) == ["updated"]
    assert f"is {status or 'without a status'}" in changed["users"][0]["note"]
    assert any("ada" in warning for warning in changed["warnings"])


def test_a_user_in_the_making_can_be_deleted(sim: Simulator, impatient: None) -> None:
    project = sim.project()
    ada = project.add_user("ada", [], status="creating")
    threading.Timer(0.2, project.set_status, (ada["id"], "ok")).start()
    result = run(sim, kinds.USER, description="ada", state="absent")
    assert result["changed"]
    assert project.live_users() == []


def test_a_deletion_that_takes_its_time_is_a_deletion(sim: Simulator) -> None:
    sim.settings.deleting = 60
    ada = sim.project().add_user("ada", [])
    assert run(sim, kinds.USER, description="ada", state="absent")["changed"]
    assert sim.project().user(ada["id"])["status"] == "deleting"
    assert not run(sim, kinds.USER, description="ada", state="absent")["changed"]


# Side by side


@pytest.mark.parametrize("concurrency", [1, 3])
def test_so_many_changes_are_under_way_as_allowed(sim: Simulator, concurrency: int) -> None:
    # The first creation goes alone, since it shows whether the rights are there.
    gate = sim.gate("POST", "/user$", times=None, skip=1)
    results: list[dict[str, Any]] = []
    options = {"users": [f"user-{number}" for number in range(8)], "concurrency": concurrency}
    worker = threading.Thread(target=lambda: results.append(run(sim, kinds.USERS, **options)))
    worker.start()
    assert gate.wait_reached(count=concurrency)
    time.sleep(0.1)
    assert gate.reached == concurrency
    gate.release()
    worker.join(30)
    assert results[0]["summary"]["created"] == 8


def test_waiting_for_many_is_one_list_for_all(sim: Simulator) -> None:
    sim.settings.creating = 0.4
    result = run(sim, kinds.USERS, users=[f"user-{number}" for number in range(20)])
    assert result["summary"]["created"] == 20
    looks = [one for one in sim.calls if one.method == "GET" and one.path.endswith("/user")]
    assert len(looks) <= 6


def test_two_projects_do_not_meet(sim: Simulator, tmp_path: Path) -> None:
    other = sim.add_project("f" * 32)
    for project in (PROJECT, "f" * 32):
        result = run(sim, kinds.USERS, service_name=project, users=["ada"], credentials_dir=str(tmp_path / "creds"))
        assert actions(result) == ["created"]
        assert result["users"][0]["credential_file"] == str(tmp_path / "creds" / project / "ada.yml")
    assert len(other.users()) == len(sim.project(PROJECT).users()) == 1


def test_project_id_is_another_name_for_service_name(sim: Simulator) -> None:
    options = connection(sim, users=["ada"], project_id=PROJECT)
    del options["service_name"]
    assert actions(call(kinds.USERS, options)) == ["created"]
