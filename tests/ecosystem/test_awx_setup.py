# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ``cloudops.ovh.awx_setup`` with the real awx.awx modules, against a server that stands in for AWX."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from project_files import ROOT
from tests.ecosystem import awx_rules
from tests.ecosystem.awx_stand_in import TOKEN, StandIn
from tests.simulator import Simulator
from tests.support.plays import PlayResult, play

EXAMPLE = ROOT / "playbooks" / "examples" / "awx-project"
SECRETS = {"application_secret": "planted-secret-1", "consumer_key": "planted-secret-2"}
HOOK: dict[str, Any] = {"type": "slack", "configuration": {"token": "planted-secret-3", "channels": ["#cloud"]}}
VARIABLES: dict[str, Any] = {
    "awx_setup_project_url": "https://git.example.com/cloud/awx-project.git",
    "awx_setup_credentials_dir": "/srv/ovh-credentials",
    "awx_setup_audit_report_dir": "/srv/reports",
    "awx_setup_credential_inputs": {"endpoint": "ovh-eu", "application_key": "key", **SECRETS},
    "awx_setup_execution_environment_image": "registry.example.com/cloudops-ovh-ee:1",
    "awx_setup_slices": 4,
    "awx_setup_notification": HOOK,
}


@pytest.fixture
def awx() -> Iterator[StandIn]:
    with StandIn([path.name for path in EXAMPLE.glob("*.yml")]) as server:
        yield server


def setup(tmp_path: Path, awx: StandIn, check: bool = False, token: str = TOKEN, **variables: Any) -> PlayResult:
    awx.calls.clear()
    env = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": token}
    given = {**VARIABLES, **variables}
    result = play(
        tmp_path, None, playbook="cloudops.ovh.awx_setup", extra_vars=given, check=check, env=env, verbosity=3
    )
    assert "planted-secret" not in result.text
    return result


def changed(result: PlayResult) -> int:
    assert result.rc == 0, result.text
    return result.stats["localhost"]["changed"]


def test_everything_is_made_once(tmp_path: Path, awx: StandIn) -> None:
    assert changed(setup(tmp_path, awx, check=True)) > 0
    assert (awx.calls, awx.things) == ([], {})
    assert changed(setup(tmp_path, awx)) == 10
    assert changed(setup(tmp_path, awx)) == 0
    assert awx.calls == []
    assert changed(setup(tmp_path, awx, check=True)) == 0

    templates = {one: awx.named("job_templates", f"OVHcloud {one}") for one in ("onboard", "offboard", "audit")}
    credential = awx.named("credentials", "OVHcloud API")
    for name, template in templates.items():
        assert template["playbook"] == f"{name}.yml"
        assert template["job_slice_count"] == 4
        assert awx.links[f"job_templates/{template['id']}/credentials"] == [credential["id"]]
        assert awx_rules.survey(awx.surveys[template["id"]]) == []
        drift = awx.links.get(f"job_templates/{template['id']}/notification_templates_error", [])
        assert drift == ([awx.named("notification_templates", "OVHcloud drift")["id"]] if name == "audit" else [])
    # A template of AWX's, not of Ansible's.
    assert (
        json.loads(templates["audit"]["extra_vars"])["audit_users_report"] == "/srv/reports/audit-{{ awx_job_id }}.html"
    )
    folders = {
        json.loads(templates[name]["extra_vars"]).get(f"{name}_users_credentials_dir")
        for name in ("onboard", "offboard", "audit")
    }
    assert len(folders - {None}) == len(folders) == 1
    assert awx.secret_fields(credential) == {"application_secret", "consumer_key", "client_secret"}
    schedule = awx.named("schedules", "OVHcloud nightly audit")
    assert (schedule["enabled"], awx_rules.rrule(schedule["rrule"])) == (True, [])

    # One thing that changes is one change, and secrets stay what they are.
    hook = {"type": "slack", "configuration": {**HOOK["configuration"], "channels": ["#other"]}}
    assert changed(setup(tmp_path, awx, awx_setup_notification=hook)) == 1
    kept = awx.named("notification_templates", "OVHcloud drift")["notification_configuration"]
    assert kept == {"token": "planted-secret-3", "channels": ["#other"]}


