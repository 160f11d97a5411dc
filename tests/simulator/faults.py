"""Everything that can go wrong between a client and the API, on demand."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import threading
from collections.abc import Callable
from typing import Any

from .errors import ApiError, phrase
from .messages import Answer, Cut, html_answer, json_answer


class Gate:
    """Holds calls until somebody lets them go: for a client that is killed at a known moment."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._reached = 0
        self._open = False
        self._drop = False

    @property
    def reached(self) -> int:
        """Return how many calls have come here so far."""
        with self._condition:
            return self._reached

    def wait_reached(self, timeout: float | None = 10.0, count: int = 1) -> bool:
        """Wait for calls to come here, and tell whether they came in time."""
        with self._condition:
            return self._condition.wait_for(lambda: self._reached >= count, timeout)

    def release(self, *, drop: bool = False) -> None:
        """Let all calls go on, now and later; ``drop`` cuts them off without an answer instead."""
        with self._condition:
            self._open, self._drop = True, drop
            self._condition.notify_all()

    def hold(self) -> bool:
        """Wait here as a call, and tell whether it is cut off."""
        with self._condition:
            self._reached += 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._open)
            return self._drop


@dataclasses.dataclass
class Fault:
    """One thing that goes wrong, for the calls that it matches."""

    id: int
    kind: str
    method: str | None
    route: str | None
    when: str
    times: int | None
    skip: int
    params: dict[str, Any]
    seen: int = 0
    hits: int = 0
    gate: Gate = dataclasses.field(default_factory=Gate)

    def wants(self, method: str, path: str) -> bool:
        """Tell whether a call is one of those that go wrong, or could be."""
        if self.times is not None and self.hits >= self.times:
            return False
        return self.method in (None, method) and (self.route is None or re.search(self.route, path) is not None)

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as JSON can carry it."""
        shown = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "gate"}
        return {**shown, "reached": self.gate.reached}


class FaultBook:
    """The faults in force, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, kind: str, method: str | None, route: str | None, when: str, times: int | None,
            skip: int, params: dict[str, Any]) -> Fault:  # fmt: skip
        """Put a fault in force."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; there are: {', '.join(sorted(KINDS))}")
        if when not in ("before", "after"):
            raise ValueError("a fault strikes 'before' or 'after' the effect")
        unknown = sorted(set(params) - KINDS[kind].params)
        if unknown:
            raise ValueError(f"{kind} has no {', '.join(unknown)}; it has: {', '.join(sorted(KINDS[kind].params))}")
        re.compile(route or "")
        fault = Fault(next(self._ids), kind, method and method.upper(), route, when, times, skip, params)
        with self._lock:
            self._faults.append(fault)
        return fault

    def all(self) -> list[Fault]:
        """Return the faults, those that are used up included."""
        with self._lock:
            return list(self._faults)

    def clear(self) -> None:
        """End all faults, and let go what they hold."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.gate.release(drop=True)

    def pick(self, when: str, method: str, path: str) -> list[Fault]:
        """Return the faults that strike a call now: any number that only slow it down, then at most one that ends it.

        Every fault counts every call that it matches and that reaches it, so ``skip`` of two faults do not add up.
        """
        picked: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.when != when or not fault.wants(method, path):
                    continue
                fault.seen += 1
                if fault.seen <= fault.skip:
                    continue
                fault.hits += 1
                picked.append(fault)
                if KINDS[fault.kind].ends:
                    break
        return picked


class Stage:
    """Plays faults. ``stopped`` ends every wait when the server stops."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def play(self, faults: list[Fault], answer: Answer | None) -> Answer | Cut | None:
        """Play faults in a row, and return what the last one makes of the call; ``None`` lets it go on."""
        for fault in faults:
            if fault.kind == "hold":
                outcome: Answer | Cut | None = Cut() if fault.gate.hold() else None
            elif fault.kind in ("delay", "timeout"):
                self._stopped.wait(float(fault.params.get("seconds", 1.0)))
                outcome = Cut() if fault.kind == "timeout" else None
            else:
                outcome = KINDS[fault.kind].make(fault.params, answer)
            if outcome is not None:
                return outcome
        return None


def _html(params: dict[str, Any], answer: Answer | None) -> Answer:
    status = int(params.get("status", 502))
    return html_answer(status, phrase(status))


def _garbage(params: dict[str, Any], answer: Answer | None) -> Answer:
    """Send any text; bytes that are no text come as what ``surrogateescape`` makes of them."""
    text = str(params.get("text", "this is {not JSON"))
    return Answer(int(params.get("status", 200)), text.encode("utf-8", "surrogateescape"))


def _truncated(params: dict[str, Any], answer: Answer | None) -> Answer:
    """Send half of the real answer, where there is one already."""
    whole = answer.body if answer else b'{"message": "this text never ends"}'
    half = whole[: len(whole) // 2]
    return Answer(answer.status if answer else 200, half, missing_bytes=len(whole) - len(half))


def _status(params: dict[str, Any], answer: Answer | None) -> Answer:
    status = int(params.get("status", 500))
    error = ApiError(
        status,
        str(params.get("message", phrase(status))),
        error_class=params.get("error_class"),
        error_code=params.get("error_code"),
        details=params.get("details"),
    )
    return json_answer(error.body(), status, headers=params.get("headers"))


def _throttle(params: dict[str, Any], answer: Answer | None) -> Answer:
    retry_after = params.get("retry_after")
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if params.get("html"):
        return html_answer(429, phrase(429), headers)
    return json_answer(ApiError(429, "Too many requests").body(), 429, headers=headers)


def _wrong_shape(params: dict[str, Any], answer: Answer | None) -> Answer:
    return Answer(200, json.dumps(params.get("shape", {})).encode())


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of fault: the parameters that it takes, and what it makes of a call."""

    make: Callable[[dict[str, Any], Answer | None], Answer | Cut | None]
    params: frozenset[str] = frozenset()
    ends: bool = True


KINDS = {
    "reset": Kind(lambda params, answer: Cut(reset=True)),
    "close": Kind(lambda params, answer: Cut()),
    "timeout": Kind(lambda params, answer: Cut(), frozenset({"seconds"})),
    "delay": Kind(lambda params, answer: None, frozenset({"seconds"}), ends=False),
    "hold": Kind(lambda params, answer: None, ends=False),
    "html": Kind(_html, frozenset({"status"})),
    "garbage": Kind(_garbage, frozenset({"text", "status"})),
    "truncated": Kind(_truncated),
    "status": Kind(_status, frozenset({"status", "error_class", "error_code", "message", "details", "headers"})),
    "throttle": Kind(_throttle, frozenset({"retry_after", "html"})),
    "wrong_shape": Kind(_wrong_shape, frozenset({"shape"})),
}
