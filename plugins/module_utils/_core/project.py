# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public Cloud projects as the API describes them, and as hosts of an inventory.

Source: ``GET /cloud/project`` and ``GET /cloud/project/{serviceName}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .desired import check_project
from .errors import InputError, kind_of
from .model import malformed

#: What the names of a project's variables begin with.
PREFIX = "ovh_"
#: The variable that the roles of the collection take the project from.
SERVICE_NAME = "ovh_service_name"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_NAME = re.compile(r"[^0-9a-z_]+")


def snake_case(name: str) -> str:
    """Return a field's name as Ansible writes names: ``planCode`` becomes ``plan_code``."""
    return _NOT_A_NAME.sub("_", _HUMP.sub("_", name).lower()).strip("_")


def parse_project_ids(data: object) -> tuple[str, ...]:
    """Return the ids in an API answer, sorted, or raise :class:`ApiError`."""
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise malformed("a list of project ids")
    try:
        return tuple(sorted({check_project(item) for item in data}))
    except InputError:
        raise malformed("a list of project ids") from None


def parse_project(data: object) -> dict[str, Any]:
    """Return the fields of a project with names in snake_case, or raise :class:`ApiError`."""
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise malformed("a project")
    return {snake_case(key): value for key, value in sorted(data.items()) if snake_case(key)}


def host_variables(service_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of the host that stands for a project."""
    return {**{PREFIX + name: value for name, value in fields.items()}, SERVICE_NAME: service_name}


def check_filters(value: object) -> Mapping[str, Any] | list[tuple[bool, Any]]:
    """Return what the option ``filters`` asks for: fields with their values, or (include, condition) in order.

    Raises :class:`InputError` for anything else.
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list):
        raise InputError(f"filters must be a mapping or a list, not {kind_of(value)}.")
    return [_check_rule(rule, "filters[%d]" % number) for number, rule in enumerate(value)]


def _check_rule(rule: object, where: str) -> tuple[bool, Any]:
    if not isinstance(rule, Mapping) or len(rule) != 1 or not set(rule) <= {"include", "exclude"}:
        raise InputError(f"{where} must have exactly one key, include or exclude.")
    ((kind, condition),) = rule.items()
    if not isinstance(condition, (str, bool)):
        raise InputError(f"{where}: {kind} must be a condition or a boolean, not {kind_of(condition)}.")
    if isinstance(condition, str) and ("{{" in condition or "{%" in condition):
        raise InputError(f"{where}: {kind} is a condition by itself: leave the braces out.")
    return kind == "include", condition


def has_fields(fields: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """True if each wanted field has the wanted value, or one of them."""
    return all(fields.get(name) in (value if isinstance(value, list) else [value]) for name, value in wanted.items())
