# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit reads, what it makes of what it may not read, and that it changes nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.filter.audit_report import audit_report
from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support import checks
from tests.support.checks import refused, tree
from tests.support.modules import PROJECT

AI, STORE = "ai_training_operator", "objectstore_operator"
POLICY = '{"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data/*"]}]}'
VAULT_PASSWORD = "correct horse battery staple"


def audit(sim: Simulator, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module; nothing that it does may be a write."""
    sim.clear_calls()
    result = checks.run(sim, kinds.AUDIT_INFO, check=check, hidden=False, **options)
    assert result["changed"] is False
    assert sim.writes() == []
    return result


def asked(sim: Simulator) -> list[str]:
    """Return what was asked for below the project, sorted, with ids replaced."""
    paths = [one.path.split(PROJECT)[1] for one in sim.calls if PROJECT in one.path]
    return sorted(re.sub(r"/\d+", "/ID", path) for path in paths)


def by_person(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["person"]: one for one in result["accounts"]}


@pytest.mark.parametrize("check", [True, False])
def test_who_has_what(sim: Simulator, check: bool) -> None:
    project = sim.project()
    ada = project.add_user("ada", [AI, STORE], creation_date="2026-01-04T09:00:00Z")
    keys = [project.add_s3_credential(ada["id"])["access"] for _number in range(2)]
    project.set_policy(ada["id"], POLICY)
    project.add_user("bob", [AI])
    project.add_user("leaving", [AI], status="deleting")
    result = audit(sim, check=check)
    found = by_person(result)
    assert sorted(found) == ["ada", "bob"]
    assert (sorted(found["ada"]["s3_keys"]), found["ada"]["s3_policy"]) == (sorted(keys), True)
    assert (found["bob"]["s3_keys"], found["bob"]["s3_policy"]) == ([], False)
    assert found["ada"]["age_days"] > 0
    assert (found["bob"]["age_days"], found["bob"]["expected"]) == (0, None)
    assert [one["kind"] for one in result["findings"]] == ["no_object_storage"]
    assert (result["compared"], result["unknown"], result["service_name"]) == (False, [], PROJECT)
    assert asked(sim) == ["/user", *["/user/ID/policy"] * 2, *["/user/ID/s3Credentials"] * 2]
    secrets = [one["secret"] for one in project.s3_credentials(ada["id"])]
    assert not any(one in str(result) for one in [*secrets, project.password_of(ada["id"])])


def test_a_comparison_takes_two_calls(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI])
    sim.project().add_user("observer", ["ai_training_read", STORE])
    sim.project().add_user("stranger", [])
    expected = ["ada", {"name": "observer", "roles": ["AI Training Reader", "ObjectStore Operator"]}, "new"]
    options = {"expected": expected, "expected_roles": [AI, STORE], "object_storage": False, "project_name": "Team"}
    result = audit(sim, **options)
    assert asked(sim) == ["/role", "/user"]
    assert [(one["kind"], one["person"], one["drift"]) for one in result["findings"]] == [
        ("unlisted", "stranger", True),
        ("missing", "new", True),
        ("wrong_roles", "ada", True),
        ("no_object_storage", "ada", False),
    ]
    assert result["findings"][2]["roles_lacking"] == [STORE]
    assert {name: one["expected"] for name, one in by_person(result).items()} == {
        "ada": True,
        "observer": True,
        "stranger": False,
    }
    assert result["accounts"][0]["s3_keys"] is None
    assert result["project_name"] == "Team"
    # The same list as for onboarding, with all that it may hold.
    item = {"name": "ada", "roles": [AI], "purge_roles": True, "update_password": "always", "s3_credentials": "present"}
    assert [one["person"] for one in audit(sim, **{**options, "expected": [item]})["findings"] if one["drift"]] == [
        "observer",
        "stranger",
    ]


def test_an_audit_without_roles_in_the_list_does_not_read_the_catalogue(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI, STORE])
    assert audit(sim, expected=["ada"], object_storage=False)["findings"] == []
    assert asked(sim) == ["/user"]


def test_what_may_not_be_read_is_said_and_not_asked_again_and_again(sim: Simulator) -> None:
    for number in range(40):
        sim.project().add_user(f"person {number}", [AI, STORE])
    sim.deny_iam = {"publicCloudProject:apiovh:user/s3Credentials/get"}
    result = audit(sim, concurrency=2)
    (note,) = result["unknown"]
    assert note.startswith("S3 keys of 40 of 40 accounts are not known.")
    assert result["warnings"] == [note]
    assert {one["s3_policy"] for one in result["accounts"]} == {False}
    assert {one["s3_keys"] for one in result["accounts"]} == {None}
    assert len([path for path in asked(sim) if "s3Credentials" in path]) <= 2


def test_a_user_that_vanishes_meanwhile_is_no_reason_to_know_nothing_of_the_others(sim: Simulator) -> None:
    users = [sim.project().add_user(f"person {number}", [AI, STORE]) for number in range(3)]
    path = f"/user/{users[1]['id']}/s3Credentials$"
    sim.fault("status", method="GET", route=path, status=404, times=None, message="user not found")
    result = audit(sim)
    assert [one["s3_keys"] for one in result["accounts"]] == [[], None, []]
    assert "S3 keys of 1 of 3 accounts are not known." in result["unknown"][0]


@pytest.mark.parametrize("password", [None, VAULT_PASSWORD])
def test_credential_files_say_how_old_a_credential_is(sim: Simulator, tmp_path: Path, password: str | None) -> None:
    """Encrypted ones too, without their password."""
    folder = tmp_path / "creds"
    options = {"credentials_dir": str(folder), "credentials_vault_password": password}
    sim.clock_offset = -22.5 * 86400
    made = checks.run(sim, kinds.USERS, users=["ada", "gone"], roles=[AI, STORE], **options)
    sim.clock_offset = 0
    gone = next(one for one in made["users"] if one["description"] == "gone")
    sim.project().set_status(gone["user_id"], "deleted")
    sim.project().add_user("gone", [AI, STORE])
    sim.project().add_user("byhand", [AI, STORE])
    before = tree(folder)
    result = audit(sim, credentials_dir=str(folder))
    assert tree(folder) == before
    found = by_person(result)
    assert (found["ada"]["credential_age_days"], found["ada"]["credential_delivered"]) == (22, None)
    assert found["ada"]["credential_file"] == str(folder / PROJECT / "ada.yml")
    assert (found["byhand"]["credential_file"], found["byhand"]["credential_age_days"]) == (None, None)
    # Another account of that name is there now.
    assert found["gone"]["credential_age_days"] is None
    assert [(one["kind"], one["person"]) for one in result["findings"]] == [("credential_mismatch", "gone")]
    assert "password" not in str(result).replace(str(tmp_path), "")


@pytest.mark.parametrize("password", [None, VAULT_PASSWORD])
def test_what_a_run_has_not_finished_is_found(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    folder = str(tmp_path / "creds")
    options = {"credentials_dir": folder, "credentials_vault_password": password, "retries": 0, "wait_timeout": 1}
    people = ["ada", "bob"]
    made = checks.run(sim, kinds.USERS, users=people, roles=[AI, STORE], s3_credentials="present", **options)
    assert audit(sim, credentials_dir=folder)["findings"] == []
    sim.fault("status", "POST", "/regeneratePassword$", when="after", times=None, status=500)
    sim.fault("status", "DELETE", "/s3Credentials/", times=None, status=400)
    asked = [{"name": "ada", "update_password": "always"}, {"name": "bob", "s3_credentials": "rotate"}]
    assert checks.run(sim, kinds.USERS, users=asked, **options)["summary"]["failed"] == 2
    first, second = audit(sim, credentials_dir=folder)["findings"]
    assert [(one["kind"], one["severity"], one["person"]) for one in (first, second)] == [
        ("unfinished", "warning", "ada"),
        ("unfinished", "warning", "bob"),
    ]
    assert "the one in the file may not work any more. If it was cut off, the next one" in first["message"]
    assert "replacing the access key, so that one which should be gone may still be there" in second["message"]
    sim.clear_faults()
    checks.run(sim, kinds.USERS, users=people, roles=[AI, STORE], **options)
    assert audit(sim, credentials_dir=folder)["findings"] == []
    assert len(sim.project().s3_credentials(made["users"][1]["user_id"])) == 1


def test_a_folder_that_is_not_there_is_said(sim: Simulator, tmp_path: Path) -> None:
    result = audit(sim, credentials_dir=str(tmp_path / "typo"))
    assert result["unknown"] == [f"Credentials are not known: there is no folder {tmp_path}/typo."]
    (tmp_path / "creds").mkdir(mode=0o700)
    assert audit(sim, credentials_dir=str(tmp_path / "creds"))["unknown"] == []


def test_a_file_whose_access_key_was_revoked_is_found(sim: Simulator, tmp_path: Path) -> None:
    folder = str(tmp_path / "creds")
    asked = {"users": ["ada", "bob"], "roles": [AI, STORE], "credentials_dir": folder, "s3_credentials": "present"}
    made = checks.run(sim, kinds.USERS, **asked)
    assert audit(sim, credentials_dir=folder)["findings"] == []
    ada = made["users"][0]["user_id"]
    (key,) = sim.project().s3_credentials(ada)
    checks.run(sim, kinds.S3_CREDENTIAL, user_id=ada, state="absent")
    (finding,) = audit(sim, credentials_dir=folder)["findings"]
    assert (finding["kind"], finding["severity"], finding["drift"]) == ("credential_mismatch", "warning", False)
    said = f"The account no longer has the access key {key['access']} that is in its credential file."
    assert finding["message"] == said
    # Without asking for access keys nothing is known of them.
    assert audit(sim, credentials_dir=folder, object_storage=False)["findings"] == []


def test_files_are_found_under_the_names_that_they_have(sim: Simulator, tmp_path: Path) -> None:
    folder = str(tmp_path / "creds")
    first = checks.run(sim, kinds.USERS, users=["ada"], roles=[AI, STORE], credentials_dir=folder)["users"][0]
    other = sim.project().add_user("ada", [AI, STORE])
    # The description is shared now: the file keeps its name, and a second one has the id in it.
    wanted = [{"user_id": other["id"], "update_password": "on_missing"}]
    second = checks.run(sim, kinds.USERS, users=wanted, credentials_dir=folder)["users"][0]
    assert second["credential_file"] == str(tmp_path / "creds" / PROJECT / f"ada={other['id']}.yml")
    result = audit(sim, credentials_dir=folder)
    files = {one["id"]: one["credential_file"] for one in result["accounts"]}
    assert files == {one["user_id"]: one["credential_file"] for one in (first, second)}
    # Nor does it take another name when it is alone again.
    sim.project().set_status(first["user_id"], "deleted")
    result = audit(sim, credentials_dir=folder)
    assert [one["credential_file"] for one in result["accounts"]] == [second["credential_file"]]
    assert [one["kind"] for one in result["findings"]] == []


def test_a_credential_file_that_cannot_be_understood_is_said(sim: Simulator, tmp_path: Path) -> None:
    sim.project().add_user("ada", [AI, STORE])
    folder = tmp_path / "creds" / PROJECT
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    file = folder / "ada.yml"
    file.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    file.chmod(0o600)
    result = audit(sim, credentials_dir=str(folder.parent))
    assert "ada.yml was encrypted by other means" in result["unknown"][0]
    assert by_person(result)["ada"]["credential_file"] == str(file)


def test_a_missing_folder_has_no_files_and_is_not_made(sim: Simulator, tmp_path: Path) -> None:
    sim.project().add_user("ada", [AI, STORE])
    result = audit(sim, credentials_dir=str(tmp_path / "creds"))
    assert by_person(result)["ada"]["credential_file"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_may_read_is_refused(sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / PROJECT).mkdir()
    tmp_path.chmod(0o755)
    refused(audit(sim, credentials_dir=str(tmp_path)), str(tmp_path))
    assert sim.calls == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"concurrency": 0}, "between 1 and 100"),
        ({"concurrency": 101}, "between 1 and 100"),
        ({"expected_roles": [AI]}, "expected_roles needs expected"),
        ({"expected": ["ada", "ada"]}, "same user"),
        ({"expected": [{"description": "ada", "rolls": []}]}, "unknown key rolls"),
        ({"service_name": "My project"}, "not a project id"),
        ({"service_name": None}, "service_name"),
    ],
)
def test_bad_options_are_refused_before_the_first_call(sim: Simulator, options: dict[str, Any], said: str) -> None:
    result = audit(sim, **options)
    refused(result, said)
    # One shape, whatever happened.
    assert (result["accounts"], result["findings"], result["audited_at"]) == ([], [], None)
    assert sim.calls == []


def test_a_role_that_does_not_exist_names_those_that_do(sim: Simulator) -> None:
    result = audit(sim, expected=[{"name": "ada", "roles": ["ai_trainer"]}])
    refused(result, "expected[0] (ada)", "ai_training_operator")
    assert result["failure"]["code"] == "unknown_role"


def test_a_project_that_is_not_there(sim: Simulator) -> None:
    result = audit(sim, service_name="f" * 32)
    refused(result, "f" * 32)
    assert result["audited_at"] is None


def test_the_same_project_gives_the_same_report(sim: Simulator) -> None:
    """Again, and whatever the order of the API's list: all but the time of the audit."""
    for name in ("grace", "ada", "twin", "twin", ""):
        sim.project().add_user(name, [AI])
    pages = []
    for _number in range(2):
        result = audit(sim, expected=["ada"])
        pages.append(audit_report({"project": {**result, "audited_at": "2026-03-01T12:00:00Z"}}, "json"))
    assert pages[0] == pages[1]
    assert '"person": "twin"' in pages[0]
