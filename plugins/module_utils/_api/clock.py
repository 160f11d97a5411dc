# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's clock: signatures carry its time, and what this run creates is known by it.

It is asked for while the first lists are read. They are signed with this machine's time, which nearly always does;
where it does not the API says so, and they are signed again.
"""

from __future__ import annotations

import time
from typing import Any, Callable

from .aside import Aside


class Clock:
    """Keeps the difference that python-ovh signs with. ``ask`` returns the API's time less this machine's, in seconds,
    and raises :class:`ApiError`."""

    def __init__(self, client: Any, ask: Callable[[], float]) -> None:
        self._client = client
        self._ask = ask
        self._first: Aside[None] | None = None

    @property
    def delta(self) -> float:
        """The API's time less this machine's, as far as it is known: what a call would be signed with now."""
        return float(self._client._time_delta or 0.0)

    def start(self) -> None:
        """Begin to ask; until there is an answer calls are signed with this machine's time."""
        self._client._time_delta = 0
        self._first = Aside(self._set)

    def _set(self) -> None:
        self._client._time_delta = self._ask()

    def settle(self) -> None:
        """Wait until the clock is known, if it is asked for; raise :class:`ApiError` where it cannot be."""
        if self._first is not None:
            self._first.result()

    def now(self) -> float:
        """Return the API's time in seconds since 1970, exact to about a second."""
        self.settle()
        if self._client._time_delta is None:
            # A service account signs nothing.
            self._set()
        return time.time() + self.delta

    def correct(self, delta: float) -> None:
        """Ask again after a call that was signed with ``delta`` was refused for its time, unless it is known better by
        now. Were it left to it, python-ovh would ask by itself, uncounted and with errors of its own."""
        self.settle()
        if self.delta == delta:
            self._set()
