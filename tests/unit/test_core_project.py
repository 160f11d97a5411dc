# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects, and what an inventory makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError, InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.project import (
    check_filters,
    has_fields,
    host_variables,
    parse_project,
    parse_project_ids,
    snake_case,
)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("project_id", "project_id"),
        ("projectName", "project_name"),
        ("planCode", "plan_code"),
        ("creationDate", "creation_date"),
        ("aKMSKey", "a_kms_key"),
        ("with-dash and.dot", "with_dash_and_dot"),
        ("__class__", "class"),
        ("é", ""),
    ],
)
def test_names_are_names_of_variables(field: str, name: str) -> None:
    assert snake_case(field) == name


def test_a_project_is_parsed() -> None:
    assert parse_project({"planCode": "p", "é": 1, "access": None}) == {"access": None, "plan_code": "p"}


@pytest.mark.parametrize("data", [None, [], "a", 1])
def test_what_is_no_project_is_an_error(data: object) -> None:
    with pytest.raises(ApiError, match="not a project"):
        parse_project(data)


def test_ids_are_sorted_and_unique() -> None:
    assert parse_project_ids(["b", "a", "b"]) == ("a", "b")


@pytest.mark.parametrize("data", [None, {}, "a", [1], [None], ["../a"], [""], ["a b"], ["{{ 7*7 }}"]])
def test_what_are_no_ids_is_an_error(data: object) -> None:
    with pytest.raises(ApiError, match="not a list of project ids"):
        parse_project_ids(data)


def test_the_service_name_is_always_the_id_that_was_asked_for() -> None:
    found = host_variables("a", {"service_name": "other", "status": "ok"})
    assert found == {"ovh_service_name": "a", "ovh_status": "ok"}


@pytest.mark.parametrize(
    ("value", "checked"),
    [
        (None, []),
        ([], []),
        ({"status": "ok"}, {"status": "ok"}),
        ([{"include": "a"}, {"exclude": True}], [(True, "a"), (False, True)]),
    ],
)
def test_filters(value: Any, checked: Any) -> None:
    assert check_filters(value) == checked


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ok", "must be a mapping or a list, not text"),
        (["ok"], r"filters\[0\] must have exactly one key, include or exclude"),
        ([{"include": "a"}, {"include": "a", "exclude": "a"}], r"filters\[1\] must have exactly one key"),
        ([{"only": "a"}], r"filters\[0\] must have exactly one key"),
        ([{"include": ["a"]}], r"filters\[0\]: include must be a condition or a boolean, not a list"),
        ([{"exclude": "{{ a == 'b' }}"}], r"filters\[0\]: exclude is a condition by itself: leave the braces out"),
    ],
)
def test_filters_of_another_form_are_refused(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_filters(value)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"status": "ok"}, True),
        ({"status": "suspended"}, False),
        ({"status": ["suspended", "ok"], "quota": False}, True),
        ({"status": "ok", "quota": True}, False),
        ({"name": None}, True),
        ({"nothing": "ok"}, False),
    ],
)
def test_fields_are_compared(wanted: dict[str, Any], fits: bool) -> None:
    assert has_fields({"status": "ok", "quota": False, "name": None}, wanted) is fits
