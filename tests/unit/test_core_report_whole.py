# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as a whole, character by character: what people open, and what other programs read, changes on purpose only.

To change one, remove its file in ``golden``, run this, and look at what it has written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.report import (
    Report,
    build_report,
    to_csv,
    to_json,
    to_text,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_html import to_html
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_page import SCRIPT, STYLE
from tests.support.audits import a_hard_week, account, audit

GOLDEN = Path(__file__).parent / "golden"
WHEN = "2026-03-01T12:00:00Z"
AUDITS: Mapping[str, dict[str, dict[str, Any]]] = {
    "hard-week": a_hard_week(),
    "quiet-day": {"host": audit([account(1, "ada@example.com", days=60)], ["ada@example.com"])},
    "no-list": {"host": audit([account(1, "ada@example.com", ("ai_training_read",), days=800)], project_name="Lab")},
}


def page(report: Report) -> str:
    """The page without its style and script, an element a line."""
    html = re.sub(r"sha256-[^']+", "sha256-…", to_html(report).replace(STYLE, "").replace(SCRIPT, ""))
    return html.replace("><", ">\n<")


RENDER: Mapping[str, Callable[[Report], str]] = {
    "html": page,
    "csv": lambda report: to_csv(report).replace("\r\n", "\n"),
    "json": to_json,
    "txt": lambda report: to_text(report) + "\n",
}


@pytest.mark.parametrize("name", AUDITS)
@pytest.mark.parametrize("ending", RENDER)
def test_a_report_is_as_it_was(name: str, ending: str) -> None:
    path = GOLDEN / f"{name}.{ending}"
    text = RENDER[ending](build_report(AUDITS[name], WHEN, ["later"] if name == "hard-week" else []))
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was not there, and is written now: look at it.")
    assert text == path.read_text(encoding="utf-8")
