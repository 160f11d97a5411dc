# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in ``playbooks/examples``, as they are: where people come from, and how credentials reach them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.filter import users_from_csv
from tests.simulator import Simulator
from tests.support.modules import PROJECT
from tests.support.plays import ROOT, PlayResult, play
from tests.support.rig import ROLES, Rig
from tests.support.sinks import Sink, mail_server, secret_store

EXAMPLES = ROOT / "playbooks" / "examples"
READ = ["ai_training_read"]


def onboard(tmp_path: Path, sim: Simulator, *args: str, **options: Any) -> PlayResult:
    options.setdefault("extra_vars", {}).update(onboard_users_credentials_dir=str(tmp_path / "creds"))
    return play(tmp_path, sim, playbook="cloudops.ovh.onboard", args=list(args), **options)


def roles(sim: Simulator) -> dict[str, list[str]]:
    return {user["description"]: sim.project().role_names(user["id"]) for user in sim.project().live_users()}


def test_people_from_a_spreadsheet(tmp_path: Path, sim: Simulator) -> None:
    people = json.dumps({"people_csv": str(EXAMPLES / "people.csv")})
    result = onboard(tmp_path, sim, "-e", f"@{EXAMPLES / 'people_from_csv.yml'}", "-e", people)
    assert result.rc == 0, result.text
    assert roles(sim) == {"ada@example.com": ROLES, "grace@example.com": ROLES, "observer@example.com": READ}
    # What is wrong with the file is said with its line, before any call.
    sim.clear_calls()
    (tmp_path / "bad.csv").write_text("description,roles\nada@example.com,\n\n,ai_training_read\n")
    bad = json.dumps({"people_csv": str(tmp_path / "bad.csv")})
    refused = onboard(tmp_path, sim, "-e", f"@{EXAMPLES / 'people_from_csv.yml'}", "-e", bad)
    assert refused.rc != 0
    assert "users_from_csv: line 4 names no user" in " ".join(refused.text.split())
    assert sim.calls == []


def test_people_from_a_group_of_an_inventory(tmp_path: Path, sim: Simulator) -> None:
    group = f"@{EXAMPLES / 'people_from_group.yml'}"
    result = onboard(tmp_path, sim, "-e", group, inventory=EXAMPLES / "staff.yml")
    assert result.rc == 0, result.text
    assert roles(sim) == {"ada@example.com": ROLES, "grace@example.com": ROLES, "olga@example.com": READ}


def test_the_examples_of_the_filter(tmp_path: Path, sim: Simulator) -> None:
    for name, lines in re.findall(r"# (\w+\.csv) is\n((?:# .*\n)+)", users_from_csv.EXAMPLES):
        (tmp_path / name).write_text(lines.replace("# ", ""))
    result = play(tmp_path, sim, tasks=users_from_csv.EXAMPLES)
    assert result.rc == 0, result.text
    # The second file has one person for this host, who is there already.
    assert roles(sim) == {"ada@example.com": ROLES, "observer@example.com": READ}
    assert result.task("Show what a text says").result["msg"] == [
        {"name": "grace@example.com", "roles": ["AI Operator", "ObjectStore Operator"]},
        {"name": "linus@example.com", "state": "absent"},
    ]
    same = result.task("Show what rows say that another task has parsed")
    assert same.result["msg"] == [{"name": "grace@example.com", "roles": ["ai_training_read"]}]


def test_the_audit_of_a_list(tmp_path: Path, sim: Simulator) -> None:
    sim.project().add_user("ada@example.com", ROLES)
    sim.project().add_user("linus@example.com", ROLES)
    result = play(tmp_path, sim, playbook="cloudops.ovh.audit", args=["-e", f"@{EXAMPLES / 'audit.yml'}"])
    # It ends with an error, since Linus is there and two are not, and the page is written even so.
    assert result.rc != 0
    for name in ("linus", "grace", "observer"):
        assert f"{name}@example.com" in result.text
    assert "linus@example.com" in (tmp_path / "home" / "access.html").read_text()


def delivered(tmp_path: Path) -> dict[str, bool]:
    records = [yaml.safe_load(path.read_text()) for path in (tmp_path / "creds" / PROJECT).glob("*.yml")]
    return {record["description"].partition("@")[0]: bool(record["delivered_at"]) for record in records}


