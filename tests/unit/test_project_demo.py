# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo ends tidily, however it ends. That it works is what CI runs it for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import demo


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    folder = tmp_path / "with a blank"
    folder.mkdir()
    return folder


def start(checkout: Path, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(checkout / "scripts" / "demo.py"), *arguments],
        cwd=checkout,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def left_running(tmp_path: Path) -> list[str]:
    """Return the command lines of processes that work in the demo's folder, which is part of their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(tmp_path).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def hold(sign: str, tmp_path: Path) -> None:
    """Make a process slow to end: for two seconds it does not even get a signal."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mine = str(tmp_path).encode() in (process / "environ").read_bytes()
            if mine and sign in (process / "cmdline").read_text():
                os.kill(int(process.name), signal.SIGSTOP)
                threading.Timer(2, let_go, [int(process.name)]).start()


def let_go(pid: int) -> None:
    # Once its parent is gone, the kernel lets it go by itself.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


# ansible-playbook does not wait for its workers and modules when it is told to end.
@pytest.mark.parametrize("sign", ["onboard", "&& sleep 0"], ids=["beginning", "module"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_while_the_playbook_runs(checkout: Path, tmp_path: Path, number: int, sign: str) -> None:
    process = start(checkout, tmp_path)
    assert process.stdout is not None
    while "ansible-playbook" not in (line := process.stdout.readline()):
        assert line, "the demo ended before the playbook began"
    deadline = time.monotonic() + 30
    while not any(sign in command for command in left_running(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    if sign != "onboard":
        hold(sign, tmp_path)
    process.send_signal(number)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130, output
    assert "Everything was cleaned up." in output
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SECONDS_TO_END", 0.1)
    with subprocess.Popen(["sleep", "60"], env={**os.environ, "HOME": str(tmp_path)}) as process:
        while process.pid not in demo.working_in(tmp_path):
            time.sleep(0.01)
        demo.end_the_rest(tmp_path)
        assert process.wait(10) == -signal.SIGKILL


def test_a_port_that_is_taken(checkout: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(checkout, tmp_path, "--port", str(taken.getsockname()[1]))
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "Is the port taken? Leave --port out" in output
    assert "Traceback" not in output
    assert left_running(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
