# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of the API that the collection uses, as typed functions.

Source: OVHcloud's API, ``/cloud/project/{serviceName}``. All raise :class:`ApiError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, TypeVar
from urllib.parse import quote, urlencode

from .._core.errors import ApiError
from .._core.kit import parse_content
from .._core.model import Catalogue, Role, User, parse_catalogue, parse_password, parse_roles, parse_user, parse_users
from .client import Port

_T = TypeVar("_T")
#: So often, and with such pauses in seconds, the API is asked again about what its own list shows.
_PATIENCE = 6
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0


def _parse_created(data: Any) -> tuple[User, str]:
    return parse_user(data), parse_password(data)


class Project:
    """One Public Cloud project, seen through a :class:`Port`."""

    def __init__(self, port: Port, service_name: str) -> None:
        self.port = port
        self.service_name = service_name
        self._root = "/cloud/project/{}".format(quote(service_name, safe=""))

    def _user(self, user_id: int, *rest: object) -> str:
        return "/".join([self._root, "user", str(user_id), *(quote(str(part), safe="") for part in rest)])

    def ask(self, call: Callable[[], _T]) -> _T:
        """Return what ``call`` returns. What is in a list may be so new, or so busy, that the API says "not found" or
        "conflict" about it: it is then asked again."""
        pause = _FIRST_PAUSE
        for _try in range(_PATIENCE):
            try:
                return call()
            except ApiError as error:
                if error.kind not in ("conflict", "not_found") or error.uncertain:
                    raise
            self.port.stop.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return call()

    def users(self) -> tuple[User, ...]:
        """Return all users of the project, in one call."""
        users: tuple[User, ...] = self.port.call("GET", self._root + "/user", parse=parse_users)
        return users

    def user_by_id(self, user_id: int) -> User | None:
        """Return one user as it is, whatever the list says; None where it is gone or on its way out."""
        try:
            user: User = self.port.call("GET", self._user(user_id), parse=parse_user)
        except ApiError as error:
            if error.kind != "not_found":
                raise
            return None
        return user if user.is_live else None

    def catalogue(self) -> Catalogue:
        """Return the roles that users of the project can have, in one call."""
        catalogue: Catalogue = self.port.call("GET", self._root + "/role", parse=parse_catalogue)
        return catalogue

    def create_user(
        self, description: str, roles: Sequence[str], before: Callable[[], object] = lambda: None
    ) -> tuple[User, str]:
        """Create a user with role names and return it with its password. Never repeated: the caller looks first.

        ``before`` is called right before the request is sent."""
        body = {"description": description, "roles": list(roles)}
        made: tuple[User, str] = self.port.call("POST", self._root + "/user", body, _parse_created, before=before)
        return made

    def delete_user(self, user_id: int) -> None:
        """Delete a user."""
        self.port.call("DELETE", self._user(user_id))

    def renew_password(self, user_id: int) -> str:
        """Give a user a new password and return it. Repeating is harmless: the last one counts."""
        path = self._user(user_id, "regeneratePassword")
        password: str = self.port.call("POST", path, parse=parse_password, repeat=True)
        return password

    def grant(self, user_id: int, role: Role) -> None:
        """Add a role to a user."""
        self.port.call("POST", self._user(user_id, "role"), {"roleId": role.id}, repeat=True)

    def revoke(self, user_id: int, role: Role) -> None:
        """Take a role away from a user."""
        self.port.call("DELETE", self._user(user_id, "role", role.id))

    def set_roles(self, user_id: int, roles: Sequence[Role]) -> None:
        """Replace all roles of a user. Not for an empty set: the API answers that with a misleading 404."""
        self.port.call("PUT", self._user(user_id, "role"), {"rolesIds": [role.id for role in roles]})

    def roles_of(self, user_id: int) -> tuple[Role, ...]:
        """Return the roles of a user."""
        roles: tuple[Role, ...] = self.port.call("GET", self._user(user_id, "role"), parse=parse_roles)
        return roles

    def log_in(self, user_id: int, password: str) -> None:
        """Ask for a Keystone token with the password, which proves that it works; the token is dropped."""
        self.port.call("POST", self._user(user_id, "token"), {"password": password}, repeat=True)

    def kit_files(self, user_id: int, region: str) -> tuple[str, str]:
        """Return the files that the API makes for a user: ``openrc`` for OpenStack, and a configuration of rclone."""
        openrc: str = self._file(user_id, "openrc", region=region, version="v3")
        rclone: str = self._file(user_id, "rclone", region=region, service="storage-s3")
        return openrc, rclone

    def _file(self, user_id: int, name: str, **query: str) -> str:
        content: str = self.port.call("GET", f"{self._user(user_id, name)}?{urlencode(query)}", parse=parse_content)
        return content

    def credential_rules(self) -> list[Any] | None:
        """Return the rules of the consumer key, None for a service account."""
        if self.port.connection.oauth2:
            return None
        data = self.port.call("GET", "/auth/currentCredential")
        rules = data.get("rules") if isinstance(data, dict) else None
        return rules if isinstance(rules, list) else None
