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


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit."""
    if value is None:
        return ""
    return f"{value:.0f} {unit}" if unit in ("calls", "MB") else f"{value:.2f} {unit}"


def table(rows: Sequence[Row]) -> str:
    """Return the lines as people read them."""
    heads = ("what was measured", "ours", "floor or peer", "", "ratio", "target", "")
    lines = [heads]
    for row in rows:
        sign = ">=" if row.at_least else "<="
        ratio = f"{row.ratio:.2f}" if row.base is not None else ""
        target = f"{sign} {row.target:g}" + (f" {row.unit}" if row.base is None else "")
        met = "met" if row.met else "NOT MET"
        base = figure(row.base, row.unit)
        lines.append((row.what, figure(row.ours, row.unit), row.against, base, ratio, target, met))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    right = {1, 3, 4}
    padded = (
        "  ".join(
            text.rjust(width) if n in right else text.ljust(width) for n, (text, width) in enumerate(zip(line, widths))
        )
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


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
        prog="scripts/benchmark", description="Measure the collection beside a floor or a peer."
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"some of: {', '.join(SUBJECTS)} (default: all)")
    parser.add_argument("--repeat", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.subjects) - set(SUBJECTS))
    if unknown or arguments.repeat < 1:
        parser.error(f"there is no {', '.join(unknown)}" if unknown else "--repeat is 1 or more")
    facts, rows = circumstances(arguments.repeat), []
    for subject in arguments.subjects or SUBJECTS:
        say(f"{subject} …")
        with tempfile.TemporaryDirectory(prefix="cloudops-ovh-benchmark-") as folder:
            rows += list(SUBJECTS[subject](Bench(Path(folder), arguments.repeat, say)))
    facts["load_after"] = [round(load, 2) for load in os.getloadavg()]
    print(table(rows))
    print(
        "\nMedians of {repetitions} runs in turn. Python {python}, ansible-core {ansible_core}, {processors} processors.".format(
            **facts
        )
    )
    print(
        "The load of the machine was {} before and {} after (1, 5, 15 minutes).".format(
            facts["load_before"], facts["load_after"]
        )
    )
    report = json.dumps({**facts, "rows": [row.as_dict() for row in rows]}, indent=1)
    if arguments.json:
        arguments.json.write_text(report + "\n", encoding="utf-8")
    else:
        print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
