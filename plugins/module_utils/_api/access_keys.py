# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access keys of one user: made before others go, so that nobody is without, and never made twice."""

from __future__ import annotations

from functools import partial
from typing import Callable, NamedTuple

from .._core.access_keys import AccessKey, KeyOutcome, KeyPlan, left_over, plan_keys
from .._core.desired import Desired
from .._core.errors import ApiError, CloudOpsError, InputError
from .._core.model import User
from .client import Port
from .creation import Creation, create_once
from .permissions import check_calls
from .storage import Storage


class Request(NamedTuple):
    """What a module was asked for. ``display_secret``: also that of a key that was there."""

    service_name: str
    user: Desired
    state: str = "present"
    access: str | None = None
    rotate: bool = False
    return_secret: bool = True
    display_secret: bool = False
    wait_timeout: float = 300.0
    hidden: bool = False
    check: bool = False

    def returns_secret(self, plan: KeyPlan) -> bool:
        """True if a secret would be in the result."""
        return self.return_secret and (plan.create or (self.display_secret and plan.keep is not None))


def hold_keys(request: Request, connect: Callable[[], Port]) -> KeyOutcome:
    """Bring a user's keys to what is asked. Raises :class:`CloudOpsError` where nothing was changed; what fails later
    is in the outcome."""
    storage = Storage(connect(), request.service_name)
    user = storage.find_user(request.user)
    if user is None:
        return KeyOutcome()
    keys = storage.ask(lambda: storage.keys(user.id))
    plan = plan_keys(keys, request.state, request.access, request.rotate)
    if request.returns_secret(plan) and not request.hidden:
        raise InputError(
            "Refused before any change: this run would return a secret in clear, and Ansible prints and AWX stores the"
            " results of tasks. Set no_log: true on the task, or return_secret: false."
        )
    outcome = KeyOutcome(user, keys, plan)
    if request.check:
        return outcome.foresee()
    if plan.has_steps:
        _check_rights(storage, user, plan)
        storage.wait_for(user, request.wait_timeout)
    try:
        _apply(storage, user, request, outcome)
    except CloudOpsError as error:
        outcome.error = error
    return outcome


def _check_rights(storage: Storage, user: User, plan: KeyPlan) -> None:
    needed = [("POST", storage.key_path(user.id))] if plan.create else []
    needed += [("DELETE", storage.key_path(user.id, key.access)) for key in plan.remove[:1]]
    check_calls(storage, needed)


def _apply(storage: Storage, user: User, request: Request, outcome: KeyOutcome) -> None:
    plan, secret = outcome.plan, None
    if plan.create:
        secret = _create(storage, user, outcome)
    key = outcome.credential
    if secret is None and key is not None and request.returns_secret(plan):
        secret = _display(storage, user, key, [one.access for one in plan.remove])
    if request.return_secret:
        outcome.secret = secret
    _remove(storage, user, outcome)


def _display(storage: Storage, user: User, key: AccessKey, old: list[str]) -> str:
    try:
        return storage.ask(lambda: storage.secret_of(user.id, key.access))
    except ApiError as error:
        then = f" Then remove {', '.join(old)}, which are still there, with access and state=absent." if old else ""
        raise error.reworded(
            f"The key {key.access} is there, but the API did not show its secret: {error.message} Run again with"
            f" access={key.access} and display_secret=true.{then}"
        ) from None


def _create(storage: Storage, user: User, outcome: KeyOutcome) -> str | None:
    """Make a key and return its secret; None where the answer was lost, since the API shows it again."""
    known = {key.access for key in outcome.before}

    def look() -> list[AccessKey]:
        return [key for key in storage.keys(user.id) if key.access not in known]

    made = create_once(
        storage.port.stop,
        Creation(
            create=lambda: storage.ask(lambda: storage.create_key(user.id)),
            look=look,
            name_of=lambda key: key.access,
            what=f"{user.description}: an access key",
        ),
    )
    outcome.keep_made(made.thing)
    for other in made.others:
        outcome.notes.append(
            f"The key {other.access} appeared at the same time. Somebody else made it, or a request whose answer was"
            " lost. If nobody uses it remove it, with access and state=absent."
        )
    return made.secret


def _remove(storage: Storage, user: User, outcome: KeyOutcome) -> None:
    """Remove all keys that can be removed, even where one cannot: less access is left then."""
    left: list[str] = []
    first: ApiError | None = None
    for key in outcome.plan.remove:
        storage.port.stop.check()
        try:
            storage.ask(partial(storage.delete_key, user.id, key.access))
            outcome.removed.append(key)
        except ApiError as error:
            left.append(key.access)
            first = first or error
    if first is not None:
        raise left_over(user.description, left, first, rotated=outcome.made is not None)
