# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users, roles and the catalogue of roles, as the API describes them.

Source: ``GET /cloud/project/{serviceName}/user`` and ``.../role``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Callable, NamedTuple, TypeVar

from .errors import ApiError, UnknownRoleError

_T = TypeVar("_T")

#: Labels of OVHcloud's documentation. The API sends labels of its own and changes them without notice,
#: people copy these. They count only where the catalogue has the role.
DOCUMENTED_LABELS = {
    "ai training operator": "ai_training_operator",
    "ai training reader": "ai_training_read",
    "objectstore operator": "objectstore_operator",
}

#: A user in one of these is on its way out and counts as not present.
GONE = frozenset(("deleting", "deleted"))
#: A user in one of these will be usable soon; changes on it may be refused until then.
PENDING = frozenset(("creating", "updating"))


class Role(NamedTuple):
    """A role: ``id`` is opaque and sent back as it came, ``name`` is what people write."""

    id: Any
    name: str
    label: str = ""
    permissions: tuple[str, ...] = ()


class User(NamedTuple):
    """A user of a Public Cloud project. It never holds a password."""

    id: int
    username: str
    description: str
    status: str
    openstack_id: str | None
    creation_date: str | None
    roles: tuple[Role, ...]

    @property
    def role_names(self) -> frozenset[str]:
        """The names of the user's roles."""
        return frozenset(role.name for role in self.roles)

    @property
    def is_live(self) -> bool:
        """False once the user is being deleted or is deleted."""
        return self.status not in GONE

    @property
    def is_pending(self) -> bool:
        """True while the API still works on the user."""
        return self.status in PENDING


