# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page ``docs/day-in-the-life.md``: its files are written, its commands are run, and their output is as it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulator import Simulator
from tests.support.plays import ROOT, environment
from tests.support.rig import ROLES

PAGE = (ROOT / "docs" / "day-in-the-life.md").read_text(encoding="utf-8")
RESEARCH, TRAINING, PRODUCTION = PROJECTS = [pair * 16 for pair in ("a1", "b2", "c3")]
#: The page's blocks, and what happens elsewhere in between.
_PART = re.compile(r"^```(\w+)\n(.*?)^```$|^<!-- (meanwhile: .*?) -->$", re.MULTILINE | re.DOTALL)


def parts() -> list[tuple[str, str]]:
    """Return the kind and the text of each part that is not prose."""
    return [("meanwhile", one[3]) if one[3] else (one[1], one[2]) for one in _PART.finditer(PAGE)]


@pytest.fixture
def cloud() -> Iterator[Simulator]:
    """Three projects, and two people who were there before."""
    with Simulator(projects=PROJECTS) as sim:
        sim.project(RESEARCH).add_user("alan@example.com", ROLES, password="his own")
        sim.project(TRAINING).add_user("grace@example.com", ROLES[:1], password="her own")
        yield sim


class Day:
    """The folder of the day, and what is known of it so far."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.folder = folder
        self.sim = sim
        self.output = ""
        self.files = {"csv": "people.csv", "yaml": "projects.yml"}
        self.keys: list[str] = []
        self.writes = 0

    def live(self, kind: str, text: str) -> None:
        """Do what one part says."""
        if kind in self.files:
            (self.folder / self.files[kind]).write_text(text, encoding="utf-8")
        elif kind == "shell":
            self._run(text)
        elif kind == "text":
            missing = [line for line in text.splitlines() if line not in self.output]
            assert missing == [], self.output
        else:
            assert kind == "meanwhile"
            assert text == "meanwhile: the role ai_training_read gets another label"
            for project in PROJECTS:
                self.sim.project(project).catalogue.rename("ai_training_read", "Watcher of AI")

    def _run(self, text: str) -> None:
        self.sim.clear_calls()
        env = environment(self.folder, self.sim, None)
        done = subprocess.run(
            ["bash", "-euc", text], cwd=self.folder, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"{text}\n{self.output}"
        assert "[ERROR]" not in self.output
        self.writes = sum(call.effect for call in self.sim.writes())
        if "--check" in text or "cloudops.ovh.audit" in text:
            assert self.writes == 0
        ada = self.sim.project(RESEARCH).user_by_description("ada@example.com")
        if ada is not None:
            self.keys += [key["access"] for key in self.sim.project(RESEARCH).s3_credentials(ada["id"])]

    def record(self, project: str, name: str) -> dict[str, Any]:
        """Return a credential file."""
        path = self.folder / "credentials" / project / f"{name}%40example.com.yml"
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_day(tmp_path: Path, cloud: Simulator) -> None:
    assert [kind for kind, _text in parts()].count("shell") == 9
    day = Day(tmp_path, cloud)
    for kind, text in parts():
        day.live(kind, text)
    # In the last run of the playbook, after the role was renamed, nothing was written.
    people = {project: cloud.project(project).live_users() for project in PROJECTS}
    assert [len(people[project]) for project in PROJECTS] == [11, 10, 9]
    roles = {user["description"]: cloud.project(p).role_names(user["id"]) for p in PROJECTS for user in people[p]}
    assert roles["grace@example.com"] == roles["zoe@example.com"] == ROLES
    assert roles["emmy@example.com"] == ["ai_training_read"]
    assert roles["tony@example.com"] == ["ai_training_read", "objectstore_operator"]
    assert "linus@example.com" not in roles
    assert list((tmp_path / "credentials" / PRODUCTION).glob("linus*")) == []
    # Those who were there before keep their passwords, those who came can log in.
    for project, name, own in [(RESEARCH, "alan", "his own"), (TRAINING, "grace", "her own")]:
        assert day.record(project, name)["password"] is None
        assert cloud.project(project).check_password(day.record(project, name)["user_id"], own)
    zoe = day.record(RESEARCH, "zoe")
    assert cloud.project(RESEARCH).check_password(zoe["user_id"], zoe["password"])
    # Ada had two keys in turn, one at a time, and the second one is in her files.
    assert len(set(day.keys)) == 2
    assert day.record(RESEARCH, "ada")["s3_access"] == day.keys[-1]
    assert day.keys[-1] in (tmp_path / "credentials" / RESEARCH / "ada%40example.com.rclone.conf").read_text()
    assert "grace@example.com" in (tmp_path / "before.html").read_text(encoding="utf-8")
    after = (tmp_path / "after.html").read_text(encoding="utf-8")
    assert "zoe@example.com" in after
    assert "linus@example.com" not in after
