# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of promises names tests: each of them is there, and no promise is without one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path("docs/promises.md")
NAME = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def functions_of(checkout: Path) -> set[tuple[str, str]]:
    """Every test function, with the name of its file, which is unique."""
    found = set()
    for path in (checkout / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {(path.name, one.name) for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    return found


def test_every_test_that_is_named_is_there(checkout: Path) -> None:
    named = set(NAME.findall((checkout / PAGE).read_text(encoding="utf-8")))
    assert len(named) > 50
    assert sorted(named - functions_of(checkout)) == []


def test_every_promise_has_its_limits_and_its_tests(checkout: Path) -> None:
    promises = re.split(r"^### ", (checkout / PAGE).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(promises) >= 18
    for promise in promises:
        _text, limits, rest = promise.partition("**Limits.**")
        assert limits, promise
        shown = rest.partition("**Shown by**")[2].partition("\n## ")[0]
        assert NAME.search(shown), promise
        # Nothing that looks like a test, and is not read as one.
        assert len(NAME.findall(shown)) == shown.count("test_") / 2, promise


def test_the_readme_leads_to_it(checkout: Path) -> None:
    assert "(docs/promises.md)" in (checkout / "README.md").read_text(encoding="utf-8")
