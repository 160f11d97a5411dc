# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever text comes from outside: a result or a clear error, never a traceback, never a wrong write.

Answers go the whole way: from a server, through the official client, into the modules.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation
from ansible_collections.cloudops.ovh.plugins.module_utils._api.client import Port
from ansible_collections.cloudops.ovh.plugins.module_utils._api.config import resolve
from ansible_collections.cloudops.ovh.plugins.module_utils._api.projects import read_projects
from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import dump_intent, load_intent
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import CloudOpsError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.policy import parse_document
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report import build_report, to_csv
from ansible_collections.cloudops.ovh.plugins.module_utils._core.times import format_time, parse_time
from ansible_collections.cloudops.ovh.tests.unit.strategies import DESCRIPTIONS, JSON, mutilated
from tests.simulator import Simulator
from tests.support.modules import call, connection
from tests.support.rig import ROLES, Rig, hurry, inline_vault

#: These are cheap to try, or have little to find: half as many examples as the profile says.
FEW = settings(max_examples=settings().max_examples // 2)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """One server for all examples; each begins with an empty cloud."""
    with pytest.MonkeyPatch.context() as patch, Simulator() as simulator:
        hurry(patch.setattr)
        inline_vault(patch.setattr)
        yield simulator


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for folders and files."""
    return tmp_path_factory.mktemp("parsers")


# Text

_ROLE = {"id": "r1", "name": ROLES[0], "description": "AI Operator", "permissions": ["ai/read"]}
_USER = {
    "id": 7,
    "username": "user-7",
    "description": "ada",
    "openstackId": None,
    "creationDate": "2026-03-01T12:00:00Z",
    "roles": [_ROLE],
    "status": "ok",
}
_KEY = {"access": "a" * 32, "tenantId": "t", "userId": "u"}
_TOKEN = {
    "id": "t1",
    "createdAt": "2026-03-01T12:00:00Z",
    "updatedAt": "2026-03-01T12:00:00Z",
    "spec": {"name": "ada", "region": "GRA", "role": "ai_training_read"},
    "status": {"version": 1},
}
_SAMPLES: tuple[dict[str, object], ...] = (
    {"roles": [_ROLE], "services": [{"name": "ai", "permissions": [{"label": "x", "roles": ["r1"]}]}]},
    {**_USER, "password": "a secret"},
    {**_KEY, "secret": "a secret"},
    {"secret": "a secret"},
    {"policy": '{"Statement":[]}'},
    {**_TOKEN, "status": {"version": 1, "value": "a secret"}},
    {"project_id": "p", "description": "d", "status": "ok", "planCode": "x"},
    {"class": "Client::NotFound", "message": "gone", "details": {"unauthorizedActionsByIAM": "a,b"}},
    {"errorCode": "NOT_GRANTED_CALL", "httpCode": "403 Forbidden", "message": "no"},
    {"rules": [{"method": "GET", "path": "/*"}], "status": "validated"},
)
_ODD = (
    "",
    "null",
    "-",
    "NaN",
    "-Infinity",
    "1e999",
    "1" * 5000,
    "1" * 300,
    "true",
    '"\\ud800"',
    "\ufeff[]",
    "[]garbage",
    "\x00",
    "[" * 3000,
    "[" * 100000,
    '{"a":' * 50000,
    "[" * 3000 + "]" * 3000,
    "<html><body>Bad Gateway</body></html>",
    '[{"id": 7, "username": "user-7", "description": "ada", "roles": [{"id": 1e400, "name": "\\u0000"}]}]',
    '{"id": 7, "id": 8, "username": "x", "password": ""}',
)


def _dumped(data: Any) -> str:
    return json.dumps(data)


#: Bodies of answers: JSON that is nearly right, JSON that is not, and no JSON.
BODIES = st.one_of(
    st.sampled_from(_SAMPLES).flatmap(mutilated).map(_dumped),
    st.lists(mutilated(_USER), max_size=3).map(_dumped),
    st.lists(mutilated(_KEY) | mutilated(_TOKEN) | mutilated(_ROLE), max_size=3).map(_dumped),
    JSON.map(_dumped),
    st.sampled_from(_ODD),
    st.text(max_size=30),
    st.binary(max_size=30).map(lambda some: some.decode("utf-8", "surrogateescape")),
)

# Answers

_ADA = {"description": "ada"}
CALLS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (kinds.USERS, {"users": ["ada", "bob"], "roles": ROLES}),
    (kinds.USERS, {"users": ["ada"], "update_password": "always", "verify_credentials": True}),
    (kinds.USERS, {"users": [{**_ADA, "roles": ROLES, "purge_roles": True}], "s3_credentials": "present"}),
    (kinds.USERS, {"users": [{**_ADA, "state": "absent"}], "s3_credentials": "absent"}),
    (kinds.USER, {**_ADA, "roles": ROLES, "update_password": "always"}),
    (kinds.USER_ROLE, {**_ADA, "roles": ["ai_training_read"], "purge_roles": True}),
    (kinds.USER_INFO, {"role": "ai_training_operator"}),
    (kinds.ROLE_INFO, {}),
    (kinds.S3_CREDENTIAL, {**_ADA, "display_secret": True}),
    (kinds.S3_CREDENTIAL, {**_ADA, "rotate": True}),
    (kinds.S3_CREDENTIAL, {**_ADA, "state": "absent"}),
    (kinds.S3_POLICY, {**_ADA, "policy": {"Statement": []}}),
    (kinds.AI_TOKEN, {"name": "ada", "role": "ai_training_read", "region": "GRA", "renew": True}),
    (kinds.AI_TOKEN_INFO, {"name": "ada"}),
    (kinds.AUDIT_INFO, {"expected": ["ada", "bob"], "expected_roles": ROLES}),
)
ROUTES = ("time$", "currentCredential$", "/role", "/user$", r"/user/\d+$", "Password$", "s3C", "policy$", "token", None)


@given(
    wanted=st.sampled_from(CALLS),
    route=st.sampled_from(ROUTES),
    method=st.sampled_from([None, None, "GET", "POST"]),
    status=st.sampled_from([200, 200, 200, 200, 201, 400, 403, 404, 500, 502]),
    when=st.sampled_from(["before", "after"]),
    times=st.sampled_from([1, 2, None]),
    body=BODIES,
)
@example(wanted=CALLS[0], route="time$", method="GET", status=200, when="before", times=None, body="1" * 300)
@example(wanted=CALLS[0], route="time$", method="GET", status=200, when="before", times=None, body="1" * 18)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_answer_ends_in_a_result_or_a_clear_error(
    sim: Simulator,
    base: Path,
    wanted: tuple[Any, dict[str, Any]],
    route: str | None,
    method: str | None,
    status: int,
    when: str,
    times: int | None,
    body: str,
) -> None:
    sim.reset()
    shutil.rmtree(base / "creds", ignore_errors=True)
    project = sim.project()
    ada = project.add_user("ada", ["compute_operator"])
    eve = project.add_user("eve", ["compute_operator"], password="eve's own")
    project.add_s3_credential(ada["id"])
    project.add_ai_token("ada")
    kind, options = wanted
    folder = {"credentials_dir": str(base / "creds")} if kind is kinds.USERS else {}
    sim.fault("garbage", method, route, when, times, text=body, status=status)
    result = call(kind, {**connection(sim, retries=1), **options, **folder, **_patience(kind)})
    event("failed" if result.get("failed") else "went well")
    assert_said(result)
    # Whoever the answer was about, it was not about her.
    assert project.password_of(eve["id"]) == "eve's own"
    assert project.role_names(eve["id"]) == ["compute_operator"]
    # A list that hides her for good, beside creations that never answer, is believed in the end: so often and no more.
    most = creation.CREATIONS if kind in (kinds.USERS, kinds.USER) else 0
    assert len(project.users_by_description("ada")) <= 1 + most
    if options.get("state") != "absent" and "absent" not in str(options.get("users")):
        assert project.user(ada["id"])["status"] == "ok", "deleted, though nobody asked for that"


def _patience(kind: Any) -> dict[str, int]:
    return {"wait_timeout": 1} if "wait_timeout" in kind.spec else {}


def assert_said(result: dict[str, Any]) -> None:
    """Assert that a failure has a message that a person can do something with."""
    if not result.get("failed"):
        return
    assert isinstance(result["msg"], str)
    assert len(result["msg"]) > 10
    assert "Unexpected" not in result["msg"], result["msg"]
    assert "Traceback" not in result["msg"]


@pytest.mark.parametrize("body", ["9" * 18, "9" * 300, "-1", "253402300800", "1.5", "true", '"1772366400"', "null"])
def test_a_time_that_is_none_ends_a_run_before_its_first_write(sim: Simulator, base: Path, body: str) -> None:
    """A service account's calls carry no time that the API could refuse."""
    sim.reset()
    shutil.rmtree(base / "creds", ignore_errors=True)
    sim.fault("garbage", "GET", "time$", times=None, text=body)
    keys = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
    account = {"endpoint": sim.url, "service_name": sim.project().id, "retries": 0, **keys}
    result = call(kinds.USERS, {**account, "users": ["ada"], "credentials_dir": str(base / "creds")})
    assert result["failed"]
    assert_said(result)
    assert "not the time" in result["msg"]
    assert sim.project().users() == []


@given(body=BODIES, route=st.sampled_from(["/cloud/project$", "/cloud/project/"]), status=st.sampled_from([200, 404]))
@FEW
def test_any_list_of_projects_is_read_or_refused(sim: Simulator, body: str, route: str, status: int) -> None:
    sim.reset()
    sim.fault("garbage", "GET", route, times=None, text=body, status=status)
    port = Port(resolve(connection(sim, retries=0), {}, ()))
    try:
        found = read_projects(port)
    except CloudOpsError as problem:
        assert problem.message
    else:
        assert all(isinstance(one, str) and isinstance(fields, dict) for one, fields in found.fields.items())


# Files

_RECORD = {
    "service_name": "p",
    "user_id": 7,
    "username": "user-7",
    "description": "ada",
    "password": "a secret",
    "issued_at": "2026-03-01T12:00:00Z",
    "delivered_at": None,
    "intent": "1234",
    "s3_access": "a",
}
_INTENT = {"id": "1234", "action": "create", "began_at": 1.0, "valid_for": 90.0, "user_id": 7, "description": "ada"}
_VAULT = "$ANSIBLE_VAULT;1.2;AES256;"
LABELS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["ovh", "ovh_7_1_1__1_", "ovh_7_99999999999_0_ab_1_", "ovh_" + "9" * 19 + "_0_0__0_", "ovh_7_1_1__1_;x"]
    ),
    st.from_regex(r"\Aovh_[0-9]{1,25}_[0-9]{1,14}_[0-9]{1,14}_[0-9a-f]{0,4}_[01]_[a-z]{0,3}\Z"),
)
FILES = st.one_of(
    mutilated(_RECORD).map(lambda record: "---\n" + "".join(f"{k}: {json.dumps(v)}\n" for k, v in record.items())),
    mutilated(_INTENT).map(_dumped),
    JSON.map(_dumped),
    # Deep flows take PyYAML seconds: some is enough.
    st.sampled_from(
        [
            *(one for one in _ODD if len(one) < 3000),
            "[" * 500,
            "a: [",
            "&a [*a]",
            "- " * 2000,
            "!!python/object:os.system {}",
            "a: 2026-13-45",
            "1: 2",
        ]
    ),
    st.tuples(LABELS, st.text("0123456789abcdef\n", max_size=80)).map(lambda two: _VAULT + "\n".join(two)),
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda some: some.decode("utf-8", "surrogateescape")),
)


