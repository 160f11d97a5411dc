"""The simulator as a process of its own: its command line, and the control surface that other processes use."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ovh
import pytest
import requests

from tests.simulator import DEFAULT_PROJECT, Simulator

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tests.simulator"]


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command line, and give the process and its line."""
    process = subprocess.Popen(
        [*COMMAND, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def client_of(url: str, keys: dict[str, str]) -> ovh.Client:
    names = ("application_key", "application_secret", "consumer_key")
    client = ovh.Client("ovh-eu", **{name: keys[name] for name in names}, timeout=10)
    client._endpoint = url
    return client


# --- the command line ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_and_ends_quietly(tmp_path: Path, number: signal.Signals) -> None:
    port_file = tmp_path / "port"
    with running("--port-file", str(port_file)) as (process, line):
        port = int(port_file.read_text())
        assert line == f"OVHcloud API simulator: http://127.0.0.1:{port}/1.0\n"
        # A connection that is open must not keep it from ending.
        with requests.Session() as session:
            assert session.get(f"http://127.0.0.1:{port}/1.0/auth/time", timeout=5).status_code == 200
            process.send_signal(number)
            assert process.wait(5) == 0
        assert process.communicate() == ("", "")
    assert list(tmp_path.iterdir()) == [port_file]


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"simulator: 127.0.0.1:{port}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "99999"],
        ["--seed", "does-not-exist.json"],
        ["--port-file", "does/not/exist"],
        ["--host", "192.0.2.1"],
    ],
)
def test_other_mistakes_are_one_line_too(options: list[str]) -> None:
    result = run(*options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("simulator: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "seed",
    ["[]", "{", '{"settings": {"latancy": 1}}', '{"projects": [{}]}', '{"projects": [{"id": "a", "users": [{}]}]}'],
)
def test_a_seed_that_makes_no_sense(tmp_path: Path, seed: str) -> None:
    path = tmp_path / "seed.json"
    path.write_text(seed)
    result = run("--seed", str(path))
    assert result.returncode == 2
    assert result.stderr.startswith(f"simulator: {path}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["10", "0/s", "10/d", "x/s"])
def test_a_rate_that_makes_no_sense(text: str) -> None:
    assert "is no rate such as" in run("--rate", text).stderr


def test_the_options(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    user = {"description": "ada", "roles": ["ai_training_operator"], "creation_date": "2020-02-02T02:02:02Z"}
    tokens = [{"name": "notebook", "label_selector": "owner=ada"}]
    projects = [{"id": "one", "description": "First", "users": [user], "ai_tokens": tokens}, {"id": "three"}]
    seed.write_text(json.dumps({"settings": {"creating": 60}, "projects": projects}))
    keys = {"application_key": "ak", "application_secret": "as", "consumer_key": "ck"}
    given = [part for name, value in keys.items() for part in ("--" + name.replace("_", "-"), value)]
    with running("--project", "one", "--project", "two", "--seed", str(seed), "--rate", "6/m", *given) as (_run, line):
        client = client_of(line.split()[-1], keys)
        assert client.get("/cloud/project") == ["one", "three", "two"]
        assert client.get("/cloud/project/one")["description"] == "First"
        (shown,) = client.get("/cloud/project/one/user")
        assert (shown["description"], shown["creationDate"]) == ("ada", "2020-02-02T02:02:02Z")
        assert client.get("/cloud/project/one/ai/token")[0]["spec"]["labelSelector"] == "owner=ada"
        assert client.post("/cloud/project/two/user", description="bob")["status"] == "creating"
        client.get("/cloud/project")
        assert client.raw_call("GET", "/cloud/project").status_code == 429


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wait_for(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    script = '"$@" >/dev/null & wait'
    options = [*COMMAND, "--exit-with-parent", "--port-file", str(port_file)]
    parent = subprocess.Popen(["sh", "-c", script, "sh", *options], cwd=ROOT)
    try:
        wait_for(port_file.exists)
        assert is_listening(int(port_file.read_text()))
    finally:
        parent.kill()
        parent.wait(5)
    wait_for(lambda: not is_listening(int(port_file.read_text())))


def test_it_ends_with_another_process() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with running("--exit-with-parent", str(other.pid)) as (process, _line):
            assert process.poll() is None
            other.kill()
            other.wait(5)
            assert process.wait(5) == 0
    finally:
        other.kill()
        other.wait(5)


def test_it_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONNOUSERSITE": "1"}
    code = "import tests.simulator.__main__ as m; raise SystemExit(m.main(['--help']))"
    result = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


# --- the control surface ---


class Control:
    """Calls below ``/_sim``."""

    def __init__(self, sim: Simulator) -> None:
        self.base = f"{sim.base_url}/_sim"
        self.users = f"/projects/{DEFAULT_PROJECT}/users"

    def __call__(self, method: str, path: str, data: Any = None) -> Any:
        answer = requests.request(method, self.base + path, json=data, timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, data: Any = None) -> str:
        answer = requests.request(method, self.base + path, json=data, timeout=5)
        assert answer.status_code == 400
        error: str = answer.json()["error"]
        return error


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def control(sim: Simulator) -> Control:
    return Control(sim)


@pytest.fixture
def client(sim: Simulator) -> ovh.Client:
    return client_of(sim.url, sim.credentials)


def test_about(sim: Simulator, control: Control) -> None:
    shown = control("GET", "/")
    assert shown == {"url": sim.url, "credentials": sim.credentials, "projects": [DEFAULT_PROJECT]}


def test_the_calls(sim: Simulator, control: Control, client: ovh.Client) -> None:
    client.post(f"/cloud/project/{DEFAULT_PROJECT}/user", description="ada")
    calls = control("GET", "/calls")
    assert [call["path"] for call in calls] == ["/auth/time", f"/cloud/project/{DEFAULT_PROJECT}/user"]
    (write,) = control("GET", "/calls?writes=1")
    assert write == {
        "method": "POST",
        "path": f"/cloud/project/{DEFAULT_PROJECT}/user",
        "route": "/cloud/project/{serviceName}/user",
        "query": {},
        "body": {"description": "ada"},
        "status": 200,
        "fault": None,
        "effect": True,
        "at": sim.writes()[0].at,
        "query_id": sim.writes()[0].query_id,
    }
    assert control("DELETE", "/calls") is None
    assert control("GET", "/calls") == []


def test_faults(control: Control, client: ovh.Client) -> None:
    fault = control("POST", "/faults", {"kind": "status", "method": "GET", "route": "project", "status": 500})
    assert client.raw_call("GET", "/cloud/project").status_code == 500
    (shown,) = control("GET", "/faults")
    assert (shown["id"], shown["hits"]) == (fault["id"], 1)
    control("POST", "/faults", {"kind": "status", "times": None})
    control("DELETE", "/faults")
    assert client.raw_call("GET", "/cloud/project").status_code == 200


def test_a_gate_from_outside(control: Control, client: ovh.Client) -> None:
    fault = control("POST", "/faults", {"kind": "hold", "method": "POST", "when": "after"})
    client._timeout = 0.2
    with pytest.raises(requests.ReadTimeout):
        client.raw_call("POST", f"/cloud/project/{DEFAULT_PROJECT}/user", {"description": "ada"})
    assert control("GET", "/faults")[0]["reached"] == 1
    assert control("GET", "/calls?writes=1")[0]["status"] is None
    control("POST", f"/faults/{fault['id']}/release")
    wait_for(lambda: control("GET", "/calls?writes=1")[0]["status"] == 200)
    assert "no fault 99" in control.refused("POST", "/faults/99/release")


def test_users_by_hand(sim: Simulator, control: Control) -> None:
    user = control("POST", control.users, {"description": "ada", "roles": ["volume_operator"], "password": "secret"})
    assert user["password_sha256"] == hashlib.sha256(b"secret").hexdigest()
    assert "password" not in user
    path = f"{control.users}/{user['id']}"
    control("POST", path, {"status": "disabled", "roles": ["share_operator"], "password": "other"})
    (shown,) = control("GET", control.users)
    assert (shown["status"], [role["name"] for role in shown["roles"]]) == ("disabled", ["share_operator"])
    assert sim.project().check_password(user["id"], "other")
    made = sim.project().add_s3_credential(user["id"])
    assert control("GET", path + "/s3Credentials") == [made]
    control("DELETE", path)
    assert control("GET", control.users) == []


def test_logging_in(sim: Simulator, control: Control) -> None:
    user = sim.project().add_user("ada", password="secret")
    login = f"/projects/{DEFAULT_PROJECT}/login"
    assert control("POST", login, {"user_id": user["id"], "password": "secret"}) == {"ok": True}
    assert control("POST", login, {"username": user["username"], "password": "secret"}) == {"ok": True}
    assert control("POST", login, {"user_id": user["id"], "password": "wrong"}) == {"ok": False}
    assert control("POST", login, {"username": "nobody", "password": "secret"}) == {"ok": False}


def test_projects_and_tokens(sim: Simulator, control: Control) -> None:
    assert control("POST", "/projects", {"id": "other", "description": "Other"})["description"] == "Other"
    made = sim.project("other").add_ai_token("notebook")
    assert control("GET", "/projects/other/ai/tokens") == [made]


def test_the_catalogue(sim: Simulator, control: Control) -> None:
    path = f"/projects/{DEFAULT_PROJECT}/catalogue"
    new = {"name": "poetry_operator", "label": "Poetry Operator"}
    change = {"rename": {"volume_operator": "Loud"}, "remove": ["quantum_reader"], "add": [new], "dropped": ["a"]}
    roles = {role["name"]: role["description"] for role in control("POST", path, change)["roles"]}
    assert (roles["volume_operator"], roles["poetry_operator"]) == ("Loud", "Poetry Operator")
    assert "quantum_reader" not in roles
    control("POST", path, {"default_role": "administrator", "default_role_always": True})
    catalogue = sim.project().catalogue
    assert (catalogue.default_role, catalogue.default_role_always, catalogue.dropped) == ("administrator", True, {"a"})
    assert "has no roles" in control.refused("POST", path, {"roles": []})


def test_the_clock(sim: Simulator, control: Control) -> None:
    control("POST", "/clock", {"offset": 3600})
    assert sim.clock_offset == 3600
    sim.settings.creating = 60
    sim.world.project(DEFAULT_PROJECT).create("ada", [])
    control("POST", "/clock", {"advance": 61})
    assert (sim.clock_offset, sim.project().users()[0]["status"]) == (3600, "ok")


def test_settings(sim: Simulator, control: Control, client: ovh.Client) -> None:
    rules = [{"method": "GET", "path": "/cloud/*"}]
    change = {"creating": 5, "mangle": "upper", "rules": rules, "deny_iam": ["user/get"], "list_lag": {"lists": 1}}
    shown = control("POST", "/settings", {**change, "rate_limit": {"calls": 2, "per_seconds": 10}})
    assert shown == control("GET", "/settings")
    assert (shown["creating"], shown["mangle"], shown["rules"]) == (5, "upper", rules)
    assert shown["deny_iam"] == ["publicCloudProject:apiovh:user/get"]
    assert [client.raw_call("GET", "/cloud/project").status_code for _again in range(3)] == [200, 200, 429]
    control("POST", "/settings", {"rate_limit": None, "list_lag": None, "rules": None})
    assert client.raw_call("GET", "/cloud/project").status_code == 200
    assert "unknown settings" in control.refused("POST", "/settings", {"latancy": 1})
    control("POST", "/reset")
    assert control("GET", "/settings")["creating"] == 0


def test_bearers_expire_on_demand(sim: Simulator, control: Control) -> None:
    auth = (sim.credentials["client_id"], sim.credentials["client_secret"])
    form = {"grant_type": "client_credentials"}
    token = requests.post(f"{sim.base_url}/auth/oauth2/token", data=form, auth=auth, timeout=5).json()
    control("POST", "/expire-bearers")
    headers = {"Authorization": "Bearer " + token["access_token"]}
    assert requests.get(f"{sim.url}/cloud/project", headers=headers, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("GET", "/nothing", None),
        ("POST", "/faults", {"kind": "flood"}),
        ("POST", "/faults", {"kind": "reset", "route": "("}),
        ("POST", "/faults", []),
        ("POST", "/projects/unknown/users", {"description": "ada"}),
        ("POST", f"/projects/{DEFAULT_PROJECT}/users", {"name": "ada"}),
        ("POST", f"/projects/{DEFAULT_PROJECT}/users", {"description": "ada", "roles": ["nothing"]}),
        ("POST", f"/projects/{DEFAULT_PROJECT}/users/1", {"status": "ok"}),
    ],
)
def test_mistakes_have_a_reason(control: Control, method: str, path: str, data: Any) -> None:
    assert control.refused(method, path, data)


def test_the_control_surface_is_no_part_of_the_record(sim: Simulator, control: Control) -> None:
    control("GET", "/settings")
    assert sim.calls == []


def test_the_control_surface_is_for_this_machine_only(sim: Simulator) -> None:
    from tests.simulator.control import Control as Answering
    from tests.simulator.messages import Request

    request = Request("GET", "/_sim/", requests.structures.CaseInsensitiveDict())
    assert Answering(sim).answer(request, "192.0.2.1").status == 403
    assert Answering(sim).answer(request, "127.0.0.1").status == 200
    assert Answering(sim).answer(request, "::1").status == 200
