# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module carries and loads. Ansible unpacks a module's payload, and Python compiles what it loads of it, in
every task and for every item of a loop: what is not needed costs each time."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.modules import PROJECT, ROOT, connection, start

UTILS = ROOT / "plugins" / "module_utils"
OURS = "ansible_collections/cloudops/ovh/plugins/module_utils/"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
#: What each subject brings, and the modules that are about it.
SUBJECTS = {
    "audit": {"ovh_cloud_audit_info"},
    "ai": {"ovh_ai_token", "ovh_ai_token_info", "ovh_cloud_users"},
    "tokens": {"ovh_ai_token", "ovh_ai_token_info"},
    "policies": {"ovh_cloud_user_s3_policy", "ovh_cloud_audit_info"},
    "policy": {"ovh_cloud_user_s3_policy", "ovh_cloud_audit_info"},
    "store": {"ovh_cloud_users", "ovh_cloud_user_credential", "ovh_cloud_audit_info"},
    "vault": {"ovh_cloud_users", "ovh_cloud_user_credential", "ovh_cloud_audit_info"},
    "access_keys": {
        "ovh_cloud_users",
        "ovh_cloud_audit_info",
        "ovh_cloud_user_s3_credential",
        "ovh_cloud_user_s3_policy",
    },
    "apply": {"ovh_cloud_user", "ovh_cloud_user_role", "ovh_cloud_users"},
    "report": set(),
    "kinds": set(),
    "projects": set(),
}
#: What is loaded late, or not at all. `requests` and what it needs is the largest part of a module's start.
LIBRARIES = {"ovh", "requests", "urllib3", "oauthlib", "requests_oauthlib", "yaml", "concurrent.futures", "difflib"}


#: Builds a payload as Ansible does, in a process of its own: it changes how collections are imported.
BUILDER = """
import base64, io, os, re, sys, zipfile
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar

init_plugin_loader([os.environ["ANSIBLE_COLLECTIONS_PATH"]])
name = "cloudops.ovh." + sys.argv[1]
built = modify_module(
    module_name=name,
    module_path=module_loader.find_plugin_with_context(name).plugin_resolved_path,
    module_args={},
    templar=Templar(DataLoader()),
    task_vars={"ansible_python_interpreter": sys.executable},
    module_compression="ZIP_STORED",
)
# ansible-core 2.19 and newer return an object, older ones a tuple.
data = built.b_module_data if hasattr(built, "b_module_data") else built[0]
packed = max(re.findall(rb"[A-Za-z0-9+/=]{200,}", data), key=len)
with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
    print(*archive.namelist())
"""


def carried(name: str) -> set[str]:
    """The files of `module_utils` that a module imports, at once or later, by itself or by others, without ending."""
    found: set[Path] = set()
    todo = [ROOT / "plugins" / "modules" / f"{name}.py"]
    while todo:
        path = todo.pop()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or (not node.level and "cloudops" not in (node.module or "")):
                continue
            above = path.parents[node.level - 1] if node.level else UTILS
            base = above.joinpath(*filter(None, (node.module or "").rpartition("module_utils.")[2].split(".")))
            files = [base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)]
            fresh = [file for file in files if file.is_file() and file not in found]
            found.update(fresh)
            todo += fresh
    return {path.stem for path in found}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_carries_its_own_subjects_only(name: str) -> None:
    files = carried(name)
    assert "runner" in files
    assert sorted(subject for subject in files & SUBJECTS.keys() if name not in SUBJECTS[subject]) == []
    # Were a file called otherwise, the line above could not fail any more.
    assert [subject for subject, names in SUBJECTS.items() if name in names and subject not in files] == []


def test_what_is_carried_is_what_ansible_packs() -> None:
    assert set(SUBJECTS) <= {path.stem for path in UTILS.rglob("*.py")}
    command = [sys.executable, "-c", BUILDER, "ovh_cloud_user"]
    packed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    ours = {Path(file).stem for file in packed if file.startswith(OURS)} - {"__init__"}
    assert ours == carried("ovh_cloud_user")


def test_importing_a_module_loads_no_library() -> None:
    names = ", ".join(f"ansible_collections.cloudops.ovh.plugins.modules.{name}" for name in MODULES)
    code = f"import sys, {names}; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "ansible.module_utils.basic" in done.stdout.split()
    # The audit asks for everybody's keys side by side.
    assert set(done.stdout.split()) & LIBRARIES <= {"concurrent.futures"}


def loaded(name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], set[str]]:
    """Run a module as a process of its own: its result, and all that it loaded, ours without the common part."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    out, err = start(name, options).communicate(timeout=60)
    names = re.findall(r"^import time: .*\| +(\S+)$", err, re.MULTILINE)
    return json.loads(out), {one.partition(".plugins.module_utils.")[2] or one for one in names}


def test_a_steady_user_loads_no_more_than_reading_takes(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.project().add_user("ada", ["ai_training_operator"])
    options = connection(sim, description="ada", roles=["ai_training_operator"])
    result, names = loaded("ovh_cloud_user", options, monkeypatch)
    assert result["changed"] is False
    assert {"ovh.client", "requests", "_api.client", "_core.plan"} <= names
    assert names & (LIBRARIES - {"ovh", "requests", "urllib3"}) == set()
    assert names & {f"_api.{one}" for one in ("apply", "task", "watch", "failures", "storage", "store")} == set()


def test_a_credential_is_read_without_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / PROJECT
    folder.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    (folder / "ada.yml").write_text('---\nuser_id: 1\npassword: "a secret of ada"\n', encoding="utf-8")
    options = {"credential_file": str(folder / "ada.yml"), "state": "read"}
    result, names = loaded("ovh_cloud_user_credential", options, monkeypatch)
    assert result["credential"]["password"] == "a secret of ada"
    assert names & LIBRARIES == set()
    assert names & {"_api.client", "_core.plan", "_core.desired"} == set()


def test_a_service_account_loads_oauth2(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    options = connection(sim, description="ada", state="absent")
    for key in ("application_key", "application_secret", "consumer_key"):
        del options[key]
    options.update({key: sim.credentials[key] for key in ("client_id", "client_secret")})
    result, names = loaded("ovh_cloud_user", options, monkeypatch)
    assert result["changed"] is False
    assert {"oauthlib", "ovh.oauth2"} <= names
