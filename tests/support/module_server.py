# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python that has imported what modules import from elsewhere, and becomes one module after the other by forking.

Nearly all of the CPU time of a short module is the start of Python and the compilation of ``ansible.module_utils`` from
the payload that Ansible sends. Here both happened once. What a fork runs is the payload itself, with the arguments,
environment, folder and files of :mod:`tests.support.module_client`, which is the ``ansible_python_interpreter`` and
ends as the module does. What a module could notice: ansible-core, ``ovh`` and ``requests`` were imported earlier, and
come from where they are installed; the seed of hashes is that of the server; its parent is the server, and its session
its own. The collection's own code comes from the payload, each time; source that is the same as in this checkout is not
compiled again.

Listens on the socket that its one argument names, and ends when standard input does.
"""

from __future__ import annotations

import _imp
import atexit
import contextlib
import gc
import importlib.machinery
import marshal
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import types
import zipimport
from pathlib import Path
from typing import NamedTuple, NoReturn

#: What the modules of these tests import: nothing of a collection, and nothing that is only on a controller.
IMPORTED = (
    "ansible.module_utils.basic",
    "ansible.module_utils.common.respawn",
    "ansible.module_utils.urls",
    "ovh",
    "requests",
)
LENGTH = struct.Struct("!I")


class Order(NamedTuple):
    """A start of Python: its arguments and surroundings, and the three files that it inherits."""

    arguments: list[str]
    cwd: str
    environment: dict[str, str]
    files: list[int]


def received(connection: socket.socket) -> Order | None:
    """Read what a client sends at once when it begins, unless it was killed before."""
    data, files, _flags, _address = socket.recv_fds(connection, 1 << 16, 3)
    if not data:
        return None
    (length,) = LENGTH.unpack_from(data)
    while len(data) < LENGTH.size + length:
        data += connection.recv(1 << 16)
    return Order(*marshal.loads(data[LENGTH.size :]), files)


class Server:
    """Forks for each client, and tells it how the fork ended. A client that is killed takes its module along."""

    def __init__(self, path: str) -> None:
        self._modules: dict[int, socket.socket] = {}
        self._ended, wakeup = socket.socketpair()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        self._own = [self._ended, wakeup, self._listener]
        for one in self._own:
            one.setblocking(False)
        for source, act in ((0, self._end), (self._listener, self._begin), (self._ended, self._tell)):
            self._selector.register(source, selectors.EVENT_READ, act)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def order(self) -> Order:
        """Return in a fork, with what it is to do; the server itself ends here."""
        while True:
            for key, _events in self._selector.select():
                if order := key.data():
                    return order

    def _begin(self) -> Order | None:
        connection, _address = self._listener.accept()
        connection.setblocking(True)
        order = received(connection)
        if order is None:
            return None
        pid = os.fork()
        if pid == 0:
            self._leave(connection)
            return order
        for descriptor in order.files:
            os.close(descriptor)
        self._modules[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._kill(pid))
        return None

    def _leave(self, connection: socket.socket) -> None:
        """Be no server any more: in a fork."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for one in (connection, *self._own, *self._modules.values()):
            one.close()

    def _kill(self, pid: int) -> None:
        """The client says no more than its order: it is gone."""
        self._selector.unregister(self._modules[pid])
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

    def _tell(self) -> None:
        """Some of the forks have ended."""
        self._ended.recv(1 << 12)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                connection = self._modules.pop(pid)
                with contextlib.suppress(KeyError):
                    self._selector.unregister(connection)
                with contextlib.suppress(OSError):
                    connection.sendall(marshal.dumps(os.waitstatus_to_exitcode(status)))
                connection.close()

    def _end(self) -> NoReturn:
        for pid in list(self._modules):
            self._kill(pid)
        sys.exit()


def run(order: Order) -> None:
    """Be ``python`` with these arguments: a script, or none and the script on standard input."""
    for number, descriptor in enumerate(order.files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.environment)
    time.tzset()
    script = types.ModuleType("__main__")
    sys.modules["__main__"] = script
    sys.argv = order.arguments or [""]
    sys.path[0] = os.path.dirname(sys.argv[0])
    script.__file__ = sys.argv[0] or "<stdin>"
    if order.arguments:
        with open(sys.argv[0], "rb") as stream:
            source = stream.read()
    else:
        source = sys.stdin.buffer.read()
    exec(compile(source, script.__file__, "exec"), script.__dict__)


def remember_compiled(folder: Path) -> None:
    """Have source in a payload that is the same as in a file of this folder compiled already, as a ``.pyc`` would."""
    known = {}
    for path in folder.rglob("*.py"):
        known[path.read_bytes()] = importlib.machinery.SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    really = zipimport._compile_source

    def compiled(path: str, source: bytes) -> types.CodeType:
        if source not in known:
            return really(path, source)
        _imp._fix_co_filename(known[source], path)
        return known[source]

    zipimport._compile_source = compiled


def status_of(order: Order) -> int:
    """Run it, and return the exit status that Python would give."""
    try:
        run(order)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as problem:
        frames = problem.__traceback__
        # Without those of this function and of `run`.
        for _number in range(2):
            frames = frames and frames.tb_next
        traceback.print_exception(type(problem), problem, frames)
        return 1
    return 0


def main() -> NoReturn:
    """Serve, and be a module in each fork."""
    for name in IMPORTED:
        importlib.import_module(name)
    remember_compiled(Path(__file__).parents[2] / "plugins")
    server = Server(sys.argv[1])
    gc.freeze()
    # No module lives long enough to need it, and a fork would copy what the collector looks at.
    gc.disable()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    status = status_of(server.order())
    # All of the end of Python but the release of memory, for which a fork would first have to copy it.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
