# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module run as they are printed, in check mode and for real.

One `ansible-playbook` runs them all, each module in each mode being a host with an API and a HOME of its own.
"""

from __future__ import annotations

import ast
import contextlib
import sys
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
    """A module in one mode."""

    module: str
    check: bool
    sim: Simulator
    home: Path

    @property
    def name(self) -> str:
        """The name in the inventory."""
        return f"{self.module}-{'check' if self.check else 'real'}"


def run_all(tmp_path: Path, hosts: list[Host]) -> PlayResult:
    """Run the examples of all modules, both modes side by side."""
    for name, path in MODULES.items():
        (tmp_path / f"{name}.yml").write_text(examples(path), encoding="utf-8")
    variables = {
        host.name: {
            "mode": host.check,
            "environment_of_host": {"OVH_ENDPOINT": host.sim.url, "HOME": str(host.home)},
        }
        for host in hosts
    }
    plays = [
        {
            "hosts": f"{name}-check,{name}-real",
            "gather_facts": False,
            "check_mode": "{{ mode }}",
            "environment": "{{ environment_of_host }}",
            "tasks": [{"ansible.builtin.import_tasks": f"{name}.yml"}],
        }
        for name in MODULES
    ]
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays), encoding="utf-8")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": variables, "vars": local}}
    return play(tmp_path, hosts[0].sim, playbook=playbook, inventory=inventory, diff=True, env={"ANSIBLE_FORKS": "3"})


def prepared(tmp_path: Path, stack: contextlib.ExitStack) -> list[Host]:
    """Return all hosts, each with what its examples need."""
    hosts = []
    for module in MODULES:
        for check in (True, False):
            host = Host(module, check, stack.enter_context(Simulator()), tmp_path / f"home-{module}-{check}")
            host.home.mkdir()
            PREPARATIONS.get(module, two_people)(host.sim, host.home)
            host.sim.clear_calls()
            hosts.append(host)
    return hosts


def test_the_examples_of_every_module_run_in_check_mode_and_for_real(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        hosts = prepared(tmp_path, stack)
        disks = {host: tree(host.home) for host in hosts}
        result = run_all(tmp_path, hosts)
        assert result.rc == 0, result.text
        assert "Traceback" not in result.text
        assert "[WARNING]" not in result.text
        for host in hosts:
            titles = [one["name"] for one in yaml.safe_load(examples(MODULES[host.module]))]
            done = [one for one in result.results if one.host == host.name]
            finished = {one.task for one in done if one.status in ("ok", "changed", "skipped")}
            assert [title for title in titles if title not in finished] == [], host.name
            reads = host.module.endswith("_info")
            assert any(one.status == "changed" for one in done) is not reads, host.name
            if host.check or reads:
                assert [one for one in host.sim.writes() if one.effect] == [], host.name
                assert tree(host.home) == disks[host], f"{host.name} wrote to the disk"


@pytest.mark.parametrize("name", MODULES)
def test_examples_show_each_module_by_its_full_name_with_titles(name: str) -> None:
    tasks = yaml.safe_load(examples(MODULES[name]))
    assert any(f"cloudops.ovh.{name}" in task for task in tasks)
    for task in tasks:
        assert task["name"][0].isupper()
        assert [key for key in task if "." in key], f"{task['name']}: no full name of a module"
