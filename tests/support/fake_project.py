# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project and a folder that say what they are told to and remember what they were asked, for tests of single acts.

How the whole behaves is tested against the simulator; here it is one act and one answer at a time.
"""

from __future__ import annotations

from collections import defaultdict, deque
from types import SimpleNamespace
from typing import Any, Callable

from ansible_collections.cloudops.ovh.plugins.module_utils._api.stop import Stop
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Intent


class Scripted:
    """Every method answers with what was scripted for it, in turn, and with nothing after that; errors are raised."""

    def __init__(self, journal: list[tuple[Any, ...]]) -> None:
        self.journal = journal
        self.answers: dict[str, deque[Any]] = defaultdict(deque)

    def script(self, name: str, *answers: Any) -> None:
        """Let the next calls of a method end so."""
        self.answers[name].extend(answers)

    def answer(self, name: str, *arguments: Any, default: Any = None) -> Any:
        self.journal.append((name, *arguments))
        answer = self.answers[name].popleft() if self.answers[name] else default
        if isinstance(answer, Exception):
            raise answer
        return answer


class FakeProject(Scripted):
    """Stands for :class:`Project`. Its clock is ``now``, in seconds since 1970."""

    def __init__(self, journal: list[tuple[Any, ...]], now: float) -> None:
        super().__init__(journal)
        self.now = now
        self.service_name = "p1"
        self.stop = Stop()
        self.port = SimpleNamespace(
            stop=self.stop,
            now=lambda: self.now,
            connection=SimpleNamespace(timeout=30.0),
            expect=lambda calls: self.answer("expect", calls),
        )

    def create_user(self, description: str, roles: Any, before: Any) -> Any:
        before()
        return self.answer("create_user", description, tuple(roles))

    def grant(self, user_id: int, role: Any) -> None:
        self.answer("grant", user_id, role.name)

    def revoke(self, user_id: int, role: Any) -> None:
        self.answer("revoke", user_id, role.name)

    def set_roles(self, user_id: int, roles: Any) -> None:
        self.answer("set_roles", user_id, tuple(role.name for role in roles))

    def roles_of(self, user_id: int) -> Any:
        return self.answer("roles_of", user_id, default=())

    def renew_password(self, user_id: int) -> Any:
        return self.answer("renew_password", user_id, default="a new one")

    def delete_user(self, user_id: int) -> None:
        self.answer("delete_user", user_id)

    def ask(self, call: Callable[[], Any]) -> Any:
        return call()

    def log_in(self, user_id: int, password: str) -> None:
        self.answer("log_in", user_id, password)

    def users(self) -> Any:
        return self.answer("users", default=())

    def user_by_id(self, user_id: int) -> Any:
        return self.answer("user_by_id", user_id)

    def catalogue(self) -> Any:
        return self.answer("catalogue")

    def credential_rules(self) -> Any:
        return self.answer("credential_rules")


class FakeKeeper(Scripted):
    """Stands for :class:`Store`. Its intents are called ``i1``, ``i2`` and so on."""

    def __init__(self, journal: list[tuple[Any, ...]]) -> None:
        super().__init__(journal)
        self.begun = 0

    def begin(self, stem: str, description: str, intent: Intent) -> Intent:
        self.begun += 1
        asked = intent.action, intent.began_at, intent.valid_for, intent.user_id
        self.answer("begin", stem, description, *asked)
        return intent._replace(id=f"i{self.begun}")

    def extend(self, stem: str, description: str, intent: Intent, valid_for: float) -> Intent:
        self.answer("extend", stem, description, intent.id, valid_for)
        return intent

    def settle(self, stem: str) -> None:
        self.answer("settle", stem)

    def keep(self, stem: str, user: Any, password: str, now: float, intent: Any, before: Any) -> Any:
        kept = Credential(user.id, True, now, None, intent.id if intent is not None else "")
        return self.answer("keep", stem, user.id, password, now, intent and intent.id, before, default=kept)

    def note(self, stem: str, user: Any, note: str) -> Any:
        return self.answer("note", stem, user.id, note, default=Credential(user.id))

    def forget(self, stem: str) -> None:
        self.answer("forget", stem)
