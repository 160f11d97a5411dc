"""Run ansible-test as a reviewer of Galaxy or Red Hat does: sanity without any ignore file, units, integration targets.

On the oldest ansible-core, on 2.19 and on the newest that the Pythons of this machine take. Sanity checks modules on
every Python that the ansible-core knows, units and integration run on the Python of ansible-core itself;
scripts/test_all runs modules on the others.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible_test import Outcome, ansible_test, pairs
from project_files import project_files
from versions import Core, Version, cores, pythons, text_of

CORES = ("oldest", "2.19", "newest")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=["sanity", "units", "integration"])
    parser.add_argument("--test", action="append", default=[], help="only this check of sanity; repeatable")
    parser.add_argument(
        "--ends", action="store_true", help="only the oldest and the newest Python of each ansible-core"
    )
    parser.add_argument("core", nargs="*", default=CORES, help="ansible-core: oldest, newest, or a number such as 2.19")
    # Options may stand between the kind and the ansible-cores.
    return parser.parse_intermixed_args()


def refuse_ignores() -> None:
    ignored = [name for name in project_files() if name.startswith("tests/sanity/ignore")]
    if ignored:
        sys.exit(f"There shall be no ignore file: {', '.join(ignored)}.")


def options_of(arguments: argparse.Namespace, core: Core, targets: list[Version]) -> list[str]:
    if arguments.kind == "sanity":
        tests = [option for name in arguments.test for option in ("--test", name)]
        return ["--requirements", *tests, *pairs(core, targets)]
    return ["--requirements", "--python", text_of(core.python)]


def main() -> None:
    arguments = parse_arguments()
    refuse_ignores()
    found = pythons()
    print("Pythons:", ", ".join(f"{text_of(version)} ({path})" for version, path in found.items()), flush=True)

    def check(core: Core) -> Outcome:
        targets = sorted(core.module_pythons() & found.keys())
        targets = sorted({targets[0], targets[-1]}) if arguments.ends else targets
        options = options_of(arguments, core, targets)
        # Reviewers have the tarball; sanity looks at the tools of the checkout as well.
        outcome = ansible_test(core, found, arguments.kind, *options, released=arguments.kind != "sanity")
        checked = f", modules on {', '.join(map(text_of, targets))}" if arguments.kind == "sanity" else ""
        print(f"\n== {arguments.kind}, ansible-core {core.version} on Python {text_of(core.python)}{checked}")
        print(outcome.told())
        print(f"{outcome.count} in {outcome.seconds:.0f} s: {'ok' if outcome.ok else 'FAILED'}", flush=True)
        return outcome

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(check, cores(arguments.core, found)))
    if not all(outcome.ok for outcome in outcomes):
        sys.exit(f"ansible-test {arguments.kind} found something.")


if __name__ == "__main__":
    main()
