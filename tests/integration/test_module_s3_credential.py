# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access keys: made before others go, never twice, their secrets in one place only."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation
from tests.simulator import Simulator
from tests.support import checks
from tests.support.checks import refused
from tests.support.modules import connection, finish, start
from tests.support.storage import changes, holds_none, sent

CREATE, REMOVE, DISPLAY = (
    "POST user/s3Credentials",
    "DELETE user/s3Credentials/KEY",
    "POST user/s3Credentials/KEY/secret",
)
KEYS = r"/s3Credentials$"
SECRET = r"/secret$"
BOTH_MODES = pytest.mark.parametrize("check", [True, False], ids=["check", "real"])


def run(sim: Simulator, check: bool = False, hidden: bool = True, **options: Any) -> dict[str, Any]:
    named = {"description": "ada"} if not {"user_id", "username"} & set(options) else {}
    return checks.run(sim, kinds.S3_CREDENTIAL, check=check, hidden=hidden, **{**named, **options})


def ada(sim: Simulator, keys: int = 0) -> int:
    """Make Ada by hand, with so many keys, and return her id."""
    user = sim.project().add_user("ada", ["objectstore_operator"])
    for _number in range(keys):
        sim.project().add_s3_credential(user["id"])
    return int(user["id"])


def held(sim: Simulator, user_id: int) -> dict[str, str]:
    """Return the secrets of a user's keys."""
    return {key["access"]: key["secret"] for key in sim.project().s3_credentials(user_id)}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is believed after the usual number of looks, without the usual time between them."""
    monkeypatch.setattr(creation, "LAG", 0.0)


# --- the matrix ---


def again(sim: Simulator, **options: Any) -> None:
    """Run twice more, which must change nothing."""
    for check in (True, False):
        sim.clear_calls()
        result = run(sim, check=check, hidden=False, **options)
        assert not result.get("failed"), result
        assert result["changed"] is False
        assert result["diff"]["before"] == result["diff"]["after"]
        assert sim.writes() == []


def test_a_first_key(sim: Simulator) -> None:
    user_id = ada(sim)
    checked = run(sim, check=True)
    assert checked["changed"] is True
    assert checked["credential"]["access"] is None
    assert "secret" not in checked
    assert sim.writes() == []
    assert checked["diff"]["after"] == {"description": "ada", "access_keys": ["(a new key)"]}

    done = run(sim)
    assert sent(sim) == [CREATE]
    keys = held(sim, user_id)
    assert keys == {done["credential"]["access"]: done["secret"]}
    assert done["changed"] is True
    assert done["credentials"] == [done["credential"]]
    assert done["removed"] == []
    assert done["user"]["id"] == user_id
    assert done["diff"]["before"] == {"description": "ada", "access_keys": []}
    assert done["diff"]["after"] == {"description": "ada", "access_keys": list(keys)}
    assert holds_none(done, *keys.values())
    shown = sim.project().s3_credentials(user_id)[0]
    assert done["credential"] == {"access": shown["access"], "tenant_id": shown["tenantId"], "user_id": shown["userId"]}
    again(sim)
    again(sim, access=done["credential"]["access"])


@pytest.mark.parametrize("by", ["user_id", "username"])
def test_every_way_to_name_a_user(sim: Simulator, by: str) -> None:
    user_id = ada(sim)
    value = {"user_id": user_id, "username": sim.project().user(user_id)["username"]}[by]
    assert run(sim, **{by: value})["changed"]
    again(sim, **{by: value})


@pytest.mark.parametrize("keys", [1, 3])
def test_at_least_one_is_enough(sim: Simulator, keys: int) -> None:
    user_id = ada(sim, keys)
    again(sim)
    chosen = sorted(held(sim, user_id))[-1]
    result = run(sim, access=chosen)
    assert result["credential"]["access"] == chosen
    assert len(result["credentials"]) == keys


@pytest.mark.parametrize(("keys", "one"), [(0, False), (1, False), (3, False), (3, True)])
def test_rotation_makes_one_before_others_go(sim: Simulator, keys: int, one: bool) -> None:
    user_id = ada(sim, keys)
    old = held(sim, user_id)
    going = sorted(old)[:1] if one else sorted(old)
    options = {"rotate": True, **({"access": going[0]} if one else {})}
    checked = run(sim, check=True, **options)
    assert sim.writes() == []
    assert checked["changed"] is True
    assert checked["removed"] == going

    done = run(sim, **options)
    assert sent(sim) == [CREATE] + [REMOVE] * len(going)
    now = held(sim, user_id)
    new = done["credential"]["access"]
    assert set(now) == (set(old) - set(going)) | {new}
    assert done["secret"] == now[new]
    assert done["removed"] == going
    assert new not in old
    assert holds_none(done, *old.values(), *now.values())
    assert done["diff"]["before"]["access_keys"] == sorted(old)
    assert set(done["diff"]["after"]["access_keys"]) == set(now)
    stays = [name if name != "(a new key)" else new for name in checked["diff"]["after"]["access_keys"]]
    assert done["diff"]["after"]["access_keys"] == stays
    again(sim)


@pytest.mark.parametrize(("keys", "one"), [(1, False), (3, False), (3, True)])
def test_removal(sim: Simulator, keys: int, one: bool) -> None:
    user_id = ada(sim, keys)
    old = sorted(held(sim, user_id))
    going = old[:1] if one else old
    options = {"state": "absent", **({"access": going[0]} if one else {})}
    checked = run(sim, check=True, hidden=False, **options)
    assert sim.writes() == []
    done = run(sim, hidden=False, **options)
    assert sent(sim) == [REMOVE] * len(going)
    assert sorted(held(sim, user_id)) == [key for key in old if key not in going]
    for result in (checked, done):
        assert result["changed"] is True
        assert result["removed"] == going
        assert result["credential"] is None
        assert result["diff"]["before"]["access_keys"] == old
        assert result["diff"]["after"]["access_keys"] == [key for key in old if key not in going]
    again(sim, **options)


# --- users ---


@BOTH_MODES
def test_a_user_that_is_missing(sim: Simulator, check: bool) -> None:
    sim.project().add_user("ada", status="deleting")
    result = run(sim, check=check)
    refused(result, "no live user 'ada'", "ovh_cloud_user")
    assert result["failure"]["code"] == "user_not_found"
    gone = run(sim, check=check, state="absent")
    assert not gone.get("failed")
    assert (gone["changed"], gone["user"], gone["diff"]) == (False, None, {"before": {}, "after": {}})
    assert sim.writes() == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_users_of_one_description(sim: Simulator, state: str) -> None:
    ids = [ada(sim, 1), ada(sim, 1)]
    result = run(sim, state=state)
    refused(result, "ambiguous", str(ids[0]), str(ids[1]), "user_id")
    assert sim.writes() == []
    assert run(sim, user_id=ids[1], state="absent")["changed"]
    assert (len(held(sim, ids[0])), len(held(sim, ids[1]))) == (1, 0)


def test_a_user_in_the_making_is_waited_for(sim: Simulator) -> None:
    sim.settings.creating = 0.6
    checks.run(sim, kinds.USER, description="ada", wait=False)
    result = run(sim)
    assert result["changed"], result
    assert 409 not in [one.status for one in sim.calls]


def test_it_is_not_waited_for_ever(sim: Simulator) -> None:
    sim.settings.creating = float("inf")
    checks.run(sim, kinds.USER, description="ada", wait=False)
    sim.clear_calls()
    refused(run(sim, wait_timeout=1), "still creating after 1 s", "Nothing was changed")
    assert sim.writes() == []


def test_a_user_so_new_that_not_every_server_knows_it(sim: Simulator) -> None:
    checks.run(sim, kinds.USER, description="ada")
    sim.fault("status", "GET", KEYS, status=404, message="user not found: sql: no rows in result set")
    sim.fault("status", "POST", KEYS, status=404)
    sim.clear_calls()
    assert run(sim)["changed"]
    assert changes(sim) == 1


# --- faults ---


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "html"}, {"kind": "garbage"}, {"kind": "truncated"},
                                   {"kind": "status", "status": 500}, {"kind": "wrong_shape"}],
                         ids=lambda fault: fault["kind"])  # fmt: skip
@pytest.mark.parametrize("rotate", [False, True])
def test_a_creation_that_happened_without_an_answer(sim: Simulator, fault: dict[str, Any], rotate: bool) -> None:
    user_id = ada(sim, 2 if rotate else 0)
    old = held(sim, user_id)
    sim.fault(method="POST", route=KEYS, when="after", **fault)
    result = run(sim, rotate=rotate)
    assert not result.get("failed"), result
    assert sent(sim) == [CREATE, DISPLAY] + [REMOVE] * len(old)
    assert held(sim, user_id) == {result["credential"]["access"]: result["secret"]}
    assert result["removed"] == sorted(old)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("times", [1, 2])
def test_a_creation_that_did_not_happen_is_sent_again(sim: Simulator, times: int) -> None:
    user_id = ada(sim)
    sim.fault("reset", "POST", KEYS, when="before", times=times)
    result = run(sim)
    assert not result.get("failed"), result
    assert sent(sim) == [CREATE] * (times + 1)
    assert held(sim, user_id) == {result["credential"]["access"]: result["secret"]}
    looks = [one for one in sim.calls if one.method == "GET" and one.path.endswith("/s3Credentials")]
    assert len(looks) >= 1 + times * creation.LOOKS, "it did not look before it created again"


@pytest.mark.usefixtures("impatient")
def test_it_is_not_sent_for_ever(sim: Simulator) -> None:
    user_id = ada(sim, 1)
    sim.fault("reset", "POST", KEYS, when="before", times=None)
    result = run(sim, rotate=True)
    refused(result, "sent 3 times", "Run again")
    assert result["changed"] is False
    assert sent(sim) == [CREATE] * 3
    assert len(held(sim, user_id)) == 1


def test_a_list_that_lags_is_looked_at_again(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "LAG", 0.1)
    user_id = ada(sim)
    sim.fault("reset", "POST", KEYS, when="after")
    # The first look after the creation, which is the second of the run, does not show the key yet.
    sim.fault("wrong_shape", "GET", KEYS, skip=1, times=2, shape=[])
    result = run(sim)
    assert not result.get("failed"), result
    assert sent(sim) == [CREATE, DISPLAY]
    assert held(sim, user_id) == {result["credential"]["access"]: result["secret"]}


def test_a_refused_creation_leaves_the_old_keys(sim: Simulator) -> None:
    user_id = ada(sim, 2)
    old = held(sim, user_id)
    sim.deny_iam = {"publicCloudProject:apiovh:user/s3Credentials/create"}
    result = run(sim, rotate=True)
    refused(result, "publicCloudProject:apiovh:user/s3Credentials/create")
    assert sent(sim) == [CREATE]
    assert result["changed"] is False
    assert held(sim, user_id) == old


def test_a_secret_that_is_not_shown_leaves_the_old_keys(sim: Simulator) -> None:
    user_id = ada(sim, 1)
    old = held(sim, user_id)
    sim.fault("reset", "POST", KEYS, when="after")
    sim.fault("status", "POST", SECRET, times=None, status=403, message="no")
    result = run(sim, rotate=True)
    refused(result, "did not show its secret", "display_secret=true", f"Then remove {', '.join(old)}, which are still")
    assert result["changed"] is True
    assert result["credential"]["access"] not in old
    assert set(old) < set(held(sim, user_id))
    assert result["removed"] == []
    sim.clear_faults()
    later = run(sim, access=result["credential"]["access"], display_secret=True)
    assert later["secret"] == held(sim, user_id)[result["credential"]["access"]]


def test_a_key_that_stays_is_no_reason_to_lose_the_new_one(sim: Simulator) -> None:
    user_id = ada(sim, 3)
    old = sorted(held(sim, user_id))
    sim.fault("status", "DELETE", old[1], times=None, status=403, message="not this one")
    result = run(sim, rotate=True)
    refused(result, "not this one")
    assert result["changed"] is True
    assert result["removed"] == [old[0], old[2]], "one that cannot be removed keeps none of the others"
    assert held(sim, user_id) == {
        result["credential"]["access"]: result["secret"],
        old[1]: held(sim, user_id)[old[1]],
    }


@pytest.mark.parametrize("rotate", [True, False])
def test_all_keys_that_stay_are_named(sim: Simulator, rotate: bool) -> None:
    user_id = ada(sim, 3)
    old = sorted(held(sim, user_id))
    sim.fault("status", "DELETE", f"{old[0]}|{old[2]}", times=None, status=400)
    result = run(sim, **({"rotate": True} if rotate else {"state": "absent"}))
    said = refused(result, f"the access keys {old[0]}, {old[2]} could not be removed")
    assert result["failure"]["s3_keys_left"] == [old[0], old[2]]
    assert said.endswith("Remove them with access and state=absent." if rotate else "Run again.")


def test_a_removal_that_happened_without_an_answer(sim: Simulator) -> None:
    user_id = ada(sim, 1)
    sim.fault("reset", "DELETE", when="after")
    result = run(sim, state="absent")
    assert not result.get("failed"), result
    assert result["changed"] is True
    assert held(sim, user_id) == {}


def test_a_misleading_not_found_is_not_believed(sim: Simulator) -> None:
    user_id = ada(sim, 1)
    sim.fault("status", "DELETE", status=404, message="user not found: sql: no rows in result set")
    assert not run(sim, state="absent").get("failed")
    assert sent(sim) == [REMOVE, REMOVE]
    assert held(sim, user_id) == {}


def test_a_missing_rule_is_said_before_anything_happens(sim: Simulator) -> None:
    user_id = ada(sim, 1)
    sim.rules = [{"method": "GET", "path": "/*"}, {"method": "POST", "path": "/*"}]
    refused(run(sim, rotate=True), "Nothing was changed", "DELETE", "s3Credentials")
    assert sim.writes() == []
    assert len(held(sim, user_id)) == 1


# --- secrets ---


@BOTH_MODES
@pytest.mark.parametrize(
    ("keys", "options"), [(0, {}), (1, {"rotate": True}), (1, {"display_secret": True})], ids=["new", "rotate", "show"]
)
def test_a_secret_in_clear_is_refused(sim: Simulator, check: bool, keys: int, options: dict[str, Any]) -> None:
    ada(sim, keys)
    refused(run(sim, check=check, hidden=False, **options), "no_log: true", "return_secret: false")
    assert sim.writes() == []
    allowed = run(sim, check=check, hidden=False, return_secret=False, **options)
    assert not allowed.get("failed"), allowed
    assert "secret" not in allowed


def test_a_lost_answer_without_the_wish_for_a_secret(sim: Simulator) -> None:
    ada(sim)
    sim.fault("reset", "POST", KEYS, when="after")
    result = run(sim, hidden=False, return_secret=False)
    assert result["changed"] is True
    assert sent(sim) == [CREATE]


def test_a_secret_can_be_read_again(sim: Simulator) -> None:
    user_id = ada(sim, 2)
    keys = held(sim, user_id)
    for access in (None, *keys):
        sim.clear_calls()
        result = run(sim, display_secret=True, **({"access": access} if access else {}))
        assert result["changed"] is False
        assert result["secret"] == keys[access or sorted(keys)[0]]
        assert sent(sim) == [DISPLAY]
        assert changes(sim) == 0
    sim.clear_calls()
    assert "secret" not in run(sim, check=True, display_secret=True)
    assert sim.writes() == []


def test_the_module_as_ansible_runs_it(sim: Simulator) -> None:
    user_id = ada(sim)
    options = connection(sim, description="ada")
    plain = finish(start("ovh_cloud_user_s3_credential", options, hidden=False))
    refused(plain, "no_log")
    done = finish(start("ovh_cloud_user_s3_credential", options))
    assert done["secret"] in held(sim, user_id).values()
    assert "warnings" not in done
    # Since ansible-core 2.21 the arguments are only returned where they are asked for.
    shown = done.get("invocation", {}).get("module_args", {}).get("application_secret")
    assert shown in (None, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
    assert holds_none(done, done["secret"], sim.credentials["application_secret"], sim.credentials["consumer_key"])
    assert done["diff"]["before"] != done["diff"]["after"]


# --- bad input ---


@BOTH_MODES
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"access": ""}, ["access is blank"]),
        ({"access": " ", "state": "absent"}, ["access is blank"]),
        ({"rotate": True, "state": "absent"}, ["rotate", "state=present"]),
        ({"display_secret": True, "state": "absent"}, ["display_secret", "state=present"]),
        ({"wait_timeout": 0}, ["wait_timeout"]),
        ({"description": ""}, ["description is empty"]),
        ({"description": "ada", "user_id": 7}, ["mutually exclusive"]),
        ({"user_id": 0}, ["user_id must be a positive integer"]),
        ({"username": " "}, ["username"]),
        ({"state": "gone"}, ["state", "present, absent"]),
        ({"service_name": "not a project"}, ["service_name"]),
    ],
)
def test_bad_input(sim: Simulator, check: bool, options: dict[str, Any], said: list[str]) -> None:
    ada(sim, 1)
    refused(run(sim, check=check, **options), *said)
    assert sim.calls == []


@BOTH_MODES
@pytest.mark.parametrize("rotate", [True, False])
def test_a_key_that_is_not_there(sim: Simulator, check: bool, rotate: bool) -> None:
    user_id = ada(sim, 1)
    (access,) = held(sim, user_id)
    result = run(sim, check=check, access="f" * 32, rotate=rotate)
    refused(result, "no key 'ffff", access, "Leave access out")
    assert result["failure"]["code"] == "access_key_not_found"
    assert sim.writes() == []
