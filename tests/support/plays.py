# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-playbook`` as users do, against a simulator, and returns every task result as data.

result = play(tmp_path, sim, tasks=[{"name": "Ada", "cloudops.ovh.ovh_cloud_user": {…}, "no_log": True}])
assert result.rc == 0, result.text
assert result.task("Ada").status == "changed"

result = play(tmp_path, sim, playbook="cloudops.ovh.onboard", extra_vars={…}, check=True)
assert result.stats["localhost"]["changed"] == 0
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.simulator import Simulator
from tests.support.playbook_client import ansible_playbook

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "0123456789abcdef0123456789abcdef"
_KEYS = ("application_key", "application_secret", "consumer_key")


class TaskResult(NamedTuple):
    """One task on one host. ``status``: ``ok``, ``changed``, ``failed``, ``ignored`` (failed, and the play went on),
    ``skipped`` or ``unreachable``; ``action`` is the full name of the module. ``result`` is what callbacks get: of a
    task with ``no_log`` nothing but ``censored``, of a loop ``results`` with one entry for each item."""

    host: str
    task: str
    action: str
    status: str
    result: dict[str, Any]


class PlayResult(NamedTuple):
    """How a run ended. ``stats`` is the recap, by host: ``ok``, ``changed``, ``failures``, ``skipped``, …"""

    rc: int
    stdout: str
    stderr: str
    results: list[TaskResult]
    stats: dict[str, dict[str, int]]

    @property
    def text(self) -> str:
        """All that a person saw."""
        return self.stdout + self.stderr

    def tasks(self, name: str) -> list[TaskResult]:
        """Return the results of the task of that name, or of the module of that full name, one for each host."""
        return [one for one in self.results if name in (one.task, one.action)]

    def task(self, name: str) -> TaskResult:
        """Return the one result of a task; fails the test if there are none or several."""
        found = self.tasks(name)
        assert len(found) == 1, f"{len(found)} results of {name!r}\n{self.text}"
        return found[0]


def environment(tmp_path: Path, sim: Simulator | None, project: str | None = PROJECT) -> dict[str, str]:
    """Return the environment of a user who has set the connection to ``sim`` and the project there, with a HOME of
    its own at ``tmp_path / "home"``; for other commands than ansible-playbook as well."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
    variables = {
        **inherited,
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "ANSIBLE_LOCAL_TEMP": str(home / ".ansible" / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(home / ".ansible" / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results",
        "CLOUDOPS_TEST_RESULTS": str(tmp_path / "results.jsonl"),
    }
    if sim is not None:
        variables.update({f"OVH_{key.upper()}": sim.credentials[key] for key in _KEYS}, OVH_ENDPOINT=sim.url)
    if project is not None:
        variables["OVH_CLOUD_PROJECT_SERVICE"] = project
    return variables


def play(
    tmp_path: Path,
    sim: Simulator | None,
    *,
    tasks: Sequence[Mapping[str, Any]] | str | None = None,
    playbook: str | Path | None = None,
    keywords: Mapping[str, Any] | None = None,
    extra_vars: Mapping[str, Any] | None = None,
    check: bool = False,
    diff: bool = False,
    verbosity: int = 0,
    inventory: str | Path | Mapping[str, Any] | None = None,
    env: Mapping[str, str | None] | None = None,
    project: str | None = PROJECT,
    args: Sequence[str] = (),
    timeout: float = 300,
    real_python: bool = False,
) -> PlayResult:
    """Run a list of tasks, or a playbook, with ``ansible-playbook``, and return how it ended; never raises for that.

    :param tmp_path: a folder of the test's own: HOME is ``tmp_path / "home"``, the working folder is ``tmp_path``.
    :param sim: the simulator that ``OVH_*`` in the environment lead to; None: no connection is set.
    :param tasks: a list of tasks, or their YAML text; they run on localhost (or all hosts of ``inventory``) with
        ``connection: local``, this Python and no facts.
    :param playbook: instead of ``tasks``, a name such as ``cloudops.ovh.onboard`` or a path.
    :param keywords: more keywords for the play of ``tasks``, such as ``{"module_defaults": {…}, "vars": {…}}``.
    :param extra_vars: given as ``-e @file``, so that types are kept.
    :param inventory: a path, ``"a,b,"``, or the content of an inventory; None: the implicit localhost.
    :param env: environment variables on top; None as a value takes one away.
    :param project: the value of ``OVH_CLOUD_PROJECT_SERVICE``; None: not set.
    :param args: more arguments, such as ``["--limit", "a"]``.
    :param real_python: modules are started by Python itself and not by :mod:`tests.support.module_server`: for tests
        that look at processes, signals, imports, or what a run leaves on the disk.
    """
    if tasks is not None:
        playbook = _written_playbook(tmp_path, tasks, "all" if inventory is not None else "localhost", keywords or {})
    command = [str(playbook)]
    command += ["--check"] * check + ["--diff"] * diff + ["-" + "v" * verbosity] * bool(verbosity)
    if extra_vars is not None:
        command += ["-e", f"@{_written(tmp_path / 'extra_vars.json', extra_vars)}"]
    if isinstance(inventory, Mapping):
        inventory = _written(tmp_path / "inventory.json", inventory)
    if inventory is not None:
        command += ["-i", str(inventory)]
    variables = environment(tmp_path, sim, project)
    for name, value in (env or {}).items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    record = Path(variables["CLOUDOPS_TEST_RESULTS"])
    record.unlink(missing_ok=True)
    done = ansible_playbook([*command, *args], tmp_path, variables, timeout, real_python=real_python)
    results, stats = _recorded(record)
    return PlayResult(done.returncode, done.stdout, done.stderr, results, stats)


def _written(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return path


def _written_playbook(
    tmp_path: Path, tasks: Sequence[Mapping[str, Any]] | str, hosts: str, keywords: Mapping[str, Any]
) -> Path:
    variables = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    name = "tasks.json" if not isinstance(tasks, str) else "tasks.yml"
    if isinstance(tasks, str):
        (tmp_path / name).write_text(tasks, encoding="utf-8")
    else:
        _written(tmp_path / name, tasks)
    # A file of its own keeps the text of tasks as it is, tags such as !unsafe included.
    first = {"hosts": hosts, "gather_facts": False, **keywords, "vars": {**variables, **keywords.get("vars", {})}}
    return _written(tmp_path / "playbook.json", [{**first, "tasks": [{"import_tasks": name}]}])


def _recorded(record: Path) -> tuple[list[TaskResult], dict[str, dict[str, int]]]:
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    results: list[TaskResult] = []
    stats: dict[str, dict[str, int]] = {}
    for line in map(json.loads, lines):
        if "stats" in line:
            stats = line["stats"]
        else:
            results.append(TaskResult(**line))
    return results, stats
