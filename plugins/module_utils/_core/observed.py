# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is: the users of a project, and their files, found by every way to name a user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .credential import Stored
from .desired import Desired
from .errors import AmbiguousUserError, CloudOpsError
from .model import Catalogue, Role, User
from .names import file_stem
from .token_spec import Token

#: No files at all.
NOTHING: Mapping[str, Stored] = MappingProxyType({})


class Cloud:
    """The users of a project at one moment. Users on their way out are not present."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = tuple(user for user in users if user.is_live)
        self.by_id = {user.id: user for user in self.users}
        self._by_description: dict[str, list[User]] = {}
        self._by_username: dict[str, list[User]] = {}
        for user in self.users:
            self._by_description.setdefault(user.description, []).append(user)
            self._by_username.setdefault(user.username, []).append(user)

    def described(self, description: str) -> list[User]:
        """Return the live users with that description, the oldest (lowest id) first."""
        return sorted(self._by_description.get(description, []), key=lambda user: user.id)

    def matching(self, pattern: str) -> list[User]:
        """Return the users in whose description the pattern is found, the oldest first; never one without any."""
        found = re.compile(pattern).search
        users = [user for user in self.users if user.description.strip() and found(user.description)]
        return sorted(users, key=lambda user: user.id)

    def find(self, desired: Desired) -> User | None:
        """Return the one user that ``desired`` names, None if there is none.

        Raises :class:`AmbiguousUserError`, which names the ids, where there are several.
        """
        if desired.user_id is not None:
            return self.by_id.get(desired.user_id)
        if desired.description is not None:
            found = self.described(desired.description)
        else:
            found = self._by_username.get(desired.username or "", [])
        if len(found) > 1:
            ids = [user.id for user in sorted(found, key=lambda user: user.id)]
            raise AmbiguousUserError(
                "{} is ambiguous: the users {} answer to it. Nothing was changed. Name the right one by user_id,"
                " and delete the others.".format(desired.where, ", ".join(map(str, ids))),
                user_ids=ids,
            )
        return found[0] if found else None

    def named(self, desired: Desired) -> User | None:
        """Return the one user that ``desired`` names, None if there is none or there are several."""
        try:
            return self.find(desired)
        except AmbiguousUserError:
            return None

    def grantable(self, desired: Desired, catalogue: Catalogue) -> Catalogue:
        """Return the roles that can be asked for: those of the catalogue, and those that the user has already, which
        OVHcloud may have withdrawn."""
        user = self.named(desired)
        return catalogue if user is None else catalogue.extended(user.roles)

    def held_roles(self, desired: Desired) -> tuple[Role, ...] | None:
        """Return the roles of the user that ``desired`` names, where they are all that it asks for, by API names, and
        nothing shall go; None where that is not so. An API name goes before any label: it needs no catalogue."""
        user = self.named(desired)
        if user is None or desired.revoke_roles:
            return None
        wanted = {name.strip().casefold() for name in desired.roles or ()}
        held = {role.name.casefold() for role in user.roles}
        return user.roles if wanted == held or (wanted < held and not desired.purge_roles) else None

    def stem(self, user: User, stored: Mapping[str, Stored] = NOTHING) -> str:
        """Return the name of the user's files; a description that is empty or shared gets the id added.

        Files that are there keep their name, should the description become shared, or no longer be.
        """
        plain, own = self.stems(user)
        if not user.description.strip():
            return own
        held = stored.get(plain, Stored()).credential
        if held is not None and held.user_id == user.id:
            return plain
        alone = len(self._by_description.get(user.description, ())) < 2
        return plain if alone and stored.get(own, Stored()) == Stored() else own

    def stems(self, user: User) -> list[str]:
        """Return the names under which files of a user can lie."""
        return [file_stem(user.description), file_stem(user.description, user.id)]

    def stems_of(self, desired: Desired) -> list[str]:
        """Return the names under which files of the user that ``desired`` names can lie."""
        user = self.named(desired)
        if user is not None:
            return self.stems(user)
        return [file_stem(desired.description)] if desired.description is not None else []


class Observed(NamedTuple):
    """All that a plan is made from. ``stored`` is by file stem, ``now`` the API's time in seconds since 1970,
    ``s3_keys`` the access keys of the users that shall lose them, by user id, ``tokens`` the AI tokens,
    if any shall go, ``unclear`` why nobody knows whether a user is there, by the ``where`` of who asks, ``left`` the
    ids of users that an earlier run has deleted before it was cut short, by the stem of their files."""

    cloud: Cloud
    stored: Mapping[str, Stored] = NOTHING
    now: float = 0.0
    s3_keys: Mapping[int, tuple[str, ...]] = {}
    tokens: tuple[Token, ...] = ()
    unclear: Mapping[str, CloudOpsError] = {}
    left: Mapping[str, int] = {}
