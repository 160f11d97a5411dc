"""Who is calling, and what they may do."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote

from .clock import Clock
from .errors import ApiError, invalid_signature
from .messages import Answer, Request, json_answer
from .model import random_text
from .settings import Settings

DEFAULT_CREDENTIALS = {
    "application_key": "simulator-application-key",
    "application_secret": "simulator-application-secret",
    "consumer_key": "simulator-consumer-key",
    "client_id": "simulator-client-id",
    "client_secret": "simulator-client-secret",
}
EVERYTHING = [{"method": method, "path": "/*"} for method in ("GET", "POST", "PUT", "DELETE")]
ACTION_PREFIX = "publicCloudProject:apiovh:"


def same(one: str, other: str) -> bool:
    """Compare two secrets."""
    return hmac.compare_digest(one.encode(), other.encode())


class Auth:
    """Checks signatures and bearers, hands out bearers, and applies rules and IAM."""

    def __init__(self, settings: Settings, clock: Clock, credentials: dict[str, str]) -> None:
        self._settings = settings
        self._clock = clock
        self.credentials = credentials
        self.rules: list[dict[str, str]] | None = None
        self._denied: set[str] = set()
        self._lock = Lock()
        self._bearers: dict[str, float] = {}
        self._created = clock.stamp()
        self._last_use: str | None = None

    @property
    def deny_iam(self) -> set[str]:
        """Return the IAM actions that are refused, by their full names; ``*`` stands for anything."""
        return self._denied

    @deny_iam.setter
    def deny_iam(self, actions: Iterable[str]) -> None:
        self._denied = {action if ":" in action else ACTION_PREFIX + action for action in actions}

    def identify(self, request: Request) -> str:
        """Return the name of the caller, which is good for counting its calls, or refuse the call."""
        kind, _separator, bearer = request.header("Authorization").partition(" ")
        if kind.lower() == "bearer":
            return self._check_bearer(bearer.strip())
        self._check_keys(request)
        self._check_signature(request)
        self._last_use = self._clock.stamp()
        return "consumer:" + self.credentials["consumer_key"]

    def _check_keys(self, request: Request) -> None:
        application, consumer = request.header("X-Ovh-Application"), request.header("X-Ovh-Consumer")
        if not application and not consumer:
            raise ApiError(403, "You must login first", error_code="NOT_CREDENTIAL")
        if not same(application, self.credentials["application_key"]):
            raise ApiError(403, "This application key is invalid", error_code="INVALID_KEY")
        if not consumer:
            raise ApiError(403, "You must login first", error_code="NOT_CREDENTIAL")
        if not same(consumer, self.credentials["consumer_key"]):
            raise ApiError(403, "This credential is not valid", error_code="INVALID_CREDENTIAL")

    def _check_signature(self, request: Request) -> None:
        """Check the time, then the signature over the URL as the client wrote it."""
        timestamp = request.header("X-Ovh-Timestamp")
        if not re.fullmatch(r"[0-9]{1,15}", timestamp):
            raise invalid_signature()
        if abs(int(timestamp) - self._clock.now()) > self._settings.timestamp_tolerance:
            raise ApiError(400, "Query out of time", error_code="QUERY_TIME_OUT")
        url = f"http://{request.header('Host')}{request.target}"
        secret, consumer = self.credentials["application_secret"], self.credentials["consumer_key"]
        signed = "+".join([secret, consumer, request.method, url]).encode() + b"+" + request.body
        expected = "$1$" + hashlib.sha1(signed + b"+" + timestamp.encode()).hexdigest()
        if not same(request.header("X-Ovh-Signature"), expected):
            raise invalid_signature()

    def _check_bearer(self, bearer: str) -> str:
        with self._lock:
            expires = self._bearers.get(bearer)
        if expires is None or expires <= self._clock.elapsed():
            raise ApiError(401, "This bearer token is not valid or has expired")
        return "client:" + self.credentials["client_id"]

    def expire_bearers(self) -> None:
        """End every bearer at once."""
        with self._lock:
            self._bearers.clear()

    def issue_bearer(self, request: Request) -> Answer:
        """Answer ``POST /auth/oauth2/token``."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        client_id, client_secret = _basic(request.header("Authorization")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if form.get("grant_type") != "client_credentials":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        known = self.credentials
        if not (same(client_id, known["client_id"]) and same(client_secret, known["client_secret"])):
            return json_answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        bearer, lifetime = random_text(48), self._settings.token_lifetime
        with self._lock:
            self._bearers[bearer] = self._clock.elapsed() + lifetime
        return json_answer(
            {"access_token": bearer, "token_type": "Bearer", "expires_in": int(lifetime), "scope": form.get("scope")}
        )

    def check_rules(self, caller: str, method: str, path: str) -> None:
        """Refuse a call for which the consumer key has no rule. Service accounts have IAM instead."""
        if self.rules is None or caller.startswith("client:"):
            return
        for rule in self.rules:
            if rule["method"] == method and fnmatch.fnmatchcase(path, rule["path"]):
                return
        raise ApiError(403, "This call has not been granted", error_code="NOT_GRANTED_CALL")

    def check_iam(self, action: str | None) -> None:
        """Refuse a call whose IAM action is denied."""
        if action is None:
            return
        full = ACTION_PREFIX + action
        if any(fnmatch.fnmatchcase(full, denied) for denied in self._denied):
            details = {"unauthorizedActionsByAuthentication": "", "unauthorizedActionsByIAM": full}
            raise ApiError(403, "User not granted for this request", details=details)

    def current_credential(self, caller: str) -> dict[str, Any]:
        """Return what ``GET /auth/currentCredential`` says about a consumer key."""
        if caller.startswith("client:"):
            raise ApiError(403, "There is no consumer key", error_code="NOT_CREDENTIAL")
        return {
            "credentialId": 1001,
            "applicationId": 2001,
            "status": "validated",
            "creation": self._created,
            "expiration": None,
            "lastUse": self._last_use,
            "allowedIPs": None,
            "ovhSupport": False,
            "rules": EVERYTHING if self.rules is None else self.rules,
        }


def _basic(header: str) -> tuple[str, str] | None:
    """Return the client of a basic authentication."""
    kind, _separator, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _separator, client_secret = text.partition(":")
    return unquote(client_id), unquote(client_secret)
