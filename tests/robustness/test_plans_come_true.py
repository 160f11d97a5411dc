# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over random clouds, folders and lists: a run does what check mode foresaw, or refuses before its first write."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._api import apply
from tests.simulator import Simulator
from tests.support.checks import foreseen, tree
from tests.support.rig import Rig, hurry

NAMES = ("ada", "bob", "Ada", "team-x", "team-y")
ROLES = ("ai_training_operator", "ai_training_read", "compute_operator", "objectstore_operator")
STATUSES = ("ok", "ok", "ok", "ok", "disabled", "deleting", "deleted", "odd")
#: What somebody grants to everyone while a run is under way. No list names it.
MEANWHILE = "volume_operator"

_roles = st.lists(st.sampled_from(ROLES), unique=True, max_size=3)


class Person(NamedTuple):
    """An account that is there, and what the folder holds of it: nothing, its password, or that of another."""

    description: str
    roles: list[str]
    status: str
    file: str


PEOPLE = st.lists(
    st.builds(
        Person,
        st.sampled_from([*NAMES, "", "  "]),
        _roles,
        st.sampled_from(STATUSES),
        st.sampled_from(["none", "good", "foreign", "empty"]),
    ),
    max_size=6,
)


@st.composite
def lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A list as a person may write it. ``user_id`` and ``username`` are numbers of people, put in later."""
    named = st.tuples(st.just("description"), st.sampled_from([*NAMES, "new", "team-new"])) | st.tuples(
        st.sampled_from(["user_id", "username"]), st.integers(0, 6)
    )
    items = []
    for key, value in draw(st.lists(named, unique=True, max_size=5)):
        roles = draw(st.none() | _roles)
        revoked = draw(st.sampled_from([[], [], ["ai_*"], ["compute_operator"], ["AI Operator"]]))
        items.append(
            {
                key: value,
                "state": draw(st.sampled_from(["present", "present", "present", "absent"])),
                "roles": roles,
                "revoke_roles": revoked,
                "purge_roles": draw(st.booleans()) and not revoked,
                "update_password": draw(st.sampled_from(["on_create", "on_create", "on_missing", "always"])),
            }
        )
    return items


OPTIONS = st.fixed_dictionaries(
    {
        "purge_match": st.sampled_from([None, None, "^team-", ".*", "(?i)ADA"]),
        "max_deletions": st.integers(0, 3),
        "max_resets": st.integers(0, 2),
        "max_revocations": st.sampled_from([None, None, 0, 1]),
        "s3_credentials": st.sampled_from([None, None, "present", "absent"]),
    }
)


class Case:
    """One cloud and one folder, and a list for them."""

    def __init__(self, sim: Simulator, folder: Path, people: list[Person], items: list[Any], more: Any) -> None:
        sim.reset()
        shutil.rmtree(folder, ignore_errors=True)
        self.sim = sim
        self.rig = Rig(sim, folder)
        self.project = self.rig.project
        made = [(one, self.project.add_user(one.description, one.roles, one.status)) for one in people]
        self.ids = [user["id"] for _one, user in made]
        self.rig.place.mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        for one, user in made:
            self._write(one, user)
        self.items = [self._named(item, [user for _one, user in made]) for item in items]
        self.options = {"roles": None, "purge_users": more["purge_match"] is not None, "max_revocations": None, **more}
        if more["s3_credentials"] is None:
            del self.options["s3_credentials"]
        self.before = {user["id"]: user for user in self.project.live_users()}
        self.passwords = {number: self.project.password_of(number) for number in self.before}

    def _write(self, one: Person, user: dict[str, Any]) -> None:
        alone = self.project.users_by_description(one.description) == [user] and one.description.strip()
        if one.file == "none" or not alone:
            return
        number = user["id"] + (1000 if one.file == "foreign" else 0)
        secret = "null" if one.file == "empty" else f'"{self.project.password_of(user["id"])}"'
        path = self.rig.place / f"{one.description}.yml"
        path.write_text(
            f'user_id: {number}\nusername: "x"\ndescription: "{one.description}"\npassword: {secret}\n'
            'issued_at: "2026-03-01T12:00:00Z"\n'
        )
        path.chmod(0o600)

    @staticmethod
    def _named(item: dict[str, Any], users: list[dict[str, Any]]) -> dict[str, Any]:
        for key, field in (("user_id", "id"), ("username", "username")):
            if key in item:
                found = users[item[key]][field] if item[key] < len(users) else {"user_id": 10**9}.get(key, "nobody")
                return {**item, key: found}
        return item

    def run(self, check: bool = False) -> dict[str, Any]:
        """Run the list."""
        return self.rig.run(self.items, check=check, wait_timeout=1, **self.options)

    def names(self, item: dict[str, Any], user: dict[str, Any]) -> bool:
        """True if an item means that user, or could."""
        keys = (("description", "description"), ("user_id", "id"), ("username", "username"))
        return any(item.get(key) == user[field] for key, field in keys)

    def state(self) -> dict[int, Any]:
        """Return everything about everybody."""
        found = {user["id"]: user for user in self.project.users()}
        return {number: (user, self.project.password_of(number)) for number, user in found.items()}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """One server for all examples; each begins with a cloud of its own."""
    with pytest.MonkeyPatch.context() as patch, Simulator() as simulator:
        hurry(patch.setattr)
        yield simulator


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for folders."""
    return tmp_path_factory.mktemp("plans")


