# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All Public Cloud projects that the credentials see: one call for the list, then one for each, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import quote

from .._core.errors import ApiError
from .._core.project import parse_project, parse_project_ids
from .client import Port

_WORKERS = 10
#: What the API says for sure, and will say again tomorrow. Anything else may pass.
_LASTING = frozenset(("forbidden", "not_found", "refused"))


class Projects(NamedTuple):
    """``fields`` by project id, and why others could not be read: ``unreadable`` for good, ``unread`` this time."""

    fields: dict[str, dict[str, Any]]
    unreadable: dict[str, str]
    unread: dict[str, str]


def read_projects(port: Port) -> Projects:
    """Read all projects. Raises :class:`CloudOpsError` where there is no list, or where not one of it can be read."""
    ids: tuple[str, ...] = port.call("GET", "/cloud/project", parse=parse_project_ids)
    found: dict[str, dict[str, Any]] = {}
    problems: dict[str, ApiError] = {}

    def read(project_id: str) -> None:
        try:
            found[project_id] = port.call("GET", f"/cloud/project/{quote(project_id, safe='')}", parse=parse_project)
        except ApiError as problem:
            problems[project_id] = problem

    with ThreadPoolExecutor(_WORKERS) as pool:
        # Consumed, so that anything but an answer of the API ends here.
        list(pool.map(read, ids))
    if problems and not found:
        raise problems[min(problems)]
    return Projects(
        fields={project_id: found[project_id] for project_id in ids if project_id in found},
        unreadable={one: error.message for one, error in problems.items() if error.kind in _LASTING},
        unread={one: error.message for one, error in problems.items() if error.kind not in _LASTING},
    )
