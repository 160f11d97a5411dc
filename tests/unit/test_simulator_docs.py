"""Runs what the simulator's page says, so that the page stays true."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path

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


def sent(line: str, preamble: str) -> requests.Response:
    """Send what a line of the page has `curl` send. The shell reads the line; `curl` itself is not on every machine."""
    shell = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{preamble}\n{line}"
    done = subprocess.run(["bash", "-ec", shell], check=True, capture_output=True, text=True, timeout=20)
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", action="store_true", required=True)
    parser.add_argument("-X", dest="method")
    parser.add_argument("-d", dest="data")
    parser.add_argument("url")
    given = parser.parse_args(done.stdout.split("\0")[:-1])
    method = given.method or ("GET" if given.data is None else "POST")
    # The kind that curl gives to data without saying so.
    kind = {} if given.data is None else {"Content-Type": "application/x-www-form-urlencoded"}
    return requests.request(method, given.url, data=given.data, headers=kind, timeout=5)


def test_the_commands_work() -> None:
    lines = blocks("shell")[-1].splitlines()
    assert len(lines) > 10
    with Simulator() as sim:
        preamble = "\n".join(lines[:2]).replace("http://127.0.0.1:8080", sim.base_url)
        for line in lines[2:]:
            answer = sent(line, preamble)
            assert answer.ok, f"{line}\n{answer.text}"
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
