# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access keys in credential files, roles by pattern, users that are never created: what joining and leaving need."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import apply, folder, watch
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import StoreError
from tests.simulator import Simulator
from tests.support.checks import foreseen
from tests.support.modules import PROJECT, call, connection

ROLES = ["ai_training_operator", "objectstore_operator"]
VAULT = "correct horse battery"


def users(sim: Simulator, names: list[Any], check: bool = False, **more: Any) -> dict[str, Any]:
    return call(kinds.USERS, {**connection(sim), "users": names, **more}, check=check, hidden=False)


def changes(sim: Simulator) -> list[str]:
    return [f"{one.method} {one.path.split(PROJECT)[1]}" for one in sim.writes() if one.effect]


def read(folder: Path, name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / PROJECT / f"{name}.yml").read_text()))


@pytest.mark.parametrize("vault", [None, VAULT])
def test_a_key_is_delivered_once(sim: Simulator, tmp_path: Path, vault: str | None) -> None:
    options = {"roles": ROLES, "s3_credentials": "present", "credentials_dir": str(tmp_path / "c")}
    options["credentials_vault_password"] = vault
    foreseen = users(sim, ["ada"], check=True, **options)
    assert foreseen["users"][0]["action"] == "created"
    assert not (tmp_path / "c").exists()
    first = users(sim, ["ada"], **options)
    user = sim.project().user_by_description("ada")
    keys = sim.project().s3_credentials(user["id"])
    assert [key["access"] for key in keys] == [first["users"][0]["credential_s3_access"]]
    sim.clear_calls()
    again = users(sim, ["ada"], **options)
    assert (again["changed"], changes(sim)) == (False, [])
    assert again["users"][0]["credential_s3_access"] == keys[0]["access"]
    # The clock, the users and the roles: no key is read again.
    assert again["api_calls"] == 3


def test_the_file_has_all_that_a_person_needs(sim: Simulator, tmp_path: Path) -> None:
    users(sim, ["ada"], roles=ROLES, s3_credentials="present", s3_region="SBG", credentials_dir=str(tmp_path / "c"))
    record = read(tmp_path / "c", "ada")
    user = sim.project().user_by_description("ada")
    key = sim.project().s3_credentials(user["id"])[0]
    assert (record["s3_access"], record["s3_secret"]) == (key["access"], key["secret"])
    assert record["s3_endpoint"] == "https://s3.sbg.io.cloud.ovh.net"
    assert f"aws_secret_access_key = {key['secret']}" in record["s3_aws_profile"]
    assert f"secret_access_key = {key['secret']}" in record["s3_rclone_profile"]
    assert sim.project().check_password(user["id"], record["password"])


