# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies against an API that says other things than are so."""

from __future__ import annotations

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.checks import run

ALL = {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}


@pytest.mark.parametrize("times", [1, 2])
def test_a_policy_that_is_not_found_for_a_moment_is_taken_away(sim: Simulator, times: int) -> None:
    user = sim.project().add_user("ada", [])
    sim.project().set_policy(user["id"], ALL)
    sim.fault("status", "GET", "/policy$", status=404, times=times)
    result = run(sim, kinds.S3_POLICY, description="ada", state="absent")
    assert (result["changed"], sim.project().policy(user["id"])) == (True, {"Statement": []})


def test_a_user_without_a_policy_has_none(sim: Simulator) -> None:
    sim.project().add_user("ada", [])
    sim.settings.unset_policy = None
    assert run(sim, kinds.S3_POLICY, description="ada", state="absent")["changed"] is False
    assert run(sim, kinds.S3_POLICY, description="ada", policy=ALL)["changed"] is True
    assert run(sim, kinds.S3_POLICY, description="ada", policy=ALL)["changed"] is False