@given(content=FILES, ending=st.sampled_from([".yml", ".intent"]), vaulted=st.booleans(), state=st.booleans())
def test_any_file_is_understood_or_nothing_is_written(
    sim: Simulator, base: Path, content: str, ending: str, vaulted: bool, state: bool
) -> None:
    sim.reset()
    shutil.rmtree(base / "files", ignore_errors=True)
    rig = Rig(sim, base / "files", vaulted)
    eve = rig.project.add_user("eve", ROLES, password="eve's own")
    rig.place.mkdir(parents=True, mode=0o700)
    rig.place.parent.chmod(0o700)
    path = rig.place / ("ada" + ending)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    before = rig.snapshot()
    items = [{"name": "ada", "state": "absent"} if state else "ada", "eve"]
    planned = rig.run(items, check=True, wait_timeout=1)
    assert_said(planned)
    assert sim.writes() == []
    assert rig.snapshot() == before
    result = rig.run(items, wait_timeout=1)
    assert_said(result)
    assert rig.project.password_of(eve["id"]) == "eve's own"
    if result.get("failed"):
        event("refused")
        assert str(path) in result["msg"]
        assert sim.writes() == []
        assert rig.snapshot() == before, "what may be the only copy of a password was changed"
    elif not state:
        rig.one_account("ada")
        rig.working("ada")


