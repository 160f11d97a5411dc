# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module about policies of the object storage: its options, request and result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api import policies
from .._core.desired import check_project
from .._core.policy import EMPTY, PolicyOutcome, parse_document, render_policy
from .arguments import CONNECTION, IDENTITY, STATE
from .options import ONE_IDENTITY, existing_user
from .runner import Kind

_SPEC: dict[str, Any] = {
    **CONNECTION,
    **IDENTITY,
    "state": STATE,
    "policy": {"type": "raw"},
    "wait_timeout": {"type": "int", "default": 300},
}

_RULES: dict[str, Any] = {**ONE_IDENTITY, "required_if": [("state", "present", ("policy",))]}


def policy_request(params: Mapping[str, Any]) -> policies.Request:
    """Return the request of ``ovh_cloud_user_s3_policy``."""
    document = EMPTY if params["state"] == "absent" else parse_document(params["policy"])
    return policies.Request(
        service_name=check_project(params["service_name"]),
        user=existing_user(params),
        document=document,
        wait_timeout=float(params["wait_timeout"]),
    )


def policy_result(outcome: PolicyOutcome | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_s3_policy``."""
    return render_policy(outcome or PolicyOutcome())


S3_POLICY = Kind(_SPEC, policy_request, policies.hold_policy, policy_result, _RULES)
