# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``audit_users`` and the playbook ``cloudops.ovh.audit``, as people run them."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.plays import PlayResult, play

A, B, C = (letter * 32 for letter in "abc")
ROLES = ["ai_training_operator", "objectstore_operator"]
#: What would run somewhere: in Ansible, in a browser, in a spreadsheet, in a terminal.
HOSTILE = ["{{ 7*7 }}", "<script>alert(1)</script>", "=1+1", "\x1b[31mred\u202edrow"]


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """Three projects: one as the list says, one that differs, one that will not answer."""
    with Simulator(projects=[A, B, C]) as sim:
        sim.project(A).add_user("ada", ROLES)
        sim.project(B).add_user("ada", [*ROLES, "administrator"])
        sim.project(B).add_user("stranger", ROLES)
        yield sim


def projects(**names: str) -> dict[str, Any]:
    return {"all": {"hosts": {host: {"ovh_service_name": name} for host, name in names.items()}}}


def audit(
    tmp_path: Path, sim: Simulator, inventory: Mapping[str, Any], report: Path | None = None, **more: Any
) -> PlayResult:
    variables = {"target": "all", "audit_users_expected": ["ada"], **more.pop("extra_vars", {})}
    if report is not None:
        variables["audit_users_report"] = str(report)
    return play(
        tmp_path, sim, playbook="cloudops.ovh.audit", inventory=inventory, extra_vars=variables, project=None, **more
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def without_times(path: Path) -> Any:
    report = json.loads(path.read_text(encoding="utf-8"))
    for project in [report, *report["projects"]]:
        for key in ("generated_at", "audited_at"):
            project.pop(key, None)
    return report


def test_one_report_over_all_projects_in_check_mode_too(tmp_path: Path, cloud: Simulator) -> None:
    """In batches, with a project that cannot be read: nothing is lost, and the run fails at its end."""
    report = tmp_path / "access.json"
    cloud.fault("status", route=f"/cloud/project/{C}/", status=404, times=None, message="This service does not exist")
    inventory = projects(closed=C, research=A, production=B)
    batches = {"extra_vars": {"batch": 1}}
    result = audit(tmp_path, cloud, inventory, report, check=True, **batches)
    assert result.rc == 2, result.text
    assert mode(report) == 0o600
    assert [one.status for one in result.tasks("Write the report")].count("ok") == 1
    assert {host: stats["changed"] for host, stats in result.stats.items()} == dict.fromkeys(inventory["all"]["hosts"], 0)
    found = without_times(report)
    assert [(one["host"], one["service_name"], one["error"] is None) for one in found["projects"]] == [
        ("closed", C, False),
        ("production", B, True),
        ("research", A, True),
    ]
    assert found["summary"] == {
        "projects": 3,
        "unreadable": 1,
        "people": 2,
        "accounts": 3,
        "errors": 3,
        "warnings": 0,
        "drift": 2,
    }
    # Drift alone is no failure here.
    failed = [one for one in result.tasks("Fail where something is wrong") if one.status == "failed"]
    assert [one.host for one in failed] == ["closed"]
    assert "This service does not exist" in failed[0].result["msg"]
    assert "error: production: stranger: Has an account, and is not on the list." in result.text
    assert f"Report: {report}" in result.text

    again = audit(tmp_path, cloud, inventory, report, **batches)
    assert again.rc == 2
    assert without_times(report) == found
    assert [one for one in cloud.writes() if one.effect] == []
