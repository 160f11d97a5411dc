# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls a run costs: reading is the same for one user and for many, and each change is one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from tests.simulator import Simulator
from tests.support.checks import run, written
from tests.support.modules import call, connection

AI, STORE = "ai_training_operator", "objectstore_operator"
SIZES = pytest.mark.parametrize("size", [1, 300])
BOTH_MODES = pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
#: What every run asks: the server's clock, the users, the roles.
READING = ["GET /auth/time", "GET role", "GET user"]


def asked(sim: Simulator) -> list[str]:
    """All calls but writes, sorted."""
    return sorted(
        f"{one.method} {one.path.split('/', 4)[4] if one.path.startswith('/cloud') else one.path}"
        for one in sim.calls
        if not one.is_write
    )


def people(size: int) -> list[str]:
    """Descriptions."""
    return [f"user-{number:03}" for number in range(size)]


def fill(sim: Simulator, size: int, roles: list[str]) -> None:
    """Let the users be there already."""
    for name in people(size):
        sim.project().add_user(name, roles)


@SIZES
@BOTH_MODES
def test_a_steady_run_reads_three_times_and_writes_nothing(sim: Simulator, size: int, check: bool) -> None:
    fill(sim, size, [AI, STORE])
    result = run(sim, kinds.USERS, check=check, users=people(size), roles=[AI, STORE])
    assert result["summary"]["unchanged"] == size
    assert asked(sim) == READING
    assert sim.writes() == []
    assert result["api_calls"] == 3


@SIZES
def test_a_steady_run_with_credentials_costs_the_same(sim: Simulator, tmp_path: Path, size: int) -> None:
    options: dict[str, Any] = {"users": people(size), "roles": [AI, STORE], "credentials_dir": str(tmp_path / "creds")}
    assert run(sim, kinds.USERS, **options)["summary"]["created"] == size
    sim.clear_calls()
    result = run(sim, kinds.USERS, update_password="on_missing", rotate_after_days=90, **options)
    assert result["changed"] is False
    assert asked(sim) == READING
    assert sim.writes() == []


@SIZES
def test_check_mode_costs_no_more_than_reading(sim: Simulator, tmp_path: Path, size: int) -> None:
    result = run(
        sim, kinds.USERS, check=True, users=people(size), roles=[AI, STORE], credentials_dir=str(tmp_path / "creds")
    )
    assert result["summary"]["created"] == size
    assert asked(sim) == READING
    assert sim.writes() == []


@SIZES
def test_a_creation_with_both_roles_is_one_call(sim: Simulator, size: int) -> None:
    result = run(sim, kinds.USERS, users=people(size), roles=[AI, STORE])
    assert result["summary"]["created"] == size
    assert written(sim) == ["POST user"] * size
    # Besides reading: the rights of the key once, and one list that confirms all.
    assert asked(sim) == sorted([*READING, "GET /auth/currentCredential", "GET user"])


@pytest.mark.parametrize(
    ("has", "options", "write"),
    [
        ([AI], {"roles": [AI, STORE]}, "POST user/ID/role"),
        ([AI, STORE], {"revoke_roles": [AI]}, "DELETE user/ID/role/ROLE"),
        ([AI], {"roles": [STORE], "purge_roles": True}, "PUT user/ID/role"),
        ([AI], {"update_password": "always"}, "POST user/ID/regeneratePassword"),
        ([AI], {"state": "absent", "max_deletions": 300}, "DELETE user/ID"),
    ],
    ids=["grant", "revoke", "set", "renew", "delete"],
)
@SIZES
def test_each_change_is_one_call(
    sim: Simulator, size: int, has: list[str], options: dict[str, Any], write: str
) -> None:
    fill(sim, size, has)
    result = run(sim, kinds.USERS, users=people(size), **options)
    assert not result.get("failed"), result.get("msg")
    assert result["changed"]
    assert written(sim) == [write] * size
    reading = READING if {"roles", "revoke_roles"} & options.keys() else ["GET /auth/time", "GET user"]
    assert asked(sim) == sorted([*reading, "GET /auth/currentCredential", "GET user"])


@pytest.mark.parametrize(
    ("kind", "options"),
    [(kinds.USER, {"description": "user-000", "roles": [AI]}), (kinds.USER_ROLE, {"user_id": 1, "roles": [AI]})],
    ids=["user", "role"],
)
@SIZES
def test_one_user_of_many_is_found_with_the_same_calls(
    sim: Simulator, size: int, kind: runner.Kind, options: dict[str, Any]
) -> None:
    fill(sim, size, [AI])
    if "user_id" in options:
        options = {**options, "user_id": sim.project().users()[0]["id"]}
    assert run(sim, kind, **options)["changed"] is False
    # Roles that are there by their API names need no catalogue.
    assert asked(sim) == ["GET /auth/time", "GET user"]


@pytest.mark.parametrize(
    "options",
    [
        {"roles": ["AI Operator"]},
        {"roles": [AI, STORE]},
        {"roles": [AI], "revoke_roles": [STORE]},
        {"roles": [STORE], "purge_roles": True},
        {"description": "nobody", "roles": [AI]},
    ],
    ids=["label", "more", "less", "other", "new"],
)
def test_one_user_asks_for_the_catalogue_where_it_decides(sim: Simulator, options: dict[str, Any]) -> None:
    fill(sim, 1, [AI])
    run(sim, kinds.USER, check=True, **{"description": "user-000", **options})
    assert asked(sim) == READING


@pytest.mark.parametrize("given", ["AI_TRAINING_operator", f" {AI} "])
def test_a_name_in_any_case_needs_no_catalogue(sim: Simulator, given: str) -> None:
    fill(sim, 1, [AI, STORE])
    assert run(sim, kinds.USER, description="user-000", roles=[given], hidden=True)["changed"] is False
    assert asked(sim) == ["GET /auth/time", "GET user"]


@pytest.mark.parametrize("options", [{}, {"state": "absent"}], ids=["present", "absent"])
def test_the_catalogue_is_not_read_where_no_role_is_named(sim: Simulator, options: dict[str, Any]) -> None:
    run(sim, kinds.USER, check=True, description="ada", **options)
    assert asked(sim) == ["GET /auth/time", "GET user"]


def test_a_service_account_asks_for_its_token_once(sim: Simulator) -> None:
    fill(sim, 50, [AI])
    options = connection(sim, users=people(50), roles=[AI])
    for key in ("application_key", "application_secret", "consumer_key"):
        del options[key]
    options.update({key: sim.credentials[key] for key in ("client_id", "client_secret")})
    result = call(kinds.USERS, options)
    assert sorted(f"{one.method} {one.path.rsplit('/', 1)[1]}" for one in sim.calls) == [
        "GET role",
        "GET user",
        "POST token",
    ]
    assert result["api_calls"] == 3


def test_users_who_are_ready_tell_when_to_look_for_the_others(sim: Simulator) -> None:
    """The first look finds the first ones ready and says how long that took; the second comes when the last one is."""
    sim.settings.update({"latency": 0.05, "creating": 1.0})
    result = run(sim, kinds.USERS, users=people(30), roles=[AI], concurrency=1)
    assert result["summary"]["created"] == 30
    # Before the creations, and then these two; one more where the machine is so busy that the last one is late. Without
    # what the first ones tell, there were six.
    assert asked(sim).count("GET user") in (3, 4)


def test_bad_input_costs_no_call(sim: Simulator) -> None:
    run(sim, kinds.USERS, users=[{"name": "ada", "rôles": []}])
    assert sim.calls == []
