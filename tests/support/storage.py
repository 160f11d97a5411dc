# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of access keys, policies and tokens look at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.simulator import Simulator

_NAMES = (
    (r"/user/\d+", "user"),
    (r"s3Credentials/[0-9a-f]{32}", "s3Credentials/KEY"),
    (r"token/[0-9a-f-]{36}", "token/ID"),
)


def sent(sim: Simulator) -> list[str]:
    """Return the writes in their order, whether they were answered or not: ``POST user/policy``."""
    result = []
    for one in sim.writes():
        path = one.path.split("/", 4)[4]
        for pattern, name in _NAMES:
            path = re.sub(pattern, name, "/" + path if pattern.startswith("/") else path).lstrip("/")
        result.append(f"{one.method} {path}")
    return result


def changes(sim: Simulator) -> int:
    """Return how many writes changed something."""
    return sum(one.effect for one in sim.writes())


def holds_none(result: Mapping[str, Any], *secrets: str) -> bool:
    """True if no part of a result but ``secret`` and ``token`` has one of these texts."""
    text = json.dumps({key: value for key, value in result.items() if key not in ("secret", "token")})
    return not any(secret in text for secret in secrets)
