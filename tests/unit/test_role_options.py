# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles call the options of their modules is what both really have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
MODULES = {
    "onboard_users": "ovh_cloud_users",
    "offboard_users": "ovh_cloud_users",
    "audit_users": "ovh_cloud_audit_info",
}


@pytest.mark.parametrize(("role", "module"), MODULES.items())
def test_names_of_options_are_real(role: str, module: str) -> None:
    options = {
        name: set(
            yaml.safe_load((ROLES / name / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
                "options"
            ]
        )
        for name in MODULES
    }
    tasks = yaml.safe_load((ROLES / role / "tasks" / "main.yml").read_text())
    given = {key for task in tasks for key in task.get(f"cloudops.ovh.{module}", {})}
    named = yaml.safe_load((ROLES / role / "vars" / "main.yml").read_text())[f"__{role}_options"]
    assert set(named) - given <= {"max_deletions"}
    known = set().union(*options.values())
    assert set(re.findall(r"\w+_users_\w+", " ".join(named.values()))) <= known
    # What a person can raise or lower is explained.
    same = {key for key in given if f"{role}_{key}" in options[role]}
    assert same & {"concurrency", "max_resets", "max_deletions", "rotate_after_days"} <= set(named)
