# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users whose id is known, and whom the list leaves out: it may lag behind, and whoever is made again loses the
password. Each is asked for by itself, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable, NamedTuple, TypeVar

from .._core.credential import Stored
from .._core.desired import Desired
from .._core.errors import ApiError, CloudOpsError, DisagreementError, NotReadyError
from .._core.model import User
from .._core.names import file_stem
from .._core.observed import NOTHING, Cloud
from .endpoints import Project

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")


class Known(NamedTuple):
    """The list with those whom it left out. ``unclear``: why nobody knows whether a user is there, by its ``where``."""

    cloud: Cloud
    unclear: dict[str, CloudOpsError]


def completed(
    project: Project,
    cloud: Cloud,
    desired: Sequence[Desired],
    stored: Mapping[str, Stored] = NOTHING,
    concurrency: int = 1,
) -> Known:
    """Return the users of a list and those that it leaves out; no call where it has all whose id is known."""
    asked = {one: user_id for one in desired if (user_id := _left_out(one, cloud, stored)) is not None}
    found, problems = side_by_side(concurrency, project.user_by_id, asked)
    live = {one: user for one, user in found.items() if user is not None}
    # Two may name the same user.
    more = {user.id: user for one, user in live.items() if one.description in (None, user.description)}
    unclear: dict[str, CloudOpsError] = {
        one.where: _unclear(one, asked[one], error) for one, error in problems.items() if _matters(one, error)
    }
    # Whom the list names by itself is somebody else, and the file a mistake.
    listed = {one.description for one in desired}
    others = {one: user for one, user in live.items() if user.id not in more and user.description not in listed}
    unclear.update((one.where, _renamed(one, user)) for one, user in others.items())
    return Known(Cloud([*cloud.users, *more.values()]) if more else cloud, unclear)


def _left_out(one: Desired, cloud: Cloud, stored: Mapping[str, Stored]) -> int | None:
    """Return the id of a user that the list does not have, as far as it is known."""
    if one.description is None:
        return None if one.user_id in cloud.by_id else one.user_id
    if cloud.described(one.description):
        return None
    credential = stored.get(file_stem(one.description), Stored()).credential
    return credential.user_id if credential is not None else None


def _matters(one: Desired, error: ApiError) -> bool:
    """True unless it is only that the keys do not allow to ask, and no password is at stake."""
    return one.description is not None or error.kind != "forbidden"


def _unclear(one: Desired, user_id: int, error: ApiError) -> NotReadyError:
    return NotReadyError(
        f"{one.where}: the project's list does not have user {user_id}, and whether it is gone could not be found out:"
        f" {error.message} Nothing was changed for this user."
    )


def _renamed(one: Desired, user: User) -> DisagreementError:
    """Return why nobody is made for a description whose credential file is that of a user with another one."""
    return DisagreementError(
        "%s: the credential file of this description is that of user %d, whose description is %r. Nothing was changed"
        " for this user. If the API changed the description, list the user by user_id, or delete it; if the file is a"
        " copy, remove it." % (one.where, user.id, user.description)
    )


def side_by_side(
    concurrency: int, call: Callable[[int], _Answer], asked: Mapping[_Key, int]
) -> tuple[dict[_Key, _Answer], dict[_Key, ApiError]]:
    """Make one call for each id; return the answers and the failures."""
    if not asked:
        return {}, {}
    from concurrent.futures import ThreadPoolExecutor

    answers: dict[_Key, _Answer] = {}
    problems: dict[_Key, ApiError] = {}
    with ThreadPoolExecutor(max_workers=concurrency) as pool:
        for key, future in [(key, pool.submit(call, user_id)) for key, user_id in asked.items()]:
            try:
                answers[key] = future.result()
            except ApiError as problem:
                problems[key] = problem
    return answers, problems
