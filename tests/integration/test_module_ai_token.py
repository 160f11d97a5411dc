# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AI tokens against the API: what comes of a run, also where the API says other things than are so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation
from ansible_collections.cloudops.ovh.plugins.module_utils._api.stop import Stop
from tests.simulator import Simulator
from tests.support.checks import refused, run

ADA: dict[str, Any] = {"name": "ada", "role": "ai_training_read", "region": "GRA", "label_selector": "owner=ada"}


@pytest.fixture(autouse=True)
def short_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for a list that lags behind."""
    monkeypatch.setattr(creation, "LAG", 0.2)


@pytest.fixture
def stoppable(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Stand in for Ctrl-C, which only a main thread gets."""
    stop = Stop()
    monkeypatch.setattr(runner, "Stop", lambda: stop)
    return stop


def hold(sim: Simulator, check: bool = False, **options: Any) -> dict[str, Any]:
    return run(sim, kinds.AI_TOKEN, check=check, **options)


def add(sim: Simulator, **other: str) -> str:
    """Make a token by hand, and return its id."""
    spec = {"name": "ada", "role": "ai_training_read", "region": "GRA", "label_selector": "owner=ada", **other}
    return str(sim.project().add_ai_token(**spec)["id"])


def there(sim: Simulator) -> dict[str, dict[str, Any]]:
    """Return the tokens of the project by id."""
    return {str(token["id"]): token for token in sim.project().ai_tokens()}


def test_a_token_is_made_once_and_its_value_shown_once(sim: Simulator) -> None:
    foreseen = hold(sim, check=True, **ADA)
    assert (foreseen["changed"], there(sim)) == (True, {})
    made = hold(sim, **ADA)
    ((token_id, token),) = there(sim).items()
    assert made["token"] == token["status"]["value"]
    assert made["ai_token"]["id"] == token_id
    assert made["diff"] == foreseen["diff"]
    again = hold(sim, **{**ADA, "region": "gra", "label_selector": " owner = ada "})
    assert (again["changed"], "token" in again, again["ai_token"]["id"]) == (False, False, token_id)


def test_a_token_that_shall_open_something_else_is_replaced(sim: Simulator) -> None:
    old = add(sim)
    done = hold(sim, **{**ADA, "role": "ai_training_operator"})
    (new,) = there(sim)
    assert (done["removed"], done["ai_token"]["id"]) == ([old], new)
    assert new != old


def test_a_token_is_renewed_and_removed(sim: Simulator) -> None:
    token_id, before = add(sim), sim.project().ai_tokens()[0]["status"]["value"]
    renewed = hold(sim, name="ada", renew=True)
    assert renewed["token"] == there(sim)[token_id]["status"]["value"] != before
    assert hold(sim, name="ada", state="absent")["removed"] == [token_id]
    assert there(sim) == {}
    assert hold(sim, name="ada", state="absent")["changed"] is False


def test_two_of_a_name_are_ambiguous(sim: Simulator) -> None:
    first, second = add(sim), add(sim)
    message = refused(hold(sim, **ADA), first, second, "token_id")
    assert "Nothing was changed" in message
    assert hold(sim, token_id=second, state="absent")["removed"] == [second]


def test_a_run_that_is_told_to_stop_leaves_no_two_tokens_of_a_name(sim: Simulator, stoppable: Stop) -> None:
    """The replacement is there: every later run would find the name ambiguous."""
    add(sim, region="BHS")
    gate = sim.gate("POST", "/ai/token$", "after")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(hold, sim, **ADA)
        assert gate.wait_reached(10)
        stoppable.set()
        gate.release()
        done = running.result(10)
    assert (done.get("msg"), list(there(sim))) == (None, [done["ai_token"]["id"]])


def test_a_renewal_without_an_answer_says_what_may_be_so(sim: Simulator) -> None:
    token_id = add(sim)
    sim.fault("reset", "POST", "/renew$", when="after", times=None)
    message = refused(hold(sim, name="ada", renew=True, retries=0), "It may have happened", "Run again with renew=true")
    assert f"the old value of the AI token {token_id} may not open anything any more" in message


