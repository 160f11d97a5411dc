# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few random nights, always the same ones; ``scripts/soak`` looks for more."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.cloud_machine import DONE, CloudMachine
from tests.support.rig import inline_vault
from tests.support.zygote_client import Zygote


@pytest.mark.usefixtures("fast")
def test_whatever_the_nights_bring_nothing_is_lost_doubled_or_leaked(
    zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline_vault(monkeypatch.setattr)
    monkeypatch.setattr(CloudMachine, "zygote", zygote, raising=False)
    DONE.clear()
    few = settings(max_examples=12, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(CloudMachine, settings=few)
    # All of it happened.
    for what in ("runs", "kills", "faults", "overlaps", "plans compared"):
        assert DONE[what], DONE
