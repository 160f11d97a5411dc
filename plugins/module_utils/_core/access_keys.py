# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access keys of the object storage: read, planned and shown. A secret never is part of a key here.

Source: ``GET /cloud/project/{serviceName}/user/{userId}/s3Credentials``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .errors import AccessKeyNotFoundError, ApiError, CloudOpsError
from .model import User, malformed
from .render import render_user

#: Stands in a diff for a key that check mode foresees: the API chooses its name.
_TO_COME = "(a new key)"


class AccessKey(NamedTuple):
    """An access key. ``access`` is public, and chosen by the API; ``owner`` is the user as the object storage knows it.

    An empty ``access`` is a key that check mode foresees.
    """

    access: str
    tenant_id: str | None = None
    owner: str | None = None


def parse_key(data: object) -> AccessKey:
    """Return the key in an API answer, or raise :class:`ApiError`."""
    if not isinstance(data, dict) or not isinstance(data.get("access"), str) or not data["access"]:
        raise malformed("an access key")
    tenant, owner = data.get("tenantId"), data.get("userId")
    return AccessKey(
        data["access"], tenant if isinstance(tenant, str) else None, str(owner) if owner is not None else None
    )


def parse_keys(data: object) -> tuple[AccessKey, ...]:
    """Return a list of keys, in an order of their own since the API promises none, or raise :class:`ApiError`."""
    if not isinstance(data, list):
        raise malformed("a list of access keys")
    return tuple(sorted((parse_key(one) for one in data), key=_by_name))


def _by_name(key: AccessKey) -> str:
    return key.access


def parse_secret(data: object) -> str:
    """Return the secret in an API answer, or raise :class:`ApiError`."""
    secret = data.get("secret") if isinstance(data, dict) else None
    if not isinstance(secret, str) or not secret:
        raise malformed("the secret of an access key")
    return secret


def parse_made(data: object) -> tuple[AccessKey, str]:
    """Return a new key with its secret, or raise :class:`ApiError`."""
    return parse_key(data), parse_secret(data)


class KeyPlan(NamedTuple):
    """What to do: first ``create`` a key, then ``remove`` these. ``keep`` is the one that is shown."""

    create: bool = False
    remove: tuple[AccessKey, ...] = ()
    keep: AccessKey | None = None

    @property
    def has_steps(self) -> bool:
        """True if something changes."""
        return self.create or bool(self.remove)


def plan_keys(keys: Sequence[AccessKey], state: str, access: str | None, rotate: bool) -> KeyPlan:
    """Return what brings a user's keys to what is asked.

    Raises :class:`AccessKeyNotFoundError` where a key is asked for that is not there: it cannot be chosen.
    """
    named = tuple(key for key in keys if key.access == access)
    if state == "absent":
        return KeyPlan(remove=tuple(keys) if access is None else named)
    if access is not None and not named:
        raise _unknown(access, keys)
    if rotate:
        return KeyPlan(create=True, remove=tuple(keys) if access is None else named)
    kept = named or tuple(keys)
    return KeyPlan(keep=kept[0]) if kept else KeyPlan(create=True)


def _unknown(access: str, keys: Iterable[AccessKey]) -> AccessKeyNotFoundError:
    names = [key.access for key in keys]
    return AccessKeyNotFoundError(
        "access: the user has no key {!r}, and a new key cannot be given a name. Its keys: {}. Leave access out to have"
        " at least one.".format(access, ", ".join(names) or "none"),
        keys=names,
    )


def left_over(name: str, keys: Sequence[str], error: ApiError, rotated: bool) -> ApiError:
    """Return the error for keys that could not be removed. Where a new one has replaced them another rotation would
    make one more."""
    what = f"{name}{' has a new access key, and' if rotated else ':'} the access keys {', '.join(keys)}"
    how = "Remove them with access and state=absent." if rotated else "Run again."
    return error.reworded(f"{what} could not be removed: {error.message} {how}", s3_keys_left=list(keys))


class KeyOutcome:
    """What became of a plan; the same record whether it was done or is only foreseen. ``user`` None: not there."""

    def __init__(self, user: User | None = None, keys: Sequence[AccessKey] = (), plan: KeyPlan | None = None) -> None:
        self.user = user
        self.before = tuple(keys)
        self.plan = plan or KeyPlan()
        self.credential = self.plan.keep
        self.made: AccessKey | None = None
        self.removed: list[AccessKey] = []
        self.secret: str | None = None
        self.error: CloudOpsError | None = None
        self.notes: list[str] = []

    @property
    def changed(self) -> bool:
        """True if a key was made or removed."""
        return self.made is not None or bool(self.removed)

    @property
    def after(self) -> tuple[AccessKey, ...]:
        """The keys in the end."""
        rest = [key for key in self.before if key not in self.removed]
        return (*rest, self.made) if self.made is not None else tuple(rest)

    def keep_made(self, key: AccessKey) -> None:
        """Record the new key."""
        self.made = self.credential = key

    def foresee(self) -> KeyOutcome:
        """Record what a run of the plan would end with, for check mode."""
        if self.plan.create:
            self.keep_made(AccessKey(""))
        self.removed = list(self.plan.remove)
        return self


def render_key(key: AccessKey | None) -> dict[str, Any] | None:
    """Return a key as modules return it: always safe to print. None stays None."""
    if key is None:
        return None
    return {"access": key.access or None, "tenant_id": key.tenant_id, "user_id": key.owner}


def render_keys(outcome: KeyOutcome) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_s3_credential``; a secret only where the outcome has one."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "user": render_user(outcome.user),
        "credential": render_key(outcome.credential),
        "credentials": [render_key(key) for key in outcome.after],
        "removed": [key.access for key in outcome.removed],
        "diff": {"before": _state(outcome.user, outcome.before), "after": _state(outcome.user, outcome.after)},
    }
    if outcome.secret is not None:
        result["secret"] = outcome.secret
    return result


def _state(user: User | None, keys: Iterable[AccessKey]) -> dict[str, Any]:
    if user is None:
        return {}
    return {"description": user.description, "access_keys": [key.access or _TO_COME for key in keys]}
