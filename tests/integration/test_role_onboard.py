# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``onboard_users`` and the playbook ``cloudops.ovh.onboard``, as people run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulator import Simulator
from tests.support.modules import PROJECT
from tests.support.plays import PlayResult, play
from tests.support.rig import ROLES, VAULT_PASSWORD, Rig

OTHER_PROJECT = "fedcba9876543210fedcba9876543210"
PEOPLE = ["ada@example.com", "grace@example.com", {"description": "observer", "roles": ["AI Training Reader"]}]
EVERYBODY = {"ada@example.com": ROLES, "grace@example.com": ROLES, "observer": ["ai_training_read"]}
#: Tasks of a user that write to a file what they were given; for Grace they fail while the file `closed` is there.
DELIVER = """
- name: Hand over to {{ onboard_users_credential.description }}
  ansible.builtin.shell:
    cmd: "[ ! -e {{ outbox }}/closed ] && cat >> {{ outbox }}/mail"
    stdin: "{{ onboard_users_credential | to_json }}"
  when: onboard_users_credential.description is search('grace')
- name: Hand over to the others
  ansible.builtin.shell:
    cmd: cat >> {{ outbox }}/mail
    stdin: "{{ onboard_users_credential | to_json }}"
  when: onboard_users_credential.description is not search('grace')
"""


def onboard(tmp_path: Path, sim: Simulator, people: list[Any], *, again: bool = False, **options: Any) -> PlayResult:
    """Run the playbook; ``options`` without ``onboard_users_`` are those of the role, the others those of `play`."""
    ours = ("check", "diff", "inventory", "args", "project", "env", "verbosity", "variables")
    more = {name: options.pop(name) for name in ours if name in options}
    variables = {"onboard_users_users": people, **more.pop("variables", {})}
    variables.update({f"onboard_users_{name}": value for name, value in options.items()})
    if again:
        sim.clear_calls()
    return play(tmp_path, sim, playbook="cloudops.ovh.onboard", extra_vars=variables, **more)


def accounts(sim: Simulator, project: str = PROJECT) -> dict[str, list[str]]:
    """Return who has an account, with which roles."""
    found = sim.project(project)
    return {user["description"]: found.role_names(user["id"]) for user in found.live_users()}


def diffs(result: PlayResult) -> list[Any]:
    """Return what the one call for the list showed as changed."""
    return [one.result["diff"] for one in result.tasks("cloudops.ovh.ovh_cloud_users") if one.status == "changed"]


def logs_in(sim: Simulator, record: dict[str, Any]) -> bool:
    return bool(sim.project(record["service_name"]).check_password(record["user_id"], record["password"]))


def unchanged(result: PlayResult, sim: Simulator) -> None:
    """Assert that a run had nothing to do, said so, and cost three calls: the time, the users, the roles."""
    assert result.rc == 0, result.text
    assert {host["changed"] for host in result.stats.values()} == {0}
    assert "--- before" not in result.text
    assert [f"{one.method} {one.path}" for one in sim.writes()] == []
    assert len(sim.calls) == 3 * len(result.stats)


def test_the_main_job_twice_in_each_mode(tmp_path: Path, sim: Simulator) -> None:
    folder = tmp_path / "not" / "yet" / "there"
    # One was made by OVHcloud's dashboard: an AI role, and nothing to reach the data with.
    by_hand = sim.project().add_user("grace@example.com", ROLES[:1], password="her own")
    options = {"credentials_dir": str(folder), "diff": True}

    check = onboard(tmp_path, sim, PEOPLE, check=True, **options)
    assert check.rc == 0, check.text
    assert check.stats["localhost"]["changed"] == 1
    assert [one.path for one in sim.writes()] == []
    assert not (tmp_path / "not").exists()
    assert "Check mode: nothing was changed." in check.text

    sim.clear_calls()
    real = onboard(tmp_path, sim, PEOPLE, **options)
    assert real.rc == 0, real.text
    assert accounts(sim) == EVERYBODY
    assert diffs(real) == diffs(check) != []
    # Two creations and one role; the rights are asked for once, the list until all are ready.
    assert sorted(one.method + one.path.rpartition("user")[2] for one in sim.writes()) == [
        "POST",
        "POST",
        "POST/%d/role" % by_hand["id"],
    ]
    assert real.text.count("credential in") == 2
    assert "grace@example.com: ai_training_operator, objectstore_operator; no credential" in real.text

    rig = Rig(sim, folder)
    for name in ("ada@example.com", "observer"):
        record = rig.record(name)
        assert record is not None
        assert logs_in(sim, record)
        assert record["password"] not in real.text
    assert rig.record("grace@example.com") is None
    assert sim.project().password_of(by_hand["id"]) == "her own"
    rig.at_rest()

    before = rig.snapshot()
    unchanged(onboard(tmp_path, sim, PEOPLE, again=True, **options), sim)
    unchanged(onboard(tmp_path, sim, PEOPLE, again=True, check=True, **options), sim)
    assert rig.snapshot() == before


