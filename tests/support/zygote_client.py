# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts modules through :mod:`tests.support.zygote`, and waits for them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.modules import ROOT
from tests.support.running import is_running


class Run:
    """One run of a module, as a process of its own."""

    def __init__(self, zygote: Zygote, base: Path) -> None:
        self._zygote = zygote
        self._base = base
        self.pid = 0
        self.status: int | None = None

    def order(self, module: str, params: Mapping[str, Any], **more: Any) -> None:
        """Start it."""
        paths = {name: str(self._base / name) for name in ("out", "err")}
        order = {"module": module, "params": params, "check": False, "hurry": True, **paths}
        order.update({"kill_at": None, "signal": signal.SIGKILL, **more})
        order["trace"] = str(self._base / "trace") if more.get("trace") or order["kill_at"] else None
        self.pid = self._zygote.ask(order)["pid"]

    def wait(self, timeout: float = 60.0) -> Run:
        """Wait for the end."""
        deadline = time.monotonic() + timeout
        while is_running(self.pid):
            assert time.monotonic() < deadline, "the module does not end"
            time.sleep(0.005)
        self.status = self._zygote.ask({"wait": self.pid})["status"]
        return self

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    @property
    def was_killed(self) -> bool:
        """True where SIGKILL was its end."""
        return self.status == signal.SIGKILL

    def result(self) -> dict[str, Any]:
        """Return what the module printed: one JSON result."""
        if self.status is None:
            self.wait()
        out, err = ((self._base / name).read_text() for name in ("out", "err"))
        try:
            return dict(json.loads(out))
        except ValueError:
            raise AssertionError(f"no result (status {self.status})\n{out}\n{err}") from None

    def trace(self) -> list[list[str]]:
        """Return the acts that lasted, in their order."""
        return [json.loads(line) for line in (self._base / "trace").read_text().splitlines()]

    def output(self) -> str:
        """Return all that it printed."""
        return "".join((self._base / name).read_text() for name in ("out", "err"))


class Zygote:
    """The process that forks."""

    def __enter__(self) -> Zygote:
        self._base = Path(tempfile.mkdtemp(prefix="cloudops-ovh-runs-"))
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *_collections()])},
        )
        return self

    def __exit__(self, *_problem: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        shutil.rmtree(self._base, ignore_errors=True)

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Give one order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def start(self, params: Mapping[str, Any], module: str = "ovh_cloud_users", **more: Any) -> Run:
        """Start a module. ``kill_at``: it kills itself at that act, or sends itself ``signal``; ``trace``: its acts are
        noted."""
        self._count += 1
        base = self._base / str(self._count)
        base.mkdir()
        run = Run(self, base)
        run.order(module, params, **more)
        return run


def _collections() -> list[str]:
    return [path for path in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep) if path]
