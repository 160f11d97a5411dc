"""Run ansible-test in a copy of the collection that is as it wants it: a folder of that name, a git repository."""

from __future__ import annotations

import ast
import configparser
import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from build_tarball import expected_content
from project_files import copy_project
from versions import ROOT, Core, Version, run, text_of

CACHE = ROOT / ".cache" / "ansible-test"
# Passed on to ansible-test; the rest of the environment is not.
PASSED = re.compile(r"SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(https?|no|all)_proxy|TMPDIR", re.IGNORECASE)
# Stands in for the script that ansible-test downloads from a host of its own. Only packages need to be reachable then.
GET_PIP = "import ensurepip\n\nensurepip.bootstrap(upgrade=True)\n"
# Lines of ansible-test that say what it runs next.
TITLE = re.compile(r"Running (?:sanity test|\S+ integration test|pytest|unit test)|=+ .* in [\d.]+s")


class Outcome(NamedTuple):
    """How a run of ansible-test ended. ``count``: how many tests or targets it ran."""

    code: int
    count: int
    output: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0 and self.count > 0

    def told(self) -> str:
        """All of it where something is wrong, else what was run: the rest is pip and plays that went well."""
        lines = self.output.splitlines()
        return "\n".join(line for line in lines if not self.ok or TITLE.match(line))


def _home(core: Core) -> Path:
    """Its own, kept from run to run: ansible-test keeps the environments of its checks there."""
    home = CACHE / f"home-{core.series}"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (source,) = core.bin.parent.glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py")
    for version in re.findall(r"\bpip='([\d.]+)'", source.read_text(encoding="utf-8")):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    return home


def _configure_pip(core: Core, home: Path) -> None:
    """ansible-test does not pass on how pip is set here, neither by variables nor by somebody's own file."""
    config = configparser.RawConfigParser()
    config.add_section("global")
    for line in run([core.bin / "python", "-m", "pip", "config", "list"]).splitlines():
        name, _equals, value = line.partition("=")
        config.set("global", name.rpartition(".")[2], ast.literal_eval(value))
    path = home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        config.write(handle)


def _links(folder: Path, found: Mapping[Version, Path]) -> Path:
    """ansible-test looks for `python3.9` and the like on PATH."""
    folder.mkdir(parents=True)
    for version, path in found.items():
        (folder / f"python{text_of(version)}").symlink_to(path)
    return folder


def _environment(core: Core, home: Path, links: Path) -> dict[str, str]:
    path = os.pathsep.join([str(core.bin), str(links), os.environ.get("PATH", os.defpath)])
    passed = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    return {**passed, "HOME": str(home), "PATH": path, "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}


@contextlib.contextmanager
def workspace(*, released: bool) -> Iterator[Path]:
    """A copy of the collection; ``released``: what its tarball holds and no more."""
    with tempfile.TemporaryDirectory(prefix="ansible-test-") as folder:
        tree = Path(folder) / "ansible_collections" / "cloudops" / "ovh"
        names = copy_project(tree)
        for name in set(names) - set(expected_content(names)) - {"galaxy.yml"} if released else ():
            (tree / name).unlink()
        for command in (["init", "--quiet"], ["add", "--all"]):
            run(["git", "-C", tree, "-c", "core.hooksPath=/dev/null", *command])
        yield tree


def _count(kind: str, output: str, tree: Path) -> int:
    """ansible-test is content with nothing; we are not."""
    if kind != "units":
        return len(re.findall(r"^Running (?:sanity test|\S+ integration test)", output, re.MULTILINE))
    suites = [
        suite
        for report in tree.glob("tests/output/junit/*-units.xml")
        for suite in ElementTree.parse(report).getroot().iter("testsuite")
    ]
    return sum(int(suite.get("tests", 0)) - int(suite.get("skipped", 0)) for suite in suites)


def ansible_test(core: Core, found: Mapping[Version, Path], kind: str, *arguments: str, released: bool) -> Outcome:
    """Run `ansible-test KIND`; what it prints is in the outcome."""
    home = _home(core)
    _configure_pip(core, home)
    with workspace(released=released) as tree:
        links = _links(tree.parents[2] / "pythons", found)
        started = time.monotonic()
        done = subprocess.run(
            [str(core.bin / "ansible-test"), kind, "--color", "no", *arguments],
            cwd=tree,
            env=_environment(core, home, links),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        count = _count(kind, done.stdout, tree)
    return Outcome(done.returncode, count, done.stdout, time.monotonic() - started)


def pairs(core: Core, targets: Sequence[Version]) -> list[str]:
    """The options of ansible-test that say which Pythons to take."""
    chosen = [option for version in targets for option in ("--target-python", text_of(version))]
    return ["--controller", f"origin:python={text_of(core.python)}", *chosen]
