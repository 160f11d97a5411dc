"""A limit on calls, in the two usual forms. What the real API does is not documented."""

from __future__ import annotations

import math
from collections import deque
from threading import Lock

from .clock import Clock
from .errors import ApiError

KINDS = ("window", "bucket")


class RateLimit:
    """Counts calls by caller. Refused calls do not count."""

    def __init__(
        self, clock: Clock, calls: int, per_seconds: float, *, retry_after: bool = True, kind: str = "window"
    ) -> None:
        if kind not in KINDS or calls < 1 or per_seconds <= 0:
            raise ValueError("a rate limit has 1 call or more, a time above 0, and a kind: window or bucket")
        self._clock = clock
        self._calls = calls
        self._per_seconds = per_seconds
        self._retry_after = retry_after
        self._kind = kind
        self._lock = Lock()
        self._windows: dict[str, deque[float]] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, caller: str) -> None:
        """Count a call, or refuse it with a 429."""
        now = self._clock.elapsed()
        with self._lock:
            wait = self._window(caller, now) if self._kind == "window" else self._bucket(caller, now)
        if wait > 0:
            headers = {"Retry-After": str(max(1, math.ceil(wait)))} if self._retry_after else {}
            raise ApiError(429, "Too many requests", headers=headers)

    def _window(self, caller: str, now: float) -> float:
        """Return the wait until the oldest call of a full window leaves it."""
        window = self._windows.setdefault(caller, deque())
        while window and now - window[0] >= self._per_seconds:
            window.popleft()
        if len(window) >= self._calls:
            return self._per_seconds - (now - window[0])
        window.append(now)
        return 0.0

    def _bucket(self, caller: str, now: float) -> float:
        """Return the wait until a bucket that fills steadily has one call again."""
        left, seen = self._buckets.get(caller, (float(self._calls), now))
        speed = self._calls / self._per_seconds
        left = min(float(self._calls), left + (now - seen) * speed)
        wait = 0.0 if left >= 1 else (1 - left) / speed
        self._buckets[caller] = (left if wait else left - 1, now)
        return wait
