# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in everything that a play leaves behind: loud output, logs, caches, files, arguments of processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.leaks import KEYS, Processes, Secrets
from tests.support.playbook_client import servers
from tests.support.plays import environment, play
from tests.support.rig import VAULT_PASSWORD, Rig
from tests.support.running import children, is_running

AI = "ai_training_operator"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(credentials=KEYS) as simulator:
        yield simulator


@pytest.fixture
def secrets(sim: Simulator) -> Secrets:
    return Secrets(sim)


def kept(tmp_path: Path) -> dict[str, str]:
    """An environment that makes Ansible keep all that it can."""
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache")}
    return {**cache, "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log")}


def task(name: str, module: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, f"cloudops.ovh.{module}": options, "ignore_errors": True, **more}


def tasks(sim: Simulator, folder: Path) -> list[dict[str, Any]]:
    """Every module that handles secrets, in loops, with success and with each kind of failure."""
    keys = {"application_key": sim.credentials["application_key"], "endpoint": sim.url}
    keys.update({key: "{{ %s }}" % key for key in ("application_secret", "consumer_key")})
    account = {"endpoint": sim.url, "client_id": sim.credentials["client_id"], "client_secret": "{{ client_secret }}"}
    stored = {"credentials_dir": str(folder), "credentials_vault_password": "{{ vault }}", "roles": [AI]}
    return [
        task(
            "List", "ovh_cloud_users", {**keys, **stored, "users": ["ada"], "s3_credentials": "present"}, register="r"
        ),
        task("Account", "ovh_cloud_users", {**account, **stored, "users": ["ada", "bob"]}),
        task(
            "Loop", "ovh_cloud_user", {**keys, "description": "{{ item }}"}, loop=["c", "d"], no_log=True, register="p"
        ),
        task("Refused in a loop", "ovh_cloud_user", {**keys, "description": "{{ item }}"}, loop=["e", "f"]),
        task(
            "Read",
            "ovh_cloud_user_credential",
            {"credential_file": "{{ r.users[0].credential_file }}", "state": "read"}
            | {"credentials_vault_password": "{{ vault }}"},
            no_log=True,
        ),
        task(
            "Log in",
            "ovh_cloud_user_credential",
            {**keys, "credential_file": "{{ r.users[0].credential_file }}"}
            | {"credentials_vault_password": "{{ vault }}", "state": "verified"},
        ),
        task("Key", "ovh_cloud_user_s3_credential", {**keys, "description": "c"}, no_log=True, register="k"),
        task("Token", "ovh_ai_token", {**keys, "name": "t", "role": AI, "region": "GRA"}, no_log=True, register="t"),
        task(
            "Lost",
            "ovh_cloud_user",
            {**keys, "description": "ada", "update_password": "always", "retries": 0, "return_password": False},
        ),
        task("Forbidden", "ovh_cloud_users", {**account, **stored, "users": ["forbidden"]}),
        task("Guard", "ovh_cloud_users", {**keys, "users": ["ada"], "state": "absent", "max_deletions": 0}),
        task(
            "Wrong vault",
            "ovh_cloud_users",
            {
                **keys,
                **stored,
                "users": ["ada"],
                "update_password": "always",
                "credentials_vault_password": "{{ vault }}x",
            },
        ),
        {"name": "Safe to show", "ansible.builtin.debug": {"msg": "{{ p.results | map(attribute='user') | list }}"}},
    ]


def test_a_loud_play_with_every_kind_of_failure_shows_no_secret(
    tmp_path: Path, sim: Simulator, secrets: Secrets
) -> None:
    """Output at -vvvv --diff, the results that callbacks get, the log, the cache of facts, temporary
    files, and the arguments of all processes while it ran."""
    sim.fault("status", "POST", "/regeneratePassword$", "after", status=500, message=f"no: {KEYS['consumer_key']}")
    variables = {**KEYS, "vault": VAULT_PASSWORD}
    folder = tmp_path / "creds"
    lacks = {"unauthorizedActionsByIAM": "publicCloudProject:apiovh:user/create"}
    denied = sim.fault("status", "POST", "/user$", skip=4, times=None, status=403, message="no", details=lacks)
    processes = Processes()
    with processes.watched():
        result = play(
            tmp_path,
            sim,
            tasks=tasks(sim, folder),
            extra_vars=variables,
            env={**kept(tmp_path), **{f"OVH_{key.upper()}": None for key in KEYS}},
            verbosity=4,
            diff=True,
            # Modules one after the other from a warm process; the runs below have them started by Python itself.
            keywords={"vars": {"ansible_python_interpreter": servers().python}},
        )
    assert result.rc == 0, result.text[-3000:]
    assert denied.hits == 1
    status = {one.task: one.status for one in result.results}
    assert {name for name, how in status.items() if how == "ignored"} == {
        "Refused in a loop", "Lost", "Forbidden", "Guard", "Wrong vault"
    }, status  # fmt: skip
    said = {one.task: str(one.result.get("msg")) for one in result.results}
    assert "no: ********" in said["Lost"]
    assert "IAM policy lacks publicCloudProject:apiovh:user/create" in json.dumps(result.task("Forbidden").result)
    assert len(secrets.known) > 12
    secrets.check("the output", result.text)
    secrets.check("the results", json.dumps([one.result for one in result.results]))
    secrets.check("the arguments of processes", "\n".join(processes.seen))
    # The vaulted folder is searched as well: no plain text on disk. What the test itself wrote is not.
    assert secrets.check_files(tmp_path, tmp_path / "extra_vars.json") > 3
    assert (tmp_path / "ansible.log").stat().st_size > 1000
    assert Rig(sim, folder, vaulted=True).names(".yml")
    leftovers = [path for path in (tmp_path / "home").rglob("AnsiballZ*") if path.is_file()]
    assert leftovers == []


