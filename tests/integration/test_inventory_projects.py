# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, through ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from ansible_collections.cloudops.ovh.plugins.inventory import ovh_cloud_projects as plugin
from tests.simulator import Simulator
from tests.support.playbook_client import ansible_playbook
from tests.support.plays import environment, play

A, B, C = (letter * 32 for letter in "abc")
NAME = "ovh_cloud_projects.yml"
PLUGIN = {"plugin": "cloudops.ovh.ovh_cloud_projects"}


class Inventory(NamedTuple):
    rc: int
    data: dict[str, Any]
    text: str

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        return dict(self.data.get("_meta", {}).get("hostvars", {}))

    def group(self, name: str) -> list[str]:
        return list(self.data.get(name, {}).get("hosts", []))

    def value(self, host: str, name: str) -> Any:
        """A variable; text from the API must be marked as unsafe."""
        value = self.hosts[host][name]
        if isinstance(value, dict):
            return value["__ansible_unsafe"]
        assert not isinstance(value, str), f"{name} is not marked as unsafe"
        return value


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """Three projects that differ."""
    with Simulator(projects=[C, A, B]) as sim:
        sim.project(A).fields.update(description="AI one", projectName="one")
        sim.project(B).fields.update(description="AI two", planCode="discovery", access="restricted")
        sim.project(C).fields.update(description="sandbox", status="suspended")
        yield sim


def inventory(
    tmp_path: Path,
    sim: Simulator | None,
    config: Mapping[str, Any] | str,
    *args: str,
    env: Mapping[str, str] | None = None,
    name: str = NAME,
) -> Inventory:
    text = config if isinstance(config, str) else json.dumps({**PLUGIN, **config})
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = ansible_playbook(
        ["-i", name, *(args if "--graph" in args else ("--list", *args))],
        tmp_path,
        {**environment(tmp_path, sim, None), "COLUMNS": "1000", **(env or {})},
        60,
        "inventory",
    )
    data = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    # Lines are wrapped to the width of a terminal.
    return Inventory(done.returncode, data, " ".join((done.stdout + done.stderr).split()))


def test_every_project_is_a_host_with_its_fields(tmp_path: Path, cloud: Simulator) -> None:
    found = inventory(tmp_path, cloud, {})
    assert found.rc == 0
    assert sorted(found.hosts) == [A, B, C]
    assert "WARNING" not in found.text
    expected = {
        "ovh_service_name": A,
        "ovh_project_id": A,
        "ovh_project_name": "one",
        "ovh_description": "AI one",
        "ovh_status": "ok",
        "ovh_plan_code": "project.2018",
        "ovh_access": "full",
        "ovh_manual_quota": False,
        "ovh_expiration": None,
    }
    assert {name: found.value(A, name) for name in expected} == expected
    assert set(found.hosts[A]) == set(expected) | {"ovh_creation_date", "ovh_order_id", "ovh_unleash"}
    paths = sorted(call.path for call in cloud.calls)
    assert paths == ["/auth/time", "/cloud/project", *(f"/cloud/project/{one}" for one in (A, B, C))]


def test_groups_and_variables_are_constructed(tmp_path: Path, cloud: Simulator) -> None:
    config = {
        "keyed_groups": [{"prefix": "plan", "key": "ovh_plan_code"}, {"prefix": "team", "key": "team"}],
        "groups": {"ai": "'AI' in ovh_description", "never": "ovh_nothing == 1"},
        "compose": {"team": "ovh_description | lower", "broken": "ovh_nothing.at_all"},
    }
    found = inventory(tmp_path, cloud, config)
    assert found.group("plan_project_2018") == [A, C]
    assert found.group("plan_discovery") == [B]
    assert found.group("team_ai_one") == [A]
    assert found.group("ai") == [A, B]
    assert found.group("never") == []
    assert found.value(B, "team") == "ai two"
    assert "broken" not in found.hosts[A]


