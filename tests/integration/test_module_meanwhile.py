# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else does at the same moment, and what nobody answered: the result says what is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api.endpoints import Project
from tests.simulator import Simulator
from tests.support.checks import refused, run

AI, STORE, ADMIN = "ai_training_operator", "objectstore_operator", "administrator"

pytestmark = pytest.mark.usefixtures("impatient")


def prepare(sim: Simulator, *roles: str) -> int:
    """An account that the module is asked about."""
    return int(sim.project().add_user("ada", list(roles))["id"])


def while_planned(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Let somebody else do something after the list was read and before the first write."""
    real = Project.credential_rules

    def rules(self: Project) -> Any:
        act()
        return real(self)

    monkeypatch.setattr(Project, "credential_rules", rules)


@pytest.mark.parametrize("kind", [kinds.USER, kinds.USERS])
def test_who_is_gone_already_is_not_shown_as_there(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, kind: runner.Kind
) -> None:
    user_id = prepare(sim, AI)
    while_planned(monkeypatch, lambda: sim.project().remove_user(user_id))
    who = {"users": [{"description": "ada"}]} if kind is kinds.USERS else {"description": "ada"}
    result = run(sim, kind, state="absent", **who)
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert result["diff"] == {"before": {}, "after": {}}
    if kind is kinds.USER:
        assert result["user"] is None
        return
    (user,) = result["users"]
    assert (user["action"], user["id"], user["status"], user["roles"]) == ("unchanged", None, None, [])
    assert (user["user_id"], user["description"]) == (user_id, "ada")


@pytest.mark.parametrize(
    ("held", "options", "act"),
    [((AI,), {"roles": [STORE]}, [AI, STORE]), ((AI, STORE), {"roles": [STORE], "state": "absent"}, [AI])],
    ids=["granted", "revoked"],
)
def test_what_somebody_else_did_is_not_this_runs_change(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, held: tuple[str, ...], options: dict[str, Any], act: list[str]
) -> None:
    user_id = prepare(sim, *held)
    while_planned(monkeypatch, lambda: sim.project().set_roles(user_id, act))
    # One that the user has already is a conflict, one that it has not is not found.
    sim.fault("status", "POST", "/role$", times=None, status=409)
    result = run(sim, kinds.USER_ROLE, description="ada", **options)
    assert not result.get("failed"), result
    assert (result["changed"], result["added"], result["removed"]) == (False, [], [])
    assert result["user"]["roles"] == sorted(act)


@pytest.mark.parametrize(
    ("method", "route", "options", "after"),
    [
        ("POST", "/role$", {"roles": [STORE]}, [AI, STORE]),
        ("DELETE", "/role/", {"revoke_roles": [AI]}, []),
        ("PUT", "/role$", {"roles": [STORE, ADMIN], "purge_roles": True}, [ADMIN, STORE]),
    ],
    ids=["grant", "revoke", "set"],
)
@pytest.mark.parametrize("seen", [True, False])
def test_a_change_of_roles_that_nobody_answered_is_looked_at(
    sim: Simulator, method: str, route: str, options: dict[str, Any], after: list[str], seen: bool
) -> None:
    user_id = prepare(sim, AI)
    sim.fault("reset", method, route, when="after", times=None)
    if not seen:
        sim.fault("status", "GET", r"/user/\d+/role$", times=None, status=400)
    result = run(sim, kinds.USERS, users=["ada"], retries=0, **options)
    assert sim.project().role_names(user_id) == after
    if seen:
        assert (result.get("failed", False), result["changed"]) == (False, True)
        assert result["users"][0]["roles"] == after
    else:
        refused(result, "ada (user", "It may have happened. Run again")


@pytest.mark.parametrize("seen", [True, False])
def test_a_deletion_that_nobody_answered_is_looked_at(sim: Simulator, seen: bool) -> None:
    user_id = prepare(sim, AI)
    sim.fault("reset", "DELETE", "/user/", when="after", times=None)
    if not seen:
        sim.fault("status", "GET", f"/user/{user_id}$", times=None, status=400)
    result = run(sim, kinds.USER, description="ada", state="absent", retries=0)
    assert sim.project().users() == []
    if seen:
        assert (result.get("failed", False), result["changed"], result["user"]) == (False, True, None)
    else:
        refused(result, "ada (user", "It may have happened. Run again")


@pytest.mark.parametrize("kind", [kinds.USER, kinds.USERS])
@pytest.mark.parametrize("trouble", ["slow", "busy", "right"])
def test_a_role_that_the_api_added_and_that_stays_is_named(sim: Simulator, kind: runner.Kind, trouble: str) -> None:
    """Without a folder no later run knows that nobody has asked for it."""
    sim.project().catalogue.default_role, sim.project().catalogue.default_role_always = ADMIN, True
    if trouble == "slow":
        sim.settings.creating = 60.0
    elif trouble == "busy":
        sim.fault("status", "DELETE", "/role/", times=None, status=409)
    else:
        sim.deny_iam = {"user/role/delete"}
    who = {"users": ["ada"]} if kind is kinds.USERS else {"description": "ada"}
    result = run(sim, kind, roles=[AI], wait_timeout=1, **who)
    refused(result, "The API has added administrator: take that away with revoke_roles.")


def test_with_a_folder_the_next_run_takes_away_what_the_api_added(sim: Simulator, tmp_path: Path) -> None:
    sim.project().catalogue.default_role, sim.project().catalogue.default_role_always = ADMIN, True
    sim.deny_iam = {"user/role/delete"}
    options = {"users": ["ada"], "roles": [AI], "credentials_dir": str(tmp_path / "creds"), "wait_timeout": 1}
    result = run(sim, kinds.USERS, **options)
    assert "revoke_roles" not in refused(result, "user/role/delete")
    sim.deny_iam = set()
    assert run(sim, kinds.USERS, **options)["users"][0]["roles"] == [AI]
