# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of calls, step by step: what follows from each answer. ``test_core_pacing.py`` looks at whole runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.pacing import (
    FEW,
    GENTLE_CALLS,
    GLANCE,
    GROWTH,
    MARGIN,
    NAP,
    PATIENCE,
    PROBATION,
    SHORTEST_PAUSE,
    SLOW,
    SPREAD,
    TOGETHER,
    Pace,
)


def free(pace: Pace, now: float, most: int = 40) -> int:
    """How many calls may be sent at once, at most so many."""
    return next((number for number in range(most) if pace.take(now)[0]), most)


@pytest.mark.parametrize(("before", "together"), [(0, 2), (1, 2), (GENTLE_CALLS - 2, 2), (GENTLE_CALLS - 1, 40)])
def test_the_first_calls_go_two_at_a_time_and_then_freely(before: int, together: int) -> None:
    pace = Pace()
    for number in range(before):
        pace.accepted(0.0, pace.take(0.001 * number)[1])
    assert free(pace, 0.1) == together


def test_what_waits_for_others_looks_again_soon() -> None:
    pace = Pace()
    assert [pace.take(0.0) for _call in range(4)] == [(0.0, 1), (0.0, 2), (NAP, 0), (NAP, 0)]
    assert pace.take(SLOW - 0.01) == (NAP, 0)
    assert pace.take(SLOW) == (0.0, 3)


def refused(pace: Pace, calls: Sequence[float], at: float, hint: float | None = None) -> float:
    """Let these calls pass and the next one be refused; return when to try again."""
    for moment in calls:
        pace.accepted(moment, pace.take(moment)[1])
    pace.refused(at, pace.take(at)[1], hint)
    return at + pace.take(at)[0]


def tried(pace: Pace, at: float, hint: float | None = None) -> float:
    """Try again, in vain; return when to try after that."""
    wait, ticket = pace.take(at)
    assert wait == 0
    pace.refused(at, ticket, hint)
    return at + pace.take(at)[0]


def opened(pace: Pace, at: float) -> float:
    """Try again, with success; return the rate in calls a second."""
    wait, ticket = pace.take(at)
    assert wait == 0
    pace.accepted(at, ticket)
    return 1 / pace.take(at)[0]


def test_without_a_hint_it_is_tried_after_each_window_and_then_less_and_less() -> None:
    pace = Pace()
    at = refused(pace, [0.0], 5.0)
    assert at == pytest.approx(5 + 1 / MARGIN)
    for expected in (5 + 10 / MARGIN, 5 + 60 / MARGIN):
        at = tried(pace, at)
        assert at == pytest.approx(expected)
    for _time in range(3):
        later = tried(pace, at)
        assert later - at == pytest.approx((at - 5) / 2)
        at = later


def test_a_hint_is_obeyed_and_grows_where_it_is_too_short() -> None:
    pace = Pace()
    at = refused(pace, [0.0], 1.0, 3.0)
    assert at == pytest.approx(4)
    assert tried(pace, at, 0.0) - at == pytest.approx(2 * SHORTEST_PAUSE)
    assert tried(pace, at + 1, 0.0) == pytest.approx(at + 1 + 4 * SHORTEST_PAUSE)
    pauses = [tried(pace, moment, 0.0) - moment for moment in range(100, 1100, 100)]
    assert pauses == pytest.approx([SHORTEST_PAUSE * 2 ** min(number, 8) for number in range(3, 13)])


#: Six calls in the last second, four more in the ten before, five more in the last minute.
CALLS = [10.0, 20.0, 30.0, 40.0, 45.0, 52.0, 53.0, 55.0, 57.0, 59.1, 59.2, 59.4, 59.6, 59.8, 59.9]


