# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as the API writes them. No clock here: the time it is now is an input."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?\Z",
    re.IGNORECASE | re.ASCII,
)


def parse_time(text: object) -> float | None:
    """Return the seconds since 1970 of an ISO 8601 time (UTC where it names no zone), or None."""
    match = _FORM.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    zone = (match.group(2) or "Z").upper().replace(":", "")
    offset = timedelta()
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime.fromisoformat(match.group(1).upper().replace(" ", "T"))
        return (moment.replace(tzinfo=timezone.utc) - offset).timestamp()
    except (ValueError, OverflowError):
        return None


def format_time(seconds: float) -> str:
    """Return ``seconds`` since 1970 as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).replace(tzinfo=None).isoformat() + "Z"
