# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids of projects of which an inventory makes numbers: Ansible reads an INI file as Python, and YAML has numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulator import Simulator
from tests.support.plays import play

DIGITS = "12345678901234567890123456789012"
LEADING_ZERO = "09876543210987654321098765432109"
#: A single letter, and such a one: this is 10 to the power of 901.
POWER = "1234567890123456789012345678e901"

PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - cloudops.ovh.ovh_cloud_user_info: {service_name: "{{ ovh_service_name }}"}
      ignore_errors: true
    - ansible.builtin.import_role: {name: cloudops.ovh.audit_users}
"""


def ini(*ids: str) -> str:
    return "".join(f"p{number} ovh_service_name={one}\n" for number, one in enumerate(ids))


def yml(*ids: str) -> str:
    hosts = "".join(f"    p{number}: {{ovh_service_name: {one}}}\n" for number, one in enumerate(ids))
    return f"all:\n  hosts:\n{hosts}"


QUOTED = [f"'{one}'" for one in (DIGITS, LEADING_ZERO, POWER)]


@pytest.mark.parametrize(
    ("name", "text", "ids", "rc"),
    [
        ("hosts", ini(DIGITS, LEADING_ZERO), {DIGITS, LEADING_ZERO}, 0),
        ("hosts.yml", yml(DIGITS, LEADING_ZERO, POWER), {DIGITS, LEADING_ZERO, POWER}, 0),
        ("hosts", ini(*(f'"{one}"' for one in QUOTED)), {DIGITS, LEADING_ZERO, POWER}, 0),
        ("hosts.yml", yml(*QUOTED), {DIGITS, LEADING_ZERO, POWER}, 0),
        # Too large a number: another project is never taken for it.
        ("hosts", ini(POWER), {"inf"}, 2),
    ],
    ids=["ini", "yaml", "ini-quoted", "yaml-quoted", "ini-power"],
)
def test_an_id_that_looks_like_a_number(
    name: str, text: str, ids: set[str], rc: int, tmp_path: Path, sim: Simulator
) -> None:
    for one in (DIGITS, LEADING_ZERO, POWER):
        sim.add_project(one)
    (tmp_path / name).write_text(text)
    (tmp_path / "playbook.yml").write_text(PLAY)
    result = play(tmp_path, sim, playbook=tmp_path / "playbook.yml", inventory=tmp_path / name, project=None)
    assert result.rc == rc, result.text
    assert {found[1] for call in sim.calls if (found := re.search(r"/cloud/project/([^/]+)", call.path))} == ids
    failed = [one.host for one in result.tasks("cloudops.ovh.ovh_cloud_user_info") if one.status == "ignored"]
    assert len(failed) == (rc != 0)
    assert ("The project does not exist" in result.text) == (rc != 0)
