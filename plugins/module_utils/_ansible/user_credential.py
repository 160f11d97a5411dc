# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module about one credential file: from its options to a request, from a report to what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api import credentials
from .._api.vault import check_password
from . import arguments
from .runner import Kind


def user_credential_request(params: Mapping[str, Any]) -> credentials.Request:
    """Return the request of ``ovh_cloud_user_credential``."""
    return credentials.Request(
        credential_file=params["credential_file"],
        state=params["state"],
        vault_password=check_password(params["credentials_vault_password"]),
        issued_at=params["issued_at"],
    )


def user_credential_result(report: credentials.Report | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_credential``."""
    changed = report is not None and report.changed
    delivered = "delivered" if changed else "as before"
    return {
        "changed": changed,
        "credential": report.credential if report is not None else {},
        "kit": report.kit if report is not None else None,
        "diff": {"before": {"credential": "as before"}, "after": {"credential": delivered}},
    }


USER_CREDENTIAL = Kind(arguments.USER_CREDENTIAL, user_credential_request, credentials.handle, user_credential_result)
