# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``audit_users`` and the playbook ``cloudops.ovh.audit``, as people run them."""

from __future__ import annotations

import csv
import html
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.cloudops.ovh.plugins.filter.audit_report import audit_report
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


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def said(result: PlayResult, task: str) -> dict[str, str]:
    """What each host failed with at a task."""
    return {one.host: one.result["msg"] for one in result.tasks(task) if one.status == "failed"}


def rows(report: Path) -> list[tuple[str, str, str]]:
    """Project, person and findings of each line of a CSV."""
    lines = csv.DictReader(report.read_text(encoding="utf-8").splitlines())
    return [(row["project"], row["person"], row["findings"]) for row in lines]


def unchanged(result: PlayResult, sim: Simulator) -> None:
    assert {stats["changed"] for stats in result.stats.values()} == {0}
    assert [one for one in sim.writes() if one.effect] == []


def test_one_report_over_all_projects_in_check_mode_too(tmp_path: Path, cloud: Simulator) -> None:
    """In batches, with a project that cannot be read: nothing is lost, and the run fails at its end."""
    report = tmp_path / "access.json"
    cloud.fault("status", route=f"/cloud/project/{C}/", status=404, times=None, message="This service does not exist")
    inventory = projects(closed=C, research=A, production=B)
    # A text as from the command line, and a project without a list.
    inventory["all"]["vars"] = {"audit_users_expected": "ada"}
    inventory["all"]["hosts"]["research"]["audit_users_expected"] = "{{ null_in_a_template }}"
    inventory["all"]["hosts"]["research"]["null_in_a_template"] = None
    result = play(
        tmp_path,
        cloud,
        playbook="cloudops.ovh.audit",
        inventory=inventory,
        extra_vars={"target": "all", "batch": 1, "audit_users_report": str(report)},
        project=None,
        check=True,
    )
    assert result.rc == 2, result.text
    unchanged(result, cloud)
    assert mode(report) == 0o600
    assert [one.status for one in result.tasks("Write the report")].count("ok") == 1
    found = json.loads(report.read_text(encoding="utf-8"))
    assert [(one["host"], one["service_name"], one["error"] is None) for one in found["projects"]] == [
        ("closed", C, False),
        ("production", B, True),
        ("research", A, True),
    ]
    assert [one["compared"] for one in found["projects"]] == [False, True, False]
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
    failed = said(result, "Fail where something is wrong")
    assert list(failed) == ["closed"]
    assert "This service does not exist" in failed["closed"]
    assert "error: production: stranger: Has an account, and is not on the list." in result.text
    assert f"Report: {report}" in result.text


def test_hostile_descriptions_are_text_everywhere(tmp_path: Path, cloud: Simulator) -> None:
    """One page over two projects, from the file of variables of onboarding; drift fails after it was written."""
    for text in HOSTILE:
        cloud.project(A).add_user(text, ["ai_training_read"])
    folder = tmp_path / "credentials"
    (folder / A).mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    report = tmp_path / "access.HTML"
    # Somebody made it readable for all.
    report.write_text("old")
    report.chmod(0o644)
    variables = {
        "target": "all",
        "audit_users_report": str(report),
        "audit_users_fail_on_drift": True,
        "onboard_users_users": ["ada"],
        "onboard_users_roles": ["ai_training_operator"],
        "onboard_users_credentials_dir": str(folder),
    }
    result = play(
        tmp_path,
        cloud,
        playbook="cloudops.ovh.audit",
        inventory=projects(research=A, production=B),
        extra_vars=variables,
        project=None,
        diff=True,
    )
    assert result.rc == 2, result.text
    unchanged(result, cloud)
    assert mode(report) == 0o600
    page = report.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    for text in HOSTILE[:3]:
        assert f"<bdi>{html.escape(text)}</bdi>" in page
    assert page.count("<script>") == 1
    assert "\x1b" not in page + result.stdout.replace(r"\u001b", "")
    assert "49" not in "".join(
        one.result["msg"] for one in result.tasks("Fail where something is wrong") if one.status == "failed"
    )
    # The page is not in the diff.
    assert "<!DOCTYPE" not in result.text
    failed = said(result, "Fail where something is wrong")
    assert failed["production"] == (
        "2 differences from the list. production: stranger: Has an account, and is not on the list."
        " production: ada: Has administrator, objectstore_operator, which the list does not give."
    )
    assert "research: {{ 7*7 }}: Has an account" in failed["research"]


def test_the_role_in_batches_fails_at_the_end_for_all_of_them(tmp_path: Path, cloud: Simulator) -> None:
    report = tmp_path / "access.csv"
    variables = {
        "audit_users_expected": ["ada"],
        "audit_users_object_storage": False,
        "audit_users_report": str(report),
        "audit_users_fail_on_drift": True,
    }
    result = play(
        tmp_path,
        cloud,
        tasks=[{"import_role": {"name": "cloudops.ovh.audit_users"}}],
        keywords={"serial": 1, "vars": variables},
        inventory=projects(production=B, research=A),
        project=None,
    )
    assert result.rc == 2, result.text
    unchanged(result, cloud)
    assert rows(report) == [
        ("production", "ada", "wrong_roles"),
        ("production", "stranger", "unlisted"),
        ("research", "ada", ""),
    ]
    # The batch that differs was over when the report was written: the last host fails for it.
    failed = said(result, "Say what could not be read, and what differs")
    assert list(failed) == ["research"]
    assert failed["research"].startswith("2 differences from the list. production: stranger:")


