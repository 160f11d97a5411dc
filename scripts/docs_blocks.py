"""Check every block of code in the documentation: it parses, YAML is linted, ansible-lint likes plays and tasks.

A block without a language, or with one that nothing here can check, is an error: nobody would notice when it goes bad.
"""

from __future__ import annotations

import ast
import configparser
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from code_blocks import Block, blocks_of, pages
from project_files import ROOT

SHELL = {"shell", "console", "bash"}
# What is no code: output, pictures.
TEXT = {"text", "diff"}
FOREIGN = re.compile(r"^ +(?!cloudops\.ovh\.|ansible\.)([a-z_]+\.[a-z_]+\.[a-z_]+):", re.MULTILINE)


class Loader(yaml.SafeLoader):
    """Knows Ansible's tags."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: getattr(node, "value", None))


def documents(text: str) -> Iterator[Any]:
    loader = Loader(text)
    try:
        while loader.check_data():
            yield loader.get_data()
    finally:
        loader.dispose()


def check_yaml(block: Block) -> None:
    list(documents(block.code))
    settings = YamlLintConfig(file=str(ROOT / ".yamllint"))
    # Pieces of files begin in the middle.
    settings.rules["document-start"] = False
    for found in linter.run(block.code, settings):
        raise ValueError(f"line {found.line}: {found.desc}")


def check_json(block: Block) -> None:
    json.loads(block.code)


def check_python(block: Block) -> None:
    ast.parse(block.code)


def check_ini(block: Block) -> None:
    configparser.RawConfigParser().read_string(block.code)


def check_csv(block: Block) -> None:
    """Every row has as many values as the head."""
    head, *rows = csv.reader(block.code.splitlines(), strict=True)
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} values, and {len(head)} columns: {row}")


def check_shell(block: Block) -> None:
    """In a console what people type begins with `$ `; the rest is what they see."""
    lines = block.code.splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    if not lines:
        raise ValueError("no command in it")
    done = subprocess.run(["bash", "-n"], input="\n".join(lines), capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise ValueError(done.stderr.strip())


CHECKS = {"yaml": check_yaml, "json": check_json, "python": check_python, "ini": check_ini, "csv": check_csv}
CHECKS |= dict.fromkeys(SHELL, check_shell)


def problem(block: Block) -> str | None:
    if block.language in TEXT:
        return None
    if block.language not in CHECKS:
        return f"{block.where}: the language {block.language!r} is not one that is checked"
    try:
        CHECKS[block.language](block)
    except (ValueError, SyntaxError, yaml.YAMLError, configparser.Error, csv.Error) as error:
        return f"{block.where}: {error}"
    return None


# --- Ansible's own ---


def kind_of(content: Any) -> str | None:
    """`playbooks` or `tasks`, None for other YAML."""
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        return None
    if all(entry.keys() & {"hosts", "ansible.builtin.import_playbook"} for entry in content):
        return "playbooks"
    return "tasks" if all("name" in entry and len(entry) > 1 for entry in content) else None


def write_files(blocks: list[Block], folder: Path) -> dict[str, str]:
    """Plays and tasks as files that ansible-lint knows by their place; which file is which block."""
    names: dict[str, str] = {}
    for number, block in enumerate(blocks):
        kind = kind_of(next(documents(block.code), None)) if block.language == "yaml" else None
        if kind:
            path = folder / kind / f"block_{number}.yml"
            path.parent.mkdir(exist_ok=True)
            path.write_text("---\n" + block.code, encoding="utf-8")
            names[f"{kind}/block_{number}.yml"] = block.where
    return names


def lint_ansible(blocks: list[Block]) -> tuple[list[str], int]:
    with tempfile.TemporaryDirectory(prefix="docs-blocks-") as name:
        folder = Path(name)
        names = write_files(blocks, folder)
        # Modules of other collections are not here; what they are called with is theirs.
        mocked = sorted({found for block in blocks for found in FOREIGN.findall(block.code)})
        settings = {"profile": "production", "offline": True, "mock_modules": mocked}
        (folder / ".ansible-lint").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (folder / ".yamllint").write_text(
            (ROOT / ".yamllint").read_text().replace("ignore-from-file: .gitignore\n", "")
        )
        programs = Path(sys.executable).parent
        env = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "HOME": name}
        command = [str(programs / "ansible-lint"), "--offline", "--strict", "--nocolor", "--format=pep8", *names]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    text = re.sub(r"(?:playbooks|tasks)/block_\d+\.yml", lambda match: names[match[0]] + " +", done.stdout)
    return ([text + done.stderr] if done.returncode else []), len(names)


def main() -> None:
    blocks = [block for name in pages() for block in blocks_of(name)]
    problems = [text for text in map(problem, blocks) if text]
    if not problems:
        problems, count = lint_ansible(blocks)
    if problems:
        sys.exit("\n".join(problems))
    kinds = ", ".join(f"{count} {language}" for language, count in sorted(Counter(b.language for b in blocks).items()))
    print(f"{len(blocks)} blocks of code ({kinds}). {count} of them are plays and tasks: ansible-lint is content.")


if __name__ == "__main__":
    main()
