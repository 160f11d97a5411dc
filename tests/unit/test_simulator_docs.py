"""Runs what the simulator's page says, so that the page stays true."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.simulator import DEFAULT_PROJECT, Simulator
from tests.simulator.__main__ import build_parser
from tests.simulator.auth import DEFAULT_CREDENTIALS
from tests.simulator.faults import KINDS
from tests.simulator.seed import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_options_exist() -> None:
    options = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert options <= set(build_parser().format_help().replace("[", " ").split()) | {"--help"}
    assert "`--exit-with-parent [PID]`" in PAGE


def test_the_keys_are_those_of_the_simulator() -> None:
    exports = dict(re.findall(r"OVH_(\w+)=([\w-]+)", PAGE))
    assert {name: exports[name.upper()] for name in DEFAULT_CREDENTIALS} == DEFAULT_CREDENTIALS
    assert exports["CLOUD_PROJECT_SERVICE"] == DEFAULT_PROJECT


def test_the_seed_loads(tmp_path: Path) -> None:
    (seed,) = blocks("json")
    path = tmp_path / "seed.json"
    path.write_text(seed)
    simulator = Simulator()
    load(simulator, str(path))
    assert simulator.project().user_by_description("ada")
    assert json.loads(seed)["projects"][0]["id"] == DEFAULT_PROJECT


@pytest.mark.skipif(not shutil.which("curl"), reason="the page uses curl")
def test_the_commands_work() -> None:
    script = "set -e\n" + blocks("shell")[-1].replace("curl -s", "curl -sS --fail-with-body")
    with Simulator() as sim:
        script = script.replace("http://127.0.0.1:8080", sim.base_url)
        # Each line on its own, to look in between.
        for line in script.splitlines()[3:]:
            preamble = "\n".join(script.splitlines()[:3])
            subprocess.run(["bash", "-c", f"{preamble}\n{line}"], check=True, capture_output=True, timeout=20)
            if "/user$" in line:
                assert requests.get(f"{sim.url}/user", timeout=5).status_code == 502
        assert sim.project().users() == []


def test_the_example_runs() -> None:
    (example,) = blocks("python")
    exec(compile(example, "docs/simulator.md", "exec"), {})


def test_every_kind_of_fault_is_listed_with_its_parameters() -> None:
    listed = PAGE[PAGE.index("Faults: ") : PAGE.index("Each strikes")]
    for name, kind in KINDS.items():
        assert {f"`{word}`" in listed for word in (name, *kind.params)} == {True}, name
