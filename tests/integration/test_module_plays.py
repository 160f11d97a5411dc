# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as people run them, with `ansible-playbook`: what is printed, registered, and set once for a play."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.plays import PROJECT, ROOT, environment, play

AI, STORE = "ai_training_operator", "objectstore_operator"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
NO_ENVIRONMENT: dict[str, str | None] = {
    f"OVH_{name}": None for name in ("ENDPOINT", "APPLICATION_KEY", "APPLICATION_SECRET", "CONSUMER_KEY")
}


def passwords_of(sim: Simulator) -> list[str]:
    """Every password that works."""
    project = sim.project()
    return [project.password_of(user["id"]) for user in project.users()]


def test_a_day_of_work_with_registered_passwords_and_loops(tmp_path: Path, sim: Simulator) -> None:
    """At the highest verbosity, since that is where secrets have come out of modules."""
    login = f"{sim.base_url}/_sim/projects/{PROJECT}/login"
    defaults = {key: sim.credentials[key] for key in ("application_key", "application_secret", "consumer_key")}
    tasks = [
        {
            "name": "Make one for each",
            "cloudops.ovh.ovh_cloud_user": {"description": "{{ item }}", "roles": [AI]},
            "loop": ["ada", "grace"],
            "no_log": True,
            "register": "people",
        },
        {
            "name": "Log in as each",
            "ansible.builtin.uri": {
                "url": login,
                "method": "POST",
                "body_format": "json",
                "body": {"user_id": "{{ item.user.id }}", "password": "{{ item.password }}"},
                "return_content": True,
            },
            "loop": "{{ people.results }}",
            "no_log": True,
            "register": "logins",
        },
        {
            "name": "All of them worked",
            "ansible.builtin.assert": {"that": "logins.results | map(attribute='json.ok') | list == [true, true]"},
        },
        {
            "name": "Show who that is",
            "ansible.builtin.debug": {"msg": "{{ people.results | map(attribute='user') | list }}"},
        },
        {
            "name": "Change the roles of each",
            "cloudops.ovh.ovh_cloud_user_role": {"user_id": "{{ item }}", "roles": [STORE]},
            "loop": "{{ people.results | map(attribute='user.id') | list }}",
        },
        {
            "name": "Keep the rest in files",
            "cloudops.ovh.ovh_cloud_users": {
                "users": "{{ ['linus'] + people.results | map(attribute='user.description') | list }}",
                "roles": [AI, STORE],
                "credentials_dir": "{{ creds }}",
            },
            "register": "kept",
        },
        {
            "name": "Log in with the file",
            "cloudops.ovh.ovh_cloud_user_credential": {
                "credential_file": "{{ kept.users[0].credential_file }}",
                "state": "verified",
            },
        },
    ]
    result = play(
        tmp_path,
        sim,
        tasks=tasks,
        keywords={"module_defaults": {"group/cloudops.ovh.ovh": {"endpoint": sim.url, **defaults}}},
        extra_vars={"creds": str(tmp_path / "creds")},
        env=NO_ENVIRONMENT,
        verbosity=4,
        diff=True,
        real_python=True,
    )
    assert result.rc == 0, result.text
    assert result.task("Make one for each").status == "changed"
    assert result.task("Change the roles of each").status == "changed"
    assert result.task("Keep the rest in files").result["summary"]["created"] == 1
    shown = result.text + json.dumps([one.result for one in result.results])
    for secret in [*passwords_of(sim), defaults["application_secret"], defaults["consumer_key"]]:
        assert secret not in shown
    # What is always safe to print was printed.
    assert sim.project().users()[0]["username"] in result.stdout
    assert list(tmp_path.rglob("AnsiballZ_*")) == [], "arguments stayed on disk"


