# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands its start to :mod:`tests.support.module_server`, and ends as what runs there. Arguments: the socket, and those
of Python. It starts a thousand times: without ``site``, and with nothing imported that is not in Python already."""

from __future__ import annotations

import marshal
import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket


def main() -> int:
    """Return the exit status of the module, or die by the signal that it died by."""
    order = marshal.dumps((sys.argv[2:], os.getcwd(), dict(os.environ)))
    order = len(order).to_bytes(4, "big") + order
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server = socket(AF_UNIX)
    server.connect(sys.argv[1])
    # Not even nothing can be sent to a server that has had all, and has answered.
    if rest := order[server.sendmsg([order], [(SOL_SOCKET, SCM_RIGHTS, files)]) :]:
        server.sendall(rest)
    status: int = marshal.loads(server.recv(16))
    if status < 0:
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main())