def test_a_key_that_is_there_is_taken(sim: Simulator, tmp_path: Path) -> None:
    user = sim.project().add_user("ada", ROLES)
    key = sim.project().add_s3_credential(user["id"])
    result = users(sim, ["ada"], s3_credentials="present", credentials_dir=str(tmp_path / "c"))
    assert result["users"][0]["credential_s3_access"] == key["access"]
    assert len(sim.project().s3_credentials(user["id"])) == 1
    # The account's password is somebody's: it is neither known nor renewed, and the file says so.
    record = read(tmp_path / "c", "ada")
    assert record["password"] is None
    assert "not known" in record["note"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_makes_no_second_key(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation

    monkeypatch.setattr(creation, "LAG", 0.3)
    sim.project().add_user("ada", ROLES)
    sim.fault("reset", method="POST", route="s3Credentials$", when=when)
    result = users(sim, ["ada"], s3_credentials="present", credentials_dir=str(tmp_path / "c"))
    assert not result.get("failed"), result.get("msg")
    keys = sim.project().s3_credentials(sim.project().user_by_description("ada")["id"])
    assert len(keys) == 1
    assert read(tmp_path / "c", "ada")["s3_secret"] == keys[0]["secret"]


def test_a_renewed_password_keeps_the_key(sim: Simulator, tmp_path: Path) -> None:
    folder = str(tmp_path / "c")
    users(sim, ["ada"], s3_credentials="present", credentials_dir=folder)
    before = read(tmp_path / "c", "ada")
    users(sim, ["ada"], update_password="always", credentials_dir=folder)
    after = read(tmp_path / "c", "ada")
    assert after["s3_secret"] == before["s3_secret"]
    assert after["password"] != before["password"]


def test_leaving_takes_the_keys_first_and_the_file_last(sim: Simulator, tmp_path: Path) -> None:
    folder = str(tmp_path / "c")
    users(sim, ["ada"], roles=ROLES, s3_credentials="present", credentials_dir=folder)
    user = sim.project().user_by_description("ada")
    extra = sim.project().add_s3_credential(user["id"])
    sim.clear_calls()
    options = {"state": "absent", "s3_credentials": "absent", "credentials_dir": folder}
    assert users(sim, ["ada", "gone"], check=True, **options)["summary"]["deleted"] == 1
    assert changes(sim) == []
    result = users(sim, ["ada", "gone"], **options)
    assert [one["action"] for one in result["users"]] == ["deleted", "unchanged"]
    assert changes(sim)[-1] == f"DELETE /user/{user['id']}"
    assert f"DELETE /user/{user['id']}/s3Credentials/{extra['access']}" in changes(sim)
    assert len(changes(sim)) == 3
    assert not (tmp_path / "c" / PROJECT / "ada.yml").exists()


def test_keys_go_and_the_account_stays(sim: Simulator, tmp_path: Path) -> None:
    folder = str(tmp_path / "c")
    users(sim, ["ada"], roles=ROLES, s3_credentials="present", credentials_dir=folder)
    users(sim, ["ada"], roles=[], purge_roles=True, s3_credentials="absent", credentials_dir=folder)
    user = sim.project().user_by_description("ada")
    assert sim.project().s3_credentials(user["id"]) == []
    assert sim.project().role_names(user["id"]) == []
    assert "s3_secret" not in read(tmp_path / "c", "ada")
    assert users(sim, ["ada"], s3_credentials="absent", credentials_dir=folder)["changed"] is False


@pytest.mark.parametrize("reason", ["right", "500", "conflict"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_key_that_cannot_be_removed_keeps_no_other_access(sim: Simulator, reason: str, state: str) -> None:
    """Whoever leaves loses all that can be taken; what is left is said, and fails the run."""
    people = {}
    for name in ("ada", "bob"):
        people[name] = sim.project().add_user(name, ROLES)["id"]
    stuck = sim.project().add_s3_credential(people["ada"])["access"]
    sim.project().add_s3_credential(people["ada"])
    sim.project().add_s3_credential(people["bob"])
    mine = sim.project().s3_credentials(people["ada"])
    if reason == "right":
        sim.deny_iam = {"user/s3Credentials/delete"}
    else:
        status = 409 if reason == "conflict" else int(reason)
        sim.fault("status", "DELETE", f"/s3Credentials/{stuck}$", times=None, status=status)
    wanted = {"roles": [], "purge_roles": True} if state == "present" else {}
    result = users(sim, ["ada", "bob"], state=state, s3_credentials="absent", retries=1, wait_timeout=3, **wanted)
    assert result["users"][0]["action"] == "failed"
    said = result["users"][0]["error"]
    named = re.findall(r"the access key (\w+)", said)
    assert sorted(named) == ([stuck] if reason != "right" else sorted(one["access"] for one in mine))
    assert "could not be removed and may be left" in said
    assert result["users"][0]["failure"]["s3_keys_left"] == named
    if state == "absent":
        # What is advised has to work, and what is said of the account has to be so.
        assert "the account is deleted. " in result["msg"]
        assert "no run can remove it now: check that it opens nothing any more" in result["msg"]
        assert {key: result["users"][0][key] for key in ("id", "user_id", "description", "status", "roles")} == {
            "id": None, "user_id": people["ada"], "description": "ada", "status": None, "roles": []
        }  # fmt: skip
        assert "password" not in result["diff"]["after"]["ada"]
    else:
        assert "Run again, or remove them with ovh_cloud_user_s3_credential (access, state=absent)." in said
    left = {name: sim.project().user_by_description(name) for name in people}
    if state == "absent":
        assert left == {"ada": None, "bob": None}
    else:
        assert [sim.project().role_names(one) for one in people.values()] == [[], []]
    if reason != "right" and state == "present":
        assert [one["access"] for one in sim.project().s3_credentials(people["ada"])] == [stuck]
        assert result["users"][1]["action"] == "updated"


def test_patterns_take_roles_that_even_the_catalogue_forgot(sim: Simulator) -> None:
    user = sim.project().add_user("ada", ["ai_training_operator", "ai_training_read", "volume_operator"])
    sim.project().catalogue.remove("ai_training_read")
    result = users(sim, ["ada"], revoke_roles=["AI_*"])
    assert result["users"][0]["roles"] == ["volume_operator"]
    assert sim.project().role_names(user["id"]) == ["volume_operator"]
    assert users(sim, ["ada"], revoke_roles=["ai_*"])["changed"] is False


def test_a_pattern_spares_what_is_listed(sim: Simulator) -> None:
    sim.project().add_user("ada", ["ai_training_operator"])
    result = users(sim, ["ada"], roles=["ai_training_read"], revoke_roles=["ai_*"])
    assert result["users"][0]["roles"] == ["ai_training_read"]


def test_nobody_is_created_where_that_is_not_wanted(sim: Simulator) -> None:
    result = users(sim, ["ada"], revoke_roles=["ai_*"], create=False)
    assert result["users"][0]["action"] == "unchanged"
    assert sim.project().users() == []


def test_too_many_revocations_are_refused_by_name(sim: Simulator) -> None:
    for name in ("ada", "grace", "edsger"):
        sim.project().add_user(name, ["ai_training_operator"])
    sim.project().add_user("nobody", [])
    everybody = ["ada", "grace", "edsger", "nobody"]
    result = users(sim, everybody, revoke_roles=["ai_*"], max_revocations=2)
    assert result["failed"]
    assert "ada (" in result["msg"]
    assert "nobody" not in result["msg"]
    assert changes(sim) == []
    assert users(sim, everybody, revoke_roles=["ai_*"], max_revocations=3)["summary"]["updated"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"s3_credentials": "present"}, "needs credentials_dir"),
        ({"s3_region": "not a region"}, "s3_region"),
        ({"users": [{"name": "ada", "s3_credentials": "maybe"}]}, "s3_credentials must be one of"),
        ({"max_revocations": -1}, "max_revocations must not be negative"),
    ],
)
def test_bad_input(sim: Simulator, options: dict[str, Any], words: str) -> None:
    result = call(kinds.USERS, {**connection(sim), "users": ["ada"], **options})
    assert result["failed"]
    assert words in result["msg"]
    assert sim.calls == []


@pytest.mark.parametrize("vault", [None, VAULT])
def test_a_key_in_a_file_is_rotated_new_before_old(sim: Simulator, tmp_path: Path, vault: str | None) -> None:
    options: dict[str, Any] = {"credentials_dir": str(tmp_path / "c"), "credentials_vault_password": vault}
    # Where there is none yet it is made.
    first = users(sim, ["ada"], s3_credentials="rotate", kit=True, **options)["users"][0]
    stray = sim.project().add_s3_credential(first["user_id"])["access"]
    sim.clear_calls()
    check = users(sim, ["ada"], s3_credentials="rotate", check=True, **options)
    assert (check["changed"], changes(sim)) == (True, [])
    done = users(sim, ["ada"], s3_credentials="rotate", kit=True, **options)
    second = done["users"][0]
    (key,) = sim.project().s3_credentials(first["user_id"])
    assert key["access"] == second["credential_s3_access"]
    assert key["access"] not in (first["credential_s3_access"], stray)
    assert [one.partition(" ")[0] for one in changes(sim)] == ["POST", "DELETE", "DELETE"]
    assert done["diff"]["after"]["ada"]["access_key"] == "renewed"
    assert key["secret"] not in str(done)
    if vault is None:
        assert read(tmp_path / "c", "ada")["s3_secret"] == key["secret"]
        assert key["secret"] in (tmp_path / "c" / PROJECT / "ada.rclone.conf").read_text()
    sim.clear_calls()
    steady = users(sim, ["ada"], s3_credentials="present", kit=True, **options)
    assert (steady["changed"], changes(sim)) == (False, [])


def test_a_rotation_that_fails_leaves_the_old_key(sim: Simulator, tmp_path: Path) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("status", "POST", "s3Credentials$", status=403, times=None, error_class="Client::Forbidden")
    assert "s3Credentials" in users(sim, ["ada"], s3_credentials="rotate", **options)["msg"]
    assert [key["access"] for key in sim.project().s3_credentials(first["user_id"])] == [first["credential_s3_access"]]
    assert read(tmp_path / "c", "ada")["s3_access"] == first["credential_s3_access"]
    assert "needs credentials_dir" in users(sim, ["ada"], s3_credentials="rotate")["msg"]


def test_a_rotation_waits_for_a_busy_user_and_makes_one_key(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_FIRST_REST", 0.02)
    monkeypatch.setattr(apply, "_FIRST_PAUSE", 0.02)
    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("status", "DELETE", "s3Credentials", status=409, times=2)
    sim.clear_calls()
    done = users(sim, ["ada"], s3_credentials="rotate", **options)
    assert not done.get("failed"), done.get("msg")
    (key,) = sim.project().s3_credentials(first["user_id"])
    assert key["access"] == done["users"][0]["credential_s3_access"] != first["credential_s3_access"]
    assert [one.partition(" ")[0] for one in changes(sim)] == ["POST", "DELETE"]


def test_an_old_key_that_stays_is_named(sim: Simulator, tmp_path: Path) -> None:
    options = {"credentials_dir": str(tmp_path / "c"), "kit": True}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("status", "DELETE", "s3Credentials", status=403, times=None, error_class="Client::Forbidden")
    failed = users(sim, ["ada"], s3_credentials="rotate", **options)
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert f"the access key {first['credential_s3_access']} could not be removed and may be left" in failed["msg"]
    assert failed["diff"]["after"]["ada"]["access_key"] == "renewed"
    # All else is done: the new key is in the file, and in the kit.
    new = failed["users"][0]["credential_s3_access"]
    assert new == read(tmp_path / "c", "ada")["s3_access"] != first["credential_s3_access"]
    assert new in (tmp_path / "c" / PROJECT / "ada.rclone.conf").read_text()
    assert {key["access"] for key in sim.project().s3_credentials(first["user_id"])} == {
        new,
        first["credential_s3_access"],
    }
    # A run that asks for nothing of it goes on with what was begun.
    sim.clear_faults()
    check = users(sim, ["ada"], check=True, **options)
    again = users(sim, ["ada"], **options)
    assert foreseen(check) == foreseen(again)
    assert again["diff"]["after"]["ada"]["replaced_access_keys"] == "removed"
    assert [key["access"] for key in sim.project().s3_credentials(first["user_id"])] == [new]
    assert "s3_replaces" not in read(tmp_path / "c", "ada")
    assert not users(sim, ["ada"], s3_credentials="present", **options)["changed"]


@pytest.mark.parametrize("stuck", [0, 1, 2])
def test_a_key_that_stays_keeps_no_other(sim: Simulator, tmp_path: Path, stuck: int) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    keys = [first["credential_s3_access"]]
    keys += [sim.project().add_s3_credential(first["user_id"])["access"] for _time in range(2)]
    sim.fault("status", "DELETE", f"s3Credentials/{keys[stuck]}$", status=400, times=None)
    failed = users(sim, ["ada"], s3_credentials="rotate", **options)["users"][0]
    assert failed["failure"]["s3_keys_left"] == [keys[stuck]]
    there = {key["access"] for key in sim.project().s3_credentials(first["user_id"])}
    assert there == {keys[stuck], failed["credential_s3_access"]}
    assert read(tmp_path / "c", "ada")["s3_replaces"] == [keys[stuck]]


@pytest.mark.parametrize("vault", [None, VAULT])
def test_old_keys_go_before_a_kit_that_cannot_be_made(sim: Simulator, tmp_path: Path, vault: str | None) -> None:
    options = {"credentials_dir": str(tmp_path / "c"), "kit": True, "credentials_vault_password": vault}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("status", "GET", "/openrc", status=403, times=None)
    failed = users(sim, ["ada"], s3_credentials="rotate", **options)
    assert "openrc" in failed["msg"]
    (key,) = sim.project().s3_credentials(first["user_id"])
    assert key["access"] == failed["users"][0]["credential_s3_access"] != first["credential_s3_access"]
    sim.clear_faults()
    assert users(sim, ["ada"], s3_credentials="present", **options)["users"][0]["credential_kit"]


def test_a_key_whose_secret_is_not_shown_is_put_into_the_file_by_the_next_run(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation

    monkeypatch.setattr(creation, "LAG", 0.2)
    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("reset", "POST", "s3Credentials$", when="after")
    sim.fault("status", "POST", "/secret$", status=403, times=None)
    failed = users(sim, ["ada"], s3_credentials="rotate", **options)
    old = first["credential_s3_access"]
    (new,) = {key["access"] for key in sim.project().s3_credentials(first["user_id"])} - {old}
    assert failed["changed"]
    assert f"the access key {new} was made, but the API did not show its secret" in failed["msg"]
    assert f"and {old} may still be there: the next run" in failed["users"][0]["note"]
    sim.clear_faults()
    again = users(sim, ["ada"], s3_credentials="present", **options)
    assert again["users"][0]["credential_s3_access"] == read(tmp_path / "c", "ada")["s3_access"] == new
    assert [key["access"] for key in sim.project().s3_credentials(first["user_id"])] == [new]


@pytest.mark.parametrize("status", [403, 409])
def test_a_rotation_that_could_not_begin_is_not_gone_on_with(sim: Simulator, tmp_path: Path, status: int) -> None:
    options = {"credentials_dir": str(tmp_path / "c"), "wait_timeout": 2}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    sim.fault("status", "POST", "s3Credentials$", status=status, times=None)
    assert users(sim, ["ada"], s3_credentials="rotate", **options)["failed"]
    sim.clear_faults()
    assert not users(sim, ["ada"], s3_credentials="present", **options)["changed"]
    (key,) = sim.project().s3_credentials(first["user_id"])
    assert key["access"] == first["credential_s3_access"]


def test_a_key_that_the_list_does_not_show_yet_goes_as_well(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.cloudops.ovh.plugins.module_utils._api.storage import Storage

    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    monkeypatch.setattr(Storage, "keys", lambda *_arguments: ())
    users(sim, ["ada"], s3_credentials="rotate", **options)
    (key,) = sim.project().s3_credentials(first["user_id"])
    assert key["access"] != first["credential_s3_access"]


@pytest.mark.parametrize("known", [True, False])
def test_a_key_that_no_file_has_is_rotated(sim: Simulator, tmp_path: Path, known: bool) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    user_id = sim.project().add_user("ada", ROLES)["id"]
    leaked = sim.project().add_s3_credential(user_id)["access"]
    if known:
        users(sim, [{"name": "ada", "update_password": "always"}], **options)
    users(sim, ["ada"], s3_credentials="rotate", **options)
    (key,) = sim.project().s3_credentials(user_id)
    record = read(tmp_path / "c", "ada")
    assert record["s3_access"] == key["access"] != leaked
    assert (bool(record["password"]), "s3_replaces" in record) == (known, False)


def test_check_mode_foresees_what_the_files_have(sim: Simulator, tmp_path: Path) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    sim.project().add_user("ada", ROLES)
    fields = ("credential_file", "credential_s3_access", "credential_kit", "credential_delivered")

    def seen(result: dict[str, Any]) -> list[Any]:
        return [result["users"][0][field] for field in fields]

    for more in ({"s3_credentials": "present", "kit": True}, {"s3_credentials": "absent"}):
        check = users(sim, ["ada"], check=True, **more, **options)
        done = users(sim, ["ada"], **more, **options)
        assert (check["changed"], done["changed"]) == (True, True)
        # A key to come has no name yet.
        known = seen(done) if "kit" not in more else [seen(done)[0], None, *seen(done)[2:]]
        assert seen(check) == known
    users(sim, ["ada"], s3_credentials="present", kit=True, **options)
    check = users(sim, ["ada"], check=True, s3_credentials="rotate", **options)
    assert seen(check) == [str(tmp_path / "c" / PROJECT / "ada.yml"), None, None, None]


@pytest.mark.parametrize("wish", ["present", "rotate"])
@pytest.mark.parametrize("stays", [False, True])
def test_a_key_that_cannot_be_stored_is_removed_again(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str, stays: bool
) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    had = {"s3_credentials": "present"} if wish == "rotate" else {}
    first = users(sim, ["ada"], **had, **options)["users"][0]
    before = [key["access"] for key in sim.project().s3_credentials(first["user_id"])]
    if stays:
        sim.fault("status", "DELETE", "s3Credentials", status=403, times=None, error_class="Client::Forbidden")

    def full(self: folder.Folder, name: str, text: str) -> None:
        raise StoreError(f"{name} could not be written: No space left on device.")

    monkeypatch.setattr(folder.Folder, "write", full)
    failed = users(sim, ["ada"], s3_credentials=wish, **options)
    keys = [key["access"] for key in sim.project().s3_credentials(first["user_id"])]
    assert "No space left on device." in failed["msg"]
    if wish == "rotate":
        # What a killed run has to be finished by could not be written: nothing was begun.
        assert keys == before
    elif stays:
        (new,) = set(keys) - set(before)
        assert f"Remove it with ovh_cloud_user_s3_credential, access={new} and state=absent." in failed["msg"]
    else:
        assert keys == before
        assert "The access key that was made for it was removed again." in failed["msg"]


@pytest.mark.parametrize("how", ["found", "written"])
def test_a_key_that_may_be_in_use_is_not_removed(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It was found after a lost answer, so that it can be somebody else's; or the file has it, and only the last sync
    failed."""
    from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation

    monkeypatch.setattr(creation, "LAG", 0.2)
    options = {"credentials_dir": str(tmp_path / "c")}
    user_id = users(sim, ["ada"], **options)["users"][0]["user_id"]
    if how == "found":
        sim.fault("reset", "POST", "s3Credentials$", when="after")
    real = folder.Folder.write

    def fail(self: folder.Folder, name: str, text: str) -> None:
        if how == "written":
            real(self, name, text)
        raise StoreError(f"{name} could not be written: Input/output error.")

    monkeypatch.setattr(folder.Folder, "write", fail)
    failed = users(sim, ["ada"], s3_credentials="present", **options)
    assert "Input/output error." in failed["msg"]
    assert "removed again" not in failed["msg"]
    assert len(sim.project().s3_credentials(user_id)) == 1


# AI tokens


def token_names(sim: Simulator) -> list[str]:
    return [str(one["spec"]["name"]) for one in sim.project().ai_tokens()]


def test_the_tokens_of_a_person_go_before_the_account(sim: Simulator) -> None:
    user = sim.project().add_user("ada", ROLES)
    for name, selector in {
        "hers": "team=x,owner=ada",
        "by user name": f"user == {user['username']}",
        "adaline's": "owner=adaline",
        "not hers": "owner!=ada",
        "of several": "owner in (ada,bob)",
        "of all": "",
        "of somebody gone": "owner=gone",
    }.items():
        sim.project().add_ai_token(name, label_selector=selector)
    options: dict[str, Any] = {"state": "absent", "ai_tokens": "absent"}
    check = users(sim, ["ada", "gone"], check=True, **options)
    assert changes(sim) == []
    real = users(sim, ["ada", "gone"], **options)
    assert foreseen(real) == foreseen(check)
    assert token_names(sim) == ["adaline's", "not hers", "of several", "of all"]
    assert [sorted(one["name"] for one in user["ai_tokens_removed"]) for user in real["users"]] == [
        ["by user name", "hers"],
        ["of somebody gone"],
    ]
    assert [user["action"] for user in real["users"]] == ["deleted", "updated"]
    assert real["diff"]["before"]["gone"] == {"ai_tokens": "kept"}
    # Less access first, and one call for all tokens.
    order = [one.rpartition("/")[2] for one in changes(sim)]
    account = order.index(str(user["id"]))
    assert {one["id"] for one in real["users"][0]["ai_tokens_removed"]} <= set(order[:account])
    assert [one.path.rpartition("/")[2] for one in sim.calls if one.method == "GET"].count("token") == 2
    sim.clear_calls()
    assert users(sim, ["ada", "gone"], **options)["changed"] is False
    assert changes(sim) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_token_that_stays_keeps_nobodys_account(sim: Simulator, method: str) -> None:
    for name in ("ada", "grace"):
        sim.project().add_user(name, ROLES)
        sim.project().add_ai_token(name, label_selector=f"owner={name}")
    sim.fault("status", method, "/ai/token", status=403, times=None, error_class="Client::Forbidden")
    options: dict[str, Any] = {"state": "absent", "ai_tokens": "absent"}
    failed = users(sim, ["ada", "grace"], **options)
    assert (failed["failed"], failed["summary"]["failed"]) == (True, 2)
    assert "ai/token" in failed["msg"]
    assert [user["ai_tokens_removed"] for user in failed["users"]] == [[], []]
    assert sim.project().live_users() == []
    sim.clear_faults()
    # The accounts are gone, and their names with them: the list still has them.
    assert not users(sim, ["ada", "grace"], **options).get("failed")
    assert token_names(sim) == []


def test_tokens_of_an_ambiguous_name_stay(sim: Simulator) -> None:
    for _number in range(2):
        sim.project().add_user("twin", ROLES)
    sim.project().add_ai_token("whose", label_selector="owner=twin")
    assert users(sim, ["twin"], state="absent", ai_tokens="absent")["failed"]
    assert (token_names(sim), changes(sim)) == (["whose"], [])
    assert "must be one of absent" in users(sim, [{"name": "a", "ai_tokens": "present"}])["msg"]


# Whoever leaves


@pytest.mark.parametrize("tokens", [True, False])
def test_who_is_purged_loses_what_the_list_takes_away(sim: Simulator, tmp_path: Path, tokens: bool) -> None:
    folder = str(tmp_path / "c")
    project = sim.project()
    made = users(sim, ["ada", "bob"], s3_credentials="present", credentials_dir=folder)
    project.add_ai_token("jupyter", role="ai_training_read", region="GRA", label_selector="owner=ada")
    sim.clear_calls()
    options = {"purge_users": True, "purge_match": "^ada$", "s3_credentials": "absent", "credentials_dir": folder}
    options.update({"ai_tokens": "absent"} if tokens else {})
    check = users(sim, [{"name": "bob", "s3_credentials": "present"}], check=True, **options)
    assert changes(sim) == []
    result = users(sim, [{"name": "bob", "s3_credentials": "present"}], **options)
    assert foreseen(check) == foreseen(result)
    assert [one["action"] for one in result["users"]] == ["unchanged", "deleted"]
    removed = changes(sim)
    ada = made["users"][0]
    key = f"DELETE /user/{ada['user_id']}/s3Credentials/{ada['credential_s3_access']}"
    assert removed[-2:] == [key, f"DELETE /user/{ada['user_id']}"]
    assert [one.split("/")[2] for one in removed[:-2]] == (["token"] if tokens else [])
    assert len(result["users"][1].get("ai_tokens_removed", [])) == tokens
    assert project.s3_credentials(made["users"][1]["user_id"]) != []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_full_disk_keeps_nobody_in(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    first = users(sim, ["ada"], roles=ROLES, s3_credentials="present", kit=True, **options)["users"][0]

    def full(self: folder.Folder, name: str, text: str) -> None:
        raise StoreError(f"{name} could not be written: No space left on device.")

    gone = {"roles": [], "purge_roles": True} if state == "present" else {}
    with monkeypatch.context() as patch:
        patch.setattr(folder.Folder, "write", full)
        result = users(sim, ["ada"], state=state, s3_credentials="absent", **gone, **options)
    assert sim.project().s3_credentials(first["user_id"]) == []
    assert result["changed"]
    if state == "absent":
        # Removing files needs no room.
        assert not result.get("failed")
        assert sim.project().user_by_description("ada") is None
        assert not (tmp_path / "c" / PROJECT / "ada.yml").exists()
        return
    assert sim.project().role_names(first["user_id"]) == []
    assert f"the access key {first['credential_s3_access']} was removed, but is still in its file" in result["msg"]
    again = users(sim, ["ada"], state=state, s3_credentials="absent", **gone, **options)
    assert not again.get("failed")
    assert "s3_access" not in read(tmp_path / "c", "ada")
    assert not users(sim, ["ada"], state=state, s3_credentials="absent", **gone, **options)["changed"]


@pytest.mark.parametrize("first", [True, False])
def test_a_file_keeps_a_key_that_could_not_be_removed(sim: Simulator, tmp_path: Path, first: bool) -> None:
    options = {"credentials_dir": str(tmp_path / "c")}
    ada = users(sim, ["ada"], s3_credentials="present", **options)["users"][0]
    other = sim.project().add_s3_credential(ada["user_id"])["access"]
    stuck = ada["credential_s3_access"] if first else other
    sim.fault("status", "DELETE", f"s3Credentials/{stuck}$", status=400, times=None)
    users(sim, ["ada"], s3_credentials="absent", **options)
    assert ("s3_access" in read(tmp_path / "c", "ada")) is first
    assert [one["access"] for one in sim.project().s3_credentials(ada["user_id"])] == [stuck]


def test_a_folder_without_a_name_is_refused(sim: Simulator, tmp_path: Path) -> None:
    result = users(sim, ["ada"], credentials_dir="  ")
    assert "credentials_dir is blank. Leave it out, or name a folder." in result["msg"]
    assert sim.calls == []


@pytest.mark.parametrize("known", [True, False])
def test_who_loses_its_keys_in_the_middle_of_a_rotation_gets_none_later(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation

    monkeypatch.setattr(creation, "LAG", 0.1)
    options = {"credentials_dir": str(tmp_path / "c"), "retries": 0}
    user_id = users(sim, ["ada"], **options)["users"][0]["user_id"]
    sim.project().add_s3_credential(user_id)
    if known:
        users(sim, ["ada"], s3_credentials="present", **options)
    sim.fault("reset", "POST", "s3Credentials$", when="before", times=None)
    assert users(sim, ["ada"], s3_credentials="rotate", **options)["failed"]
    assert "s3_replaces" in read(tmp_path / "c", "ada")
    sim.clear_faults()
    users(sim, ["ada"], s3_credentials="absent", **options)
    assert not [name for name in read(tmp_path / "c", "ada") if name.startswith("s3_")]
    assert not users(sim, ["ada"], **options)["changed"]
    assert sim.project().s3_credentials(user_id) == []