def test_each_host_of_an_inventory_is_a_project(tmp_path: Path, sim: Simulator) -> None:
    sim.add_project(OTHER_PROJECT)
    hosts = {
        "research": {"ovh_service_name": PROJECT},
        "production": {"ovh_service_name": OTHER_PROJECT},
        "closed": {"ovh_service_name": "0" * 32},
    }
    inventory = {"all": {"hosts": hosts}}
    options = {"credentials_dir": str(tmp_path / "creds"), "inventory": inventory, "variables": {"target": "all"}}
    result = onboard(tmp_path, sim, PEOPLE, **options)
    # The project that is not there fails, the others are done, and one summary says all of it.
    assert result.rc != 0
    assert accounts(sim) == accounts(sim, OTHER_PROJECT) == EVERYBODY
    assert "closed: FAILED: GET /cloud/project/" in result.text
    assert "check service_name" in result.text
    assert "3 project(s): 6 created, 0 updated, 0 unchanged, 0 deleted, 0 failed" in result.text
    assert {name: stats["failures"] for name, stats in result.stats.items()} == {
        "research": 0,
        "production": 0,
        "closed": 1,
    }
    for project in (PROJECT, OTHER_PROJECT):
        files = sorted((tmp_path / "creds" / project).glob("*.yml"))
        assert [logs_in(sim, yaml.safe_load(file.read_text())) for file in files] == [True] * 3
    options["args"] = ["--limit", "research,production"]
    unchanged(onboard(tmp_path, sim, PEOPLE, again=True, **options), sim)


@pytest.mark.parametrize("vaulted", [False, True], ids=["plain", "vaulted"])
def test_a_delivery_is_tried_until_it_succeeds_once(tmp_path: Path, sim: Simulator, vaulted: bool) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "closed").touch()
    (tmp_path / "deliver.yml").write_text(DELIVER)
    options: dict[str, Any] = {
        "credentials_dir": str(tmp_path / "creds"),
        "deliver_tasks": str(tmp_path / "deliver.yml"),
        "verify": True,
        "variables": {"outbox": str(tmp_path / "outbox")},
    }
    if vaulted:
        options["vault_password"] = VAULT_PASSWORD
    people = ["ada@example.com", "grace@example.com"]
    rig = Rig(sim, tmp_path / "creds", vaulted)

    def mail() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / "outbox" / "mail").read_text().splitlines()]

    first = onboard(tmp_path, sim, people, **options)
    assert first.rc != 0
    assert (
        '1 of 2 credentials could not be delivered: grace@example.com. The task that failed is "Hand over'
        # Until ansible-core 2.18 results are printed as JSON.
        in first.text.replace('\\"', '"')
    )
    assert "grace@example.com: ai_training_operator, objectstore_operator; credential not delivered" in first.text
    assert [one["description"] for one in mail()] == ["ada@example.com"]

    (tmp_path / "outbox" / "closed").unlink()
    second = onboard(tmp_path, sim, people, **options)
    assert second.rc == 0, second.text
    assert [one["description"] for one in mail()] == people
    # Delivering changes something, though nothing was written to the API: a log-in is none.
    assert second.stats["localhost"]["changed"] > 0
    for one in mail():
        assert logs_in(sim, one)
        assert one["password"] not in first.text + second.text
        record = rig.record(one["description"])
        assert record is not None
        assert record["delivered_at"]
    third = onboard(tmp_path, sim, people, again=True, **options)
    unchanged(third, sim)
    assert third.text.count("credential delivered 2") == 2
    assert len(mail()) == 2


