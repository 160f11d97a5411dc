"""Runs mutmut over what decides and over what writes, and counts what the tests noticed.

mutmut knows a function by its file's path, the interpreter by its module's name. Both are the same in a folder in which
`ansible_collections/cloudops/ovh` is the checkout. mutmut makes a copy there; a verdict holds until the code changes.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomllib

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".cache" / "mutation"
PROJECT = Path("ansible_collections/cloudops/ovh")
CODE = PROJECT / "plugins" / "module_utils"
#: What pytest says of a mutant, by its exit code. All others are ends by force: the mutant ran too long.
VERDICTS = {None: "untried", 0: "survived", 1: "killed", 3: "killed", 5: "uncovered", 33: "uncovered"}
#: How many of a group's mutants the tests shall notice, in percent.
LEAST = 90


class Group:
    """Some files and the tests that know them, as pyproject.toml says."""

    def __init__(self, name: str, setting: dict[str, list[str]]) -> None:
        self.folder = WORK / name
        self.name = name
        self.patterns = setting["files"]
        self.files = [f"{CODE}/{file}" for file in setting["files"]]
        self.left_out = [f"{CODE}/{file}" for file in setting.get("left_out", ())]
        found = (path for pattern in setting["tests"] for path in sorted((ROOT / "tests").glob(pattern)))
        self.tests = [str(PROJECT / path.relative_to(ROOT)) for path in found]

    def has(self, chosen: list[str]) -> bool:
        """True if one of these files is in the group, or if none is chosen."""
        base = ROOT / "plugins" / "module_utils"
        mine = {path.stem for pattern in self.patterns for path in base.glob(pattern)}
        return not chosen or not mine.isdisjoint(chosen)

    def lay_out(self) -> None:
        """Make the folder in which mutmut runs. The verdicts of an earlier run stay."""
        link = self.folder / PROJECT
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent))
        self._begin_anew_for_other_files()
        options: dict[str, object] = {
            "source_paths": [f"{PROJECT}/plugins"],
            "only_mutate": self.files,
            "do_not_mutate": self.left_out,
            "also_copy": [f"{PROJECT}/{name}" for name in ("pyproject.toml", "galaxy.yml", "docs", "tests")],
            "pytest_add_cli_args": ["-p", "no:xdist"],
            "pytest_add_cli_args_test_selection": self.tests,
            "timeout_constant": 2.0,
            "timeout_multiplier": 5.0,
            "use_git_change_detection": False,
            "on_dependency_change": "ignore",
        }
        # Strings, numbers and lists of them are the same in JSON and in TOML.
        lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
        (self.folder / "pyproject.toml").write_text("\n".join(["[tool.mutmut]", *lines, ""]), encoding="utf-8")

    def _begin_anew_for_other_files(self) -> None:
        """mutmut takes a file that it only copied before for one that it has mutated."""
        try:
            before = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
        except OSError:
            return
        if (before["only_mutate"], before["do_not_mutate"]) != (self.files, self.left_out):
            shutil.rmtree(self.folder / "mutants", ignore_errors=True)

    def records(self) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Return each file by its short name, with mutmut's record of it."""
        base = self.folder / "mutants" / CODE
        for path in sorted(base.glob("*/*.py.meta")):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                # A run was interrupted while it wrote: that file is begun anew.
                path.unlink()
                path.with_suffix("").unlink()
                continue
            if record["exit_code_by_key"]:
                yield str(path.relative_to(base)).removesuffix(".py.meta"), path, record

    def try_again(self, chosen: list[str]) -> None:
        """Forget the verdict of mutants that no test noticed: there may be new tests."""
        for name, path, record in self.records():
            codes = record["exit_code_by_key"]
            if is_chosen(name, chosen):
                codes.update({key: None for key, code in codes.items() if verdict(code) != "killed"})
                path.write_text(json.dumps(record, indent=4), encoding="utf-8")
        # Which test reaches which function is learnt anew, since a test may have changed.
        (self.folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)

    def run(self, processes: int) -> None:
        command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(processes)]
        environment = {**os.environ, "TEST_DEPTH": "mutation"}
        subprocess.run(command, cwd=self.folder, env=environment, check=True)


def verdict(code: int | None) -> str:
    return VERDICTS.get(code, "timed out")


def is_chosen(name: str, chosen: list[str]) -> bool:
    return not chosen or name.rpartition("/")[2] in chosen


def report(group: Group) -> bool:
    """Print a line for each file; True if enough was noticed."""
    kinds = ("killed", "timed out", "survived", "uncovered", "untried")
    print(f"\n{group.name:24}{'mutants':>9}" + "".join(f"{kind:>11}" for kind in kinds) + f"{'noticed':>10}")
    total: Counter[str] = Counter()
    for name, _path, record in group.records():
        count = Counter(map(verdict, record["exit_code_by_key"].values()))
        total += count
        print_line(name, count, kinds)
    print_line("all", total, kinds)
    return noticed(total) >= LEAST


def noticed(count: Counter[str]) -> float:
    return 100 * (count["killed"] + count["timed out"]) / max(1, count.total())


def print_line(name: str, count: Counter[str], kinds: tuple[str, ...]) -> None:
    print(f"{name:24}{count.total():9}" + "".join(f"{count[kind]:11}" for kind in kinds) + f"{noticed(count):9.1f}%")


def show(name: str, path: Path, record: dict[str, Any]) -> None:
    """Print what each mutant that no test noticed changes."""
    unnoticed = {key.rpartition(".")[2]: verdict(code) for key, code in record["exit_code_by_key"].items()}
    source = path.with_suffix("").read_text(encoding="utf-8")
    lines = source.splitlines()
    functions = {
        node.name: [line.replace(node.name, "") for line in lines[node.lineno - 1 : node.end_lineno]]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }
    for key, word in unnoticed.items():
        if word in ("killed", "timed out"):
            continue
        function = key.partition("__mutmut_")[0]
        print(f"{name} {function.replace('ǁ', '.')[2:]}: {word}")
        before, after = functions[f"{function}__mutmut_orig"], functions[key]
        for line in difflib.unified_diff(before, after, lineterm="", n=0):
            if not line.startswith(("---", "+++", "@@")):
                print(f"    {line[0]} {line[1:].strip()}")


def main() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["tool"]["cloudops-mutate"]
    parser = argparse.ArgumentParser(prog="scripts/mutate", description="Mutation testing.")
    parser.add_argument("what", nargs="*", help="a group (%s) or the names of files" % ", ".join(settings))
    parser.add_argument("--show", action="store_true", help="show what no test noticed, of the last run")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    names = [name for name in options.what if name in settings]
    chosen = [name.removesuffix(".py") for name in options.what if name not in settings]
    groups = [Group(name, settings[name]) for name in names or settings]
    enough = True
    for group in (group for group in groups if group.has(chosen)):
        if options.show:
            for name, path, record in group.records():
                if is_chosen(name, chosen):
                    show(name, path, record)
            continue
        group.lay_out()
        group.try_again(chosen)
        group.run(options.processes)
        enough = report(group) and enough
    if not enough:
        sys.exit(f"Less than {LEAST} % of a group's mutants were noticed. scripts/mutate --show shows the others.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted. The next run goes on from here.")
    except subprocess.CalledProcessError as problem:
        sys.exit(problem.returncode)
