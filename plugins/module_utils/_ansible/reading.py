# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reading modules: their options, requests and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api import reading
from .._core.desired import check_project, parse_item
from .._core.errors import InputError
from .._core.model import User
from .._core.reading import Offer, UserFilter, render_full_user, render_role
from .arguments import CONNECTION, IDENTITY
from .options import identity
from .runner import Kind

_USER_INFO_SPEC: dict[str, Any] = {**CONNECTION, **IDENTITY, "role": {"type": "str"}}
_ROLE_INFO_SPEC: dict[str, Any] = {**CONNECTION}


def user_info_request(params: Mapping[str, Any]) -> reading.UserRequest:
    """Return the request of ``ovh_cloud_user_info``. A filter that is blank is refused: it would mean "all"."""
    for key, value in identity(params).items():
        parse_item({key: value}, "filter", {})
    role = params["role"]
    if role is not None and not role.strip():
        raise InputError("role is blank. Leave it out, or name a role.", key="role")
    return reading.UserRequest(
        service_name=check_project(params["service_name"]), wanted=UserFilter(**identity(params), role=role)
    )


def user_info_result(users: list[User] | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_info``."""
    return {"changed": False, "users": [render_full_user(user) for user in users or ()]}


def role_info_request(params: Mapping[str, Any]) -> reading.RoleRequest:
    """Return the request of ``ovh_cloud_role_info``."""
    return reading.RoleRequest(service_name=check_project(params["service_name"]))


def role_info_result(offer: Offer | None) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_role_info``."""
    roles = offer.catalogue.roles if offer is not None else ()
    return {
        "changed": False,
        "roles": [render_role(role) for role in roles],
        "services": offer.services if offer is not None else [],
    }


USER_INFO = Kind(_USER_INFO_SPEC, user_info_request, reading.read_users, user_info_result)
ROLE_INFO = Kind(_ROLE_INFO_SPEC, role_info_request, reading.read_offer, role_info_result)
