# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One small port to the API: the official client signs and sends, here is what may be repeated and how fast.

``call`` is all that the rest uses. A call that surely did not happen is repeated; one that may have happened only
where repeating is harmless; everything else is an :class:`ApiError` that the caller decides on.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, Callable
from urllib.parse import urlsplit

from .._core.errors import ApiError, CancelledError, CloudOpsError, InputError
from .._core.model import malformed
from .._core.pacing import Pace
from .clock import Clock
from .config import Connection, is_loopback
from .official import fit, load, make_client
from .sending import Request
from .stop import Stop

#: The longest that one call may take with all its repetitions, in seconds.
CALL_BUDGET = 300.0
_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 8.0
#: A bearer token that is good for less than so many seconds, or for half its time if that is less, is replaced.
_TOKEN_MARGIN = 30.0
#: The first second that ISO 8601 has no four digits for.
_END_OF_TIME = 253402300800


class Port:
    """The way to the API for one run; safe for many threads. ``calls`` counts every HTTP request sent."""

    def __init__(self, connection: Connection, stop: Stop | None = None) -> None:
        endpoints = load().ENDPOINTS
        self.connection = connection
        self.stop = stop or Stop()
        self.calls = 0
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._pace = Pace(connection.rate_limit / 60.0 if connection.rate_limit else None, random.random())
        self._opened = False
        self._tokens, self._token_until = 0, math.inf
        #: All that this run has had: none of them is to be seen.
        self._bearers: list[str] = []
        if "://" in connection.endpoint:
            self.url, token_url = connection.endpoint, self._own_token_url(connection)
        elif connection.endpoint in endpoints:
            self.url, token_url = endpoints[connection.endpoint], ""
        else:
            known = ", ".join(name for name in endpoints if "://" not in name)
            raise InputError(f"endpoint: {connection.endpoint!r} is not a region. Regions: {known}; or a base URL.")
        self._client = make_client(connection, self.url, token_url)
        self._clock = Clock(self._client, self._ask_time)

    @staticmethod
    def _own_token_url(connection: Connection) -> str:
        if not connection.oauth2:
            return ""
        if is_loopback(connection.endpoint):
            # oauthlib refuses plain http; loopback is the one place where it shows no secret to anybody.
            os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
        parts = urlsplit(connection.endpoint)
        return f"{parts.scheme}://{parts.netloc}/auth/oauth2/token"

    def open(self) -> None:
        """Begin what every later call needs: ask once for the bearer token, or for the server's clock."""
        with self._opening:
            if self._opened:
                self._keep_token()
                return
            if self.connection.oauth2:
                self._ask_token()
            else:
                self._clock.start()
            self._opened = True

    def _keep_token(self) -> None:
        """Ask for another bearer token when this one is about to expire."""
        if self.connection.oauth2 and self._token_until < time.time():
            self._ask_token()

    def _ask_token(self) -> None:
        try:
            self._repeat(Request("POST", "/auth/oauth2/token"), self._fetch_token, harmless=True, counted=False)
        except ApiError as error:
            # Of the call that needs it, it is sure that it was not sent.
            error.uncertain = False
            raise
        self._tokens += 1

    def _has_another_token(self, used: int) -> bool:
        """True if there is another bearer token than the one that the API has just refused: it can end before its time.
        Who comes first asks for it."""
        with self._opening:
            try:
                if self._tokens == used:
                    self._ask_token()
            except CloudOpsError:
                # What the API said about the call says more than this.
                return False
            return True

    def now(self) -> float:
        """Return the API's time in seconds since 1970, exact to about a second."""
        return self._clock.now()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        parse: Callable[[Any], Any] = lambda data: data,
        repeat: bool | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> Any:
        """Return what ``parse`` makes of the decoded answer (None for an empty one), or raise :class:`ApiError`.

        ``repeat``: whether a call whose answer was lost may be sent again; by default all but POST. ``before`` is
        called right before each sending, when the turn of the call has come; what it raises ends the call.
        """
        self.open()
        request = Request(method, path)
        harmless = method != "POST" if repeat is None else repeat
        if method != "GET":
            self._clock.settle()

        def attempt() -> Any:
            before()
            return self._attempt(request, body, parse)

        try:
            return self._repeat(request, attempt, harmless)
        finally:
            # What is read counts when the clock is known too: no run goes on without it.
            self._clock.settle()

    def expect(self, calls: int) -> None:
        """Tell how many calls are about to come: see :meth:`Pace.expect`."""
        with self._lock:
            self._pace.expect(calls)

    # One attempt

    def _send(self, request: Request, send: Callable[[], Any]) -> Any:
        with self._lock:
            self.calls += 1
        from requests.exceptions import RequestException

        try:
            return send()
        # The latter where it cannot read what the API says, as in a redirect.
        except (RequestException, UnicodeError) as problem:
            from .failures import from_exception

            error = from_exception(request, problem, self.url, self.connection.timeout)
        raise error

    def _attempt(self, request: Request, body: Any, parse: Callable[[Any], Any], signed: bool = True) -> Any:
        answer = self._send(request, lambda: self._client.raw_call(request.method, request.path, body, signed))
        data, is_json = _decode(answer)
        if 200 <= answer.status_code < 300 and is_json:
            try:
                return parse(data)
            except ApiError as malformed_answer:
                from .failures import located

                raise located(malformed_answer, request, answer.status_code, answer.headers) from None
        raise self._failure(request, answer, data if is_json else None, body)

    def _failure(self, request: Request, answer: Any, data: Any, body: Any) -> ApiError:
        # Not at the top: a run that meets no error is spared it.
        from .failures import KEY_CODES, from_answer

        error = from_answer(request, answer.status_code, data, answer.headers)
        if error.details.get("api_code") == "QUERY_TIME_OUT":
            error.kind = "clock"
        if error.details.get("api_code") in KEY_CODES:
            error.message += f" The keys are from {self.connection.source}."
        return self._without_secrets(error, body, data)

    def _ask_time(self) -> float:
        request = Request("GET", "/auth/time")

        def attempt() -> int:
            server_time: int = self._attempt(request, None, _parse_time, signed=False)
            # Measured when the answer is there: however slow it was, we never think that the API's clock is later
            # than it is. What we create would look older than the request for it.
            return server_time - int(time.time())

        delta: int = self._repeat(request, attempt, harmless=True, counted=False)
        return delta

    def _fetch_token(self) -> None:
        """Get the bearer token with the official client's own class, which by itself would wait for ever."""
        # It would refuse a token whose scope the API writes in another way.
        os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
        from oauthlib.oauth2 import BackendApplicationClient
        from ovh.exceptions import OAuth2FailureError
        from ovh.oauth2 import RefreshOAuth2Session

        request = Request("POST", "/auth/oauth2/token")
        oauth2 = self._client._oauth2
        keys = {
            "client_id": oauth2.client_id,
            "client_secret": oauth2.client_secret,
            "timeout": self.connection.timeout,
        }
        session = RefreshOAuth2Session(
            token_url=oauth2.token_url,
            client=BackendApplicationClient(client_id=oauth2.client_id, scope=["all"]),
        )
        fit(session, oauth2.token_url)
        try:
            token = self._send(request, lambda: session.fetch_token(token_url=oauth2.token_url, **keys))
        except OAuth2FailureError as problem:
            # The library's message shows the answer's whole body; it may hold more than we want to print.
            from .failures import token_refused

            text = f"{problem} {session._error or ''}"
            raise token_refused(request, text, self.connection.source, oauth2.token_url) from None
        except (TypeError, ValueError, AttributeError):
            # The library reads whatever the answer is.
            token = None
        if not _is_bearer(token):
            from .failures import no_token

            raise no_token(request, oauth2.token_url)
        self._use_token(token)

    def _use_token(self, token: Mapping[str, Any]) -> None:
        oauth2 = self._client._oauth2
        now, end = time.time(), token.get("expires_at")
        lifetime = max(0.0, end - now) if isinstance(end, (int, float)) else math.inf
        self._token_until = now + lifetime - min(_TOKEN_MARGIN, lifetime / 2)
        # Without its end the official client, uncounted and with errors of its own, would not ask for another one.
        endless = {key: token[key] for key in ("access_token", "token_type") if key in token}
        oauth2.token_updater(endless)
        oauth2.session.token = endless
        self._bearers.append(token["access_token"])
        if not self._tokens:
            # Once: others may be sending later.
            fit(oauth2.session, self.url)

    def _without_secrets(self, error: ApiError, *said: Any) -> ApiError:
        """Hide what is secret in the API's own words: the keys, and what was ``said`` in the call or in its answer."""
        from .failures import hidden, secrets_in

        secrets = [*self.connection.secrets, *self._bearers, *secrets_in(said)]
        error.message = hidden(error.message, secrets)
        for key, value in error.details.items():
            if isinstance(value, str):
                error.details[key] = hidden(value, secrets)
        error.args = (error.message,)
        return error

    # Repetition

    def _repeat(self, request: Request, attempt: Callable[[], Any], harmless: bool, counted: bool = True) -> Any:
        """Make a call, as often as is needed and allowed. ``counted``: it is made with the keys whose calls the API
        counts."""
        deadline = time.monotonic() + CALL_BUDGET
        tries, lost, renewed = 0, None, not (self.connection.oauth2 and counted)
        while True:
            ticket = self._wait_for_turn(deadline, request, counted, lost)
            delta, token = self._clock.delta, self._tokens
            try:
                result = attempt()
            except ApiError as error:
                tries += 1
                error.uncertain = error.uncertain or lost is not None
                lost = error if error.uncertain else None
                self._report(ticket, error, counted)
                if error.status == 401 and not renewed and self._has_another_token(token):
                    renewed = True
                    continue
                pause = self._pause_before_repeating(error, tries, harmless)
                if pause is None or time.monotonic() + pause > deadline:
                    raise
                self._rest(pause, lost)
                if error.kind == "clock" and counted:
                    self._clock.correct(delta)
                continue
            except BaseException:
                # Not sent after all: the turn goes to the next.
                self._report(ticket, None, counted=False)
                raise
            self._report(ticket, None, counted)
            return result

    def _rest(self, seconds: float, lost: ApiError | None) -> None:
        """Pause before another attempt. Told to stop, it counts more that the last one may have happened."""
        try:
            self.stop.sleep(seconds)
        except CancelledError:
            if lost is not None:
                raise lost from None
            raise

    def _report(self, ticket: int, error: ApiError | None, counted: bool) -> None:
        with self._lock:
            if error is not None and error.kind == "throttled":
                self._pace.refused(time.monotonic(), ticket, error.details.get("retry_after"))
            elif counted:
                self._pace.accepted(time.monotonic(), ticket)
            else:
                self._pace.uncounted(ticket)

    def _pause_before_repeating(self, error: ApiError, tries: int, harmless: bool) -> float | None:
        """Return the seconds to wait before the next attempt, None to give up."""
        retries = self.connection.retries
        if error.kind == "throttled":
            # The pace makes everybody wait; tries are spent only on calls that test whether the API relented.
            return 0.0 if tries <= 2 * retries else None
        if error.kind == "clock":
            # It was only looked at: sending it once more, with the right time, is no repetition.
            return 0.0 if tries == 1 else None
        if error.kind == "unreached" or (error.kind == "lost" and harmless):
            if tries > retries:
                return None
            # Full jitter: threads that failed together must not come back together.
            return random.uniform(0.0, min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2**tries))
        return None

    def _wait_for_turn(self, deadline: float, request: Request, counted: bool, lost: ApiError | None) -> int:
        while True:
            now = time.monotonic()
            with self._lock:
                wait, ticket = self._pace.take(now, counted)
            if not wait:
                return ticket
            if now + wait > deadline:
                if lost is not None:
                    raise lost
                raise ApiError(
                    "%s was not sent: the API asks to wait longer than %d s. Run again later."
                    % (request.rule, CALL_BUDGET),
                    "throttled",
                    429,
                    call=request.rule,
                )
            self._rest(wait, lost)


def _parse_time(data: Any) -> int:
    # Beyond the year 9999 it cannot be written down either.
    if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < _END_OF_TIME:
        raise malformed("the time")
    return data


def _is_bearer(token: Any) -> bool:
    if not isinstance(token, Mapping) or str(token.get("token_type", "Bearer")).lower() != "bearer":
        return False
    value = token.get("access_token")
    return isinstance(value, str) and re.fullmatch(r"[!-~]+", value) is not None


def _decode(answer: Any) -> tuple[Any, bool]:
    if answer.status_code == 204 or not answer.content:
        # Only an empty answer to a success means something.
        return None, 200 <= answer.status_code < 300
    try:
        # Not by requests, which reads a text that is none as another one.
        return json.loads(answer.content), True
    except (ValueError, RecursionError):
        return None, False
