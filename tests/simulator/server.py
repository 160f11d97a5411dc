"""The HTTP server in front of the simulated API."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from .control import Control
from .errors import ApiError, phrase
from .messages import Answer, Cut, Request, json_answer
from .world import World


class SimulatorServer(ThreadingHTTPServer):
    """One thread a connection; all connections end with the server."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, host: str, port: int, world: World, control: Control) -> None:
        self.world = world
        self.control = control
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's full name, which can take seconds and which nobody needs."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def track(self, connection: socket.socket, *, alive: bool) -> None:
        """Remember a connection while it is in use."""
        with self._lock:
            (self._connections.add if alive else self._connections.discard)(connection)

    def cut_all(self) -> None:
        """End all connections, idle ones included: their threads would go on answering otherwise."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that went away: many tests kill them."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection and writes the answers."""

    server: SimulatorServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Start a connection."""
        super().setup()
        self.server.track(self.connection, alive=True)

    def finish(self) -> None:
        """End a connection."""
        self.server.track(self.connection, alive=False)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the record of calls is the log."""

    def _serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if length < 0 or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self._send(json_answer(ApiError(411, "Length required").body(), 411), "")
        request = Request(self.command, self.path, self.headers, self.rfile.read(length))
        if self.server.world.stopped.is_set():
            self.close_connection = True
            return None
        if request.full_path.startswith("/_sim"):
            return self._send(self.server.control.answer(request, str(self.client_address[0])), "")
        call, outcome = self.server.world.exchange(request)
        if isinstance(outcome, Cut):
            return self._cut(outcome)
        return self._send(outcome, call.query_id)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _serve

    def _send(self, answer: Answer, query_id: str) -> None:
        """Write an answer in one piece: two would cost a round trip."""
        headers = {
            "Date": formatdate(usegmt=True),
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body) + answer.missing_bytes),
            **({"X-Ovh-Queryid": query_id} if query_id else {}),
            **answer.headers,
        }
        if answer.missing_bytes:
            self.close_connection = True
        if self.close_connection:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {answer.status} {phrase(answer.status)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        body = b"" if self.command == "HEAD" else answer.body
        try:
            self.wfile.write(head.encode("latin-1") + body)
        except OSError:
            self.close_connection = True

    def _cut(self, cut: Cut) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        if cut.reset:
            with contextlib.suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # The reset has to be the first thing that the client hears; an orderly close would send a FIN first.
                os.close(self.connection.detach())
