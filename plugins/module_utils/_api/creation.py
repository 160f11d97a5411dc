# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one thing whose name the API chooses, and never two: a creation whose answer was lost may have happened."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Generic, TypeVar

from .._core.errors import ApiError, NotReadyError
from .stop import Stop

#: How long, in seconds, and how often a list must say the same before it is believed over an answer.
LAG = 12.0
LOOKS = 5
#: A creation whose answer was lost is sent at most so many times, each after having looked in vain.
CREATIONS = 3

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Made(Generic[_Thing]):
    """What was made. ``secret`` None: the answer was lost, and the thing found by looking.

    ``others`` appeared meanwhile as well: made by somebody else, or by an earlier request that we had given up.
    """

    thing: _Thing
    secret: str | None
    others: tuple[_Thing, ...] = ()


@dataclass(frozen=True)
class Creation(Generic[_Thing]):
    """How to make a thing. ``look`` lists what was not there before, ``name_of`` gives the name that the API chose,
    ``what`` is for messages."""

    create: Callable[[], tuple[_Thing, str]]
    look: Callable[[], Sequence[_Thing]]
    name_of: Callable[[_Thing], str]
    what: str


def create_once(stop: Stop, creation: Creation[_Thing]) -> Made[_Thing]:
    """Make a thing.

    Where an answer was lost the list decides: what has appeared is taken, and only when nothing has for a while is
    the creation sent again.
    """
    lost: ApiError | None = None
    for _time in range(CREATIONS):
        stop.check()
        try:
            thing, secret = creation.create()
        except ApiError as error:
            if not error.uncertain:
                raise
            lost = error
        else:
            # Only an earlier request of ours makes it worth another call.
            found = creation.look() if lost is not None else ()
            mine = creation.name_of(thing)
            return Made(thing, secret, tuple(one for one in found if creation.name_of(one) != mine))
        found = _wait_for(stop, creation, lost)
        if found:
            return Made(found[0], None, tuple(found[1:]))
    raise NotReadyError(
        "%s: the creation was sent %d times, and neither answered nor seen in the list. Run again later: it looks"
        " before it creates. %s" % (creation.what, CREATIONS, lost.message if lost is not None else "")
    )


def _wait_for(stop: Stop, creation: Creation[_Thing], lost: ApiError) -> Sequence[_Thing]:
    """Return what has appeared; nothing only when the list, which may lag behind, has said so for long enough."""
    since, looks = time.monotonic(), 0
    while True:
        try:
            found = creation.look()
        except ApiError as error:
            message = f"{lost.message} It may have happened, and looking failed as well: {error.message} Run again."
            raise ApiError(message, "lost", lost.status) from None
        looks += 1
        if found or (looks >= LOOKS and time.monotonic() - since >= LAG):
            return found
        stop.sleep(LAG / LOOKS)
