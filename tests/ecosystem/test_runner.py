# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks through ansible-runner, as AWX runs them: in a process, and through a mesh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from project_files import ROOT
from tests.simulator import Simulator
from tests.support.modules import PROJECT

ROLES = ["ai_training_operator", "objectstore_operator"]


def config(tmp_path: Path, sim: Simulator) -> Path:
    path = tmp_path / "ovh.conf"
    keys = "".join(
        f"{key}={sim.credentials[key]}\n" for key in ("application_key", "application_secret", "consumer_key")
    )
    path.write_text(f"[default]\nendpoint={sim.url}\n[{sim.url}]\n{keys}")
    return path


def prepare(tmp_path: Path, sim: Simulator, name: str, variables: dict[str, Any]) -> Path:
    """A folder as ansible-runner wants it."""
    data = tmp_path / name
    for folder in ("env", "project", "inventory"):
        (data / folder).mkdir(parents=True)
    environment = {"OVH_CONFIG_FILE": str(config(tmp_path, sim)), "OVH_CLOUD_PROJECT_SERVICE": PROJECT}
    (data / "env" / "envvars").write_text(json.dumps(environment))
    (data / "env" / "extravars").write_text(json.dumps(variables))
    (data / "inventory" / "hosts").write_text("localhost ansible_connection=local\n")
    return data


def runner(*arguments: str | Path) -> list[str]:
    return ["ansible-runner", *map(str, arguments)]


