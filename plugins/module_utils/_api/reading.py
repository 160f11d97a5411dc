# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading modules: one list each, and the catalogue of roles where a role is named."""

from __future__ import annotations

from typing import Callable, NamedTuple

from .._core.errors import ApiError
from .._core.model import User
from .._core.reading import Offer, UserFilter, parse_offer, select
from .client import Port
from .endpoints import Project


class UserRequest(NamedTuple):
    """What ``ovh_cloud_user_info`` was asked for."""

    service_name: str
    wanted: UserFilter
    hidden: bool = False
    check: bool = False


class RoleRequest(NamedTuple):
    """What ``ovh_cloud_role_info`` was asked for."""

    service_name: str
    hidden: bool = False
    check: bool = False


class Reader(Project):
    """One Public Cloud project, with what only reading modules want to know."""

    def offer(self) -> Offer:
        """Return the roles that users can have, and what they allow."""
        offer: Offer = self.port.call("GET", self._root + "/role", parse=parse_offer)
        return offer


def read_users(request: UserRequest, connect: Callable[[], Port]) -> list[User]:
    """Return the users that are wanted, in at most two calls, and one more for an id that is not in the list."""
    reader = Reader(connect(), request.service_name)
    catalogue = reader.catalogue() if request.wanted.role is not None else None
    users, user_id = reader.users(), request.wanted.user_id
    if user_id is not None and all(user.id != user_id for user in users):
        users += _left_out(reader, user_id)
    return select(users, request.wanted, catalogue)


def _left_out(reader: Reader, user_id: int) -> tuple[User, ...]:
    """Return the user that a lagging list has left out, if it is there and the keys allow to ask."""
    try:
        user = reader.user_by_id(user_id)
    except ApiError as error:
        if error.kind != "forbidden":
            raise
        return ()
    return () if user is None else (user,)


def read_offer(request: RoleRequest, connect: Callable[[], Port]) -> Offer:
    """Return the roles of a project, in one call."""
    return Reader(connect(), request.service_name).offer()
