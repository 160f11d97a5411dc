# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast to call: as fast as the API lets, slower once it objects. No clock: the time is an input, in seconds.

Nobody tells us the limit, only a 429 says that we are over it. So a run goes through these steps:

1. Begin freely: only the very first calls go two at a time, so that a low limit refuses two and not all threads. A run
   that is known to be long can afford some more.
2. At the first 429 everybody stops. One call tries again: when the API said so (``Retry-After``), or else after a
   second, ten seconds, a minute.
3. When it passes, the pause tells in what the API counts, and what was accepted in so long a time is the rate, less a
   margin. From then on calls are spread evenly.
4. A further 429 lowers the rate to what was accepted meanwhile; many calls without one raise it a little.

The constants were chosen with the simulation in ``tests/unit/test_core_pacing.py``, which holds the figures.
"""

from __future__ import annotations

from typing import NamedTuple

#: Limits are counted in one of these, in seconds. A limit that is none of them is found by growing.
WINDOWS = (1.0, 10.0, 60.0)
#: We stay below what we measured: calls that were sent evenly do not arrive quite so.
MARGIN = 0.97
#: The first calls go two at a time, then one more with each call. It costs a run without a limit the time of three
#: calls.
TOGETHER = 2
GENTLE_CALLS = 11
#: In a long run more go together from the beginning: so large a share of all its calls may be refused at once.
SHARE = 0.03
#: A call that takes longer keeps no other back: two that hang must not hold up a run.
SLOW = 0.5
#: A rate grows after so many calls without a refusal, by this factor, and by twice as much each further time; after
#: more calls where growing was a mistake before.
PROBATION = 100
LONG_PROBATION = 800
GROWTH = 1.05
#: What so few calls say is hardly known: try twice as much as soon as they have passed again.
FEW = 4
#: The shortest pause after a refusal; how often those who wait for another call look again.
SHORTEST_PAUSE = 0.1
GLANCE = 0.05
NAP = 0.005
#: A try that was never answered does not keep everybody waiting for longer than this.
PATIENCE = 30.0
#: Runs that were refused together come back apart, by at most this part of the pause.
SPREAD = 0.1


class _Call(NamedTuple):
    """A call that is under way. ``rate``: the one that held it back, None where none did."""

    sent: float
    period: int
    rate: float | None
    counted: bool


class Pace:
    """The shared pace of all threads of a run; the caller has the lock.

    ``fixed`` is a rate in calls a second that is never exceeded; unset, the rate is found. ``jitter``, from 0 to 1, is
    another one for each run: how much later than others it tries again. Each call is taken, and then
    reported once: as ``accepted``, ``refused`` or ``uncounted``.
    """

    def __init__(self, fixed: float | None = None, jitter: float = 0.0) -> None:
        self._fixed = fixed
        self._jitter = jitter
        self._rate = fixed
        self._next_at = 0.0
        self._tickets = 0
        self._together = TOGETHER
        self._flying: dict[int, _Call] = {}
        #: A period lasts from one opening to the next; it ends in a refusal. These are about the current one.
        self._period = 0
        self._opened_at = 0.0
        self._refused_at = 0.0
        self._accepted = 0
        #: The refusal before, and when the calls before the first one were sent.
        self._last_refused_at = 0.0
        self._log: list[float] = []
        #: After a refusal: closed for all until then; afterwards one call, the try, goes alone.
        self._shut = False
        self._closed_until = 0.0
        self._asked_to_wait = False
        self._tries = 0
        self._try: tuple[int, float] | None = None
        #: Growth: calls that passed at this rate; how many are needed, and until when, since a limit that is counted
        #: by the minute is felt after a minute; the rate before.
        self._window = WINDOWS[0]
        self._passed = 0
        self._proven_at = 0.0
        self._probation = PROBATION
        self._growth = GROWTH
        self._before_growth: float | None = None

    def expect(self, calls: int) -> None:
        """So many calls are about to come: the first of them go together as far as a limit would still refuse few."""
        self._together = max(TOGETHER, int(SHARE * calls))

    def take(self, now: float, counted: bool = True) -> tuple[float, int]:
        """Ask to send: return (seconds to wait before asking again, 0 to send now; the ticket to report with).

        ``counted``: the API counts the call. What it does not count keeps no other call back.
        """
        wait = self._wait(now)
        if wait > 0:
            return wait, 0
        self._tickets += 1
        self._flying[self._tickets] = _Call(now, self._period, self._use(now), counted)
        if self._tickets == 1:
            self._opened_at = now
        if self._shut:
            self._try = (self._tickets, now)
        return 0.0, self._tickets

    def _wait(self, now: float) -> float:
        if now < self._closed_until:
            return self._closed_until - now
        if self._shut:
            waiting = self._try is not None and now - self._try[1] < PATIENCE
            return GLANCE if waiting else 0.0
        if self._rate is None:
            together = sum(call.counted and now - call.sent < SLOW for call in self._flying.values())
            return NAP if together >= self._together + max(0, self._tickets - GENTLE_CALLS) else 0.0
        return max(0.0, self._next_at - now)

    def _use(self, now: float) -> float | None:
        """Count a call that is sent now; return the rate if it is what calls wait for."""
        if self._rate is None:
            return None
        gap = 1.0 / self._rate
        pressed = now - self._next_at < gap
        # Threads wake up a little late, which may be made up for; a fixed rate is a promise.
        late = 0.1 * gap if self._fixed is None else 0.0
        self._next_at = max(self._next_at, now - late) + gap
        return self._rate if pressed else None

    def accepted(self, now: float, ticket: int) -> None:
        """A call was not refused for its pace."""
        call = self._flying.pop(ticket, None)
        if call is None:
            return
        if self._try is not None and ticket == self._try[0]:
            self._open(call.sent, now)
        elif call.period == self._period:
            self._accepted += 1
            if self._period == 0:
                self._log.append(call.sent)
            if call.rate is not None and call.rate == self._rate and not self._shut:
                self._prove(call, now)

    def uncounted(self, ticket: int) -> None:
        """A call was not sent after all, or is none that the API counts: it says nothing about the pace."""
        self._flying.pop(ticket, None)
        if self._try is not None and ticket == self._try[0]:
            self._try = None

    def refused(self, now: float, ticket: int, retry_after: float | None) -> None:
        """A call came back with 429. Calls that were under way together count as one refusal."""
        call = self._flying.pop(ticket, None)
        tried = self._try is not None and ticket == self._try[0]
        if call is None or not tried and (self._shut or call.period != self._period):
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
        self._closed_until += self._jitter * SPREAD * (self._closed_until - now)

    # After a refusal

    def _next_try(self, now: float) -> float:
        """Return when to try again: after each window in turn, then less and less often."""
        if self._tries < len(WINDOWS):
            return self._refused_at + WINDOWS[self._tries] / MARGIN
        return now + (now - self._refused_at) / 2

    def _open(self, sent: float, now: float) -> None:
        """The call that tried has passed: go on at the rate that this period teaches."""
        mistaken = self._before_growth is not None and self._probation >= PROBATION
        self._probation, self._growth = LONG_PROBATION if mistaken else PROBATION, GROWTH
        if not self._asked_to_wait:
            self._window = max(self._window, WINDOWS[min(self._tries, len(WINDOWS) - 1)])
        known = self._rate if self._period else None
        rate = self._measured(sent) if known is None else self._corrected(known)
        self._rate = rate if self._fixed is None else min(rate, self._fixed)
        self._before_growth = None
        self._period += 1
        self._last_refused_at, self._opened_at = self._refused_at, sent
        self._accepted, self._passed = 1, 0
        self._proven_at = now + self._window / MARGIN
        self._shut, self._try, self._closed_until = False, None, 0.0
        self._next_at = max(now, sent + 1.0 / self._rate)

    def _measured(self, sent: float) -> float:
        """Return the rate after the first refusal: what one window held, over that window."""
        inside = [[moment for moment in self._log if moment > self._refused_at - window] for window in WINDOWS]
        number = min(self._tries, len(WINDOWS) - 1)
        if self._asked_to_wait:
            # Told to wait until then, in whole seconds: the first window that reaches so far.
            ends = [(moments[0] if moments else self._refused_at) + window for window, moments in zip(WINDOWS, inside)]
            number = next((index for index, end in enumerate(ends) if end >= sent - 1.05), len(WINDOWS) - 1)
        window = self._window = WINDOWS[number]
        if not self._asked_to_wait and self._tries >= len(WINDOWS):
            # None of the windows: what counts is what was accepted in all that time.
            window = sent - self._opened_at
        count = len(inside[number])
        if count <= FEW:
            self._probation, self._growth = FEW // 2, 2.0
        return max(1, count) / window * MARGIN

    def _corrected(self, rate: float) -> float:
        """Return the rate after another refusal."""
        if self._before_growth is not None and self._passed < 1.5 * rate + 2:
            # It was right before it grew.
            return self._before_growth * MARGIN
        accepted, open_for = max(1, self._accepted), self._refused_at - self._opened_at
        whole = accepted / (self._refused_at - self._last_refused_at)
        if open_for >= 2 * WINDOWS[0]:
            return max(0.8 * rate, min(MARGIN * rate, whole))
        # Refused soon: far off. A limit that is counted by the second had nothing left before we opened.
        return min(rate, max(whole, accepted / max(open_for, WINDOWS[0]))) * MARGIN

    # While nothing is refused

    def _prove(self, call: _Call, now: float) -> None:
        """A call has passed at the present rate: enough of them, and the rate may grow."""
        self._passed += 1
        if self._passed < self._probation or call.sent < self._proven_at or self._rate is None:
            return
        self._before_growth = self._rate
        self._proven_at = now + self._window / MARGIN
        grown = self._rate * self._growth
        self._rate = grown if self._fixed is None else min(grown, self._fixed)
        # Nothing was refused: the rate may be far too low, so each step is larger than the last.
        self._growth = min(1 + 2 * (self._growth - 1), 2.0)
        self._probation = min(self._probation, PROBATION)
        self._passed = 0
