# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many nights of one cloud: people, lists, faults, kills and other runs at random, and what must hold after each.

Hypothesis chooses what happens. :mod:`tests.support.ledger` says what must hold.
"""

from __future__ import annotations

import functools
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.simulator import Simulator
from tests.support.checks import foreseen, tree
from tests.support.ledger import Account, Before, Ledger, Order, Wish
from tests.support.rig import HURRY_LAG, Rig
from tests.support.zygote_client import Run, Zygote

#: What was done so far, for those who want to know how far they looked.
DONE: Counter[str] = Counter()

PEOPLE = ("ada", "bob", "cy", "team-x", "../é {{ 7*7 }}\n!vault")
ROLES = ("ai_training_operator", "ai_training_read", "compute_operator", "objectstore_operator")

#: Ways in which an answer is lost: before the effect or after it.
LOSSES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reset", {}),
    ("close", {}),
    ("html", {"status": 502}),
    ("html", {"status": 408}),
    ("status", {"status": 500}),
    ("garbage", {}),
    ("garbage", {"text": ""}),
    ("truncated", {}),
    ("wrong_shape", {"shape": {"id": "seven"}}),
    ("wrong_shape", {"shape": None}),
    ("delay", {"seconds": 0.05}),
)
#: Ways in which the API says no. It means it.
REFUSALS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 400, "message": "no"}),
    ("status", {"status": 401}),
    ("status", {"status": 403, "error_code": "NOT_GRANTED_CALL"}),
    ("status", {"status": 404, "message": "user not found: sql: no rows in result set"}),
    ("status", {"status": 409}),
    ("throttle", {}),
    ("throttle", {"retry_after": 0}),
    ("throttle", {"html": True}),
)
ROUTES = (
    (None, None),
    ("GET", "/user$"),
    ("GET", "/role$"),
    ("POST", "/user$"),
    ("POST", "/user$"),
    ("POST", "/regeneratePassword$"),
    ("POST", "/regeneratePassword$"),
    ("POST", "/role$"),
    ("PUT", "/role$"),
    ("DELETE", "/role/"),
    ("DELETE", r"/user/\d+$"),
    ("POST", "/s3Credentials$"),
    ("POST", "/secret$"),
)

_some_roles = st.lists(st.sampled_from(ROLES), unique=True, max_size=2).map(tuple)
_faults = st.tuples(
    st.one_of(
        st.tuples(st.sampled_from(LOSSES), st.sampled_from(["before", "after"])),
        st.tuples(st.sampled_from(REFUSALS), st.just("before")),
    ),
    st.sampled_from(ROUTES),
    st.integers(1, 3),
    st.integers(0, 2),
)


@st.composite
def wishes(draw: st.DrawFn, states: tuple[str, ...] = ("present", "present", "present", "absent")) -> Wish:
    """What is asked for one person."""
    roles = draw(st.none() | _some_roles)
    revoked = tuple(name for name in draw(_some_roles) if name not in (roles or ()))
    return Wish(
        draw(st.sampled_from(PEOPLE)),
        state=draw(st.sampled_from(states)),
        roles=roles,
        revoke_roles=revoked,
        purge_roles=draw(st.booleans()) if not revoked else False,
        update_password=draw(st.sampled_from(["on_create", "on_create", "on_create", "on_missing", "always"])),
    )


def _lists(states: tuple[str, ...] = ("present", "present", "present", "absent")) -> st.SearchStrategy[Any]:
    return st.lists(wishes(states), min_size=1, max_size=4, unique_by=lambda one: one.description).map(tuple)


_orders = st.builds(
    Order, _lists(), st.sampled_from([None, None, "^team-"]), st.sampled_from([10, 10, 1]), st.booleans()
)


def _counted(act: Callable[..., None]) -> Callable[..., None]:
    """A step after which the machine may go on."""

    @functools.wraps(act)
    def step(self: CloudMachine, **chosen: Any) -> None:
        self.fine = False
        act(self, **chosen)
        DONE["steps"] += 1
        self.fine = True

    return step


class CloudMachine(RuleBasedStateMachine):
    """One cloud, two machines with a folder each, and runs without any folder."""

    #: Forks runs that can be killed; set by whoever starts the machine.
    zygote: Zygote

    def __init__(self) -> None:
        super().__init__()
        self.fine = True
        self.sim = Simulator().start()
        self.base = Path(tempfile.mkdtemp(prefix="cloudops-ovh-nights-"))
        self.ledger = Ledger(self.sim)
        self.project = self.sim.project()
        self.lag: dict[str, Any] = {}
        self.last: Rig | None = None
        DONE["clouds"] += 1

    @initialize(vaulted=st.booleans())
    def begin(self, vaulted: bool) -> None:
        """Files are plain or vaults, for good."""
        self.rigs = [Rig(self.sim, self.base / name, vaulted) for name in "ab"]
        self.rigs.append(Rig(self.sim, None))

    def teardown(self) -> None:
        """End with a run without faults on each machine, if nothing has failed."""
        try:
            if self.fine and hasattr(self, "rigs"):
                self.calm()
                for rig in self.rigs[:2]:
                    self._quiet(Order(tuple(Wish(name, roles=ROLES[:1]) for name in PEOPLE)), rig)
        finally:
            self.sim.close()
            shutil.rmtree(self.base, ignore_errors=True)

    # The cloud

    def calm(self) -> None:
        """Nothing goes wrong from now on."""
        self.sim.clear_faults()
        self.lag = {}
        self.sim.list_lag()
        self.sim.not_found_after_creation(0)

    def _show_all(self) -> None:
        """A list lags behind a run's own writes; what others did before it has long arrived."""
        self.sim.list_lag(**self.lag)

    @rule(
        pauses=st.tuples(*[st.sampled_from([0.0, 0.0, 0.04])] * 4),
        keep_deleted=st.booleans(),
        default_role=st.sampled_from([None, None, "administrator"]),
        lag=st.sampled_from([{}, {"seconds": 0.06}, {"seconds": 0.4}, {"lists": 2}]),
        ahead=st.sampled_from([0.0, 0.0, 7000.0]),
    )
    @_counted
    def the_api_behaves(
        self, pauses: tuple[float, ...], keep_deleted: bool, default_role: str | None, lag: dict[str, Any], ahead: float
    ) -> None:
        """How quick the API is, and what it adds by itself."""
        settings = self.sim.settings
        settings.creating, settings.updating, settings.deleting, settings.not_found_after_creation = pauses
        settings.keep_deleted = keep_deleted
        self.project.catalogue.default_role = default_role
        self.sim.clock_offset += ahead
        self.lag = lag
        self._show_all()

    @rule(
        act=st.sampled_from(["add", "add", "roles", "password", "remove", "forget"]),
        person=st.sampled_from([*PEOPLE, "", "eve"]),
        roles=_some_roles,
        which=st.integers(0, 5),
        early=st.booleans(),
    )
    @_counted
    def somebody_works_by_hand(self, act: str, person: str, roles: tuple[str, ...], which: int, early: bool) -> None:
        """Add, change or remove an account in the control panel, or a file in the folder."""
        DONE["changes by hand"] += 1
        users = self.project.live_users()
        if act == "add":
            # Not while a creation of ours is under way: what is made in that minute cannot be told from ours.
            moment = self.sim.world.clock.now() + (-3600 if early else 3600)
            date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
            self.project.add_user(person, roles, creation_date=date)
        elif act == "forget":
            self._lose_a_file(which)
        elif users:
            number = users[which % len(users)]["id"]
            if act == "roles":
                self.project.set_roles(number, roles)
            elif act == "remove":
                self.project.remove_user(number)
            else:
                self.project.set_password(number, f"a password of {number}'s own, number {DONE['changes by hand']}")
                self.ledger.homes.pop(number, None)
        self._show_all()

    def _lose_a_file(self, which: int) -> None:
        rig = self.rigs[which % 2]
        names = rig.names(".yml")
        if names:
            (rig.place / names[which % len(names)]).unlink()
            for number in [number for number, home in self.ledger.homes.items() if home is rig]:
                if number not in {record["user_id"] for record in rig.records()}:
                    del self.ledger.homes[number]

    # Runs

    def _prepare(self, order: Order, rig: Rig, by_id: bool = False) -> tuple[Order, Before]:
        if rig is not self.last:
            self._show_all()
        self.last = rig
        DONE["runs"] += 1
        before = self.ledger.before(rig)
        if rig.folder is None:
            kept = [one if one.update_password != "on_missing" else one._replace(update_password="on_create")
                    for one in order.wishes]  # fmt: skip
            order = order._replace(wishes=tuple(kept), keys=False)
        if by_id:
            order = order._replace(wishes=tuple(self._by_id(wish, before.accounts) for wish in order.wishes))
        return order, before

    @staticmethod
    def _by_id(wish: Wish, accounts: Mapping[int, Account]) -> Wish:
        numbers = [number for number, one in accounts.items() if one.description == wish.description]
        return wish._replace(user_id=min(numbers)) if numbers else wish

    def _judge(self, order: Order, rig: Rig, before: Before, result: Mapping[str, Any] | None) -> None:
        """Assert what must hold; ``result`` None: the run was killed."""
        self.ledger.check(order, rig, before)
        if result is None:
            return
        self.ledger.check_said(rig, result)
        if not result.get("failed"):
            self.ledger.check_done(order, rig, before, result, ())

    @rule(order=_orders, machine=st.integers(0, 2), by_id=st.booleans())
    @_counted
    def a_quiet_night(self, order: Order, machine: int, by_id: bool) -> None:
        """Check mode, the run, and the run again; nothing goes wrong."""
        self.calm()
        self._quiet(order, self.rigs[machine], by_id)

    def _quiet(self, order: Order, rig: Rig, by_id: bool = False) -> None:
        order, before = self._prepare(order, rig, by_id)
        files = tree(rig.folder) if rig.folder is not None else {}
        self.sim.clear_calls()
        planned = rig.run(order.items, check=True, **order.options)
        assert self.sim.writes() == [], "check mode writes"
        assert files == (tree(rig.folder) if rig.folder is not None and rig.folder.exists() else {})
        result = rig.run(order.items, **order.options)
        DONE["plans compared"] += 1
        assert _comparable(planned) == _comparable(result), "check mode foresaw something else"
        self._judge(order, rig, before, result)
        if result.get("failed"):
            self._check_failure(order, before, result)
            if result["failure"]["code"] == "refused_by_guard":
                return
        failed = [user["description"] for user in result["users"] if user["action"] == "failed"]
        self.ledger.check_done(order, rig, before, result, failed)
        self._check_steady(order, rig)

    def _check_failure(self, order: Order, before: Before, result: dict[str, Any]) -> None:
        """Assert that a run in which nothing went wrong fails for a reason: a guard, or two of one name."""
        failure = result.get("failure", {})
        if failure.get("code") == "refused_by_guard":
            assert self.sim.writes() == []
            going = {number for number, one in before.accounts.items() if self._goes(order, before, number, one)}
            assert {user["user_id"] for user in failure["users"]} == going
            assert len(going) > (order.max_deletions or 0)
            assert all(str(number) in result["msg"] for number in going)
            return
        failed = {user["description"] for user in result["users"] if user["action"] == "failed"}
        doubled = {wish.description for wish in order.wishes if before.is_ambiguous(wish)}
        assert failed == doubled, result["msg"]
        result.setdefault("failure", {"code": ""})

    @staticmethod
    def _goes(order: Order, before: Before, number: int, account: Account) -> bool:
        wish = order.wish_for(number, account)
        if wish is not None:
            return wish.state == "absent" and not before.is_ambiguous(wish)
        return order.purge_match is not None and account.description.startswith("team-")

    def _check_steady(self, order: Order, rig: Rig) -> None:
        kept = tuple(one._replace(update_password="on_create") for one in order.wishes)
        disk = rig.snapshot()
        self.sim.clear_calls()
        again = rig.run(order._replace(wishes=kept).items, **order.options)
        assert not again["changed"], f"the second run changes something: {again['diff']}"
        assert self.sim.writes() == []
        assert rig.snapshot() == disk

    def _go_wrong(self, faults: list[Any]) -> None:
        for ((kind, params), when), (method, route), times, skip in faults:
            self.sim.fault(kind, method, route, when, times, skip, **params)

    def _count_faults(self) -> None:
        DONE["faults"] += sum(fault.hits for fault in self.sim.faults)
        self.sim.clear_faults()

    @rule(order=_orders, machine=st.integers(0, 2), faults=st.lists(_faults, min_size=1, max_size=3))
    @_counted
    def a_night_with_faults(self, order: Order, machine: int, faults: list[Any]) -> None:
        """Answers are lost, or the API refuses."""
        rig = self.rigs[machine]
        order, before = self._prepare(order, rig)
        self._go_wrong(faults)
        result = rig.run(order.items, retries=2, **order.options)
        self._count_faults()
        self._judge(order, rig, before, result)
        self._forget_lag_without_folder(rig)

    def _forget_lag_without_folder(self, rig: Rig) -> None:
        # What a lagging list hides from a run without a folder it creates once more: nothing was written down.
        if rig.folder is None:
            self._show_all()

    @rule(
        order=_orders,
        machine=st.integers(0, 2),
        faults=st.lists(_faults, max_size=1),
        at=st.integers(1, 25),
        number=st.sampled_from([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]),
        concurrency=st.sampled_from([1, 4]),
    )
    @_counted
    def a_night_that_ends_early(
        self, order: Order, machine: int, faults: list[Any], at: int, number: int, concurrency: int
    ) -> None:
        """The run is killed, or told to stop."""
        rig = self.rigs[machine]
        order, before = self._prepare(order, rig)
        if faults and self.lag.get("seconds", 0.0) > HURRY_LAG:
            # A creation is sent again that the list hides for too long, and a kill then leaves both accounts.
            self.sim.list_lag()
        self._go_wrong(faults)
        params = rig.params(order.items, retries=2, concurrency=concurrency, **order.options)
        run = self.zygote.start(params, kill_at=at, signal=number).wait()
        if run.was_killed and concurrency > 1:
            # What was under way beside it reaches the API after all.
            time.sleep(0.06)
        self._count_faults()
        DONE["kills" if number == signal.SIGKILL else "stops"] += run.was_killed or number != signal.SIGKILL
        assert not self.ledger.seen(run.output()) or rig.folder is None
        self._judge(order, rig, before, None if run.was_killed else run.result())
        self._forget_lag_without_folder(rig)

    @rule(
        people=_lists(("present",)),
        same=st.booleans(),
        keys=st.booleans(),
        faults=st.lists(_faults, max_size=2),
        kill_at=st.none() | st.integers(1, 25),
        pause=st.sampled_from([0.0, 0.0, 0.01, 0.05]),
    )
    @_counted
    def two_runs_at_the_same_time(
        self, people: Any, same: bool, keys: bool, faults: list[Any], kill_at: int | None, pause: float
    ) -> None:
        """On one machine, which may go wrong as it likes, or on two."""
        DONE["overlaps"] += 1
        if same or any(rig.names(".intent") for rig in self.rigs[:2]):
            self._overlap(Order(people, keys=keys), faults, kill_at, pause)
        else:
            kept = tuple(one._replace(update_password="on_create") for one in people)
            self._race(Order(kept), pause)

    def _overlap(self, order: Order, faults: list[Any], kill_at: int | None, pause: float) -> None:
        rig = self.rigs[0]
        order, before = self._prepare(order, rig)
        self._go_wrong(faults)
        params = rig.params(order.items, retries=2, **order.options)
        runs = [self.zygote.start(params, kill_at=kill_at)]
        time.sleep(pause)
        runs.append(self.zygote.start(params))
        results = self._results(runs)
        self._count_faults()
        self.ledger.check(order, rig, before)
        for result in results:
            self.ledger.check_said(rig, result)
        if len(results) == 2 and not any(result.get("failed") for result in results):
            # Of a run that was killed nobody knows whether it was the last one.
            self.ledger.check_done(order, rig, before, results[-1], ())

    @staticmethod
    def _results(runs: list[Run]) -> list[dict[str, Any]]:
        for run in runs:
            run.wait()
        DONE["runs"] += 1
        DONE["kills"] += sum(run.was_killed for run in runs)
        return [run.result() for run in runs if not run.was_killed]

    def _race(self, order: Order, pause: float) -> None:
        a, b = self.rigs[:2]
        order, before = self._prepare(order, a)
        self._show_all()
        runs = [self.zygote.start(a.params(order.items, **order.options))]
        time.sleep(pause)
        runs.append(self.zygote.start(b.params(order.items, **order.options)))
        results = self._results(runs)
        self.ledger.check(order, a, before)
        for rig, result in zip((a, b), results):
            self.ledger.check_said(rig, result)
            failed = [user["description"] for user in result["users"] if user["action"] == "failed"]
            assert set(failed) == {wish.description for wish in order.wishes if before.is_ambiguous(wish)}, result
        self._find_homes(before)

    def _find_homes(self, before: Before) -> None:
        """Of each account that two runs wanted to create, one of the folders has the password, and says so."""
        for number, account in self.ledger.accounts().items():
            if number in before.accounts:
                continue
            files = [(rig, record) for rig in self.rigs[:2] for record in rig.records() if record["user_id"] == number]
            holders = [rig for rig, record in files if record.get("password") == account.password]
            assert len(holders) == 1, f"{len(holders)} files open the account of {account.description!r}"
            assert all(record.get("password") or record["note"] for _rig, record in files)
            self.ledger.homes[number] = holders[0]


def _comparable(result: Mapping[str, Any]) -> Any:
    """What check mode and a run have to agree on."""
    users = [{key: value for key, value in user.items() if key != "credential_s3_access"} for user in result["users"]]
    return foreseen({**result, "users": users})
