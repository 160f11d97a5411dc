# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an AI application token is, how the API sends it, and whom its label selector names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .model import malformed


class Spec(NamedTuple):
    """What a token opens. ``label_selector`` empty: everything of the project."""

    name: str
    role: str
    region: str
    label_selector: str = ""

    def same(self, other: Spec) -> bool:
        """True if both open the same; neither case of the region nor layout of the selector has a meaning."""
        return (
            self.role == other.role
            and self.region.casefold() == other.region.casefold()
            and requirements(self.label_selector) == requirements(other.label_selector)
        )


class Token(NamedTuple):
    """A token. An empty ``id`` is one that check mode foresees."""

    id: str
    spec: Spec
    created_at: str | None = None
    updated_at: str | None = None
    version: int | None = None


def requirements(selector: str) -> frozenset[str]:
    """Return the requirements of a label selector, each in one form; all of them have to be met, in no order."""
    parts = re.split(r",(?![^()]*\))", selector)
    return frozenset(_one_form(part) for part in parts if part.strip())


def names_one_of(selector: str, names: Iterable[str]) -> bool:
    """True if a label selector asks for a label with one of these values and no other, as ``owner=ada`` and
    ``owner in (ada)`` do for ``ada``; whatever the label is called."""
    return not set(names).isdisjoint(filter(None, map(_only_value, requirements(selector))))


def mentions_one_of(selector: str, names: Iterable[str]) -> bool:
    """True if a label selector lets one of these values in, be it among others, as ``owner in (ada,bob)`` does."""
    wanted = set(names)
    among = (re.match(r"\S+ in \((.*)\)\Z", requirement) for requirement in requirements(selector))
    listed = any(not wanted.isdisjoint(found.group(1).split(",")) for found in among if found is not None)
    return listed or names_one_of(selector, wanted)


def _only_value(requirement: str) -> str | None:
    """Return the one value that a label has to have for a requirement in its one form, None where there are more."""
    among = re.match(r"\S+ in \(([^,]*)\)\Z", requirement)
    if among is not None:
        return among.group(1)
    return next(iter(re.split("(?<!!)=", requirement, maxsplit=1)[1:]), None)


def _one_form(requirement: str) -> str:
    text = re.sub(r"\s+", " ", requirement.strip())
    among = re.match(r"(\S+) (in|notin) ?\((.*)\)\Z", text)
    if among is None:
        return re.sub(r" ?(==|!=|=|<|>) ?", lambda match: match.group(1).replace("==", "="), text, count=1)
    values = sorted({value.strip() for value in among.group(3).split(",")})
    return "{} {} ({})".format(among.group(1), among.group(2), ",".join(values))


# Reading


def parse_token(data: object) -> Token:
    """Return the token in an API answer, or raise :class:`ApiError`."""
    spec = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(spec, dict):
        raise malformed("an AI token")
    if not isinstance(data.get("id"), str) or not data["id"] or not isinstance(spec.get("name"), str):
        raise malformed("an AI token")
    status = data.get("status")
    version = status.get("version") if isinstance(status, dict) else None
    return Token(
        data["id"],
        Spec(spec["name"], _text(spec.get("role")), _text(spec.get("region")), _text(spec.get("labelSelector"))),
        _text(data.get("createdAt")) or None,
        _text(data.get("updatedAt")) or None,
        version if isinstance(version, int) else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def parse_tokens(data: object) -> tuple[Token, ...]:
    """Return a list of tokens, the oldest first, or raise :class:`ApiError`."""
    if not isinstance(data, list):
        raise malformed("a list of AI tokens")
    return tuple(sorted((parse_token(one) for one in data), key=lambda one: (one.created_at or "", one.id)))


def parse_value(data: object) -> tuple[Token, str]:
    """Return a new or renewed token with its value, or raise :class:`ApiError`."""
    status = data.get("status") if isinstance(data, dict) else None
    value = status.get("value") if isinstance(status, dict) else None
    if not isinstance(value, str) or not value:
        raise malformed("an AI token with its value")
    return parse_token(data), value
