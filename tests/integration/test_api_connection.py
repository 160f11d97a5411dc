# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the API: where keys come from, what is said when they or the endpoint are wrong, and missing rights."""

from __future__ import annotations

import dataclasses
import json
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api.client import Port
from ansible_collections.cloudops.ovh.plugins.module_utils._api.config import resolve
from ansible_collections.cloudops.ovh.plugins.module_utils._api.failures import from_answer, hidden, located
from ansible_collections.cloudops.ovh.plugins.module_utils._api.sending import Request
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError
from tests.simulator import Simulator
from tests.support.checks import refused, run, written
from tests.support.modules import PROJECT, call, connection, finish, start

AI, STORE = "ai_training_operator", "objectstore_operator"
SIGNED = ("application_key", "application_secret", "consumer_key")
OAUTH2 = ("client_id", "client_secret")
WRONG = {key: f"wrong-{key}" for key in SIGNED + OAUTH2}


def read(options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Run an empty list: it reads, so it needs a connection, and it changes nothing."""
    return call(kinds.USERS, {"users": [], "service_name": PROJECT, "retries": 0, "timeout": 5, **options, **more})


def keys(sim: Simulator, names: tuple[str, ...] = SIGNED) -> dict[str, str]:
    """The right keys."""
    return {name: sim.credentials[name] for name in names}


def in_environment(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    """Set keys as a user would, with `export`."""
    for name, value in values.items():
        monkeypatch.setenv(f"OVH_{name.upper()}", value)


def ovh_conf(path: Path, sections: Mapping[str, Mapping[str, str]]) -> str:
    """Write an ovh.conf."""
    lines = [
        line
        for section, values in sections.items()
        for line in (f"[{section}]", *(f"{name}={value}" for name, value in values.items()))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def works(result: Mapping[str, Any]) -> bool:
    """Tell whether the keys were accepted."""
    assert result.get("failed") or result["api_calls"] > 0, result
    return not result.get("failed")


# Sources, from the highest to the lowest


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_an_option_goes_before_the_environment(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    in_environment(monkeypatch, {"endpoint": "ovh-eu", **{name: WRONG[name] for name in names}})
    assert works(read({"endpoint": sim.url, **keys(sim, names)}))


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_the_environment_goes_before_a_file(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    wrong = {name: WRONG[name] for name in names}
    file = ovh_conf(tmp_path / "ovh.conf", {"default": {"endpoint": "ovh-eu"}, sim.url: wrong, "ovh-eu": wrong})
    in_environment(monkeypatch, {"endpoint": sim.url, **keys(sim, names)})
    assert works(read({"config_file": file}))


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_a_file_is_enough(sim: Simulator, tmp_path: Path, names: tuple[str, ...]) -> None:
    file = ovh_conf(tmp_path / "my.conf", {"default": {"endpoint": sim.url}, sim.url: keys(sim, names)})
    assert works(read({"config_file": file}))


def test_the_file_may_be_named_by_the_environment(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ovh_conf(tmp_path / "my.conf", {"default": {"endpoint": sim.url}, sim.url: keys(sim)})
    monkeypatch.setenv("OVH_CONFIG_FILE", file)
    assert works(read({}))
    other = ovh_conf(tmp_path / "other.conf", {"default": {"endpoint": sim.url}})
    refused(read({"config_file": other}), "No keys", "other.conf")


def test_the_endpoint_and_the_keys_may_come_from_different_places(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ovh_conf(tmp_path / "ovh.conf", {"default": {"endpoint": "ovh-ca"}, sim.url: keys(sim)})
    monkeypatch.setenv("OVH_ENDPOINT", sim.url)
    assert works(read({"config_file": file}))


@pytest.mark.parametrize("given", SIGNED)
def test_sources_are_never_mixed(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    # The right keys are there, one above and two below: together they would work.
    rest = {name: value for name, value in keys(sim).items() if name != given}
    file = ovh_conf(tmp_path / "ovh.conf", {sim.url: rest})
    message = refused(
        read({"endpoint": sim.url, "config_file": file, given: keys(sim)[given]}),
        "Keys from the task's options",
        *rest,
        "is missing",
    )
    assert given not in message
    in_environment(monkeypatch, {given: keys(sim)[given]})
    result = read({"endpoint": sim.url, "config_file": file})
    refused(result, "Keys from the environment", *rest, "is missing")
    assert sorted(result["failure"]["missing"]) == sorted(rest)
    assert sim.calls == []


def test_the_highest_source_decides_the_method(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    in_environment(monkeypatch, keys(sim))
    assert works(read({"endpoint": sim.url, **keys(sim, OAUTH2)}))
    assert [one.path for one in sim.calls][0] == "/auth/oauth2/token"
    sim.clear_calls()
    assert works(read({"endpoint": sim.url}))
    assert "/auth/time" in [one.path for one in sim.calls]


@pytest.mark.parametrize("name", OAUTH2)
def test_a_service_account_needs_both_keys(sim: Simulator, name: str) -> None:
    other = next(one for one in OAUTH2 if one != name)
    refused(read({"endpoint": sim.url, name: "x"}), other, "is missing", "the task's options")


def test_two_ways_to_authenticate_in_one_place_are_refused(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {**keys(sim), **keys(sim, OAUTH2)}
    refused(read({"endpoint": sim.url, **both}), "two ways to authenticate", "keep one", "client_id", "consumer_key")
    in_environment(monkeypatch, both)
    refused(read({"endpoint": sim.url}), "the environment", "two ways to authenticate")
    assert sim.calls == []


def test_an_empty_variable_is_no_key(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    in_environment(monkeypatch, {**keys(sim), "client_id": "", "endpoint": ""})
    assert works(read({"endpoint": sim.url, "consumer_key": "", "timeout": None}))


def test_no_keys_at_all_says_where_they_were_looked_for(sim: Simulator, tmp_path: Path) -> None:
    message = refused(read({"endpoint": sim.url}), f"No keys for {sim.url}", "the task's options", "OVH_")
    assert "no ovh.conf was found" in message
    file = ovh_conf(tmp_path / "ovh.conf", {sim.url: {}, "default": {"endpoint": "ovh-eu"}})
    refused(read({"endpoint": sim.url, "config_file": file}), f"{file}, section [{sim.url}]", "section [ovh-eu]")
    for name in SIGNED + OAUTH2:
        assert name in message


def test_no_endpoint_says_where_it_can_be_set(tmp_path: Path) -> None:
    refused(read({}), "No endpoint", "OVH_ENDPOINT", "ovh.conf", "ovh-eu")
    file = ovh_conf(tmp_path / "my.conf", {"ovh-eu": WRONG})
    refused(read({"config_file": file}), "No endpoint", str(tmp_path / "my.conf"))


def test_pythons_own_places_are_searched(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The folder where the module runs goes before the home folder.
    home = tmp_path / "home"
    home.mkdir()
    ovh_conf(home / ".ovh.conf", {"default": {"endpoint": sim.url}, sim.url: keys(sim)})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    options = {"users": [], "service_name": PROJECT, "retries": 0}
    assert works(finish(start("ovh_cloud_users", options)))
    ovh_conf(tmp_path / "ovh.conf", {sim.url: {name: WRONG[name] for name in SIGNED}})
    refused(finish(start("ovh_cloud_users", options)), "INVALID_KEY", str(tmp_path / "ovh.conf"))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"application_secret=do-not-show\n[default]\n", "{home}/.ovh.conf"),
        (b"[default]\ndo-not-show\n", "{home}/.ovh.conf"),
        (b"[default]\napplication_secret=a\napplication_secret=do-not-show\n", "{home}/.ovh.conf"),
        ("[default]\napplication_secret=do-not-show\n".encode("utf-16"), "~/.ovh.conf"),
    ],
    ids=["no-section", "no-value", "twice", "utf-16"],
)
def test_what_is_wrong_with_pythons_own_places_is_said_without_the_line(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, named: str
) -> None:
    """python-ovh reads them when it is imported, whatever keys are given."""
    (tmp_path / ".ovh.conf").write_bytes(content)
    monkeypatch.setenv("HOME", str(tmp_path))
    process = start("ovh_cloud_users", {"users": [], **connection(sim)})
    out, err = process.communicate(timeout=60)
    refused(json.loads(out), named.format(home=tmp_path), "is not a valid ovh.conf")
    assert "do-not-show" not in out + err


# Sections of a file


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_base_url_reads_the_section_of_its_own_name(sim: Simulator, tmp_path: Path, slash: str) -> None:
    sections = {"default": {"endpoint": "ovh-eu"}, sim.url + slash: keys(sim), "ovh-eu": WRONG}
    file = ovh_conf(tmp_path / "ovh.conf", sections)
    assert works(read({"endpoint": sim.url, "config_file": file}))


def test_a_base_url_reads_the_section_that_default_names(sim: Simulator, tmp_path: Path) -> None:
    file = ovh_conf(tmp_path / "ovh.conf", {"default": {"endpoint": "ovh-eu"}, "ovh-eu": keys(sim), "ovh-ca": WRONG})
    assert works(read({"endpoint": sim.url, "config_file": file}))


def test_a_region_reads_its_own_section_and_no_other(tmp_path: Path) -> None:
    file = ovh_conf(tmp_path / "ovh.conf", {"default": {"endpoint": "ovh-eu"}, "ovh-eu": WRONG})
    refused(read({"endpoint": "ovh-ca", "config_file": file}), "No keys for ovh-ca", "section [ovh-ca]")


@pytest.mark.parametrize(
    ("content", "said"),
    [("endpoint=ovh-eu\n", "not a valid ovh.conf"), ("[default\nx", "not a valid ovh.conf"), (None, "cannot be read")],
    ids=["no-section", "broken", "missing"],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "my.conf"
    if content is not None:
        path.write_text(content + "application_secret=do-not-show\n", encoding="utf-8")
    message = refused(read({"endpoint": "ovh-eu", "config_file": str(path)}), str(path), said)
    assert "do-not-show" not in message


def test_a_percent_sign_in_a_key_is_only_that(sim: Simulator, tmp_path: Path) -> None:
    file = ovh_conf(tmp_path / "ovh.conf", {sim.url: {**keys(sim), "consumer_key": "100%(x)s"}})
    refused(read({"endpoint": sim.url, "config_file": file}), "INVALID_CREDENTIAL")


# Endpoints


@pytest.mark.parametrize("path", ["/1.0", "/v1", "/1.0/", "/v1/"])
@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_both_base_urls_are_the_same_api(sim: Simulator, path: str, names: tuple[str, ...]) -> None:
    options = {"endpoint": sim.base_url + path, "service_name": PROJECT, "users": ["ada"], **keys(sim, names)}
    assert call(kinds.USERS, options)["summary"]["created"] == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plain_http_is_taken_on_loopback(sim: Simulator, host: str) -> None:
    assert works(read({"endpoint": f"http://{host}:{sim.port}/1.0", **keys(sim)}))


@pytest.mark.parametrize(
    "url",
    [
        "http://eu.api.ovh.com/1.0",
        "http://192.0.2.1/1.0",
        "http://localhost.example.com/1.0",
        "http://127.0.0.1.example.com/1.0",
        "http://0.0.0.0/1.0",
        "HTTP://eu.api.ovh.com/1.0",
    ],
)
def test_plain_http_is_refused_elsewhere(url: str) -> None:
    refused(read({"endpoint": url, **WRONG}), "plain http is for loopback only", "use https")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://eu.api.ovh.com/1.0",
        "https://",
        "https:///1.0",
        "https://user:pass@eu.api.ovh.com/1.0",
        "http://127.0.0.1@eu.api.ovh.com/1.0",
        "https://eu.api.ovh.com/1.0?x=1",
        "https://eu.api.ovh.com/1.0#x",
        "https://[::1/1.0",
        "https://eu.api.ovh.com:port/1.0",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    message = refused(read({"endpoint": url, **WRONG}), "not a base URL such as https://eu.api.ovh.com/1.0")
    assert "pass" not in message


def test_an_unknown_region_lists_those_that_exist() -> None:
    signed = {name: WRONG[name] for name in SIGNED}
    refused(read({"endpoint": "ovh-mars", **signed}), "'ovh-mars'", "not a region", "ovh-eu, ", "ovh-ca", "ovh-us")


def test_a_service_account_where_there_are_none_is_said() -> None:
    oauth2 = {name: WRONG[name] for name in OAUTH2}
    refused(read({"endpoint": "kimsufi-eu", **oauth2}), "the task's options", "OAuth2")


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_an_endpoint_that_does_not_answer_is_said(sim: Simulator, names: tuple[str, ...]) -> None:
    url = f"http://127.0.0.1:{closed_port()}/1.0"
    result = read({"endpoint": url, **keys(sim, names)})
    refused(result, url, "cannot be reached", "check the endpoint")
    assert result["failure"]["kind"] == "unreached"


def test_a_host_that_does_not_exist_is_said(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asking a real resolver takes seconds where there is no network.
    def unknown(*_given: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    url = "https://no-such-host.invalid/1.0"
    refused(read({"endpoint": url, **keys(sim)}), url, "cannot be reached", "check the endpoint")


def test_an_endpoint_that_is_not_reached_is_tried_again(sim: Simulator, impatient: None) -> None:
    options = {"endpoint": f"http://127.0.0.1:{closed_port()}/1.0", **keys(sim)}
    # Each of the first two calls: the clock is asked for meanwhile.
    assert read(options, retries=3)["api_calls"] == 2 * 4
    assert read(options, retries=0)["api_calls"] == 2


def test_a_server_that_is_not_the_api_is_said(sim: Simulator) -> None:
    refused(read({"endpoint": sim.base_url, **keys(sim)}), "HTTP 404", "check endpoint", "/1.0 or /v1")


def test_a_file_without_keys_for_the_endpoint_is_named(sim: Simulator, tmp_path: Path) -> None:
    file = ovh_conf(tmp_path / "ovh.conf", {"ovh-eu": keys(sim)})
    wanted = f"{file}, which has neither a section [{sim.url}] nor an endpoint in [default]"
    refused(read({"endpoint": sim.url, "config_file": file}), wanted)


def test_the_mark_of_a_text_in_utf_8_is_no_part_of_an_answer(sim: Simulator) -> None:
    sim.fault("garbage", "GET", "/user$", text="\ufeff[]", times=None)
    assert works(read({"endpoint": sim.url, **keys(sim)}))


def test_an_answer_that_is_no_text_is_not_read_as_another_one(sim: Simulator, impatient: None) -> None:
    """A password would be another one: the answer counts as lost."""
    sim.fault("garbage", "POST", "/user$", "after", status=201, text='{"password": "\udcff"}', times=None)
    result = run(sim, kinds.USER, description="ada", wait=False)
    (user,) = sim.project().live_users()
    assert result["password"] == sim.project().password_of(user["id"])


def test_an_endless_wait_is_not_waited_for(sim: Simulator) -> None:
    sim.fault("throttle", "GET", "/user$", retry_after=10**12, times=None)
    began = time.monotonic()
    refused(read({"endpoint": sim.url, **keys(sim)}, retries=5), "to wait longer than 300 s")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (("html", {"status": 502}), "HTTP 502"),
        (("html", {"status": 408}), "HTTP 408"),
        (("garbage", {}), "not the API's"),
        (("truncated", {}), "the connection broke"),
        (("reset", {}), "the connection broke"),
        (("close", {}), "the connection broke"),
        (("status", {"status": 500, "message": "Oops"}), "HTTP 500"),
        (("wrong_shape", {"shape": {"a": 1}}), "query id"),
        (("wrong_shape", {"shape": None}), "query id"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("route", ["/auth/time", "/user$", "/role$"])
def test_an_answer_that_is_none_is_a_failure_and_tried_again(
    sim: Simulator, impatient: None, fault: tuple[str, dict[str, Any]], said: str, route: str
) -> None:
    options = connection(sim, users=["ada"], roles=[AI], retries=2)
    broken = sim.fault(fault[0], "GET", route, times=None, **fault[1])
    result = call(kinds.USERS, options)
    refused(result, route.rstrip("$"), said)
    assert broken.hits == 3
    assert sim.writes() == []
    sim.clear_faults()
    sim.fault(fault[0], "GET", route, times=2, **fault[1])
    assert call(kinds.USERS, options)["summary"]["created"] == 1


def test_a_slow_answer_is_given_up_after_timeout(sim: Simulator) -> None:
    sim.fault("delay", "GET", "/auth/time", seconds=1.0)
    began = time.monotonic()
    refused(read({"endpoint": sim.url, **keys(sim)}, timeout=0.2), "no answer within 0.2 s", "timeout", sim.url)
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_a_redirect_is_not_followed(sim: Simulator, names: tuple[str, ...]) -> None:
    sim.fault("status", "GET", "/user$", status=302, headers={"Location": sim.url + "/auth/time"})
    refused(read({"endpoint": sim.url, **keys(sim, names)}), "redirects", "check the endpoint")


@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_connections_are_kept_for_all_workers(sim: Simulator, names: tuple[str, ...]) -> None:
    """All workers wait for an answer at the same time, twice: requests by itself would keep ten connections."""
    opened: list[object] = []
    server = sim._server
    assert server is not None
    track = server.track

    def noted(connection: object, *, alive: bool) -> None:
        opened.extend([connection] * alive)
        track(connection, alive=alive)

    server.track = noted
    # The first creation goes alone.
    gates = [sim.gate("POST", "/user$", times=None, skip=1), sim.gate("POST", "/user/[0-9]+/token$", times=None)]
    people = [f"user-{number}" for number in range(31)]
    options = {"endpoint": sim.url, **keys(sim, names), "users": people, "service_name": PROJECT, "timeout": 20}
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(call, kinds.USERS, {**options, "concurrency": 30, "verify_credentials": True})
        reached = []
        for gate in gates:
            reached.append(gate.wait_reached(count=30))
            gate.release()
        assert result.result()["summary"]["created"] == 31
    assert reached == [True, True]
    # Two more: before there were workers, and for the token of a service account.
    assert 30 <= len(opened) <= 32


# Clocks


@pytest.mark.parametrize("offset", [-86400 * 365, -3600, 3600, 86400 * 365])
def test_the_apis_clock_is_followed(sim: Simulator, offset: float) -> None:
    sim.clock_offset = offset
    # It is no repetition of anything that could have happened.
    assert run(sim, kinds.USERS, users=["ada"], retries=0)["summary"]["created"] == 1


def test_a_clock_that_is_off_is_said(sim: Simulator) -> None:
    # A proxy that caches /auth/time.
    sim.fault("wrong_shape", "GET", "/auth/time", times=None, shape=int(time.time()) - 1000)
    result = run(sim, kinds.USERS, users=["ada"])
    refused(result, "QUERY_TIME_OUT", "set this machine's clock", "query id EU.ext")
    assert result["api_calls"] == len(sim.calls)
    assert sim.writes() == []


def test_the_clock_is_asked_for_while_lists_are_read(sim: Simulator) -> None:
    """And no run goes on without it."""
    gate, posted = sim.gate("GET", "/auth/time"), sim.gate("POST", "/user$")
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run, sim, kinds.USERS, users=["ada"], roles=[AI])
        assert gate.wait_reached()
        deadline = time.monotonic() + 5
        while len(sim.calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sorted(one.path.rsplit("/", 1)[1] for one in sim.calls) == ["role", "time", "user"]
        assert not posted.wait_reached(timeout=0.2)
        gate.release()
        posted.release()
        assert result.result()["summary"]["created"] == 1


@pytest.mark.parametrize("offset", [0, 20, -20, 3600])
def test_the_clock_costs_one_call_where_the_api_takes_ours_as_well(sim: Simulator, offset: float) -> None:
    sim.clock_offset = offset
    sim.project().add_user("ada", [AI])
    run(sim, kinds.USERS, users=["ada"], roles=[AI])
    paths = [one.path.rsplit("/", 1)[1] for one in sim.calls]
    assert paths.count("time") == 1
    # Where it does not, a list that was signed before the time was known is signed again, once.
    most = 2 if offset > 60 else 1
    assert 1 <= paths.count("role") <= most
    assert 1 <= paths.count("user") <= most


def test_clocks_that_drift_in_a_run_are_set_again(sim: Simulator) -> None:
    sim.fault("wrong_shape", "GET", "/auth/time", times=1, shape=int(time.time()) - 1000)
    result = run(sim, kinds.USERS, users=["ada"])
    assert result["summary"]["created"] == 1
    assert result["api_calls"] == len(sim.calls)


# Wrong keys, each with its own message


@pytest.mark.parametrize("where", ["options", "environment", "file"])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("application_key", ["INVALID_KEY", "check application_key and the region"]),
        ("application_secret", ["INVALID_SIGNATURE", "application_secret does not belong to these keys"]),
        ("consumer_key", ["INVALID_CREDENTIAL", "check consumer_key"]),
        ("client_id", ["HTTP 401", "check client_id and client_secret"]),
        ("client_secret", ["HTTP 401", "check client_id and client_secret"]),
    ],
)
def test_a_wrong_key_is_named_with_its_source(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, key: str, said: list[str]
) -> None:
    given = {**keys(sim, SIGNED if key in SIGNED else OAUTH2), key: WRONG[key]}
    options: dict[str, Any] = {"endpoint": sim.url}
    if where == "options":
        options.update(given)
        source = "the task's options"
    elif where == "environment":
        in_environment(monkeypatch, given)
        source = "the environment"
    else:
        options["config_file"] = ovh_conf(tmp_path / "ovh.conf", {sim.url: given})
        source = f"{tmp_path / 'ovh.conf'}, section [{sim.url}]"
    result = read(options)
    refused(result, *said, source)
    assert result["failure"]["kind"] == ("refused" if key == "application_secret" else "forbidden")
    shown = json.dumps(result)
    assert not any(given[secret] in shown for secret in given if secret not in ("application_key", "client_id"))


def test_a_key_that_was_never_validated_is_said(sim: Simulator) -> None:
    sim.fault("status", "GET", "/user$", status=403, error_code="NOT_CREDENTIAL", message="This credential is unknown")
    refused(read({"endpoint": sim.url, **keys(sim)}), "NOT_CREDENTIAL", "validate it")


def test_an_expired_service_is_said(sim: Simulator) -> None:
    sim.fault("status", "GET", "/user$", status=460, message="This service is expired")
    refused(read({"endpoint": sim.url, **keys(sim)}), "HTTP 460", "expired", "renew it")


@pytest.mark.parametrize("lifetime", [4, 3600])
def test_a_bearer_token_is_replaced_before_it_expires(sim: Simulator, lifetime: float) -> None:
    sim.settings.token_lifetime = lifetime
    # More than half of the shorter time, which the library rounds to seconds.
    sim.fault("delay", "GET", "/user$", seconds=2.7 if lifetime == 4 else 0.0)
    options = {"endpoint": sim.url, "service_name": PROJECT, "users": ["ada", "grace"], **keys(sim, OAUTH2)}
    result = call(kinds.USERS, options)
    assert result["summary"]["created"] == 2
    assert result["api_calls"] == len(sim.calls)
    tokens = [one for one in sim.calls if one.path == "/auth/oauth2/token"]
    assert (len(tokens) > 1) is (lifetime == 4)
    assert {one.status for one in sim.calls} <= {200, 201}


@pytest.mark.parametrize("fault", [("html", {"status": 503}), ("reset", {}), ("status", {"status": 429})])
def test_a_bearer_token_is_asked_for_again(sim: Simulator, impatient: None, fault: tuple[str, dict[str, Any]]) -> None:
    sim.fault(fault[0], "POST", "oauth2/token", times=1, **fault[1])
    result = read({"endpoint": sim.url, **keys(sim, OAUTH2)}, retries=2)
    assert works(result)
    assert result["api_calls"] == len(sim.calls)


def tokens(sim: Simulator) -> int:
    return sum(one.path == "/auth/oauth2/token" for one in sim.calls)


def test_a_bearer_token_that_ends_before_its_time_is_replaced(sim: Simulator) -> None:
    """While two creations are under way: the API did none of them, so each is sent again, with one other token."""
    people = [f"person-{number}" for number in range(8)]
    gate = sim.gate("POST", "/user$", skip=1, times=2)
    options = {"endpoint": sim.url, "service_name": PROJECT, "users": people, **keys(sim, OAUTH2)}
    with ThreadPoolExecutor() as pool:
        running = pool.submit(call, kinds.USERS, options)
        assert gate.wait_reached(10, count=2)
        sim.expire_bearers()
        gate.release()
        result = running.result(30)
    assert result["summary"]["created"] == len(people), result
    assert len(sim.project().live_users()) == len(people)
    assert tokens(sim) == 2
    assert result["api_calls"] == len(sim.calls)


def test_a_bearer_token_that_ends_while_the_api_asks_to_wait(sim: Simulator) -> None:
    """Whoever asks for another one waits for nobody who waits for it."""
    refusal = sim.fault("throttle", "POST", "/user$", skip=6, retry_after=2)
    people = [f"person-{number}" for number in range(8)]
    options = {"endpoint": sim.url, "service_name": PROJECT, "users": people, "wait": False, **keys(sim, OAUTH2)}
    with ThreadPoolExecutor() as pool:
        running = pool.submit(call, kinds.USERS, options)
        deadline = time.monotonic() + 10
        while not refusal.hits:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        sim.expire_bearers()
        # 30 s is how long a call whose turn it is can hold up others.
        result = running.result(25)
    assert result["summary"]["created"] == len(people), result
    assert tokens(sim) == 2


def test_a_bearer_token_that_the_api_quotes_is_hidden(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted by an API that says which token it refuses."""
    seen: list[str] = []
    send = requests.Session.send

    def spy(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        bearer = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
        answer = send(session, request, **more)
        if request.method == "GET":
            seen.append(bearer)
            answer.status_code = 403
            answer._content = json.dumps({"class": "Client::Forbidden", "message": f"no right: {bearer}"}).encode()
        return answer

    monkeypatch.setattr(requests.Session, "send", spy)
    result = read({"endpoint": sim.url, **keys(sim, OAUTH2)})
    assert "The API says: no right: ********." in result["msg"]
    assert seen
    assert seen[0] not in json.dumps(result)


@pytest.mark.parametrize(
    "text",
    ['{"password": "Pl\\"a/\\\\ü"}', '{"password": "Pl\\"a/\\\\\\u00fc"}', "?password=Pl%22a%2F%5C%C3%BC", 'Pl"a/\\ü'],
)
def test_a_secret_is_hidden_in_every_form(text: str) -> None:
    assert hidden(text, ['Pl"a/\\ü']).replace('{"password": "', "").startswith(("********", "?password=********"))


@pytest.mark.parametrize(
    ("path", "status", "message", "said", "unsaid"),
    [
        # The password of a user was tried, which says nothing about our keys.
        ("/cloud/project/x/user/3/token", 401, "no", "(HTTP 401)", "check the keys"),
        ("/cloud/project/x/user", 401, "no", "check the keys", "base URLs"),
        ("/cloud/project/x/role", 404, "Got an invalid (or empty) URL.", "Its base URLs end in /1.0 or /v1", "keys"),
        ("/cloud/project/x/role", 404, "no", "The API says: no.", "base URLs"),
    ],
)
def test_advice_fits_the_call(path: str, status: int, message: str, said: str, unsaid: str) -> None:
    error = from_answer(Request("GET", path), status, {"message": message}, {})
    assert said in error.message
    assert unsaid not in error.message


def test_a_bearer_token_that_is_not_given_any_more_is_said(sim: Simulator, impatient: None) -> None:
    """It is surely not the creation that was lost."""
    sim.settings.token_lifetime = 4
    gate = sim.gate("GET", "/role$")
    sim.fault("html", "POST", "oauth2/token", status=503, skip=1, times=None)
    options = {"endpoint": sim.url, "service_name": PROJECT, "users": ["ada"], "roles": [AI], "retries": 2}
    with ThreadPoolExecutor() as pool:
        running = pool.submit(call, kinds.USERS, {**options, **keys(sim, OAUTH2)})
        assert gate.wait_reached(10)
        time.sleep(2.6)
        gate.release()
        result = running.result(30)
    refused(result, "gave no token (HTTP 503)")
    assert sim.project().live_users() == []
    # The first one, and three for each call that needed another one: the creation, or what is asked beside it.
    assert tokens(sim) <= 1 + 3 * 3


def port_of(sim: Simulator) -> Port:
    return Port(resolve({"endpoint": sim.url, "retries": 0, **keys(sim, OAUTH2)}, {}, ()))


def test_a_call_for_which_there_is_no_bearer_token_was_surely_not_sent(sim: Simulator) -> None:
    sim.fault("html", "POST", "oauth2/token", status=503, times=None)
    with pytest.raises(ApiError) as caught:
        port_of(sim).call("POST", f"/cloud/project/{PROJECT}/user", {"description": "ada"})
    assert (caught.value.status, caught.value.uncertain) == (503, False)


def test_a_bearer_token_that_ends_right_before_a_call_is_counted_and_connections_stay(sim: Simulator) -> None:
    """The official client would ask for another one by itself."""
    sim.settings.token_lifetime = 2
    port = port_of(sim)
    pauses = [3.2, 0.0]
    port.call("GET", f"/cloud/project/{PROJECT}/user", before=lambda: time.sleep(pauses.pop(0)))
    kept = port._client._oauth2.session.get_adapter(sim.url)
    sim.expire_bearers()
    port.call("GET", f"/cloud/project/{PROJECT}/user")
    assert port.calls == len(sim.calls)
    assert tokens(sim) == 3
    assert port._client._oauth2.session.get_adapter(sim.url) is kept


def test_a_redirect_that_is_no_text_is_an_answer_that_is_none(sim: Simulator) -> None:
    sim.fault("status", "GET", "/user$", status=302, headers={"Location": "/\xff"}, times=None)
    refused(read({"endpoint": sim.url, **keys(sim)}), "the connection broke before the answer was complete")


def test_an_answer_of_another_shape_is_said_with_its_status() -> None:
    error = located(ApiError("It is no user.", "lost"), Request("POST", "/cloud"), 201, {})
    assert error.message == "POST /cloud (HTTP 201): It is no user."


def test_a_refusal_that_another_bearer_token_does_not_help_is_said(sim: Simulator) -> None:
    sim.fault("status", "GET", "/user$", status=401, message="Nobody by that name", times=None)
    result = read({"endpoint": sim.url, **keys(sim, OAUTH2)})
    refused(result, "HTTP 401", "Nobody by that name", "check the keys")
    assert tokens(sim) == 2
    sim.clear_calls()
    # The keys are refused meanwhile: what the API said first counts.
    sim.fault("status", "POST", "oauth2/token", status=401, skip=1, times=None)
    refused(
        read({"endpoint": sim.url, **keys(sim, OAUTH2)}),
        f"GET /cloud/project/{PROJECT}/user failed (HTTP 401",
        "Nobody by that name",
    )
    assert tokens(sim) == 2


BEARER = {"access_token": "of-the-token", "token_type": "Bearer", "expires_in": 3600}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        [BEARER],
        {**BEARER, "expires_in": "soon"},
        {**BEARER, "token_type": "mac"},
        {**BEARER, "access_token": "of-the-t\u00f6ken"},
        {**BEARER, "access_token": "of-the-token\nSet-Cookie: a"},
        {**BEARER, "access_token": 7},
    ],
    ids=str,
)
def test_an_answer_that_is_no_bearer_token_is_said(sim: Simulator, answer: object) -> None:
    sim.fault("wrong_shape", "POST", "oauth2/token", shape=answer, times=None)
    result = read({"endpoint": sim.url, **keys(sim, OAUTH2)})
    refused(result, f"{sim.base_url}/auth/oauth2/token", "token", "check")
    assert "of-the-t" not in json.dumps(result)
    assert "report" not in result["msg"]


