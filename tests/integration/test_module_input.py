# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: a message that says what to do, before the first write and mostly before the first call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds, runner
from tests.simulator import Simulator
from tests.support.checks import refused, run
from tests.support.modules import PROJECT, ROOT, call, connection, finish, start

AI = "ai_training_operator"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
BOTH_MODES = pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
EACH = pytest.mark.parametrize("kind", [kinds.USER, kinds.USER_ROLE, kinds.USERS], ids=["user", "role", "users"])


def named(kind: runner.Kind, description: Any) -> dict[str, Any]:
    """Options for one user."""
    if kind is kinds.USERS:
        return {"users": [{"description": description}], "roles": [AI]}
    return {"description": description, "roles": [AI]}


@BOTH_MODES
@EACH
@pytest.mark.parametrize("description", ["", " ", "\t\n", "\u3000"])
def test_a_blank_description_is_refused(sim: Simulator, kind: runner.Kind, description: str, check: bool) -> None:
    refused(run(sim, kind, check=check, **named(kind, description)), "empty or blank")
    assert sim.calls == []


@EACH
def test_text_that_is_no_unicode_is_refused(sim: Simulator, kind: runner.Kind) -> None:
    refused(run(sim, kind, **named(kind, "ada\udcff")), "not valid Unicode")
    assert sim.calls == []


@BOTH_MODES
@pytest.mark.parametrize(
    ("users", "said"),
    [
        (["ada", "ada"], ["users[0] (ada)", "users[1] (ada)", "same user", "list it once"]),
        (["ada", {"name": "ada"}], ["users[0]", "users[1]", "same user"]),
        ([{"user_id": 7}, {"user_id": "7"}], ["users[0]", "users[1]", "same user"]),
        ([{"name": "ada", "role": [AI]}], ["users[0]", "unknown key role", "roles"]),
        ([{"name": "ada", 3: "x"}], ["users[0]", "unknown key 3"]),
        (["ok", {"roles": [AI]}], ["users[1] names no user", "description (name), user_id, username"]),
        ([{"name": "ada", "user_id": 7}], ["users[0]", "name and user_id", "exactly one"]),
        ([{"name": "a", "description": "b"}], ["users[0]", "description and name", "exactly one"]),
        ([7], ["users[0]", "description or a mapping", "a number"]),
        ([["ada"]], ["users[0]", "description or a mapping", "list"]),
        ([None], ["users[0]", "description or a mapping"]),
        ([True], ["users[0]", "description or a mapping", "true or false"]),
        ([{"name": 7}], ["users[0]", "description must be a string", "a number", "quote it"]),
        ([{"name": ["ada"]}], ["users[0]", "description must be a string"]),
        ([{"user_id": "seven"}], ["users[0]", "user_id must be a positive integer", "'seven'"]),
        ([{"user_id": 0}], ["users[0]", "user_id must be a positive integer"]),
        ([{"user_id": -1}], ["users[0]", "user_id must be a positive integer"]),
        ([{"user_id": True}], ["users[0]", "user_id must be a positive integer"]),
        ([{"user_id": 7.5}], ["users[0]", "user_id must be a positive integer"]),
        ([{"username": " "}], ["users[0]", "username"]),
        ([{"username": 7}], ["users[0]", "username"]),
        ([{"name": "ada", "roles": 7}], ["users[0] (ada)", "roles must be a list", "a number"]),
        ([{"name": "ada", "roles": {"x": 1}}], ["users[0] (ada)", "roles must be a list", "a mapping"]),
        ([{"name": "ada", "roles": [7]}], ["users[0] (ada)", "roles", "7", "not a role name"]),
        ([{"name": "ada", "roles": [""]}], ["users[0] (ada)", "roles", "not a role name"]),
        ([{"name": "ada", "revoke_roles": [None]}], ["users[0] (ada)", "revoke_roles", "not a role name"]),
        ([{"name": "ada", "state": "gone"}], ["users[0] (ada)", "state", "present, absent", "'gone'"]),
        ([{"name": "ada", "state": True}], ["users[0] (ada)", "state", "present, absent"]),
        ([{"name": "ada", "purge_roles": "maybe"}], ["users[0] (ada)", "purge_roles", "true or false", "'maybe'"]),
        ([{"name": "ada", "update_password": "never"}], ["users[0] (ada)", "update_password", "on_missing"]),
        ([{"name": "ada", "update_password": "on_missing"}], ["on_missing", "needs credentials_dir"]),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, list) and not isinstance(value[0], str) else "",
)
def test_a_bad_item_is_named_with_its_key(sim: Simulator, users: list[Any], said: list[str], check: bool) -> None:
    result = run(sim, kinds.USERS, check=check, users=users)
    refused(result, *said)
    assert result["failure"]["code"] == "bad_input"
    assert result["changed"] is False
    assert sim.calls == []


