"""Run the guides: what they tell to type is typed, against the embedded API, and prints what they say it prints.

In a guide of docs/docsite a block `shell` is run, one with a caption is a file that is written before, and a `text`
block after commands is what they print: each of its lines, in this order, where `…` stands for anything.
A block `console` is only shown. Each guide has a folder, a home and an API of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from code_blocks import Block, blocks_of
from demo import KEYS, PROJECT, environment, simulator
from project_files import copy_project, project_files

GUIDE = re.compile(r"docs/docsite/rst/\w+\.rst")
FIRST_OPTION = "docs/first-option.md"
SECONDS = 120


class GuideError(Exception):
    """A guide that does not do what it says."""


def expect(block: Block, output: str) -> None:
    place = 0
    for line in filter(None, map(str.strip, block.code.splitlines())):
        wanted = re.compile(".*?".join(re.escape(part) for part in line.split("…")))
        found = wanted.search(output, place)
        if found is None:
            raise GuideError(f"{block.where}: this line was not printed: {line}\n{output}")
        place = found.end()


def type_in(block: Block, folder: Path, env: dict[str, str]) -> str:
    """What the commands print. The first one that fails ends them."""
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block.code],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise GuideError(f"{block.where}: the commands ended with {done.returncode}:\n{block.code}\n{done.stdout}")
    return done.stdout


def follow(blocks: list[Block], folder: Path, env: dict[str, str]) -> int:
    """Do what a guide says; return how many blocks of commands it has."""
    output, count = "", 0
    for block in blocks:
        if block.caption:
            # YAML in a guide has no `---`: it is not needed, and looks strange to beginners.
            (folder / block.caption).write_text(block.code, encoding="utf-8")
        elif block.language == "shell":
            output = type_in(block, folder, env)
            count += 1
        elif block.language == "text":
            expect(block, output)
    return count


def run_guide(name: str) -> int:
    blocks = blocks_of(name)
    if not any(block.language == "shell" for block in blocks):
        return 0
    with tempfile.TemporaryDirectory(prefix="guide-") as base:
        folder = Path(base) / "work"
        folder.mkdir()
        (Path(base) / "home").mkdir()
        env = environment(Path(base))
        with simulator(Path(base), 0, env) as api:
            path = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
            env |= {**KEYS, "OVH_ENDPOINT": api.url, "OVH_CLOUD_PROJECT_SERVICE": PROJECT, "PATH": path}
            return follow(blocks, folder, env)


def try_guide(name: str) -> int | str:
    """How many blocks of commands it has, or what is wrong with it."""
    started = time.monotonic()
    try:
        count = run_guide(name)
    except (GuideError, subprocess.TimeoutExpired) as error:
        print(f"{name}: FAILED", flush=True)
        return str(error)
    print(f"{name}: {count} blocks of commands, {time.monotonic() - started:.0f} s", flush=True)
    return count


def first_option() -> str:
    """Do what the contributors' page tells: apply its changes to a copy, and run the test that it writes."""
    changes = [block.code for block in blocks_of(FIRST_OPTION) if block.language == "diff"]
    with tempfile.TemporaryDirectory(prefix="first-option-") as base:
        copy_project(Path(base))
        env = {**environment(Path(base)), "PATH": os.environ.get("PATH", os.defpath)}
        apply = subprocess.run(
            ["git", "apply", "--recount", "-C1", "-"], cwd=base, input="".join(changes), text=True, check=False
        )
        if apply.returncode:
            raise GuideError(f"{FIRST_OPTION}: its changes do not apply any more: the code has changed.")
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/integration/test_role_by_name.py"]
        done = subprocess.run(command, cwd=base, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GuideError(f"{FIRST_OPTION}: the test fails:\n{done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    guides = [name for name in project_files() if GUIDE.fullmatch(name)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(try_guide, guides))
    problems = [result for result in results if isinstance(result, str)]
    total = sum(result for result in results if isinstance(result, int))
    try:
        print(f"{FIRST_OPTION}: {first_option()}", flush=True)
    except GuideError as error:
        problems.append(str(error))
    if problems or not total:
        sys.exit("\n".join(problems) or "No guide has a command: nothing was run.")
    print(f"{total} blocks of commands did what their guides say.")


if __name__ == "__main__":
    main()
