# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulator for each test, and less patience where something is looked for in vain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import apply, client, watch
from tests.simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """An API of the test's own, with one empty project."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked for in vain is given up after a moment, and pauses are short."""
    monkeypatch.setattr(watch, "LAG", 0.05)
    monkeypatch.setattr(apply, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(client, "_FIRST_BACKOFF", 0.01)
