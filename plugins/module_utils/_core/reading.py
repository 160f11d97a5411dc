# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reading modules select and show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .model import Catalogue, Role, User, parse_catalogue
from .render import render_user


class UserFilter(NamedTuple):
    """Which users to show: those that have all of it. None does not count; ``role`` is a name or a label."""

    description: str | None = None
    user_id: int | None = None
    username: str | None = None
    role: str | None = None

    def matches(self, user: User) -> bool:
        """True if a user has all that is asked except for the role."""
        wanted = (self.description, self.user_id, self.username)
        has = (user.description, user.id, user.username)
        return all(want is None or want == have for want, have in zip(wanted, has))


def select(users: Iterable[User], wanted: UserFilter, catalogue: Catalogue | None) -> list[User]:
    """Return the live users that are wanted, by id; ``catalogue`` is needed for a role.

    Raises :class:`UnknownRoleError` for a role that neither the project nor any of its users has.
    """
    live = sorted((user for user in users if user.is_live), key=lambda user: user.id)
    found = [user for user in live if wanted.matches(user)]
    if wanted.role is None or catalogue is None:
        return found
    # Users keep roles that OVHcloud withdrew: those can be asked for as well.
    known = catalogue.extended(role for user in live for role in user.roles)
    names = known.all_of(wanted.role, "role")
    return [user for user in found if not user.role_names.isdisjoint(names)]


def render_role(role: Role) -> dict[str, Any]:
    """Return a role with all that the API says of it."""
    return {"id": role.id, "name": role.name, "description": role.label, "permissions": sorted(role.permissions)}


def render_full_user(user: User) -> dict[str, Any]:
    """Return a user as modules return it, with full roles instead of their names."""
    roles = sorted(user.roles, key=lambda role: role.name)
    return {**(render_user(user) or {}), "roles": [render_role(role) for role in roles]}


class Offer(NamedTuple):
    """What a project offers: its roles, and what they allow, by service."""

    catalogue: Catalogue
    services: list[dict[str, Any]]


def parse_offer(data: object) -> Offer:
    """Return the whole answer about roles, or raise :class:`ApiError`."""
    catalogue = parse_catalogue(data)
    listed = data.get("services") if isinstance(data, dict) else None
    names = {role.id: role.name for role in catalogue.roles}
    services = [
        {"name": service.get("name"), "permissions": _permissions(service.get("permissions"), names)}
        for service in _mappings(listed)
    ]
    return Offer(catalogue, services)


def _mappings(value: object) -> list[dict[str, Any]]:
    """Return the mappings of a list: a table that is for people only must not make a read fail."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _permissions(value: object, names: dict[Any, str]) -> list[dict[str, Any]]:
    return [{"label": one.get("label"), "roles": _names(one.get("roles"), names)} for one in _mappings(value)]


def _names(value: object, names: dict[Any, str]) -> list[str]:
    listed = value if isinstance(value, list) else []
    return sorted(names[one] for one in listed if isinstance(one, (str, int)) and one in names)