def start(tmp_path: Path, sim: Simulator, users: list[str], **more: Any) -> subprocess.Popen[str]:
    """Begin the main job, as people and AWX do, in a process group of its own, as loud as it can be."""
    variables = {"onboard_users_users": users, "onboard_users_credentials_dir": str(tmp_path / "creds"), **more}
    path = tmp_path / "extra_vars.json"
    path.write_text(json.dumps(variables))
    return subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", "cloudops.ovh.onboard", "-vvvv", "-e", f"@{path}"],
        cwd=tmp_path,
        env={**environment(tmp_path, sim), **kept(tmp_path), "ANSIBLE_DEBUG": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Nobody reads before the end: as loud as this it would wait for a reader.
        pipesize=1 << 20,
        start_new_session=True,
    )


PEOPLE = [f"person-{number}" for number in range(8)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_run_that_is_told_to_stop_begins_nothing_new_and_the_next_one_repairs(
    tmp_path: Path, sim: Simulator, secrets: Secrets, number: signal.Signals
) -> None:
    """Ctrl-C goes to the whole group of processes, AWX's cancel to ``ansible-playbook``, which hands it on."""
    # Two creations are done, two are under way.
    gate = sim.gate("POST", "/user$", skip=2, times=2)
    process = start(tmp_path, sim, PEOPLE, onboard_users_concurrency=2)
    assert gate.wait_reached(60, count=2)
    workers = children(process.pid)
    assert workers
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, _none = process.communicate(timeout=60)
    assert process.returncode != 0
    deadline = time.monotonic() + 20
    # A worker hands the signal to its module, then it ends: on a busy machine later than ansible-playbook.
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline, "a worker outlives ansible-playbook"
        time.sleep(0.01)
    # The module looks for signals each 50 ms.
    time.sleep(0.5)
    gate.release()
    rig = Rig(sim, tmp_path / "creds")
    # The module may outlive ansible-playbook: the disk says what happened.
    while len(rig.names(".yml")) < 4 or rig.names(".intent"):
        assert time.monotonic() < deadline, (rig.names(), output[-2000:])
        time.sleep(0.05)
    assert len([one for one in sim.writes() if one.effect]) == 4, "no new change was begun"
    done = [user["description"] for user in sim.project().users()]
    assert len(done) == 4
    rig.whole(done)
    secrets.check("the output", output)
    if number == signal.SIGINT:
        again = rig.run(PEOPLE)
        assert (again["summary"]["created"], again["summary"]["unchanged"]) == (4, 4)
    else:
        output, _none = start(tmp_path, sim, PEOPLE).communicate(timeout=60)
        assert "1 project(s): 4 created, 0 updated, 4 unchanged" in output
        assert "_low_level_execute_command() done" in output, "this is where a debugging Ansible shows all of a result"
        secrets.check("the output", output)
    rig.whole(PEOPLE)
    assert secrets.check_files(tmp_path, rig.place) > 2


def test_a_killed_play_leaves_no_secret_behind(tmp_path: Path, sim: Simulator, secrets: Secrets) -> None:
    """SIGKILL to everything at once, in the middle of a creation, with a vault password among the arguments."""
    gate = sim.gate("POST", "/user$", "after")
    processes = Processes()
    with processes.watched():
        process = start(tmp_path, sim, PEOPLE[:2], onboard_users_vault_password=VAULT_PASSWORD)
        assert gate.wait_reached(60)
        processes.look()
        os.killpg(process.pid, signal.SIGKILL)
    output, _none = process.communicate(timeout=60)
    gate.release(drop=True)
    assert any("cloudops.ovh.onboard" in one for one in processes.seen)
    secrets.check("the output", output)
    secrets.check("the arguments of processes", "\n".join(processes.seen))
    (tmp_path / "extra_vars.json").unlink()
    assert secrets.check_files(tmp_path) >= 2
    rig = Rig(sim, tmp_path / "creds", vaulted=True)
    assert rig.names(".intent")
    again = rig.run(PEOPLE[:2])
    assert not again.get("failed"), again.get("msg")
    rig.whole(PEOPLE[:2])