def test_everything_is_removed_again(tmp_path: Path, awx: StandIn) -> None:
    changed(setup(tmp_path, awx))
    before = {kind: len(things) for kind, things in awx.things.items()}
    assert changed(setup(tmp_path, awx, check=True, awx_setup_state="absent")) == 7
    assert awx.calls == []
    assert {kind: len(things) for kind, things in awx.things.items()} == before
    # Only names are needed: a default of them here, and no inputs.
    names = dict.fromkeys(VARIABLES, "") | {"awx_setup_credential_inputs": {}, "awx_setup_notification": {}}
    assert changed(setup(tmp_path, awx, awx_setup_state="absent", **names)) == 7
    assert {kind for kind, things in awx.things.items() if things} == {"organizations"}
    assert changed(setup(tmp_path, awx, awx_setup_state="absent", **names)) == 0


def test_what_others_use_is_kept(tmp_path: Path, awx: StandIn) -> None:
    changed(setup(tmp_path, awx))
    kind = awx.named("credential_types", "OVHcloud API")["id"]
    theirs = {"credential_type": kind, "inputs": {"endpoint": "ovh-eu"}, "organization": None}
    assert awx.answer("POST", "/api/v2/credentials/", {**theirs, "name": "Of somebody else"})[0] == 201
    image = {"name": "OVHcloud", "image": "registry.example.com/other:1", "organization": None}
    awx.things["execution_environments"].clear()
    assert awx.answer("POST", "/api/v2/execution_environments/", image)[0] == 201
    # A credential that is only named was there before.
    named = {"awx_setup_credential_name": "OVHcloud API", "awx_setup_credential_inputs": {}}
    result = setup(tmp_path, awx, awx_setup_state="absent", **named)
    assert changed(result) == 4
    assert "which is used by Of somebody else, OVHcloud API" in result.text
    result = setup(tmp_path, awx, awx_setup_state="absent")
    assert changed(result) == 1
    assert "which is used by Of somebody else" in result.text
    left = {kind: [thing["name"] for thing in things.values()] for kind, things in awx.things.items() if things}
    assert left == {
        "organizations": ["OVHcloud"],
        "credential_types": ["OVHcloud API"],
        "credentials": ["Of somebody else"],
        "execution_environments": ["OVHcloud"],
    }


def test_without_a_credential_each_launch_asks_for_one(tmp_path: Path, awx: StandIn) -> None:
    hook = {"type": "webhook", "configuration": {"url": "https://hooks.example.com/x", "headers": {}}}
    without = {"awx_setup_credential_inputs": {}, "awx_setup_notification": hook, "awx_setup_credentials_dir": ""}
    for expected in (9, 0):
        result = setup(tmp_path, awx, **without, awx_setup_deliver_tasks="deliver.yml")
        assert changed(result) == expected
    template = awx.named("job_templates", "OVHcloud onboard")
    assert template["ask_credential_on_launch"] is True
    assert json.loads(template["extra_vars"]) == {"onboard_users_deliver_tasks": "/runner/project/deliver.yml"}
    assert awx.named("schedules", "OVHcloud nightly audit")["enabled"] is False
    assert "each launch asks for one" in result.text


def test_what_awx_would_accept_is_refused(tmp_path: Path, awx: StandIn) -> None:
    wrong = {
        "awx_setup_state": "gone",
        "awx_setup_project_url": "",
        "awx_setup_credentials_dir": "",
        "awx_setup_audit_report_dir": "reports",
        "awx_setup_slices": 0,
        "awx_setup_credential_inputs": {"endpoint": "ovh-eu", "application_key": "key", "client_id": "id"},
        "awx_setup_inventory_file": "projects.yml",
        "awx_setup_role_defaults": ["nobody"],
        "awx_setup_audit_rrule": "RRULE:FREQ=DAILY",
        "awx_setup_notification": {"type": "slack", "configuration": {"channels": ["#cloud"]}},
    }
    result = setup(tmp_path, awx, **wrong)
    assert result.rc != 0
    message = result.task("Check the rules between the variables").result["msg"]
    for name in wrong:
        assert name in message, name
    assert awx.things == {}


