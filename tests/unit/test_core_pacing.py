# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of calls, on a clock that is only a number: how near to the ideal time, and how many calls are refused.

The ideal is calls / rate. ``tests/support/throttled.py`` plays the threads and an API with the simulator's limits.
"""

from __future__ import annotations

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.pacing import (
    MARGIN,
    PATIENCE,
    PROBATION,
    SHORTEST_PAUSE,
    Pace,
)
from tests.support.throttled import Limit, Ran, Unlimited, run

HINTS = pytest.mark.parametrize("hints", [True, False], ids=["retry-after", "no-hint"])
SEEDS = range(3)
#: What 60 creations cost: users, roles, the rights of the key, and the list that confirms.
SIXTY = 64


def refused_share(ran: Ran) -> float:
    """The part of all calls that was refused."""
    return ran.refused / len(ran.sent)


# How near to the ideal


@HINTS
@pytest.mark.parametrize("latency", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("threads", [1, 4, 10, 30])
def test_sixty_creations_at_eight_calls_a_second(hints: bool, threads: int, latency: float) -> None:
    for seed in SEEDS:
        ran = run(Pace(), Limit(8, 1, hints), SIXTY, threads, latency, seed=seed)
        ideal = max(SIXTY / 8, SIXTY * latency / threads)
        assert ran.seconds <= 1.15 * ideal
        assert refused_share(ran) < 0.05
        assert ran.most == 1, "no call is refused twice"


@HINTS
@pytest.mark.parametrize("kind", ["window", "bucket"])
@pytest.mark.parametrize(
    ("calls", "per", "number"),
    [(2, 1, 205), (3, 1, 205), (5, 1, 205), (8, 1, 400), (20, 1, 400), (50, 1, 1000), (40, 10, 400), (100, 10, 1000)]
    + [(60, 60, 400), (120, 60, 600), (300, 60, 1000), (600, 60, 2000)],
)
def test_any_limit_by_the_second_or_by_the_minute(calls: int, per: float, number: int, kind: str, hints: bool) -> None:
    """A run that is long enough for the first refusals, as many as calls were under way, to be few."""
    for seed in SEEDS:
        ran = run(Pace(), Limit(calls, per, hints, kind), number, seed=seed)
        assert ran.seconds <= 1.25 * number * per / calls
        assert refused_share(ran) < 0.05
        assert ran.most <= 3


@HINTS
@pytest.mark.parametrize(("calls", "per"), [(2, 1), (5, 1), (8, 1), (20, 1), (60, 60)])
def test_a_run_that_is_known_to_be_long_begins_faster_and_few_are_refused(calls: int, per: float, hints: bool) -> None:
    for seed in SEEDS:
        pace = Pace()
        pace.expect(400)
        ran = run(pace, Limit(calls, per, hints), 400, latency=0.1, seed=seed)
        assert refused_share(ran) < 0.05
        assert ran.seconds <= 1.25 * max(400 * per / calls, 400 * 0.1 / 10)


def test_a_long_run_without_a_limit_is_not_slowed_down() -> None:
    pace = Pace()
    pace.expect(400)
    paced, free = (run(one, None, 400, latency=0.1) for one in (pace, Unlimited()))
    assert paced.seconds <= free.seconds + 0.1


@pytest.mark.parametrize(("calls", "together"), [(0, 2), (60, 2), (100, 3), (200, 6), (300, 9)])
def test_the_first_calls_of_a_longer_run_go_more_at_a_time(calls: int, together: int) -> None:
    pace = Pace()
    pace.expect(calls)
    assert [pace.take(0.0)[0] == 0 for _call in range(together + 1)] == [True] * together + [False]


def test_a_call_that_is_not_counted_keeps_no_other_back() -> None:
    pace = Pace()
    assert [pace.take(0.0, counted)[0] for counted in (False, True, False, True)] == [0.0] * 4
    assert pace.take(0.0)[0] > 0


@pytest.mark.parametrize(("calls", "per"), [(15, 5), (30, 3), (1, 2)])
@HINTS
def test_a_limit_of_an_odd_kind_is_found_by_growing(calls: int, per: float, hints: bool) -> None:
    ran = run(Pace(), Limit(calls, per, hints), 1000)
    assert ran.seconds <= 3.5 * 1000 * per / calls
    assert refused_share(ran) < 0.05


def test_two_runs_that_share_a_limit_share_it_to_the_full() -> None:
    """Each finds what the other leaves. A third run may come and go as well."""
    ran = run([Pace(), Pace()], Limit(8, 1, False), 400)
    assert ran.seconds <= 1.3 * 400 / 8
    assert refused_share(ran) < 0.05


@pytest.mark.parametrize("latency", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("number", [20, 60, 205])
def test_an_api_without_a_limit_is_hardly_slowed_down(number: int, latency: float) -> None:
    for seed in SEEDS:
        paced = run(Pace(), None, number, latency=latency, seed=seed)
        free = run(Unlimited(), None, number, latency=latency, seed=seed)
        assert paced.seconds - free.seconds <= 0.02 + 3 * latency
        assert paced.refused == 0


def test_calls_that_hang_keep_no_other_back() -> None:
    pace = Pace()
    assert [pace.take(0.0)[0], pace.take(0.0)[0]] == [0.0, 0.0]
    assert pace.take(0.1)[0] > 0
    assert pace.take(1.0)[0] == 0


# After a refusal


def test_nothing_is_sent_before_the_api_allows_it_and_then_one_call_goes_alone() -> None:
    pace = Pace()
    tickets = [pace.take(0.0)[1], pace.take(0.0)[1]]
    for ticket in tickets:
        pace.refused(0.1, ticket, 5.0)
    assert pace.take(0.2)[0] == pytest.approx(4.9)
    assert pace.take(5.0)[0] > 0
    wait, ticket = pace.take(5.1)
    assert wait == 0
    assert pace.take(5.15)[0] > 0, "others wait for what becomes of it"
    pace.accepted(5.2, ticket)
    assert pace.take(5.2)[0] > 0, "and then go at the rate that was found"
    assert pace.take(16.0)[0] == 0


@pytest.mark.parametrize("hint", [None, 5.0])
def test_runs_that_were_refused_together_come_back_apart(hint: float | None) -> None:
    waits = []
    for jitter in (0.0, 0.5, 1.0):
        pace = Pace(jitter=jitter)
        pace.refused(0.0, pace.take(0.0)[1], hint)
        waits.append(pace.take(0.0)[0])
    assert waits == [pytest.approx(waits[0] * factor) for factor in (1.0, 1.05, 1.1)]


@pytest.mark.parametrize("jitter", [0.5, 1.0])
def test_coming_back_late_costs_little(jitter: float) -> None:
    ran = run(Pace(jitter=jitter), Limit(8, 1, hints=False), SIXTY)
    assert ran.seconds <= 1.15 * SIXTY / 8
    assert refused_share(ran) < 0.05


@pytest.mark.parametrize(("hint", "most"), [(None, 10), (0.0, 40), (1.0, 40), (30.0, 10)])
def test_an_api_that_never_relents_is_asked_less_and_less(hint: float | None, most: int) -> None:
    """By one call at a time, in the five minutes that a call may take."""
    pace, now, tries = Pace(), 0.0, 0
    while now < 300:
        wait, ticket = pace.take(now)
        assert 0 <= wait <= 300
        if wait:
            now += wait
            continue
        tries += 1
        pace.refused(now, ticket, hint)
        assert pace.take(now)[0] >= 0.99 * SHORTEST_PAUSE
    assert 3 < tries <= most


def test_a_try_without_an_answer_does_not_keep_everybody_waiting() -> None:
    pace = Pace()
    pace.refused(0.0, pace.take(0.0)[1], 1.0)
    assert pace.take(1.0) == (0.0, 2)
    assert pace.take(1.0 + PATIENCE - 1)[0] > 0
    assert pace.take(1.0 + PATIENCE) == (0.0, 3)


def test_a_try_that_was_not_sent_leaves_its_turn_to_the_next() -> None:
    pace = Pace()
    pace.refused(0.0, pace.take(0.0)[1], 1.0)
    _wait, ticket = pace.take(1.0)
    pace.uncounted(ticket)
    assert pace.take(1.0) == (0.0, 3)


def test_what_the_api_does_not_count_does_not_count() -> None:
    """Five calls a second, not ten: the others were not sent, or without the keys that the API counts by."""
    pace = Pace()
    for number in range(10):
        _wait, ticket = pace.take(0.1 * number)
        if number % 2:
            pace.uncounted(ticket)
        else:
            pace.accepted(0.1 * number, ticket)
    pace.refused(0.99, pace.take(0.99)[1], None)
    at = 0.99 + 1 / MARGIN
    pace.accepted(at, pace.take(at)[1])
    assert pace.take(at)[0] == pytest.approx(1 / (5 * MARGIN))


def test_a_refusal_out_of_the_blue_is_forgotten_soon() -> None:
    """Another program had used up the limit when the first call came: its size is not known yet."""
    pace = Pace()
    pace.refused(0.0, pace.take(0.0)[1], 1.0)
    now, sent = 1.0, 0
    while now < 20:
        wait, ticket = pace.take(now)
        if wait:
            now += wait
            continue
        sent += 1
        pace.accepted(now, ticket)
        # An answer takes no time here, and there is one thread.
        now += 0.001
    assert sent > 300


def test_a_limit_that_was_raised_is_found_step_by_step() -> None:
    ran = run(Pace(), Limit(8, 1, False), 60)
    assert ran.seconds > 7
    relieved = run(Pace(), Limit(8, 1, False), 30 * PROBATION, raised_to=40)
    assert relieved.seconds < 0.7 * 30 * PROBATION / 8
    assert refused_share(relieved) < 0.05


# A rate that is given


@HINTS
@pytest.mark.parametrize("rate", [0.5, 1.0, 8.0, 100.0])
def test_a_fixed_rate_is_never_exceeded(rate: float, hints: bool) -> None:
    """Also where the API objects to it, and then lets more through."""
    for limit in (None, Limit(max(1, int(rate / 2)), 1, hints), Limit(int(rate * 4) + 1, 1, hints)):
        for threads in (1, 10):
            taken = run(Pace(rate), limit, 100, threads, 0.1).taken
            gaps = [later - earlier for earlier, later in zip(taken, taken[1:])]
            assert min(gaps) >= 1 / rate - 1e-9


def test_a_fixed_rate_below_the_limit_is_never_refused() -> None:
    ran = run(Pace(7.5), Limit(8, 1), SIXTY)
    assert ran.refused == 0
    assert ran.seconds <= 1.05 * SIXTY / 7.5