def test_a_bearer_token_of_another_scope_is_taken(sim: Simulator) -> None:
    """OAuth2 lets the server name the scope that it gives."""
    known = sim.world.auth.issue_bearer

    def issue(request: Any) -> Any:
        answer = known(request)
        body = {**json.loads(answer.body), "scope": "publicCloudProject account"}
        return dataclasses.replace(answer, body=json.dumps(body).encode())

    sim.world.auth.issue_bearer = issue
    assert works(read({"endpoint": sim.url, **keys(sim, OAUTH2)}))


# Rights


def granted(*rules: str) -> list[dict[str, str]]:
    """Rules of a consumer key, each as ``METHOD path``."""
    return [dict(zip(("method", "path"), rule.split())) for rule in rules]


READING = granted("GET /cloud/project/*")
#: What is changed, and the rule that it needs.
NEEDS: list[tuple[str, runner.Kind, dict[str, Any], str]] = [
    ("create", kinds.USER, {"description": "new"}, "POST {P}/user"),
    ("delete", kinds.USER, {"description": "ada", "state": "absent"}, "DELETE {P}/user/*"),
    (
        "renew",
        kinds.USER,
        {"description": "ada", "update_password": "always"},
        "POST {P}/user/*/regeneratePassword",
    ),
    ("grant", kinds.USER_ROLE, {"description": "ada", "roles": [STORE]}, "POST {P}/user/*/role"),
    (
        "revoke",
        kinds.USER_ROLE,
        {"description": "ada", "roles": [AI], "state": "absent"},
        "DELETE {P}/user/*/role/*",
    ),
    (
        "set",
        kinds.USER_ROLE,
        {"description": "ada", "roles": [STORE], "purge_roles": True},
        "PUT {P}/user/*/role",
    ),
]


