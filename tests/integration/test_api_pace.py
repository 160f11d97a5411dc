# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API that says 429, over real HTTP. Calls are counted here; ``test_core_pacing.py`` has the times."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import client
from ansible_collections.cloudops.ovh.plugins.module_utils._core import pacing
from tests.simulator import Simulator
from tests.support.checks import run
from tests.support.modules import PROJECT, call
from tests.support.rig import Rig

PEOPLE = [f"user-{number:02}" for number in range(30)]
BOTH = pytest.mark.parametrize("hints", [True, False], ids=["retry-after", "no-hint"])


def statuses(sim: Simulator, method: str = "POST", ending: str = "/user") -> list[int]:
    """How the calls of one kind were answered."""
    return [one.status or 0 for one in sim.calls if one.method == method and one.path.endswith(ending)]


@BOTH
def test_a_limit_by_the_second_is_found_and_each_is_created_once(sim: Simulator, hints: bool) -> None:
    """What is refused once is what was under way when the limit was met."""
    sim.rate_limit(20, per_seconds=1, retry_after=hints)
    result = run(sim, kinds.USERS, users=PEOPLE, concurrency=4)
    assert result["summary"]["created"] == len(PEOPLE)
    assert len(sim.project().users()) == len(PEOPLE)
    refused = [one for one in sim.calls if one.status == 429]
    assert 1 <= len(refused) <= 5, "as many as were under way, and the one that tried"
    assert result["api_calls"] == len(sim.calls)


def test_an_api_that_never_relents_is_a_clear_failure_with_what_was_done(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "SHORTEST_PAUSE", 0.0002)
    sim.fault("throttle", "POST", "/user$", times=None, skip=5, retry_after=0)
    rig = Rig(sim, tmp_path / "creds")
    result = rig.run(PEOPLE, retries=1, concurrency=4)
    assert result["failed"]
    done = [user["description"] for user in result["users"] if user["action"] == "created"]
    assert len(done) == 5
    rig.whole(done)
    # Two attempts and the first for each of those under way. The others are not tried at all.
    assert len(statuses(sim)) <= 5 + 3 * (4 + 3)
    errors = [user["error"] for user in result["users"] if user["action"] == "failed"]
    assert len(errors) == len(PEOPLE) - 5
    assert all("HTTP 429" in error and "run again later, or set rate_limit" in error for error in errors)
    assert sum(error.startswith("Not tried, since the API failed so often") for error in errors) >= 18
    sim.clear_faults()
    again = rig.run(PEOPLE)
    assert again["summary"]["created"] == len(PEOPLE) - 5
    rig.whole(PEOPLE)


class Dice:
    """Stands in for the module ``random``: writes down what was asked, and makes each pause as short as it can be."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float]] = []

    def uniform(self, low: float, high: float) -> float:
        self.asked.append((low, high))
        return low

    def random(self) -> float:
        return 0.0


def test_repetitions_are_spread_over_the_whole_pause_and_end(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter: any moment from at once to a bound that doubles."""
    dice = Dice()
    monkeypatch.setattr(client, "random", dice)
    sim.fault("html", "GET", "/user$", status=503, times=None)
    result = run(sim, kinds.USERS, users=["ada"], retries=6)
    assert result["failed"]
    assert "HTTP 503" in result["msg"]
    assert dice.asked == [(0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 8.0), (0.0, 8.0), (0.0, 8.0)]
    assert len(statuses(sim, "GET")) == 7


@pytest.mark.parametrize(
    "fault",
    [{"kind": "html", "status": 503}, {"kind": "throttle"}, {"kind": "throttle", "retry_after": 1}],
    ids=["503", "429", "429-retry-after"],
)
def test_one_call_does_not_take_for_ever(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    """A cap on the time, whatever ``retries`` says."""
    monkeypatch.setattr(client, "CALL_BUDGET", 0.5)
    monkeypatch.setattr(client, "_LONGEST_BACKOFF", 0.2)
    sim.fault(fault["kind"], "GET", "/user$", times=None, **{key: fault[key] for key in fault if key != "kind"})
    result = run(sim, kinds.USERS, users=["ada"], retries=10_000)
    assert result["failed"]
    assert "Run again" in result["msg"] or "run again" in result["msg"] or "HTTP 503" in result["msg"]
    assert 1 <= len(statuses(sim, "GET")) < 200


def test_a_given_rate_holds_for_all_threads_together(sim: Simulator) -> None:
    """50 calls a second; the first five or so are hardly ever later than they may be."""
    run(sim, kinds.USERS, users=PEOPLE[:12], rate_limit=3000)
    times = sorted(one.at for one in sim.calls if not one.path.endswith("/time"))
    assert times[-1] - times[0] >= (len(times) - 2) / 50


class Counted(pacing.Pace):
    """Counts what is reported to it."""

    reports: ClassVar[list[str]] = []

    def accepted(self, now: float, ticket: int) -> None:
        self.reports.append("accepted")
        super().accepted(now, ticket)

    def uncounted(self, ticket: int) -> None:
        self.reports.append("uncounted")
        super().uncounted(ticket)


@pytest.mark.parametrize("oauth2", [False, True], ids=["signed", "oauth2"])
def test_only_what_is_sent_with_the_keys_counts(sim: Simulator, monkeypatch: pytest.MonkeyPatch, oauth2: bool) -> None:
    """The question for the time, or for the token, is none of the calls that a limit by key could count."""
    monkeypatch.setattr(client, "Pace", Counted)
    monkeypatch.setattr(Counted, "reports", [])
    names = ("client_id", "client_secret") if oauth2 else ("application_key", "application_secret", "consumer_key")
    options = {"endpoint": sim.url, "service_name": PROJECT, **{name: sim.credentials[name] for name in names}}
    call(kinds.USERS, {**options, "users": ["ada"], "roles": ["ai_training_operator"]}, check=True)
    assert sorted(Counted.reports) == ["accepted", "accepted", "uncounted"]
