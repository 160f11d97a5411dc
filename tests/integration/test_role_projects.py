# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which project each role takes for a host: an empty name must not lead to the project of the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulator import Simulator
from tests.support.plays import PROJECT, play

ROLE, HOST, NEXT = "1" * 31 + "a", "2" * 31 + "b", "3" * 31 + "c"
#: The variables of a host that has the variable for its project, and names none.
NOBODY: dict[str, Any] = {
    "blank": "",
    "zero": 0,
    "null": None,
    "looked-up": "{{ lookup('ansible.builtin.env', 'NOT_SET') }}",
    "unknown": "{{ project_ids[inventory_hostname] }}",
    "omitted": "{{ project_id_of_nobody | default(omit) }}",
}


@pytest.mark.parametrize("name", ["onboard", "offboard", "audit"])
def test_a_host_that_leaves_its_project_empty_gets_no_other(tmp_path: Path, sim: Simulator, name: str) -> None:
    role = f"{name}_users_service_name"
    hosts: dict[str, Any] = {host: {"ovh_service_name": value} for host, value in NOBODY.items()}
    hosts.update(environment={role: ""}, host={"ovh_service_name": HOST}, role={"ovh_service_name": "", role: ROLE})
    # What is omitted is not set: the next source counts.
    hosts.update({"next": {role: "{{ nothing | default(omit) }}", "ovh_service_name": NEXT}})
    for project in (ROLE, HOST, NEXT):
        sim.add_project(project)
    variables = {
        "target": "all",
        "onboard_users_users": ["ada"],
        "onboard_users_credentials_dir": str(tmp_path / "creds"),
        "offboard_users_users": ["ada"],
    }
    result = play(
        tmp_path, sim, playbook=f"cloudops.ovh.{name}", extra_vars=variables, inventory={"all": {"hosts": hosts}}
    )
    called = [found[1] for call in sim.calls if (found := re.search(r"/cloud/project/([0-9a-f]+)/", call.path))]
    assert set(called) == {PROJECT, ROLE, HOST, NEXT}
    assert called.count(PROJECT) == called.count(ROLE) == called.count(HOST) == called.count(NEXT)
    assert {host for host, stats in result.stats.items() if stats["failures"]} == set(NOBODY), result.text
    said = {one.host: one.result["msg"] for one in result.tasks("Check the rules between the options")}
    assert [host for host in NOBODY if "ovh_service_name" not in said[host]] == [], said
    assert "ovh_service_name of zero names no project: it is empty" in said["zero"]


def role_file(checkout: Path, name: str, path: str) -> dict[str, Any]:
    return dict(yaml.safe_load((checkout / "roles" / f"{name}_users" / path).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["onboard", "offboard", "audit"])
def test_an_option_that_is_omitted_is_not_left_out_in_silence(
    tmp_path: Path, sim: Simulator, checkout: Path, name: str
) -> None:
    """For the module an omitted bound is none, and omitted roles are none as well."""
    role = f"{name}_users"
    options = role_file(checkout, name, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = role_file(checkout, name, "defaults/main.yml")
    # Whose project it is has a rule of its own, and a list of people has to be there.
    asked = [one for one in options if one not in (f"{role}_service_name", f"{role}_users")]
    hosts: dict[str, Any] = {one: {one: "{{ nothing | default(omit) }}"} for one in asked}
    hosts.update({f"null-{one}": {one: None} for one in defaults})
    if name == "onboard":
        for one in hosts.values():
            one.setdefault("onboard_users_credentials_dir", str(tmp_path / "creds"))
    result = play(
        tmp_path,
        sim,
        tasks=[{"import_role": {"name": f"cloudops.ovh.{role}"}}],
        extra_vars={f"{role}_users": ["ada"]} if name != "audit" else {},
        inventory={"all": {"hosts": hosts}},
    )
    assert sim.calls == []
    failed = {one.host: one.result["msg"] for one in result.results if one.status == "failed"}
    assert failed.keys() == hosts.keys(), result.text
    for host, said in failed.items():
        # Ansible itself refuses some of it, in some of its versions.
        assert host.removeprefix("null-") in said or "alidation of arguments failed" in said, said


@pytest.mark.parametrize("name", ["onboard", "offboard", "audit"])
def test_what_is_refused_is_not_done_with_ignore_errors_either(tmp_path: Path, sim: Simulator, name: str) -> None:
    """And its result is not that of the call before."""
    sim.project().add_user("grace", ["ai_training_operator"])
    role = {"name": f"cloudops.ovh.{name}_users"}
    good = {"onboard_users_users": ["ada"], "onboard_users_credentials_dir": str(tmp_path / "creds")}
    good.update(offboard_users_users=["grace"])
    wrong = {"onboard_users_credentials_dir": "relative", "offboard_users_credentials_dir": "relative"}
    wrong.update(audit_users_report="relative.html", onboard_users_users=["linus"], offboard_users_users=["ada"])
    shown = {"debug": {"var": f"{name}_users_result"}, "name": "Show"}
    result = play(
        tmp_path,
        sim,
        tasks=[
            {"import_role": role, "vars": good},
            {"import_role": role, "vars": {**good, **wrong}, "ignore_errors": True},
            shown,
        ],
    )
    said = result.task("Show").result[f"{name}_users_result"]
    assert said["failed"], result.text
    assert "relative path" in said["msg"]
    assert "linus" not in [user["description"] for user in sim.project().live_users()]
    assert not (tmp_path / "relative").exists()
