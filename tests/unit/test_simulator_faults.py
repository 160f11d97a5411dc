"""The faults, limits and lags of the simulator, as a client meets them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ovh
import ovh.exceptions
import pytest
import requests

from tests.simulator import Project, Simulator


class Client:
    """The official client, pointed at the simulator; every instance has a connection of its own."""

    def __init__(self, sim: Simulator, timeout: float = 10) -> None:
        keys = {name: sim.credentials[name] for name in ("application_key", "application_secret", "consumer_key")}
        self.ovh = ovh.Client("ovh-eu", **keys, timeout=timeout)
        self.ovh._endpoint = sim.url
        self.ovh._time_delta = 0
        self.users = f"/cloud/project/{sim.project().id}/user"

    def list(self) -> requests.Response:
        answer: requests.Response = self.ovh.raw_call("GET", self.users)
        return answer

    def create(self, description: str = "ada") -> requests.Response:
        answer: requests.Response = self.ovh.raw_call("POST", self.users, {"description": description})
        return answer


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Client:
    return Client(sim)


@pytest.fixture
def project(sim: Simulator) -> Project:
    return sim.project()


# --- connections that end ---


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["reset", "close"])
def test_no_answer_before_or_after_the_effect(
    sim: Simulator, client: Client, project: Project, kind: str, when: str, users: int
) -> None:
    sim.fault(kind, "POST", "/user$", when=when)
    with pytest.raises(requests.ConnectionError):
        client.create()
    assert len(project.users()) == users
    (call,) = sim.calls
    assert (call.status, call.fault, call.effect) == (None, kind, bool(users))
    assert client.create().status_code == 200


def test_a_reset_is_a_reset(sim: Simulator) -> None:
    sim.fault("reset")
    with socket.create_connection(("127.0.0.1", sim.port), 5) as connection:
        connection.sendall(b"GET /1.0/auth/time HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_close_is_orderly(sim: Simulator) -> None:
    sim.fault("close")
    with socket.create_connection(("127.0.0.1", sim.port), 5) as connection:
        connection.sendall(b"GET /1.0/auth/time HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(1) == b""


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
def test_a_timeout(sim: Simulator, project: Project, when: str, users: int) -> None:
    sim.fault("timeout", "POST", when=when, seconds=30)
    with pytest.raises(requests.ReadTimeout):
        Client(sim, timeout=0.2).create()
    assert len(project.users()) == users


def test_a_timeout_ends_the_connection_itself(sim: Simulator, client: Client) -> None:
    sim.fault("timeout", seconds=0.05)
    with pytest.raises(requests.ConnectionError):
        client.list()


def test_less_is_sent_than_announced(sim: Simulator, client: Client, project: Project) -> None:
    sim.fault("truncated", "POST", when="after")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.create()
    assert len(project.users()) == 1
    sim.fault("truncated")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.list()


# --- answers that nobody wants ---


@pytest.mark.parametrize("status", [408, 502, 503])
def test_html(sim: Simulator, client: Client, status: int) -> None:
    sim.fault("html", status=status)
    answer = client.list()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    sim.fault("html", status=status)
    with pytest.raises(ovh.exceptions.InvalidResponse):
        client.ovh.get(client.users)


def test_garbage(sim: Simulator, client: Client) -> None:
    sim.fault("garbage")
    answer = client.list()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


@pytest.mark.parametrize("shape", [{}, [], None, "text", [{"id": "1"}]])
def test_a_wrong_shape(sim: Simulator, client: Client, shape: Any) -> None:
    sim.fault("wrong_shape", shape=shape)
    answer = client.list()
    assert (answer.status_code, answer.json()) == (200, shape)


def test_any_status_with_a_body_in_the_class_form(sim: Simulator, client: Client) -> None:
    sim.fault("status", status=500, message="Oops", details={"a": "b"})
    answer = client.list()
    assert answer.status_code == 500
    assert answer.json() == {"class": "Server::InternalServerError", "message": "Oops", "details": {"a": "b"}}
    sim.fault("status", status=460)
    with pytest.raises(ovh.exceptions.ResourceExpiredError):
        client.ovh.get(client.users)


def test_any_status_with_a_body_in_the_code_form(sim: Simulator, client: Client) -> None:
    sim.fault("status", status=403, error_code="NOT_GRANTED_CALL", message="No")
    expected = {"errorCode": "NOT_GRANTED_CALL", "httpCode": "403 Forbidden", "message": "No"}
    assert client.list().json() == expected


def test_an_error_after_the_effect(sim: Simulator, client: Client, project: Project) -> None:
    sim.fault("status", "POST", when="after", status=500)
    assert client.create().status_code == 500
    assert len(project.users()) == 1
    assert (sim.calls[0].status, sim.calls[0].effect) == (500, True)


def test_throttling(sim: Simulator, client: Client) -> None:
    sim.fault("throttle", retry_after=3)
    answer = client.list()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.json()["message"]
    sim.fault("throttle", html=True)
    answer = client.list()
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)
    assert "<h1>" in answer.text


# --- which calls are struck ---


def test_method_route_times_and_skip(sim: Simulator, client: Client) -> None:
    fault = sim.fault("status", "get", r"/user$", times=2, skip=1, status=500)
    assert client.create().status_code == 200
    assert [client.list().status_code for _again in range(4)] == [200, 500, 500, 200]
    assert (fault.seen, fault.hits) == (3, 2)


def test_for_ever_until_cleared(sim: Simulator, client: Client) -> None:
    sim.fault("status", times=None, status=500)
    assert [client.list().status_code for _again in range(3)] == [500] * 3
    sim.clear_faults()
    assert client.list().status_code == 200


def test_faults_strike_in_order(sim: Simulator, client: Client) -> None:
    sim.fault("status", status=500)
    sim.fault("status", status=502)
    assert [client.list().status_code for _again in range(3)] == [500, 502, 200]


def test_a_delay_goes_with_another_fault(sim: Simulator, client: Client) -> None:
    sim.fault("delay", seconds=0.1)
    sim.fault("status", status=500)
    started = time.monotonic()
    assert client.list().status_code == 500
    assert time.monotonic() - started >= 0.1


def test_times_hold_under_concurrency(sim: Simulator) -> None:
    sim.fault("status", times=7, status=500)
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: Client(sim).list().status_code, range(40)))
    assert (statuses.count(500), statuses.count(200)) == (7, 33)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "flood"}, "unknown fault"),
        ({"kind": "reset", "when": "later"}, "before"),
        ({"kind": "reset", "status": 500}, "reset has no status"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(sim: Simulator, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        sim.fault(**wrong)


# --- gates ---


@pytest.mark.parametrize(("when", "users"), [("before", 0), ("after", 1)])
def test_a_gate_holds_a_call(sim: Simulator, client: Client, project: Project, when: str, users: int) -> None:
    gate = sim.gate("POST", "/user$", when)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.create)
        assert gate.wait_reached(5)
        assert len(project.users()) == users
        # Other calls go on meanwhile.
        assert Client(sim).list().status_code == 200
        assert not answer.done()
        gate.release()
        assert answer.result(5).status_code == 200
    assert len(project.users()) == 1


def test_a_held_call_can_be_dropped(sim: Simulator, client: Client, project: Project) -> None:
    gate = sim.gate("POST")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.create)
        assert gate.wait_reached(5)
        gate.release(drop=True)
        with pytest.raises(requests.ConnectionError):
            answer.result(5)
    assert project.users() == []


def test_what_a_killed_client_had_asked_for_still_happens(sim: Simulator, project: Project) -> None:
    gate = sim.gate("POST")
    with pytest.raises(requests.ReadTimeout):
        Client(sim, timeout=0.1).create()
    assert gate.wait_reached(5)
    gate.release()
    wait_until(lambda: len(project.users()) == 1)


def test_nobody_comes(sim: Simulator) -> None:
    assert not sim.gate().wait_reached(0.01)


def wait_until(true: Any) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- limits ---


@pytest.mark.parametrize("kind", ["window", "bucket"])
def test_a_rate_limit(sim: Simulator, client: Client, kind: str) -> None:
    sim.rate_limit(3, 60, kind=kind)
    assert [client.list().status_code for _again in range(3)] == [200] * 3
    answer = client.list()
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert sim.calls[-1].fault == "rate_limit"
    # What needs no signature is not counted.
    assert requests.get(f"{sim.url}/auth/time", timeout=5).status_code == 200
    # A bucket fills steadily: a third of the time gives one of three calls back; a window gives them back at its end.
    sim.advance(21)
    assert client.list().status_code == (200 if kind == "bucket" else 429)
    sim.advance(40)
    assert client.list().status_code == 200
    sim.rate_limit(None)
    assert [client.list().status_code for _again in range(5)] == [200] * 5


def test_a_rate_limit_that_does_not_say_for_how_long(sim: Simulator, client: Client) -> None:
    sim.rate_limit(1, retry_after=False)
    client.list()
    answer = client.list()
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)


# --- lags ---


def test_a_list_lags_by_seconds(sim: Simulator, client: Client, project: Project) -> None:
    project.add_user("first")
    sim.list_lag(seconds=5)
    made = client.create().json()
    assert [user["description"] for user in client.list().json()] == ["first"]
    assert client.ovh.get(f"{client.users}/{made['id']}")["description"] == "ada"
    sim.advance(3)
    client.create("bob")
    sim.advance(3)
    assert [user["description"] for user in client.list().json()] == ["first", "ada"]
    sim.advance(3)
    assert len(client.list().json()) == 3


def test_a_status_lags_too(sim: Simulator, client: Client) -> None:
    sim.list_lag(seconds=5)
    sim.settings.creating = 10
    made = client.create().json()
    sim.advance(12)
    assert client.list().json()[0]["status"] == "creating"
    assert client.ovh.get(f"{client.users}/{made['id']}")["status"] == "ok"
    sim.advance(4)
    assert client.list().json()[0]["status"] == "ok"


def test_the_first_lists_after_a_write_are_stale(sim: Simulator, client: Client) -> None:
    sim.list_lag(lists=2)
    client.create("ada")
    client.create("bob")
    assert [len(client.list().json()) for _again in range(4)] == [0, 0, 2, 2]
    client.ovh.delete(f"{client.users}/{client.list().json()[0]['id']}")
    assert [len(client.list().json()) for _again in range(3)] == [2, 2, 1]
    client.create("eve")
    sim.list_lag()
    assert len(client.list().json()) == 2


def test_not_found_right_after_creation(sim: Simulator, client: Client) -> None:
    sim.not_found_after_creation(5)
    made = client.create().json()
    path = f"{client.users}/{made['id']}"
    for call in (client.ovh.get, client.ovh.delete):
        with pytest.raises(ovh.exceptions.ResourceNotFoundError):
            call(path)
    assert len(client.list().json()) == 1
    sim.advance(5)
    assert client.ovh.get(path)["id"] == made["id"]


def test_latency(sim: Simulator, client: Client) -> None:
    sim.settings.latency = 0.1
    started = time.monotonic()
    client.list()
    assert time.monotonic() - started >= 0.1


# --- the server itself ---


def test_one_connection_serves_many_calls(sim: Simulator) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", sim.port, timeout=5)) as connection:
        connection.connect()
        first = connection.sock
        # Refused calls keep the connection too: their bodies were read.
        for method, path in [("GET", "/1.0/auth/time"), ("POST", "/1.0/nothing"), ("GET", "/1.0/auth/time")]:
            connection.request(method, path, body="{}")
            connection.getresponse().read()
        assert connection.sock is first


def test_many_clients_at_once_lose_nothing(sim: Simulator, project: Project) -> None:
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda number: Client(sim).create(f"user {number}").json(), range(150)))
    assert len({answer["id"] for answer in answers}) == 150
    assert len(project.users()) == len(sim.writes()) == 150
    assert all(project.check_password(answer["id"], answer["password"]) for answer in answers)


def test_the_end_lets_go_of_everything() -> None:
    sim = Simulator().start()
    client, held = Client(sim), Client(sim)
    client.list()
    gate = sim.gate("POST")
    failed = threading.Event()

    def call() -> None:
        with pytest.raises(requests.ConnectionError):
            held.create()
        failed.set()

    thread = threading.Thread(target=call)
    thread.start()
    assert gate.wait_reached(5)
    sim.close()
    assert failed.wait(5)
    thread.join(5)
    # The idle connection is over as well, and nobody listens any more.
    with pytest.raises(requests.ConnectionError):
        client.list()
    sim.close()


def test_a_reset_goes_back_to_the_start(sim: Simulator, client: Client) -> None:
    client.create()
    sim.fault("status", status=500)
    sim.rate_limit(1)
    sim.list_lag(seconds=60)
    sim.settings.creating = 60
    sim.rules, sim.deny_iam, sim.clock_offset = [], {"user/get"}, 3600
    sim.add_project("other")
    sim.reset()
    assert client.create().json()["status"] == "ok"
    assert [client.list().status_code for _again in range(2)] == [200, 200]
    assert len(client.list().json()) == 1
    assert client.ovh.get("/cloud/project") == [sim.project().id]


def test_settings_that_do_not_exist_are_refused(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="unknown settings: latancy; there are: .*latency"):
        Simulator(latancy=1)
    with pytest.raises(ValueError, match="unknown mangle"):
        sim.settings.update({"mangle": "reverse"})
