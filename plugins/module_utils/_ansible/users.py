# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module about a list of users: from its options to a request, from a report to what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._api.converge import Report, Request
from .._api.reconcile import reconcile
from .._api.vault import check_password
from .._core.desired import Desired, check_project, check_region, parse_policy, parse_users
from .._core.errors import InputError
from .._core.render import render_diff, render_failure, render_notes, render_users
from . import arguments
from .runner import Kind
from .settings import settings


def users_request(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_users``."""
    desired, policy = parse_users(params), parse_policy(params)
    _check_needs_folder(params, desired)
    return Request(
        service_name=check_project(params["service_name"]),
        desired=desired,
        policy=policy,
        settings=settings(
            params,
            keep_passwords=params["return_password"] and not params["credentials_dir"],
            verify=params["verify_credentials"],
            s3_region=check_region(params["s3_region"], "s3_region").lower(),
            kit=policy.kit,
        ),
        credentials_dir=params["credentials_dir"],
        vault_password=check_password(params["credentials_vault_password"]),
    )


def _check_needs_folder(params: Mapping[str, Any], desired: Sequence[Desired]) -> None:
    if params["credentials_dir"]:
        return
    needs = ["credentials_vault_password", "rotate_after_days"]
    given = [option for option in needs if params[option] is not None]
    if any(one.update_password == "on_missing" for one in desired):
        given.append("update_password=on_missing")
    given += [
        f"s3_credentials={one.s3_credentials}"
        for one in desired
        if one.s3_credentials in ("present", "rotate") and one.state == "present"
    ]
    if params["kit"]:
        given.append("kit")
    if given:
        raise InputError(f"{given[0]} needs credentials_dir.")


def users_result(report: Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_users``."""
    outcomes = report.outcomes if report is not None else []
    result = render_users(outcomes, report.files if report is not None else None)
    result["service_name"] = report.service_name if report is not None else None
    result["changed"] = any(outcome.done for outcome in outcomes)
    result["warnings"] = [*render_notes(outcomes), *(report.warnings if report is not None else ())]
    result["diff"] = render_diff(outcomes)
    message = render_failure(outcomes)
    if message is not None:
        result.update(failed=True, msg=message)
    return result


USERS = Kind(arguments.USERS, users_request, reconcile, users_result)