def test_delivery_without_a_folder_is_now_or_never(tmp_path: Path, sim: Simulator) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "deliver.yml").write_text(DELIVER)
    options = {"deliver_tasks": str(tmp_path / "deliver.yml"), "variables": {"outbox": str(tmp_path / "outbox")}}
    # A later play of the same run sees the result, and no secret in any variable.
    result = onboard(tmp_path, sim, ["ada", "bob"], verbosity=3, diff=True, **options)
    assert result.rc == 0, result.text
    sent = [json.loads(line) for line in (tmp_path / "outbox" / "mail").read_text().splitlines()]
    assert sorted(one["description"] for one in sent) == ["ada", "bob"]
    assert all(logs_in(sim, one) for one in sent)
    assert not [one for one in sent if one["password"] in result.text]
    assert accounts(sim) == {"ada": ROLES, "bob": ROLES}
    unchanged(onboard(tmp_path, sim, ["ada", "bob"], again=True, **options), sim)


def test_a_delivery_that_cannot_even_begin_is_one_that_failed(tmp_path: Path, sim: Simulator) -> None:
    """What it includes is not there: the others go on, and it is said who got nothing."""
    nested = [{"name": "Go on", "ansible.builtin.include_tasks": "{{ onboard_users_credential.description }}.yml"}]
    (tmp_path / "deliver.yml").write_text(yaml.safe_dump(nested))
    (tmp_path / "bob.yml").write_text(yaml.safe_dump([{"ansible.builtin.debug": {"msg": "handed over"}}]))
    options = {"deliver_tasks": str(tmp_path / "deliver.yml")}
    result = onboard(tmp_path, sim, ["ada", "bob"], **options)
    # Ansible counts the host as failed, and ends with the plays there, whatever a rescue says.
    assert result.stats["localhost"]["failures"] == 1
    assert "1 of 2 credentials could not be delivered: ada. The task that failed is" in result.text
    assert f"included: {tmp_path}/bob.yml" in result.text


def deliver_with(tmp_path: Path, *tasks: dict[str, Any]) -> dict[str, Any]:
    """Write the tasks that deliver, and return the options with a folder and them."""
    (tmp_path / "deliver.yml").write_text(yaml.safe_dump(list(tasks)))
    return {"credentials_dir": str(tmp_path / "creds"), "deliver_tasks": str(tmp_path / "deliver.yml")}


def test_what_another_run_has_delivered_meanwhile_is_not_delivered_again(tmp_path: Path, sim: Simulator) -> None:
    other = tmp_path / "creds" / PROJECT / "bob.yml"
    meanwhile = {
        "name": "Another run delivers",
        "cloudops.ovh.ovh_cloud_user_credential": {"credential_file": str(other), "state": "delivered"},
        "when": "onboard_users_credential.description == 'ada'",
    }
    hand_over = {"name": "Hand over", "ansible.builtin.shell": {"cmd": f"echo x >> {tmp_path}/sent"}}
    options = deliver_with(tmp_path, hand_over, meanwhile)
    result = onboard(tmp_path, sim, ["ada", "bob"], **options)
    assert result.rc == 0, result.text
    assert (tmp_path / "sent").read_text() == "x\n"
    assert result.text.count("credential delivered 2") == 2


def test_what_was_handed_over_and_could_not_be_noted_is_said_to_be_so(tmp_path: Path, sim: Simulator) -> None:
    path = str(tmp_path / "creds" / PROJECT / "ada.yml")
    gone = {"name": "Lose the file", "ansible.builtin.file": {"path": path, "state": "absent"}}
    result = onboard(tmp_path, sim, ["ada"], **deliver_with(tmp_path, gone))
    assert result.rc != 0
    said = " ".join(result.text.split())
    assert "could not be delivered: ada. It was handed over, and that could not be written down: " in said
    assert "/ada.yml is not there. The next run tries again." in said


def test_a_task_without_a_name_that_fails_is_named_by_its_module(tmp_path: Path, sim: Simulator) -> None:
    result = onboard(tmp_path, sim, ["ada"], **deliver_with(tmp_path, {"ansible.builtin.fail": {"msg": "No."}}))
    assert result.rc != 0
    assert 'The task that failed is "ansible.builtin.fail"' in result.text.replace("\\", "")


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("text", ["", "---\n", "# later\n---\n\n[]\n", "--- \n# - name: Hand over\n...\n"])
def test_tasks_that_are_none_deliver_nothing(tmp_path: Path, sim: Simulator, text: str, folder: bool) -> None:
    (tmp_path / "deliver.yml").write_text(text)
    options = {"deliver_tasks": str(tmp_path / "deliver.yml")}
    options.update({"credentials_dir": str(tmp_path / "creds")} if folder else {})
    result = onboard(tmp_path, sim, ["ada"], **options)
    assert result.rc != 0
    assert "deliver.yml has no task in it." in " ".join(result.text.split())
    assert sim.calls == []


