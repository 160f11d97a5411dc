# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment says of the network: proxies and certificates are taken from it, passwords are not."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from tests.simulator import Simulator
from tests.support.modules import PROJECT, call, connection

AI = "ai_training_operator"


class Proxy(http.server.ThreadingHTTPServer):
    """Hands plain HTTP on, and remembers what passed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.passed: list[tuple[str, dict[str, str]]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        self.server.passed.append((f"{self.command} {self.path}", dict(self.headers.items())))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        # What is meant for the proxy itself, and the encoding of the way to it, end here.
        headers = {name: value for name, value in self.headers.items() if name not in ("Host", "Connection")}
        request = urllib.request.Request(self.path, body, headers, method=self.command)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            data = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def network(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with a proxy, and a .netrc with a password for every host."""
    for name in ("HTTP_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password of-somebody\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    return monkeypatch


def onboard(sim: Simulator, **options: Any) -> dict[str, Any]:
    return call(
        kinds.USERS,
        {"users": ["ada"], "roles": [AI], "service_name": PROJECT, "return_password": False, **options},
    )


def test_signed_calls_go_through_the_proxy_and_carry_no_password_of_netrc(
    sim: Simulator, proxy: Proxy, network: pytest.MonkeyPatch
) -> None:
    result = onboard(sim, **connection(sim))
    assert result["summary"]["created"] == 1, result
    assert len(proxy.passed) == len(sim.calls) > 4
    assert any(line == f"POST {sim.url}/cloud/project/{PROJECT}/user" for line, _headers in proxy.passed)
    assert [headers for _line, headers in proxy.passed if "Authorization" in headers] == []


def test_a_service_account_goes_through_the_proxy_with_its_own_token_alone(
    sim: Simulator, proxy: Proxy, network: pytest.MonkeyPatch
) -> None:
    account = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
    result = onboard(sim, endpoint=sim.url, **account)
    assert result["summary"]["created"] == 1, result
    assert len(proxy.passed) == len(sim.calls)
    tokens = {headers["Authorization"] for line, headers in proxy.passed if "/cloud/" in line}
    assert len(tokens) == 1
    assert tokens.pop().startswith("Bearer ")


def test_no_proxy_is_heeded(sim: Simulator, proxy: Proxy, network: pytest.MonkeyPatch) -> None:
    network.setenv("no_proxy", "127.0.0.1")
    assert onboard(sim, **connection(sim))["summary"]["created"] == 1
    assert proxy.passed == []


@pytest.mark.parametrize("named", ["http://192.0.2.1:3128", "192.0.2.1:3128", "socks5://192.0.2.1:1080", ":::"])
@pytest.mark.parametrize("oauth2", [False, True], ids=["signed", "oauth2"])
def test_what_is_said_to_this_machine_does_not_leave_it(
    sim: Simulator, network: pytest.MonkeyPatch, named: str, oauth2: bool
) -> None:
    """It is not encrypted."""
    network.setenv("http_proxy", named)
    network.setenv("all_proxy", named)
    account = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
    result = onboard(sim, retries=0, **({"endpoint": sim.url, **account} if oauth2 else connection(sim)))
    assert result.get("summary", {}).get("created") == 1, result


@pytest.mark.parametrize("named", [":::", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_said(sim: Simulator, network: pytest.MonkeyPatch, named: str) -> None:
    network.setenv("https_proxy", named)
    result = onboard(sim, **{**connection(sim), "endpoint": "https://api.example.com/1.0", "retries": 0})
    assert "no way to https://api.example.com/1.0; check the endpoint, and the proxy" in result["msg"]


def test_a_token_is_not_asked_for_elsewhere(sim: Simulator) -> None:
    """A redirect to another host is an answer like any other that is not the API's."""
    with Simulator() as other:
        headers = {"Location": f"{other.base_url}/auth/oauth2/token"}
        sim.fault("status", "POST", "oauth2/token", status=307, headers=headers, times=None)
        account = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
        result = onboard(sim, endpoint=sim.url, retries=0, **account)
        assert "does not answer as the API does (it redirects)" in result["msg"]
        assert other.calls == []


def test_a_proxy_that_is_not_there_is_said(sim: Simulator, network: pytest.MonkeyPatch) -> None:
    network.setenv("http_proxy", "http://somebody:of-the-proxy@127.0.0.1:9")
    result = onboard(sim, retries=0, **connection(sim))
    assert "of-the-proxy" not in json.dumps(result)
    assert "cannot be reached; check the endpoint, the network and the proxy" in result["msg"]
    assert sim.calls == []


def test_certificates_of_a_company_are_looked_for_where_they_are_said_to_be(
    sim: Simulator, network: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "company.pem"
    network.setenv("no_proxy", "127.0.0.1")
    network.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    options = {**connection(sim), "endpoint": sim.url.replace("http://", "https://"), "retries": 0}
    missing = onboard(sim, **options)
    assert (
        missing["msg"] == f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names {bundle} for certificates, and nothing is there."
    )
    bundle.write_text("nothing of a certificate\n", encoding="utf-8")
    empty = onboard(sim, **options)
    assert empty["failed"]
    print(empty["msg"])
    assert "certificate" in empty["msg"]
