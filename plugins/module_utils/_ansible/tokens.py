# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of AI tokens: their options, requests and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api import tokens
from .._core.desired import check_project
from .._core.token_spec import Token
from .._core.tokens import (
    ROLES,
    TokenOutcome,
    TokenPlan,
    Wanted,
    check_selector,
    check_text,
    parse_wanted,
    render_outcome,
    render_token,
)
from .arguments import CONNECTION, STATE
from .runner import Kind

_SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "token_id": {"type": "str", "no_log": False},
    "role": {"type": "str", "choices": list(ROLES)},
    "region": {"type": "str"},
    "label_selector": {"type": "str"},
}

_TOKEN_SPEC: dict[str, Any] = {
    **CONNECTION,
    **_SPEC,
    "state": STATE,
    "renew": {"type": "bool", "default": False},
    "return_token": {"type": "bool", "default": True, "no_log": False},
}

_TOKEN_INFO_SPEC: dict[str, Any] = {**CONNECTION, **_SPEC}


def token_request(params: Mapping[str, Any]) -> tokens.Request:
    """Return the request of ``ovh_ai_token``."""
    return tokens.Request(
        service_name=check_project(params["service_name"]),
        wanted=parse_wanted(params),
        return_token=params["return_token"],
    )


def token_result(outcome: TokenOutcome | None) -> dict[str, Any]:
    """Return the result of ``ovh_ai_token``; None where the run failed before it had one."""
    outcome = outcome or TokenOutcome(TokenPlan())
    result = {**render_outcome(outcome), "warnings": list(outcome.notes)}
    if outcome.error is not None:
        result.update(failed=True, msg=outcome.error.message, failure=outcome.error.as_dict())
    return result


def token_info_request(params: Mapping[str, Any]) -> tokens.ReadRequest:
    """Return the request of ``ovh_ai_token_info``."""
    check_text(params, "name", "token_id", "region")
    keys = ("name", "token_id", "role", "region")
    return tokens.ReadRequest(
        service_name=check_project(params["service_name"]),
        filters=Wanted(label_selector=check_selector(params["label_selector"]), **{key: params[key] for key in keys}),
    )


def token_info_result(found: list[Token] | None) -> dict[str, Any]:
    """Return the result of ``ovh_ai_token_info``."""
    return {"changed": False, "tokens": [render_token(token) for token in found or ()]}


AI_TOKEN = Kind(
    _TOKEN_SPEC, token_request, tokens.hold_token, token_result, {"required_one_of": [("name", "token_id")]}
)
AI_TOKEN_INFO = Kind(_TOKEN_INFO_SPEC, token_info_request, tokens.read_tokens, token_info_result)
