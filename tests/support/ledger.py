# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cloud was before a run, what was asked, and what must hold afterwards, however the run ended.

Written from the interface, and looks at the cloud and the disk alone: a second opinion on what the collection does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.simulator import Simulator
from tests.support.rig import Rig


class Account(NamedTuple):
    """One live account."""

    description: str
    password: str
    roles: frozenset[str]
    keys: tuple[str, ...]


class Wish(NamedTuple):
    """What is asked for one user. ``user_id`` replaces the description as the name, where it is given."""

    description: str
    user_id: int | None = None
    state: str = "present"
    roles: tuple[str, ...] | None = None
    revoke_roles: tuple[str, ...] = ()
    purge_roles: bool = False
    update_password: str = "on_create"

    @property
    def item(self) -> dict[str, Any]:
        """The item of the list."""
        named = {"description": self.description} if self.user_id is None else {"user_id": self.user_id}
        # Nothing is asked for an account on its way out.
        roles = self.state == "present"
        return {
            **named,
            "state": self.state,
            "roles": list(self.roles) if self.roles is not None and roles else None,
            "revoke_roles": list(self.revoke_roles) if roles else [],
            "purge_roles": self.purge_roles and roles,
            "update_password": self.update_password,
        }


class Order(NamedTuple):
    """All that one run is asked for."""

    wishes: tuple[Wish, ...]
    purge_match: str | None = None
    max_deletions: int | None = 10
    keys: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options of ``ovh_cloud_users``."""
        options: dict[str, Any] = {"roles": None, "max_deletions": self.max_deletions}
        if self.purge_match is not None:
            options.update(purge_users=True, purge_match=self.purge_match)
        if self.keys:
            options["s3_credentials"] = "present"
        return options

    @property
    def items(self) -> list[dict[str, Any]]:
        """The list."""
        return [wish.item for wish in self.wishes]

    def wish_for(self, number: int, account: Account) -> Wish | None:
        """Return what is asked for an account."""
        for wish in self.wishes:
            if wish.user_id == number or (wish.user_id is None and wish.description == account.description):
                return wish
        return None


class Before(NamedTuple):
    """What there was before a run: the accounts by id, and the folder's intents and readable files."""

    accounts: dict[int, Account]
    intended: frozenset[str]
    opened: frozenset[int]

    def count(self, description: str) -> int:
        """Return how many accounts have a description."""
        return [one.description for one in self.accounts.values()].count(description)

    def is_ambiguous(self, wish: Wish) -> bool:
        """True where nobody can say whom a wish means."""
        return wish.user_id is None and self.count(wish.description) > 1


