# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``ansible-playbook``: by :mod:`tests.support.playbook_server`, or as a process of its own where it has to be.
Its modules are run by :mod:`tests.support.module_server`, or by a Python that starts for each."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible.release import __version__

from tests.support.playbook_server import READ_AT_IMPORT

HERE = Path(__file__).resolve().parent


def ansible_playbook(
    arguments: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    program: str = "playbook",
    real_python: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run it, or ``ansible-inventory``, and return how it ended; raises :class:`subprocess.TimeoutExpired`.

    :param real_python: modules are started by Python itself, as they are everywhere but in these tests.
    """
    command = [sys.executable, "-m", "ansible", program, *arguments]
    if _differ(env, *READ_AT_IMPORT):
        return subprocess.run(
            command, cwd=cwd, env=dict(env), capture_output=True, text=True, timeout=timeout, check=False
        )
    served = servers()
    # Python reads its variables when it starts.
    real_python = real_python or _differ(env, *(name for name in {*env, *os.environ} if name.startswith("PYTHON")))
    with tempfile.TemporaryDirectory(prefix="cloudops-ovh-play-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {"program": program, "arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
        order.update(python=sys.executable if real_python else served.python, timeout=timeout)
        order["templates"] = served.templates
        # What is sent for a module of the same collections is the same.
        order["payloads"] = None if _differ(env, "ANSIBLE_COLLECTIONS_PATH") else served.payloads
        status = served.ask({**order, "out": str(out), "err": str(err)})
        if status is None:
            raise subprocess.TimeoutExpired(command, timeout, out.read_text(), err.read_text())
        return subprocess.CompletedProcess(command, status, out.read_text(), err.read_text())


def _base() -> dict[str, str]:
    """Return the environment of the servers, which is that of all runs as far as it is read only once."""
    return {**os.environ, "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins")}


def _differ(env: Mapping[str, str], *names: str) -> bool:
    return any(env.get(name) != _base().get(name) for name in names)


class Servers:
    """That of playbooks and that of modules. What they make for later runs is shared by all workers of pytest-xdist."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="cloudops-ovh-playbooks-")
        folder = Path(self._home.name)
        shared = Path(os.environ["CLOUDOPS_OVH_TESTS_SHARED"])
        # Before 2.19 ansible-core locked out the workers of the same run only.
        locks = tuple(map(int, __version__.split(".")[:2])) >= (2, 19)
        self.payloads = str((shared if locks else folder) / "payloads")
        self.templates = str(shared / "templates")
        self.python = str(folder / "python")
        socket = str(folder / "modules")
        os.makedirs(self.payloads, exist_ok=True)
        os.makedirs(self.templates, exist_ok=True)
        self._write_python(socket)
        self._modules = self._start("module_server", socket)
        self._playbooks = self._start("playbook_server")
        assert self._modules.stdout is not None
        assert self._modules.stdout.readline() == "ready\n"
        atexit.register(self._end)

    def _write_python(self, socket: str) -> None:
        """Make the interpreter of modules. For everything else it is the real one."""
        real = shlex.quote(sys.executable)
        client = f"{real} -IS {shlex.quote(str(HERE / 'module_client.py'))} {shlex.quote(socket)}"
        served = f'case ${{1-}} in "" | */AnsiballZ_*) exec {client} "$@" ;; esac'
        Path(self.python).write_text(f'#!/bin/sh\n{served}\nexec {real} "$@"\n')
        Path(self.python).chmod(0o700)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        # ansible-core makes a temporary folder when it is imported. Those of the runs are elsewhere.
        return subprocess.Popen(
            [sys.executable, str(HERE / f"{name}.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parents[1],
            env={**_base(), "ANSIBLE_LOCAL_TEMP": self._home.name},
        )

    def _end(self) -> None:
        for process in (self._playbooks, self._modules):
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()
            process.wait()
        self._home.cleanup()

    def ask(self, order: Mapping[str, object]) -> int | None:
        """Run a playbook, and return its exit status; None where it took too long."""
        process = self._playbooks
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        status = json.loads(process.stdout.readline())
        return None if status is None else int(status)


servers = functools.cache(Servers)