@pytest.mark.parametrize(("vain", "count", "window"), [(0, 6, 1), (1, 10, 10), (2, 15, 60)])
def test_the_pause_tells_the_window_and_the_window_the_rate(vain: int, count: int, window: float) -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0)
    for _time in range(vain):
        at = tried(pace, at)
    assert opened(pace, at) == pytest.approx(count / window * MARGIN)


@pytest.mark.parametrize(
    ("hint", "count", "window"),
    # Whole seconds: the first call of the window that holds was so long ago.
    [(1.0, 6, 1), (1.1, 6, 1), (1.2, 10, 10), (3.0, 10, 10), (3.1, 15, 60), (11.0, 15, 60), (100.0, 15, 60)],
)
def test_a_hint_tells_the_window_as_well(hint: float, count: int, window: float) -> None:
    pace = Pace()
    assert opened(pace, refused(pace, CALLS, 60.0, hint)) == pytest.approx(count / window * MARGIN)


def test_a_limit_of_no_window_is_what_was_accepted_in_all_that_time() -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0)
    for _time in range(3):
        at = tried(pace, at)
    assert opened(pace, at) == pytest.approx(len(CALLS) / (at - CALLS[0]) * MARGIN)


@pytest.mark.parametrize(("fixed", "calls", "rate"), [(0.5, 0, 0.5), (10.0, 6, 6 * MARGIN)])
def test_a_rate_that_is_given_is_kept_unless_less_is_let_through(fixed: float, calls: int, rate: float) -> None:
    pace = Pace(fixed)
    assert opened(pace, refused(pace, CALLS[len(CALLS) - calls :], 60.0)) == pytest.approx(rate)


def spread(pace: Pace, at: float, calls: int) -> tuple[float, list[float]]:
    """Send so many calls one after the other, each as soon as it may; return the time, and the gaps between them."""
    gaps = []
    for _call in range(calls):
        wait, ticket = pace.take(at)
        if wait:
            gaps.append(wait)
            at += wait
            _wait, ticket = pace.take(at)
        pace.accepted(at, ticket)
    return at, gaps


def test_calls_are_spread_evenly_and_a_rate_without_refusals_grows_step_by_step() -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0)
    rate = opened(pace, at)
    at, gaps = spread(pace, at, PROBATION)
    assert gaps == pytest.approx([1 / rate] * PROBATION)
    growth = GROWTH
    for _step in range(3):
        at, gaps = spread(pace, at, PROBATION)
        # A step grows by twice as much as the one before.
        rate, growth = rate * growth, 1 + 2 * (growth - 1)
        assert gaps[-1] == pytest.approx(1 / rate)


def test_a_rate_that_was_hardly_known_is_doubled_soon() -> None:
    pace = Pace()
    at = refused(pace, CALLS[-FEW:], 60.0)
    rate = opened(pace, at)
    assert rate == pytest.approx(FEW * MARGIN)
    _at, gaps = spread(pace, at, 12)
    assert min(gaps) < 0.6 / rate


def test_a_rate_that_was_wrong_to_grow_goes_back_and_is_left_alone_for_longer() -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0)
    rate = opened(pace, at)
    at, _gaps = spread(pace, at, PROBATION + 1)
    at += pace.take(at)[0]
    pace.refused(at, pace.take(at)[1], None)
    at += pace.take(at)[0]
    assert opened(pace, at) == pytest.approx(rate * MARGIN)
    at, gaps = spread(pace, at, 3 * PROBATION)
    assert gaps[-1] == pytest.approx(1 / (rate * MARGIN))


@pytest.mark.parametrize(("calls", "together"), [(0, TOGETHER), (60, TOGETHER), (100, 3), (300, 9)])
def test_in_a_long_run_more_go_together_from_the_beginning(calls: int, together: int) -> None:
    pace = Pace()
    pace.expect(calls)
    assert free(pace, 0.0) == together


def test_what_the_api_does_not_count_keeps_no_other_back() -> None:
    pace = Pace()
    assert [pace.take(0.0, counted=False)[1] for _call in range(5)] == [1, 2, 3, 4, 5]
    # Those are tickets as well, and let more go together.
    assert free(pace, 0.0) == TOGETHER


