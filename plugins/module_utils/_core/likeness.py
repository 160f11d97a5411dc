# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Descriptions that a person takes for the same, and the API does not: whoever is not found under the one may be there
under the other, and keep the access, or become two accounts."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from .errors import UserNotFoundError
from .model import User
from .plan import Item

#: So many are named at most.
_NAMED = 3


def likeness(description: str) -> str:
    """Return what all descriptions have in common that differ only in case, blanks, invisible characters or Unicode
    form."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", description).casefold())
    return "".join(char for char in folded if not (char.isspace() or unicodedata.category(char) == "Cf"))


def with_lookalikes(items: Sequence[Item], users: Sequence[User]) -> list[Item]:
    """Return the plan's items, where nobody is found under a description with a note of who looks the same.

    ``users`` are the live ones. Those that the list names by themselves are meant to be others.
    """
    listed = {item.user.id for item in items if item.user is not None}
    alike: dict[str, list[str]] = {}
    for user in users:
        if user.description and user.id not in listed:
            alike.setdefault(likeness(user.description), []).append("%r (id %d)" % (user.description, user.id))
    # Two whom the same list wants: the second is told of the first.
    wanted: dict[str, list[str]] = {}
    return [_noted(item, alike, wanted) for item in items]


def _noted(item: Item, alike: Mapping[str, Sequence[str]], wanted: dict[str, list[str]]) -> Item:
    user, description = item.user, item.desired.description
    name = user.description if user is not None else description
    if not name:
        return item
    key = likeness(name)
    others = [*alike.get(key, ()), *(wanted.get(key, ()) if item.has("create") else ())]
    if item.desired.state == "present":
        wanted.setdefault(key, []).append(f"{name!r} in the same list")
    unfound = user is None and (item.error is None or isinstance(item.error, UserNotFoundError))
    if not unfound or not others:
        return item
    return item._replace(note=" ".join(filter(None, (_note(item, others), item.note))))


def _note(item: Item, others: Sequence[str]) -> str:
    named = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
    what = "It gets an account of its own" if item.has("create") else "Nobody has exactly this description"
    return f"{what}; there is {named}, which differs only in case, blanks or the form of characters."
