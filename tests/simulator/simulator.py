"""The simulator as tests hold it in their hands."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from .audit import Call
from .control import Control
from .faults import Fault, Gate
from .project import Project
from .ratelimit import RateLimit
from .server import SimulatorServer
from .settings import Settings
from .world import World

DEFAULT_PROJECT = "0123456789abcdef0123456789abcdef"


class Simulator:
    """An OVHcloud API on a port of this machine, between ``start`` and ``close`` or inside ``with``."""

    def __init__(
        self,
        projects: Iterable[str] = (DEFAULT_PROJECT,),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        credentials: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self._host = host
        self._port = port
        self._first_projects = list(projects)
        self._first_settings = settings
        self.world = World(credentials)
        self._server: SimulatorServer | None = None
        self.reset()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Simulator:
        """Listen, and answer from a thread of its own."""
        self._server = SimulatorServer(self._host, self._port, self.world, Control(self))
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="simulator", daemon=True
        ).start()
        return self

    def close(self) -> None:
        """Stop: what is held or delayed is let go, and all connections end."""
        server, self._server = self._server, None
        if server is None:
            return
        self.world.stopped.set()
        self.world.faults.clear()
        server.shutdown()
        server.server_close()
        server.cut_all()

    def reset(self) -> None:
        """Go back to the state of the start: empty projects, no faults, settings as they were."""
        world = self.world
        world.faults.clear()
        world.audit.clear()
        world.limit = None
        world.clock.offset = 0.0
        world.auth.rules, world.auth.deny_iam = None, set()
        world.settings.update(vars(Settings()))
        world.settings.update(self._first_settings)
        world.projects.clear()
        world.lag(0.0, 0)
        for project_id in self._first_projects:
            world.add_project(project_id)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        return self._server.server_port

    @property
    def base_url(self) -> str:
        """Return the server's address, without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the API's base URL."""
        return self.base_url + "/1.0"

    @property
    def credentials(self) -> dict[str, str]:
        """Return the keys that are accepted, by the collection's names for them."""
        return dict(self.world.auth.credentials)

    @property
    def settings(self) -> Settings:
        """Return the settings, which take effect when they are changed."""
        return self.world.settings

    @property
    def clock_offset(self) -> float:
        """Return how far the API's clock is ahead of the machine's, in seconds."""
        return self.world.clock.offset

    @clock_offset.setter
    def clock_offset(self, seconds: float) -> None:
        self.world.clock.offset = seconds

    def advance(self, seconds: float) -> None:
        """Let happen now what is due in some seconds: statuses, lags, expiries, limits; the wall clock stays."""
        self.world.clock.advanced += seconds

    @property
    def rules(self) -> list[dict[str, str]] | None:
        """Return the rules of the consumer key, ``{method, path}``; ``None`` grants everything."""
        return self.world.auth.rules

    @rules.setter
    def rules(self, rules: list[dict[str, str]] | None) -> None:
        self.world.auth.rules = rules

    @property
    def deny_iam(self) -> set[str]:
        """Return the IAM actions that are refused; assign a set, do not add to it."""
        return self.world.auth.deny_iam

    @deny_iam.setter
    def deny_iam(self, actions: Iterable[str]) -> None:
        self.world.auth.deny_iam = set(actions)

    def expire_bearers(self) -> None:
        """End every OAuth2 bearer token at once."""
        self.world.auth.expire_bearers()

    def add_project(self, project_id: str, **fields: Any) -> Project:
        """Add a project; ``fields`` replace those that the API shows of it."""
        return self.world.add_project(project_id, **fields)

    def project(self, project_id: str | None = None) -> Project:
        """Return a project: the first one, unless told which."""
        return self.world.projects[next(iter(self.world.projects)) if project_id is None else project_id]

    @property
    def calls(self) -> list[Call]:
        """Return the calls so far, in the order of their arrival."""
        return self.world.audit.calls()

    def writes(self) -> list[Call]:
        """Return the calls on ``/cloud`` that are not GET, whether they changed anything or not."""
        return [call for call in self.calls if call.is_write]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self.world.audit.clear()

    @property
    def faults(self) -> list[Fault]:
        """Return the faults in force and those that are used up."""
        return self.world.faults.all()

    def fault(
        self,
        kind: str,
        method: str | None = None,
        route: str | None = None,
        when: str = "before",
        times: int | None = 1,
        skip: int = 0,
        **params: Any,
    ) -> Fault:
        """Let calls go wrong: those of ``method`` whose path matches the regular expression ``route``."""
        return self.world.faults.add(kind, method, route, when, times, skip, params)

    def clear_faults(self) -> None:
        """End all faults; calls that are held are cut off."""
        self.world.faults.clear()

    def gate(
        self,
        method: str | None = None,
        route: str | None = None,
        when: str = "before",
        times: int | None = 1,
        skip: int = 0,
    ) -> Gate:
        """Hold calls before or after their effect until the gate is released."""
        return self.fault("hold", method, route, when, times, skip).gate

    def rate_limit(
        self, calls: int | None, per_seconds: float = 60.0, *, retry_after: bool = True, kind: str = "window"
    ) -> None:
        """Limit the calls of each consumer key or service account; ``None`` ends the limit."""
        self.world.limit = None
        if calls is not None:
            self.world.limit = RateLimit(self.world.clock, calls, per_seconds, retry_after=retry_after, kind=kind)

    def list_lag(self, seconds: float = 0.0, lists: int = 0) -> None:
        """Let user lists lag behind, by seconds or for some lists after each write; nothing ends it."""
        self.world.lag(seconds, lists)

    def not_found_after_creation(self, seconds: float) -> None:
        """Let a user not be found by its id for some seconds after its creation."""
        self.settings.not_found_after_creation = seconds