@pytest.mark.parametrize(
    "config",
    [
        {"compose": {"broken": "ovh_nothing.at_all"}},
        {"groups": {"broken": "ovh_nothing == 1"}},
        {"keyed_groups": [{"key": "ovh_nothing"}]},
        {"filters": [{"include": "ovh_nothing == 1"}]},
    ],
)
def test_strict_ends_at_what_fails(tmp_path: Path, cloud: Simulator, config: dict[str, Any]) -> None:
    found = inventory(tmp_path, cloud, {**config, "strict": True})
    assert "ovh_nothing" in found.text
    assert found.hosts == {}


@pytest.mark.parametrize(
    ("filters", "hosts"),
    [
        ({"status": "ok"}, [A, B]),
        ({"plan_code": ["discovery", "other"], "status": ["ok"]}, [B]),
        ([{"include": "'two' in ovh_description"}, {"exclude": True}], [B]),
        ([{"exclude": "ovh_access == 'restricted'"}, {"include": "ovh_status == 'ok'"}, {"exclude": True}], [A]),
        ([{"exclude": f"inventory_hostname == '{A}'"}], [B, C]),
        # A condition that fails decides nothing.
        ([{"exclude": "ovh_nothing == 1"}, {"exclude": "ovh_description"}], [A, B, C]),
    ],
)
def test_filters(tmp_path: Path, cloud: Simulator, filters: Any, hosts: list[str]) -> None:
    assert sorted(inventory(tmp_path, cloud, {"filters": filters}).hosts) == hosts


def test_a_condition_that_cannot_be_evaluated_is_said_once(tmp_path: Path, cloud: Simulator) -> None:
    """A project that it should exclude is a host."""
    found = inventory(tmp_path, cloud, {"filters": [{"exclude": "ovh_descripton == 'AI two'"}]})
    assert sorted(found.hosts) == [A, B, C]
    assert found.text.count("fails for") == 1
    assert "and counts as false" in found.text
    braces = inventory(tmp_path, cloud, {"filters": [{"exclude": "{{ ovh_access == 'restricted' }}"}]})
    assert braces.hosts == {}
    assert "filters[0]: exclude is a condition by itself: leave the braces out" in braces.text


def test_a_filter_on_a_field_that_nothing_has_is_said(tmp_path: Path, cloud: Simulator) -> None:
    found = inventory(tmp_path, cloud, {"filters": {"stauts": "ok"}})
    assert found.hosts == {}
    assert "no project has a field stauts" in found.text
    assert "status" in found.text


def test_an_option_that_does_not_exist_is_refused(tmp_path: Path, cloud: Simulator) -> None:
    """Without its filter every project would be a host."""
    found = inventory(tmp_path, cloud, {"filter": {"status": "ok"}})
    assert found.hosts == {}
    assert "No such option: filter. Options: " in found.text
    assert ", filters, " in found.text


def test_filters_of_another_form_are_refused(tmp_path: Path, cloud: Simulator) -> None:
    found = inventory(tmp_path, cloud, {"filters": [{"only": "true"}]})
    assert "filters[0] must have exactly one key, include or exclude" in found.text
    assert found.hosts == {}
    assert cloud.calls == []


def test_templates_from_the_api_are_never_evaluated(tmp_path: Path, cloud: Simulator) -> None:
    marker = tmp_path / "evaluated"
    evil = "{{ 7*7 }} {{ lookup('ansible.builtin.pipe', 'touch %s') }} {%% set a = 1 %%}" % marker
    cloud.project(A).fields.update(description=evil, nested={"deep": [evil]})
    config = {
        "compose": {"copied": "ovh_description", "joined": "ovh_description ~ '{{ 6*7 }}'"},
        "keyed_groups": [{"prefix": "d", "key": "ovh_description"}],
        "groups": {"odd": "ovh_description is search('7')"},
    }
    found = inventory(tmp_path, cloud, config)
    assert found.value(A, "ovh_description") == evil
    assert found.value(A, "copied") == evil
    assert found.hosts[A]["ovh_nested"]["deep"] == [{"__ansible_unsafe": evil}]
    assert found.group("odd") == [A]
    tasks = [
        {
            "name": "Use it",
            "ansible.builtin.debug": {"msg": "{{ ovh_description }}|{{ copied }}|{{ ovh_nested.deep.0 }}|{{ joined }}"},
        }
    ]
    result = play(tmp_path, cloud, tasks=tasks, inventory=tmp_path / NAME, args=["--limit", A])
    assert result.task("Use it").result["msg"] == f"{evil}|{evil}|{evil}|{evil}{{{{ 6*7 }}}}"
    assert not marker.exists()