# What the API says and what is so


@pytest.mark.parametrize("status", [404, 409])
def test_a_token_is_gone_when_the_list_says_so(sim: Simulator, status: int) -> None:
    token_id = add(sim)
    sim.fault("status", "DELETE", "/ai/token/", status=status, times=1)
    assert hold(sim, name="ada", state="absent")["removed"] == [token_id]
    assert there(sim) == {}


@pytest.mark.parametrize("status", [404, 409])
def test_a_replaced_token_is_gone_when_the_list_says_so(sim: Simulator, status: int) -> None:
    old = add(sim)
    sim.fault("status", "DELETE", "/ai/token/", status=status, times=1)
    done = hold(sim, **{**ADA, "region": "BHS"})
    assert done["removed"] == [old]
    assert list(there(sim)) == [done["ai_token"]["id"]]


def test_a_token_that_opens_more_than_asked_is_removed_again(sim: Simulator) -> None:
    wide = {"id": "wide", "spec": {**ADA, "labelSelector": ""}, "status": {"value": "secret-of-it", "version": 1}}
    sim.fault("wrong_shape", "POST", "/ai/token$", when="after", shape=wide)
    message = refused(hold(sim, **ADA), "'ada' with ai_training_read, GRA, no selector", "owner=ada", "removed again")
    assert "secret-of-it" not in message


def test_a_name_that_the_api_changes_is_no_token_of_that_name(sim: Simulator) -> None:
    lower = {"id": "x", "spec": {**ADA, "name": "ada", "labelSelector": "owner=ada"}, "status": {"value": "v" * 20}}
    sim.fault("wrong_shape", "POST", "/ai/token$", when="after", shape=lower)
    refused(hold(sim, **{**ADA, "name": "Ada"}), "'ada'", "instead of 'Ada'", "removed again")


def test_after_a_lost_answer_the_token_is_found_and_renewed(sim: Simulator) -> None:
    sim.fault("reset", "POST", "/ai/token$", when="after")
    sim.fault("status", "POST", "/renew$", status=404, times=1)
    made = hold(sim, **ADA)
    ((token_id, token),) = there(sim).items()
    assert (made["ai_token"]["id"], made["token"]) == (token_id, token["status"]["value"])


def test_after_a_lost_answer_the_token_of_somebody_else_stays(sim: Simulator) -> None:
    gate = sim.gate("POST", "/ai/token$")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(hold, sim, **ADA)
        assert gate.wait_reached()
        # A colleague makes one of that name which opens something else, and our request never arrives.
        theirs = add(sim, label_selector="owner=grace")
        value = there(sim)[theirs]["status"]["value"]
        gate.release(drop=True)
        result = running.result()
    mine = result["ai_token"]["id"]
    assert set(there(sim)) == {theirs, mine}
    assert there(sim)[theirs]["status"]["value"] == value
    assert result["token"] == there(sim)[mine]["status"]["value"]


def test_after_a_lost_answer_nobody_loses_a_token_in_use(sim: Simulator) -> None:
    gate = sim.gate("POST", "/ai/token$", when="after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(hold, sim, **ADA)
        assert gate.wait_reached()
        # The same as ours: nobody can tell which is which.
        add(sim)
        before = there(sim)
        gate.release(drop=True)
        result = running.result()
    refused(result, *before, "was lost", "renew=true")
    assert there(sim) == before
    assert result["changed"] is True


def test_a_lost_value_that_is_not_given_again_says_how_to_get_it(sim: Simulator) -> None:
    old = add(sim, region="BHS")
    sim.fault("reset", "POST", "/ai/token$", when="after")
    sim.fault("status", "POST", "/renew$", status=403, times=None)
    failed = hold(sim, **ADA)
    (new,) = set(there(sim)) - {old}
    refused(failed, f"token_id={new} and renew=true", f"The old one, {old}, is still there")
    sim.clear_faults()
    assert hold(sim, token_id=new, renew=True)["token"] == there(sim)[new]["status"]["value"]
