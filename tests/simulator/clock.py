"""The API's clock, which need not agree with the machine's."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """The wall clock of the API, and the clock of its pauses and expiries. A test can move either without the other."""

    def __init__(self) -> None:
        self.offset = 0.0
        """How far the wall clock is ahead of the machine's."""
        self.advanced = 0.0
        """How far pauses and expiries were moved on, instead of waited for."""

    def now(self) -> float:
        """Return the API's time, in seconds since the epoch."""
        return time.time() + self.offset

    def elapsed(self) -> float:
        """Return a time for pauses and expiries, which never goes back."""
        return time.monotonic() + self.advanced

    def stamp(self) -> str:
        """Return the API's time as it is written in answers: whole seconds, UTC."""
        return datetime.fromtimestamp(self.now(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
