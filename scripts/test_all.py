"""Run the tests on every version that this machine has: rows of a matrix, each in an environment of its own.

controller  each ansible-core on the newest Python that it takes: playbooks, roles, inventory, with the newest `ovh`
            (1.2.0 with the oldest ansible-core)
modules     each Python from 3.9 on: the modules over real HTTP in one process, and the core (`ovh` 1.2.0 on the oldest)
targets     the oldest and the newest ansible-core start modules on the oldest Python, by `ansible-test integration`

A row's name, such as `modules-3.9`, runs that row alone. `--ends`: the oldest and the newest of each, as CI does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ansible_test import ansible_test
from versions import CORES, NEWEST, OLDEST, ROOT, Core, Version, core, environment, parse, pythons, text_of

OLDEST_OVH = "ovh==1.2.0"
NEWEST_OVH = "ovh"
TOOLS = ("hypothesis>=6.100,<7", "jsonschema", "pytest>=8.2,<10", "pytest-xdist>=3.6,<4", "requests")
# What starts Ansible's own programs; the other tests run modules and their utilities in one process.
CONTROLLER_TESTS = (
    "tests/integration/test_hostile_text.py",
    "tests/integration/test_inventory_projects.py",
    "tests/integration/test_module_plays.py",
    "tests/integration/test_playbook_batches.py",
    "tests/integration/test_role_audit.py",
    "tests/integration/test_role_offboard.py",
    "tests/integration/test_role_onboard.py",
)
MODULE_TESTS = ("tests/integration/test_api_*.py", "tests/integration/test_module_*.py", "tests/unit/test_core_*.py")
ALSO_CONTROLLER = ("tests/integration/test_module_examples.py", *CONTROLLER_TESTS)
TARGETS = ("ovh_cloud_user",)


class Row(NamedTuple):
    """One combination of versions. ``run`` says whether it went well, and in one line how."""

    name: str
    run: Callable[[], tuple[bool, str]]


def expand(patterns: tuple[str, ...]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern))


def pytest_in(programs: Path, tests: list[str]) -> tuple[bool, str]:
    """The last line of pytest's output says how many tests there were; all of it is printed where one failed."""
    done = subprocess.run(
        [str(programs / "python"), "-m", "pytest", "-q", "-n", os.environ.get("TEST_WORKERS", "4"), *tests],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0, done.stdout.strip().splitlines()[-1]


def versions_in(programs: Path) -> str:
    code = "import platform, importlib.metadata as m; print('Python', platform.python_version(),"
    code += " *('%s %s' % (n, m.version(n)) for n in ('ansible-core', 'ovh')))"
    return subprocess.run(
        [str(programs / "python"), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def controller_row(series: str, found: Mapping[Version, Path]) -> Row:
    def run() -> tuple[bool, str]:
        ovh = OLDEST_OVH if series == OLDEST else NEWEST_OVH
        made = core(series, found, ovh, *TOOLS, name=f"controller-{series}")
        if made is None:
            return True, "left out: no Python of this machine runs it"
        ok, said = pytest_in(made.bin, list(CONTROLLER_TESTS))
        return ok, f"{versions_in(made.bin)}: {said}"

    return Row(f"controller-{series}", run)


def modules_row(python: Version, path: Path, *, oldest: bool) -> Row:
    def run() -> tuple[bool, str]:
        ovh = OLDEST_OVH if oldest else NEWEST_OVH
        programs = environment(f"modules-{text_of(python)}", path, ["ansible-core", ovh, *TOOLS])
        tests = [name for name in expand(MODULE_TESTS) if name not in ALSO_CONTROLLER]
        ok, said = pytest_in(programs, tests)
        return ok, f"{versions_in(programs)}: {said}"

    return Row(f"modules-{text_of(python)}", run)


def targets_row(made: Core, python: Version, found: Mapping[Version, Path]) -> Row:
    def run() -> tuple[bool, str]:
        where = ("--controller", f"origin:python={text_of(made.python)}")
        where += ("--target", f"controller:python=venv/{text_of(python)}")
        outcome = ansible_test(made, found, "integration", "--requirements", *where, *TARGETS, released=True)
        if not outcome.ok:
            print(outcome.output, flush=True)
        return outcome.ok, f"ansible-core {made.version}, modules on Python {text_of(python)}: {outcome.count} targets"

    return Row(f"targets-{made.series}", run)


def rows(found: Mapping[Version, Path]) -> list[Row]:
    controllers = [controller_row(series, found) for series in CORES]
    oldest = min(found)
    modules = [modules_row(version, path, oldest=version == oldest) for version, path in found.items()]
    cores = [made for made in (core(OLDEST, found), core(NEWEST, found)) if made is not None]
    unique = {made.series: made for made in cores}
    targets = [targets_row(made, min(made.module_pythons() & found.keys()), found) for made in unique.values()]
    return [*controllers, *modules, *targets]


def ends(every: list[Row], found: Mapping[Version, Path]) -> list[Row]:
    """The oldest and the newest of each kind that can run here."""
    runnable = [series for series, (low, high) in CORES.items() if any(low <= version <= high for version in found)]
    kept = {f"controller-{series}" for series in (runnable[0], runnable[-1])}
    # The newest Python is that of the newest ansible-core, which runs modules as well.
    kept.add(f"modules-{text_of(min(found))}")
    return [row for row in every if row.name in kept or row.name.startswith("targets-")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ends", action="store_true", help="only the oldest and the newest")
    parser.add_argument("row", nargs="*", help="only these rows")
    arguments = parser.parse_args()
    found = pythons()
    every = rows(found)
    unknown = set(arguments.row) - {row.name for row in every}
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in every)}")
    chosen = [row for row in every if not arguments.row or row.name in arguments.row]
    failed = []
    for row in ends(chosen, found) if arguments.ends else chosen:
        started = time.monotonic()
        ok, said = row.run()
        print(f"{'ok' if ok else 'FAILED':<7} {row.name:<17} {time.monotonic() - started:4.0f} s  {said}", flush=True)
        failed += [] if ok else [row.name]
    missing = [text_of(version) for version in sorted({parse("3.9"), parse("3.13")} - found.keys())]
    if missing:
        print(f"Not on this machine, so not tested: Python {', '.join(missing)}.")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
