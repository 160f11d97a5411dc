# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One credential file: read it, log in with it, mark it as delivered."""

from __future__ import annotations

import datetime
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.checks import refused, run, tree, written
from tests.support.modules import PROJECT, call

VAULT_PASSWORD = "correct horse battery staple"


@pytest.fixture
def path(sim: Simulator, tmp_path: Path) -> Path:
    """The credential file of a new user."""
    options = {"users": ["ada"], "credentials_dir": str(tmp_path / "creds")}
    file = Path(run(sim, kinds.USERS, **options)["users"][0]["credential_file"])
    sim.clear_calls()
    return file


def handle(path: Path | str, state: str, check: bool = False, hidden: bool = True, **options: Any) -> dict[str, Any]:
    """Run the module without a connection: it needs none unless it logs in."""
    given = {"credential_file": str(path), "state": state, **options}
    return call(kinds.USER_CREDENTIAL, given, check=check, hidden=hidden)


@pytest.mark.parametrize("check", [True, False])
def test_reading_returns_the_whole_file_and_changes_nothing(path: Path, check: bool) -> None:
    before = tree(path.parent)
    result = handle(path, "read", check=check)
    assert result["credential"] == yaml.safe_load(path.read_text(encoding="utf-8"))
    assert result["credential"]["password"]
    assert (result["changed"], result["api_calls"]) == (False, 0)
    assert tree(path.parent) == before


@pytest.mark.parametrize("check", [True, False])
def test_reading_needs_no_log(path: Path, check: bool) -> None:
    message = refused(handle(path, "read", check=check, hidden=False), "no_log: true")
    assert "password" in message
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["password"] not in message


@pytest.mark.parametrize("check", [True, False])
def test_logging_in_proves_the_password_and_does_not_show_it(sim: Simulator, path: Path, check: bool) -> None:
    result = run(sim, kinds.USER_CREDENTIAL, check=check, hidden=False, credential_file=str(path), state="verified")
    assert result["changed"] is False
    assert sim.project().password_of(result["credential"]["user_id"]) not in json.dumps(result)
    assert written(sim) == ["POST user/ID/token"]
    assert result["api_calls"] == len(sim.calls)


@pytest.mark.parametrize("fault", [("status", {"status": 500}), ("reset", {}), ("html", {"status": 503})])
def test_an_outage_says_nothing_about_the_password(
    sim: Simulator, path: Path, fault: tuple[str, dict[str, Any]]
) -> None:
    sim.fault(fault[0], "POST", "/token$", times=None, **fault[1])
    result = run(sim, kinds.USER_CREDENTIAL, credential_file=str(path), state="verified", retries=0)
    message = refused(result, str(path), "could not be tried")
    assert "does not log in" not in message
    again = run(sim, kinds.USERS, users=["new"], verify_credentials=True, retries=0, credentials_dir=str(path.parent))
    assert "new (user" in refused(again, "whether the new password logs in could not be tried")


@pytest.mark.parametrize("status", [404, 409])
def test_a_user_that_is_busy_or_new_is_tried_again(sim: Simulator, path: Path, status: int) -> None:
    sim.fault("status", "POST", "/token$", status=status, times=1)
    result = run(sim, kinds.USER_CREDENTIAL, credential_file=str(path), state="verified")
    assert not result.get("failed"), result
    sim.fault("status", "POST", "/token$", status=status, times=1)
    made = run(sim, kinds.USERS, users=["new"], verify_credentials=True, credentials_dir=str(path.parent.parent))
    assert [one["credential_verified"] for one in made["users"]] == [True]


def test_a_new_account_is_waited_for_before_it_logs_in(sim: Simulator, tmp_path: Path) -> None:
    sim.settings.creating = 0.6
    options = {"wait": False, "verify_credentials": True, "credentials_dir": str(tmp_path / "creds")}
    made = run(sim, kinds.USERS, users=["ada"], **options)
    assert not made.get("failed"), made["msg"]
    assert made["users"][0]["credential_verified"] is True


def test_a_key_that_may_not_log_in_says_nothing_about_the_password(sim: Simulator, path: Path) -> None:
    sim.fault("status", "POST", "/token$", status=403, error_code="NOT_GRANTED_CALL", times=None)
    result = run(sim, kinds.USER_CREDENTIAL, credential_file=str(path), state="verified")
    message = refused(result, "could not be tried", "ask for a key with that rule")
    assert "does not log in" not in message
    assert result["failure"]["code"] == "not_ready"


def test_a_password_that_was_changed_elsewhere_is_said(sim: Simulator, path: Path) -> None:
    user_id = sim.project().users()[0]["id"]
    old = sim.project().password_of(user_id)
    sim.project().set_password(user_id, "another")
    result = run(sim, kinds.USER_CREDENTIAL, credential_file=str(path), state="verified")
    message = refused(result, str(path), "does not log in", "HTTP 401")
    assert old not in message
    assert result["failure"]["code"] == "not_as_asked"


