# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of many threads against an API with a limit, on a clock that is only a number: exact, repeatable, at once.

The limits are those of the simulator, which read this clock.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.cloudops.ovh.plugins.module_utils._core.pacing import Pace
from tests.simulator.clock import Clock
from tests.simulator.errors import ApiError
from tests.simulator.ratelimit import RateLimit


class FakeClock(Clock):
    """Time as the simulation tells it."""

    now_at = 0.0

    def elapsed(self) -> float:
        return self.now_at


class Unlimited(Pace):
    """No pace at all, to compare with."""

    def take(self, now: float) -> tuple[float, int]:
        return 0.0, 1

    def accepted(self, now: float, ticket: int) -> None:
        pass


@dataclass(frozen=True)
class Limit:
    """What the API allows: ``calls`` in ``per`` seconds, counted as ``kind``; ``hints``: it sends Retry-After."""

    calls: int
    per: float
    hints: bool = True
    kind: str = "window"


@dataclass
class Ran:
    """How it went: ``taken`` and ``sent`` say when each call was allowed and when it came, the refused ones included;
    ``most`` is how often one call was refused at most."""

    seconds: float = 0.0
    refused: int = 0
    most: int = 0
    taken: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)


class _World:
    """One simulation. Everything that happens is an event: a time, what, and its facts."""

    def __init__(self, limit: Limit | None, calls: int, latency: float, seed: int) -> None:
        self.clock = FakeClock()
        self.chance = random.Random(seed)
        self.ran = Ran()
        self.left = calls
        self.done = 0
        #: What a call that passed leads to.
        self.answered: Callable[[Pace], None] = self.begin
        self._latency = latency
        self._events: list[tuple[float, int, str, tuple[Any, ...]]] = []
        self._order = itertools.count()
        self.limit(limit)

    def limit(self, limit: Limit | None) -> None:
        self._api = None
        if limit is not None:
            self._api = RateLimit(self.clock, limit.calls, limit.per, retry_after=limit.hints, kind=limit.kind)

    def later(self, seconds: float, what: str, *facts: Any) -> None:
        heapq.heappush(self._events, (self.clock.now_at + seconds, next(self._order), what, facts))

    def begin(self, pace: Pace) -> None:
        """A thread begins its next call, if there is one."""
        if self.left:
            self.left -= 1
            self.later(0.0, "ask", pace, 0)

    def play(self) -> None:
        while self._events:
            self.clock.now_at, _order, what, facts = heapq.heappop(self._events)
            getattr(self, "_" + what)(*facts)

    def _ask(self, pace: Pace, refusals: int) -> None:
        now = self.clock.now_at
        wait, ticket = pace.take(now)
        if wait:
            # Threads wake up a little late.
            self.later(wait + self.chance.uniform(0.0, 0.002), "ask", pace, refusals)
            return
        self.ran.taken.append(now)
        self.later(self._latency * self.chance.uniform(0.2, 0.4), "arrive", pace, refusals, ticket)

    def _arrive(self, pace: Pace, refusals: int, ticket: int) -> None:
        self.ran.sent.append(self.clock.now_at)
        refusal = None
        try:
            if self._api is not None:
                self._api.check("the key")
        except ApiError as error:
            refusal = error
        self.later(self._latency * self.chance.uniform(0.5, 0.9), "answer", pace, refusals, ticket, refusal)

    def _answer(self, pace: Pace, refusals: int, ticket: int, refusal: ApiError | None) -> None:
        now = self.clock.now_at
        if refusal is None:
            self.done += 1
            self.ran.seconds = now
            pace.accepted(now, ticket)
            self.answered(pace)
            return
        self.ran.refused += 1
        self.ran.most = max(self.ran.most, refusals + 1)
        hint = refusal.headers.get("Retry-After")
        pace.refused(now, ticket, float(hint) if hint else None)
        self.later(0.0, "ask", pace, refusals + 1)


def run(
    paces: Pace | Sequence[Pace],
    limit: Limit | None,
    calls: int,
    threads: int = 10,
    latency: float = 0.1,
    *,
    first: int = 5,
    raised_to: int | None = None,
    seed: int = 1,
) -> Ran:
    """Send so many calls, with so many threads for each pace.

    ``first``: so many go one after the other, as those do that a run reads with, and its first write. ``latency``: how
    long a call takes in the mean, in seconds. ``raised_to``: what the limit is once a tenth of all calls has passed.
    """
    world = _World(limit, calls, latency, seed)
    runs = [paces] if isinstance(paces, Pace) else list(paces)

    def answered(pace: Pace) -> None:
        if world.done == calls // 10 and raised_to is not None and limit is not None:
            world.limit(Limit(raised_to, limit.per, limit.hints, limit.kind))
        if world.done == first * len(runs):
            for one in runs:
                for _thread in range(threads - 1):
                    world.begin(one)
        world.begin(pace)

    world.answered = answered
    for pace in runs:
        world.begin(pace)
    world.play()
    return world.ran
