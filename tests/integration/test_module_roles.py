# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles: their names, what is granted, what is left alone, and an API that does otherwise than asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api import watch
from tests.simulator import Simulator
from tests.support.checks import foreseen, refused, run, written
from tests.support.modules import PROJECT

AI, AI_READ, STORE = "ai_training_operator", "ai_training_read", "objectstore_operator"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ai_training_operator", AI),
        ("AI_Training_OPERATOR", AI),
        (" ai_training_operator ", AI),
        ("AI Operator", AI),
        ("ai operator", AI),
        ("AI Training Operator", AI),
        ("ai training OPERATOR", AI),
        ("AI Training Reader", AI_READ),
        ("AI Reader", AI_READ),
        ("ObjectStore Operator", STORE),
        ("objectstore operator", STORE),
        ("KeyManager Operator", "key-manager_operator"),
    ],
)
def test_a_role_has_three_kinds_of_names_in_any_case(sim: Simulator, given: str, name: str) -> None:
    assert run(sim, kinds.USER, description="ada", roles=[given])["user"]["roles"] == [name]


def test_a_role_named_twice_is_granted_once(sim: Simulator) -> None:
    result = run(sim, kinds.USER, description="ada", roles=[AI, "AI Operator", "AI Training Operator"])
    assert result["user"]["roles"] == [AI]
    assert sim.writes()[0].body["roles"] == [AI]


def test_a_label_is_what_the_api_calls_it_today(sim: Simulator) -> None:
    catalogue = sim.project().catalogue
    catalogue.rename(AI, "Intelligence Operator")
    catalogue.rename(AI_READ, "AI Training Operator")
    assert run(sim, kinds.USER, description="a", roles=["intelligence operator"])["user"]["roles"] == [AI]
    # What the API says goes before what the documentation says.
    assert run(sim, kinds.USER, description="b", roles=["AI Training Operator"])["user"]["roles"] == [AI_READ]
    refused(run(sim, kinds.USER, description="c", roles=["AI Operator"]), "no role 'AI Operator'")


def test_a_name_goes_before_a_label(sim: Simulator) -> None:
    sim.project().catalogue.rename(STORE, "ai_training_read")
    assert run(sim, kinds.USER, description="a", roles=["ai_training_read"])["user"]["roles"] == [AI_READ]


def test_a_label_of_two_roles_is_refused(sim: Simulator) -> None:
    sim.project().catalogue.rename(STORE, "Operator")
    sim.project().catalogue.rename(AI, "Operator")
    refused(run(sim, kinds.USER, description="a", roles=["operator"]), "several roles", AI, STORE)
    assert sim.writes() == []


def test_a_new_role_needs_no_new_collection(sim: Simulator) -> None:
    sim.project().catalogue.add("ai_deploy_operator", "AI Deploy Operator")
    result = run(sim, kinds.USER, description="ada", roles=["AI Deploy Operator"])
    assert result["user"]["roles"] == ["ai_deploy_operator"]


def test_a_documented_label_counts_only_where_the_catalogue_has_the_role(sim: Simulator) -> None:
    sim.project().catalogue.remove(AI)
    message = refused(run(sim, kinds.USER, description="ada", roles=["AI Training Operator"]), "no role")
    assert AI not in message
    assert sim.writes() == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("option", ["roles", "revoke_roles"])
def test_an_unknown_role_fails_before_any_write(sim: Simulator, option: str, check: bool) -> None:
    users = ["grace", {"name": "ada", option: ["ai_trainig_operator"]}]
    result = run(sim, kinds.USERS, check=check, users=users, roles=[STORE])
    message = refused(result, "ai_trainig_operator", f"nearest is {AI}", "users[1] (ada)", option)
    assert all(role.name in message for role in sim.project().catalogue.roles())
    assert result["failure"]["code"] == "unknown_role"
    assert result["failure"]["nearest"] == AI
    assert sim.writes() == []


