# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module run as they are printed, in check mode and for real.

One `ansible-playbook` a module runs both, each mode being a host with an API and a HOME of its own.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.checks import run, tree
from tests.support.plays import ROOT, PlayResult, play

MODULES = {path.stem: path for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))}


def examples(path: Path) -> str:
    """The EXAMPLES of a module, as text."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "EXAMPLES" for target in node.targets):
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no EXAMPLES")


# What has to be there before. Modules that are not named here find the two people whom all examples are about.


def nobody(sim: Simulator, home: Path) -> None:
    """The examples begin with an empty project."""


def two_people(sim: Simulator, home: Path) -> None:
    """Ada and Grace are there, without the roles that examples give them."""
    for name in ("ada@example.com", "grace@example.com"):
        sim.project().add_user(name, ["objectstore_operator"])


def a_credential_file(sim: Simulator, home: Path) -> None:
    """Ada was onboarded."""
    run(sim, kinds.USERS, users=["ada@example.com"], credentials_dir=str(home / "ovh-credentials"))


PREPARATIONS: dict[str, Callable[[Simulator, Path], None]] = {
    "ovh_cloud_user": nobody,
    "ovh_cloud_users": nobody,
    "ovh_cloud_user_credential": a_credential_file,
}


class Host(NamedTuple):
    """A mode, with an API and a HOME of its own."""

    name: str
    sim: Simulator
    home: Path


def run_both(tmp_path: Path, module: str, hosts: list[Host]) -> PlayResult:
    """Run the examples of a module, both modes side by side."""
    (tmp_path / "examples_of_it.yml").write_text(examples(MODULES[module]), encoding="utf-8")
    variables = {
        host.name: {
            "mode": host.name == "check",
            "environment_of_host": {"OVH_ENDPOINT": host.sim.url, "HOME": str(host.home)},
        }
        for host in hosts
    }
    book = {
        "hosts": "all",
        "gather_facts": False,
        "check_mode": "{{ mode }}",
        "environment": "{{ environment_of_host }}",
        "tasks": [{"ansible.builtin.import_tasks": "examples_of_it.yml"}],
    }
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump([book]), encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"all": {"hosts": variables, "vars": local}}
    return play(tmp_path, hosts[0].sim, playbook=playbook, inventory=inventory, diff=True)


def prepared(tmp_path: Path, module: str, stack: contextlib.ExitStack) -> list[Host]:
    """Return both hosts, each with what the examples need."""
    hosts = []
    for name in ("check", "real"):
        host = Host(name, stack.enter_context(Simulator()), tmp_path / f"home-{name}")
        host.home.mkdir()
        PREPARATIONS.get(module, two_people)(host.sim, host.home)
        host.sim.clear_calls()
        hosts.append(host)
    return hosts


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run_in_check_mode_and_for_real(tmp_path: Path, module: str) -> None:
    titles = [one["name"] for one in yaml.safe_load(examples(MODULES[module]))]
    reads = module.endswith("_info")
    with contextlib.ExitStack() as stack:
        hosts = prepared(tmp_path, module, stack)
        disks = {host.name: tree(host.home) for host in hosts}
        result = run_both(tmp_path, module, hosts)
        assert result.rc == 0, result.text
        assert "Traceback" not in result.text
        assert "[WARNING]" not in result.text
        for host in hosts:
            done = [one for one in result.results if one.host == host.name]
            finished = {one.task for one in done if one.status in ("ok", "changed", "skipped")}
            assert [title for title in titles if title not in finished] == [], host.name
            assert any(one.status == "changed" for one in done) is not reads, host.name
            if host.name == "check" or reads:
                assert [one for one in host.sim.writes() if one.effect] == [], host.name
                assert tree(host.home) == disks[host.name], f"{host.name} wrote to the disk"


@pytest.mark.parametrize("name", MODULES)
def test_examples_show_each_module_by_its_full_name_with_titles(name: str) -> None:
    tasks = yaml.safe_load(examples(MODULES[name]))
    assert any(f"cloudops.ovh.{name}" in task for task in tasks)
    for task in tasks:
        assert task["name"][0].isupper()
        assert [key for key in task if "." in key], f"{task['name']}: no full name of a module"