@BOTH_MODES
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"purge_users": True}, ["purge_users needs purge_match", "regular expression"]),
        ({"purge_users": True, "purge_match": ""}, ["purge_users needs purge_match"]),
        ({"purge_users": True, "purge_match": "(ada"}, ["purge_match '(ada'", "not a regular expression"]),
        ({"purge_users": True, "purge_match": "*"}, ["purge_match '*'", "not a regular expression"]),
        ({"max_deletions": -1}, ["max_deletions must not be negative"]),
        ({"max_resets": -1}, ["max_resets must not be negative"]),
        ({"rotate_after_days": -1, "credentials_dir": "/x"}, ["rotate_after_days must not be negative"]),
        ({"concurrency": 0}, ["concurrency must be between 1 and 100"]),
        ({"concurrency": 101}, ["concurrency must be between 1 and 100"]),
        ({"wait_timeout": 0}, ["wait_timeout must be 1 second or more"]),
        ({"timeout": 0}, ["timeout must be a number from 0.001 to 1000000000"]),
        ({"timeout": "nan"}, ["timeout must be a number from 0.001 to 1000000000"]),
        ({"timeout": float("inf")}, ["timeout must be a number from 0.001 to 1000000000"]),
        ({"retries": -1}, ["retries must be a number from 0 to 1000000000"]),
        ({"rate_limit": 0}, ["rate_limit must be a number from 0.001 to 1000000000"]),
        ({"concurrency": "many"}, ["concurrency", "int"]),
        ({"wait": "perhaps"}, ["wait", "bool"]),
        ({"state": "gone"}, ["state", "present, absent", "gone"]),
        ({"update_password": "never"}, ["update_password", "on_missing", "never"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_bad_option_is_named(sim: Simulator, options: dict[str, Any], said: list[str], check: bool) -> None:
    result = run(sim, kinds.USERS, check=check, users=["ada"], **{"retries": 0, **options})
    refused(result, *said)
    assert sim.calls == []


@BOTH_MODES
@pytest.mark.parametrize("project", ["my project", "abc/def", "", "ä", "-abc", "a" * 65, "..", "abc?x=1"])
def test_what_cannot_be_a_project_id_is_refused(sim: Simulator, project: str, check: bool) -> None:
    refused(run(sim, kinds.USERS, check=check, users=["ada"], service_name=project), "service_name", "project's ")
    assert sim.calls == []


@pytest.mark.parametrize("check", [True, False])
@EACH
def test_an_unknown_project_is_said(sim: Simulator, kind: runner.Kind, check: bool) -> None:
    result = run(sim, kind, check=check, service_name="e" * 32, **named(kind, "ada"))
    refused(result, "HTTP 404", "This service does not exist", "check service_name", "query id EU.ext")
    assert result["failure"]["query_id"].startswith("EU.ext")
    assert sim.writes() == []


@EACH
def test_no_project_says_where_it_can_be_set(sim: Simulator, kind: runner.Kind) -> None:
    options = connection(sim, **named(kind, "ada"))
    del options["service_name"]
    refused(call(kind, options), "service_name", "project_id", "OVH_CLOUD_PROJECT_SERVICE")
    assert sim.calls == []


def test_the_project_may_come_from_the_environment(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    options = connection(sim, users=["ada"])
    monkeypatch.setenv("OVH_CLOUD_PROJECT_SERVICE", options.pop("service_name"))
    assert call(kinds.USERS, options)["changed"]


def test_the_alias_of_the_project_goes_before_the_environment(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    options = connection(sim, users=[])
    options["project_id"] = options.pop("service_name")
    monkeypatch.setenv("OVH_CLOUD_PROJECT_SERVICE", "f" * 32)
    result = finish(start("ovh_cloud_users", options))
    assert result["service_name"] == options["project_id"]
    assert result.get("warnings", []) == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ovh_cloud_user", {"state": "absent"}),
        ("ovh_cloud_user", {"return_password": False}),
        ("ovh_cloud_user_role", {"roles": [AI], "state": "absent"}),
        ("ovh_cloud_user_info", {}),
        ("ovh_cloud_user_s3_credential", {"state": "absent"}),
        ("ovh_ai_token", {"state": "absent"}),
    ],
)
@pytest.mark.parametrize(
    ("value", "what"), [(["a", "b"], "a list"), ({"a": 1}, "a mapping"), (False, "true or false"), ([], "a list")]
)
def test_what_is_no_text_is_no_name(sim: Simulator, name: str, options: dict[str, Any], value: Any, what: str) -> None:
    """Ansible would make text of it, find nobody of that name, and be content."""
    option = "name" if name == "ovh_ai_token" else "description"
    refused(finish(start(name, connection(sim, **{option: value}, **options))), f"{option} must be text, not {what}.")
    assert sim.calls == []


def test_a_number_is_a_name(sim: Simulator) -> None:
    sim.project().add_user("4711", [AI])
    (user,) = finish(start("ovh_cloud_user_info", connection(sim, description=4711)))["users"]
    assert user["description"] == "4711"


def test_a_secret_that_is_no_text_is_not_shown(sim: Simulator) -> None:
    options = connection(sim, users=[])
    options["application_secret"] = ["hunter2"]
    result = finish(start("ovh_cloud_users", options))
    refused(result, "application_secret must be text, not a list.")
    assert "hunter2" not in str(result)


def test_a_project_without_a_name_is_not_that_of_the_environment(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVH_CLOUD_PROJECT_SERVICE", PROJECT)
    options = connection(sim, users=[], service_name="")
    refused(finish(start("ovh_cloud_users", options)), "service_name (alias project_id) is empty. Leave it out")
    assert sim.calls == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_without_options_says_what_is_missing(name: str) -> None:
    result = finish(start(name, {}))
    message = refused(result)
    named = ("required", "missing", "No endpoint", "service_name")
    assert any(text in message for text in named), message
    options = ("description", "users", "roles", "credential_file", "user_id", "endpoint", "service_name", "name")
    assert any(option in message for option in options), message


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (kinds.USER, ["one of the following is required", "description", "user_id", "username"]),
        (kinds.USER_ROLE, ["missing required arguments", "roles"]),
        (kinds.USERS, ["missing required arguments", "users"]),
        (kinds.USER_CREDENTIAL, ["missing required arguments", "credential_file"]),
    ],
    ids=["user", "role", "users", "credential"],
)
def test_what_is_missing_is_named(sim: Simulator, kind: runner.Kind, missing: list[str]) -> None:
    refused(call(kind, {}), *missing)


def test_an_option_that_does_not_exist_is_named(sim: Simulator) -> None:
    refused(finish(start("ovh_cloud_users", connection(sim, users=[], purge_user=True))), "purge_user", "purge_users")
    assert sim.calls == []


@pytest.mark.parametrize("client", ["raise ImportError('not here')", "ENDPOINTS = {}"], ids=["missing", "too old"])
def test_without_the_ovh_package_the_usual_message_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    # A package of that name stands before the real one. What version 1.2 brought is not in it.
    monkeypatch.setattr("tests.support.modules.ROOT", tmp_path)
    package = tmp_path / ".collections" / "ovh"
    package.mkdir(parents=True)
    (package.parent / "ansible_collections").symlink_to(ROOT / ".collections" / "ansible_collections")
    (package / "__init__.py").touch()
    (package / "client.py").write_text(client + "\n", encoding="utf-8")
    result = finish(start("ovh_cloud_user", {"description": "ada", "service_name": PROJECT}))
    refused(result, "Failed to import the required Python library (ovh)", sys.executable, "version 1.2 or newer")
