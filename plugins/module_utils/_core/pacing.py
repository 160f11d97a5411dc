# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast to call: as fast as the API lets, slower once it objects. No clock: the time is an input, in seconds.

Nobody tells us the limit, only a 429 says that we are over it. So a run begins freely, apart from a gentle start that
keeps a first 429 from hitting all threads at once, and measures when the first 429 comes: what was accepted in the last
second, ten seconds or minute, whichever of these the API turns out to count in. From then on calls are spread evenly.
"""

from __future__ import annotations

from collections import deque

#: Limits are counted in one of these, in seconds. A limit that is none of them is found by growing.
WINDOWS = (1.0, 10.0, 60.0)
#: We stay below what we measured: calls that were sent evenly do not arrive quite so.
MARGIN = 0.97
#: A rate grows after so many calls without a refusal, and twice as many after each time that it proved right.
PROBATION = 100
LONGEST_PROBATION = 800
#: What so few calls say is hardly known: try twice as much soon.
FEW = 4
#: The gentle start: the first calls go two at a time, one more with every 16 of them, or else this gap apart, which
#: shrinks to nothing within the first 40 calls. An API without a limit loses 0.3 seconds of a run at most.
FIRST_GAP = 0.015
GENTLE_CALLS = 40
FIRST_TOGETHER = 2
ONE_MORE_AFTER = 16
NAP = 0.005
#: The shortest pause after a refusal, and how often those who wait for another's try look again.
SHORTEST_PAUSE = 0.1
GLANCE = 0.05
#: A try that was never reported does not keep everybody waiting for longer than this.
PATIENCE = 30.0


class Pace:
    """The shared pace of all threads of a run.

    ``fixed`` is a rate in calls a second that is never exceeded; unset, the rate is found as described above. After
    a refusal all wait, one call tries, and when it passes the others follow at a corrected rate.
    """

    def __init__(self, fixed: float | None = None) -> None:
        self._fixed = fixed
        self._rate = fixed
        self._next_at = 0.0
        self._tickets = 0
        #: What is under way: when each call was sent, in which period, and at which rate if that held it back.
        self._flying: dict[int, tuple[float, int, float | None]] = {}
        #: A period lasts from one opening to the next; it ends in a refusal. These are about the current one.
        self._period = 0
        self._opened_at: float | None = None
        self._refused_at: float | None = None
        self._last_refused_at = 0.0
        self._accepted = 0
        #: When the calls before the first refusal were sent.
        self._log: deque[float] = deque()
        self._shut = False
        self._closed_until = 0.0
        self._asked_to_wait = False
        self._tries = 0
        self._try: tuple[int, float] | None = None
        #: Growth: calls that passed at this rate, how many are needed, by how much, and the rate before.
        self._passed = 0
        self._proven_at = 0.0
        self._probation = PROBATION
        self._growth = 1.05
        self._before_growth: float | None = None

    def take(self, now: float) -> tuple[float, int]:
        """Ask to send: return (seconds to wait before asking again, 0 to send now; the ticket to report with)."""
        wait = self._wait(now)
        if wait > 0:
            return wait, 0
        self._tickets += 1
        self._flying[self._tickets] = (now, self._period, self._use(now))
        if self._opened_at is None:
            self._opened_at = now
        if self._shut:
            self._try = (self._tickets, now)
        return 0.0, self._tickets

    def _use(self, now: float) -> float | None:
        """Count a call that is sent now; return the rate if it is what calls wait for."""
        if self._rate is None:
            self._next_at = max(now, self._next_at) + FIRST_GAP * max(0.0, 1 - self._tickets / GENTLE_CALLS)
            return None
        gap = 1.0 / self._rate
        pressed = now - self._next_at < gap
        # Threads wake up a little late, which may be made up for; a fixed rate is a promise.
        late = 0.1 * gap if self._fixed is None else 0.0
        self._next_at = max(self._next_at, now - late) + gap
        return self._rate if pressed else None

    def _wait(self, now: float) -> float:
        if now < self._closed_until:
            return self._closed_until - now
        if self._shut:
            waiting = self._try is not None and now - self._try[1] < PATIENCE
            return GLANCE if waiting else 0.0
        wait = max(0.0, self._next_at - now)
        if self._rate is None:
            together = FIRST_TOGETHER + self._tickets // ONE_MORE_AFTER
            return min(wait, NAP) if len(self._flying) >= together else 0.0
        return wait

    def accepted(self, now: float, ticket: int) -> None:
        """A call was not refused for its pace."""
        if ticket not in self._flying:
            return
        sent, period, rate = self._flying.pop(ticket)
        if self._try is not None and ticket == self._try[0]:
            self._open(sent, now)
            return
        if period != self._period:
            return
        self._accepted += 1
        if period == 0:
            self._log.append(sent)
            while self._log[0] <= sent - WINDOWS[-1]:
                self._log.popleft()
        if rate is not None and rate == self._rate and not self._shut:
            self._passed += 1
            if self._passed >= self._probation and sent >= self._proven_at:
                self._grow(rate, now)

    def refused(self, now: float, ticket: int, retry_after: float | None) -> None:
        """A call came back with 429. Calls that were under way together count as one refusal."""
        if ticket not in self._flying:
            return
        _sent, period, _rate = self._flying.pop(ticket)
        tried = self._try is not None and ticket == self._try[0]
        if not tried and (self._shut or period != self._period):
            return
        if tried:
            self._tries += 1
        else:
            self._tries, self._refused_at = 0, now
        self._shut, self._try = True, None
        self._asked_to_wait = retry_after is not None
        if retry_after is None:
            self._closed_until = max(self._next_try(now), now + SHORTEST_PAUSE)
        else:
            self._closed_until = now + max(retry_after, SHORTEST_PAUSE * 2 ** min(self._tries, 8))

    # After a refusal

    def _next_try(self, now: float) -> float:
        """Return when to try again: soon where a rate was only a little too high, then after each window in turn."""
        refused_at = self._refused_at or now
        pauses = [*WINDOWS] if self._period == 0 else [MARGIN / self._corrected(self._rate or 1.0), *WINDOWS]
        if self._tries < len(pauses):
            return refused_at + pauses[self._tries] / MARGIN
        return now + (now - refused_at) / 2

    def _open(self, sent: float, now: float) -> None:
        """The call that tried has passed: go on at the rate that this period teaches."""
        refused_at, opened_at = self._refused_at or sent, self._opened_at or sent
        if self._rate is None or self._period == 0:
            rate = self._measured(sent, refused_at, opened_at)
        else:
            rate = self._corrected(self._rate)
            if not self._asked_to_wait and sent - refused_at > WINDOWS[0] / MARGIN + SHORTEST_PAUSE:
                # It took several tries: what counts is what was accepted in all that time.
                rate = min(rate, max(1, self._accepted) / (sent - opened_at))
            proven = self._before_growth is not None and self._probation >= PROBATION
            self._probation = min(2 * self._probation, LONGEST_PROBATION) if proven else PROBATION
            self._growth = 1.05
        self._rate = rate if self._fixed is None else min(rate, self._fixed)
        self._before_growth = None
        self._period += 1
        self._last_refused_at, self._opened_at = refused_at, sent
        self._accepted, self._passed = 1, 0
        self._proven_at = now + WINDOWS[0] / MARGIN
        self._shut, self._try, self._closed_until = False, None, 0.0
        self._next_at = max(now, sent + 1.0 / self._rate)

    def _measured(self, sent: float, refused_at: float, opened_at: float) -> float:
        """Return the rate after the first refusal: what one window held, over that window."""
        windows = []
        for window in WINDOWS:
            inside = [moment for moment in self._log if moment > refused_at - window]
            windows.append((window, len(inside), inside[0] if inside else refused_at))
        if self._asked_to_wait:
            # Told to wait until then, in whole seconds: the first window that reaches so far.
            fitting = [one for one in windows if one[2] + one[0] >= sent - 1.05] or windows[-1:]
            window, count, _oldest = fitting[0]
        else:
            window, count, _oldest = windows[min(self._tries, len(windows) - 1)]
            if self._tries >= len(windows):
                window = sent - opened_at
        if count <= FEW:
            self._probation, self._growth = FEW // 2, 2.0
        return max(1, count) / window * MARGIN

    def _corrected(self, rate: float) -> float:
        """Return the rate after another refusal."""
        refused_at, opened_at = self._refused_at or 0.0, self._opened_at or 0.0
        if self._before_growth is not None and self._passed < 1.5 * rate + 2:
            # It was right before it grew.
            return self._before_growth * MARGIN
        accepted, open_for = max(1, self._accepted), refused_at - opened_at
        whole = accepted / (refused_at - self._last_refused_at)
        if open_for >= 2 * WINDOWS[0]:
            return max(0.8 * rate, min(MARGIN * rate, whole))
        # Refused soon: far off. A limit that is counted by the second had nothing left before we opened.
        return min(rate, max(whole, accepted / max(open_for, WINDOWS[0]))) * MARGIN

    def _grow(self, rate: float, now: float) -> None:
        self._before_growth = rate
        self._proven_at = now + WINDOWS[0] / MARGIN
        grown = rate * self._growth
        self._rate = grown if self._fixed is None else min(grown, self._fixed)
        # Nothing was refused: the rate may be far too low, so each step is larger than the last.
        self._growth = min(1 + 2 * (self._growth - 1), 2.0)
        self._passed = 0
