# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, change and delete, each in check mode, for real, and again: `changed`, diff, and what reached the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from tests.simulator import Simulator
from tests.support.checks import foreseen, run, tree, written

AI, AI_READ, STORE = "ai_training_operator", "ai_training_read", "objectstore_operator"


def shown(roles: list[str], password: str = "kept", description: str = "ada") -> dict[str, Any]:
    """One user in a diff."""
    return {"description": description, "roles": roles, "password": password}


class Case(NamedTuple):
    """One change. ``has``: the users before it with their roles."""

    name: str
    kind: runner.Kind
    options: dict[str, Any]
    has: dict[str, list[str]]
    writes: list[str]
    before: dict[str, Any]
    after: dict[str, Any]
    holds: dict[str, list[str]]


ADA = {"description": "ada"}
CASES = [
    Case(
        "user-create",
        kinds.USER,
        {**ADA, "roles": [STORE, AI]},
        {},
        ["POST user"],
        {},
        shown([AI, STORE], "renewed"),
        {"ada": [AI, STORE]},
    ),
    Case(
        "user-add-role",
        kinds.USER,
        {**ADA, "roles": [AI, STORE]},
        {"ada": [AI]},
        ["POST user/ID/role"],
        shown([AI]),
        shown([AI, STORE]),
        {"ada": [AI, STORE]},
    ),
    Case(
        "user-revoke-role",
        kinds.USER,
        {**ADA, "revoke_roles": [AI]},
        {"ada": [AI, STORE]},
        ["DELETE user/ID/role/ROLE"],
        shown([AI, STORE]),
        shown([STORE]),
        {"ada": [STORE]},
    ),
    Case(
        "user-exact-roles",
        kinds.USER,
        {**ADA, "roles": [AI, STORE], "purge_roles": True},
        {"ada": [AI_READ, STORE]},
        ["PUT user/ID/role"],
        shown([AI_READ, STORE]),
        shown([AI, STORE]),
        {"ada": [AI, STORE]},
    ),
    Case(
        "user-no-roles",
        kinds.USER,
        {**ADA, "roles": [], "purge_roles": True},
        {"ada": [AI, STORE]},
        ["DELETE user/ID/role/ROLE"] * 2,
        shown([AI, STORE]),
        shown([]),
        {"ada": []},
    ),
    Case(
        "user-delete",
        kinds.USER,
        {**ADA, "state": "absent"},
        {"ada": [AI]},
        ["DELETE user/ID"],
        shown([AI]),
        {},
        {},
    ),
    Case(
        "role-grant",
        kinds.USER_ROLE,
        {**ADA, "roles": [AI, STORE]},
        {"ada": [AI]},
        ["POST user/ID/role"],
        shown([AI]),
        shown([AI, STORE]),
        {"ada": [AI, STORE]},
    ),
    Case(
        "role-revoke",
        kinds.USER_ROLE,
        {**ADA, "roles": [AI], "state": "absent"},
        {"ada": [AI, STORE]},
        ["DELETE user/ID/role/ROLE"],
        shown([AI, STORE]),
        shown([STORE]),
        {"ada": [STORE]},
    ),
    Case(
        "role-exact",
        kinds.USER_ROLE,
        {**ADA, "roles": [AI_READ], "purge_roles": True},
        {"ada": [AI, STORE]},
        ["PUT user/ID/role"],
        shown([AI, STORE]),
        shown([AI_READ]),
        {"ada": [AI_READ]},
    ),
    Case(
        "users-everything",
        kinds.USERS,
        {
            "users": [
                "ada",
                {"name": "grace", "revoke_roles": [AI_READ], "roles": []},
                {"description": "linus", "state": "absent"},
                {"description": "old", "roles": [AI]},
            ],
            "roles": [AI, STORE],
            "purge_users": True,
            "purge_match": "^gone",
        },
        {"grace": [AI_READ], "linus": [AI], "old": [AI], "gone-1": [], "gone-2": [AI], "other": []},
        ["DELETE user/ID"] * 3 + ["DELETE user/ID/role/ROLE", "POST user"],
        {
            "grace": shown([AI_READ], description="grace"),
            "linus": shown([AI], description="linus"),
            "gone-1": shown([], description="gone-1"),
            "gone-2": shown([AI], description="gone-2"),
            "ada": {},
        },
        {
            "ada": shown([AI, STORE], "renewed"),
            "grace": shown([], description="grace"),
            "linus": {},
            "gone-1": {},
            "gone-2": {},
        },
        {"ada": [AI, STORE], "grace": [], "old": [AI], "other": []},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_check_real_again(sim: Simulator, tmp_path: Path, case: Case) -> None:
    project = sim.project()
    for description, roles in case.has.items():
        project.add_user(description, roles)
    before = project.users()
    options = dict(case.options)
    if case.kind is kinds.USERS:
        options["credentials_dir"] = str(tmp_path / "credentials")

    checked = run(sim, case.kind, check=True, **options)
    assert not checked.get("failed"), checked
    assert checked["changed"] is True
    assert sim.writes() == []
    assert project.users() == before
    assert tree(tmp_path) == {}, "check mode wrote to the disk"

    done = run(sim, case.kind, **options)
    assert not done.get("failed"), done
    assert done["changed"] is True
    assert written(sim) == sorted(case.writes)
    assert done["diff"] == {"before": case.before, "after": case.after}
    assert foreseen(checked) == foreseen(done)
    assert {one["description"]: [role["name"] for role in sorted_roles(one)] for one in project.users()} == case.holds

    for check in (True, False):
        sim.clear_calls()
        disk = tree(tmp_path)
        again = run(sim, case.kind, check=check, **options)
        assert not again.get("failed"), again
        assert again["changed"] is False
        assert again["diff"]["before"] == again["diff"]["after"]
        assert sim.writes() == []
        assert tree(tmp_path) == disk


def sorted_roles(user: dict[str, Any]) -> list[dict[str, Any]]:
    """Roles in the order in which results show them."""
    return sorted(user["roles"], key=lambda role: role["name"])


@pytest.mark.parametrize("kind", [kinds.USER, kinds.USERS], ids=["user", "users"])
def test_a_renewed_password_is_a_change_in_every_run(sim: Simulator, kind: runner.Kind) -> None:
    user = sim.project().add_user("ada", [AI])
    options: dict[str, Any] = {"update_password": "always"}
    options.update({"users": ["ada"]} if kind is kinds.USERS else ADA)
    checked = run(sim, kind, check=True, **options)
    assert checked["changed"]
    assert sim.writes() == []
    for _round in range(2):
        sim.clear_calls()
        old = sim.project().password_of(user["id"])
        done = run(sim, kind, **options)
        assert done["changed"]
        assert foreseen(done) == foreseen(checked)
        assert written(sim) == ["POST user/ID/regeneratePassword"]
        after = done["diff"]["after"]["ada"] if kind is kinds.USERS else done["diff"]["after"]
        assert after == shown([AI], "renewed")
        assert sim.project().password_of(user["id"]) != old


def test_the_diff_of_a_list_is_empty_where_nothing_changed(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI])
    steady = run(sim, kinds.USERS, users=["ada"], roles=[AI])
    assert steady["diff"] == {"before": {}, "after": {}}
    missing = run(sim, kinds.USER, description="nobody", state="absent")
    assert missing["diff"] == {"before": {}, "after": {}}
    assert missing["user"] is None


@pytest.mark.parametrize("state", ["present", "absent"])
def test_roles_added_and_removed_are_named(sim: Simulator, state: str) -> None:
    sim.project().add_user("ada", [AI_READ, STORE])
    options: dict[str, Any] = {"roles": [AI]} if state == "present" else {"roles": [STORE]}
    checked = run(sim, kinds.USER_ROLE, check=True, description="ada", state=state, **options)
    done = run(sim, kinds.USER_ROLE, description="ada", state=state, **options)
    expected = ([AI], []) if state == "present" else ([], [STORE])
    assert (checked["added"], checked["removed"]) == expected
    assert (done["added"], done["removed"]) == expected
    again = run(sim, kinds.USER_ROLE, description="ada", state=state, **options)
    assert (again["added"], again["removed"]) == ([], [])


def test_exact_roles_name_what_was_added_and_removed(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI, STORE])
    done = run(sim, kinds.USER_ROLE, description="ada", roles=[AI_READ, STORE], purge_roles=True)
    assert (done["added"], done["removed"]) == ([AI_READ], [AI])
    assert done["user"]["roles"] == [AI_READ, STORE]


def test_the_actions_and_the_summary_of_a_list(sim: Simulator) -> None:
    for name, roles in {"same": [AI], "less": [AI, STORE], "gone": []}.items():
        sim.project().add_user(name, roles)
    users = ["new", "same", {"name": "less", "revoke_roles": [STORE]}, {"name": "gone", "state": "absent"}]
    expected = ["created", "unchanged", "updated", "deleted"]
    for check in (True, False):
        result = run(sim, kinds.USERS, check=check, users=users, roles=[AI])
        assert [user["action"] for user in result["users"]] == expected
        assert result["summary"] == {"created": 1, "updated": 1, "unchanged": 1, "deleted": 1, "failed": 0}
        assert [user["description"] for user in result["users"]] == ["new", "same", "less", "gone"]