def test_what_is_missing_is_said(tmp_path: Path, awx: StandIn) -> None:
    result = setup(tmp_path, awx, token="wrong")
    assert "AWX cannot be reached" in result.task("Say what is missing").result["msg"]
    # As where awx.awx is not installed: the packages beside Python are not searched.
    elsewhere = tmp_path / "collections" / "ansible_collections" / "cloudops" / "ovh"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.symlink_to(ROOT)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "0"}
    result = play(tmp_path, None, playbook="cloudops.ovh.awx_setup", extra_vars=VARIABLES, env=env)
    assert "ansible-galaxy collection install awx.awx" in result.task("Say what is missing").result["msg"]


def test_the_survey_becomes_a_run(tmp_path: Path, sim: Simulator) -> None:
    """The answers, as AWX gives them, through the example's wrapper playbooks and its inventory."""
    project = shutil.copytree(EXAMPLE, tmp_path / "project")
    inventory = project / "ovh_cloud_projects.yml"
    folder = {"onboard_users_credentials_dir": str(tmp_path / "credentials")}

    def launch(name: str, answers: dict[str, Any]) -> PlayResult:
        return play(
            tmp_path, sim, playbook=project / f"{name}.yml", inventory=inventory, extra_vars=answers, project=None
        )

    people = {"ask_people": "ada\n\n  grace \n{{ 7 * 7 }}", "ask_roles": ["ai_training_read"], "ask_max_resets": 0}
    text = people.pop("ask_people")
    (tmp_path / "answers.yml").write_text(f"ask_people: !unsafe {json.dumps(text)}\n")
    result = play(
        tmp_path,
        sim,
        playbook=project / "onboard.yml",
        inventory=inventory,
        extra_vars={**people, **folder},
        args=["-e", f"@{tmp_path / 'answers.yml'}"],
        project=None,
    )
    assert result.rc == 0, result.text
    assert sorted(user["description"] for user in sim.project().live_users()) == ["ada", "grace", "{{ 7 * 7 }}"]
    found = launch("audit", {"ask_fail_on_drift": "true"})
    assert found.rc != 0
    assert "ada@example.com" in found.text
    assert launch("audit", {"ask_fail_on_drift": "false"}).rc == 0
    user = sim.project().user_by_description("ada")
    assert user is not None
    assert sim.project().role_names(user["id"]) == ["ai_training_read"]
    assert launch("offboard", {"ask_people": "ada", "ask_mode": "delete", "ask_max_deletions": 0}).rc != 0
    assert launch("offboard", {"ask_people": "ada", "ask_mode": "delete"}).rc == 0
    assert sim.project().user_by_description("ada") is None


# --- our rules, held against documents that are wrong ---

FIELD = {"id": "key", "type": "string", "label": "Key"}
QUESTION = {
    "type": "integer",
    "question_name": "How many",
    "variable": "ask",
    "required": False,
    "default": 1,
    "max": 9,
}
CHOICE = {**QUESTION, "type": "multiplechoice", "choices": ["one", "other"], "default": "one"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"fields": [FIELD], "required": ["keys"]},
        {"fields": [FIELD, FIELD]},
        {"fields": [{**FIELD, "id": "tower"}]},
        {"fields": [{**FIELD, "id": "a key"}]},
        {"fields": [{"id": "key"}]},
        {"fields": [{**FIELD, "type": "number"}]},
        {"fields": [{**FIELD, "default": 1}]},
        {"fields": [{**FIELD, "type": "boolean", "secret": True}]},
        {"fields": [{**FIELD, "id": "client_secret"}]},
        {"fields": [{**FIELD, "secret": True, "default": "x"}]},
        {"fields": [FIELD], "dependencies": {}},
    ],
)
def test_wrong_inputs_are_noticed(inputs: dict[str, Any]) -> None:
    assert awx_rules.inputs({"fields": [FIELD], "required": ["key"]}) == []
    assert len(awx_rules.inputs(inputs)) == 1


