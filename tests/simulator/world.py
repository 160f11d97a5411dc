"""The simulated API without a server: its state, and the way from a request to an answer."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from . import routes_storage, routes_user
from .audit import AuditLog, Call
from .auth import DEFAULT_CREDENTIALS, Auth
from .clock import Clock
from .errors import ApiError
from .faults import FaultBook, Stage
from .messages import Answer, Cut, Request, json_answer
from .project import Project
from .ratelimit import RateLimit
from .routing import Context, Route, Router
from .settings import Settings

OAUTH2_PATH = "/auth/oauth2/token"


def get_time(context: Context) -> Answer:
    """Answer ``GET /auth/time``."""
    return json_answer(int(context.world.clock.now()))


def get_current_credential(context: Context) -> Answer:
    """Answer ``GET /auth/currentCredential``."""
    return json_answer(context.world.auth.current_credential(context.caller))


ROUTER = Router(
    [
        Route("GET", "/auth/time", get_time, signed=False),
        Route("GET", "/auth/currentCredential", get_current_credential),
        *routes_user.ROUTES,
        *routes_storage.ROUTES,
    ]
)


class World:
    """Everything that is simulated."""

    def __init__(self, credentials: dict[str, str] | None = None) -> None:
        self.settings = Settings()
        self.clock = Clock()
        self.auth = Auth(self.settings, self.clock, {**DEFAULT_CREDENTIALS, **(credentials or {})})
        self.faults = FaultBook()
        self.audit = AuditLog()
        self.limit: RateLimit | None = None
        self._lag = (0.0, 0)
        self.projects: dict[str, Project] = {}
        self.stopped = threading.Event()
        self._stage = Stage(self.stopped)
        self._ids = itertools.count(100001)

    def add_project(self, project_id: str, **fields: Any) -> Project:
        """Add a project; ``fields`` replace those that the API shows of it."""
        project = Project(project_id, self.settings, self.clock, self._ids)
        project.fields.update(fields)
        project.listing.lag(*self._lag)
        self.projects[project_id] = project
        return project

    def lag(self, seconds: float, lists: int) -> None:
        """Let the user lists of all projects lag behind, those to come included."""
        self._lag = seconds, lists
        for project in list(self.projects.values()):
            with project.open():
                project.listing.lag(seconds, lists)

    def project(self, project_id: str) -> Project:
        """Return a project, or answer that it does not exist."""
        try:
            return self.projects[project_id]
        except KeyError:
            raise ApiError(404, "This service does not exist") from None

    def exchange(self, request: Request) -> tuple[Call, Answer | Cut]:
        """Answer a request, with the faults that strike it, and keep the record of it."""
        route, params, methods = ROUTER.find(request.method, request.path) if request.versioned else (None, {}, [])
        call = self.audit.open(request, route.template if route else _oauth2_template(request))
        outcome = self._strike("before", call, None)
        if outcome is None:
            if self.settings.latency > 0:
                self.stopped.wait(self.settings.latency)
            answer = self._answer(request, route, params, methods, call)
            call.effect = answer.effect
            outcome = self._strike("after", call, answer) or answer
        call.status = outcome.status if isinstance(outcome, Answer) else None
        return call, outcome

    def _strike(self, when: str, call: Call, answer: Answer | None) -> Answer | Cut | None:
        faults = self.faults.pick(when, call.method, call.path)
        if faults:
            call.fault = faults[-1].kind
        return self._stage.play(faults, answer)

    def _answer(
        self, request: Request, route: Route | None, params: dict[str, str], methods: list[str], call: Call
    ) -> Answer:
        """Answer a request as an API without faults does."""
        if _oauth2_template(request):
            return self.auth.issue_bearer(request)
        try:
            if route is None:
                raise _no_route(methods)
            return self._call(Context(self, request, route, params), call)
        except ApiError as error:
            return json_answer(error.body(), error.status, headers=error.headers)

    def _call(self, context: Context, call: Call) -> Answer:
        route = context.route
        if route.signed:
            context.caller = self.auth.identify(context.request)
            self._check_limit(context.caller, call)
            if context.request.path != "/auth/currentCredential":
                self.auth.check_rules(context.caller, context.request.method, context.request.path)
        if "serviceName" in context.params:
            self.project(context.params["serviceName"])
        self.auth.check_iam(route.action)
        return route.handler(context)

    def _check_limit(self, caller: str, call: Call) -> None:
        limit = self.limit
        if limit is None:
            return
        try:
            limit.check(caller)
        except ApiError:
            call.fault = "rate_limit"
            raise


def _oauth2_template(request: Request) -> str | None:
    """Recognise the call for a bearer token, which is beside the API and no part of it."""
    return OAUTH2_PATH if (request.method, request.full_path) == ("POST", OAUTH2_PATH) else None


def _no_route(methods: list[str]) -> ApiError:
    if methods:
        return ApiError(405, "Method not allowed", headers={"Allow": ", ".join(methods)})
    return ApiError(404, "Got an invalid (or empty) URL")