@pytest.mark.parametrize(("kind", "options", "rule"), [need[1:] for need in NEEDS], ids=[need[0] for need in NEEDS])
def test_a_missing_rule_is_named_before_the_first_write(
    sim: Simulator, kind: runner.Kind, options: dict[str, Any], rule: str
) -> None:
    sim.project().add_user("ada", [AI])
    sim.rules = READING
    wanted = rule.format(P=f"/cloud/project/{PROJECT}")
    result = run(sim, kind, **options)
    refused(result, "Nothing was changed", "consumer key has no rule for", wanted)
    assert result["failure"]["missing_rules"] == [wanted]
    assert sim.writes() == []
    sim.rules = [*READING, *granted(wanted)]
    assert run(sim, kind, **options)["changed"]


def test_all_missing_rules_are_named_at_once(sim: Simulator) -> None:
    sim.project().add_user("ada", [AI])
    sim.project().add_user("old", [])
    sim.rules = [*READING, *granted(f"POST /cloud/project/{PROJECT}/user")]
    users = ["new", {"name": "ada", "revoke_roles": [AI]}, {"name": "old", "state": "absent"}]
    result = run(sim, kinds.USERS, users=users)
    refused(result, "Nothing was changed")
    assert [rule.split()[0] for rule in result["failure"]["missing_rules"]] == ["DELETE", "DELETE"]
    assert sim.writes() == []


