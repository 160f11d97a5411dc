"""Write the tables of options in the READMEs of the roles, from their argument specs."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- options: written by scripts/role_readmes.py from meta/argument_specs.yml -->"
END = "<!-- end of options -->"
# Ansible's markup, such as O(ns.col.module#module:option), V(value), C(code) and M(ns.col.module).
MARKUP = re.compile(r"\b(?P<kind>[OVCEMPRB])\((?P<text>[^()]*(?:\([^()]*\)[^()]*)*)\)")


def plain(text: str) -> str:
    """Ansible's markup as Markdown that is safe inside of a table."""
    return MARKUP.sub(_code, text).replace("|", "\\|")


def _code(match: re.Match[str]) -> str:
    owner, _colon, name = match["text"].rpartition(":")
    # An option of another plugin: say of which.
    if match["kind"] == "O" and "#" in owner:
        return f"`{name}` of `{owner.partition('#')[0]}`"
    return "`{}`".format(match["text"].partition("#")[0])


def sentences(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def type_of(option: Mapping[str, Any]) -> str:
    name = option.get("type", "str")
    elements = f" of {option['elements']}" if "elements" in option else ""
    choices = " ({})".format(", ".join(f"`{choice}`" for choice in option["choices"])) if "choices" in option else ""
    return name + elements + choices


def default_of(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "**required**"
    if "default" not in option:
        return ""
    value = option["default"]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"`{shown.lower() if isinstance(value, bool) else shown}`"


def table(options: Mapping[str, Mapping[str, Any]]) -> str:
    """Required options first, the others in the order of the file."""
    lines = ["| option | type | default | meaning |", "|---|---|---|---|"]
    for name, option in sorted(options.items(), key=lambda item: not item[1].get("required")):
        meaning = "<br>".join(plain(sentence) for sentence in sentences(option["description"]))
        lines.append(f"| `{name}` | {type_of(option)} | {default_of(option)} | {meaning} |")
    return "\n".join(lines)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def wanted(role: Path) -> str:
    """The README as it ought to be, begun where there is none. SystemExit where it has no place for the table."""
    spec = yaml.safe_load(read(role / "meta" / "argument_specs.yml"))["argument_specs"]["main"]
    begun = f"# cloudops.ovh.{role.name}\n\n{spec['short_description']}.\n\n## Options\n\n{BEGIN}\n{END}\n"
    before, begin, rest = (read(role / "README.md") or begun).partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"roles/{role.name}/README.md needs these two lines for its table:\n{BEGIN}\n{END}")
    return f"{before}{BEGIN}\n\n{table(spec['options'])}\n\n{END}{after}"


def roles(names: Sequence[str]) -> list[Path]:
    found = sorted(path.parents[1] for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
    return [role for role in found if not names or role.name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which are not up to date")
    parser.add_argument("role", nargs="*", help="only these roles")
    arguments = parser.parse_args()
    stale = {role / "README.md": wanted(role) for role in roles(arguments.role)}
    stale = {readme: text for readme, text in stale.items() if read(readme) != text}
    names = ", ".join(str(readme.relative_to(ROOT)) for readme in stale)
    if arguments.check and stale:
        sys.exit(f"Not up to date: {names}. Run: .venv/bin/python scripts/role_readmes.py")
    for readme, text in stale.items():
        readme.write_text(text, encoding="utf-8")
    if stale:
        print(f"Written: {names}")


if __name__ == "__main__":
    main()
