# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The auditing module: its options, request and result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api.audit import Report, Request, audit_project
from .._core.audit import Audit, parse_expected, render_audit
from .._core.desired import check_project
from .._core.errors import InputError
from .arguments import CONNECTION
from .options import LARGEST_CONCURRENCY
from .runner import Kind

_SPEC: dict[str, Any] = {
    **CONNECTION,
    "expected": {"type": "list", "elements": "raw"},
    "expected_roles": {"type": "list", "elements": "str"},
    "credentials_dir": {"type": "path"},
    "object_storage": {"type": "bool", "default": True},
    "concurrency": {"type": "int", "default": 10},
    "project_name": {"type": "str", "default": ""},
}


def audit_request(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_audit_info``."""
    if not 1 <= params["concurrency"] <= LARGEST_CONCURRENCY:
        raise InputError("concurrency must be between 1 and %d." % LARGEST_CONCURRENCY)
    expected = params["expected"]
    if expected is None and params["expected_roles"] is not None:
        raise InputError("expected_roles needs expected: the roles are those of its entries.")
    return Request(
        service_name=check_project(params["service_name"]),
        expected=parse_expected(expected, params["expected_roles"]) if expected is not None else None,
        credentials_dir=params["credentials_dir"],
        object_storage=params["object_storage"],
        concurrency=params["concurrency"],
        project_name=params["project_name"],
    )


def audit_result(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_audit_info``; None where the run failed: the same keys, and nothing found."""
    if report is None:
        nobody = render_audit(Audit((), ()), {}, 0.0)
        return {"changed": False, "service_name": None, "project_name": "", **nobody, "audited_at": None, "unknown": []}
    return {
        "changed": False,
        "service_name": report.request.service_name,
        "project_name": report.request.project_name,
        **render_audit(report.audit, report.facts, report.now),
        "unknown": report.notes,
        "warnings": report.notes,
    }


AUDIT_INFO = Kind(_SPEC, audit_request, audit_project, audit_result)
