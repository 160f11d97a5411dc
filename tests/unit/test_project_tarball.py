"""What is in the tarball, and that it works where it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import build_tarball
from project_files import copy_project, project_files

# What a used checkout, or a careless hand, leaves in the folder.
STRAY = (
    ".venv/lib/python3/site-packages/module.py",
    ".collections/ansible_collections/other/thing/galaxy.yml",
    ".cache/ansible/tmp/file",
    ".env",
    ".ovh.conf",
    ".vault_pass",
    "Secrets.yml",
    "cloudops-ovh-0.0.1.tar.gz",
    "credentials/0123456789abcdef/ada.yml",
    "dist/cloudops-ovh-0.0.1.tar.gz",
    "hosts",
    "inventory/group_vars/all.yml",
    "node_modules/thing/index.js",
    "onboard.yml",
    "ovh.conf",
    "passwords.csv",
    "people.yml",
    "playbooks/.env",
    "playbooks/credentials/ada.yml",
    "playbooks/ovh.conf",
    "playbooks/secrets.yml",
    "plugins/module_utils/__pycache__/thing.cpython-311.pyc",
    "pyvenv.cfg",
    "report.html",
    "requests.log",
    "roles.csv",
    "roles/onboard_users/files/id.pem",
    "secrets.yml",
    "team.csv",
    "test.yml",
    "tests/output/junit/result.xml",
    "vars.json",
    "venv/bin/python",
)


def run(program: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    return build_tarball.build_project(tmp_path_factory.mktemp("dist"), untracked=True)


def test_the_tarball_holds_the_files_of_git(packed: tuple[Path, list[str]]) -> None:
    tarball, expected = packed
    assert build_tarball.differences(tarball, expected) == []


def test_what_lies_around_outside_of_git_is_not_taken_for_the_project(tmp_path: Path) -> None:
    names = copy_project(tmp_path)
    assert project_files(tmp_path) == names
    (tmp_path / "passwords.csv").touch()
    assert project_files(tmp_path) == sorted([*names, "passwords.csv"])
    with pytest.raises(RuntimeError, match="is no git checkout"):
        project_files(tmp_path, untracked=False)


def test_the_same_files_give_the_same_bytes(packed: tuple[Path, list[str]], tmp_path: Path) -> None:
    """In another folder, at another time, under another umask, found in another order."""
    source = tmp_path / "checkout"
    names = copy_project(source)
    for name in reversed(names):
        path = source / name
        content, executable = path.read_bytes(), os.access(path, os.X_OK)
        path.unlink()
        path.write_bytes(content)
        path.chmod(0o700 if executable else 0o600)
    tarball = build_tarball.build(source, tmp_path / "dist")
    assert tarball.read_bytes() == packed[0].read_bytes()


def test_what_users_need_is_in(packed: tuple[Path, list[str]]) -> None:
    content = build_tarball.content(packed[0])
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "meta/runtime.yml", "requirements.txt"):
        assert name in content
    for folder in ("plugins/modules/", "plugins/module_utils/", "plugins/doc_fragments/", "roles/", "playbooks/"):
        assert any(name.startswith(folder) for name in content), folder


def test_the_list_of_what_is_left_out_has_no_dead_entry() -> None:
    names = project_files()
    for left_out in build_tarball.LEFT_OUT:
        assert any(name.startswith(left_out) for name in names), left_out


def test_a_dirty_checkout_packs_nothing_else(tmp_path: Path) -> None:
    """People do run `ansible-galaxy collection build` in their checkout, or install from git."""
    source, destination = tmp_path / "checkout", tmp_path / "dist"
    names = copy_project(source)
    for stray in STRAY:
        path = source / stray
        assert not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a secret")
    link = source / ".collections" / "ansible_collections" / "cloudops" / "ovh"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../..")
    tarball = build_tarball.build(source, destination)
    assert build_tarball.differences(tarball, build_tarball.expected_content(names)) == []


def test_the_comparison_notices(packed: tuple[Path, list[str]]) -> None:
    tarball, expected = packed
    assert build_tarball.differences(tarball, [*expected, "another.txt"]) == ["missing: another.txt"]
    assert build_tarball.differences(tarball, expected[1:]) == [f"not expected: {expected[0]}"]


def test_it_installs_offline_and_is_documented(packed: tuple[Path, list[str]], tmp_path: Path) -> None:
    where = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    options = ["--offline", "--no-deps", "-p", str(tmp_path)]
    run("ansible-galaxy", "collection", "install", *options, str(packed[0]), **where)
    installed = tmp_path / "ansible_collections" / "cloudops" / "ovh"
    modules = sorted(path.stem for path in (installed / "plugins" / "modules").glob("*.py"))
    assert modules
    names = [f"cloudops.ovh.{name}" for name in modules]
    documented = json.loads(run("ansible-doc", "--json", "-t", "module", *names, **where))
    for name in names:
        assert documented[name]["doc"]["filename"].startswith(str(installed.resolve()))
