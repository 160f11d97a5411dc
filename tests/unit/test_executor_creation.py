# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing made once, whatever becomes of the answers; the clock is only a number."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation
from ansible_collections.cloudops.ovh.plugins.module_utils._api.creation import Creation, Made, create_once
from ansible_collections.cloudops.ovh.plugins.module_utils._api.stop import Stop
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError, CancelledError, NotReadyError

LOST = ApiError("502.", "lost", 502)


class Api(Stop):
    """Makes and lists keys as it is told: ``answers`` of the creation in turn, ``lists`` in turn, the last for ever.
    It is the wish to stop as well, since that is where pauses are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: Sequence[object], lists: Sequence[object]) -> None:
        super().__init__()
        self.answers, self.lists = list(answers), list(lists)
        self.now = 0.0
        self.journal: list[str] = []
        self.pauses: list[float] = []
        monkeypatch.setattr(creation, "time", SimpleNamespace(monotonic=lambda: self.now))

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def create(self) -> tuple[str, str]:
        self.journal.append("create")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer), f"secret of {answer}"

    def look(self) -> Sequence[str]:
        self.journal.append("look")
        found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, list)
        return found

    def once(self) -> Made[str]:
        return create_once(self, Creation(self.create, self.look, lambda key: key[:2], "ada: a key"))


def test_what_is_answered_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, ["k1"], [["k1", "k2"]])
    assert api.once() == Made("k1", "secret of k1")
    assert api.journal == ["create"]


@pytest.mark.parametrize(
    ("found", "made"),
    [(["k1"], Made("k1", None)), (["k1", "k2", "k3"], Made("k1", None, ("k2", "k3")))],
)
def test_what_appeared_since_is_taken(monkeypatch: pytest.MonkeyPatch, found: list[str], made: Made[str]) -> None:
    api = Api(monkeypatch, [LOST], [[], [], found])
    assert api.once() == made
    assert (api.journal, api.pauses) == (["create", "look", "look", "look"], [2.4, 2.4])


def test_only_what_does_not_appear_for_long_enough_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what appeared meanwhile is told, since the first request may have taken effect late."""
    api = Api(monkeypatch, [LOST, "k2"], [*[[]] * 6, ["k1", "k2 as it is listed", "k3"]])
    assert api.once() == Made("k2", "secret of k2", ("k1", "k3"))
    assert api.journal == ["create", *["look"] * 6, "create", "look"]
    assert sum(api.pauses) >= 12


def test_a_list_that_is_slow_is_still_asked_five_times(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, [LOST, "k2"], [[]])
    monkeypatch.setattr(api, "sleep", lambda seconds: setattr(api, "now", api.now + 60))
    api.once()
    assert api.journal == ["create", *["look"] * 5, "create", "look"]


@pytest.mark.parametrize("first", [[], [LOST]])
def test_what_was_refused_is_not_made_again(monkeypatch: pytest.MonkeyPatch, first: list[ApiError]) -> None:
    refused = ApiError("No.", "refused")
    api = Api(monkeypatch, [*first, refused], [[]])
    with pytest.raises(ApiError) as caught:
        api.once()
    assert caught.value is refused


def test_three_creations_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, [LOST] * 4, [[]])
    with pytest.raises(NotReadyError) as caught:
        api.once()
    assert caught.value.message == (
        "ada: a key: the creation was sent 3 times, and neither answered nor seen in the list. Run again later: it"
        " looks before it creates. 502."
    )
    assert api.journal.count("create") == 3


def test_where_looking_fails_as_well_nothing_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, [LOST], [ApiError("503.", "unreached")])
    with pytest.raises(ApiError) as caught:
        api.once()
    assert caught.value.as_dict() == {
        "code": "api",
        "message": "502. It may have happened, and looking failed as well: 503. Run again.",
        "kind": "lost",
        "status": 502,
    }


def test_nothing_is_made_once_the_run_was_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(monkeypatch, ["k1"], [[]])
    api.set()
    with pytest.raises(CancelledError) as caught:
        api.once()
    assert caught.value.message == "Not done: the run was told to stop. Run again to finish; what was done is kept."
    assert api.journal == []


def test_a_pause_ends_at_once_when_the_run_is_told_to_stop() -> None:
    stop = Stop()
    stop.sleep(0.001)
    assert stop.is_set() is False
    stop.check()
    stop.set()
    assert stop.is_set() is True
    with pytest.raises(CancelledError):
        stop.sleep(60)