def test_a_failing_play_reads_well(tmp_path: Path, sim: Simulator) -> None:
    sim.project().add_user("ada", [AI])
    tasks = [
        {
            "name": "A role that is not there",
            "cloudops.ovh.ovh_cloud_user": {
                "description": "ada",
                "roles": ["ai_trainig_operator"],
                "application_secret": sim.credentials["application_secret"],
                "application_key": sim.credentials["application_key"],
                "consumer_key": sim.credentials["consumer_key"],
            },
            "ignore_errors": True,
        },
        {
            "name": "A password that would be printed",
            "cloudops.ovh.ovh_cloud_users": {"users": ["ada", "new"], "roles": [AI]},
            "ignore_errors": True,
        },
        {
            "name": "A project that is not there",
            "cloudops.ovh.ovh_cloud_user_role": {"description": "ada", "roles": [AI], "project_id": "e" * 32},
            "ignore_errors": True,
        },
        {
            "name": "One of many",
            "cloudops.ovh.ovh_cloud_users": {
                "users": ["ada", {"user_id": 99}],
                "credentials_dir": "{{ playbook_dir }}/creds",
            },
        },
    ]
    result = play(tmp_path, sim, tasks=tasks, verbosity=3)
    assert result.rc == 2, result.text
    assert "Traceback (most recent call last)" not in result.text
    said = {one.task: one.result["msg"] for one in result.results}
    assert "The nearest is ai_training_operator" in said["A role that is not there"]
    assert "no_log: true" in said["A password that would be printed"]
    assert "check service_name" in said["A project that is not there"]
    assert "1 of 2 users failed" in said["One of many"]
    assert all(message in result.text for message in said.values() if '"' not in message)
    whole = result.task("One of many").result
    assert [user["action"] for user in whole["users"]] == ["unchanged", "failed"]
    assert result.task("A project that is not there").result["failure"]["query_id"].startswith("EU.ext")
    assert sim.credentials["application_secret"] not in result.text
    assert sim.writes() == []


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_a_diff_shows_what_changed_and_nothing_else(tmp_path: Path, sim: Simulator, check: bool) -> None:
    sim.project().add_user("ada", [AI])
    sim.project().add_user("grace", [AI])
    change: dict[str, Any] = {"users": ["ada", {"name": "grace", "roles": [STORE]}], "roles": [AI]}
    tasks = [
        {"name": "Change", "cloudops.ovh.ovh_cloud_users": change},
        {"name": "Steady", "cloudops.ovh.ovh_cloud_user": {"description": "ada", "roles": [AI]}},
    ]
    result = play(tmp_path, sim, tasks=tasks, check=check, diff=True)
    assert result.rc == 0, result.text
    changed, steady = result.stdout.split("TASK [Steady]")
    assert re.search(r"^\+ +\"objectstore_operator\"", changed, re.MULTILINE), changed
    assert '"grace"' in changed
    assert '"ada"' not in changed
    assert "+++ after" not in steady
    assert result.stats["localhost"]["changed"] == 1
    assert len(sim.writes()) == (0 if check else 1)


def test_options_may_be_set_once_and_the_rest_comes_from_the_environment(tmp_path: Path, sim: Simulator) -> None:
    """`group/cloudops.ovh.ovh` holds for every module, and an option of a task goes before it."""
    sim.add_project("f" * 32)
    tasks: list[dict[str, Any]] = [
        {
            "name": "Default",
            "cloudops.ovh.ovh_cloud_user": {"description": "ada", "return_password": False},
        },
        {
            "name": "Own",
            "cloudops.ovh.ovh_cloud_users": {"users": ["ada"], "return_password": False, "project_id": PROJECT},
        },
    ]
    result = play(
        tmp_path,
        sim,
        tasks=tasks,
        keywords={"module_defaults": {"group/cloudops.ovh.ovh": {"project_id": "f" * 32}}},
        project=None,
    )
    assert result.rc == 0, result.text
    assert len(sim.project("f" * 32).users()) == len(sim.project(PROJECT).users()) == 1


