# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials on disk: what lies where with which rights, what is refused, and when a file makes a new password."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import vault
from ansible_collections.cloudops.ovh.plugins.module_utils._api.folder import Folder
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import StoreError
from tests.simulator import Simulator
from tests.support.checks import refused, run, tree, written
from tests.support.modules import PROJECT, connection, finish, start
from tests.support.running import children

AI = "ai_training_operator"
VAULT_PASSWORD = "correct horse battery staple"
BOTH_MODES = pytest.mark.parametrize("check", [True, False], ids=["check", "real"])


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Where credentials go; nothing is there yet."""
    return tmp_path / "credentials"


@pytest.fixture
def quick_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible's library in this process: for tests that are not about the helper, which takes a second to start."""

    def ask(self: vault.Vault, request: dict[str, Any]) -> dict[str, Any]:
        secret = VaultSecret(self._password.encode())
        library, text = VaultLib([("default", secret)]), request["text"]
        try:
            if request["label"] is None:
                return {"text": library.decrypt(text).decode()}
            return {"text": library.encrypt(text, secret=secret, vault_id=request["label"]).decode()}
        except AnsibleError:
            return {"error": "AnsibleError"}

    monkeypatch.setattr(vault.Vault, "_ask", ask)
    monkeypatch.setattr(vault.Vault, "start", lambda self: None)


def keep(sim: Simulator, base: Path, users: list[Any], check: bool = False, **options: Any) -> dict[str, Any]:
    """Run a list with a credentials folder."""
    return run(sim, kinds.USERS, check=check, hidden=False, users=users, credentials_dir=str(base), **options)


def mode(path: Path) -> int:
    """The rights of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


def folder_of(base: Path) -> Path:
    """The project's folder."""
    return base / PROJECT


