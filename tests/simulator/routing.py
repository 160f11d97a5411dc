"""The table of routes, and what a handler gets to see of a call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .errors import ApiError, invalid_signature
from .messages import Answer, Request

if TYPE_CHECKING:
    from .world import World

P = "/cloud/project/{serviceName}"


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a body, or a parameter of a query."""

    many: bool = False
    required: bool = False
    values: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> Any:
        """Return the value, or refuse it."""
        if value is None:
            if self.required:
                raise ApiError(400, f"Missing parameter: {name}")
            return None
        if self.many:
            well_typed = isinstance(value, list) and all(isinstance(item, str) for item in value)
        else:
            well_typed = isinstance(value, str)
        if not well_typed:
            # The API reports a field of the wrong type as if the signature were wrong.
            raise invalid_signature()
        if self.values and value not in self.values:
            raise ApiError(400, f"{name} is {value!r}; it has to be one of {', '.join(self.values)}")
        return value


@dataclasses.dataclass
class Context:
    """One call, as a handler sees it."""

    world: World
    request: Request
    route: Route
    params: dict[str, str]
    caller: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the checked fields of the body."""
        try:
            body = self.request.json()
        except ValueError:
            raise ApiError(400, "Request body is not valid JSON") from None
        body = {} if body is None else body
        if not isinstance(body, dict):
            raise ApiError(400, "Request body is not a JSON object")
        unknown = sorted(set(body) - set(self.route.body))
        if unknown:
            raise ApiError(400, f"Received not described parameters: ({', '.join(unknown)})")
        return {name: field.check(name, body.get(name)) for name, field in self.route.body.items()}

    def query(self) -> dict[str, Any]:
        """Return the checked parameters of the query."""
        return {name: field.check(name, self.request.query.get(name)) for name, field in self.route.query.items()}

    @property
    def user_id(self) -> int:
        """Return the user id of the path."""
        text = self.params["userId"]
        if not text.isascii() or not text.isdigit():
            raise ApiError(400, f"userId is {text!r}; it has to be an integer")
        return int(text)


Handler = Callable[[Context], Answer]


@dataclasses.dataclass(frozen=True)
class Route:
    """One call of the API. ``action`` is its name in IAM, without the prefix that all share."""

    method: str
    template: str
    handler: Handler
    action: str | None = None
    body: dict[str, Field] = dataclasses.field(default_factory=dict)
    query: dict[str, Field] = dataclasses.field(default_factory=dict)
    signed: bool = True

    @property
    def segments(self) -> list[str]:
        """Return the template, cut at its slashes."""
        return self.template.split("/")


class Router:
    """Finds the route of a call."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes
        self._by_length: dict[int, list[Route]] = {}
        for route in routes:
            self._by_length.setdefault(len(route.segments), []).append(route)

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """Return the route with the values of its path, or else the methods that the path does have."""
        given = path.split("/")
        methods: list[str] = []
        for route in self._by_length.get(len(given), []):
            params = _match(route.segments, given)
            if params is None:
                continue
            if route.method == method:
                return route, params, []
            methods.append(route.method)
        return None, {}, sorted(set(methods))


def _match(template: list[str], given: list[str]) -> dict[str, str] | None:
    """Compare a path with a template, and return the values of its variables."""
    params: dict[str, str] = {}
    for index, segment in enumerate(template):
        if segment.startswith("{"):
            if not given[index]:
                return None
            params[segment[1:-1]] = unquote(given[index])
        elif segment != given[index]:
            return None
    return params
