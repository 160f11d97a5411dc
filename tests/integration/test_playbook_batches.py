# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks over an inventory of many projects: batches, ``--limit``, and one summary at the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.modules import PROJECT
from tests.support.plays import PlayResult, play

OTHER = "fedcba9876543210fedcba9876543210"
#: Two projects that are not there come first.
HOSTS = {"gone1": "0" * 32, "gone2": "1" * 32, "research": PROJECT, "production": OTHER}


def run(
    playbook: str, tmp_path: Path, sim: Simulator, *args: str, env: dict[str, str] | None = None, **variables: Any
) -> PlayResult:
    inventory = {"all": {"hosts": {name: {"ovh_service_name": project} for name, project in HOSTS.items()}}}
    common: dict[str, Any] = {
        "target": "all",
        "onboard_users_users": ["ada"],
        "onboard_users_credentials_dir": str(tmp_path / "creds"),
        "offboard_users_users": ["ada"],
        "offboard_users_mode": "delete",
    }
    return play(
        tmp_path,
        sim,
        playbook=f"cloudops.ovh.{playbook}",
        inventory=inventory,
        extra_vars={**common, **variables},
        args=list(args),
        env=env or {},
    )


@pytest.mark.parametrize("playbook", ["onboard", "offboard"])
def test_batches(playbook: str, tmp_path: Path, sim: Simulator) -> None:
    sim.add_project(OTHER)
    if playbook == "offboard":
        for project in (PROJECT, OTHER):
            sim.project(project).add_user("ada", ["ai_training_operator"])
    before = [len(sim.project(project).live_users()) for project in (PROJECT, OTHER)]

    # A batch that fails as a whole ends the run, as with `serial` everywhere. The summary comes even so.
    stopped = run(playbook, tmp_path, sim, batch=2)
    assert stopped.rc != 0
    assert [len(sim.project(project).live_users()) for project in (PROJECT, OTHER)] == before
    assert stopped.text.count("gone1: FAILED: ") == stopped.text.count("gone2: FAILED: ") == 1
    assert "research: not begun" in stopped.text
    assert "production: not begun" in stopped.text
    assert stopped.text.count(" project(s): ") == 1

    # One that fails in part does not. Two batches, one summary over both.
    done = run(playbook, tmp_path, sim, "--limit", "gone2,research,production", batch=2)
    assert done.rc != 0
    assert "gone1" not in done.text
    after = 1 if playbook == "onboard" else 0
    assert [len(sim.project(project).live_users()) for project in (PROJECT, OTHER)] == [after, after]
    said = ("2 created", "0 deleted") if playbook == "onboard" else ("2 deleted",)
    (summary,) = [line for line in done.stdout.splitlines() if " project(s): " in line]
    assert "3 project(s): " in summary
    assert "API calls; 1 project(s) failed" in summary
    assert [text for text in said if text not in summary] == []
    assert {host: stats["failures"] for host, stats in done.stats.items()} == {
        "gone2": 1,
        "research": 0,
        "production": 0,
    }


@pytest.mark.parametrize("target", ["resarch", "all:!research:!production:!gone*"])
@pytest.mark.parametrize("playbook", ["onboard", "offboard", "audit"])
def test_a_target_that_is_nobody_is_an_error(playbook: str, target: str, tmp_path: Path, sim: Simulator) -> None:
    """Ansible by itself ends well: a nightly run would do nothing, and nobody would see it."""
    result = run(playbook, tmp_path, sim, target=target)
    assert result.rc != 0, result.text
    assert f"target: {target} matches no host of the inventory" in result.text
    assert sim.calls == []


@pytest.mark.parametrize("target", [["research", "gone1"], "research,gone1", "research:gone1", "resea*:&all"])
def test_a_target_may_be_any_pattern(target: Any, tmp_path: Path, sim: Simulator) -> None:
    result = run("audit", tmp_path, sim, "--limit", "research", target=target)
    assert (result.rc, list(result.stats)) == (0, ["research"]), result.text


