# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The object storage policy of a user: read, compared by its meaning, and replaced where that is another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from .._core.desired import Desired
from .._core.errors import ApiError
from .._core.policy import NONE, Current, PolicyOutcome, as_json, parse_current
from .client import Port
from .permissions import check_calls
from .storage import Storage

#: Pauses, in seconds, before "not found" is asked about once more.
_DOUBTS = (0.25, 0.5)


class Request(NamedTuple):
    """What a module was asked for."""

    service_name: str
    user: Desired
    document: Mapping[str, Any]
    wait_timeout: float = 300.0
    hidden: bool = False
    check: bool = False


class Policies(Storage):
    """One Public Cloud project, with the policies of its users."""

    def policy_path(self, user_id: int) -> str:
        """Return the path of a user's policy."""
        return self._user(user_id, "policy")

    def policy_of(self, user_id: int) -> Current:
        """Return the policy of a user."""
        try:
            current: Current = self.port.call("GET", self.policy_path(user_id), parse=parse_current)
        except ApiError as error:
            if error.kind != "not_found":
                raise
            # That is said of a user without a policy, and also of a user that not every server knows yet.
            if self.user_by_id(user_id) is None:
                raise
            return NONE
        return current

    def set_policy(self, user_id: int, text: str) -> None:
        """Replace the policy of a user. Repeating is harmless: the last one counts."""
        self.port.call("POST", self.policy_path(user_id), {"policy": text}, repeat=True)


def _believed(storage: Policies, user_id: int) -> Current:
    """Return the policy of a user. That there is none is believed when the API has said so several times: one "not
    found" that passes would make a policy that stays look as if it were gone."""
    current = storage.ask(lambda: storage.policy_of(user_id))
    for pause in _DOUBTS:
        if current is not NONE:
            break
        storage.port.stop.sleep(pause)
        current = storage.ask(lambda: storage.policy_of(user_id))
    return current


def hold_policy(request: Request, connect: Callable[[], Port]) -> PolicyOutcome:
    """Give a user a policy. Raises :class:`CloudOpsError`."""
    storage = Policies(connect(), request.service_name)
    user = storage.find_user(request.user)
    if user is None:
        return PolicyOutcome()
    current = _believed(storage, user.id)
    if current.same(request.document):
        return PolicyOutcome(user, current)
    if not request.check:
        check_calls(storage, [("POST", storage.policy_path(user.id))])
        storage.wait_for(user, request.wait_timeout)
        storage.port.stop.check()
        storage.ask(lambda: storage.set_policy(user.id, as_json(request.document)))
    return PolicyOutcome(user, current, dict(request.document))
