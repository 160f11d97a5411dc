"""A project's user list as it is served: cached, because it is asked for often, and stale when a test wants it so."""

from __future__ import annotations

from collections.abc import Callable

from .clock import Clock
from .model import NEVER

# The rendered users. Snapshots share them, so that keeping many of a long list costs little.
Snapshot = list[bytes]


class Listing:
    """Serves the list. Its owner calls it under its own lock, so it has none."""

    def __init__(self, render: Callable[[], Snapshot], clock: Clock) -> None:
        self._render = render
        self._clock = clock
        self._cached: Snapshot | None = None
        self._joined: tuple[Snapshot | None, bytes] = (None, b"")
        self._lag_seconds = 0.0
        self._history: list[tuple[float, Snapshot]] = []
        self._lag_lists = 0
        self._previous: Snapshot = []
        self._stale: Snapshot = []
        self._stale_left = 0

    def lag(self, seconds: float, lists: int) -> None:
        """Let the list lag behind by seconds, or by a number of lists after each write; zeros end it."""
        self._lag_seconds, self._lag_lists, self._stale_left = seconds, lists, 0
        self._previous = self._current()
        self._history = [(NEVER, self._previous)]

    def changed(self, at: float, *, written: bool) -> None:
        """Note a change; only one that the API was asked for makes the next lists stale."""
        self._cached = None
        if self._lag_seconds:
            self._history.append((at, self._current()))
        if self._lag_lists:
            if written:
                # Writes in a row hide together: the list stays as it was before the first of them.
                if not self._stale_left:
                    self._stale = self._previous
                self._stale_left = self._lag_lists
            self._previous = self._current()

    def serve(self) -> bytes:
        """Return the list as the next caller sees it."""
        snapshot = self._seen()
        if self._joined[0] is not snapshot:
            self._joined = snapshot, b"[" + b",".join(snapshot) + b"]"
        return self._joined[1]

    def _seen(self) -> Snapshot:
        if self._lag_seconds:
            return self._as_of(self._clock.elapsed() - self._lag_seconds)
        if self._stale_left:
            self._stale_left -= 1
            return self._stale
        return self._current()

    def _current(self) -> Snapshot:
        if self._cached is None:
            self._cached = self._render()
        return self._cached

    def _as_of(self, moment: float) -> Snapshot:
        """Return the list of a moment, and forget what is older still."""
        while len(self._history) > 1 and self._history[1][0] <= moment:
            self._history.pop(0)
        return self._history[0][1]
