# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the robustness tests share: a cloud, a folder, modules to run on them, and one way to look at how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.rig import Rig, hurry
from tests.support.zygote_client import Zygote


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A cloud of its own for each test."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def rig(sim: Simulator, tmp_path: Path) -> Rig:
    """A cloud and a folder."""
    return Rig(sim, tmp_path / "creds")


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds become waits of hundredths: what is waited for is the same."""
    hurry(monkeypatch.setattr)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Any]:
    """Starts modules as processes of their own in a few milliseconds each."""
    with Zygote() as one:
        yield one