@pytest.mark.parametrize("oauth2", [False, True], ids=["signed", "oauth2"])
def test_the_project_is_the_one_that_the_file_names(sim: Simulator, path: Path, oauth2: bool) -> None:
    sim.add_project("f" * 32)
    names = ("client_id", "client_secret") if oauth2 else ("application_key", "application_secret", "consumer_key")
    keys = {name: sim.credentials[name] for name in names}
    result = handle(path, "verified", endpoint=sim.url, **keys)
    assert not result.get("failed"), result
    assert [one.path.split("/")[3] for one in sim.writes()] == [PROJECT]


def test_logging_in_needs_a_connection(path: Path) -> None:
    refused(handle(path, "verified"), "No endpoint", "OVH_ENDPOINT")


def test_delivered_is_noted_once(path: Path) -> None:
    before = tree(path.parent)
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    checked = handle(path, "delivered", check=True, hidden=False)
    assert checked["changed"] is True
    assert tree(path.parent) == before
    done = handle(path, "delivered", hidden=False)
    assert done["changed"] is True
    assert done["diff"] == checked["diff"]
    assert done["diff"]["before"] != done["diff"]["after"]
    now = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now["delivered_at"])
    assert {**now, "delivered_at": None} == record
    assert done["credential"] == {key: value for key, value in now.items() if key != "password"}
    for check in (True, False):
        noted = tree(path.parent)
        again = handle(path, "delivered", check=check, hidden=False)
        assert again["changed"] is False
        assert again["diff"]["before"] == again["diff"]["after"]
        assert again["credential"]["delivered_at"] == now["delivered_at"]
        assert tree(path.parent) == noted
    assert again["api_calls"] == 0


def test_only_the_credential_that_was_handed_over_is_marked(path: Path) -> None:
    issued = yaml.safe_load(path.read_text(encoding="utf-8"))["issued_at"]
    for check in (True, False):
        refused(handle(path, "delivered", check=check, issued_at="2020-01-01T00:00:00Z"), str(path), "newer credential")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["delivered_at"] is None
    assert handle(path, "delivered", issued_at=issued)["changed"]


@pytest.mark.parametrize("quoted", [True, False])
def test_a_time_may_be_written_otherwise(path: Path, quoted: bool) -> None:
    issued = yaml.safe_load(path.read_text(encoding="utf-8"))["issued_at"]
    other = issued.replace("T", " ").replace("Z", "+00:00")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f'"{issued}"', f'"{other}"' if quoted else issued), encoding="utf-8")
    assert handle(path, "delivered", issued_at=issued)["changed"]
    if not quoted:
        # In the form of all others again.
        assert f'issued_at: "{issued}"' in path.read_text(encoding="utf-8")


def edit(path: Path, **fields: Any) -> None:
    """Write fields into a file as a person would."""
    record = {**yaml.safe_load(path.read_text(encoding="utf-8")), **fields}
    path.write_text(yaml.safe_dump(record), encoding="utf-8")


@pytest.mark.parametrize("date", [datetime.date(2026, 11, 28), True, "yes", "2026-11-28"])
def test_a_delivery_without_a_time_is_none_everywhere(sim: Simulator, path: Path, date: object) -> None:
    """Or else it would be handed over in each run, and never be noted."""
    edit(path, delivered_at=date)
    folder = str(path.parent.parent)
    before = run(sim, kinds.USERS, users=["ada"], credentials_dir=folder)["users"][0]
    assert before["credential_delivered"] is None
    assert handle(path, "delivered")["changed"]
    after = run(sim, kinds.USERS, users=["ada"], credentials_dir=folder)["users"][0]
    assert after["credential_delivered"] is not None
    assert not handle(path, "delivered")["changed"]


@pytest.mark.parametrize("fields", [{"user_id": "1001"}, {"user_id": True}, {"password": 123456}])
@pytest.mark.parametrize("state", ["delivered", "verified"])
def test_check_mode_foresees_that_a_file_is_none(
    sim: Simulator, path: Path, state: str, fields: dict[str, object]
) -> None:
    edit(path, **fields)
    for check in (True, False):
        result = run(sim, kinds.USER_CREDENTIAL, check=check, credential_file=str(path), state=state)
        refused(result, "is not a credential file")
    assert sim.calls == []


def test_a_time_that_is_none_is_bad_input(path: Path) -> None:
    refused(handle(path, "delivered", issued_at="yesterday"), "issued_at must be a time such as", "'yesterday'")


