"""The control surface under ``/_sim/``: for other processes, what tests do in-process."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .messages import Answer, Request, json_answer

if TYPE_CHECKING:
    from .project import Project
    from .simulator import Simulator

Act = Callable[["Simulator", Request, "dict[str, str]"], Any]


def _body(request: Request) -> dict[str, Any]:
    body = request.json()
    if body is not None and not isinstance(body, dict):
        raise ValueError("the body has to be a JSON object")
    return body or {}


def _shown(project: Project, user: dict[str, Any]) -> dict[str, Any]:
    """Return a user with the digest of its password, never the password."""
    digest = hashlib.sha256(project.password_of(user["id"]).encode()).hexdigest()
    return {**user, "password_sha256": digest}


def about(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Say where the API is and how to log in."""
    return {"url": sim.url, "credentials": sim.credentials, "projects": sorted(sim.world.projects)}


def list_calls(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """List the calls so far; ``?writes=1`` only those that could change the cloud."""
    return [call.as_dict() for call in (sim.writes() if request.query.get("writes") else sim.calls)]


def clear_calls(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Forget the calls so far."""
    sim.clear_calls()


def list_faults(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """List the faults with their counters."""
    return [fault.as_dict() for fault in sim.faults]


def add_fault(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Put a fault in force."""
    return sim.fault(**_body(request)).as_dict()


def clear_faults(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """End all faults."""
    sim.clear_faults()


def release(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Let go what a ``hold`` fault holds."""
    for fault in sim.faults:
        if str(fault.id) == params["fault"]:
            fault.gate.release(drop=bool(_body(request).get("drop")))
            return fault.as_dict()
    raise LookupError(f"no fault {params['fault']}")


def add_project(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Add a project; all but ``id`` are fields that the API shows."""
    fields = _body(request)
    return sim.add_project(fields.pop("id"), **fields).fields


def list_users(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """List all users that are stored."""
    project = sim.project(params["project"])
    with project.open():
        return [_shown(project, user) for user in project.users()]


def add_user(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Make a user by hand."""
    project = sim.project(params["project"])
    return _shown(project, project.add_user(**_body(request)))


def change_user(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Change a user by hand: ``status``, ``roles`` (names), ``password``."""
    project, user_id, values = sim.project(params["project"]), int(params["user"]), _body(request)
    setters = {"status": project.set_status, "roles": project.set_roles, "password": project.set_password}
    for name, value in values.items():
        setters[name](user_id, value)
    return _shown(project, project.user(user_id))


def remove_user(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Take a user away."""
    sim.project(params["project"]).remove_user(int(params["user"]))


def login(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Tell whether a password is right."""
    project, values = sim.project(params["project"]), _body(request)
    user_ids = [
        user["id"]
        for user in project.users()
        if str(user["id"]) == str(values.get("user_id")) or user["username"] == values.get("username")
    ]
    return {"ok": any(project.check_password(user_id, values["password"]) for user_id in user_ids)}


def list_s3(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """List a user's access keys, with secrets."""
    return sim.project(params["project"]).s3_credentials(int(params["user"]))


def list_ai_tokens(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """List the AI tokens, with values."""
    return sim.project(params["project"]).ai_tokens()


def change_catalogue(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Change the catalogue of roles."""
    catalogue, values = sim.project(params["project"]).catalogue, _body(request)
    for name, label in values.pop("rename", {}).items():
        catalogue.rename(name, label)
    for name in values.pop("remove", []):
        catalogue.remove(name)
    for role in values.pop("add", []):
        catalogue.add(**role)
    for name, value in values.items():
        if name not in ("default_role", "default_role_always", "dropped", "never_granted"):
            raise ValueError(f"a catalogue has no {name}")
        setattr(catalogue, name, set(value) if isinstance(value, list) else value)
    return catalogue.to_api()


def set_clock(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Set the wall clock's distance from the machine's (``offset``), or let time pass for the rest (``advance``)."""
    values = _body(request)
    sim.clock_offset = float(values.get("offset", sim.clock_offset))
    sim.advance(float(values.get("advance", 0)))
    return {"offset": sim.clock_offset, "now": sim.world.clock.now()}


def get_settings(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Show the settings."""
    return {**sim.settings.as_dict(), "rules": sim.rules, "deny_iam": sorted(sim.deny_iam)}


def change_settings(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Change settings."""
    values = _body(request)
    if "rules" in values:
        sim.rules = values.pop("rules")
    if "deny_iam" in values:
        sim.deny_iam = set(values.pop("deny_iam"))
    if "rate_limit" in values:
        sim.rate_limit(**(values.pop("rate_limit") or {"calls": None}))
    if "list_lag" in values:
        sim.list_lag(**(values.pop("list_lag") or {}))
    sim.settings.update(values)
    return get_settings(sim, request, params)


def expire_bearers(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """End every OAuth2 bearer token."""
    sim.expire_bearers()


def reset(sim: Simulator, request: Request, params: dict[str, str]) -> Any:
    """Go back to the state of the start: empty projects, no faults, settings as they were."""
    sim.reset()


USERS = r"/_sim/projects/(?P<project>[^/]+)/users"
ACTS: tuple[tuple[str, str, Act], ...] = (
    ("GET", r"/_sim/?", about),
    ("GET", r"/_sim/calls", list_calls),
    ("DELETE", r"/_sim/calls", clear_calls),
    ("GET", r"/_sim/faults", list_faults),
    ("POST", r"/_sim/faults", add_fault),
    ("DELETE", r"/_sim/faults", clear_faults),
    ("POST", r"/_sim/faults/(?P<fault>\d+)/release", release),
    ("POST", r"/_sim/projects", add_project),
    ("GET", USERS, list_users),
    ("POST", USERS, add_user),
    ("POST", USERS + r"/(?P<user>\d+)", change_user),
    ("DELETE", USERS + r"/(?P<user>\d+)", remove_user),
    ("GET", USERS + r"/(?P<user>\d+)/s3Credentials", list_s3),
    ("POST", r"/_sim/projects/(?P<project>[^/]+)/login", login),
    ("GET", r"/_sim/projects/(?P<project>[^/]+)/ai/tokens", list_ai_tokens),
    ("POST", r"/_sim/projects/(?P<project>[^/]+)/catalogue", change_catalogue),
    ("POST", r"/_sim/clock", set_clock),
    ("GET", r"/_sim/settings", get_settings),
    ("POST", r"/_sim/settings", change_settings),
    ("POST", r"/_sim/expire-bearers", expire_bearers),
    ("POST", r"/_sim/reset", reset),
)


class Control:
    """Answers calls of the control surface, for this machine only: nothing protects it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def answer(self, request: Request, peer: str) -> Answer:
        """Answer one call; what is wrong with it is a 400 with the reason."""
        if not ipaddress.ip_address(peer.partition("%")[0]).is_loopback:
            return json_answer({"error": "the control surface is for this machine only"}, 403)
        try:
            act, params = _find(request.method, request.full_path)
            return json_answer(act(self._simulator, request, params))
        except (ValueError, TypeError, LookupError, ApiError, re.error) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)


def _find(method: str, path: str) -> tuple[Act, dict[str, str]]:
    for known_method, pattern, act in ACTS:
        match = re.fullmatch(pattern, path)
        if match and known_method == method:
            return act, match.groupdict()
    raise LookupError(f"there is no {method} {path}")