def run(data: Path, playbook: str, ident: str = "one") -> None:
    done = subprocess.run(
        runner("run", data, "-p", playbook, "-i", ident), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def statistics(data: Path, ident: str = "one") -> dict[str, Any]:
    events = [json.loads(path.read_text()) for path in (data / "artifacts" / ident / "job_events").glob("*.json")]
    (last,) = [event for event in events if event["event"] == "playbook_on_stats"]
    return last["event_data"]["artifact_data"]


def passwords(folder: Path) -> list[str]:
    return [yaml.safe_load(path.read_text())["password"] for path in folder.rglob("*.yml")]


def secrets_in(tree: Path, secrets: list[str]) -> list[str]:
    """Files of a run in which a secret is found; what a person put into env/ is theirs."""
    assert secrets
    assert all(len(secret) > 8 for secret in secrets)
    files = [path for path in (tree / "artifacts").rglob("*") if path.is_file()]
    assert any("job_events" in str(path) for path in files)
    return [f"{path}" for path in files for secret in secrets if secret.encode() in path.read_bytes()]


def test_a_process(tmp_path: Path, sim: Simulator) -> None:
    folder = tmp_path / "credentials"
    variables = {"onboard_users_users": ["ada", "grace"], "onboard_users_credentials_dir": str(folder)}
    data = prepare(tmp_path, sim, "onboard", variables)
    run(data, "cloudops.ovh.onboard")
    counts = statistics(data)["onboard_summary"]
    assert (counts["projects"], counts["created"], counts["failed"], counts["undelivered"]) == (1, 2, 0, 0)
    secrets = [*passwords(folder), sim.credentials["application_secret"], sim.credentials["consumer_key"]]
    assert len(secrets) == 4
    assert secrets_in(data, secrets) == []
    # The search does find what is there.
    (data / "artifacts" / "one" / "planted").write_text(secrets[0])
    assert len(secrets_in(data, secrets)) == 1

    report = tmp_path / "report.html"
    data = prepare(tmp_path, sim, "audit", {"audit_users_expected": ["ada"], "audit_users_report": str(report)})
    run(data, "cloudops.ovh.audit")
    counts = statistics(data)["audit_summary"]
    assert (counts["people"], counts["drift"], counts["report"]) == (2, 1, str(report))
    assert secrets_in(data, secrets) == []

    data = prepare(
        tmp_path, sim, "offboard", {"offboard_users_users": ["ada", "gone"], "offboard_users_mode": "delete"}
    )
    run(data, "cloudops.ovh.offboard")
    counts = statistics(data)["offboard_summary"]
    assert (counts["deleted"], counts["unchanged"], counts["failed"], counts["tokens"]) == (1, 1, 0, 0)
    assert secrets_in(data, secrets) == []


def test_a_mesh(tmp_path: Path, sim: Simulator) -> None:
    """The worker has no project of its own: all that it needs comes through the pipe, and the events go back."""
    folder = tmp_path / "credentials"
    variables = {"onboard_users_users": ["ada"], "onboard_users_credentials_dir": str(folder)}
    data, worker = prepare(tmp_path, sim, "controller", variables), tmp_path / "worker"
    commands = [
        runner("transmit", data, "-p", "cloudops.ovh.onboard", "-i", "one"),
        runner("worker", "--private-data-dir", worker),
        runner("process", data, "-i", "one"),
    ]
    stream = b""
    for command in commands:
        done = subprocess.run(command, input=stream, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        stream = done.stdout
    assert statistics(data)["onboard_summary"]["created"] == 1
    secrets = [*passwords(folder), sim.credentials["application_secret"]]
    assert len(secrets) == 2
    assert secrets_in(data, secrets) == []
    assert (data / "artifacts" / "one" / "status").read_text() == "successful"


def test_a_cancelled_run_loses_nothing(tmp_path: Path, sim: Simulator) -> None:
    """Cancelled while accounts are being made, as AWX cancels a job: the next run ends what it began."""
    people, folder = [f"person-{number}" for number in range(6)], tmp_path / "credentials"
    variables = {
        "onboard_users_users": people,
        "onboard_users_credentials_dir": str(folder),
        "onboard_users_concurrency": 1,
    }
    data = prepare(tmp_path, sim, "data", variables)
    gate = sim.gate(method="POST", route="/user$", skip=2)
    process = subprocess.Popen(
        runner("run", data, "-p", "cloudops.ovh.onboard", "-i", "one"),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert gate.wait_reached(60)
    os.kill(process.pid, signal.SIGTERM)
    process.wait(timeout=60)
    assert (data / "artifacts" / "one" / "status").read_text() in ("canceled", "failed")
    assert len(sim.project().live_users()) < len(people)
    gate.release()
    run(data, "cloudops.ovh.onboard", "two")
    assert statistics(data, "two")["onboard_summary"]["failed"] == 0
    for person in people:
        (user,) = sim.project().users_by_description(person)
        assert sim.project().role_names(user["id"]) == ROLES
        record = yaml.safe_load((folder / PROJECT / f"{person}.yml").read_text())
        assert sim.project().check_password(user["id"], record["password"])
    assert list(folder.rglob("*.intent")) == []


def test_the_program_that_embeds_it(tmp_path: Path, sim: Simulator) -> None:
    program = ROOT / "playbooks" / "examples" / "embed" / "onboard_runner.py"
    options = [
        "--project",
        PROJECT,
        "--config",
        str(config(tmp_path, sim)),
        "--credentials",
        str(tmp_path / "credentials"),
    ]
    for created in (2, 0):
        done = subprocess.run(
            [sys.executable, str(program), *options, "ada", "grace"],
            env={**os.environ, "OVH_APPLICATION_SECRET": "planted-in-the-environment"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, f"successful: {created} created, 0 failed\n"), done.stderr
    assert len(passwords(tmp_path / "credentials")) == 2


def test_slices_side_by_side(tmp_path: Path, sim: Simulator) -> None:
    """As AWX cuts one launch: each slice has some of the projects, and one folder holds all credentials."""
    projects, slices = [PROJECT, *(letter * 32 for letter in "abc")], 2
    for project in projects[1:]:
        sim.add_project(project)
    folder = tmp_path / "credentials"
    running = []
    for number in range(slices):
        variables = {"target": "all", "onboard_users_users": ["ada"], "onboard_users_credentials_dir": str(folder)}
        data = prepare(tmp_path, sim, f"slice-{number}", variables)
        hosts = [f"{one} ansible_connection=local ovh_service_name={one}" for one in projects[number::slices]]
        (data / "inventory" / "hosts").write_text("\n".join(hosts) + "\n")
        running.append(
            (
                data,
                subprocess.Popen(
                    runner("run", data, "-p", "cloudops.ovh.onboard", "-i", "one"), stdout=subprocess.DEVNULL
                ),
            )
        )
    for data, process in running:
        assert process.wait(timeout=120) == 0
        counts = statistics(data)["onboard_summary"]
        assert (counts["projects"], counts["created"]) == (len(projects) // slices, len(projects) // slices)
    assert len(passwords(folder)) == len(projects)
