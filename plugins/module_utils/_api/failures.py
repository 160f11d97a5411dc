# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what came back over the wire to one typed error that says what to do.

The status decides first, then ``errorCode``, ``class`` and ``details``. Messages carry the API's query id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .._core.errors import ApiError
from .sending import Request

_ADVICE_BY_CODE = {
    "INVALID_KEY": "The application key is not valid at this endpoint: check application_key and the region.",
    "INVALID_CREDENTIAL": "The consumer key is not valid: check consumer_key, or ask for a new one.",
    "NOT_CREDENTIAL": "The consumer key is not known or was never validated: validate it, or ask for a new one.",
    "INVALID_SIGNATURE": "The API refused the signature: application_secret does not belong to these keys"
    " (or the request has a field of a wrong type).",
    "QUERY_TIME_OUT": "The API says that the request's time is off: set this machine's clock, and check that no proxy"
    " caches /auth/time.",
}
#: The codes that say that one of the keys is wrong.
KEY_CODES = frozenset(_ADVICE_BY_CODE) - {"QUERY_TIME_OUT"}
_ADVICE_BY_STATUS = {
    401: "The API does not accept the credentials: check the keys, or their expiry.",
    409: "The API says that this conflicts with the user's present state: wait a little and run again.",
    429: "The API asks to slow down and did not relent: run again later, or set rate_limit.",
    460: "The service or the credential has expired: renew it.",
}


#: What stands for a secret.
HIDDEN = "********"
#: The fields that hold secrets, in what is sent and in what comes back.
_SECRET_FIELDS = frozenset(("password", "secret", "value", "token", "X-Auth-Token"))
#: A shorter text is no secret, and hiding it would tear words apart.
_SHORTEST_SECRET = 6


