# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on messages quotes what is really said, and has every code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.cloudops.ovh.plugins.module_utils._core import errors

PAGE = Path("docs/docsite/rst/guide_troubleshooting.rst")
#: From here on the messages are not ours.
OTHERS = "Ansible itself\n---"


def said(checkout: Path) -> Iterator[str]:
    """Every text in the code, and the tasks, each line of which may be part of a message."""
    for path in (checkout / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    for folder in ("roles", "playbooks"):
        for path in (checkout / folder).rglob("*.yml"):
            yield " ".join(path.read_text(encoding="utf-8").split())


def test_every_message_that_is_quoted_is_said(checkout: Path) -> None:
    ours, _others = (checkout / PAGE).read_text(encoding="utf-8").split(OTHERS)
    quoted = re.findall(r"``(.+?)``", "\n".join(re.findall(r"^``.*``$", ours, re.MULTILINE)))
    assert len(quoted) > 30
    known = "\n".join(said(checkout))
    assert [text for text in quoted if not all(part.strip() in known for part in text.split("…"))] == []


def codes(kind: type[errors.CloudOpsError]) -> set[str]:
    return {kind.code}.union(*map(codes, kind.__subclasses__()))


def test_every_code_is_explained(checkout: Path) -> None:
    table = (checkout / PAGE).read_text(encoding="utf-8").partition("``failure.code``\n     - what it means")[2]
    rows = re.findall(r"^   \* - (.*)$", table, re.MULTILINE)
    assert sorted(re.findall(r"``(\w+)``", " ".join(rows))) == sorted(codes(errors.CloudOpsError))
