"""What travels between the server and the simulated API: requests, answers, and the lack of one."""

from __future__ import annotations

import dataclasses
import json
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PREFIXES = ("/1.0", "/v1")


@dataclasses.dataclass
class Request:
    """One request, as it came over the wire."""

    method: str
    target: str
    headers: Message
    body: bytes = b""

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.query: dict[str, str] = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.full_path = parts.path
        self.path, self.versioned = _without_prefix(parts.path)

    def header(self, name: str) -> str:
        """Return a header, or an empty text."""
        return str(self.headers.get(name) or "")

    def json(self) -> Any:
        """Return the body as data; ``ValueError`` when it is none, ``None`` when it is empty."""
        return json.loads(self.body) if self.body.strip() else None

    def loggable_body(self) -> Any:
        """Return the body as data where that is possible, else as text."""
        try:
            return self.json()
        except ValueError:
            return self.body.decode("utf-8", "replace")


def _without_prefix(path: str) -> tuple[str, bool]:
    """Take the version off a path; both names of it are the same API."""
    for prefix in PREFIXES:
        if path.startswith(prefix + "/"):
            return path[len(prefix) :], True
    return path, False


@dataclasses.dataclass
class Answer:
    """A complete answer. ``effect`` tells whether the call changed anything."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    effect: bool = False
    missing_bytes: int = 0
    """Bytes that are announced and never sent."""


@dataclasses.dataclass
class Cut:
    """No answer: the connection ends, with a reset or in an orderly way."""

    reset: bool = False


def json_answer(data: Any, status: int = 200, *, effect: bool = False, headers: dict[str, str] | None = None) -> Answer:
    """Make an answer out of data."""
    return Answer(status, json.dumps(data).encode(), headers=dict(headers or {}), effect=effect)


def html_answer(status: int, title: str, headers: dict[str, str] | None = None) -> Answer:
    """Make the page that a proxy in front of the API would send."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>\n"
    return Answer(status, page.encode(), content_type="text/html", headers=dict(headers or {}))
