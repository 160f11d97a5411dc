# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules about one user: from their options to a request, from a report to what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api.converge import Report, Request, converge_one
from .._core.desired import Policy, check_project, parse_item
from .._core.errors import InputError
from .._core.outcome import Outcome, role_changes
from .._core.render import render_change, render_notes, render_user
from . import arguments
from .options import ONE_IDENTITY, identity
from .runner import Kind
from .settings import settings


def user_request(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_user``."""
    keys = ("state", "roles", "revoke_roles", "purge_roles", "update_password")
    item = {**identity(params), **{key: params[key] for key in keys}}
    return Request(
        service_name=check_project(params["service_name"]),
        desired=[parse_item(item, "user", {})],
        policy=Policy(),
        settings=settings(params, keep_passwords=params["return_password"]),
    )


def user_role_request(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_user_role``."""
    absent = params["state"] == "absent"
    if absent and params["purge_roles"]:
        raise InputError(
            "purge_roles makes roles exact and goes with state=present only; to take roles away list them."
        )
    item = {**identity(params), "roles": params["roles"], "purge_roles": params["purge_roles"]}
    desired = parse_item(item, "user", {}, "skip" if absent else "fail")
    if absent:
        desired = desired._replace(roles=None, revoke_roles=desired.roles or (), revoking="roles")
    return Request(
        service_name=check_project(params["service_name"]),
        desired=[desired],
        policy=Policy(),
        settings=settings(params),
    )


def _one(report: Report | None) -> Outcome | None:
    return report.outcomes[0] if report is not None else None


def _failure(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None or outcome.error is None:
        return {}
    return {"msg": outcome.error.message, "failure": outcome.error.as_dict(), "failed": True}


def _diff(outcome: Outcome | None) -> dict[str, Any]:
    before, after = render_change(outcome) if outcome is not None else ({}, {})
    return {"before": before, "after": after}


def user_result(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user``; None where the run failed before it had one."""
    outcome = _one(report)
    result: dict[str, Any] = {
        "changed": bool(outcome is not None and outcome.done),
        "user": render_user(outcome.user) if outcome is not None else None,
        "diff": _diff(outcome),
        "warnings": [*render_notes(report.outcomes), *report.warnings] if report is not None else [],
        **_failure(outcome),
    }
    if outcome is not None and (outcome.gone or outcome.action == "deleted"):
        result["user"] = None
    if outcome is not None and outcome.password is not None:
        result["password"] = outcome.password
    return result


def user_role_result(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_role``."""
    outcome = _one(report)
    added, removed = role_changes(outcome) if outcome is not None else ([], [])
    return {
        "changed": bool(outcome is not None and outcome.done),
        "user": render_user(outcome.user) if outcome is not None else None,
        "added": added,
        "removed": removed,
        "diff": _diff(outcome),
        "warnings": [*render_notes(report.outcomes), *report.warnings] if report is not None else [],
        **_failure(outcome),
    }


USER = Kind(arguments.USER, user_request, converge_one, user_result, ONE_IDENTITY)
USER_ROLE = Kind(arguments.USER_ROLE, user_role_request, converge_one, user_role_result, ONE_IDENTITY)
