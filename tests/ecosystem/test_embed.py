# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of playbooks/examples/embed: each is checked by its own tool, and those that can run here are run."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from project_files import ROOT
from tests.simulator import Simulator
from tests.support.plays import environment, play

EMBED = ROOT / "playbooks" / "examples" / "embed"
#: What this file checks, or test_runner.py: an example more is an example to be checked.
CHECKED = {
    "ansible-navigator.yml",
    "bigger_play.yml",
    "github-actions.yml",
    "gitlab-ci.yml",
    "onboard_runner.py",
    "ovh-audit.service",
    "ovh-audit.timer",
    "pull/local.yml",
    "pull/people.yml",
}


def people(sim: Simulator) -> list[str]:
    return sorted(user["description"] for user in sim.project().live_users())


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_example_is_checked() -> None:
    found = {
        str(path.relative_to(EMBED)) for path in EMBED.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == CHECKED


def test_a_bigger_play(tmp_path: Path, sim: Simulator) -> None:
    folder = {"credentials": str(tmp_path / "credentials")}
    result = play(tmp_path, sim, playbook=EMBED / "bigger_play.yml", extra_vars=folder)
    assert result.rc == 0, result.text
    assert "ada@example.com is new: user-" in result.text
    assert people(sim) == ["ada@example.com", "grace@example.com"]
    assert play(tmp_path, sim, playbook=EMBED / "bigger_play.yml", extra_vars=folder).stats["localhost"]["changed"] == 0


def test_pulling(tmp_path: Path, sim: Simulator) -> None:
    repository = shutil.copytree(EMBED / "pull", tmp_path / "repository")
    run("git", "init", "--quiet", "--initial-branch=main", cwd=repository)
    run("git", "add", ".", cwd=repository)
    run("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "People", cwd=repository)
    command = ("ansible-pull", "--url", f"file://{repository}", "--directory", tmp_path / "pulled", "-i", "localhost,")
    # On the machine that pulls it is the only Python; here several are found, of which some do not start.
    env = {**environment(tmp_path, sim), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    said = run(*command, cwd=tmp_path, env=env)
    assert "2 created" in said
    assert people(sim) == ["ada@example.com", "grace@example.com"]


def test_navigator(tmp_path: Path, sim: Simulator) -> None:
    """Its settings are read, and it runs the playbook; without the image, as there is no container engine."""
    settings, folder = tmp_path / "ansible-navigator.yml", tmp_path / "credentials"
    # It wants a folder that it mounts to be there.
    folder.mkdir(mode=0o700)
    settings.write_text((EMBED / settings.name).read_text().replace("src: /srv/ovh-credentials", f"src: {folder}"))
    env = {**environment(tmp_path, sim), "ANSIBLE_NAVIGATOR_CONFIG": str(settings)}
    (tmp_path / "vars.yml").write_text(f"onboard_users_users: [ada]\nonboard_users_credentials_dir: {folder}\n")
    command = ("ansible-navigator", "run", "cloudops.ovh.onboard", "--ee", "false", "-e", "@vars.yml")
    said = run(*command, cwd=tmp_path, env=env)
    assert "1 created" in said
    assert people(sim) == ["ada"]
    effective = yaml.safe_load(
        run("ansible-navigator", "settings", "--effective", "--ee", "false", cwd=tmp_path, env=env)
    )
    assert "cloudops-ovh-ee:latest" in str(effective)


@pytest.mark.parametrize(
    ("name", "schema"), [("gitlab-ci", "vendor.gitlab-ci"), ("github-actions", "vendor.github-workflows")]
)
def test_pipelines_have_the_form_of_their_service(tmp_path: Path, name: str, schema: str) -> None:
    path = EMBED / f"{name}.yml"
    run("check-jsonschema", "--builtin-schema", schema, path, cwd=tmp_path)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(path.read_text().replace("script:", "scripts:").replace("runs-on:", "runs:"))
    with pytest.raises(AssertionError):
        run("check-jsonschema", "--builtin-schema", schema, wrong, cwd=tmp_path)


def commands(text: str) -> list[list[str]]:
    """Each call of a playbook in a text, as a shell reads it."""
    found = re.findall(r"\bansible-playbook (cloudops\.ovh\.[^\n]*)", text)
    assert found
    return [shlex.split(command) for command in found]


@pytest.mark.parametrize("name", ["gitlab-ci.yml", "github-actions.yml", "ovh-audit.service"])
def test_the_commands_of_pipelines_and_units_run(tmp_path: Path, sim: Simulator, name: str) -> None:
    """In their order: what would change, the change, the audit that finds no drift."""
    (tmp_path / "people.yml").write_text("onboard_users_users: [ada]\n")
    text = (EMBED / name).read_text()
    if name == "ovh-audit.service":
        sim.project().add_user("ada", ["ai_training_operator", "objectstore_operator"])
    for command in commands(text):
        words = [word.replace("$CREDENTIALS", str(tmp_path / "credentials")) for word in command]
        words = [word.replace("/var/lib/ovh-audit", str(tmp_path)).replace("$PWD", str(tmp_path)) for word in words]
        words = [word.replace("/etc/ovh-audit/", f"{tmp_path}/") for word in words]
        run("ansible-playbook", *words, cwd=tmp_path, env=environment(tmp_path, sim))
    assert people(sim) == ["ada"]


class UnitFile(configparser.ConfigParser):
    """Keeps capitals, as systemd does."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_unit_and_its_timer(tmp_path: Path) -> None:
    for name in ("ovh-audit.service", "ovh-audit.timer"):
        # What it starts is not installed here.
        text = (EMBED / name).read_text().replace("/opt/ovh-audit/venv/bin/ansible-playbook", "/bin/true")
        (tmp_path / name).write_text(text)
    timer = UnitFile(strict=False, interpolation=None)
    timer.read(EMBED / "ovh-audit.timer")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:00:00"
    assert timer["Install"]["WantedBy"] == "timers.target"
    # One program, with its whole path, and no key in the unit itself.
    text = (EMBED / "ovh-audit.service").read_text()
    assert len(re.findall(r"^ExecStart=/", text, re.M)) == 1
    assert not re.search("SECRET|CONSUMER_KEY", text)
    if shutil.which("systemd-analyze"):
        run("systemd-analyze", "verify", "--recursive-errors=no", "ovh-audit.service", "ovh-audit.timer", cwd=tmp_path)
        run("systemd-analyze", "calendar", timer["Timer"]["OnCalendar"], cwd=tmp_path)
        (tmp_path / "ovh-audit.service").write_text("[Service]\nType=sometimes\nExecStart=true\n")
        with pytest.raises(AssertionError):
            run("systemd-analyze", "verify", "--recursive-errors=no", "ovh-audit.service", cwd=tmp_path)
