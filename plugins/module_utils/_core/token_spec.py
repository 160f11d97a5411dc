# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an AI application token is, and whom its label selector names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


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
    """True if a label selector asks for a label with one of these values, as ``owner=ada`` does for ``ada``."""
    asked = (re.split("(?<!!)=", part, maxsplit=1)[1:] for part in requirements(selector))
    return not set(names).isdisjoint(value for values in asked for value in values)


def _one_form(requirement: str) -> str:
    text = re.sub(r"\s+", " ", requirement.strip())
    among = re.match(r"(\S+) (in|notin) ?\((.*)\)\Z", text)
    if among is None:
        return re.sub(r" ?(==|!=|=|<|>) ?", lambda match: match.group(1).replace("==", "="), text, count=1)
    values = sorted({value.strip() for value in among.group(3).split(",")})
    return "{} {} ({})".format(among.group(1), among.group(2), ",".join(values))
