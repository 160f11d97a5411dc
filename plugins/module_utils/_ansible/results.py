# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a report to what a module returns; the same keys on success, on failure and in check mode."""

from __future__ import annotations

from typing import Any

from .._api import credentials
from .._api.reconcile import Report
from .._core.outcome import Outcome
from .._core.render import render_change, render_diff, render_failure, render_user, render_users


def _one(report: Report | None) -> Outcome | None:
    return report.outcomes[0] if report is not None else None


def _failure(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None or outcome.error is None:
        return {}
    return {"msg": outcome.error.message, "failure": outcome.error.as_dict(), "failed": True}


def _diff(outcome: Outcome | None) -> dict[str, Any]:
    before, after = render_change(outcome) if outcome is not None else ({}, {})
    return {"before": before, "after": after}


def user(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user``; None where the run failed before it had one."""
    outcome = _one(report)
    result: dict[str, Any] = {
        "changed": bool(outcome is not None and outcome.done),
        "user": render_user(outcome.user) if outcome is not None else None,
        "diff": _diff(outcome),
        "warnings": _notes(report),
        **_failure(outcome),
    }
    if outcome is not None and outcome.action == "deleted":
        result["user"] = None
    if outcome is not None and outcome.password is not None:
        result["password"] = outcome.password
    return result


def user_role(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_role``."""
    outcome = _one(report)
    before = outcome.item.user.role_names if outcome is not None and outcome.item.user is not None else frozenset()
    after = outcome.user.role_names if outcome is not None and outcome.user is not None else before
    return {
        "changed": bool(outcome is not None and outcome.done),
        "user": render_user(outcome.user) if outcome is not None else None,
        "added": sorted(after - before),
        "removed": sorted(before - after),
        "diff": _diff(outcome),
        "warnings": _notes(report),
        **_failure(outcome),
    }


def users(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_users``."""
    outcomes = report.outcomes if report is not None else []
    result = render_users(outcomes, report.files if report is not None else None)
    result["service_name"] = report.service_name if report is not None else None
    result["changed"] = any(outcome.done for outcome in outcomes)
    result["warnings"] = _notes(report)
    result["diff"] = render_diff(outcomes)
    message = render_failure(outcomes)
    if message is not None:
        result.update(failed=True, msg=message)
    return result


def _notes(report: Report | None) -> list[str]:
    """Return what a person should be told though nothing failed."""
    outcomes = report.outcomes if report is not None else []
    return [f"{outcome.item.desired.label}: {note}" for outcome in outcomes for note in outcome.notes]


def user_credential(report: credentials.Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_credential``."""
    changed = report is not None and report.changed
    delivered = "delivered" if changed else "as before"
    return {
        "changed": changed,
        "credential": report.credential if report is not None else {},
        "kit": report.kit if report is not None else None,
        "diff": {"before": {"credential": "as before"}, "after": {"credential": delivered}},
    }