def test_a_last_batch_that_cannot_begin_takes_no_report_away(tmp_path: Path, cloud: Simulator) -> None:
    """Its host is in the report with the reason, and those that were audited fail for what differs."""
    report = tmp_path / "access.json"
    report.write_text("yesterday's")
    result = play(
        tmp_path,
        cloud,
        playbook="cloudops.ovh.audit",
        inventory=projects(production=B, research=A, zero=""),
        extra_vars={
            "target": "all",
            "batch": 1,
            "audit_users_expected": ["ada"],
            "audit_users_report": str(report),
            "audit_users_fail_on_drift": True,
        },
        project=None,
    )
    assert result.rc == 2, result.text
    found = json.loads(report.read_text(encoding="utf-8"))
    errors = {one["host"]: one["error"] for one in found["projects"]}
    assert errors.pop("zero").startswith("ovh_service_name of zero names no project")
    assert errors == {"production": None, "research": None}
    failed = said(result, "Fail where something is wrong")
    assert sorted(failed) == ["production", "zero"]
    assert failed["production"].startswith("2 differences from the list.")
    assert f"Report: {report}" in result.text


def test_the_role_in_batches_with_hosts_that_leave_it_out(tmp_path: Path, cloud: Simulator) -> None:
    """The host that would speak for earlier batches may have nothing to say itself, and one of them neither."""
    report = tmp_path / "access.csv"
    variables = {
        "audit_users_expected": ["ada"],
        "audit_users_report": str(report),
        "audit_users_fail_on_drift": True,
        "left_out": ["first", "third"],
    }
    result = play(
        tmp_path,
        cloud,
        tasks=[{"include_role": {"name": "cloudops.ovh.audit_users"}, "when": "inventory_hostname not in left_out"}],
        keywords={"serial": 2, "vars": variables},
        inventory=projects(first=A, second=B, third=A, whole=A),
        project=None,
    )
    assert result.rc == 2, result.text
    assert [row for row in rows(report) if row[1]] == [
        ("second", "ada", "wrong_roles"),
        ("second", "stranger", "unlisted"),
        ("whole", "ada", ""),
    ]
    failed = said(result, "Say what could not be read, and what differs")
    assert list(failed) == ["whole"]
    assert failed["whole"].startswith("2 differences from the list. second: stranger:")


def test_a_report_that_cannot_be_written_is_said_after_the_summary(tmp_path: Path, cloud: Simulator) -> None:
    """One report is about all hosts: two paths are refused, not one of them chosen."""
    inventory = projects(research=A, production=B)
    for host, variables in inventory["all"]["hosts"].items():
        variables["audit_users_report"] = str(tmp_path / f"{host}.html")
    result = play(
        tmp_path,
        cloud,
        playbook="cloudops.ovh.audit",
        inventory=inventory,
        extra_vars={"target": "all", "audit_users_expected": ["ada"]},
        project=None,
    )
    assert result.rc == 2, result.text
    assert list(tmp_path.glob("*.html")) == []
    assert "error: production: stranger: Has an account, and is not on the list." in result.text
    failed = said(result, "Fail where something is wrong")
    assert sorted(failed) == ["production", "research"]
    assert all("There is no report: audit_users_report differs between hosts" in text for text in failed.values())
    assert "Report: " not in result.text


def test_options_that_do_not_fit_are_refused_before_the_first_call(tmp_path: Path, cloud: Simulator) -> None:
    (tmp_path / "folder.html").mkdir()
    bad = {
        "ending": ({"audit_users_report": str(tmp_path / "access.pdf")}, "none of .html, .csv and .json"),
        "relative": ({"audit_users_report": "access.html"}, "relative path"),
        "nowhere": ({"audit_users_report": str(tmp_path / "no" / "access.html")}, "there is no folder"),
        "folder": ({"audit_users_report": str(tmp_path / "folder.html")}, "is a folder"),
        "drift": ({"audit_users_fail_on_drift": True}, "needs a list"),
        "roles": ({"audit_users_expected_roles": ["x"]}, "audit_users_expected_roles needs audit_users_expected"),
        "type": ({"audit_users_concurrency": "many"}, "audit_users_concurrency"),
    }
    hosts = {host: {"ovh_service_name": A, **options} for host, (options, _message) in bad.items()}
    result = play(
        tmp_path,
        cloud,
        playbook="cloudops.ovh.audit",
        inventory={"all": {"hosts": hosts}},
        extra_vars={"target": "all"},
        project=None,
    )
    assert result.rc == 2
    failed = said(result, "Fail where something is wrong")
    assert {host for host, (_options, message) in bad.items() if message not in failed[host]} == set()
    assert all(f"error: {host}: " in result.text for host in bad)
    assert cloud.calls == []


EMPTY: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("value", "arguments", "expected"),
    [
        (EMPTY, {"format": "text"}, "0 people, 0 accounts in 0 projects. No project was audited."),
        (EMPTY, {"format": "failures"}, ""),
        ({"a": {"msg": "gone"}}, {"format": "failures"}, "1 project could not be audited. a: gone"),
    ],
)
def test_the_filter(value: Any, arguments: dict[str, Any], expected: str) -> None:
    assert audit_report(value, **arguments) == expected


@pytest.mark.parametrize(
    ("value", "format", "message"),
    [
        ([], "html", "needs a mapping"),
        (EMPTY, "pdf", "'pdf' is not a format. Formats: html, csv, json, text, failures."),
        ({"a": 1}, "html", "The audit of a is not a result"),
    ],
)
def test_what_the_filter_refuses(value: Any, format: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        audit_report(value, format)
