# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights that are missing: every kind of write is known to the check before the first one, and named by the API's rule.

``test_api_connection.py`` has the same for users and their roles.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from ansible_collections.cloudops.ovh.plugins.module_utils._core.rights import CALLS
from tests.simulator import Simulator
from tests.support.checks import refused, run
from tests.support.modules import PROJECT

AI = "ai_training_operator"
P = f"/cloud/project/{PROJECT}"
POLICY = {"Statement": [{"Sid": "a", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}]}
TOKEN = {"name": "t", "role": AI, "region": "GRA"}


class Need(NamedTuple):
    """A change, and the rule and the IAM action without which it cannot be."""

    kind: runner.Kind
    options: dict[str, Any]
    rule: str
    action: str


NEEDS = {
    "key": Need(kinds.S3_CREDENTIAL, {"description": "new"}, "POST /user/*/s3Credentials", "user/s3Credentials/create"),
    "key-gone": Need(
        kinds.S3_CREDENTIAL,
        {"description": "ada", "state": "absent"},
        "DELETE /user/*/s3Credentials/*",
        "user/s3Credentials/delete",
    ),
    "policy": Need(
        kinds.S3_POLICY, {"description": "ada", "policy": POLICY}, "POST /user/*/policy", "user/policy/create"
    ),
    "token": Need(kinds.AI_TOKEN, TOKEN, "POST /ai/token", "ai/token/create"),
    "token-renewed": Need(kinds.AI_TOKEN, {"name": "old", "renew": True}, "POST /ai/token/*/renew", "ai/token/renew"),
    "token-replaced": Need(kinds.AI_TOKEN, {**TOKEN, "name": "old"}, "DELETE /ai/token/*", "ai/token/delete"),
    "token-gone": Need(kinds.AI_TOKEN, {"name": "old", "state": "absent"}, "DELETE /ai/token/*", "ai/token/delete"),
    "file-key": Need(
        kinds.USERS,
        {"users": ["new"], "s3_credentials": "present"},
        "POST /user/*/s3Credentials",
        "user/s3Credentials/create",
    ),
    "keys-revoked": Need(
        kinds.USERS,
        {"users": ["ada"], "s3_credentials": "absent"},
        "DELETE /user/*/s3Credentials/*",
        "user/s3Credentials/delete",
    ),
    "tokens-revoked": Need(
        kinds.USERS, {"users": ["ada"], "ai_tokens": "absent"}, "DELETE /ai/token/*", "ai/token/delete"
    ),
    "log-in": Need(
        kinds.USERS,
        {"users": [{"name": "ada", "update_password": "always"}], "verify_credentials": True},
        "POST /user/*/token",
        "user/token/create",
    ),
}


@pytest.fixture
def options(sim: Simulator, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A cloud in which each change has something to change, and the options of one."""
    project = sim.project()
    ada, _new = project.add_user("ada", [AI]), project.add_user("new", [])
    project.add_s3_credential(ada["id"])
    project.add_ai_token("old", role="ai_training_read", region="GRA", label_selector="owner=ada")
    need = NEEDS[request.node.callspec.params["name"]]
    more = {"credentials_dir": str(tmp_path / "creds")} if need.kind is kinds.USERS else {}
    return {**need.options, **more}


def all_but(rule: str) -> list[dict[str, str]]:
    """Every other rule that there is, and reading."""
    paths = ["/user", "/user/*", "/ai/token", "/ai/token/*"]
    paths += [f"/user/*/{name}" for name in ("role", "token", "policy", "s3Credentials", "s3Credentials/*")]
    paths += ["/user/*/regeneratePassword", "/ai/token/*/renew"]
    method, path = rule.split()
    narrow = path.replace("*", "1")
    kept = [one for one in paths if not re.fullmatch(re.escape(one).replace(r"\*", ".*"), narrow)]
    rules = [{"method": verb, "path": P + one} for one in kept for verb in ("PUT", method)]
    others = [verb for verb in ("POST", "PUT", "DELETE") if verb != method]
    return [{"method": "GET", "path": "/*"}, *rules, *({"method": verb, "path": P + "/*"} for verb in others)]


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_rule_is_named_before_anything_is_changed(sim: Simulator, options: dict[str, Any], name: str) -> None:
    need = NEEDS[name]
    sim.rules = all_but(need.rule)
    result = run(sim, need.kind, **options)
    said = refused(result, "Nothing was changed", "consumer key has no rule for")
    missing = [rule.split(" ") for rule in result["failure"]["missing_rules"]]
    assert need.rule in [f"{method} {path.removeprefix(P)}" for method, path in missing]
    assert all(path in said for _method, path in missing)
    assert sim.writes() == []
    # A key that has just these as well is enough.
    sim.rules = [*sim.rules, *({"method": method, "path": path} for method, path in missing)]
    assert run(sim, need.kind, **options)["changed"]


@pytest.mark.parametrize("name", sorted(NEEDS.keys() - {"token-renewed", "token-replaced", "log-in", "token"}))
def test_a_steady_run_asks_for_no_rights(sim: Simulator, options: dict[str, Any], name: str) -> None:
    need = NEEDS[name]
    assert run(sim, need.kind, **options)["changed"]
    sim.clear_calls()
    sim.rules = all_but(need.rule)
    again = run(sim, need.kind, **options)
    assert (again["changed"], again.get("failed", False)) == (False, False)
    assert [one.path for one in sim.calls if one.path.endswith("/currentCredential") or one.is_write] == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", NEEDS)
def test_iam_names_the_action(sim: Simulator, options: dict[str, Any], name: str) -> None:
    need = NEEDS[name]
    sim.deny_iam = {need.action}
    refused(run(sim, need.kind, **options), f"its IAM policy lacks publicCloudProject:apiovh:{need.action}", "query id")
    tried = [one for one in sim.writes() if one.status == 403]
    assert len(tried) == 1


def test_every_step_that_writes_is_known_to_the_check(checkout: Path) -> None:
    text = (checkout / "plugins/module_utils/_core/plan.py").read_text(encoding="utf-8")
    steps = set(re.findall(r'Step\(\s*"(\w+)"', text)) - {"forget"}
    # These two are made of others.
    assert steps - {"rotate_key", "drop_key"} <= CALLS.keys()
    assert {"create", "delete", "renew", "revoke_token"} <= steps
