# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module about access keys of the object storage: its options, request and result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api import access_keys
from .._core.access_keys import KeyOutcome, render_keys
from .._core.desired import check_project
from .._core.errors import InputError
from .arguments import CONNECTION, IDENTITY, STATE
from .options import ONE_IDENTITY, existing_user
from .runner import Kind

_SPEC: dict[str, Any] = {
    **CONNECTION,
    **IDENTITY,
    "state": STATE,
    "access": {"type": "str"},
    "rotate": {"type": "bool", "default": False},
    "return_secret": {"type": "bool", "default": True, "no_log": False},
    "display_secret": {"type": "bool", "default": False, "no_log": False},
    "wait_timeout": {"type": "int", "default": 300},
}


def credential_request(params: Mapping[str, Any]) -> access_keys.Request:
    """Return the request of ``ovh_cloud_user_s3_credential``."""
    access = params["access"]
    if access is not None and not access.strip():
        # Blank is what a template with an undefined key gives: taking all keys instead would be a disaster.
        raise InputError("access is blank. Leave it out, or name a key.", key="access")
    if params["state"] == "absent":
        given = [name for name in ("rotate", "display_secret") if params[name]]
        if given:
            raise InputError(f"{given[0]} goes with state=present only.", key=given[0])
    return access_keys.Request(
        service_name=check_project(params["service_name"]),
        user=existing_user(params),
        state=params["state"],
        access=access,
        rotate=params["rotate"],
        return_secret=params["return_secret"],
        display_secret=params["display_secret"],
        wait_timeout=float(params["wait_timeout"]),
    )


def credential_result(outcome: KeyOutcome | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_s3_credential``; None where the run failed before it had one."""
    outcome = outcome or KeyOutcome()
    result = {**render_keys(outcome), "warnings": list(outcome.notes)}
    if outcome.error is not None:
        result.update(failed=True, msg=outcome.error.message, failure=outcome.error.as_dict())
    return result


S3_CREDENTIAL = Kind(_SPEC, credential_request, access_keys.hold_keys, credential_result, ONE_IDENTITY)
