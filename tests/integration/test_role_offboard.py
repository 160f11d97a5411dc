# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``offboard_users`` and the playbook ``cloudops.ovh.offboard``, as people run them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import IDENTITY_KEYS, ITEM_KEYS
from tests.simulator import Simulator
from tests.support.modules import PROJECT
from tests.support.plays import PlayResult, play
from tests.support.rig import ROLES, Rig


def offboard(
    tmp_path: Path,
    sim: Simulator,
    users: list[Any] | str,
    check: bool = False,
    more: dict[str, Any] | None = None,
    **options: Any,
) -> PlayResult:
    variables = {"offboard_users_users": users, **(more or {})}
    variables.update({f"offboard_users_{key}": value for key, value in options.items()})
    return play(tmp_path, sim, playbook="cloudops.ovh.offboard", extra_vars=variables, check=check)


def changes(sim: Simulator) -> list[str]:
    return [f"{one.method} {one.path.split(PROJECT)[1]}" for one in sim.writes() if one.effect]


def again(tmp_path: Path, sim: Simulator, users: list[Any], **options: Any) -> None:
    sim.clear_calls()
    result = offboard(tmp_path, sim, users, **options)
    assert result.rc == 0, result.text
    assert (result.stats["localhost"]["changed"], changes(sim)) == (0, [])


def test_revoke_ai_is_what_it_does_by_default(tmp_path: Path, sim: Simulator) -> None:
    user = sim.project().add_user("ada", [*ROLES, "ai_training_read"])
    key = sim.project().add_s3_credential(user["id"])
    check = offboard(tmp_path, sim, ["ada", "gone"], check=True)
    assert (check.rc, changes(sim)) == (0, []), check.text
    result = offboard(tmp_path, sim, ["ada", "gone"])
    assert result.rc == 0, result.text
    assert sim.project().role_names(user["id"]) == ["objectstore_operator"]
    assert [one["access"] for one in sim.project().s3_credentials(user["id"])] == [key["access"]]
    assert "ada: still has: objectstore_operator" in result.text
    assert "gone: still has: no account" in result.text
    assert "Access keys, S3 policies and AI tokens were left alone; offboard_users_mode=revoke_all takes" in result.text
    again(tmp_path, sim, ["ada", "gone"])


def test_who_could_not_be_offboarded_still_has_what_the_summary_says(tmp_path: Path, sim: Simulator) -> None:
    sim.project().add_user("ada", ROLES)
    sim.fault("status", "DELETE", "/role/", times=None, status=400, message="No.")
    result = offboard(tmp_path, sim, ["ada"])
    assert result.rc != 0
    (line,) = [one for one in result.text.splitlines() if "localhost: failed    ada: DELETE" in one]
    assert "The API says: No. Still has: ai_training_operator, objectstore_operator" in line


@pytest.mark.parametrize(
    ("mode", "then"),
    [
        ("revoke_all", "state=absent). Still has: no role"),
        ("delete", "the account is deleted. DELETE"),
    ],
)
def test_who_may_still_have_a_key_is_not_said_to_have_none(
    tmp_path: Path, sim: Simulator, mode: str, then: str
) -> None:
    user = sim.project().add_user("ada", ROLES)
    sim.project().add_s3_credential(user["id"])
    sim.fault("status", "DELETE", "/s3Credentials/", times=None, status=400, message="No.")
    result = offboard(tmp_path, sim, ["ada"], mode=mode)
    assert result.rc != 0
    (line,) = [one for one in result.text.splitlines() if "localhost: failed    ada: ada (user " in one]
    assert then in line
    assert ("no access key" in line, "Still has" in line) == (False, mode == "revoke_all")


def test_a_name_that_only_looks_like_an_account_is_pointed_out(tmp_path: Path, sim: Simulator) -> None:
    user = sim.project().add_user("ada@example.com", ROLES)
    result = offboard(tmp_path, sim, ["Ada@Example.com "])
    assert result.rc == 0, result.text
    assert sim.project().role_names(user["id"]) == sorted(ROLES)
    hint = "Nobody has exactly this description; there is 'ada@example.com' (id %d), which" % user["id"]
    assert f"still has: no account. {hint}" in result.text
    assert f"[WARNING]: Ada@Example.com : {hint}" in " ".join(result.text.split())