@given(text=st.one_of(mutilated(_INTENT).map(_dumped), JSON.map(_dumped), st.sampled_from(_ODD), st.text(max_size=30)))
@FEW
def test_any_intent_is_one_or_a_clear_error(text: str) -> None:
    try:
        intent = load_intent(text, "/where/it/lies")
    except CloudOpsError as problem:
        assert "/where/it/lies" in problem.message
        return
    assert load_intent(dump_intent(intent, "ada"), "") == intent
    assert intent.may_still_appear(intent.began_at) == (intent.action == "create" and intent.valid_for >= 0)


# Configuration

_LINES = st.one_of(
    st.tuples(
        st.sampled_from(["endpoint", "application_key", "application_secret", "consumer_key", "client_id", "\t", "é"]),
        st.sampled_from(["=", ":", " = ", ""]),
        st.text(max_size=12)
        | st.sampled_from(["ovh-eu", "http://127.0.0.1:1/1.0", "http://[::1", "https://a:b", "%(x)s"]),
    ).map("".join),
    st.sampled_from(["[default]", "[ovh-eu]", "[", "]", "[default", "  x", ";c", "[default]\n[default]"]),
    st.text(max_size=12),
)


@given(
    lines=st.lists(_LINES, max_size=9).map("\n".join)
    | st.binary(max_size=60).map(lambda some: some.decode("utf-8", "surrogateescape")),
    endpoint=st.sampled_from([None, None, "ovh-eu", "http://127.0.0.1:9/1.0"]) | st.text(max_size=20),
)
def test_any_configuration_is_taken_or_a_clear_error(base: Path, lines: str, endpoint: str | None) -> None:
    path = base / "ovh.conf"
    path.write_bytes(lines.encode("utf-8", "surrogateescape"))
    try:
        taken = resolve({"config_file": str(path), "endpoint": endpoint}, {}, ())
        Port(taken)
    except CloudOpsError as problem:
        assert len(problem.message) > 10
    else:
        event("taken")
        assert taken.keys


