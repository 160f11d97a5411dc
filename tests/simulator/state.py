"""The users of one project, and how their status moves on with time."""

from __future__ import annotations

import heapq
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from .catalogue import Catalogue
from .clock import Clock
from .errors import ApiError, user_not_found
from .listing import Listing
from .model import User, random_text
from .settings import Settings


class UserStore:
    """Users under one lock. A status changes when its time has come and somebody looks: no thread is needed."""

    def __init__(self, settings: Settings, clock: Clock, ids: Iterator[int]) -> None:
        self.lock = RLock()
        self.settings = settings
        self.clock = clock
        self.catalogue = Catalogue(self.lock, self._catalogue_changed)
        self.listing = Listing(self._render, clock)
        self._ids = ids
        self._users: dict[int, User] = {}
        self._due: list[tuple[float, int, str]] = []
        self._rendered: dict[int, bytes] = {}

    @contextmanager
    def open(self) -> Iterator[dict[int, User]]:
        """Hold the lock, with every status as it is now."""
        with self.lock:
            self._settle()
            yield self._users

    def changed(self, user_id: int, *, written: bool = True, at: float | None = None) -> None:
        """Forget what was rendered of a user, after a change."""
        self._rendered.pop(user_id, None)
        self.listing.changed(self.clock.elapsed() if at is None else at, written=written)

    def view(self, user: User) -> dict[str, Any]:
        """Return a user as the API shows it."""
        return user.to_api(self.catalogue.describe(user.role_ids))

    def find(self, user_id: int) -> User:
        """Return a user, or answer that it does not exist (yet, for those that were just created)."""
        user = self._users.get(user_id)
        if user is None or self.clock.elapsed() - user.born < self.settings.not_found_after_creation:
            raise user_not_found(user_id)
        return user

    def find_changeable(self, user_id: int) -> User:
        """Return a user that may be changed: not one that is deleted, nor, when strict, one that is in between."""
        user = self.find(user_id)
        if user.status == "deleted":
            raise user_not_found(user_id)
        if self.settings.strict_status and user.status in self.settings.strict_statuses:
            raise ApiError(409, f"user {user_id} is in status {user.status}")
        return user

    def store(self, user: User, *, written: bool) -> None:
        """Keep a user, unless the project is full."""
        if sum(other.live for other in self._users.values()) >= self.settings.user_limit:
            limit = self.settings.user_limit
            raise ApiError(self.settings.user_limit_status, f"Maximum number of users ({limit}) reached")
        self._users[user.id] = user
        self.changed(user.id, written=written)

    def next_id(self) -> int:
        """Return an id larger than all before it."""
        return next(self._ids)

    def create(self, description: str, role_names: Iterable[str]) -> User:
        """Create a user as the API does."""
        user = User(
            id=self.next_id(),
            description=self.settings.mangled(description),
            creation_date=self.clock.stamp(),
            role_ids=self.catalogue.for_creation(role_names),
            born=self.clock.elapsed(),
        )
        if self.settings.creating > 0:
            # The id of the OpenStack user is not known before that user exists.
            user.status, user.openstack_id = "creating", None
        self.store(user, written=True)
        self._move_on(user, "ready", self.settings.creating)
        return user

    def delete(self, user_id: int) -> None:
        """Delete a user as the API does."""
        user = self.find_changeable(user_id)
        user.status = "deleting"
        if self.settings.deleting > 0:
            self._move_on(user, "gone", self.settings.deleting)
        else:
            self._bury(user)
        self.changed(user_id)

    def regenerate(self, user_id: int) -> User:
        """Give a user another password. The list does not show it, so nothing else changes."""
        user = self.find_changeable(user_id)
        user.password = random_text(32)
        return user

    def change_roles(self, user_id: int, role_ids: set[str]) -> bool:
        """Give a user exactly these roles, and tell whether that changed anything."""
        user = self.find_changeable(user_id)
        if user.role_ids == role_ids:
            return False
        user.role_ids = set(role_ids)
        if self.settings.updating > 0:
            user.status = "updating"
            self._move_on(user, "ready", self.settings.updating)
        self.changed(user_id)
        return True

    def _move_on(self, user: User, event: str, delay: float) -> None:
        if 0 < delay < float("inf"):
            heapq.heappush(self._due, (self.clock.elapsed() + delay, user.id, event))

    def _settle(self) -> None:
        """Let happen what is due by now, each at its own time so that a lagging list shows it when it should."""
        now = self.clock.elapsed()
        while self._due and self._due[0][0] <= now:
            at, user_id, event = heapq.heappop(self._due)
            user = self._users.get(user_id)
            if user is None:
                continue
            if event == "gone" and user.status == "deleting":
                self._bury(user)
            elif event == "ready" and user.status in {"creating", "updating"}:
                user.status = "ok"
                user.openstack_id = user.openstack_id or secrets.token_hex(16)
            self.changed(user_id, written=False, at=at)

    def _bury(self, user: User) -> None:
        if self.settings.keep_deleted:
            user.status = "deleted"
        else:
            self._users.pop(user.id, None)

    def _catalogue_changed(self) -> None:
        self._rendered.clear()
        self.listing.changed(self.clock.elapsed(), written=False)

    def _render(self) -> list[bytes]:
        """Render the list out of what is rendered already: only users that changed cost anything."""
        for user in self._users.values():
            if user.id not in self._rendered:
                self._rendered[user.id] = json.dumps(self.view(user)).encode()
        return [self._rendered[user_id] for user_id in self._users]