@pytest.mark.parametrize("password", [None, ""])
def test_what_is_no_password_has_no_age(sim: Simulator, path: Path, password: str | None) -> None:
    edit(path, password=password)
    user = run(sim, kinds.USERS, users=["ada"], credentials_dir=str(path.parent.parent))["users"][0]
    assert user["credential_issued"] is None


def test_a_file_in_clear_is_not_encrypted_with_a_password_that_nothing_proves(path: Path) -> None:
    before = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert handle(path, "delivered", credentials_vault_password="mistyped " + VAULT_PASSWORD)["changed"]
    after = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {**after, "delivered_at": None} == before
    assert after["delivered_at"]


def test_a_folder_that_cannot_be_written_to_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda place, mode, **more: not mode & os.W_OK and real(place, mode, **more))
    assert handle(path, "read")["credential"]["password"]
    refused(handle(path, "delivered", check=True), "is not writable")


def test_an_encrypted_file_stays_encrypted(sim: Simulator, tmp_path: Path) -> None:
    options = {"credentials_dir": str(tmp_path / "creds"), "credentials_vault_password": VAULT_PASSWORD}
    path = Path(run(sim, kinds.USERS, users=["ada"], **options)["users"][0]["credential_file"])
    password = sim.project().password_of(sim.project().users()[0]["id"])
    given = {"credentials_vault_password": VAULT_PASSWORD}
    assert handle(path, "delivered", **given)["changed"]
    assert path.read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;1.2;")
    read = handle(path, "read", **given)["credential"]
    assert read["password"] == password
    assert read["delivered_at"]
    # A run sees the delivery without opening the file.
    steady = run(sim, kinds.USERS, users=["ada"], **options)
    assert steady["users"][0]["credential_delivered"] == read["delivered_at"]
    for state in ("read", "delivered", "verified"):
        refused(handle(path, state), str(path), "Ansible Vault", "credentials_vault_password")
    refused(handle(path, "read", credentials_vault_password="not that one"), "cannot be decrypted")


@pytest.mark.parametrize("state", ["read", "verified", "delivered"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "creds" / PROJECT
    for check in (True, False):
        refused(handle(folder / "nobody.yml", state, check=check), "nobody.yml", "is not there")
    assert list(tmp_path.rglob("*.yml")) == []


@pytest.mark.parametrize("state", ["read", "verified", "delivered"])
def test_looking_for_a_file_makes_no_folders(tmp_path: Path, state: str) -> None:
    refused(handle(tmp_path / "a" / "b" / "ada.yml", state, check=True), "is not there")
    refused(handle(tmp_path / "a" / "b" / "ada.yml", state), "is not there")
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["ada", "ada.intent", "ada.yaml", ""])
def test_what_cannot_be_a_credential_file_is_refused(path: Path, name: str) -> None:
    for state in ("read", "verified", "delivered"):
        refused(handle(path.parent / name, state), "not the path of a credential file", ".yml")


@pytest.mark.parametrize("state", ["read", "verified", "delivered"])
def test_a_file_that_is_no_credential_is_refused(path: Path, state: str) -> None:
    path.write_bytes(b"\x00\xff")
    refused(handle(path, state), str(path), "not UTF-8")
    path.write_text("- a list", encoding="utf-8")
    refused(handle(path, state), str(path), "not a credential file")
    assert path.read_text(encoding="utf-8") == "- a list"


@pytest.mark.parametrize("state", ["read", "verified", "delivered"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_is_not_followed(path: Path, tmp_path: Path, state: str, what: str) -> None:
    if what == "file":
        link = path.parent / "link.yml"
        link.symlink_to(path)
    else:
        (tmp_path / "creds" / "link").symlink_to(path.parent)
        link = tmp_path / "creds" / "link" / path.name
    refused(handle(link, state), "link")


@pytest.mark.parametrize("state", ["read", "verified", "delivered"])
def test_a_folder_open_to_others_is_refused(path: Path, state: str) -> None:
    path.parent.chmod(0o755)
    refused(handle(path, state), "open to others", "chmod 700")
    assert path.parent.stat().st_mode & 0o777 == 0o755


def test_a_file_without_a_password_says_why_there_is_none(sim: Simulator, path: Path) -> None:
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    del record["password"]
    path.write_text(yaml.safe_dump({**record, "note": "Another run was first."}), encoding="utf-8")
    result = run(sim, kinds.USER_CREDENTIAL, credential_file=str(path), state="verified")
    refused(result, "no password to log in with", "Another run was first.")
    assert sim.calls == []
    for check in (True, False):
        refused(handle(path, "delivered", check=check), "no password", "Another run was first.")
    assert yaml.safe_load(path.read_text(encoding="utf-8")).get("delivered_at") is None


def test_a_path_in_the_home_folder_is_understood(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(path.parents[2]))
    assert handle("~/" + os.path.relpath(path, path.parents[2]), "read")["credential"]["description"] == "ada"