def tried_twice(
    tmp_path: Path, sim: Simulator, sink: Sink, example: str, people: list[str], said: str, **options: Any
) -> list[str]:
    """Deliver to people, the first time in vain for Grace, with what is ``said`` then; return all secrets."""
    variables = {
        "onboard_users_users": people,
        "onboard_users_deliver_tasks": str(EXAMPLES / example),
        "onboard_users_kit": True,
        **options.pop("variables", {}),
    }
    sink.refused = {"grace"}
    first = onboard(tmp_path, sim, extra_vars=variables, verbosity=3, **options)
    assert first.rc != 0
    assert f"1 of {len(people)} credentials could not be delivered" in first.text
    assert f'The task that failed is "{said}' in first.text
    names = [name.partition("@")[0] for name in people]
    assert delivered(tmp_path) == {name: name != "grace" for name in names}
    sink.refused = set()
    second = onboard(tmp_path, sim, extra_vars=variables, verbosity=3, real_python=True, **options)
    assert second.rc == 0, second.text
    assert delivered(tmp_path) == dict.fromkeys(names, True)
    rig = Rig(sim, tmp_path / "creds")
    secrets = [rig.working(name) for name in people]
    for secret in secrets:
        assert secret not in first.text + second.text
        assert not any(secret in seen for seen in sink.seen)
    return secrets


def test_mail(tmp_path: Path, sim: Simulator) -> None:
    with mail_server() as sink:
        server = {"mail_server": "127.0.0.1", "mail_port": sink.port, "mail_from": "ops@example.com"}
        people = ["ada@example.com", "grace@example.com"]
        why = "Mail to grace@example.com: Not sent: SMTP"
        secrets = tried_twice(tmp_path, sim, sink, "deliver_by_mail.yml", people, why, variables=server)
    # To each of them once, though it was tried twice.
    assert [mail["To"] for mail in sink.mails] == people
    for mail, secret in zip(sink.mails, secrets):
        text, *kit = mail.get_payload()
        assert f"Password: {secret}" in text.get_payload(decode=True).decode()
        assert [part.get_filename() for part in kit] == ["README.md", "openrc.sh", "rclone.conf"]
    # They looked at processes that were there.
    assert all("smtplib" in seen for seen in sink.seen)


def test_a_mail_server_elsewhere_has_to_encrypt(tmp_path: Path) -> None:
    program = yaml.safe_load((EXAMPLES / "deliver_by_mail.yml").read_text())[0]["vars"]["mail_program"]
    asked = {"from": "a@example.com", "to": "b@example.com", "subject": "x", "lines": ["Password: s3cr3t"], "kit": {}}
    with mail_server() as sink:
        # This machine under another name.
        order = json.dumps({**asked, "server": "127.1", "port": sink.port})
        sent = subprocess.run([sys.executable, "-c", program], input=order, capture_output=True, text=True, check=False)
    assert sent.returncode != 0
    assert sent.stderr == "The mail server offers no encryption.\n"
    assert sink.mails == []


def test_a_vault(tmp_path: Path, sim: Simulator) -> None:
    with secret_store() as sink:
        environment = {"VAULT_ADDR": f"http://127.0.0.1:{sink.port}/", "VAULT_TOKEN": "hvs.the-token-of-the-team"}
        people, why = ["grace@example.com"], "Put the credential of grace@example.com into the vault"
        (secret,) = tried_twice(tmp_path, sim, sink, "deliver_to_vault.yml", people, why, env=environment)
    base = f"/v1/secret/data/ovh/{PROJECT}"
    assert {path: data["password"] for path, data in sink.secrets.items()} == {
        f"{base}/grace%40example.com": secret,
    }
    assert sink.tokens == {environment["VAULT_TOKEN"]}
    assert len(sink.seen) == 2


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_every_example_is_run_by_a_test(path: Path) -> None:
    tests = [*(ROOT / "tests").rglob("test_*.py"), ROOT / "scripts" / "demo.py"]
    assert [one.name for one in tests if path.name in one.read_text(encoding="utf-8")], path.name