@pytest.mark.parametrize("kind", [kinds.USER, kinds.USER_ROLE], ids=["user", "role"])
def test_other_roles_are_left_alone(sim: Simulator, kind: runner.Kind) -> None:
    sim.project().add_user("ada", [STORE, "administrator"])
    result = run(sim, kind, description="ada", roles=[AI])
    assert result["user"]["roles"] == ["administrator", AI, STORE]


def test_purge_roles_with_roles_left_out_changes_nothing(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI, STORE])
    assert not run(sim, kinds.USER, description="ada", purge_roles=True)["changed"]
    assert not run(sim, kinds.USERS, users=["ada"], purge_roles=True)["changed"]
    assert sim.writes() == []


def test_purge_roles_with_empty_roles_takes_all_away(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [AI, STORE])
    result = run(sim, kinds.USERS, users=[{"name": "ada", "roles": [], "purge_roles": True}], roles=[AI])
    assert result["users"][0]["roles"] == []
    assert sim.project().role_names(ada["id"]) == []


def test_empty_roles_without_purge_take_nothing_away(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI])
    assert not run(sim, kinds.USER, description="ada", roles=[])["changed"]


def test_revoked_roles_go_and_others_stay(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI, AI_READ, STORE])
    result = run(sim, kinds.USER, description="ada", roles=["volume_operator"], revoke_roles=["AI Operator", AI_READ])
    assert result["user"]["roles"] == [STORE, "volume_operator"]
    assert written(sim) == ["DELETE user/ID/role/ROLE"] * 2 + ["POST user/ID/role"]


def test_a_role_that_nobody_has_is_revoked_without_a_call(sim: Simulator) -> None:
    sim.project().add_user("ada", [STORE])
    assert not run(sim, kinds.USER, description="ada", revoke_roles=[AI])["changed"]
    assert sim.writes() == []


def test_a_role_is_not_granted_and_revoked_at_once(sim: Simulator) -> None:
    result = run(sim, kinds.USER, description="ada", roles=[AI, STORE], revoke_roles=["AI Operator"])
    refused(result, AI, "roles and in revoke_roles")
    assert sim.writes() == []


def test_a_withdrawn_role_can_be_revoked_and_purged(sim: Simulator) -> None:
    project = sim.project()
    for name in ("ada", "grace"):
        project.add_user(name, [AI, STORE])
    project.catalogue.remove(AI)
    assert run(sim, kinds.USER, description="ada", revoke_roles=[AI])["user"]["roles"] == [STORE]
    assert run(sim, kinds.USER, description="grace", roles=[STORE], purge_roles=True)["user"]["roles"] == [STORE]
    assert not run(sim, kinds.USER, description="grace", roles=[STORE], purge_roles=True)["changed"]


@pytest.mark.parametrize("roles", [[AI, STORE], [], None], ids=["two", "empty", "left-out"])
@pytest.mark.parametrize("always", [True, False], ids=["always", "only-without-roles"])
def test_what_a_run_creates_has_exactly_the_listed_roles(
    sim: Simulator, impatient: None, roles: list[str] | None, always: bool
) -> None:
    catalogue = sim.project().catalogue
    catalogue.default_role, catalogue.default_role_always = "administrator", always
    checked = run(sim, kinds.USER, check=True, description="ada", roles=roles)
    done = run(sim, kinds.USER, description="ada", roles=roles)
    assert done["user"]["roles"] == sorted(roles or [])
    assert foreseen(done) == foreseen(checked)
    assert sim.project().role_names(done["user"]["id"]) == sorted(roles or [])
    assert not run(sim, kinds.USER, description="ada", roles=roles)["changed"]


def test_a_default_role_of_an_older_user_is_left_alone(sim: Simulator) -> None:
    sim.project().add_user("ada", ["administrator"])
    assert run(sim, kinds.USER, description="ada", roles=[AI])["user"]["roles"] == ["administrator", AI]


def test_a_role_that_a_creation_forgets_is_granted_afterwards(sim: Simulator, impatient: None) -> None:
    sim.project().catalogue.dropped = {STORE}
    done = run(sim, kinds.USER, description="ada", roles=[AI, STORE])
    assert done["user"]["roles"] == [AI, STORE]
    assert written(sim) == ["POST user", "POST user/ID/role"]


