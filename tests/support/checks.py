# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of modules look at: what was written where, and what a result says whatever the API invented."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner
from tests.simulator import Simulator
from tests.support.modules import call, connection

#: What the API invents, and what only it knows before it happens.
_INVENTED = frozenset(
    ("id", "user_id", "username", "openstack_id", "creation_date", "status", "password", "api_calls", "credentials")
    # When it happens.
    + ("credential_issued", "credential_delivered")
)


def run(sim: Simulator, kind: runner.Kind, check: bool = False, hidden: bool = True, **options: Any) -> dict[str, Any]:
    """Run a module against a simulator with signed calls and these options."""
    return call(kind, connection(sim, **options), check=check, hidden=hidden)


def written(sim: Simulator) -> list[str]:
    """Return the writes that reached the API, sorted, with ids replaced: ``POST user/ID/role``."""
    return sorted(
        "{} {}".format(one.method, re.sub(r"/\d+", "/ID", re.sub(r"role/\w+$", "role/ROLE", one.path.split("/", 4)[4])))
        for one in sim.writes()
    )


def foreseen(result: Mapping[str, Any]) -> Any:
    """Return what check mode and a run must agree on: all of a result but what the API invents."""
    return _stripped(dict(result))


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _stripped(one) for key, one in value.items() if key not in _INVENTED or isinstance(one, Mapping)}
    if isinstance(value, list):
        return [_stripped(one) for one in value]
    return value


def tree(folder: Path) -> dict[str, tuple[str, str]]:
    """Return every file and folder below ``folder`` with its mode and a digest of its content."""
    return {str(path.relative_to(folder)): _state(path) for path in sorted(folder.rglob("*"))}


def _state(path: Path) -> tuple[str, str]:
    found = path.lstat()
    mode = stat.filemode(found.st_mode)
    regular = stat.S_ISREG(found.st_mode)
    return mode, hashlib.sha256(path.read_bytes()).hexdigest() if regular else ""


def refused(result: Mapping[str, Any], *said: str) -> str:
    """Check that a task failed with a message that says all of ``said``, and return the message."""
    assert result.get("failed"), result
    message = str(result["msg"])
    for text in said:
        assert text in message, f"{text!r} is not in: {message}"
    assert "Traceback" not in message
    return message
