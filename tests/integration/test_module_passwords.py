# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords: who gets one, where it appears, and that a task which would print one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from tests.simulator import Simulator
from tests.support.checks import refused, run, written

AI = "ai_training_operator"
BOTH = pytest.mark.parametrize("kind", [kinds.USER, kinds.USERS], ids=["user", "users"])


def named(kind: runner.Kind, name: str = "ada", **options: Any) -> dict[str, Any]:
    """Options for one user."""
    return {"users": [name], **options} if kind is kinds.USERS else {"description": name, **options}


def password_in(result: dict[str, Any]) -> str | None:
    """The one password in a result, wherever the module puts it."""
    listed = [one["password"] for one in result.get("credentials", [])] + [result.get("password")]
    given = [password for password in listed if password]
    assert len(given) <= 1
    return given[0] if given else None


@BOTH
def test_a_new_password_is_returned_once_and_works(sim: Simulator, kind: runner.Kind) -> None:
    result = run(sim, kind, **named(kind, roles=[AI]))
    user_id = sim.project().users()[0]["id"]
    password = password_in(result)
    assert password is not None
    assert sim.project().check_password(user_id, password)
    # Never inside what is always safe to print, nor in the diff.
    assert password not in json.dumps([result.get("user"), result.get("users"), result["diff"]])
    assert password_in(run(sim, kind, **named(kind, roles=[AI]))) is None


def test_the_credentials_of_a_list_say_whose_they_are(sim: Simulator) -> None:
    sim.project().add_user("old", [])
    result = run(sim, kinds.USERS, users=["old", "new"])
    new = sim.project().user_by_description("new")
    assert new is not None
    password = sim.project().password_of(new["id"])
    expected = {"id": new["id"], "username": new["username"], "description": "new", "password": password}
    assert result["credentials"] == [expected]


@BOTH
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("there", [True, False], ids=["renew", "create"])
def test_a_task_that_would_print_a_password_is_refused(
    sim: Simulator, kind: runner.Kind, check: bool, there: bool
) -> None:
    if there:
        sim.project().add_user("ada", [])
    options = named(kind, update_password="always" if there else "on_create")
    result = run(sim, kind, check=check, hidden=False, **options)
    refused(result, "Refused before any change", "no_log: true", "credentials_dir", "return_password: false")
    assert sim.writes() == []
    assert "password" not in result


@BOTH
@pytest.mark.parametrize("check", [True, False])
def test_a_task_that_prints_no_password_needs_no_no_log(sim: Simulator, kind: runner.Kind, check: bool) -> None:
    sim.project().add_user("ada", [])
    granted = run(sim, kind, check=check, hidden=False, **named(kind, roles=[AI]))
    assert granted["changed"]
    deleted = run(sim, kind, check=check, hidden=False, **named(kind, state="absent"))
    assert deleted["changed"]


@BOTH
def test_the_first_way_out_is_no_log(sim: Simulator, kind: runner.Kind) -> None:
    assert password_in(run(sim, kind, hidden=True, **named(kind))) is not None


def test_the_second_way_out_is_a_folder(sim: Simulator, tmp_path: Path) -> None:
    result = run(sim, kinds.USERS, hidden=False, users=["ada"], credentials_dir=str(tmp_path / "creds"))
    password = sim.project().password_of(sim.project().users()[0]["id"])
    assert result["credentials"] == []
    assert password not in json.dumps(result)
    assert password in Path(result["users"][0]["credential_file"]).read_text(encoding="utf-8")


@BOTH
@pytest.mark.parametrize("hidden", [True, False])
def test_the_third_way_out_is_not_to_return_it(sim: Simulator, kind: runner.Kind, hidden: bool) -> None:
    result = run(sim, kind, hidden=hidden, **named(kind, return_password=False))
    password = sim.project().password_of(sim.project().users()[0]["id"])
    assert result["changed"]
    assert password_in(result) is None
    assert password not in json.dumps(result)


def test_roles_never_touch_a_password(sim: Simulator) -> None:
    ada = sim.project().add_user("ada", [], password="kept-as-it-is")
    result = run(sim, kinds.USER_ROLE, hidden=False, description="ada", roles=[AI])
    assert result["changed"]
    assert sim.project().password_of(ada["id"]) == "kept-as-it-is"


@BOTH
def test_a_user_that_was_there_keeps_its_password(sim: Simulator, kind: runner.Kind) -> None:
    ada = sim.project().add_user("ada", [], password="somebody-uses-it")
    run(sim, kind, **named(kind, roles=[AI]))
    assert sim.project().password_of(ada["id"]) == "somebody-uses-it"
    assert written(sim) == ["POST user/ID/role"]


@BOTH
def test_always_renews_a_password(sim: Simulator, kind: runner.Kind) -> None:
    ada = sim.project().add_user("ada", [], password="an-old-one")
    password = password_in(run(sim, kind, **named(kind, update_password="always")))
    assert password is not None
    assert sim.project().check_password(ada["id"], password)
    assert written(sim) == ["POST user/ID/regeneratePassword"]


def test_an_item_decides_for_itself_whether_to_renew(sim: Simulator) -> None:
    for name in ("ada", "grace"):
        sim.project().add_user(name, [])
    users = ["ada", {"name": "grace", "update_password": "always"}]
    assert [one["description"] for one in run(sim, kinds.USERS, users=users)["credentials"]] == ["grace"]


def test_a_renewal_with_a_change_of_roles_is_one_call_each(sim: Simulator) -> None:
    sim.project().add_user("ada", [])
    result = run(sim, kinds.USER, description="ada", roles=[AI], update_password="always")
    assert result["user"]["roles"] == [AI]
    assert written(sim) == ["POST user/ID/regeneratePassword", "POST user/ID/role"]


def test_a_password_is_not_lost_when_its_user_fails_later(sim: Simulator) -> None:
    sim.settings.creating = float("inf")
    result = run(sim, kinds.USER, description="ada", wait_timeout=1)
    refused(result, "still creating", "wait_timeout")
    assert result["changed"]
    assert sim.project().check_password(result["user"]["id"], result["password"])


@pytest.mark.parametrize("mode", ["on_create", "on_missing", "always"])
def test_logging_in_proves_a_new_password(sim: Simulator, tmp_path: Path, mode: str) -> None:
    sim.project().add_user("grace", [])
    result = run(
        sim,
        kinds.USERS,
        users=["ada", "grace"],
        update_password=mode,
        credentials_dir=str(tmp_path / "creds"),
        verify_credentials=True,
    )
    renewed = 1 if mode == "on_create" else 2
    assert [user.get("credential_verified", False) for user in result["users"]] == [True, renewed == 2]
    assert written(sim).count("POST user/ID/token") == renewed


def test_a_new_password_that_does_not_log_in_is_a_failure(sim: Simulator) -> None:
    sim.fault("status", "POST", "/token$", status=401, message="The request you have made requires authentication.")
    result = run(sim, kinds.USERS, users=["ada"], verify_credentials=True)
    refused(result, "cannot log in with the new password", "HTTP 401")
    assert result["users"][0]["credential_verified"] is False
    assert result["users"][0]["action"] == "failed"
    password = result["credentials"][0]["password"]
    assert password not in json.dumps([result["users"], result["msg"]])
