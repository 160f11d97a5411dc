# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How deep a run of the tests looks: ``TEST_DEPTH`` in the environment. No depth leaves a test out.

``everyday``, without which nobody waits for two minutes, tries a part of what differs in one number alone.
``thorough`` tries all of it, and CI does so. The others are for the scripts that look for failures by chance.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

DEPTH = os.environ.get("TEST_DEPTH", "everyday")


def some(numbers: Sequence[int], offset: int) -> Sequence[int]:
    """Return each third of them in an everyday run, from an offset that differs from test to test, and one at least;
    otherwise all."""
    return numbers[offset % min(3, len(numbers)) :: 3] if DEPTH == "everyday" else numbers
