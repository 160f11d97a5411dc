# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has imported the modules and forks one run of them after the other: a start costs milliseconds.

A run is the real module, from its arguments to its exit. It can be told to kill itself (or to send itself another
signal) at its n-th act that lasts: a write to the API (before it is sent; after its answer came) or to the disk (before
each operation of the folder).
Reads one JSON order a line from standard input, answers one line.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from typing import Any

from ansible.module_utils import basic
from ovh import client as ovh_client
from requests import sessions

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api import (
    apply,
    client,
    config,
    creation,
    failures,
    file_key,
    folder,
    permissions,
    watch,
)
from tests.support.rig import hurry, inline_vault

#: What a run imports only when it needs it, or has to do with an error: here, once for all.
LAZILY = (apply, config, creation, failures, file_key, ovh_client, permissions, sessions, watch)
KINDS = {"ovh_cloud_users": kinds.USERS, "ovh_cloud_user": kinds.USER, "ovh_cloud_user_role": kinds.USER_ROLE}


class Acts:
    """Writes down each act that lasts, and sends the process a signal where it was told to."""

    def __init__(self, trace: str, kill_at: int | None, number: int) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._kill_at = kill_at
        self._number = number
        self._count = 0
        self._told = threading.Event()
        really = client.Stop.set

        def set_and_tell(stop: client.Stop) -> None:
            really(stop)
            self._told.set()

        client.Stop.set = set_and_tell

    def at(self, *what: str) -> None:
        """Note that something is about to happen, or has just come back."""
        self._count += 1
        if self._count == self._kill_at:
            os.kill(os.getpid(), self._number)
            # Handlers run on the main thread, a moment later. Before the module has one, the signal ends the process.
            self._told.wait(5)
        os.write(self._trace, (json.dumps(what) + "\n").encode())


class WatchedOs:
    """Stands in for the module ``os`` in the one module that writes to the disk."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._names: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: str, flags: int, *args: Any, **options: Any) -> int:
        """Files that are made count; reading does not."""
        if flags & os.O_CREAT:
            self._acts.at("make", path)
        descriptor = os.open(path, flags, *args, **options)
        self._names[descriptor] = "folder" if flags & os.O_DIRECTORY else path
        return descriptor

    def fsync(self, descriptor: int) -> None:
        """What lies in a file, or in a folder, is made to last."""
        self._acts.at("sync", self._names[descriptor])
        os.fsync(descriptor)

    def rename(self, source: str, target: str, **options: Any) -> None:
        """A file gets its name."""
        self._acts.at("rename", source, target)
        os.rename(source, target, **options)

    def unlink(self, path: str, **options: Any) -> None:
        """A file goes."""
        if self._is_there(path, options):
            self._acts.at("unlink", path)
        os.unlink(path, **options)

    def mkdir(self, path: str, *args: Any, **options: Any) -> None:
        """A folder comes."""
        if not self._is_there(path, options):
            self._acts.at("mkdir", path)
        os.mkdir(path, *args, **options)

    @staticmethod
    def _is_there(path: str, options: dict[str, Any]) -> bool:
        try:
            os.lstat(path, **options)
        except FileNotFoundError:
            return False
        return True


def watch(acts: Acts) -> None:
    """Have all acts of the collection noted."""
    folder.os = WatchedOs(acts)
    send = client.Port._send

    def noted(port: client.Port, request: Any, really: Any) -> Any:
        if request.method == "GET" or not request.path.startswith("/cloud/"):
            return send(port, request, really)
        acts.at("send", request.method, request.path)
        try:
            return send(port, request, really)
        finally:
            acts.at("answer", request.method, request.path)

    client.Port._send = noted


def run(order: dict[str, Any]) -> None:
    """Be the module, in a process of its own."""
    for number, name in ((1, "out"), (2, "err")):
        descriptor = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    internal = {"_ansible_check_mode": order["check"], "_ansible_no_log": True, "_ansible_diff": True}
    internal.update(_ansible_remote_tmp="/nonexistent", _ansible_keep_remote_files=False)
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": {**order["params"], **internal}}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    if order["hurry"]:
        hurry(setattr)
        inline_vault(setattr)
    if order["trace"]:
        watch(Acts(order["trace"], order["kill_at"], order["signal"]))
    runner.run(KINDS[order["module"]])


def fork(order: dict[str, Any]) -> int:
    """Start a run, and return its process."""
    pid = os.fork()
    if pid:
        return pid
    try:
        run(order)
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    os._exit(99)


def main() -> None:
    """Follow orders until standard input ends."""
    # No run lives long enough to need it, and a fork would copy what the collector looks at.
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"pid": fork(order)} if "params" in order else {"status": os.waitpid(order["wait"], 0)[1]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
