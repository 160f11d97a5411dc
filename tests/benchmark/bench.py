# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs plays against a simulator with latency, and measures them. Nothing here knows what is compared with what."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, NamedTuple

from tests.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "0123456789abcdef0123456789abcdef"
ROLES = ["ai_training_operator", "objectstore_operator"]
VAULT_PASSWORD = "correct horse battery staple"
#: Seconds that OVHcloud takes for a call.
LATENCY = 0.1
_KEYS = ("application_key", "application_secret", "consumer_key")
_VARIABLES = {"ansible_python_interpreter": sys.executable, "ansible_pipelining": True}


class Run(NamedTuple):
    """One run of ansible-playbook. ``memory`` is the largest process of it in MB, ``busy`` the machine's load then."""

    seconds: float
    cpu: float
    memory: float
    calls: int
    busy: float


class Row(NamedTuple):
    """One line of the table: what was measured, against what, and what was to be reached (at most, or at least)."""

    what: str
    ours: float
    against: str
    base: float | None
    ratio: float
    target: float | None
    unit: str = "s"
    at_least: bool = False
    detail: str = ""
    by_cpu: float | None = None

    @property
    def met(self) -> bool | None:
        """True where the target was reached, None where there is none."""
        if self.target is None:
            return None
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target

    def as_dict(self) -> dict[str, Any]:
        """Return the line as JSON can carry it."""
        return {**self._asdict(), "met": self.met}


def median(runs: Sequence[Run], field: str = "seconds") -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(run, field) for run in runs)


def compared(what: str, ours: Sequence[Run], against: str, base: Sequence[Run], target: float, detail: str = "") -> Row:
    """Return the line that compares two measures."""
    seconds, floor = median(ours), median(base)
    by_cpu = median(ours, "cpu") / median(base, "cpu")
    return Row(what, seconds, against, floor, seconds / floor, target, detail=detail, by_cpu=by_cpu)


def people(count: int) -> list[str]:
    """Return descriptions."""
    return [f"person-{number:04}@example.com" for number in range(count)]


@contextmanager
def simulator(
    users: int = 0, roles: Sequence[str] | None = None, projects: int = 1, **settings: Any
) -> Iterator[Simulator]:
    """An API with so many users in each project."""
    ids = [PROJECT, *(f"{number:032x}" for number in range(1, projects))]
    with Simulator(ids, **settings) as sim:
        for project_id in ids:
            for name in people(users):
                sim.project(project_id).add_user(name, list(ROLES if roles is None else roles))
        yield sim


class Bench:
    """A folder to work in, and how often everything is measured."""

    def __init__(self, folder: Path, repeat: int, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.repeat = repeat
        self.say = say

    def tasks(self, sim: Simulator, *tasks: Mapping[str, Any], users: int = 0, **more: Any) -> Run:
        """Run tasks on this machine; ``people`` is the list of so many descriptions."""
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks)}
        play["vars"] = {**_VARIABLES, "people": people(users)}
        path = self.folder / "play.json"
        path.write_text(json.dumps([play]), encoding="utf-8")
        return self.playbook(sim, str(path), **more)

    def playbook(self, sim: Simulator, name: str, *arguments: str, ok: tuple[int, ...] = (0,), **variables: Any) -> Run:
        """Run a playbook, and fail where it fails."""
        sim.clear_calls()
        if variables:
            extra = self.folder / "extra.json"
            extra.write_text(json.dumps(variables), encoding="utf-8")
            arguments = (*arguments, "-e", f"@{extra}")
        command = [sys.executable, "-m", "ansible", "playbook", name, *arguments]
        busy = os.getloadavg()[0]
        with tempfile.TemporaryFile("w+") as output:
            began = time.monotonic()
            process = subprocess.Popen(
                command, env=self._environment(sim), stdout=output, stderr=subprocess.STDOUT, cwd=self.folder
            )
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in ok:
                output.seek(0)
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}\n{output.read()[-4000:]}")
        memory = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        return Run(seconds, usage.ru_utime + usage.ru_stime, memory, len(sim.calls), busy)

    def _environment(self, sim: Simulator) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OVH_")}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        keys = {f"OVH_{key.upper()}": sim.credentials[key] for key in _KEYS}
        return {
            **inherited,
            **keys,
            "HOME": str(home),
            "OVH_ENDPOINT": sim.url,
            "OVH_CLOUD_PROJECT_SERVICE": PROJECT,
            "ANSIBLE_LIBRARY": str(Path(__file__).parent / "library"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        }

    def side_by_side(self, *measures: Callable[[], Run]) -> list[list[Run]]:
        """Take the measures in turn, again and again, so that what disturbs one disturbs the others."""
        found: list[list[Run]] = [[] for _measure in measures]
        for _time in range(self.repeat):
            for runs, measure in zip(found, measures):
                runs.append(measure())
        return found
