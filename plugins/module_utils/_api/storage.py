# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls about the access keys of a user, as typed functions. All raise :class:`ApiError`."""

from __future__ import annotations

import time

from .._core.access_keys import AccessKey, parse_keys, parse_made, parse_secret
from .._core.desired import Desired
from .._core.errors import ApiError, NotReadyError, UserNotFoundError
from .._core.model import User
from .._core.observed import Cloud
from .endpoints import Project
from .known import completed

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0


class Storage(Project):
    """One Public Cloud project, with the access keys of its users."""

    # Users

    def find_user(self, desired: Desired) -> User | None:
        """Return the live user that is meant; None where there is none and that is no failure."""
        cloud, unclear = completed(self, Cloud(self.users()), [desired])
        if unclear:
            raise unclear[desired.where]
        user = cloud.find(desired)
        if user is None and desired.if_missing == "fail":
            raise UserNotFoundError(
                f"{desired.where}: there is no live user {desired.label!r} in this project. Make it first, for example"
                " with ovh_cloud_user."
            )
        return user

    def wait_for(self, user: User, timeout: float) -> None:
        """Wait until a user can be changed: the API may refuse what is asked about one that is in the making."""
        since, pause = time.monotonic(), _FIRST_PAUSE
        seen: User | None = user
        while seen is not None and seen.is_pending:
            if time.monotonic() - since >= timeout:
                raise NotReadyError(
                    "User %d (%s) is still %s after %d s (wait_timeout). Nothing was changed. Running again is safe."
                    % (user.id, user.description, seen.status, timeout)
                )
            self.port.stop.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            # The list may lag behind.
            seen = Cloud(self.users()).by_id.get(user.id) or self.user_by_id(user.id)
        if seen is None:
            raise NotReadyError(
                "User %d (%s) is not in the project's list any more. Nothing was changed. Run again."
                % (user.id, user.description)
            )

    # Access keys

    def key_path(self, user_id: int, access: str = "") -> str:
        """Return the path of a user's keys, or of one of them."""
        return self._user(user_id, "s3Credentials", access) if access else self._user(user_id, "s3Credentials")

    def keys(self, user_id: int) -> tuple[AccessKey, ...]:
        """Return the access keys of a user."""
        keys: tuple[AccessKey, ...] = self.port.call("GET", self.key_path(user_id), parse=parse_keys)
        return keys

    def create_key(self, user_id: int) -> tuple[AccessKey, str]:
        """Make an access key and return it with its secret. Never repeated: the caller looks first."""
        made: tuple[AccessKey, str] = self.port.call("POST", self.key_path(user_id), parse=parse_made)
        return made

    def secret_of(self, user_id: int, access: str) -> str:
        """Return the secret of a key. It only reads, though it is a POST."""
        path = self._user(user_id, "s3Credentials", access, "secret")
        secret: str = self.port.call("POST", path, parse=parse_secret, repeat=True)
        return secret

    def delete_key(self, user_id: int, access: str) -> None:
        """Remove an access key; one that is gone already is no failure."""
        try:
            self.port.call("DELETE", self.key_path(user_id, access))
        except ApiError as error:
            # "Not found" is also said of users that are there: the list of keys decides.
            if error.kind != "not_found" or any(key.access == access for key in self.keys(user_id)):
                raise
