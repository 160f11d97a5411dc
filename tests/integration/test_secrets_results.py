# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return, with secrets planted everywhere: only the field that is made for one has one.

These runs have nothing of Ansible's own hiding of ``no_log`` values: what is found here was never there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible.module_utils import basic

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api import creation
from tests.simulator import Simulator
from tests.support.leaks import KEYS, Secrets
from tests.support.modules import call, connection
from tests.support.rig import VAULT_PASSWORD, hurry, inline_vault

AI = "ai_training_operator"
#: A secret that only a fault has: the API quotes what it was about to give, or what it was given.
QUOTED = "Plantedquotedsecret5"


class Case(NamedTuple):
    """A run that handles secrets. ``place``: where its result has one, if it is hidden."""

    kind: runner.Kind
    options: dict[str, Any]
    place: str | None = None


NEW = {"name": "new", "role": AI, "region": "GRA"}
CASES = {
    "user-new": Case(kinds.USER, {"description": "new", "roles": [AI]}, "password"),
    "user-renewed": Case(kinds.USER, {"description": "ada", "update_password": "always"}, "password"),
    "user-roles": Case(kinds.USER_ROLE, {"description": "ada", "roles": ["objectstore_operator"]}),
    "user-gone": Case(kinds.USER, {"description": "ada", "state": "absent"}),
    "list": Case(
        kinds.USERS, {"users": ["new", {"name": "ada", "update_password": "always"}], "roles": [AI]}, "credentials"
    ),
    "list-folder": Case(
        kinds.USERS, {"users": ["new"], "roles": [AI], "credentials_dir": "plain", "verify_credentials": True}
    ),
    "list-vault-keys": Case(
        kinds.USERS,
        {
            "users": ["new", "ada"],
            "s3_credentials": "present",
            "credentials_dir": "vaulted",
            "update_password": "always",
        }
        | {"credentials_vault_password": VAULT_PASSWORD},
    ),
    "list-no-keys": Case(kinds.USERS, {"users": ["ada"], "s3_credentials": "absent"}),
    "file-read": Case(kinds.USER_CREDENTIAL, {"credential_file": "old/ada"}, "credential"),
    "file-verified": Case(kinds.USER_CREDENTIAL, {"credential_file": "old/ada", "state": "verified"}),
    "file-delivered": Case(kinds.USER_CREDENTIAL, {"credential_file": "old/ada", "state": "delivered"}),
    "key-new": Case(kinds.S3_CREDENTIAL, {"description": "ada", "rotate": True}, "secret"),
    "key-shown": Case(kinds.S3_CREDENTIAL, {"description": "ada", "display_secret": True}, "secret"),
    "key-gone": Case(kinds.S3_CREDENTIAL, {"description": "ada", "state": "absent"}),
    "policy": Case(
        kinds.S3_POLICY,
        {
            "description": "ada",
            "policy": {
                "Statement": [
                    {"Sid": "a", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
                ]
            },
        },
    ),
    "token-new": Case(kinds.AI_TOKEN, NEW, "token"),
    "token-renewed": Case(kinds.AI_TOKEN, {"name": "old", "renew": True}, "token"),
    "token-gone": Case(kinds.AI_TOKEN, {"name": "old", "state": "absent"}),
    "tokens": Case(kinds.AI_TOKEN_INFO, {}),
    "users": Case(kinds.USER_INFO, {}),
    "roles": Case(kinds.ROLE_INFO, {}),
    "audit": Case(kinds.AUDIT_INFO, {}),
}
QUOTE = f"cannot take {QUOTED} for {KEYS['application_secret']} and {KEYS['consumer_key']}"
BODY = {"message": QUOTE, "password": QUOTED, "secret": QUOTED, "status": {"value": QUOTED}, "id": QUOTED}
#: Answers that quote secrets, for every call that changes something or shows a secret, and for reading.
FAULTS: dict[str, tuple[dict[str, Any], ...]] = {
    "none": (),
    "lost": ({"kind": "reset", "when": "after"},),
    "refused": ({"kind": "status", "status": 400, "message": QUOTE, "details": {"password": QUOTED}},),
    "forbidden": ({"kind": "status", "status": 403, "message": QUOTE, "details": {"password": QUOTED}},),
    "broken": ({"kind": "status", "status": 500, "message": QUOTE, "details": {"token": QUOTED}, "times": 9},),
    "malformed": ({"kind": "wrong_shape", "shape": BODY, "times": 9},),
    "list-for-object": ({"kind": "wrong_shape", "shape": [BODY], "times": 9},),
    "garbage": ({"kind": "garbage", "text": QUOTE, "times": 9},),
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(credentials=KEYS) as simulator:
        yield simulator


@pytest.fixture
def secrets(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """A cloud with a user, a key and a token, whose secrets are known."""
    hurry(monkeypatch.setattr)
    monkeypatch.setattr(creation, "LAG", 0.1)
    inline_vault(monkeypatch.setattr)
    project = sim.project()
    user = project.add_user("ada", [AI])
    known = Secrets(sim)
    known.known.update({QUOTED, project.password_of(user["id"])})
    known.learn(project.add_s3_credential(user["id"]))
    known.learn(project.add_ai_token("old", role=AI, region="GRA"))
    return known


def options_of(case: Case, sim: Simulator, tmp_path: Path) -> dict[str, Any]:
    options = connection(sim, timeout=0.5, retries=1, **case.options)
    if "credentials_dir" in options:
        options["credentials_dir"] = str(tmp_path / options["credentials_dir"])
    if "credential_file" in options:
        folder = tmp_path / "old" / options["service_name"]
        folder.mkdir(mode=0o700, parents=True)
        (tmp_path / "old").chmod(0o700)
        user = sim.project().user_by_description("ada")
        assert user is not None
        record = {
            "service_name": options["service_name"],
            "user_id": user["id"],
            "username": user["username"],
            "description": "ada",
            "password": sim.project().password_of(user["id"]),
            "issued_at": "2026-01-01T00:00:00Z",
            "s3_access": "a",
            "s3_secret": QUOTED,
            "s3_aws_profile": f"secret = {QUOTED}",
            "s3_rclone_profile": f"secret = {QUOTED}",
        }
        path = folder / "ada.yml"
        path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in record.items()))
        path.chmod(0o600)
        options["credential_file"] = str(path)
    return options


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", CASES)
def test_only_the_field_that_is_made_for_a_secret_has_one(
    sim: Simulator, secrets: Secrets, tmp_path: Path, name: str, fault: str
) -> None:
    case = CASES[name]
    options = options_of(case, sim, tmp_path)
    for one in FAULTS[fault]:
        for method in ("POST", "PUT", "DELETE"):
            sim.fault(**{**one, "method": method})
    # In check mode nothing is asked that could go wrong.
    for check in (True, False) if fault == "none" else (False,):
        for hidden in (False, True):
            result = call(case.kind, options, check=check, hidden=hidden)
            place = case.place if hidden and not check else None
            if case.place == "credential":
                # Reading a file is the same in check mode.
                place = case.place if hidden else None
            shown = {key: value for key, value in result.items() if key != place}
            secrets.check(f"{name}, {fault}, check={check}, hidden={hidden}", json.dumps(shown))
            if fault == "none" and place is not None:
                assert secrets.found(json.dumps(result[place]))
            if case.place and not hidden:
                assert result["failed"]
                assert "no_log: true" in result["msg"]


def test_a_defect_of_ours_shows_its_place_and_not_its_text(
    sim: Simulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback ends in the text of the exception, and that could hold anything."""

    def broken(_request: Any, _connect: Any) -> None:
        raise ValueError(f"invalid literal {QUOTED}")

    arguments = {**connection(sim), "users": ["ada"], "return_password": False, "_ansible_remote_tmp": "/nonexistent"}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(kinds.USERS._replace(execute=broken))
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["failed"]
    assert "Unexpected ValueError in the collection (test_secrets_results.py, line" in result["msg"]
    for secret in (QUOTED, KEYS["application_secret"], KEYS["consumer_key"]):
        assert secret not in shown.out + shown.err