def load(path: Path) -> dict[str, Any]:
    """A credential file as any YAML reader sees it."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def private(*folders: Path) -> None:
    """Make folders as a run makes them."""
    for folder in folders:
        folder.mkdir(mode=0o700)


# What lies where


def test_a_file_says_whose_password_it_is(sim: Simulator, base: Path) -> None:
    result = keep(sim, base, ["ada@example.com"], roles=[AI])
    user = sim.project().users()[0]
    path = folder_of(base) / "ada%40example.com.yml"
    record = load(path)
    assert result["users"][0]["credential_file"] == str(path)
    assert result["users"][0]["credential_renewed"] is True
    assert result["users"][0]["credential_issued"] == record["issued_at"]
    assert result["users"][0]["credential_delivered"] is None
    assert {key: record[key] for key in ("service_name", "user_id", "username", "description", "password")} == {
        "service_name": PROJECT,
        "user_id": user["id"],
        "username": user["username"],
        "description": "ada@example.com",
        "password": sim.project().password_of(user["id"]),
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["issued_at"])


def test_folders_and_files_are_private_whatever_the_umask(sim: Simulator, base: Path) -> None:
    deep = base / "a" / "b"
    old = os.umask(0)
    try:
        keep(sim, deep, ["ada"])
    finally:
        os.umask(old)
    assert [mode(path) for path in (base, base / "a", deep, folder_of(deep))] == [0o700] * 4
    assert {name: mode(folder_of(deep) / name) for name in os.listdir(folder_of(deep))} == {
        "ada.yml": 0o600,
        ".lock": 0o600,
    }


def test_nothing_half_done_stays(sim: Simulator, base: Path) -> None:
    keep(sim, base, [f"user-{number}" for number in range(5)])
    folder = folder_of(base)
    (folder / "0123456789abcdef01234567.tmp").write_text("half a password", encoding="utf-8")
    keep(sim, base, ["user-1"])
    assert sorted(os.listdir(folder)) == [".lock", *(f"user-{number}.yml" for number in range(5))]


@pytest.mark.parametrize(
    "description",
    [
        "../../../etc/passwd",
        "..",
        ".",
        "-rf",
        "a/b\\c",
        "Zoë 🚀 \u2028 x",
        "two\nlines\r\n\t",
        "nul \x00 byte and \x1b[31m",
        "%2e%2e%2f",
        "$(reboot); `id` {{ 7 * 7 }} !vault",
        ".lock",
        "ada.intent",
        "yes",
        "x" * 255,
        "é" * 255,
        "very long " * 400,
    ],
    ids=lambda text: quote(text, safe="")[:24],
)
def test_every_description_has_a_file_of_its_own(sim: Simulator, base: Path, description: str) -> None:
    result = keep(sim, base, [description, "other"])
    assert [user["action"] for user in result["users"]] == ["created", "created"], result["users"]
    path = Path(result["users"][0]["credential_file"])
    assert path.parent == folder_of(base)
    assert path.is_file()
    assert len(path.name) <= 255 - len(".intent")
    quoted = quote(description, safe="")
    assert path.name in (f"{quoted}.yml", f"{path.name[:-68]}{hashlib.sha256(description.encode()).hexdigest()}.yml")
    record = load(path)
    assert record["description"] == description
    assert sim.project().check_password(record["user_id"], record["password"])
    assert not keep(sim, base, [description, "other"])["changed"]
    assert set(tree(base.parent)) == {
        base.name,
        f"{base.name}/{PROJECT}",
        *(f"{base.name}/{PROJECT}/{name}" for name in (".lock", "other.yml", path.name)),
    }


def test_long_descriptions_that_begin_alike_have_different_files(sim: Simulator, base: Path) -> None:
    descriptions = ["x" * 300 + end for end in ("a", "b")]
    files = {user["credential_file"] for user in keep(sim, base, descriptions)["users"]}
    assert len(files) == 2
    assert {load(Path(path))["description"] for path in files} == set(descriptions)


@pytest.mark.parametrize("password", ["yes", "123", "a: b #c", "'\"\\", "\u2028\x85é", "{{ x }}", "!vault", "- a"])
def test_any_password_survives_the_file(sim: Simulator, base: Path, monkeypatch: Any, password: str) -> None:
    monkeypatch.setattr("tests.simulator.state.random_text", lambda length: password)
    ada = sim.project().add_user("ada", [])
    result = keep(sim, base, ["ada"], update_password="always")
    assert sim.project().password_of(ada["id"]) == password
    assert load(Path(result["users"][0]["credential_file"]))["password"] == password


def test_users_named_by_id_have_the_file_of_their_description(sim: Simulator, base: Path) -> None:
    ada = sim.project().add_user("ada", [])
    result = keep(sim, base, [{"user_id": ada["id"]}], update_password="always")
    assert result["users"][0]["credential_file"] == str(folder_of(base) / "ada.yml")


def test_twins_and_nameless_users_have_files_with_their_ids(sim: Simulator, base: Path) -> None:
    ids = [sim.project().add_user(name, [])["id"] for name in ("twin", "twin", "")]
    result = keep(sim, base, [{"user_id": user_id} for user_id in ids], update_password="always")
    names = [Path(user["credential_file"]).name for user in result["users"]]
    assert names == [f"twin={ids[0]}.yml", f"twin={ids[1]}.yml", f"={ids[2]}.yml"]
    for user_id, user in zip(ids, result["users"]):
        assert sim.project().check_password(user_id, load(Path(user["credential_file"]))["password"])


# What is refused, before any write


@BOTH_MODES
@pytest.mark.parametrize("wide", ["base", "project"])
@pytest.mark.parametrize("rights", [0o755, 0o710, 0o701, 0o777])
def test_a_folder_open_to_others_is_refused_and_left_as_it_is(
    sim: Simulator, base: Path, check: bool, wide: str, rights: int
) -> None:
    private(base, folder_of(base))
    folder = base if wide == "base" else folder_of(base)
    folder.chmod(rights)
    refused(keep(sim, base, ["ada"], check=check), "open to others", f"{rights:04o}", f"chmod 700 {folder}")
    assert mode(folder) == rights
    assert sim.writes() == []
    assert os.listdir(folder_of(base)) == []


@BOTH_MODES
@pytest.mark.parametrize("target", ["inside", "outside", "nowhere"])
def test_a_project_folder_that_is_a_link_is_refused(
    sim: Simulator, base: Path, tmp_path: Path, check: bool, target: str
) -> None:
    private(base, base / "real", tmp_path / "elsewhere")
    targets = {"inside": base / "real", "outside": tmp_path / "elsewhere", "nowhere": tmp_path / "nothing"}
    folder_of(base).symlink_to(targets[target])
    refused(keep(sim, base, ["ada"], check=check), str(folder_of(base)), "link")
    assert sim.writes() == []
    assert os.listdir(tmp_path / "elsewhere") == os.listdir(base / "real") == []


@BOTH_MODES
@pytest.mark.parametrize("name", ["ada.yml", "ada.intent"])
def test_a_file_that_is_a_link_is_refused(sim: Simulator, base: Path, tmp_path: Path, check: bool, name: str) -> None:
    private(base, folder_of(base))
    outside = tmp_path / "outside.yml"
    outside.write_text('user_id: 1\npassword: "secret"\n', encoding="utf-8")
    (folder_of(base) / name).symlink_to(outside)
    before = tree(tmp_path)
    message = refused(keep(sim, base, ["ada"], check=check), name, "nothing was changed")
    assert "secret" not in message
    assert sim.writes() == []
    after = tree(tmp_path)
    after.pop(f"{base.name}/{PROJECT}/.lock", None)
    assert after == before


def test_a_lock_that_is_a_link_is_refused(sim: Simulator, base: Path, tmp_path: Path) -> None:
    private(base, folder_of(base))
    (folder_of(base) / ".lock").symlink_to(tmp_path / "outside")
    refused(keep(sim, base, ["ada"]), "cannot be locked")
    assert not (tmp_path / "outside").exists()
    assert sim.writes() == []


def test_the_base_itself_may_be_reached_through_a_link(sim: Simulator, base: Path, tmp_path: Path) -> None:
    private(tmp_path / "disk")
    base.symlink_to(tmp_path / "disk")
    assert keep(sim, base, ["ada"])["changed"]
    assert (tmp_path / "disk" / PROJECT / "ada.yml").is_file()


@BOTH_MODES
@pytest.mark.parametrize("name", ["file", "file/below", "file/far/below"])
def test_a_place_that_cannot_be_written_is_refused(sim: Simulator, tmp_path: Path, check: bool, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused(keep(sim, tmp_path / name, ["ada"], check=check), "credentials_dir", str(tmp_path / name))
    assert sim.writes() == []


def test_a_place_where_nobody_can_write_is_refused(sim: Simulator) -> None:
    # Not even root makes folders there.
    refused(keep(sim, Path("/proc/nothing"), ["ada"]), "credentials_dir", "/proc/nothing")
    assert sim.writes() == []


@BOTH_MODES
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\xff\xfe garbage", "not UTF-8"),
        (b"", "not a credential file"),
        (b"just some text\n", "not a credential file"),
        (b"[1, 2]\n", "not a credential file"),
        (b'password: "x"\n', "no valid user_id"),
        (b'user_id: "ada"\npassword: "x"\n', "no valid user_id"),
        (b"user_id: 1\npassword: [x\n", "not a credential file"),
        (b"user_id: 1\npassword: 12\n", "not a credential file"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n61626364\n", "credentials_vault_password"),
        (b"x" * ((1 << 20) + 1), "too large"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else "",
)
def test_a_file_that_is_no_credential_fails_before_any_write(
    sim: Simulator, base: Path, check: bool, content: bytes, said: str
) -> None:
    # It may hold the only copy of a password: it is never "missing".
    sim.project().add_user("ada", [])
    private(base, folder_of(base))
    path = folder_of(base) / "ada.yml"
    path.write_bytes(content)
    result = keep(sim, base, ["grace", "ada"], check=check, update_password="on_missing")
    refused(result, str(path), said)
    assert result["failure"]["code"] == "credentials_dir"
    assert sim.writes() == []
    assert path.read_bytes() == content


@BOTH_MODES
def test_a_folder_in_the_place_of_a_file_is_refused(sim: Simulator, base: Path, check: bool) -> None:
    private(base, folder_of(base), folder_of(base) / "ada.yml")
    refused(keep(sim, base, ["ada"], check=check), "ada.yml", "not a regular file")
    assert sim.writes() == []


@BOTH_MODES
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(sim: Simulator, base: Path, check: bool) -> None:
    private(base, folder_of(base))
    os.mkfifo(folder_of(base) / "ada.yml", 0o600)
    refused(keep(sim, base, ["ada"], check=check), "ada.yml", "not a regular file")
    assert sim.writes() == []


@BOTH_MODES
@pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": "x"}', '{"action": "burn"}', "\x00"])
def test_an_intent_that_is_none_fails_before_any_write(sim: Simulator, base: Path, check: bool, content: str) -> None:
    private(base, folder_of(base))
    whole = {"id": "x", "began_at": 0, "valid_for": 1, "user_id": None, "action": "create"}
    given = {**whole, **json.loads(content)} if "burn" in content else None
    (folder_of(base) / "ada.intent").write_text(json.dumps(given) if given else content, encoding="utf-8")
    refused(keep(sim, base, ["ada"], check=check), "ada.intent", "look at it, then remove it")
    assert sim.writes() == []


def test_files_of_users_that_are_not_listed_are_not_read(sim: Simulator, base: Path) -> None:
    private(base, folder_of(base))
    (folder_of(base) / "broken.yml").write_text("not mine", encoding="utf-8")
    (folder_of(base) / "README").write_text("people put things here", encoding="utf-8")
    assert keep(sim, base, ["ada"])["changed"]
    assert (folder_of(base) / "broken.yml").read_text(encoding="utf-8") == "not mine"


def test_a_file_that_a_person_edited_is_still_one(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    path = folder_of(base) / "ada.yml"
    path.write_text("# handed over on Monday\n" + yaml.safe_dump(load(path)), encoding="utf-8")
    sim.clear_calls()
    assert not keep(sim, base, ["ada"], update_password="on_missing")["changed"]


# When there is a new password


@BOTH_MODES
@pytest.mark.parametrize("mode", ["on_create", "on_missing", "always"])
@pytest.mark.parametrize("file", ["own", "none", "other-user", "no-password"])
def test_update_password_decides_by_the_file(sim: Simulator, base: Path, mode: str, file: str, check: bool) -> None:
    ada = sim.project().add_user("ada", [], password="before")
    private(base, folder_of(base))
    path = folder_of(base) / "ada.yml"
    if file != "none":
        record = {"user_id": ada["id"] + (file == "other-user"), "issued_at": "2026-01-01T00:00:00Z"}
        record["password"] = None if file == "no-password" else "before"
        path.write_text(yaml.safe_dump(record), encoding="utf-8")
    renewed = mode == "always" or (mode == "on_missing" and file != "own")
    result = keep(sim, base, ["ada"], check=check, update_password=mode)
    assert result["changed"] is renewed
    assert written(sim) == (["POST user/ID/regeneratePassword"] if renewed and not check else [])
    if renewed and not check:
        assert load(path)["password"] == sim.project().password_of(ada["id"]) != "before"
        assert load(path)["user_id"] == ada["id"]
    again = keep(sim, base, ["ada"], check=check, update_password=mode)
    assert again["changed"] is (mode == "always" or (check and renewed))


@BOTH_MODES
def test_a_password_is_renewed_when_it_is_old(sim: Simulator, base: Path, check: bool) -> None:
    keep(sim, base, ["ada"])
    sim.project().add_user("grace", [])
    users = ["ada", "grace"]
    sim.clear_calls()
    assert not keep(sim, base, users, check=check, rotate_after_days=30)["changed"]
    sim.clock_offset = 29.9 * 86400
    assert not keep(sim, base, users, check=check, rotate_after_days=30)["changed"]
    # The API's clock counts, and nobody is renewed who has no password of ours.
    sim.clock_offset = 30.1 * 86400
    result = keep(sim, base, users, check=check, rotate_after_days=30)
    assert [user["action"] for user in result["users"]] == ["updated", "unchanged"]
    assert written(sim) == ([] if check else ["POST user/ID/regeneratePassword"])
    if not check:
        record = load(folder_of(base) / "ada.yml")
        assert sim.project().check_password(record["user_id"], record["password"])
        assert not keep(sim, base, users, rotate_after_days=30)["changed"]


@pytest.mark.parametrize("there", [False, True])
def test_what_could_not_be_stored_has_changed_all_the_same(
    sim: Simulator, base: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        keep(sim, base, ["ada"])
    real = Folder.write

    def full(self: Folder, name: str, text: str) -> None:
        if name.endswith(".yml"):
            raise StoreError(f"{name} could not be written: No space left on device.")
        real(self, name, text)

    monkeypatch.setattr(Folder, "write", full)
    mode = "always" if there else "on_create"
    failed = keep(sim, base, ["ada"], update_password=mode)
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert failed["diff"]["after"]["ada"]["password"] == "renewed"
    assert "has a new password that could not be stored" in failed["msg"]
    monkeypatch.undo()
    assert keep(sim, base, ["ada"])["changed"]
    record = load(folder_of(base) / "ada.yml")
    assert sim.project().check_password(record["user_id"], record["password"])


def test_the_files_of_an_account_that_is_gone_need_no_rights(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    sim.project().remove_user(sim.project().user_by_description("ada")["id"])
    # The account of a credential that was issued a moment ago is waited for.
    sim.advance(60)
    sim.clear_calls()
    gone = keep(sim, base, ["ada"], state="absent")
    assert (gone["changed"], list(folder_of(base).glob("*.yml"))) == (True, [])
    assert [one.path for one in sim.calls if "currentCredential" in one.path] == []


def test_what_is_about_somebody_else_stops_nobody(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    odd = folder_of(base) / "eve.intent"
    odd.write_text("not ours")
    odd.chmod(0o600)
    again = keep(sim, base, ["ada"])
    assert (again.get("failed", False), again["changed"], odd.exists()) == (False, False, True)


def test_a_password_of_unknown_age_is_named(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada", "grace"])
    file = folder_of(base) / "ada.yml"
    file.write_text(re.sub("issued_at: .*", 'issued_at: "2020-01-01"', file.read_text()))
    sim.clock_offset = 86400 * 2
    for check in (True, False):
        result = keep(sim, base, ["ada", "grace"], check=check, rotate_after_days=1)
        (warning,) = result["warnings"]
        assert warning.startswith(f"rotate_after_days does not renew the passwords in {file}: issued_at is missing")
        assert [user["action"] for user in result["users"]] == ["unchanged", "updated"]
    assert keep(sim, base, ["ada"])["warnings"] == []


def test_rotation_is_not_bounded_by_max_resets(sim: Simulator, base: Path) -> None:
    users = ["ada", "grace"]
    keep(sim, base, users)
    sim.clock_offset = 86400 * 2
    result = keep(sim, base, users, rotate_after_days=1, max_resets=0)
    assert result["summary"]["updated"] == 2


def test_a_renewed_credential_is_to_be_delivered_again(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    path = str(folder_of(base) / "ada.yml")
    run(sim, kinds.USER_CREDENTIAL, credential_file=path, state="delivered")
    assert keep(sim, base, ["ada"])["users"][0]["credential_delivered"]
    renewed = keep(sim, base, ["ada"], update_password="always")["users"][0]
    assert renewed["credential_delivered"] is None


def test_the_old_password_stays_until_there_is_a_new_one(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    old = load(folder_of(base) / "ada.yml")
    gate = sim.gate("POST", "regeneratePassword", "after")
    results: list[dict[str, Any]] = []
    worker = threading.Thread(target=lambda: results.append(keep(sim, base, ["ada"], update_password="always")))
    worker.start()
    assert gate.wait_reached()
    intent = json.loads((folder_of(base) / "ada.intent").read_text(encoding="utf-8"))
    assert load(folder_of(base) / "ada.yml") == old
    assert (intent["action"], intent["user_id"]) == ("renew", old["user_id"])
    assert mode(folder_of(base) / "ada.intent") == 0o600
    gate.release()
    worker.join(10)
    assert results[0]["changed"]
    assert load(folder_of(base) / "ada.yml")["password"] != old["password"]
    assert not (folder_of(base) / "ada.intent").exists()


@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_an_intent_goes_when_the_api_surely_refused(sim: Simulator, base: Path, impatient: None, status: int) -> None:
    sim.fault("status", "POST", "/user$", times=None, status=status, headers={"Retry-After": "0"})
    result = keep(sim, base, ["ada"], retries=1)
    refused(result, f"HTTP {status}")
    assert os.listdir(folder_of(base)) == [".lock"]


# Leaving


def test_the_file_of_a_deleted_user_goes_last(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada", "grace"])
    gate = sim.gate("DELETE", "/user/", "after")
    results: list[dict[str, Any]] = []
    users = [{"name": "ada", "state": "absent"}]
    worker = threading.Thread(target=lambda: results.append(keep(sim, base, users)))
    worker.start()
    assert gate.wait_reached()
    assert (folder_of(base) / "ada.yml").is_file()
    gate.release()
    worker.join(10)
    assert results[0]["users"][0]["action"] == "deleted"
    assert results[0]["users"][0]["credential_file"] is None
    assert sorted(os.listdir(folder_of(base))) == [".lock", "grace.yml"]


def test_the_file_stays_where_the_deletion_fails(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"])
    sim.fault("status", "DELETE", "/user/", times=None, status=400)
    result = keep(sim, base, ["ada"], state="absent")
    refused(result, "HTTP 400")
    assert (folder_of(base) / "ada.yml").is_file()


@BOTH_MODES
def test_the_file_of_a_user_that_is_gone_already_goes_too(
    sim: Simulator, base: Path, impatient: None, check: bool
) -> None:
    keep(sim, base, ["ada"])
    sim.project().clear()
    sim.clear_calls()
    result = keep(sim, base, ["ada"], check=check, state="absent", max_deletions=0)
    assert (result["changed"], result["users"][0]["action"]) == (True, "deleted")
    assert sim.writes() == []
    assert (folder_of(base) / "ada.yml").exists() is check
    assert keep(sim, base, ["ada"], state="absent")["changed"] is check


def test_the_file_of_a_purged_user_goes(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada@x", "grace@x"])
    result = keep(sim, base, ["ada@x"], purge_users=True, purge_match="@x$")
    assert result["summary"]["deleted"] == 1
    assert sorted(os.listdir(folder_of(base))) == [".lock", "ada%40x.yml"]


# Two runs


def test_a_second_run_waits_for_the_first_at_most_wait_timeout(sim: Simulator, base: Path) -> None:
    private(base, folder_of(base))
    with open(folder_of(base) / ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(keep(sim, base, ["ada"], wait_timeout=1), "another run still works", "after 1 s", "wait_timeout")
        assert sim.writes() == []
        # Check mode changes nothing, so it need not wait.
        assert keep(sim, base, ["ada"], check=True)["changed"]
        release = threading.Timer(0.2, fcntl.flock, (lock, fcntl.LOCK_UN))
        release.start()
        assert keep(sim, base, ["ada"])["changed"]
        release.join()


def test_runs_at_the_same_time_in_one_folder_make_one_account(sim: Simulator, base: Path) -> None:
    def run(users: list[str], results: list[dict[str, Any]]) -> None:
        # The folder itself is made by whoever comes first.
        results.append(keep(sim, base / users[0], users))

    for number in range(5):
        users = [f"user-{number}"]
        results: list[dict[str, Any]] = []
        workers = [threading.Thread(target=run, args=(users, results)) for _number in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert not any(result.get("failed") for result in results), results
        assert sorted(result["users"][0]["action"] for result in results) == ["created", "unchanged", "unchanged"]
        assert len(sim.project().users_by_description(users[0])) == 1


# Ansible Vault


def test_when_a_password_will_be_issued_is_not_foreseen(sim: Simulator, base: Path) -> None:
    (before,) = keep(sim, base, ["ada"])["users"]
    (foreseen,) = keep(sim, base, ["ada"], check=True, update_password="always")["users"]
    assert foreseen["credential_file"] == before["credential_file"]
    assert (foreseen["credential_renewed"], foreseen["credential_issued"]) == (True, None)


@BOTH_MODES
@pytest.mark.parametrize("password", ["credentials", PROJECT, "ada%40example"], ids=["folder", "project", "name"])
def test_a_vault_password_that_is_part_of_a_path_is_refused(
    sim: Simulator, base: Path, password: str, check: bool
) -> None:
    """Ansible hides it in the path, and who delivers the file does not find it."""
    result = keep(sim, base, ["ada@example.com"], check, credentials_vault_password=password)
    refused(result, "credentials_vault_password is part of the path")
    assert sim.writes() == []


def test_a_helper_that_is_killed_loses_nothing(sim: Simulator, base: Path) -> None:
    """As by a machine that is short of memory: what was done is in the result, and the next run does the rest."""
    options: dict[str, Any] = {"credentials_dir": str(base), "credentials_vault_password": VAULT_PASSWORD}
    gate = sim.gate("POST", "/user$")
    process = start("ovh_cloud_users", {"service_name": PROJECT, "users": ["ada"], **options, **connection(sim)})
    assert gate.wait_reached(20)
    (helper,) = children(process.pid)
    os.kill(helper, signal.SIGKILL)
    gate.release()
    result = finish(process)
    refused(result, "1 of 1 users failed", "could not be encrypted")
    assert (result["changed"], result["users"][0]["action"]) == (True, "failed")
    again = keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    assert again["users"][0]["credential_renewed"]


def test_the_helper_says_that_a_password_is_wrong(sim: Simulator, base: Path) -> None:
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    before = tree(base)
    sim.clear_calls()
    message = refused(
        keep(sim, base, ["ada"], credentials_vault_password="another password", update_password="always"),
        "ada.yml cannot be decrypted",
    )
    assert "another password" not in message
    assert sim.writes() == []
    assert tree(base) == before
    opened = keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD, update_password="always")
    assert opened["summary"]["updated"] == 1


def test_encrypted_files_open_with_ansible_vault_view(sim: Simulator, base: Path, tmp_path: Path) -> None:
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    path = folder_of(base) / "ada.yml"
    text = path.read_text(encoding="utf-8")
    password = sim.project().password_of(sim.project().users()[0]["id"])
    assert text.startswith("$ANSIBLE_VAULT;1.2;AES256;")
    assert mode(path) == 0o600
    assert password not in text
    secret = tmp_path / "vault-password"
    secret.write_text(VAULT_PASSWORD + "\n", encoding="utf-8")
    view = [sys.executable, "-m", "ansible", "vault", "view", "--vault-password-file", str(secret), str(path)]
    done = subprocess.run(view, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["password"] == password


def test_a_steady_encrypted_run_decrypts_nothing(sim: Simulator, base: Path, monkeypatch: Any) -> None:
    users = ["ada", "grace", {"name": "linus", "roles": [AI]}]
    options = {"credentials_vault_password": VAULT_PASSWORD, "rotate_after_days": 30, "update_password": "on_missing"}
    first = keep(sim, base, users, **options)
    started: list[Any] = []
    monkeypatch.setattr(vault.subprocess, "Popen", lambda *given, **more: started.append(given))
    sim.project().set_roles(sim.project().users()[2]["id"], [])
    for check in (True, False):
        result = keep(sim, base, users, check=check, **options)
        assert not result.get("failed")
        issued = [user["credential_issued"] for user in result["users"]]
        assert issued == [user["credential_issued"] for user in first["users"]]
    assert started == []


@BOTH_MODES
@pytest.mark.parametrize("renew", ["always", "on_missing"])
def test_a_wrong_vault_password_fails_before_any_write(
    sim: Simulator, base: Path, quick_vault: None, check: bool, renew: str
) -> None:
    # The password is tried on a file that is there, be it that of somebody else.
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    sim.project().add_user("grace", [])
    before = tree(base)
    sim.clear_calls()
    users = ["ada"] if renew == "always" else ["ada", "grace", "new"]
    result = keep(sim, base, users, check=check, credentials_vault_password="another password", update_password=renew)
    message = refused(result, "ada.yml", "cannot be decrypted", "credentials_vault_password", "Nothing was changed")
    assert "another password" not in message
    assert sim.writes() == []
    assert tree(base) == before


@BOTH_MODES
def test_nobody_is_deleted_with_a_wrong_vault_password(
    sim: Simulator, base: Path, quick_vault: None, check: bool
) -> None:
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    before = tree(base)
    sim.clear_calls()
    options = {"state": "absent", "check": check}
    for password, message in (("another password", "cannot be decrypted"), (None, "Ansible Vault")):
        refused(keep(sim, base, ["ada"], credentials_vault_password=password, **options), "ada.yml", message)
    assert (sim.writes(), tree(base)) == ([], before)
    assert keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD, **options)["changed"]


def test_whose_own_file_is_plain_is_deleted_without_the_vault_password_of_others(
    sim: Simulator, base: Path, quick_vault: None
) -> None:
    keep(sim, base, ["ada"])
    keep(sim, base, ["zoe"], credentials_vault_password=VAULT_PASSWORD)
    assert keep(sim, base, ["ada"], state="absent")["changed"]
    assert [path.name for path in folder_of(base).glob("*.yml")] == ["zoe.yml"]


@BOTH_MODES
@pytest.mark.parametrize("password", ["another password", None])
@pytest.mark.parametrize("users", [["ada", "new"], ["new"]])
def test_a_folder_with_plain_files_is_no_way_around_the_vault_password(
    sim: Simulator, base: Path, quick_vault: None, check: bool, password: str | None, users: list[str]
) -> None:
    """Nor is one that was forgotten."""
    keep(sim, base, ["ada"])
    keep(sim, base, ["zoe"], credentials_vault_password=VAULT_PASSWORD)
    before = tree(base)
    sim.clear_calls()
    result = keep(sim, base, users, check=check, credentials_vault_password=password)
    refused(result, "zoe.yml", "cannot be decrypted" if password else "Ansible Vault", "credentials_vault_password")
    assert sim.writes() == []
    assert tree(base) == before


@BOTH_MODES
def test_files_that_are_not_encrypted_are_named(sim: Simulator, base: Path, quick_vault: None, check: bool) -> None:
    keep(sim, base, ["ada", "bob"])
    options = {"check": check, "credentials_vault_password": VAULT_PASSWORD}
    [warning] = keep(sim, base, ["ada", "new"], **options)["warnings"]
    assert warning.startswith(f"Not encrypted, though credentials_vault_password is given: {folder_of(base)}/ada.yml.")
    assert "ansible-vault encrypt" in warning
    # A new password is written as it is asked for now.
    renewed = keep(sim, base, ["ada", "new"], update_password="always", **options)
    assert bool(renewed["warnings"]) is check


@BOTH_MODES
def test_a_damaged_vault_fails_before_any_write(sim: Simulator, base: Path, quick_vault: None, check: bool) -> None:
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    path = folder_of(base) / "ada.yml"
    path.write_text(path.read_text(encoding="utf-8")[:200], encoding="utf-8")
    sim.clear_calls()
    options = {"credentials_vault_password": VAULT_PASSWORD, "update_password": "always"}
    refused(keep(sim, base, ["ada"], check=check, **options), "ada.yml", "damaged")
    assert sim.writes() == []


@BOTH_MODES
def test_an_encrypted_file_without_a_vault_password_is_not_missing(
    sim: Simulator, base: Path, quick_vault: None, check: bool
) -> None:
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD)
    sim.clear_calls()
    result = keep(sim, base, ["ada", "new"], check=check, update_password="on_missing")
    refused(result, "ada.yml", "Ansible Vault", "credentials_vault_password")
    assert sim.writes() == []


def test_plain_and_encrypted_files_may_lie_side_by_side(sim: Simulator, base: Path, quick_vault: None) -> None:
    keep(sim, base, ["plain"])
    options = {"credentials_vault_password": VAULT_PASSWORD}
    result = keep(sim, base, ["plain", "secret"], update_password="on_missing", **options)
    assert [user["action"] for user in result["users"]] == ["unchanged", "created"]
    assert (folder_of(base) / "secret.yml").read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT")
    keep(sim, base, ["plain", "secret"], update_password="always", **options)
    assert (folder_of(base) / "plain.yml").read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT")


def test_a_vault_of_a_person_is_opened_to_be_understood(sim: Simulator, base: Path, quick_vault: None) -> None:
    # `ansible-vault rekey` or `encrypt` leave other labels: such a file is decrypted.
    ada = sim.project().add_user("ada", [])
    private(base, folder_of(base))
    opener = vault.Vault(VAULT_PASSWORD)
    try:
        text = opener.encrypt(f'user_id: {ada["id"]}\npassword: "before"\n', "default")
    finally:
        opener.close()
    (folder_of(base) / "ada.yml").write_text(text, encoding="utf-8")
    options = {"update_password": "on_missing", "credentials_vault_password": VAULT_PASSWORD}
    assert not keep(sim, base, ["ada"], **options)["changed"]
    options["credentials_vault_password"] = "a wrong password"
    refused(keep(sim, base, ["ada"], **options), "cannot be decrypted")
    assert sim.writes() == []


@pytest.mark.parametrize("given", ["short", "1234567", " 1234567 ", ""])
def test_a_short_vault_password_is_refused(sim: Simulator, base: Path, given: str) -> None:
    message = refused(keep(sim, base, ["ada"], credentials_vault_password=given), "8 characters or more")
    assert not given.strip() or given not in message
    assert sim.calls == []


def test_blanks_around_a_vault_password_do_not_count(sim: Simulator, base: Path, quick_vault: None) -> None:
    # Ansible strips what it reads from a file, so what `ansible-vault` takes must open the file.
    keep(sim, base, ["ada"], credentials_vault_password=VAULT_PASSWORD + "\n")
    result = keep(sim, base, ["ada"], update_password="always", credentials_vault_password=VAULT_PASSWORD)
    assert result["changed"]


@pytest.mark.parametrize("option", ["credentials_vault_password", "rotate_after_days", "update_password"])
def test_what_needs_a_folder_says_so(sim: Simulator, option: str) -> None:
    value = {"credentials_vault_password": VAULT_PASSWORD, "rotate_after_days": 30, "update_password": "on_missing"}
    refused(run(sim, kinds.USERS, users=["ada"], **{option: value[option]}), option, "needs credentials_dir")
    assert sim.calls == []