def malformed(what: str) -> ApiError:
    """Return the error for an answer of another shape than the API's; it may have happened."""
    return ApiError(
        f"The API answered with something that is not {what}. Run again; if it stays, ask OVHcloud.", "lost"
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _entry(parse: Callable[[object], _T], item: object, number: int, what: str) -> _T:
    """Return an entry of a list; its error says which one it is."""
    try:
        return parse(item)
    except ApiError:
        raise malformed(f"{what} (entry {number} of the list)") from None


def parse_role(data: object) -> Role:
    """Return the role in an API answer, or raise :class:`ApiError`."""
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise malformed("a role")
    if not (_is_id(data.get("id")) or isinstance(data.get("id"), str)):
        raise malformed("a role")
    permissions = data.get("permissions")
    listed = permissions if isinstance(permissions, list) else []
    return Role(
        data["id"], data["name"], _text(data.get("description")), tuple(p for p in listed if isinstance(p, str))
    )


def parse_roles(data: object) -> tuple[Role, ...]:
    """Return a list of roles, or raise :class:`ApiError`."""
    if not isinstance(data, list):
        raise malformed("a list of roles")
    return tuple(_entry(parse_role, item, number, "a role") for number, item in enumerate(data, 1))


def parse_user(data: object) -> User:
    """Return the user in an API answer (User or UserDetail), or raise :class:`ApiError`."""
    if not isinstance(data, dict) or not _is_id(data.get("id")) or not isinstance(data.get("username"), str):
        raise malformed("a user")
    roles = data.get("roles")
    return User(
        id=data["id"],
        username=data["username"],
        description=_text(data.get("description")),
        status=_text(data.get("status")),
        openstack_id=data["openstackId"] if isinstance(data.get("openstackId"), str) else None,
        creation_date=data["creationDate"] if isinstance(data.get("creationDate"), str) else None,
        roles=() if roles is None else parse_roles(roles),
    )


def parse_users(data: object) -> tuple[User, ...]:
    """Return the list of users of a project, or raise :class:`ApiError`."""
    if not isinstance(data, list):
        raise malformed("a list of users")
    return tuple(_entry(parse_user, item, number, "a user") for number, item in enumerate(data, 1))


def parse_password(data: object) -> str:
    """Return the password of a UserDetail, or raise :class:`ApiError`."""
    password = data.get("password") if isinstance(data, dict) else None
    if not isinstance(password, str) or not password:
        raise malformed("a user with its password")
    return password


class Catalogue:
    """The roles that a project knows, found by name or label in any case."""

    def __init__(self, roles: Iterable[Role], withdrawn: Iterable[Role] = ()) -> None:
        """``withdrawn`` are roles that users have and that OVHcloud does not offer any more."""
        offered = {role.name: role for role in roles}
        kept = {role.name: role for role in withdrawn if role.name not in offered}
        self._offered = tuple(offered.values())
        self.roles = tuple(sorted((*offered.values(), *kept.values()), key=lambda role: role.name))
        self._by_name = {role.name.casefold(): role for role in self.roles}
        self._by_label: dict[str, list[Role]] = {}
        # What is offered goes before what is not: somebody who still has an old role must not make a label ambiguous.
        for group in (offered, kept):
            labels: dict[str, list[Role]] = {}
            for role in sorted(group.values(), key=lambda one: one.name):
                labels.setdefault(role.label.strip().casefold(), []).append(role)
            self._by_label = {**labels, **self._by_label}

    def extended(self, roles: Iterable[Role]) -> Catalogue:
        """Return a catalogue that also knows ``roles``: users keep roles which OVHcloud withdrew."""
        known = {role.name for role in self.roles}
        more = [role for role in roles if role.name not in known]
        if not more:
            return self
        offered = {role.name for role in self._offered}
        return Catalogue(self._offered, (*(role for role in self.roles if role.name not in offered), *more))

    def matching(self, pattern: str) -> list[str]:
        """Return the names of the roles whose name or label fits a pattern such as ``ai_*``, in any case."""
        wanted = pattern.strip().casefold()
        documented = {name: label for label, name in DOCUMENTED_LABELS.items()}
        return [
            role.name
            for role in self.roles
            for texts in [(role.name, role.label.strip(), documented.get(role.name, ""))]
            if any(fnmatchcase(text.casefold(), wanted) for text in texts)
        ]

    def find(self, text: str, where: str = "roles") -> Role:
        """Return the role that ``text`` names: API name, then the API's label, then the documentation's.

        Raises :class:`UnknownRoleError`, which lists the roles that exist and the nearest one.
        """
        wanted = text.strip().casefold()
        role = self._by_name.get(wanted)
        if role is not None:
            return role
        labelled = self._by_label.get(wanted, [])
        if len(labelled) > 1:
            names = ", ".join(role.name for role in labelled)
            raise UnknownRoleError(f"{where}: the label {text!r} stands for several roles, name one of {names}.")
        if labelled and wanted:
            return labelled[0]
        documented = self._by_name.get(DOCUMENTED_LABELS.get(wanted, ""))
        if documented is not None:
            return documented
        raise self._unknown(text, where)

    def all_of(self, text: str, where: str) -> list[str]:
        """Return the names of all roles that ``text`` can mean for somebody who has them: the one that is offered, and
        withdrawn ones of the same label. Raises :class:`UnknownRoleError`."""
        wanted, found = text.strip().casefold(), self.find(text, where)
        if found.name.casefold() == wanted:
            return [found.name]
        old = (role.name for role in self.roles if role.label.strip().casefold() == wanted)
        return [found.name, *(name for name in old if name != found.name)]

    def _unknown(self, text: str, where: str) -> UnknownRoleError:
        nearest = self._nearest(text.strip().casefold())
        hint = f" The nearest is {nearest}." if nearest else ""
        names = [role.name for role in self.roles]
        listed = ", ".join(names) or "none"
        message = f"{where}: there is no role {text!r} in this project.{hint} Roles that exist: {listed}."
        return UnknownRoleError(message, role=text, nearest=nearest, roles=names)

    def _nearest(self, wanted: str) -> str | None:
        import difflib

        known = {role.name.casefold(): role.name for role in self.roles}
        known.update((label, roles[0].name) for label, roles in self._by_label.items() if label)
        known.update((label, name) for label, name in DOCUMENTED_LABELS.items() if name in self._by_name)
        close = difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.0)
        return known[close[0]] if close else None


class RoleChange(NamedTuple):
    """What turns one set of roles into another."""

    add: tuple[str, ...]
    remove: tuple[str, ...]


def role_change(have: frozenset[str], grant: Iterable[str] | None, revoke: Iterable[str], exact: bool) -> RoleChange:
    """Return the names to add and to remove, sorted.

    ``grant`` None leaves roles alone even when ``exact``; ``exact`` removes all that is not granted.
    """
    wanted = frozenset(grant or ())
    surplus = have - wanted if exact and grant is not None else have & frozenset(revoke)
    return RoleChange(tuple(sorted(wanted - have)), tuple(sorted(surplus)))


def parse_catalogue(data: object) -> Catalogue:
    """Return the catalogue of roles in an API answer, or raise :class:`ApiError`."""
    if not isinstance(data, dict):
        raise malformed("a catalogue of roles")
    return Catalogue(parse_roles(data.get("roles")))