@given(
    key=st.sampled_from(["application_key", "application_secret", "consumer_key", "client_id", "client_secret"]),
    value=st.text(min_size=1, max_size=20),
)
@example(key="application_key", value="ключ")
@example(key="consumer_key", value="two\nlines")
@example(key="application_secret", value="\ud800")
@FEW
def test_any_key_is_refused_in_words_and_not_shown(sim: Simulator, key: str, value: str) -> None:
    assume(value.strip() and value not in sim.credentials.values())
    sim.reset()
    names = ("client_id", "client_secret") if key.startswith("client") else (
        "application_key", "application_secret", "consumer_key")  # fmt: skip
    keys = {name: sim.credentials[name] for name in names}
    result = call(
        kinds.USER_INFO, {"endpoint": sim.url, "service_name": sim.project().id, "retries": 0, **keys, key: value}
    )
    assert result["failed"]
    assert_said(result)
    if len(value) > 12 and key in ("application_secret", "consumer_key", "client_secret"):
        assert value not in result["msg"]


@given(policy=JSON | st.sampled_from(_ODD) | st.text(max_size=30) | JSON.map(_dumped))
@FEW
def test_any_policy_document_is_one_or_a_clear_error(policy: Any) -> None:
    try:
        document = parse_document(policy)
    except CloudOpsError as problem:
        assert problem.message.startswith("policy")
    else:
        assert isinstance(document["Statement"], list)


# Times and cells

_NUMBER = st.integers(0, 99).map("{:02d}".format)


@given(
    text=st.text(max_size=30)
    | st.tuples(*[_NUMBER] * 7, st.sampled_from(["", "Z", "z", "+01:00", "-9999", "+00:60", "+2400", ".5Z"])).map(
        lambda n: f"{n[0]}{n[1]}-{n[2]}-{n[3]}T{n[4]}:{n[5]}:{n[6]}{n[7]}"
    )
)
@FEW
def test_any_time_is_one_or_none(text: str) -> None:
    seconds = parse_time(text)
    if seconds is not None:
        assert parse_time(format_time(seconds)) == int(seconds)


@given(descriptions=st.lists(DESCRIPTIONS | st.text("=+-@\t\r\n'\", a", max_size=6), max_size=4))
@settings(FEW, suppress_health_check=[HealthCheck.too_slow])
def test_any_description_is_one_cell_and_no_formula(sim: Simulator, descriptions: list[str]) -> None:
    sim.reset()
    for one in descriptions:
        sim.project().add_user(one, ROLES)
    audit = call(kinds.AUDIT_INFO, connection(sim))
    assert not audit.get("failed"), audit
    text = to_csv(build_report({"host": audit}, "2026-03-01T12:00:00Z"))
    text.encode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(descriptions)
    assert all(None not in row and None not in row.values() for row in rows)
    for row in rows:
        for value in row.values():
            assert value.lstrip()[:1] not in ("=", "+", "-", "@") or value.lstrip("'")[:1].isdigit(), value