def secrets_in(data: Any) -> list[str]:
    """Return the secrets in a body, sent or received: an API that quotes what it refuses must not bring them into a
    message."""
    found: list[str] = []
    todo: list[Any] = [data]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            found += [one[key] for key in _SECRET_FIELDS & one.keys() if isinstance(one[key], str)]
            todo += one.values()
        elif isinstance(one, (list, tuple)):
            todo += one
    return [text for text in found if len(text) >= _SHORTEST_SECRET]


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, be they as they are, as in JSON, or as in a URL."""
    for secret in secrets:
        quoted = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")
        for form in sorted({secret, *quoted}, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
    return text


def _field(data: object, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def _missing_actions(data: object) -> list[str]:
    details = data.get("details") if isinstance(data, dict) else None
    if not isinstance(details, dict):
        return []
    fields = ("unauthorizedActionsByIAM", "unauthorizedActionsByAuthentication")
    text = ",".join(value for value in (details.get(field) for field in fields) if isinstance(value, str))
    return sorted({action.strip() for action in text.split(",") if action.strip()})


def _advice(request: Request, status: int, code: str, data: object) -> str:
    actions = _missing_actions(data)
    if actions:
        return "The account may not do this: its IAM policy lacks {}.".format(", ".join(actions))
    if code == "NOT_GRANTED_CALL":
        # Not at the top: most runs are refused nothing.
        from .._core.rights import as_rule

        return f"The consumer key has no rule for {as_rule(request.rule)}: ask for a key with that rule."
    if code in _ADVICE_BY_CODE:
        return _ADVICE_BY_CODE[code]
    if status == 401 and request.path.endswith("/token"):
        # The password of a user was tried: that says nothing about our keys.
        return ""
    if status == 403:
        return (
            f"The API refuses {request.rule} to these credentials: check the rights of the key or service account, and"
            " the limits of the project."
        )
    if status == 404 and "service does not exist" in _field(data, "message").lower():
        return (
            "The project does not exist or these credentials do not see it: check service_name (32 hexadecimal digits)."
        )
    if status == 404 and (request.path == "/auth/time" or "invalid (or empty) url" in _field(data, "message").lower()):
        return "This is not the API: check endpoint. Its base URLs end in /1.0 or /v1."
    if status >= 500:
        return "The API has a problem of its own: run again later."
    return _ADVICE_BY_STATUS.get(status, "")


def _kind(status: int, answered_as_json: bool) -> str:
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408 or 200 <= status < 300:
        return "lost"
    return {
        401: "forbidden",
        403: "forbidden",
        404: "not_found" if answered_as_json else "refused",
        409: "conflict",
    }.get(status, "refused")


def from_answer(request: Request, status: int, data: object, headers: Mapping[str, str]) -> ApiError:
    """Return the error for an answer that is not a success; ``data`` is its decoded body, None where it is not JSON."""
    code = _field(data, "errorCode") or _field(data, "class")
    said = _field(data, "message")
    query_id = headers.get("X-Ovh-Queryid")
    advice = _advice(request, status, code, data)
    facts = ["HTTP %d" % status] + ([code] if code else []) + ([f"query id {query_id}"] if query_id else [])
    body = (
        " The API says: {}.".format(said.rstrip("."))
        if said
        else ("" if data is not None else " The answer is not the API's.")
    )
    message = "{} failed ({}).{}{}".format(request.rule, ", ".join(facts), body, " " + advice if advice else "")
    error = ApiError(
        message,
        _kind(status, isinstance(data, dict)),
        status,
        api_code=code or None,
        query_id=query_id,
        call=request.rule,
        retry_after=_retry_after(headers),
    )
    error.of_keys = code in _ADVICE_BY_CODE or code == "NOT_GRANTED_CALL" or bool(_missing_actions(data))
    return error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After") or ""
    return min(float(text), 600.0) if re.fullmatch(r"\d+(\.\d+)?", text.strip()) else None


def from_exception(request: Request, problem: Exception, endpoint: str, timeout: float) -> ApiError:
    """Return the error for a request without an answer. ``unreached`` is surely not done, ``lost`` may be."""
    from requests import exceptions

    chain = _names_of_causes(problem)
    if isinstance(problem, exceptions.SSLError):
        kind, text = (
            "refused",
            f"the certificate of {endpoint} is not trusted; check the endpoint, the clock and the CA bundle",
        )
    elif isinstance(problem, (exceptions.ConnectTimeout, exceptions.ProxyError)) or chain & _NO_CONNECTION:
        kind, text = "unreached", f"{endpoint} cannot be reached; check the endpoint, the network and the proxy"
    elif isinstance(problem, exceptions.TooManyRedirects):
        kind, text = "refused", f"{endpoint} does not answer as the API does (it redirects); check the endpoint"
    elif isinstance(problem, (exceptions.InvalidURL, exceptions.InvalidSchema)):
        kind, text = (
            "refused",
            f"there is no way to {endpoint}; check the endpoint, and the proxy named by http_proxy, https_proxy or"
            " all_proxy (SOCKS needs the package PySocks)",
        )
    elif isinstance(problem, exceptions.Timeout):
        kind, text = "lost", f"{endpoint} gave no answer within {timeout:g} s; check the network, or raise timeout"
    else:
        kind, text = "lost", "the connection broke before the answer was complete"
    return ApiError(f"{request.rule} failed: {text}.", kind, call=request.rule)


#: What urllib3 raises before anything was sent.
_NO_CONNECTION = frozenset(("NewConnectionError", "NameResolutionError"))


def _names_of_causes(problem: BaseException | None) -> set[str]:
    names: set[str] = set()
    todo: list[Any] = [problem]
    while todo and len(names) < 20:
        one = todo.pop()
        if not isinstance(one, BaseException) or type(one).__name__ in names:
            continue
        names.add(type(one).__name__)
        todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return names


def located(error: ApiError, request: Request, status: int, headers: Mapping[str, str]) -> ApiError:
    """Return an error about the content of an answer with the call and the query id that it belongs to."""
    query_id = headers.get("X-Ovh-Queryid")
    known = "HTTP %d" % status + (f", query id {query_id}" if query_id else "")
    message = f"{request.rule} ({known}): {error.message}"
    return ApiError(message, error.kind, error.status, query_id=query_id, call=request.rule)


def token_refused(request: Request, text: str, source: str, url: str) -> ApiError:
    """Return the error for a bearer token that was not given; ``text`` is the library's, and not printed."""
    match = re.search(r"status_code=(\d{3})", text)
    status = int(match.group(1)) if match else None
    if status is None or status >= 500 or status in (408, 429):
        kind = "throttled" if status == 429 else "lost"
        message = "{} gave no token ({}). Run again later.".format(
            url, "HTTP %d" % status if status else "no token in the answer"
        )
    else:
        kind = "forbidden"
        message = "%s refused the service account (HTTP %d): check client_id and client_secret, from %s." % (
            url,
            status,
            source,
        )
    return ApiError(message, kind, status, call=request.rule)


def no_token(request: Request, url: str) -> ApiError:
    """Return the error for an answer that is a success, and has no bearer token in it."""
    message = f"{url} answered with something that is no bearer token: check endpoint, and the proxy."
    return ApiError(message, "refused", call=request.rule)
