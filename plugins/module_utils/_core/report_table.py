# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of accounts in the page, with what filters it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from .audit import ERROR, KINDS
from .report import Report, count, entries, label
from .report_page import SHOWN

#: What a finding is called where there is little room.
BADGES = {
    "unreadable": "not audited",
    "unlisted": "not listed",
    "surplus": "should be gone",
    "missing": "no account",
    "wrong_roles": "roles differ",
    "duplicate": "shared description",
    "no_object_storage": "no Object Storage",
    "credential_mismatch": "other credential",
    "unfinished": "change cut off",
    "status": "not in order",
    "no_description": "no description",
}
#: Findings that the rest of the row does not explain.
_TELLING = frozenset(("duplicate", "credential_mismatch", "unfinished"))
#: Characters that turn text around: what one reads must be what is there.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_NOTHING = '<td class="none" data-s="">–</td>'


def text(value: object) -> str:
    """Return a value as text of the page, whatever is in it."""
    return escape(_TURNING.sub("\ufffd", str(value)), quote=True)


def name(value: object) -> str:
    """Return text from elsewhere, which must not turn around the text beside it."""
    return f"<bdi>{text(value)}</bdi>"


class _Accounts:
    """What the table needs to know of the whole report. Columns that would be empty are left out."""

    def __init__(self, report: Report) -> None:
        accounts = [account for project in report.projects for account in project["accounts"]]
        self.projects = [label(project) for project in report.projects]
        self.credentials = any(account["credential_file"] is not None for account in accounts)
        self.storage = any(account[key] is not None for account in accounts for key in ("s3_keys", "s3_policy"))
        self.roles = sorted({role for account in accounts for role in account["roles"]})
        self._numbers = {role: str(number) for number, role in enumerate(self.roles)}
        kinds = {finding["kind"] for finding, _project in report.findings}
        self.kinds = [kind for kind in KINDS if kind in kinds]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The titles of the columns, each with the class that gives its width."""
        many = len(self.projects) > 1
        columns = [("Person", "person"), ("Project", "project")] if many else [("Person", "alone")]
        columns += [("Roles", "roles"), ("Status", "status"), ("Created", "date")]
        columns += [("Credential", "date")] if self.credentials else []
        columns += [("S3", "storage")] if self.storage else []
        return [*columns, ("To look at", "findings")]

    def row(self, number: int, account: Mapping[str, Any], findings: list[dict[str, Any]], cut: bool) -> str:
        """Return an account, or a person or project without any, as a row."""
        roles = " ".join(self._numbers[role] for role in account["roles"] or ())
        kinds = " ".join(finding["kind"] for finding in findings)
        cells = [_person(account, self.projects[number])]
        cells += [f"<td>{name(self.projects[number])}</td>"] if len(self.projects) > 1 else []
        cells += [_roles(account, findings), f"<td>{text(account['status'] or '–')}</td>"]
        cells += [_date(account["creation_date"], account["age_days"])]
        cells += [_date(account["credential_issued"], account["credential_age_days"])] if self.credentials else []
        cells += [_storage(account)] if self.storage else []
        cells += [_badges(findings)]
        start = '<tr class="cut"' if cut else "<tr"
        return f'{start} data-p="{number}" data-r="{roles}" data-f="{kinds}">{"".join(cells)}</tr>'


def _person(account: Mapping[str, Any], project: str) -> str:
    person = account["person"]
    if person is None:
        return f'<th scope="row">{name(project)}</th>'
    known = [str(one) for one in (account["username"], account["id"]) if one is not None and one != person]
    small = f"<small>{text(', '.join(known))}</small>" if known else ""
    return f'<th scope="row">{name(person)}{small}</th>'


def _roles(account: Mapping[str, Any], findings: Iterable[Mapping[str, Any]]) -> str:
    extra = {role for finding in findings for role in finding["roles_surplus"]}
    lacking = {role for finding in findings for role in finding["roles_lacking"]}
    chips = [_chip(role, "extra" if role in extra else "") for role in account["roles"] or ()]
    chips += [_chip(role, "lacking") for role in sorted(lacking)]
    return "<td>{}</td>".format(" ".join(chips) or "–")


def _chip(role: str, mark: str) -> str:
    return (
        f'<span class="role {mark}">{text(role)} <b>{mark}</b></span>'
        if mark
        else f'<span class="role">{text(role)}</span>'
    )


def _date(moment: str | None, days: int | None) -> str:
    if moment is None:
        return _NOTHING
    small = f"<small>{_age(days)}</small>" if days is not None else ""
    return f'<td data-s="{text(moment)}">{text(moment[:10])}{small}</td>'


def _age(days: int) -> str:
    if days < 1:
        return "today"
    if days < 90:
        return count(days, "day")
    return count(days // 30, "month") if days < 730 else count(days // 365, "year")


def _storage(account: Mapping[str, Any]) -> str:
    keys, parts = account["s3_keys"], []
    if keys:
        names = " ".join(f"<code>{text(key)}</code>" for key in keys)
        parts.append(f"<details><summary>{count(len(keys), 'key')}</summary>{names}</details>")
    elif account["id"] is not None:
        parts.append("keys unknown" if keys is None else "no key")
    if account["s3_policy"]:
        parts.append("<small>policy</small>")
    return f'<td data-s="{len(keys or ())}">{"".join(parts)}</td>' if parts else _NOTHING


def _badges(findings: list[dict[str, Any]]) -> str:
    if not findings:
        return _NOTHING
    order = list(KINDS)
    badges = []
    for one in sorted(findings, key=lambda one: order.index(one["kind"])):
        more = f"<small>{text(one['message'])}</small>" if one["kind"] in _TELLING else ""
        badges.append(f'<span class="badge {one["severity"]}">{BADGES[one["kind"]]}</span>{more}')
    grave = sum(100 if one["severity"] == ERROR else 1 for one in findings)
    return f'<td data-s="{grave}">{" ".join(badges)}</td>'


def table(report: Report) -> list[str]:
    """Return the section with all accounts."""
    accounts = _Accounts(report)
    lines = [
        '<section aria-labelledby="accounts">',
        '<h2 id="accounts" tabindex="-1">Accounts</h2>',
        *_tools(accounts),
        '<div class="card scroll long" role="region" aria-labelledby="accounts" tabindex="0">',
        '<table id="table">',
        '<caption class="away">Every account. The buttons in the first row sort.</caption>',
        "<colgroup>{}</colgroup>".format("".join(f'<col class="c-{kind}">' for _title, kind in accounts.columns)),
        "<thead><tr>",
    ]
    for number, (title, _kind) in enumerate(accounts.columns):
        sort = "" if number else ' aria-sort="ascending"'
        lines.append(f'<th scope="col" data-title="{title}"{sort}><button type="button">{title}</button></th>')
    lines += ["</tr></thead>", "<tbody>", *_rows(report, accounts), "</tbody>", "</table>", "</div>"]
    return [*lines, f'<button type="button" id="more" data-shown="{SHOWN}" hidden></button>', "</section>"]


def _rows(report: Report, accounts: _Accounts) -> list[str]:
    """Return all rows by person, so that the accounts of one person stand together."""
    keyed = []
    for number, project in enumerate(report.projects):
        for account, findings in entries(project):
            shown = account["person"] if account["person"] is not None else label(project)
            keyed.append(((shown.casefold(), shown, number, account["id"] or 0), (number, account, findings)))
    ordered = [row for _key, row in sorted(keyed, key=lambda pair: pair[0])]
    return [accounts.row(*row, cut=index >= SHOWN) for index, row in enumerate(ordered)]


def _tools(accounts: _Accounts) -> list[str]:
    lines = [
        '<div class="tools" role="search" aria-label="Filter the accounts" hidden>',
        '<label>Search <input id="search" type="search" autocomplete="off" spellcheck="false"></label>',
    ]
    if len(accounts.projects) > 1:
        lines += _select(
            "project", "Project", "All projects", [(str(n), one) for n, one in enumerate(accounts.projects)]
        )
    lines += _select("role", "Role", "All roles", [(str(n), one) for n, one in enumerate(accounts.roles)])
    kinds = [
        ("*", "Anything to look at"),
        *((kind, KINDS[kind]) for kind in accounts.kinds),
        ("-", "Nothing to look at"),
    ]
    lines += _select("kind", "To look at", "All accounts", kinds)
    return [
        *lines,
        '<button type="button" id="reset">Reset</button>',
        '<output id="count" aria-live="polite"></output>',
        "</div>",
    ]


def _select(key: str, title: str, everything: str, choices: list[tuple[str, str]]) -> list[str]:
    options = "".join(f'<option value="{text(value)}">{text(shown)}</option>' for value, shown in choices)
    return [f'<label>{title} <select id="{key}"><option value="">{everything}</option>{options}</select></label>']