def test_a_list_from_the_command_line_and_a_folder_that_is_nowhere(tmp_path: Path, sim: Simulator) -> None:
    for name in ("ada", "bob"):
        sim.project().add_user(name, ROLES)
    wrong = offboard(tmp_path, sim, ["ada"], mode="delete", credentials_dir="creds")
    assert wrong.rc != 0
    assert "offboard_users_credentials_dir: creds is a relative path." in wrong.text
    assert sim.calls == []
    result = offboard(tmp_path, sim, "ada, bob", mode="delete")
    assert result.rc == 0, result.text
    assert sim.project().live_users() == []


def test_who_is_gone_is_called_as_the_list_does(tmp_path: Path, sim: Simulator) -> None:
    ada = sim.project().add_user("ada", ROLES)
    bob = sim.project().add_user("bob", [])
    users = ["ada", {"user_id": 424242}, {"username": "user-none"}, {"user_id": bob["id"]}]
    for mode in ("revoke_ai", "delete"):
        result = offboard(tmp_path, sim, users, mode=mode)
        assert result.rc == 0, result.text
        for name in ("424242", "user-none"):
            assert f"{name}: still has: no account" in result.text
    assert (sim.project().live_users(), "1 project(s): 0 updated, 2 unchanged, 2 deleted" in result.text) == ([], True)
    again(tmp_path, sim, users, mode="delete")
    # The same list brings none of them back by an id, and says so of each.
    again_on = play(
        tmp_path,
        sim,
        playbook="cloudops.ovh.onboard",
        extra_vars={"onboard_users_users": users, "onboard_users_credentials_dir": str(tmp_path / "creds")},
    )
    assert again_on.rc != 0
    for name in ("424242", "user-none", "ada"):
        assert f"{name}: " in again_on.text
    assert "1 project(s): 1 created, 0 updated, 0 unchanged, 0 deleted, 3 failed, " in again_on.text
    assert "API calls; 1 project(s) failed" in again_on.text
    assert sim.project().user_by_description("ada")["id"] != ada["id"]


def test_revoke_all_leaves_an_account_without_rights(tmp_path: Path, sim: Simulator) -> None:
    user = sim.project().add_user("ada", ROLES)
    sim.project().add_s3_credential(user["id"])
    mine = sim.project().add_ai_token("notebooks", label_selector="team=x,owner=ada")
    other = sim.project().add_ai_token("others", label_selector="owner=adaline")
    result = offboard(tmp_path, sim, ["ada"], mode="revoke_all")
    assert result.rc == 0, result.text
    assert sim.project().role_names(user["id"]) == []
    assert sim.project().s3_credentials(user["id"]) == []
    assert [one["id"] for one in sim.project().ai_tokens()] == [other["id"]]
    assert mine["id"] not in result.text
    assert "AI token notebooks (team=x,owner=ada) removed" in result.text
    assert "ada: still has: no role and no access key" in result.text
    # Less access first: the token and the key, then the roles. One call of a module for all of it.
    assert "role" in changes(sim)[-1]
    assert len(result.tasks("cloudops.ovh.ovh_cloud_users")) == 2
    again(tmp_path, sim, ["ada"], mode="revoke_all")


def test_delete_takes_the_account_and_at_last_the_file(tmp_path: Path, sim: Simulator) -> None:
    folder = tmp_path / "credentials"
    Rig(sim, folder).run(["ada", "grace"], kit=True)
    result = offboard(tmp_path, sim, ["ada"], mode="delete", credentials_dir=str(folder))
    assert result.rc == 0, result.text
    assert [user["description"] for user in sim.project().live_users()] == ["grace"]
    assert {path.name.partition(".")[0] for path in (folder / PROJECT).iterdir()} == {"", "grace"}
    assert "ada: still has: no account" in result.text
    again(tmp_path, sim, ["ada"], mode="delete", credentials_dir=str(folder))


@pytest.mark.parametrize(("mode", "option"), [("revoke_ai", "max_revocations"), ("delete", "max_deletions")])
def test_the_guard_refuses_before_any_change(tmp_path: Path, sim: Simulator, mode: str, option: str) -> None:
    people = ["ada", "grace", "edsger"]
    for name in people:
        sim.project().add_user(name, ROLES)
    result = offboard(tmp_path, sim, people, mode=mode, max_deletions=2)
    assert result.rc != 0
    assert changes(sim) == []
    assert "ada (" in result.text
    assert "edsger (" in result.text
    assert f"raise {option}. In this role {option} is offboard_users_max_deletions." in result.text