@pytest.mark.parametrize("folder", [True, False])
def test_tasks_that_cannot_be_loaded_are_known_before_the_first_write(
    tmp_path: Path, sim: Simulator, folder: bool
) -> None:
    (tmp_path / "deliver.yml").write_text("- no.such.module: {}\n")
    options = {"deliver_tasks": str(tmp_path / "deliver.yml")}
    options.update({"credentials_dir": str(tmp_path / "creds")} if folder else {})
    assert onboard(tmp_path, sim, ["ada"], **options).rc != 0
    assert sim.calls == []


@pytest.mark.parametrize("status", [503, 401])
def test_without_a_folder_only_what_does_not_work_is_kept_back(tmp_path: Path, sim: Simulator, status: int) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "deliver.yml").write_text(DELIVER)
    sim.fault("status", "POST", "/token$", status=status, times=None)
    options = {"deliver_tasks": str(tmp_path / "deliver.yml"), "variables": {"outbox": str(tmp_path / "outbox")}}
    env = {"OVH_RETRIES": "0"}
    result = onboard(tmp_path, sim, ["ada"], verify=True, env=env, **options)
    assert result.rc != 0
    mail = tmp_path / "outbox" / "mail"
    # The API did not try it: it is now or never.
    assert mail.exists() is (status == 503)
    if status == 503:
        assert logs_in(sim, json.loads(mail.read_text()))
        assert "could not be tried" in result.text


def test_a_password_that_was_changed_elsewhere_is_not_delivered_and_says_what_helps(
    tmp_path: Path, sim: Simulator
) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "deliver.yml").write_text(DELIVER)
    options: dict[str, Any] = {"credentials_dir": str(tmp_path / "creds"), "env": {"OVH_RETRIES": "0"}}
    onboard(tmp_path, sim, ["ada", {"name": "eve"}], **options)
    sim.fault("status", "POST", "/token$", status=401, times=None)
    options.update(deliver_tasks=str(tmp_path / "deliver.yml"), variables={"outbox": str(tmp_path / "outbox")})
    result = onboard(tmp_path, sim, ["ada", {"name": "eve", "state": "absent"}], verify=True, **options)
    assert result.rc != 0
    said = " ".join(result.text.split())
    assert "1 of 1 credentials could not be delivered: ada. The password in" in said
    assert "update_password=always for this user gives a new one. The next run tries again." in said
    assert "deleted eve: no account any more; AI tokens are taken away by cloudops.ovh.offboard" in said
    assert not (tmp_path / "outbox" / "mail").exists()


