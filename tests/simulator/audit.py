"""The record of calls that tests assert on."""

from __future__ import annotations

import dataclasses
import time
import uuid
from threading import Lock
from typing import Any

from .messages import Request


@dataclasses.dataclass
class Call:
    """One call. It is recorded when it arrives; ``status`` stays ``None`` where no answer was sent."""

    method: str
    path: str
    route: str | None
    query: dict[str, str]
    body: Any
    status: int | None = None
    fault: str | None = None
    effect: bool = False
    at: float = dataclasses.field(default_factory=time.monotonic)
    query_id: str = dataclasses.field(default_factory=lambda: f"EU.ext-1.{uuid.uuid4().hex}")

    @property
    def is_write(self) -> bool:
        """Tell whether the call could change the cloud; whether it did is ``effect``."""
        return self.method != "GET" and (self.path + "/").startswith("/cloud/")

    def as_dict(self) -> dict[str, Any]:
        """Return the call as JSON can carry it."""
        return dataclasses.asdict(self)


class AuditLog:
    """All calls, in the order of their arrival."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: list[Call] = []

    def open(self, request: Request, route: str | None) -> Call:
        """Record a call that has just arrived."""
        call = Call(request.method, request.path, route, request.query, request.loggable_body())
        with self._lock:
            self._calls.append(call)
        return call

    def calls(self) -> list[Call]:
        """Return the calls so far."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._calls.clear()
