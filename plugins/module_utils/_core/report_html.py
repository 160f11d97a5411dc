# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one page that needs nothing else: no server, no network, and no script to be read.

All text goes through :func:`text`. There is no data inside the script, and the page's own policy allows exactly the
style and the script that are in it, so that nothing else could run even if something slipped through.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from .audit import ERROR, KINDS, WARNING
from .report import Report, headline, label, left_out, worst
from .report_page import NOSCRIPT_STYLE, SCRIPT, STYLE
from .report_table import name, table, text

#: Findings whose message says more than their title.
_TELLING = frozenset(("unreadable", "wrong_roles", "duplicate", "credential_mismatch", "unfinished", "status"))
#: How many people of one kind are named; the table has them all.
_NAMED = 10
_MARKS = {ERROR: "✕", WARNING: "!", "ok": "✓"}

_Pairs = list[tuple[dict[str, Any], dict[str, Any]]]


def to_html(report: Report) -> str:
    """Return the report as a page."""
    body = [*_header(report), "<main>", *_findings(report), *_projects(report), *table(report), "</main>"]
    return "\n".join([*_head(report), *body, *_FOOTER, f"<script>{SCRIPT}</script>", "</body>", "</html>", ""])


def _hash(content: str) -> str:
    return "'sha256-{}'".format(b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii"))


def _head(report: Report) -> list[str]:
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)} {_hash(NOSCRIPT_STYLE)}; script-src {_hash(SCRIPT)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    return [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        # Without it a browser may ask a server for an icon.
        '<link rel="icon" href="data:,">',
        f"<title>{text(_dated('Who has access', report))}</title>",
        f"<style>{STYLE}</style>",
        f"<noscript><style>{NOSCRIPT_STYLE}</style></noscript>",
        "</head>",
        "<body>",
        '<a class="skip" href="#accounts">Skip to the accounts</a>',
    ]


_FOOTER = [
    "<footer>",
    "<p>Created is when the account was made, and Credential when the password in its credential file was issued. Ages"
    " are counted to the moment of the audit. Under S3 are the access keys, and whether there is a policy.</p>",
    "<p>Made by the Ansible collection cloudops.ovh. This page is complete: it loads nothing and sends nothing.</p>",
    "</footer>",
]


# The summary


def _verdict(report: Report) -> str:
    if report.summary["errors"] or not report.projects:
        return ERROR
    return WARNING if report.summary["warnings"] else "ok"


def _header(report: Report) -> list[str]:
    verdict = _verdict(report)
    compared = "Compared with the list of who should have access." if report.compared else "Not compared with a list."
    if report.compared and report.uncompared:
        compared += " " + text(left_out(report))
    return [
        "<header>",
        "<h1>Who has access</h1>",
        f'<p class="sub">{text(_dated("OVHcloud Public Cloud", report))}. {compared}</p>',
        f'<p class="verdict {verdict}"><span class="mark" aria-hidden="true">{_MARKS[verdict]}</span>'
        f" <strong>{text(headline(report))}</strong></p>",
        '<dl class="tiles">',
        _tile(report.summary["people"], "Person", "People"),
        _tile(report.summary["accounts"], "Account", "Accounts"),
        _tile(report.summary["projects"], "Project", "Projects"),
        _tile(report.summary["errors"], "Problem", "Problems", ERROR),
        _tile(report.summary["warnings"], "Warning", "Warnings", WARNING),
        "</dl>",
        "</header>",
    ]


def _tile(number: int, one: str, many: str, kind: str = "") -> str:
    return '<div class="tile {}"><dt>{}</dt><dd>{:,}</dd></div>'.format(
        kind if number else "", one if number == 1 else many, number
    )


def _dated(title: str, report: Report) -> str:
    """Return a title with the time of the report, which may not be said."""
    return f"{title}, {_moment(report.generated_at)}" if report.generated_at else title


def _moment(stamp: str) -> str:
    """Return ``2026-11-24T00:13:31Z`` as people write it."""
    date, _sign, rest = stamp.partition("T")
    return f"{date} at {rest[:5]} UTC" if rest.endswith("Z") else stamp


# What was found


def _findings(report: Report) -> list[str]:
    groups: dict[str, _Pairs] = {}
    for finding, project in report.findings:
        groups.setdefault(finding["kind"], []).append((finding, project))
    # A kind is as grave as the gravest of it; among equals the order of the kinds stays.
    ordered = sorted(groups.items(), key=lambda group: worst(finding for finding, _project in group[1]) != ERROR)
    lines = ['<section aria-labelledby="findings">', '<h2 id="findings">What to look at</h2>']
    if not ordered:
        lines.append(f'<p class="card">{_nothing(report)}</p>')
    lines.append('<div class="groups">')
    for kind, pairs in ordered:
        lines += _group(kind, pairs, len(report.projects) > 1)
    lines.append("</div>")
    lines += [
        f'<p class="card note">{name(label(project))}: {text(note)}</p>'
        for project in report.projects
        for note in project["unknown"]
    ]
    return [*lines, "</section>"]


def _nothing(report: Report) -> str:
    if not report.compared:
        return "Nothing."
    nothing = "Nothing. Everybody on the list has an account with the right roles, and nobody else has one."
    return nothing + (" " + text(left_out(report)) if report.uncompared else "")


def _group(kind: str, pairs: _Pairs, many: bool) -> list[str]:
    lines = [
        f'<article class="card group {worst(finding for finding, _project in pairs)}">',
        f'<h3><span class="number">{len(pairs):,}</span> {KINDS[kind]}</h3>',
        '<ul class="wide">' if kind == "unreadable" else "<ul>",
    ]
    for finding, project in pairs[:_NAMED]:
        whom = finding["person"]
        parts = [f"<b>{name(whom if whom is not None else label(project))}</b>"]
        parts += [f'<span class="where">{name(label(project))}</span>'] if many and whom is not None else []
        parts += [f'<span class="what">{text(finding["message"])}</span>'] if kind in _TELLING else []
        lines.append("<li>{}</li>".format(" ".join(parts)))
    if len(pairs) > _NAMED:
        lines.append(f'<li class="what">and {len(pairs) - _NAMED:,} more</li>')
    lines.append("</ul>")
    # Ten buttons of one name would say nothing to who hears them.
    named = f'aria-label="Show in the table: {KINDS[kind]}"'
    lines.append(f'<button type="button" class="show" data-kind="{kind}" {named} hidden>Show in the table</button>')
    return [*lines, "</article>"]


# Projects


def _projects(report: Report) -> list[str]:
    return [
        '<section aria-labelledby="projects">',
        '<h2 id="projects">Projects</h2>',
        '<div class="card scroll" role="region" aria-labelledby="projects" tabindex="0">',
        "<table>",
        '<caption class="away">Each project with its accounts, its problems and the roles given there.</caption>',
        '<thead><tr><th scope="col">Project</th><th scope="col" class="num">People</th>'
        '<th scope="col" class="num">Accounts</th><th scope="col" class="num">Problems</th>'
        '<th scope="col" class="num">Warnings</th><th scope="col">Roles, and how many have them</th></tr></thead>',
        "<tbody>",
        *(_project(project) for project in report.projects),
        "</tbody>",
        "</table>",
        "</div>",
        "</section>",
    ]


def _project(project: Mapping[str, Any]) -> str:
    known = project["service_name"]
    small = f"<small>{text(known)}</small>" if known and known not in label(project) else ""
    first = f'<th scope="row">{name(label(project))}{small}</th>'
    if project["error"] is not None:
        badge = '<span class="badge error">not audited</span>'
        return f'<tr>{first}<td colspan="5">{badge} {text(project["error"])}</td></tr>'
    cells = [f'<td class="num">{project["summary"][key]:,}</td>' for key in ("people", "accounts")]
    for key, kind in (("errors", ERROR), ("warnings", WARNING)):
        number = project["summary"][key]
        shown = f'<span class="badge {kind}">{number:,}</span>' if number else "0"
        cells.append(f'<td class="num">{shown}</td>')
    return "<tr>{}{}<td>{}</td></tr>".format(first, "".join(cells), _role_counts(project) or "–")


def _role_counts(project: Mapping[str, Any]) -> str:
    numbers: dict[str, int] = {}
    for account in project["accounts"]:
        for role in account["roles"]:
            numbers[role] = numbers.get(role, 0) + 1
    return " ".join(
        f'<span class="role">{text(role)} <b>{number:,}</b></span>' for role, number in sorted(numbers.items())
    )