def test_a_call_that_was_not_sent_after_all_makes_room() -> None:
    pace = Pace()
    assert [pace.take(0.0)[1] for _call in range(3)] == [1, 2, 0]
    pace.uncounted(2)
    assert pace.take(0.0) == (0.0, 3)
    # It was none of ours, or was reported before.
    pace.uncounted(2)
    pace.accepted(0.0, 99)
    pace.refused(0.0, 99, None)
    assert pace.take(0.0) == (NAP, 0)


def test_a_try_that_was_not_sent_after_all_leaves_it_to_another() -> None:
    pace = Pace()
    at = refused(pace, [0.0], 1.0, 3.0)
    ticket = pace.take(at)[1]
    assert pace.take(at) == (GLANCE, 0)
    pace.uncounted(ticket - 1)
    assert pace.take(at) == (GLANCE, 0)
    pace.uncounted(ticket)
    assert pace.take(at) == (0.0, ticket + 1)


def test_a_try_that_is_never_answered_keeps_nobody_for_longer_than_that() -> None:
    pace = Pace()
    at = refused(pace, [0.0], 1.0, 3.0)
    ticket = pace.take(at)[1]
    assert pace.take(at + PATIENCE - 0.01) == (GLANCE, 0)
    assert pace.take(at + PATIENCE) == (0.0, ticket + 1)


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 3.0), (0.5, 3 + 1.5 * SPREAD), (1.0, 3 + 3 * SPREAD)])
def test_runs_that_were_refused_together_come_back_apart(jitter: float, pause: float) -> None:
    pace = Pace(jitter=jitter)
    assert refused(pace, [0.0], 1.0, 3.0) == pytest.approx(1 + pause)


def again(pace: Pace, at: float, calls: int) -> tuple[float, float]:
    """Send so many calls at the pace and let the next one be refused; return its time and the rate after it."""
    at, _gaps = spread(pace, at, calls)
    at += pace.take(at)[0]
    pace.refused(at, pace.take(at)[1], 1.0)
    return at, opened(pace, at + pace.take(at)[0])


@pytest.mark.parametrize(
    "calls",
    # So many pass before the next refusal: it comes at once, within two seconds, later, and much later.
    [0, 1, 4, 8, 12, 30, 90],
)
def test_a_further_refusal_lowers_the_rate_to_what_was_accepted_meanwhile(calls: int) -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0, 1.0)
    rate = opened(pace, at)
    assert rate == pytest.approx(6 * MARGIN)
    when, lowered = again(pace, at, calls)
    # The try counts as well.
    accepted, open_for, whole = calls + 1, when - at, (calls + 1) / (when - 60.0)
    if open_for >= 2:
        expected = max(0.8 * rate, min(MARGIN * rate, whole))
    else:
        expected = min(rate, max(whole, accepted / max(open_for, 1.0))) * MARGIN
    assert lowered == pytest.approx(expected)
    assert lowered < rate


def test_a_rate_is_never_above_the_one_that_is_given() -> None:
    pace = Pace(2.0)
    at, gaps = spread(pace, 0.0, 3 * PROBATION)
    assert min(gaps) == pytest.approx(0.5)
    assert at == pytest.approx((3 * PROBATION - 1) / 2)


@pytest.mark.parametrize(("late", "made_up"), [(0.0, 0.0), (0.05, 0.05), (0.1, 0.1), (0.5, 0.1), (3.0, 0.1)])
def test_a_thread_that_wakes_a_little_late_makes_up_for_a_little(late: float, made_up: float) -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0, 1.0)
    gap = 1 / opened(pace, at)
    at += (1 + late) * gap
    pace.accepted(at, pace.take(at)[1])
    assert pace.take(at)[0] == pytest.approx((1 - made_up) * gap)
    # A rate that is given is a promise.
    fixed = Pace(2.0)
    fixed.take(0.0)
    fixed.take(0.5 + late / 2)
    assert fixed.take(0.5 + late / 2)[0] == pytest.approx(0.5)