def test_what_cannot_be_done_is_said_and_the_others_go_on(tmp_path: Path, sim: Simulator) -> None:
    twins = [sim.project().add_user("twin", ROLES)["id"] for _number in range(2)]
    sim.project().add_user("ada", ROLES)
    sim.project().add_ai_token("notebooks", label_selector="owner=ada")
    sim.fault("status", method="DELETE", route="/ai/token", status=403, times=None, error_class="Client::Forbidden")
    result = offboard(tmp_path, sim, ["twin", "ada"], mode="delete")
    assert result.rc != 0
    assert [user["id"] for user in sim.project().live_users()] == twins
    assert all(str(one) in result.text for one in twins)
    assert "ai/token" in result.text
    sim.clear_faults()
    # The account is gone, and with it its name: the list still has it, so the token goes in the next run.
    resolved = offboard(tmp_path, sim, [{"user_id": twins[0]}, "ada"], mode="delete")
    assert resolved.rc == 0, resolved.text
    assert [user["id"] for user in sim.project().live_users()] == twins[1:]
    assert sim.project().ai_tokens() == []


#: What an item of a list for onboarding may ask for, by the name of the person; none of it is meant here.
WISHES: dict[str, dict[str, Any]] = {
    "roles": {"roles": ["administrator"]},
    "revoke_roles": {"revoke_roles": []},
    "purge_roles": {"purge_roles": True, "roles": ROLES},
    "state": {"state": "present"},
    "absent": {"state": "absent"},
    "update_password": {"update_password": "always"},
    "s3_credentials": {"s3_credentials": "present"},
    "rotate": {"s3_credentials": "rotate"},
    "ai_tokens": {"ai_tokens": "absent"},
    "nonsense": {"state": "gone", "purge_roles": "maybe"},
}
#: The roles and the number of access keys that each mode leaves; None: no account.
LEFT = {"revoke_ai": (["objectstore_operator"], 1), "revoke_all": ([], 0), "delete": None}


@pytest.mark.parametrize("mode", LEFT)
def test_a_list_for_onboarding_serves_offboarding(tmp_path: Path, sim: Simulator, mode: str) -> None:
    cloud = sim.project()
    assert {key for wishes in WISHES.values() for key in wishes} == ITEM_KEYS.difference(IDENTITY_KEYS)
    ids = {name: cloud.add_user(name, ROLES, password="their own")["id"] for name in [*WISHES, "csv"]}
    for one in ids.values():
        cloud.add_s3_credential(one)
    items: list[Any] = [{"name": name, **wishes} for name, wishes in WISHES.items()]
    csv = "description,roles,state\ncsv,administrator,present\n"
    expression = "{{ items + (csv | cloudops.ovh.users_from_csv) }}"
    result = offboard(tmp_path, sim, expression, mode=mode, max_deletions=20, more={"items": items, "csv": csv})
    assert result.rc == 0, result.text
    alive = {user["id"] for user in cloud.live_users()}
    found = {
        name: (cloud.role_names(one), len(cloud.s3_credentials(one))) if one in alive else None
        for name, one in ids.items()
    }
    assert found == dict.fromkeys(ids, LEFT[mode])
    assert {cloud.password_of(one) for one in alive} <= {"their own"}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"description": "ada", "role": ["administrator"]}, "users[1]: unknown key role."),
        ({"roles": ["administrator"], "state": "absent"}, "users[1] names no user"),
        ({"description": "ada", "user_id": 7}, "names its user by description and user_id"),
        (["ada"], "users[1] must be a description or a mapping, not a list"),
    ],
)
def test_an_item_that_names_nobody_is_refused(tmp_path: Path, sim: Simulator, item: Any, message: str) -> None:
    result = offboard(tmp_path, sim, ["ada", item], mode="delete")
    assert result.rc != 0
    assert message in result.text
    assert sim.calls == []


def test_a_wrong_mode_is_refused(tmp_path: Path, sim: Simulator) -> None:
    result = offboard(tmp_path, sim, ["ada"], mode="everything")
    assert result.rc != 0
    assert "revoke_all" in result.text
    assert sim.calls == []