@pytest.mark.parametrize("there", [True, False], ids=["change", "create"])
def test_a_role_that_is_never_granted_is_a_failure(sim: Simulator, impatient: None, there: bool) -> None:
    sim.project().catalogue.never_granted = {STORE}
    if there:
        sim.project().add_user("ada", [AI])
    result = run(sim, kinds.USERS, users=["ada", "grace"], roles=[AI, STORE])
    refused(result, "2 of 2 users failed", "accepted the roles but shows ai_training_operator")
    assert result["users"][0]["failure"]["code"] == "not_as_asked"
    assert result["users"][0]["failure"]["steps"] == [f"grant {STORE}"]
    # The passwords of accounts that were made are not lost.
    assert len(result["credentials"]) == (1 if there else 2)


@pytest.mark.parametrize("check", [True, False])
def test_purge_roles_does_not_go_with_absent(sim: Simulator, check: bool) -> None:
    sim.project().add_user("ada", [AI])
    result = run(sim, kinds.USER_ROLE, check=check, description="ada", roles=[AI], state="absent", purge_roles=True)
    refused(result, "purge_roles", "state=present")
    assert sim.calls == []


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("role", ["ai_training_operater", "  "])
def test_a_role_that_is_wrong_is_said_with_the_option_that_names_it(sim: Simulator, state: str, role: str) -> None:
    sim.project().add_user("ada", [AI])
    result = run(sim, kinds.USER_ROLE, description="ada", roles=[role], state=state)
    refused(result, "user (ada)", "roles", role)
    assert "revoke" not in result["msg"]
    assert written(sim) == []


def test_the_last_role_is_taken_away_without_the_misleading_404(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [AI])
    result = run(sim, kinds.USER_ROLE, description="ada", roles=[], purge_roles=True)
    assert (result["changed"], result["removed"]) == (True, [AI])
    assert written(sim) == ["DELETE user/ID/role/ROLE"]
    assert sim.project().role_names(ada["id"]) == []


def test_a_role_that_somebody_else_took_away_meanwhile_is_no_failure(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [AI, STORE])
    gate = sim.gate("DELETE", "/role/")
    from threading import Thread

    results = []
    runner_thread = Thread(target=lambda: results.append(run(sim, kinds.USER, description="ada", revoke_roles=[AI])))
    runner_thread.start()
    assert gate.wait_reached()
    sim.project().set_roles(ada["id"], [STORE])
    gate.release()
    runner_thread.join(10)
    assert results[0]["user"]["roles"] == [STORE]
    assert not results[0].get("failed")


@pytest.mark.parametrize("mangle", ["upper", "suffix", "ascii", "cut"])
def test_a_mangled_description_is_taken_back(sim: Simulator, mangle: str) -> None:
    sim.settings.mangle = mangle
    description = "ada lovelace, zürich, a long way"
    result = run(sim, kinds.USERS, users=[description], roles=[AI])
    refused(result, "removed again", "Choose a description")
    # What was made is gone again.
    assert result["changed"] is False
    assert result["users"][0]["action"] == "failed"
    assert result["users"][0]["failure"]["code"] == "not_as_asked"
    assert result["credentials"] == []
    assert written(sim) == ["DELETE user/ID", "POST user"]
    assert sim.project().users() == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (kinds.USER, {"revoke_roles": ["ia_*"]}),
        (kinds.USER_ROLE, {"roles": ["ia_*"], "state": "absent"}),
        (kinds.USERS, {"revoke_roles": ["ia_*"]}),
    ],
)
def test_a_pattern_that_fits_no_role_is_a_warning(sim: Simulator, kind: runner.Kind, options: dict[str, Any]) -> None:
    sim.project().add_user("ada", [AI])
    who = {"users": ["ada"]} if kind is kinds.USERS else {"description": "ada"}
    result = run(sim, kind, **who, **options)
    assert result["changed"] is False
    option = "roles" if kind is kinds.USER_ROLE else "revoke_roles"
    assert result["warnings"] == [f"{option}: 'ia_*' fits no role of this project, and takes nothing away."]


