# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which user is meant: three ways to name one, ambiguity, and users on their way out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from tests.simulator import Simulator
from tests.support.checks import refused, run, written

AI, STORE = "ai_training_operator", "objectstore_operator"
ONE = pytest.mark.parametrize("kind", [kinds.USER, kinds.USER_ROLE], ids=["user", "role"])


@ONE
@pytest.mark.parametrize("key", ["description", "user_id", "username"])
def test_each_way_to_name_a_user_finds_it(sim: Simulator, kind: runner.Kind, key: str) -> None:
    project = sim.project()
    project.add_user("grace", [])
    ada = project.add_user("ada", [])
    value = ada["id"] if key == "user_id" else ada[key]
    result = run(sim, kind, roles=[AI], **{key: value})
    assert result["changed"]
    assert result["user"] == {
        "id": ada["id"],
        "username": ada["username"],
        "description": "ada",
        "status": "ok",
        "openstack_id": ada["openstackId"],
        "creation_date": ada["creationDate"],
        "roles": [AI],
    }
    assert project.role_names(ada["id"]) == [AI]


@pytest.mark.parametrize("key", ["description", "name", "user_id", "username"])
def test_each_way_to_name_a_user_works_in_a_list(sim: Simulator, key: str) -> None:
    ada = sim.project().add_user("ada", [])
    value = {"user_id": ada["id"], "username": ada["username"]}.get(key, "ada")
    result = run(sim, kinds.USERS, users=[{key: value, "roles": [AI]}])
    assert [(user["id"], user["action"], user["roles"]) for user in result["users"]] == [(ada["id"], "updated", [AI])]


@ONE
@pytest.mark.parametrize("check", [True, False])
def test_two_users_of_one_description_are_left_alone(sim: Simulator, kind: runner.Kind, check: bool) -> None:
    ids = [sim.project().add_user("ada", [])["id"] for _again in range(2)]
    result = run(sim, kind, check=check, description="ada", roles=[AI])
    refused(result, "ambiguous", str(ids[0]), str(ids[1]), "user_id")
    assert result["failure"]["code"] == "ambiguous_user"
    assert result["failure"]["user_ids"] == ids
    assert sim.writes() == []
    resolved = run(sim, kind, check=check, user_id=ids[1], roles=[AI])
    assert resolved["changed"]
    assert resolved["user"]["id"] == ids[1]


@pytest.mark.parametrize("options", [{"state": "absent"}, {"update_password": "always"}], ids=["delete", "renew"])
def test_an_ambiguous_user_is_neither_deleted_nor_renewed(sim: Simulator, options: dict[str, Any]) -> None:
    for _again in range(2):
        sim.project().add_user("ada", [])
    refused(run(sim, kinds.USER, description="ada", **options), "ambiguous")
    assert sim.writes() == []


def test_an_ambiguous_user_does_not_stop_the_others(sim: Simulator) -> None:
    project = sim.project()
    ids = [project.add_user("twin", [])["id"] for _again in range(2)]
    result = run(sim, kinds.USERS, users=["ada", "twin", "grace"], roles=[AI])
    refused(result, "1 of 3 users failed", "ambiguous")
    assert [user["action"] for user in result["users"]] == ["created", "failed", "created"]
    assert all(str(user_id) in result["users"][1]["error"] for user_id in ids)
    assert result["users"][1]["failure"]["user_ids"] == ids
    assert result["summary"] == {"created": 2, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 1}
    assert written(sim) == ["POST user"] * 2


@pytest.mark.parametrize("status", ["deleting", "deleted"])
def test_a_user_on_its_way_out_is_not_present(sim: Simulator, status: str) -> None:
    project = sim.project()
    old = project.add_user("ada", [AI], status=status)
    absent = run(sim, kinds.USER, description="ada", state="absent")
    assert not absent["changed"]
    for key in ("description", "user_id", "username"):
        value = old["id"] if key == "user_id" else old[key]
        refused(run(sim, kinds.USER_ROLE, roles=[AI], **{key: value}), "no live user")
        gone = run(sim, kinds.USER_ROLE, roles=[AI], state="absent", **{key: value})
        assert gone["changed"] is False
        assert gone["user"] is None
    created = run(sim, kinds.USER, description="ada", roles=[AI])
    assert created["changed"]
    assert created["user"]["id"] != old["id"]
    assert written(sim) == ["POST user"]


def test_a_leaving_twin_is_not_ambiguous(sim: Simulator) -> None:
    project = sim.project()
    project.add_user("ada", [], status="deleting")
    ada = project.add_user("ada", [])
    assert run(sim, kinds.USER, description="ada")["user"]["id"] == ada["id"]


@pytest.mark.parametrize("identity", [{"user_id": 99}, {"username": "user-nobody"}], ids=["user_id", "username"])
def test_only_a_description_can_make_a_new_user(sim: Simulator, identity: dict[str, Any]) -> None:
    result = run(sim, kinds.USER, roles=[AI], **identity)
    refused(result, "no live user", "Only a description can make a new one")
    assert result["failure"]["code"] == "user_not_found"
    assert not run(sim, kinds.USER, state="absent", **identity)["changed"]
    assert sim.writes() == []


def test_a_missing_user_is_no_place_for_roles(sim: Simulator) -> None:
    refused(run(sim, kinds.USER_ROLE, description="nobody", roles=[AI]), "no live user", "nobody")
    absent = run(sim, kinds.USER_ROLE, description="nobody", roles=[AI], state="absent")
    assert absent["changed"] is False
    assert absent["user"] is None
    assert sim.writes() == []


@pytest.mark.parametrize("description", [" ada", "ada ", "ADA", "ada\n", "a*", "ada@example.com", "zoë", "zoe\u0308"])
def test_a_description_is_compared_exactly(sim: Simulator, description: str) -> None:
    sim.project().add_user("ada", [])
    sim.project().add_user("zo\u00eb ", [])
    result = run(sim, kinds.USER, description=description)
    assert result["changed"]
    assert result["user"]["description"] == description
    assert not run(sim, kinds.USER, description=description)["changed"]


@pytest.mark.parametrize(
    "given",
    [{}, {"description": "ada", "user_id": 1}, {"user_id": 1, "username": "user-x"}],
    ids=["none", "two", "two-others"],
)
@ONE
def test_identity_is_given_exactly_once(sim: Simulator, kind: runner.Kind, given: dict[str, Any]) -> None:
    refused(run(sim, kind, roles=[AI], **given), "description", "user_id", "username")
    assert sim.calls == []


def test_one_user_is_not_listed_twice_under_two_names(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [])
    result = run(sim, kinds.USERS, users=["ada", {"user_id": ada["id"], "roles": [AI]}])
    refused(result, "same user", str(ada["id"]), "users[0]", "users[1]")
    assert sim.writes() == []
