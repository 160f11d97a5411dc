# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong, as types.

A message says what to do, never carries a secret and stands alone: it is what a
person reads in a failed play. ``details`` is the same as data, for ``failure``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((type(None),), "empty"),
    ((bool,), "true or false"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
)


def kind_of(value: object) -> str:
    """Return what a value is, in words that people write YAML with."""
    if isinstance(value, str):
        return "text" if value.strip() else "blank text"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    # Not by the exact type: Ansible has types of its own for each of them.
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return type(value).__name__


class CloudOpsError(Exception):
    """Base of all errors that end in a clear message instead of a traceback."""

    code = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def reworded(self, message: str, **more: Any) -> CloudOpsError:
        """Return the same error with a message that says what it means for the user; ``more`` joins its details."""
        return type(self)(message, **{**self.details, **more})

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as data: ``code``, ``message`` and what else is known."""
        return {"code": self.code, "message": self.message, **self.details}


class InputError(CloudOpsError):
    """What the user asked for is malformed; nothing was sent that changes anything."""

    code = "bad_input"


class UnknownRoleError(InputError):
    """A role name that the API's catalogue does not have."""

    code = "unknown_role"


class AmbiguousUserError(CloudOpsError):
    """Two or more live users answer to one description or user name."""

    code = "ambiguous_user"


class UserNotFoundError(CloudOpsError):
    """A user that has to exist does not."""

    code = "user_not_found"


class AccessKeyNotFoundError(CloudOpsError):
    """An access key that has to exist does not."""

    code = "access_key_not_found"


class AmbiguousTokenError(CloudOpsError):
    """Two or more AI tokens answer to one name."""

    code = "ambiguous_token"


class TokenNotFoundError(CloudOpsError):
    """An AI token that has to exist does not."""

    code = "token_not_found"


class GuardError(CloudOpsError):
    """A plan that would do more than the user allowed."""

    code = "refused_by_guard"


class NotReadyError(CloudOpsError):
    """A user did not reach a usable state in time."""

    code = "not_ready"


class CancelledError(CloudOpsError):
    """The run was told to stop before this was done."""

    code = "cancelled"


class StoreError(CloudOpsError):
    """The credentials folder or a file in it cannot be used."""

    code = "credentials_dir"


class DisagreementError(CloudOpsError):
    """The API accepted a change and then shows something else."""

    code = "not_as_asked"


class ApiError(CloudOpsError):
    """An answer (or the lack of one) of the API.

    ``kind`` is what a caller decides on: ``refused``, ``forbidden``, ``not_found``,
    ``conflict``, ``throttled``, ``unreached`` (surely not done) or ``lost`` (may have happened). ``uncertain`` is
    also true where an earlier attempt of the same call was lost. ``of_keys``: it is about the keys, or what they may
    do.
    """

    code = "api"

    def __init__(self, message: str, kind: str, status: int | None = None, **details: Any) -> None:
        super().__init__(message, kind=kind, status=status, **details)
        self.kind = kind
        self.uncertain = kind == "lost"
        self.of_keys = False
        self.status = status

    @property
    def leaves_open(self) -> bool:
        """True where the API has not judged what was asked: nobody knows, or it was not even looked at."""
        return self.of_keys or self.kind in ("lost", "unreached", "throttled", "not_found", "conflict")

    def reworded(self, message: str, **more: Any) -> ApiError:
        error = ApiError(message, **{**self.details, **more})
        error.uncertain, error.of_keys = self.uncertain, self.of_keys
        return error


def unexpected(problem: BaseException) -> CloudOpsError:
    """Return an error for a defect of ours: its place, without its text, since that could hold anything."""
    place, trace = "", problem.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        place, trace = f" ({name}, line {trace.tb_lineno})", trace.tb_next
    return CloudOpsError(
        f"Unexpected {type(problem).__name__} in the collection{place}. Please report it; run again to continue."
    )