def test_a_list_that_is_text_is_cut_without_its_blanks(tmp_path: Path, sim: Simulator) -> None:
    """Ansible leaves them in, and " bob" would be another account, for ever."""
    sim.project().add_user("bob", ["ai_training_operator"])
    users = {"users": "{{ people }}", "purge_users": True, "purge_match": ".", "return_password": False}
    tasks = [
        {"name": "Hold", "cloudops.ovh.ovh_cloud_users": users},
        {"name": "Audit", "cloudops.ovh.ovh_cloud_audit_info": {"expected": "{{ people }}", "object_storage": False}},
    ]
    result = play(tmp_path, sim, tasks=tasks, args=["-e", "people=' ada, bob ,'"])
    assert result.rc == 0, result.text
    assert [user["action"] for user in result.task("Hold").result["users"]] == ["created", "unchanged"]
    assert sorted(user["description"] for user in sim.project().users()) == ["ada", "bob"]
    assert result.task("Audit").result["summary"]["drift"] == 0


@pytest.mark.parametrize(("default", "own"), [("project_id", "service_name"), ("service_name", "project_id")])
def test_a_default_by_another_name_is_not_taken_for_the_project_of_a_task(
    tmp_path: Path, sim: Simulator, default: str, own: str
) -> None:
    """Ansible would let the alias overwrite the option."""
    sim.add_project("f" * 32)
    task = {"name": "Own", "cloudops.ovh.ovh_cloud_users": {"users": ["ada"], "return_password": False, own: PROJECT}}
    defaults = {"group/cloudops.ovh.ovh": {default: "f" * 32}}
    result = play(tmp_path, sim, tasks=[task], keywords={"module_defaults": defaults}, project=None)
    assert result.rc != 0
    assert "Two projects are named: service_name is" in result.task("Own").result["msg"]
    assert sim.calls == []


def test_a_role_is_refused_a_project_of_module_defaults_by_another_name(tmp_path: Path, sim: Simulator) -> None:
    user = sim.project().add_user("ada", ["ai_training_operator"])
    role = {
        "name": "Offboard",
        "ansible.builtin.include_role": {"name": "cloudops.ovh.offboard_users"},
        "vars": {
            "offboard_users_users": ["ada"],
            "offboard_users_mode": "delete",
            "offboard_users_service_name": "f" * 32,
        },
    }
    defaults = {"group/cloudops.ovh.ovh": {"project_id": PROJECT}}
    result = play(tmp_path, sim, tasks=[role], keywords={"module_defaults": defaults}, project=None)
    assert result.rc != 0
    assert "Two projects are named" in result.text
    assert [one["id"] for one in sim.project().live_users()] == [user["id"]]
    assert sim.calls == []


def ansible_doc(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ansible-doc`."""
    return subprocess.run(
        [sys.executable, "-m", "ansible", "doc", *arguments, *(f"cloudops.ovh.{name}" for name in MODULES)],
        env=environment(tmp_path, None),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_documentation_of_every_module_reads_well(tmp_path: Path) -> None:
    done = ansible_doc(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in MODULES:
        assert name in done.stdout
    # Formatting that ansible-doc did not understand is shown as an error inside of the text.
    assert "ERROR while parsing" not in done.stdout


def test_every_module_documents_its_options_results_and_attributes(tmp_path: Path) -> None:
    done = ansible_doc(tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    described = json.loads(done.stdout)
    assert sorted(described) == [f"cloudops.ovh.{name}" for name in MODULES]
    for name, parts in described.items():
        attributes = parts["doc"]["attributes"]
        assert {"check_mode", "diff_mode", "idempotent", "action_group"} <= attributes.keys(), name
        assert attributes["check_mode"]["support"] == "full", name
        assert {"endpoint", "service_name", "consumer_key"} <= parts["doc"]["options"].keys(), name
        assert parts["examples"], name
        assert "api_calls" in parts["return"], name