@pytest.mark.parametrize("folder", [False, True])
def test_a_description_that_only_the_list_shows_mangled_is_taken_back(
    sim: Simulator, tmp_path: Path, folder: bool
) -> None:
    """The answer to the creation says what was asked: the next run would not find the account, and make one more."""
    sim.settings.update({"mangle": "strip", "echo_description": True})
    options = {"credentials_dir": str(tmp_path / "creds")} if folder else {}
    for _time in range(2):
        result = run(sim, kinds.USERS, users=["ada ", "grace"], roles=[AI], **options)
        refused(result, "with the description 'ada' instead. It was removed again", "Choose a description")
        assert [user["action"] for user in result["users"]][0] == "failed"
        assert [user["description"] for user in sim.project().users()] == ["grace"]
        assert [one["description"] for one in result["credentials"]] in ([], ["grace"])
        assert result["users"][0].get("credential_file") is None
    if folder:
        assert sorted(path.name for path in (tmp_path / "creds" / PROJECT).glob("[!.]*")) == ["grace.yml"]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_file_of_a_user_with_another_description_makes_no_second_account(
    sim: Simulator, tmp_path: Path, state: str, check: bool
) -> None:
    """Such as a run leaves that was killed before it saw that the API had changed the description."""
    options = {"credentials_dir": str(tmp_path / "creds"), "roles": [AI]}
    made = run(sim, kinds.USERS, users=["ada"], **options)["users"][0]["user_id"]
    folder = tmp_path / "creds" / PROJECT
    (folder / "ada.yml").rename(folder / "Ada.yml")
    # The account of a credential that was issued a moment ago is waited for.
    sim.advance(60)
    before = (folder / "Ada.yml").read_text()
    result = run(sim, kinds.USERS, check=check, users=[{"name": "Ada", "state": state}, "grace"], **options)
    refused(result, f"is that of user {made}, whose description is 'ada'", "list the user by user_id")
    assert [user["action"] for user in result["users"]] == ["failed", "created"]
    assert [user["description"] for user in sim.project().users()] == ["ada", "grace"][: 1 if check else 2]
    assert (folder / "Ada.yml").read_text() == before


def test_a_lost_answer_and_a_changed_description_are_no_reason_to_create_again(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LAG", 0.3)
    sim.settings.mangle = "lower"
    sim.fault("reset", "POST", "/user$", when="after")
    result = run(sim, kinds.USERS, users=["Ada", "grace"], roles=[AI])
    (made,) = [user["id"] for user in sim.project().users() if user["description"] == "ada"]
    refused(result, f"the answer to the creation was lost, and there is 'ada' (id {made}) since")
    assert [user["action"] for user in result["users"]] == ["failed", "created"]


def test_one_user_whose_description_only_the_list_shows_mangled(sim: Simulator) -> None:
    sim.settings.update({"mangle": "lower", "echo_description": True})
    result = run(sim, kinds.USER, description="Ada")
    refused(result, "with the description 'ada' instead. It was removed again")
    assert (result["changed"], result["user"], "password" in result) == (False, None, False)
    assert sim.project().users() == []


def test_a_mangled_user_does_not_stop_the_others(sim: Simulator) -> None:
    sim.settings.trim_descriptions = True
    result = run(sim, kinds.USERS, users=["ada", " grace "], roles=[AI])
    assert [user["action"] for user in result["users"]] == ["created", "failed"]
    assert [user["description"] for user in sim.project().users()] == ["ada"]
    assert [one["description"] for one in result["credentials"]] == ["ada"]


def test_a_mangled_account_that_cannot_be_removed_is_named(sim: Simulator) -> None:
    sim.settings.mangle = "upper"
    sim.deny_iam = {"user/delete"}
    result = run(sim, kinds.USER, description="ada")
    made = sim.project().users()[0]["id"]
    refused(result, "Delete it by hand", str(made), "user/delete")
    assert result["changed"] is True
    assert result["user"]["id"] == made