def test_options_that_do_not_go_together_are_refused_before_any_call(tmp_path: Path, sim: Simulator) -> None:
    folder = str(tmp_path / "creds")
    refused = [
        ({}, "Set onboard_users_credentials_dir"),
        ({"credentials_dir": "creds"}, "is a relative path"),
        ({"deliver_tasks": "nothing.yml"}, "that of cloudops.ovh.onboard is inside the installed collection"),
        ({"deliver_tasks": __file__, "vault_password": VAULT_PASSWORD}, "needs onboard_users_credentials_dir"),
        ({"deliver_tasks": __file__, "rotate_after_days": 3}, "needs onboard_users_credentials_dir"),
        ({"deliver_tasks": __file__, "update_password": "on_missing"}, "needs onboard_users_credentials_dir"),
        ({"deliver_tasks": __file__, "s3_credentials": True}, "needs onboard_users_credentials_dir"),
        ({"credentials_dir": folder, "update_password": "sometimes"}, "value of onboard_users_update_password must be"),
        ({"credentials_dir": folder, "vault_password": "short"}, "must have 8 characters or more"),
        ({"credentials_dir": folder, "users": ["ada", "ada"]}, "are the same user"),
        ({"credentials_dir": folder, "users": [{"name": "ada", "role": "x"}]}, "unknown key role"),
    ]
    tasks = []
    for number, (options, _said) in enumerate(refused):
        given = {f"onboard_users_{name}": value for name, value in {"users": ["ada"], **options}.items()}
        run = {"name": "Run", "ansible.builtin.include_role": {"name": "cloudops.ovh.onboard_users"}, "vars": given}
        never = {"ansible.builtin.fail": {"msg": "not refused"}}
        say = {"name": f"Said {number}", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
        tasks.append({"block": [run, never], "rescue": [say]})
    result = play(tmp_path, sim, tasks=tasks)
    assert result.rc == 0, result.text
    for number, (options, said) in enumerate(refused):
        message = result.task(f"Said {number}").result["msg"]
        assert said in message, f"{options}: {message}"
    assert sim.calls == []
    assert not (tmp_path / "creds").exists()


def test_the_result_is_for_the_rest_of_the_play_and_holds_no_secret(tmp_path: Path, sim: Simulator) -> None:
    """The connection from ``module_defaults``, the role inside a play of one's own, one person who fails."""
    twins = [sim.project().add_user("twin")["id"] for _number in range(2)]
    connection = {"endpoint": sim.url, **{key: sim.credentials[key] for key in ("client_id", "client_secret")}}
    connection["service_name"] = PROJECT
    variables = {
        "onboard_users_users": ["ada", "twin"],
        "onboard_users_credentials_dir": str(tmp_path / "creds"),
    }
    role = {
        "name": "Onboard",
        "ansible.builtin.include_role": {"name": "cloudops.ovh.onboard_users"},
        "vars": variables,
    }
    show = {"name": "Show", "ansible.builtin.debug": {"var": "onboard_users_result"}}
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache")}
    result = play(
        tmp_path,
        sim,
        tasks=[{"block": [role], "rescue": [show]}],
        keywords={"module_defaults": {"group/cloudops.ovh.ovh": connection}},
        project=None,
        env={f"OVH_{name}": None for name in ("ENDPOINT", "APPLICATION_KEY", "APPLICATION_SECRET", "CONSUMER_KEY")}
        | cache,
    )
    assert result.rc == 0, result.text
    shown = result.task("Show").result["onboard_users_result"]
    assert (shown["failed"], shown["summary"]["created"], shown["summary"]["failed"]) == (True, 1, 1)
    assert all(str(one) in shown["msg"] for one in twins)
    assert shown["credentials"] == []
    record = Rig(sim, tmp_path / "creds").record("ada")
    assert record is not None
    assert logs_in(sim, record)
    cached = "".join(path.read_text() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    for secret in (record["password"], connection["client_secret"]):
        assert secret not in result.text + cached + json.dumps([one.result for one in result.results])


def test_what_the_module_refuses_is_said_with_the_names_of_the_options_of_the_role(
    tmp_path: Path, sim: Simulator
) -> None:
    folder = tmp_path / "creds"
    for name in ("ada", *(f"gone {number}" for number in range(11))):
        sim.project().add_user(name, ROLES)
    gone = [{"description": f"gone {number}", "state": "absent"} for number in range(11)]
    bad: dict[str, tuple[dict[str, Any], str]] = {
        "many": ({"concurrency": 1000}, "concurrency is onboard_users_concurrency."),
        "short": ({"vault_password": "x"}, "credentials_vault_password is onboard_users_vault_password."),
        "resets": ({"update_password": "on_missing", "max_resets": 0}, "max_resets is onboard_users_max_resets."),
        "days": ({"rotate_after_days": -1}, "rotate_after_days is onboard_users_rotate_after_days."),
        "leavers": (
            {"users": gone},
            "max_deletions is always 10 (the role offboard_users has offboard_users_max_deletions).",
        ),
    }
    hosts = {
        host: {f"onboard_users_{name}": value for name, value in {"users": ["ada"], **options}.items()}
        for host, (options, _sentence) in bad.items()
    }
    variables = {"target": "all", "onboard_users_credentials_dir": str(folder)}
    result = play(
        tmp_path, sim, playbook="cloudops.ovh.onboard", extra_vars=variables, inventory={"all": {"hosts": hosts}}
    )
    assert result.rc != 0
    said = {one.host: one.result["msg"] for one in result.tasks("Say what failed")}
    assert [host for host, (_options, sentence) in bad.items() if f"In this role {sentence}" not in said[host]] == []
    assert sim.writes() == []
