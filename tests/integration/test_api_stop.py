# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module whose terminal is gone."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.modules import PROJECT, connection, finish, start

PEOPLE = [f"person-{number}" for number in range(4)]


def hung_up(sim: Simulator) -> dict[str, Any]:
    """Return the result of a module that gets SIGHUP while its first creation is under way."""
    gate = sim.gate("POST", "/user$")
    options = {"service_name": PROJECT, "users": PEOPLE, "wait": False, "concurrency": 1, **connection(sim)}
    process = start("ovh_cloud_users", options)
    assert gate.wait_reached(20)
    process.send_signal(signal.SIGHUP)
    # It looks for signals each 50 ms.
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    gate.release()
    return finish(process)


def test_it_reports_what_was_done(sim: Simulator) -> None:
    result = hung_up(sim)
    assert result["failed"]
    assert [one["description"] for one in result["credentials"]] == PEOPLE[:1]
    assert len(sim.project().live_users()) == 1


def test_under_nohup_it_goes_on(sim: Simulator) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = hung_up(sim)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert result["summary"]["created"] == len(PEOPLE)