@pytest.mark.parametrize(("status", "says"), [(403, "rights"), (404, "failed (HTTP 404"), (460, "has expired")])
def test_a_project_that_cannot_be_read_is_a_warning(tmp_path: Path, cloud: Simulator, status: int, says: str) -> None:
    cloud.fault("status", "GET", f"/cloud/project/{B}$", times=None, status=status)
    found = inventory(tmp_path, cloud, {})
    assert found.rc == 0
    assert sorted(found.hosts) == [A, C]
    assert f"Project {B} is left out: GET /cloud/project/{B}" in found.text
    assert says in found.text


def test_nothing_readable_is_an_error_that_names_the_right(tmp_path: Path, cloud: Simulator) -> None:
    cloud.rules = [{"method": "GET", "path": "/cloud/project"}]
    found = inventory(tmp_path, cloud, {}, env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"})
    assert found.rc != 0
    assert f"The consumer key has no rule for GET /cloud/project/{A}: ask for a key with that rule" in found.text


def test_no_project_is_no_error(tmp_path: Path) -> None:
    with Simulator(projects=[]) as sim:
        found = inventory(tmp_path, sim, {}, env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"})
    assert found.rc == 0
    assert found.hosts == {}


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"OVH_CONSUMER_KEY": "wrong-consumer-key"}, "The consumer key is not valid"),
        ({"OVH_APPLICATION_SECRET": "wrong-application-secret"}, "application_secret does not belong to these keys"),
        ({"OVH_CONSUMER_KEY": ""}, "consumer_key is missing"),
        ({"OVH_ENDPOINT": "ovh-mars"}, "'ovh-mars' is not a region"),
        ({"OVH_ENDPOINT": ""}, "No endpoint"),
        ({"OVH_TIMEOUT": "soon"}, "OVH_TIMEOUT must be a number"),
    ],
)
def test_a_connection_that_cannot_work_is_said(
    tmp_path: Path, cloud: Simulator, env: dict[str, str], message: str
) -> None:
    found = inventory(tmp_path, cloud, {}, env={**env, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"})
    assert found.rc != 0
    assert message in found.text
    assert "Traceback" not in found.text
    assert not any(value in found.text for value in env.values() if value.startswith("wrong"))


def test_an_error_about_keys_says_where_they_are(tmp_path: Path, cloud: Simulator) -> None:
    none = {f"OVH_{key.upper()}": "" for key in ("application_key", "application_secret", "consumer_key")}
    half = inventory(tmp_path, cloud, {"application_key": "half-of-the-keys"}, env=none)
    assert "Keys from the inventory file: application_secret, consumer_key is missing" in half.text
    nothing = inventory(tmp_path, cloud, {}, env=none)
    assert "Looked in: the inventory file, the environment (OVH_...)" in nothing.text


def test_keys_come_from_the_file_as_templates_and_vaulted(tmp_path: Path, cloud: Simulator) -> None:
    keys = cloud.credentials
    (tmp_path / "password").write_text("a vault password\n")
    vaulted = subprocess.run(
        ["ansible-vault", "encrypt_string", "--vault-password-file", "password", keys["consumer_key"]],
        cwd=tmp_path,
        env=environment(tmp_path, None, None),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    text = "\n".join(
        [
            "plugin: cloudops.ovh.ovh_cloud_projects",
            'endpoint: "{{ api }}"',
            "application_key: \"{{ lookup('ansible.builtin.env', 'TEAM_KEY') }}\"",
            f"application_secret: {keys['application_secret']}",
            f"consumer_key: {vaulted}",
        ]
    )
    args = ["-e", f"api={cloud.url}", "--vault-password-file", "password"]
    # Keys of the environment are of no use here, and are not mixed in.
    env = {"TEAM_KEY": keys["application_key"], "OVH_APPLICATION_KEY": "of-somebody-else", "OVH_CLIENT_ID": "other"}
    found = inventory(tmp_path, None, text, *args, env=env)
    assert sorted(found.hosts) == [A, B, C], found.text


def test_a_template_that_fails_is_said(tmp_path: Path, cloud: Simulator) -> None:
    found = inventory(tmp_path, cloud, {"endpoint": "{{ not_there }}"})
    assert "endpoint is a template that fails" in found.text
    assert found.hosts == {}


def test_a_service_account_in_a_configuration_file(tmp_path: Path, cloud: Simulator) -> None:
    keys = cloud.credentials
    (tmp_path / "team.conf").write_text(
        f"[{cloud.url}]\nclient_id={keys['client_id']}\nclient_secret={keys['client_secret']}\n"
    )
    config = {"endpoint": cloud.url, "config_file": "{{ lookup('ansible.builtin.env', 'HERE') }}/team.conf"}
    found = inventory(tmp_path, None, config, env={"HERE": str(tmp_path)})
    assert sorted(found.hosts) == [A, B, C], found.text


def test_the_cache_spares_the_api_and_is_as_safe(tmp_path: Path, cloud: Simulator) -> None:
    cloud.project(A).fields["description"] = "{{ 7*7 }}"
    cloud.fault("status", "GET", f"/cloud/project/{B}$", times=None, status=460)
    config = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first = inventory(tmp_path, cloud, config)
    cloud.clear_calls()
    again = inventory(tmp_path, cloud, config)
    assert cloud.calls == []
    assert again.data == first.data
    assert again.value(A, "ovh_description") == "{{ 7*7 }}"
    assert f"Project {B} is left out" in again.text
    kept = "".join(path.read_text() for path in (tmp_path / "cache").iterdir())
    assert not any(secret in kept for secret in cloud.credentials.values())
    cloud.clear_faults()
    # ansible-inventory has --flush-cache since 2.18 only.
    shutil.rmtree(tmp_path / "cache")
    assert sorted(inventory(tmp_path, cloud, config).hosts) == [A, B, C]


def test_what_may_pass_is_not_cached(tmp_path: Path, cloud: Simulator) -> None:
    cloud.fault("status", "GET", f"/cloud/project/{B}$", times=1, status=503)
    config = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
        "retries": 0,
    }
    first, second = inventory(tmp_path, cloud, config), inventory(tmp_path, cloud, config)
    assert (first.value(B, "ovh_service_name"), "ovh_status" in first.hosts[B]) == (B, False)
    assert f"The fields of project {B} could not be read, so it is a host without them: GET" in first.text
    assert second.value(B, "ovh_status") == "ok"


@pytest.mark.parametrize("filters", [{"status": "ok"}, [{"include": "ovh_status == 'ok'"}]])
def test_what_filters_cannot_judge_is_left_out(tmp_path: Path, cloud: Simulator, filters: Any) -> None:
    cloud.fault("status", "GET", f"/cloud/project/{B}$", times=1, status=503)
    groups = {"ai": "'AI' in ovh_description | default('', true)"}
    found = inventory(tmp_path, cloud, {"filters": filters, "groups": groups, "strict": True, "retries": 0})
    assert B not in found.hosts
    assert A in found.hosts
    assert f"The fields of project {B} could not be read, so it is left out, since filters need them" in found.text


def test_projects_are_read_side_by_side(tmp_path: Path) -> None:
    with Simulator(projects=[f"{number:032x}" for number in range(40)]) as sim:
        # A run begins gently.
        gate = sim.gate("GET", "/cloud/project/.+", times=None, skip=20)
        found: list[Inventory] = []
        thread = threading.Thread(target=lambda: found.append(inventory(tmp_path, sim, {})))
        thread.start()
        reached = gate.wait_reached(30, count=10)
        gate.release()
        thread.join()
    assert reached
    assert len(found[0].hosts) == 40


@pytest.mark.parametrize("name", ["team.ovh_cloud_projects.yaml", "ovh_cloud_projects.yaml"])
def test_files_of_the_plugin(tmp_path: Path, cloud: Simulator, name: str) -> None:
    assert len(inventory(tmp_path, cloud, {}, name=name).hosts) == 3


def test_other_files_are_not_the_plugins(tmp_path: Path, cloud: Simulator) -> None:
    env = {"ANSIBLE_INVENTORY_ENABLED": "cloudops.ovh.ovh_cloud_projects"}
    assert inventory(tmp_path, cloud, {}, name="projects.yml", env=env).hosts == {}
    assert cloud.calls == []


def test_the_graph(tmp_path: Path, cloud: Simulator) -> None:
    found = inventory(tmp_path, cloud, {"keyed_groups": [{"prefix": "status", "key": "ovh_status"}]}, "--graph")
    assert f"|--@status_ok: | |--{A} | |--{B} |--@status_suspended: | |--{C}" in found.text


@pytest.mark.parametrize("number", range(4))
def test_the_examples(tmp_path: Path, cloud: Simulator, number: int) -> None:
    example = list(yaml.safe_load_all(plugin.EXAMPLES))[number]
    if "endpoint" in example:
        example["endpoint"] = cloud.url
    keys = {f"TEAM_{key.upper()}": value for key, value in cloud.credentials.items()}
    found = inventory(tmp_path, cloud, example, env={**keys, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"})
    assert found.rc == 0, found.text
    assert sorted(found.hosts) == ([A, B, C] if number < 2 else [A, B])
    if number == 1:
        assert found.group("status_suspended") == [C]
        assert found.group("plan_discovery") == [B]
        assert found.group("ai") == [A, B]
        assert found.value(C, "team") == "sandbox"


def test_the_examples_are_all_tested() -> None:
    assert len(list(yaml.safe_load_all(plugin.EXAMPLES))) == 4


def test_a_play_works_on_the_projects_of_a_group(tmp_path: Path, cloud: Simulator) -> None:
    (tmp_path / NAME).write_text(json.dumps({**PLUGIN, "groups": {"ai": "'AI' in ovh_description"}}))
    tasks = [
        {
            "name": "Ada",
            "cloudops.ovh.ovh_cloud_user": {
                "description": "ada@example.com",
                "service_name": "{{ ovh_service_name }}",
                "return_password": False,
            },
        }
    ]
    keywords = {"hosts": "{{ target | default('localhost') }}"}
    for changed in (1, 0):
        result = play(
            tmp_path,
            cloud,
            tasks=tasks,
            keywords=keywords,
            inventory=tmp_path / NAME,
            extra_vars={"target": "ai"},
            project=None,
        )
        assert result.rc == 0, result.text
        assert {host: stats["changed"] for host, stats in result.stats.items()} == {A: changed, B: changed}
    assert [len(cloud.project(one).live_users()) for one in (A, B, C)] == [1, 1, 0]


def test_a_line_of_a_configuration_that_is_none_is_not_shown(tmp_path: Path, cloud: Simulator) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".ovh.conf").write_text("application_secret=do-not-show\n")
    result = inventory(tmp_path, cloud, {}, "-vvvv")
    # Where lines are wrapped, they are also broken after the hyphens of a path.
    assert "/home/.ovh.conf is not a valid ovh.conf" in result.text
    assert "do-not-show" not in result.text


def test_the_options_of_the_connection_are_those_of_the_modules() -> None:
    from ansible_collections.cloudops.ovh.plugins.doc_fragments.connection import ModuleDocFragment

    of_modules = set(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]) - {"service_name"}
    assert set(yaml.safe_load(plugin.DOCUMENTATION)["options"]) == of_modules | {"plugin", "filters"}