def test_rules_are_not_asked_for_where_nothing_changes(sim: Simulator) -> None:
    sim.rules = READING
    assert works(run(sim, kinds.USERS, users=[]))
    assert [one.path for one in sim.calls if "currentCredential" in one.path] == []


def test_a_missing_rule_for_reading_is_named(sim: Simulator) -> None:
    sim.rules = granted("GET /me")
    refused(
        run(sim, kinds.USERS, users=["ada"]), "NOT_GRANTED_CALL", f"GET /cloud/project/{PROJECT}/user", "ask for a key"
    )


def test_rules_that_cannot_be_read_do_not_stop_a_run(sim: Simulator) -> None:
    sim.fault("status", "GET", "currentCredential", times=None, status=403, error_code="NOT_GRANTED_CALL")
    assert run(sim, kinds.USERS, users=["ada"])["summary"]["created"] == 1


IAM = "publicCloudProject:apiovh:"


@pytest.mark.parametrize(
    ("action", "users", "kind_of_write"),
    [
        ("user/create", ["a", "b", "c"], "POST user"),
        ("user/delete", [{"name": name, "state": "absent"} for name in ("x", "y", "z")], "DELETE user/ID"),
        ("user/role/create", [{"name": name, "roles": [STORE]} for name in ("x", "y", "z")], "POST user/ID/role"),
        (
            "user/role/delete",
            [{"name": name, "revoke_roles": [AI]} for name in ("x", "y", "z")],
            "DELETE user/ID/role/ROLE",
        ),
        (
            "user/regeneratePassword",
            [{"name": name, "update_password": "always"} for name in ("x", "y", "z")],
            "POST user/ID/regeneratePassword",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("user") else "",
)
@pytest.mark.parametrize("names", [SIGNED, OAUTH2], ids=["signed", "oauth2"])
def test_iam_names_the_action_and_only_the_first_is_tried(
    sim: Simulator, action: str, users: list[Any], kind_of_write: str, names: tuple[str, ...]
) -> None:
    for name in ("x", "y", "z"):
        sim.project().add_user(name, [AI])
    sim.deny_iam = {action}
    options = {"endpoint": sim.url, "service_name": PROJECT, "users": [*users, "new"], **keys(sim, names)}
    result = call(kinds.USERS, options)
    failed = 4 if action == "user/create" else 3
    refused(result, f"{failed} of 4 users failed", f"its IAM policy lacks {IAM}{action}", "query id EU.ext")
    tried = [one for one in written(sim) if one == kind_of_write]
    assert len(tried) == 1
    assert result["summary"]["failed"] == failed
    assert (
        sum("Not tried, since the same was refused" in user.get("error", "") for user in result["users"]) == failed - 1
    )


@pytest.mark.parametrize("action", ["user/get", "role/get"])
def test_iam_refusals_of_reading_name_the_action(sim: Simulator, action: str) -> None:
    sim.deny_iam = {action}
    result = run(sim, kinds.USERS, users=["ada"], roles=[AI])
    refused(result, f"IAM policy lacks {IAM}{action}", "HTTP 403", "query id")
    assert sim.writes() == []


# Pace


def test_the_api_is_called_as_slowly_as_asked(sim: Simulator) -> None:
    began = time.monotonic()
    run(sim, kinds.USERS, users=["a", "b", "c"], rate_limit=600)
    assert time.monotonic() - began > 0.1 * (len(sim.calls) - 2)


def test_an_api_that_objects_is_called_more_slowly(sim: Simulator, impatient: None) -> None:
    sim.rate_limit(8, per_seconds=0.5, retry_after=False)
    result = run(sim, kinds.USERS, users=[f"user-{number}" for number in range(10)])
    assert result["summary"]["created"] == 10
    assert any(one.status == 429 for one in sim.calls)
    assert result["api_calls"] == len(sim.calls)
