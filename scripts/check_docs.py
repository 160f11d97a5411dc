"""Run ansible-doc on every plugin and role of the checkout. An error, a warning or nothing to check fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "cloudops.ovh"
# Folders of plugins/ whose content ansible-doc documents, and its name for them.
KINDS = {
    "become": "become",
    "cache": "cache",
    "callback": "callback",
    "connection": "connection",
    "filter": "filter",
    "inventory": "inventory",
    "lookup": "lookup",
    "modules": "module",
    "strategy": "strategy",
    "test": "test",
    "vars": "vars",
}


def names_by_kind() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for folder, kind in KINDS.items():
        stems = {path.stem for path in (ROOT / "plugins" / folder).glob("*.py")} - {"__init__"}
        if stems:
            found[kind] = sorted(stems)
    roles = sorted(path.name for path in (ROOT / "roles").glob("*/") if (path / "tasks").is_dir())
    if roles:
        found["role"] = roles
    return found


def ansible_doc(kind: str, names: list[str], *options: str) -> tuple[str, list[str]]:
    program = Path(sys.executable).with_name("ansible-doc")
    command = [str(program), *options, "-t", kind, *(f"{NAMESPACE}.{name}" for name in names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    problems = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode and not problems:
        problems = [f"ansible-doc ended with {done.returncode}: {done.stdout.strip()}"]
    return done.stdout, problems


def check(kind: str, names: list[str]) -> list[str]:
    """The page as people read it, and the data behind it: either can fail alone."""
    text, problems = ansible_doc(kind, names)
    data, more = ansible_doc(kind, names, "--json")
    problems += [line for line in more if line not in problems]
    try:
        documented = json.loads(data)
    except ValueError:
        documented = {}
    for name in names:
        full = f"{NAMESPACE}.{name}"
        if not documented.get(full):
            problems.append(f"{kind} {full} has no documentation")
        if full.upper() not in text.upper():
            problems.append(f"{kind} {full} is not on the page")
    return problems


def main() -> None:
    found = names_by_kind()
    problems = [f"no {kind} to check" for kind in ("module", "role") if kind not in found]
    for kind, names in found.items():
        problems += check(kind, names)
        print(f"{kind}: {', '.join(names)}")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
