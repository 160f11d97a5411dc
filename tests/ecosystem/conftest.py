# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that need the ecosystem's own tools. They are run by scripts/ecosystem, in an environment of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """An API of the test's own, with one empty project."""
    with Simulator() as simulator:
        yield simulator
