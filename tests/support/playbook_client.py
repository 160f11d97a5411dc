# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-playbook``: by :mod:`tests.support.playbook_server`, or as a process of its own where it has to be."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.playbook_server import READ_AT_IMPORT


def ansible_playbook(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float, program: str = "playbook"
) -> subprocess.CompletedProcess[str]:
    """Run it, or ``ansible-inventory``, and return how it ended; raises :class:`subprocess.TimeoutExpired`."""
    command = [sys.executable, "-m", "ansible", program, *arguments]
    if any(env.get(name) != _base().get(name) for name in READ_AT_IMPORT):
        return subprocess.run(
            command, cwd=cwd, env=dict(env), capture_output=True, text=True, timeout=timeout, check=False
        )
    with tempfile.TemporaryDirectory(prefix="cloudops-ovh-play-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {"program": program, "arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
        order["timeout"] = timeout
        status = _ask({**order, "out": str(out), "err": str(err)})
        if status is None:
            raise subprocess.TimeoutExpired(command, timeout, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(command, status, out.read_text(), err.read_text())


def _base() -> dict[str, str]:
    """Return the environment of the server, which is that of all runs as far as it is read only once."""
    return {**os.environ, "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins")}


@functools.cache
def _server() -> subprocess.Popen[str]:
    home = tempfile.TemporaryDirectory(prefix="cloudops-ovh-playbooks-")
    # ansible-core makes a temporary folder when it is imported. Those of the runs are elsewhere.
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.playbook_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**_base(), "ANSIBLE_LOCAL_TEMP": home.name},
    )
    atexit.register(_end, process, home)
    return process


def _end(process: subprocess.Popen[str], home: tempfile.TemporaryDirectory[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait()
    home.cleanup()


def _ask(order: Mapping[str, object]) -> int | None:
    process = _server()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    status = json.loads(process.stdout.readline())
    return None if status is None else int(status)