@pytest.mark.parametrize(
    "injectors",
    [
        {"env": {"A": "{{ key }}", "B": "{{ other }}"}},
        {"env": {"A": "{{ key", "B": "{{ key }}"}},
        {"env": {"ANSIBLE_CONFIG": "{{ key }}"}},
        {"env": {"PATH": "{{ key }}"}},
        {"env": {"A-B": "{{ key }}"}},
        {"env": {"A": "é{{ key }}"}},
        {"env": {"A": "{{ key }}"}, "environment": {}},
        {"env": {"A": "b"}},
    ],
)
def test_wrong_injectors_are_noticed(injectors: dict[str, Any]) -> None:
    assert awx_rules.injectors({"env": {"A": "{{ key }}"}}, {"fields": [FIELD]}) == []
    assert len(awx_rules.injectors(injectors, {"fields": [FIELD]})) == 1


@pytest.mark.parametrize(
    "question",
    [
        {**QUESTION, "default": 10},
        {**QUESTION, "default": 1.5},
        {**QUESTION, "default": "1"},
        {**QUESTION, "variable": "a name"},
        {**QUESTION, "variable": "awx_job_id"},
        {**QUESTION, "type": "number"},
        {**QUESTION, "min": 10},
        {**QUESTION, "max": "9"},
        {**QUESTION, "required": "no"},
        {**QUESTION, "required": True},
        {**QUESTION, "default": ""},
        {key: value for key, value in QUESTION.items() if key != "question_name"},
        {**CHOICE, "choices": []},
        {**CHOICE, "default": "on"},
        {**CHOICE, "default": "one\nother"},
    ],
)
def test_wrong_questions_are_noticed(question: dict[str, Any]) -> None:
    assert (
        awx_rules.survey({"name": "a", "description": "b", "spec": [QUESTION, {**CHOICE, "variable": "other"}]}) == []
    )
    assert awx_rules.survey({"name": "a", "description": "b", "spec": [question]}) != []


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T020000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
        "DTSTART:20260101T020000Z RRULE:FREQ=DAILY",
        "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000",
        "DTSTART:20260101T020000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO",
    ],
)
def test_wrong_rules_of_a_schedule_are_noticed(rule: str) -> None:
    assert awx_rules.rrule("DTSTART;TZID=Europe/Paris:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1") == []
    assert awx_rules.rrule(rule) != []


def test_other_wrong_documents_are_noticed() -> None:
    four = {"started": None, "success": None, "workflow_approval": None}
    assert awx_rules.messages({**four, "error": {"body": '{"job": {{ job.id }}}'}}, "webhook") == []
    assert awx_rules.messages({**four, "error": {"body": '{"job": {{ job.name }}}'}}, "webhook") != []
    assert awx_rules.messages({**four, "error": {"message": "{{ job.nothing }}"}}, "slack") != []
    assert awx_rules.messages({"error": {"message": "failed"}}, "slack") != []
    assert awx_rules.job_template({"playbook": "a.yml", "job_slice_count": 1}) == []
    assert awx_rules.job_template({"playbook": "a.yml", "job_slice_count": 0}) != []
    required = {"fields": [FIELD], "required": ["key"]}
    assert awx_rules.credential({"key": "x"}, required) == []
    assert awx_rules.credential({}, required) != []
    assert awx_rules.credential({"key": "x", "other": "y"}, required) != []


def test_the_example_is_a_project() -> None:
    """AWX lists a file as a playbook by such a line, and installs what collections/requirements.yml names."""
    for name in ("onboard", "offboard", "audit"):
        *_before, last = yaml.safe_load((EXAMPLE / f"{name}.yml").read_text())
        assert last["ansible.builtin.import_playbook"] == f"cloudops.ovh.{name}"
    requirements = yaml.safe_load((EXAMPLE / "collections" / "requirements.yml").read_text())
    assert [one["name"] for one in requirements["collections"]] == ["cloudops.ovh"]
    assert (
        yaml.safe_load((EXAMPLE / "ovh_cloud_projects.yml").read_text())["plugin"] == "cloudops.ovh.ovh_cloud_projects"
    )