@pytest.mark.parametrize("playbook", ["onboard", "offboard", "audit"])
def test_a_variable_of_a_host_is_no_target(playbook: str, tmp_path: Path, sim: Simulator) -> None:
    hosts = {"localhost": {"ovh_service_name": PROJECT, "target": "prod-eu", "ansible_connection": "local"}}
    variables = {"onboard_users_users": ["ada"], "onboard_users_credentials_dir": str(tmp_path / "creds")}
    result = play(
        tmp_path,
        sim,
        playbook=f"cloudops.ovh.{playbook}",
        inventory={"all": {"hosts": hosts}},
        extra_vars={**variables, "offboard_users_users": ["ada"], "audit_users_report": str(tmp_path / "access.html")},
        env={"ANSIBLE_PRIVATE_ROLE_VARS": "true"},
    )
    assert result.rc == 0, result.text
    assert "matches no host" not in result.text
    if playbook == "audit":
        assert f"Report: {tmp_path / 'access.html'}" in result.text


@pytest.mark.parametrize(
    ("playbook", "options", "expected"),
    [
        # The first batch fails: the rest was not begun.
        ("onboard", {"batch": 1}, {"projects": 4, "projects_failed": 4, "created": 0}),
        ("onboard", {}, {"projects": 4, "projects_failed": 2, "created": 2}),
        ("offboard", {"batch": 2}, {"projects": 4, "projects_failed": 4, "deleted": 0}),
        # One person with two accounts, and two projects that could not be audited.
        ("audit", {}, {"projects": 4, "projects_failed": 2, "people": 1, "accounts": 2, "errors": 2}),
    ],
)
def test_the_statistics_say_what_the_summary_says(
    tmp_path: Path, sim: Simulator, playbook: str, options: dict[str, Any], expected: dict[str, int]
) -> None:
    sim.add_project(OTHER)
    if playbook != "onboard":
        for project in (PROJECT, OTHER):
            sim.project(project).add_user("ada", ["ai_training_operator", "objectstore_operator"])
    options = {**options, "onboard_users_users": ["ada"]}
    if playbook == "audit":
        options["audit_users_expected"] = ["ada"]
    result = run(playbook, tmp_path, sim, env={"ANSIBLE_SHOW_CUSTOM_STATS": "1"}, **options)
    said = re.search(r"RUN: (\{.*\})", " ".join(result.stdout.split("CUSTOM STATS:")[1].split()))
    assert said is not None, result.text
    counts = json.loads(said[1])[f"{playbook}_summary"]
    assert {key: counts[key] for key in expected} == expected


@pytest.mark.parametrize("playbook", ["onboard", "offboard", "audit"])
def test_a_strategy_of_ansible_cfg_makes_no_second_summary(playbook: str, tmp_path: Path, sim: Simulator) -> None:
    sim.add_project(OTHER)
    more = {"audit_users_report": str(tmp_path / "report.json")} if playbook == "audit" else {}
    result = run(playbook, tmp_path, sim, env={"ANSIBLE_STRATEGY": "free"}, **more)
    assert "run_once" not in result.text
    shown = [one for one in result.results if one.action.endswith("debug") and one.status == "ok"]
    assert len(shown) == 1
    if playbook == "audit":
        written = [one for one in result.results if one.task == "Write the report" and one.status != "skipped"]
        assert len(written) == 1


@pytest.mark.parametrize("playbook", ["onboard", "offboard"])
def test_the_result_says_which_project_was_refused_and_why(playbook: str, tmp_path: Path, sim: Simulator) -> None:
    role, gone = f"{playbook}_users", "0" * 32
    given = {
        f"{role}_users": ["ada"],
        f"{role}_service_name": gone,
        "onboard_users_credentials_dir": str(tmp_path / "c"),
    }
    tasks = [
        {"import_role": {"name": f"cloudops.ovh.{role}"}, "vars": given, "ignore_errors": True},
        {"name": "Show", "debug": {"var": f"{role}_result"}},
    ]
    result = play(tmp_path, sim, tasks=tasks).task("Show").result[f"{role}_result"]
    assert (result["failed"], result["service_name"]) == (True, gone)
    assert result["failure"]["code"] == "api"
