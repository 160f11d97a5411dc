# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks before the first write whether all of them are allowed: better nothing done than half of it."""

from __future__ import annotations

from collections.abc import Sequence

from .._core.errors import ApiError
from .._core.rights import missing_calls
from .endpoints import Project


def check_calls(project: Project, needed: Sequence[tuple[str, str]]) -> None:
    """Raise if the consumer key's rules do not allow these calls, (method, path) each."""
    try:
        rules = project.credential_rules()
    except ApiError as error:
        if error.kind == "clock":
            # The first call that is surely signed with the time that the API told, which may come from a proxy's cache.
            raise
        # A convenience that the key may not be allowed to use; the first refused write says it just as well.
        return
    if rules is None:
        return
    missing = missing_calls(rules, needed)
    if missing:
        raise ApiError(
            "Nothing was changed: the consumer key has no rule for {}. Ask for a key with these rules.".format(
                ", ".join(missing)
            ),
            "forbidden",
            missing_rules=missing,
        )