class Ledger:
    """Follows one cloud through many runs. ``homes``: whose folder has to hold the password of an account."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.project = sim.project()
        self.homes: dict[int, Rig] = {}
        self.secrets = {sim.credentials["application_secret"], sim.credentials["consumer_key"]}
        self._listen("create")
        self._listen("regenerate")

    def _listen(self, method: str) -> None:
        """Write down every password that the API ever gives out, also those that nobody got."""
        really = getattr(self.project, method)

        def noted(*args: Any) -> Any:
            user = really(*args)
            self.secrets.add(user.password)
            return user

        setattr(self.project, method, noted)

    def accounts(self) -> dict[int, Account]:
        """Return the live accounts as they are now."""
        found = {}
        for user in self.project.live_users():
            number = user["id"]
            keys = self.project.s3_credentials(number)
            self.secrets.update(key["secret"] for key in keys)
            roles = frozenset(role["name"] for role in user["roles"])
            password, held = self.project.password_of(number), tuple(sorted(key["access"] for key in keys))
            found[number] = Account(user["description"], password, roles, held)
        self.secrets.update(one.password for one in found.values())
        return found

    def before(self, rig: Rig) -> Before:
        """Return what there is, for comparison."""
        intended, opened = set(), set()
        if rig.folder is not None:
            intended = {one["description"] for one in rig.intents()}
            opened = {record["user_id"] for record in rig.records() if record.get("password")}
        return Before(self.accounts(), frozenset(intended), frozenset(opened))

    # What holds after every run, also one that failed or was killed

    def check(self, order: Order, rig: Rig, before: Before) -> None:
        """Assert that nobody was touched whom the run had no order to touch, and that nobody was doubled."""
        now = self.accounts()
        for number, account in before.accounts.items():
            self._check_account(order, rig, before, number, account, now.get(number))
        for number in now.keys() - before.accounts.keys():
            description = now[number].description
            assert any(wish.description == description and wish.state == "present" for wish in order.wishes), (
                f"an account of {description!r} that nobody asked for"
            )
        for description in {one.description for one in now.values()}:
            count = [one.description for one in now.values()].count(description)
            assert count <= max(1, before.count(description)), f"{count} accounts of {description!r}"
        for number, account in now.items():
            if number not in before.accounts or account.password != before.accounts[number].password:
                self.homes[number] = rig
        self._check_disk(rig)

    def _check_account(
        self, order: Order, rig: Rig, before: Before, number: int, account: Account, now: Account | None
    ) -> None:
        wish = order.wish_for(number, account)
        who = f"{account.description!r} ({number})"
        if wish is None and order.purge_match is not None and account.description.startswith("team-"):
            assert now in (None, account), f"{who} was to be purged, and was changed instead"
        elif wish is None or before.is_ambiguous(wish):
            assert now == account, f"{who} is none of the run's business"
        elif now is None:
            assert wish.state == "absent", f"{who} is gone"
        else:
            self._check_change(wish, before, number, account, now)
            assert order.keys or now.keys == account.keys, f"{who} has other access keys"
            assert len(now.keys) <= max(1, len(account.keys)), f"{who} has one access key too many"

    @staticmethod
    def _check_change(wish: Wish, before: Before, number: int, account: Account, now: Account) -> None:
        who, intended = f"{account.description!r} ({number})", account.description in before.intended
        # An account that a killed run created is finished as that run would have: with exactly its roles.
        wanted = frozenset(wish.roles or ()) if wish.state == "present" else frozenset()
        exact = (wish.purge_roles and wish.roles is not None) or intended
        assert now.roles - account.roles <= wanted, f"{who} was given more than was asked for"
        removable = account.roles - wanted if exact else frozenset(wish.revoke_roles)
        assert account.roles - now.roles <= removable, f"{who} has lost a role that nobody took away"
        missing = wish.update_password == "on_missing" and number not in before.opened
        allowed = wish.update_password == "always" or intended or missing
        assert allowed or now.password == account.password, f"{who} was locked out"

    def _check_disk(self, rig: Rig) -> None:
        if rig.folder is None:
            return
        for name, data in rig.snapshot().items():
            if rig.vaulted or name.endswith(".intent"):
                assert not self.seen(data.decode()), f"a secret in clear in {name}"

    def seen(self, text: str) -> list[str]:
        """Return the secrets that are in a text."""
        return [secret for secret in self.secrets if secret in text]

    def check_said(self, rig: Rig, result: Mapping[str, Any]) -> None:
        """Assert that a result hides what it must, and says what went wrong in words."""
        shown = dict(result)
        if rig.folder is None:
            shown.pop("credentials")
        else:
            assert shown["credentials"] == []
        assert not self.seen(json.dumps(shown, ensure_ascii=False)), "a secret in the result"
        assert "Unexpected" not in str(result.get("msg")), result["msg"]
        assert "Traceback" not in json.dumps(shown)
        for user in result["users"]:
            assert (user["action"] == "failed") == bool(user.get("error")), user

    # What holds after a run that says that all went well

    def check_done(self, order: Order, rig: Rig, before: Before, result: Mapping[str, Any], but: Sequence[str]) -> None:
        """Assert that all is as asked. ``but``: descriptions of which the run said itself that they failed."""
        now = self.accounts()
        for wish in order.wishes:
            if wish.description in but:
                continue
            found = {
                number: one
                for number, one in now.items()
                if (number == wish.user_id if wish.user_id is not None else one.description == wish.description)
            }
            if wish.state == "absent":
                assert not found, f"{wish.description!r} is still there"
                continue
            assert len(found) == 1, f"{len(found)} accounts of {wish.description!r}"
            ((number, account),) = found.items()
            self._check_roles(wish, number in before.accounts, account)
            self._check_password(rig, before, result, number, account)
            if order.keys:
                self._check_key(rig, number, account)
        if rig.folder is not None:
            waiting = {one["description"] for one in rig.intents()}
            assert not waiting & ({wish.description for wish in order.wishes} - set(but)), "something is half-done"

    @staticmethod
    def _check_roles(wish: Wish, was_there: bool, account: Account) -> None:
        wanted = frozenset(wish.roles or ())
        assert wanted <= account.roles, f"{wish.description!r} lacks a role"
        assert not account.roles & frozenset(wish.revoke_roles), f"{wish.description!r} has a role that should go"
        if not was_there or (wish.purge_roles and wish.roles is not None):
            assert account.roles == wanted, f"{wish.description!r} has roles that nobody listed"

    def _check_password(
        self, rig: Rig, before: Before, result: Mapping[str, Any], number: int, account: Account
    ) -> None:
        if self.homes.get(number) is not rig:
            return
        if rig.folder is not None:
            held = [one.get("password") for one in rig.records() if one["user_id"] == number]
            assert held == [account.password], f"the file of {account.description!r} does not open its account"
        elif number not in before.accounts or before.accounts[number].password != account.password:
            held = [one["password"] for one in result["credentials"] if one["id"] == number]
            assert held == [account.password], f"the result does not open the account of {account.description!r}"

    @staticmethod
    def _check_key(rig: Rig, number: int, account: Account) -> None:
        secrets = {key["access"]: key["secret"] for key in rig.project.s3_credentials(number)}
        (record,) = [one for one in rig.records() if one["user_id"] == number]
        assert account.keys, f"{account.description!r} has no access key"
        assert record["s3_secret"] == secrets[record["s3_access"]], f"the key of {account.description!r} does not work"
