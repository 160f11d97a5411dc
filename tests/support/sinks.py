# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where credentials are delivered to in tests: a mail server, and a store for secrets. Both only remember.

While something arrives, whoever sends it still runs: that is when the arguments of all processes are looked at.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email import message_from_string
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def command_lines() -> str:
    """Return the arguments of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


class Sink:
    """What arrived: the arguments of all processes at that moment, and whom it refuses."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[str] = []
        self.refused: set[str] = set()
        self.mails: list[Message] = []
        self.secrets: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()

    def refuses(self, text: str) -> bool:
        """True if this is for somebody who is refused."""
        return any(name in text for name in self.refused)


class _Smtp(socketserver.StreamRequestHandler):
    sink: Sink

    def handle(self) -> None:
        self._say("220 sink")
        for line in self.rfile:
            verb = line.decode().strip()
            if verb.upper() == "DATA":
                self._say("354 go on")
                self._say(self._data())
            elif verb.upper().startswith("RCPT") and self.sink.refuses(verb):
                self._say("550 nobody of that name")
            else:
                self._say("221 bye" if verb.upper() == "QUIT" else "250 ok")
            if verb.upper() == "QUIT":
                return

    def _data(self) -> str:
        lines = list(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
        self.sink.seen.append(command_lines())
        self.sink.mails.append(message_from_string("".join(lines)))
        return "250 kept"

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Kv(BaseHTTPRequestHandler):
    sink: Sink

    def do_PUT(self) -> None:
        """Take a secret, as a KV store of version 2 does."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.sink.seen.append(command_lines())
        self.sink.tokens.add(self.headers["X-Vault-Token"])
        refused = self.sink.refuses(self.path)
        if not refused:
            self.sink.secrets[self.path] = body["data"]
        answer = json.dumps({"errors": ["sealed"]} if refused else {"data": {"version": 1}}).encode()
        self.send_response(503 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def _served(server: Callable[..., Any], handler: type, sink: Sink) -> Iterator[Sink]:
    with server(("127.0.0.1", 0), type("Handler", (handler,), {"sink": sink})) as running:
        sink.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            running.shutdown()
            thread.join()


def mail_server() -> AbstractContextManager[Sink]:
    """A mail server on this machine, without encryption."""
    return _served(socketserver.ThreadingTCPServer, _Smtp, Sink())


def secret_store() -> AbstractContextManager[Sink]:
    """A KV store of version 2 on this machine."""
    return _served(ThreadingHTTPServer, _Kv, Sink())
