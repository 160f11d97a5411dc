# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to one request: everything that is wrong with them is said here, before any call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._api import credentials
from .._api.reconcile import Request
from .._api.task import Settings
from .._api.vault import check_password
from .._core.desired import Desired, Policy, check_project, check_region, parse_item, parse_policy, parse_users
from .._core.errors import InputError

LARGEST_CONCURRENCY = 100


def _settings(params: Mapping[str, Any], **more: Any) -> Settings:
    timeout = params["wait_timeout"]
    if timeout < 1:
        raise InputError("wait_timeout must be 1 second or more.")
    concurrency = params.get("concurrency", 1)
    if not 1 <= concurrency <= LARGEST_CONCURRENCY:
        raise InputError("concurrency must be between 1 and %d." % LARGEST_CONCURRENCY)
    return Settings(concurrency=concurrency, wait=params.get("wait", True), wait_timeout=float(timeout), **more)


def identity(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the options name a user."""
    return {key: params[key] for key in ("description", "user_id", "username") if params[key] is not None}


def user(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_user``."""
    keys = ("state", "roles", "revoke_roles", "purge_roles", "update_password")
    item = {**identity(params), **{key: params[key] for key in keys}}
    return Request(
        service_name=check_project(params["service_name"]),
        desired=[parse_item(item, "user", {})],
        policy=Policy(),
        settings=_settings(params, keep_passwords=params["return_password"]),
    )


def user_role(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_user_role``."""
    absent = params["state"] == "absent"
    if absent and params["purge_roles"]:
        raise InputError(
            "purge_roles makes roles exact and goes with state=present only; to take roles away list them."
        )
    roles = {"revoke_roles": params["roles"]} if absent else {"roles": params["roles"]}
    item = {**identity(params), **roles, "purge_roles": params["purge_roles"]}
    return Request(
        service_name=check_project(params["service_name"]),
        desired=[parse_item(item, "user", {}, "skip" if absent else "fail")],
        policy=Policy(),
        settings=_settings(params),
    )


def users(params: Mapping[str, Any]) -> Request:
    """Return the request of ``ovh_cloud_users``."""
    desired, policy = parse_users(params), parse_policy(params)
    _check_needs_folder(params, desired)
    return Request(
        service_name=check_project(params["service_name"]),
        desired=desired,
        policy=policy,
        settings=_settings(
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


def user_credential(params: Mapping[str, Any]) -> credentials.Request:
    """Return the request of ``ovh_cloud_user_credential``."""
    return credentials.Request(
        credential_file=params["credential_file"],
        state=params["state"],
        vault_password=check_password(params["credentials_vault_password"]),
        issued_at=params["issued_at"],
    )