def test_calls_that_nothing_held_back_prove_nothing() -> None:
    pace = Pace()
    at = refused(pace, CALLS, 60.0, 1.0)
    rate = opened(pace, at)
    for number in range(3 * PROBATION):
        moment = at + number + 1
        pace.accepted(moment, pace.take(moment)[1])
    last = at + 3 * PROBATION
    assert pace.take(last)[0] == pytest.approx(0.9 / rate)


def test_calls_that_were_under_way_together_count_as_one_refusal() -> None:
    pace = Pace()
    first, second, _third = (pace.take(0.0, counted=False)[1] for _call in range(3))
    pace.refused(1.0, first, 3.0)
    pace.refused(1.5, second, 100.0)
    assert pace.take(1.5)[0] == pytest.approx(2.5)


def test_a_refusal_of_an_earlier_period_says_nothing_any_more() -> None:
    pace = Pace()
    first, late = (pace.take(0.0, counted=False)[1] for _call in range(2))
    pace.refused(1.0, first, 3.0)
    rate = opened(pace, 4.0)
    pace.refused(4.1, late, 100.0)
    assert pace.take(4.1)[0] == pytest.approx(1 / rate - 0.1)


def test_a_rate_grows_only_after_a_window_in_which_nothing_was_refused() -> None:
    """A limit that is counted by the minute is felt after a minute."""
    pace = Pace()
    at = refused(pace, [0.2 * number for number in range(300)], 60.0)
    for _time in range(2):
        at = tried(pace, at)
    rate = opened(pace, at)
    assert rate == pytest.approx(5 * MARGIN, rel=0.01)
    # 290 calls at that pace take just less than a minute.
    at, gaps = spread(pace, at, 290)
    assert gaps == pytest.approx([1 / rate] * 290)
    _at, gaps = spread(pace, at, 30)
    assert gaps[-1] == pytest.approx(1 / rate / GROWTH)


def test_a_refusal_of_any_earlier_period_says_nothing_any_more() -> None:
    pace = Pace()
    tickets = [pace.take(0.0, counted=False)[1] for _call in range(2)]
    pace.refused(1.0, tickets[0], 3.0)
    opened(pace, 4.0)
    at = 4.0 + pace.take(4.0)[0]
    tickets += [pace.take(at)[1]]
    at += pace.take(at)[0]
    pace.refused(at, pace.take(at)[1], 3.0)
    rate = opened(pace, at + 3.0)
    for late in tickets[1:]:
        pace.refused(at + 3.1, late, 100.0)
    assert pace.take(at + 3.1)[0] == pytest.approx(1 / rate - 0.1)


def test_a_try_that_comes_late_is_followed_by_a_pause_all_the_same() -> None:
    pace = Pace()
    refused(pace, [0.0], 5.0)
    assert tried(pace, 35.0) == pytest.approx(35 + SHORTEST_PAUSE)


def test_a_call_at_the_edge_of_a_window_is_outside() -> None:
    pace = Pace()
    at = refused(pace, [59.0, 59.2, 59.4, 59.6, 59.8, 59.9], 60.0)
    assert opened(pace, at) == pytest.approx(5 * MARGIN)


def test_a_first_call_that_is_refused_tells_one_call_a_window_and_each_step_doubles_that() -> None:
    pace = Pace()
    at = refused(pace, [], 60.0, 1.0)
    assert opened(pace, at) == pytest.approx(MARGIN)
    _at, gaps = spread(pace, at, 40)
    steps = [before / after for before, after in zip(gaps, gaps[1:]) if before != pytest.approx(after)]
    assert len(steps) > 2
    assert steps == pytest.approx([2.0] * len(steps))
