# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of the collection. The image itself needs a container engine and is not built here."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from pathlib import Path

import pytest
import yaml

import build_tarball
from project_files import ROOT, copy_project


def run(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an image is built from, made from a checkout whose tarball is in dist/."""
    checkout = tmp_path_factory.mktemp("checkout")
    copy_project(checkout)
    build_tarball.build_project(checkout / "dist", untracked=True)
    made = tmp_path_factory.mktemp("context")
    run("ansible-builder", "create", "--context", str(made), "--output-filename", "Containerfile", cwd=checkout)
    return made


def test_the_context_has_the_tarball_where_galaxy_is_told(context: Path) -> None:
    (tarball,) = (context / "_build" / "collections").iterdir()
    (wanted,) = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    lines = (context / "Containerfile").read_text().splitlines()
    assert lines.index("COPY _build/collections /collections") < lines.index("WORKDIR /build")
    (move,) = [line.split() for line in lines if line.startswith("RUN mv ")]
    assert fnmatch.fnmatch(f"/collections/{tarball.name}", move[2])
    assert move[3] == wanted["name"]
    assert wanted["type"] == "file"


def test_the_installed_collection_says_what_it_needs(context: Path, tmp_path: Path) -> None:
    """The same script and the same question as in the build's second stage."""
    (tarball,) = (context / "_build" / "collections").iterdir()
    where = str(tmp_path / "collections")
    command = ("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "-p", where, str(tarball))
    run(*command, ANSIBLE_COLLECTIONS_PATH=where)
    script = context / "_build" / "scripts" / "introspect.py"
    written = [f"--write-pip={tmp_path / 'requirements.txt'}", f"--write-bindep={tmp_path / 'bindep.txt'}"]
    run("python", str(script), "introspect", where, *written)
    packages = (tmp_path / "requirements.txt").read_text().splitlines()
    assert sorted(line.split()[0] for line in packages) == ["ovh>=1.2", "requests"]
    assert all("from collection cloudops.ovh" in line for line in packages)
    assert not (tmp_path / "bindep.txt").exists()


def test_the_tool_agrees(tmp_path: Path, collections_dir: Path) -> None:
    said = yaml.safe_load(run("ansible-builder", "introspect", str(collections_dir), cwd=tmp_path))
    assert [line.split()[0] for line in said["python"]] == ["ovh>=1.2", "requests"]
    assert said["system"] == []
