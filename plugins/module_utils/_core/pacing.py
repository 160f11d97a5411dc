# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast to call: as fast as the API lets, slower once it objects. No clock: the time is an input, in seconds."""

from __future__ import annotations

#: The first pause after a 429 that says nothing, and the longest.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
#: We aim a little below the rate that we measured: a refused call costs more than a slower one.
MARGIN = 0.97
#: After so many calls without a refusal the pace grows a little.
PROBATION = 100


class Pace:
    """The shared pace of all threads of a run.

    Unset, calls go freely until the first 429. Then all wait, one call tries, and when it passes the rate is what
    was accepted between the start and that moment, over the time it took. ``fixed`` is a rate in calls a second.
    """

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._rate = fixed
        self._next_at = 0.0
        self._closed_until = 0.0
        self._pause = FIRST_PAUSE
        self._epoch = 0
        self._began: float | None = None
        self._accepted = 0
        self._trying = False

    def take(self, now: float) -> tuple[float, int]:
        """Ask to send a call: return (seconds to wait before asking again, 0 to send now; the epoch to report with)."""
        if now < self._closed_until:
            return self._closed_until - now, self._epoch
        if self._closed_until and self._trying:
            # One call is trying whether the API takes calls again; the others wait for what it learns.
            return 0.05, self._epoch
        if now < self._next_at:
            return self._next_at - now, self._epoch
        if self._closed_until:
            self._trying = True
        if self._began is None:
            self._began = now
        if self._rate is not None:
            self._next_at = max(self._next_at, now - 1.0 / self._rate) + 1.0 / self._rate
        return 0.0, self._epoch

    def accepted(self, now: float, epoch: int) -> None:
        """A call was not refused for its pace."""
        if epoch != self._epoch:
            return
        if self._closed_until and self._trying:
            self._reopen(now)
        self._accepted += 1
        self._pause = FIRST_PAUSE
        if self._rate is not None and self._fixed is None and self._accepted % PROBATION == 0:
            self._rate *= 1.05

    def refused(self, now: float, epoch: int, retry_after: float | None) -> None:
        """A call came back with 429. Calls that were under way together count as one refusal."""
        if epoch != self._epoch:
            return
        if retry_after is None:
            wait = self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        else:
            wait = max(retry_after, 0.05)
        self._epoch += 1
        self._trying = False
        self._closed_until = now + wait

    def _reopen(self, now: float) -> None:
        elapsed = max(now - (self._began if self._began is not None else now), 0.05)
        measured = max(self._accepted, 1) / elapsed
        if self._fixed is None:
            self._rate = measured * MARGIN if self._rate is None else min(measured, self._rate) * MARGIN
            self._next_at = now + 1.0 / self._rate
        self._closed_until = 0.0
        self._trying = False
        self._began, self._accepted = now, 0