#: What was wrong once: the run alone said that she is disabled.
DISABLED = {
    "people": [Person("ada", [], "disabled", "none")],
    "items": [{"description": "ada", "state": "present", "roles": ["compute_operator"], "revoke_roles": [],
               "purge_roles": False, "update_password": "on_create"}],
    "more": {"purge_match": None, "max_deletions": 0, "max_resets": 0, "max_revocations": None, "s3_credentials": None},
}  # fmt: skip


@given(people=PEOPLE, items=lists(), more=OPTIONS)
@example(**DISABLED)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_check_mode_foresees_the_run_and_the_second_run_has_nothing_to_do(
    sim: Simulator, base: Path, people: list[Person], items: list[Any], more: dict[str, Any]
) -> None:
    case = Case(sim, base / "creds", people, items, more)
    disk, cloud = tree(base / "creds"), case.state()
    planned = case.run(check=True)
    assert sim.writes() == []
    assert (tree(base / "creds"), case.state()) == (disk, cloud)
    result = case.run()
    assert comparable(planned) == comparable(result)
    code = result.get("failure", {}).get("code")
    event(str(code))
    if not result["users"] and result.get("failed"):
        # The whole plan was refused.
        assert code in ("refused_by_guard", "bad_input")
        assert sim.writes() == []
        assert case.state() == cloud
        if code == "refused_by_guard":
            check_guard(case, result["failure"], result["msg"])
        return
    check_bystanders(case)
    check_limits(case, result)
    if result["summary"]["failed"] and result["summary"]["deleted"]:
        # Of two with one description one may have been deleted by its id: the other is no longer ambiguous.
        return
    for item in case.items:
        item["update_password"] = "on_create"
    sim.clear_calls()
    again = case.run()
    assert (again["changed"], sim.writes()) == (False, []), again["diff"]


def comparable(result: dict[str, Any]) -> Any:
    """What check mode and a run have to agree on; messages too, where the plan was refused."""
    users = [{key: value for key, value in user.items() if key != "credential_s3_access"} for user in result["users"]]
    notes = [] if result.get("failed") is None else [result["msg"]]
    return foreseen({**result, "users": users}), notes


def check_guard(case: Case, failure: dict[str, Any], message: str) -> None:
    """Assert that a refusal says who would be hit: more of them than allowed, and each of them somebody."""
    hit = {user["user_id"] for user in failure["users"]}
    limit = case.options[failure["option"]]
    assert failure["limit"] == limit
    assert len(failure["users"]) == len(hit) > limit
    assert failure["option"] in message
    for number in hit:
        user = case.before[number]
        assert str(number) in message
        assert user["description"] in message
        listed = any(case.names(item, user) for item in case.items)
        assert listed or (failure["option"] == "max_deletions" and user["description"].strip())


def check_bystanders(case: Case) -> None:
    """Assert that nobody else was touched, and nobody without a description purged."""
    now = {user["id"]: user for user in case.project.live_users()}
    for number, user in case.before.items():
        if any(case.names(item, user) for item in case.items):
            continue
        if number not in now:
            assert case.options["purge_users"]
            assert user["description"].strip(), "purged, though it has no description"
        else:
            assert now[number] == user
            assert case.project.password_of(number) == case.passwords[number]


def check_limits(case: Case, result: dict[str, Any]) -> None:
    """Assert that what was done stays below the limits."""
    now = {user["id"]: user for user in case.project.live_users()}
    assert len(case.before.keys() - now.keys()) <= case.options["max_deletions"]
    taken = [
        number
        for number, user in case.before.items()
        if number in now and not {role["name"] for role in user["roles"]} <= set(case.project.role_names(number))
    ]
    limit = case.options["max_revocations"]
    assert limit is None or len(taken) <= limit
    always = [item for item in case.items if item["update_password"] == "always"]
    renewed = [
        number
        for number in case.before.keys() & now.keys()
        if case.project.password_of(number) != case.passwords[number]
        and not any(case.names(item, case.before[number]) for item in always)
    ]
    assert len(renewed) <= case.options["max_resets"]
    assert result["credentials"] == []


@given(people=PEOPLE, items=lists())
@settings(max_examples=settings().max_examples // 2, suppress_health_check=[HealthCheck.too_slow])
def test_what_somebody_grants_meanwhile_stays_unless_the_list_is_exact(
    sim: Simulator, base: Path, people: list[Person], items: list[Any]
) -> None:
    more = {"purge_match": None, "max_deletions": 10, "max_resets": 10, "max_revocations": None, "s3_credentials": None}
    case = Case(sim, base / "creds", people, items, more)
    really = apply.Executor.run
    granted: list[int] = []

    def granted_meanwhile(executor: apply.Executor) -> Any:
        for number in case.before:
            granted.append(number)
            case.project.set_roles(number, [*case.project.role_names(number), MEANWHILE])
        return really(executor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply.Executor, "run", granted_meanwhile)
        result = case.run()
    if not result["users"] and result.get("failed"):
        return
    now = {user["id"] for user in case.project.live_users()}
    # Where nothing has to be done there is no meanwhile.
    event("granted" if granted else "nothing to do")
    for number in now.intersection(granted):
        exact = [
            item
            for item in case.items
            if item["purge_roles"] and item["roles"] is not None and case.names(item, case.before[number])
        ]
        assert exact or MEANWHILE in case.project.role_names(number)
