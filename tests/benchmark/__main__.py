# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``scripts/benchmark``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmark.bench import Bench, Row
from tests.benchmark.rows import SUBJECTS

EXPLANATION = """\
Medians of {repetitions} runs, in turn with their floor.
Python {python}, ansible-core {ansible_core}, {processors} processors.
The load of the machine was {load_before} before and {load_after} after (1, 5, 15 minutes).
The simulator runs on the same machine. "by CPU" is the ratio in processor time, which other work disturbs less."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit."""
    if value is None:
        return ""
    return f"{value:.0f} {unit}" if unit in ("calls", "MB") else f"{value:.2f} {unit}"


def aim(row: Row) -> str:
    """Return what was to be reached, nothing where a figure is only shown."""
    if row.target is None:
        return ""
    return f"{'>=' if row.at_least else '<='} {row.target:g}" + (f" {row.unit}" if row.base is None else "")


def table(rows: Sequence[Row]) -> str:
    """Return the lines as people read them."""
    heads = ("what was measured", "ours", "floor or peer", "", "ratio", "by CPU", "target", "")
    lines = [heads]
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.base is not None else ""
        met = "" if row.met is None else "met" if row.met else "NOT MET"
        base = figure(row.base, row.unit)
        cpu = f"{row.by_cpu:.2f}" if row.by_cpu is not None else ""
        lines.append((row.what, figure(row.ours, row.unit), row.against, base, ratio, cpu, aim(row), met))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    right = {1, 3, 4, 5}

    def padded(line: tuple[str, ...]) -> str:
        cells = enumerate(zip(line, widths))
        return "  ".join(text.rjust(width) if n in right else text.ljust(width) for n, (text, width) in cells).rstrip()

    return "\n".join(map(padded, lines))


def circumstances(repeat: int) -> dict[str, Any]:
    """Return what a reader of the figures has to know about the machine."""
    from ansible.release import __version__

    return {
        "python": platform.python_version(),
        "ansible_core": __version__,
        "processors": os.cpu_count(),
        "repetitions": repeat,
        "load_before": [round(load, 2) for load in os.getloadavg()],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark",
        description="Measure the collection beside a floor or a peer: all but scale, if no subject is named.",
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="some of: " + ", ".join(SUBJECTS))
    parser.add_argument("--repeat", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.subjects) - set(SUBJECTS))
    if unknown or arguments.repeat < 1:
        parser.error(f"there is no {', '.join(unknown)}" if unknown else "--repeat is 1 or more")
    facts, rows = circumstances(arguments.repeat), []
    for subject in arguments.subjects or [name for name in SUBJECTS if name != "scale"]:
        say(f"{subject} …")
        with tempfile.TemporaryDirectory(prefix="cloudops-ovh-benchmark-") as folder:
            rows += list(SUBJECTS[subject](Bench(Path(folder), arguments.repeat, say)))
    facts["load_after"] = [round(load, 2) for load in os.getloadavg()]
    print(table(rows))
    print("\n" + EXPLANATION.format(**facts))
    report = json.dumps({**facts, "rows": [row.as_dict() for row in rows]}, indent=1)
    if arguments.json:
        arguments.json.write_text(report + "\n", encoding="utf-8")
    else:
        print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
