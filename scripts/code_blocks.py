"""Finds the code in the documentation: fenced in Markdown, `code-block` in reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from project_files import ROOT, project_files

FENCED = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(
    r"^(?P<indent> *)\.\. code-block:: *(?P<language>\S+)\n(?P<body>(?:(?P=indent) +\S.*\n|\s*\n)+)", re.MULTILINE
)
CAPTION = re.compile(r"^ +:caption: *(\S+)$", re.MULTILINE)
OPTION = re.compile(r"^ +:\w+:.*\n", re.MULTILINE)


class Block(NamedTuple):
    """A piece of code. ``caption``: the file that it is."""

    file: str
    line: int
    language: str
    caption: str
    code: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


def _of_markdown(name: str, text: str) -> Iterator[Block]:
    for match in FENCED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(name, line, match["language"], "", dedent(match["code"]))


def _of_restructured_text(name: str, text: str) -> Iterator[Block]:
    for match in DIRECTIVE.finditer(text):
        caption = CAPTION.search(match["body"])
        code = dedent(OPTION.sub("", match["body"])).strip("\n") + "\n"
        line = text.count("\n", 0, match.start()) + 1
        yield Block(name, line, match["language"], caption[1] if caption else "", code)


def blocks_of(name: str) -> list[Block]:
    """In the order of the page."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return list(_of_markdown(name, text) if name.endswith(".md") else _of_restructured_text(name, text))


def pages() -> list[str]:
    """Every page of the project that has code."""
    return [name for name in project_files() if Path(name).suffix in (".md", ".rst") and name != "CHANGELOG.md"]
