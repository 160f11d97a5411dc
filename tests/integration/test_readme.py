# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README tells people to type: files, commands and rights, taken from its text."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from project_files import copy_project
from tests.simulator import Simulator
from tests.simulator.auth import ACTION_PREFIX
from tests.simulator.world import ROUTER
from tests.support.checks import run
from tests.support.playbook_client import ansible_playbook
from tests.support.plays import ROOT, environment

OTHER_PROJECT = "fedcba9876543210fedcba9876543210"
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
RULES = [dict(zip(("method", "path"), line.split())) for line in re.findall(r"^[A-Z]+ /\S+$", TEXT, re.MULTILINE)]
ACTIONS = re.findall(r"^publicCloudProject:\S+$", TEXT, re.MULTILINE)


def actions() -> set[str]:
    """Return every IAM action that the API asks for."""
    return {ACTION_PREFIX + route.action for route in ROUTER.routes if route.action}


def files() -> dict[str, str]:
    """Return the files that the README shows: a block of YAML after a line that names it."""
    return dict(re.findall(r"`([a-z]+\.yml)`:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL))


def commands() -> list[str]:
    return re.findall(r"^    (ansible-playbook .+)$", TEXT, re.MULTILINE)


def test_the_commands_work_as_they_are_printed(tmp_path: Path, sim: Simulator) -> None:
    sim.add_project(OTHER_PROJECT)
    for name, content in files().items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert len(commands()) >= 4
    seen = []
    for command in commands():
        arguments = [part.replace("~", str(tmp_path / "home")) for part in shlex.split(command)[1:]]
        done = ansible_playbook(arguments, tmp_path, environment(tmp_path, sim), timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert "[ERROR]" not in done.stdout + done.stderr
        seen.append(len(sim.project().live_users()))
    # Check mode, for real, taking away, and the other project.
    assert seen[:3] == [0, 3, 3]
    observer = sim.project().users_by_description("observer@example.com")[0]
    assert sim.project().role_names(observer["id"]) == ["ai_training_read", "objectstore_operator"]
    assert len(sim.project(OTHER_PROJECT).live_users()) == 2


@pytest.mark.parametrize("link", [False, True], ids=["fresh", "after-demo"])
def test_what_is_installed_can_be_used_elsewhere(tmp_path: Path, link: bool) -> None:
    clone, home = tmp_path / "clone", tmp_path / "home"
    home.mkdir()
    copy_project(clone)
    if link:
        (clone / ".collections/ansible_collections/cloudops").mkdir(parents=True)
        (clone / ".collections/ansible_collections/cloudops/ovh").symlink_to(clone)
    (section,) = re.findall(r"### 1. Install\n\n(.+?)\n\n", TEXT, re.DOTALL)
    lines = [line.strip() for line in section.splitlines() if not re.search("pip install|venv", line)]
    script = "\n".join([*lines, "pwd", "ansible-doc --json cloudops.ovh.ovh_cloud_users"])
    env = {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=clone, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    assert f"\n{home}\n" in done.stdout
    installed = home / ".ansible/collections/ansible_collections/cloudops/ovh/plugins/modules/ovh_cloud_users.py"
    assert str(installed) in done.stdout


def test_the_playbook_of_ones_own_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(- name: Give the team.*?)```", TEXT, re.DOTALL)
    (play,) = yaml.safe_load(text)
    assert play["tasks"][0]["ansible.builtin.import_role"]["name"] == "cloudops.ovh.onboard_users"


LIFE: list[dict[str, Any]] = [
    {"users": ["ada", "bob"], "verify_credentials": True},
    {"users": ["ada"], "roles": ["administrator"], "purge_roles": True, "update_password": "always"},
    {"users": ["ada"], "roles": ["objectstore_operator", "ai_training_read"], "purge_roles": True},
    {"users": ["ada"], "revoke_roles": ["ai_*"], "roles": []},
    {"users": ["ada"], "roles": ["ai_training_operator"], "s3_credentials": "present", "kit": True},
    {"users": ["ada"], "s3_credentials": "absent"},
    {"users": ["bob"], "state": "absent"},
]


@pytest.mark.parametrize("service_account", [False, True], ids=["consumer-key", "service-account"])
def test_the_rights_that_it_lists_are_enough(sim: Simulator, tmp_path: Path, service_account: bool) -> None:
    connection: dict[str, Any] = {}
    if service_account:
        sim.deny_iam = actions() - set(ACTIONS)
        none = dict.fromkeys(("application_key", "application_secret", "consumer_key"))
        connection = {**none, **{key: sim.credentials[key] for key in ("client_id", "client_secret")}}
    else:
        sim.rules = RULES
    for options in LIFE:
        result = run(sim, kinds.USERS, credentials_dir=str(tmp_path / "creds"), **{**connection, **options})
        assert not result.get("failed"), result["msg"]
    assert not [call for call in sim.calls if call.status >= 400]


def test_every_right_is_one_that_the_api_has() -> None:
    assert len({tuple(rule.values()) for rule in RULES}) == len(RULES) >= 20
    known = {(route.method, re.sub(r"{\w+}", "*", route.template)) for route in ROUTER.routes}
    assert [rule for rule in RULES if (rule["method"], rule["path"]) not in known] == []
    assert set(ACTIONS) - actions() == set()
