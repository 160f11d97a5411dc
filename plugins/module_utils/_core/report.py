# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audits of many projects as one report, and that as JSON, CSV and text.

The same audits give the same bytes: everything is sorted, and the time is an input. ``docs/audit-report.schema.json``
describes the JSON.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from .audit import ERROR, KINDS, WARNING
from .errors import InputError

SCHEMA = 1

_COUNTS = ("errors", "warnings", "drift")
#: An account that is not there, by the keys that tables show.
_NOBODY: dict[str, Any] = dict.fromkeys(
    (
        "id",
        "username",
        "status",
        "expected",
        "roles",
        "creation_date",
        "age_days",
        "credential_file",
        "credential_issued",
        "credential_age_days",
        "credential_delivered",
        "s3_keys",
        "s3_policy",
    )
)
_ACCOUNT = ("person", *_NOBODY)
_FINDING = ("kind", "severity", "drift", "person", "message", "user_id", "username", "roles_lacking", "roles_surplus")
#: What cannot be part of a text file: control characters, and halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
#: A spreadsheet would take a cell that begins so for a formula.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
#: The same where it takes a semicolon, a tab or the end of a line for the end of a cell, as in much of Europe.
_LATER_FORMULA = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
#: What has to stand in quotes in CSV, by RFC 4180.
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$')


class Report(NamedTuple):
    """All that a report says. ``projects`` are as in the JSON, those that could not be audited included."""

    generated_at: str
    projects: list[dict[str, Any]]
    summary: dict[str, Any]

    @property
    def compared(self) -> bool:
        """True if any project was compared with a list."""
        return any(project["compared"] for project in self.projects)

    @property
    def uncompared(self) -> list[str]:
        """The audited projects that were not compared with a list."""
        return [label(one) for one in self.projects if one["error"] is None and not one["compared"]]

    @property
    def findings(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """All findings with their project, the gravest first."""
        order = list(KINDS)
        pairs = [(finding, project) for project in self.projects for finding in project["findings"]]
        return sorted(pairs, key=lambda pair: (pair[0]["severity"] != ERROR, order.index(pair[0]["kind"])))


def build_report(audits: Mapping[str, Any], generated_at: str, not_audited: Sequence[str] = ()) -> Report:
    """Return the report on ``audits``, the results of ``ovh_cloud_audit_info`` by the name of their host.

    ``not_audited``: hosts without a result. A result that failed may lack everything but ``msg``. Raises
    :class:`InputError` for what is no such result.
    """
    projects = [_project(str(host), audit) for host, audit in audits.items()]
    projects += [_unreadable(str(host), "It was not audited: the run ended before.") for host in not_audited]
    projects.sort(key=lambda one: (_called(one).casefold(), one["service_name"] or "", one["host"]))
    _tell_apart(projects)
    summary: dict[str, Any] = {
        "projects": len(projects),
        "unreadable": sum(project["error"] is not None for project in projects),
        # A person with accounts in three projects is one person.
        "people": len({account["person"] for project in projects for account in project["accounts"]}),
        "accounts": sum(len(project["accounts"]) for project in projects),
    }
    for name in _COUNTS:
        summary[name] = sum(project["summary"][name] for project in projects)
    return Report(clean(generated_at), projects, summary)


def label(project: Mapping[str, Any]) -> str:
    """Return what people call a project of a report, with what tells it from another of the same name."""
    return str(project["label"])


def _called(project: Mapping[str, Any]) -> str:
    return str(project["project_name"] or project["service_name"] or project["host"])


def _tell_apart(projects: list[dict[str, Any]]) -> None:
    """Give each its label: what people call it, with the id where two projects have one name, with the host where two
    hosts are one project."""
    names = Counter(_called(project) for project in projects)
    ids = Counter(project["service_name"] for project in projects)
    for project in projects:
        called, known = _called(project), project["service_name"]
        apart = known if known not in (None, called) and ids[known] == 1 else project["host"]
        project["label"] = called if names[called] == 1 else f"{called} ({apart})"


def clean(value: Any) -> Any:
    """Return data in which every text can be written to a file, whatever the API sent."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(one) for one in value]
    return value


def _project(host: str, audit: Any) -> dict[str, Any]:
    if not isinstance(audit, Mapping):
        raise InputError(f"The audit of {host} is not a result of ovh_cloud_audit_info.")
    if audit.get("audited_at") is None:
        return _unreadable(host, str(audit.get("msg") or "It could not be audited."), audit)
    try:
        project = {key: audit[key] for key in ("service_name", "project_name", "audited_at", "compared", "summary")}
        project.update(host=host, error=None, unknown=audit["unknown"])
        project.update(accounts=[_with(one, _ACCOUNT) for one in audit["accounts"]])
        project.update(findings=[_with(one, _FINDING) for one in audit["findings"]])
    except (KeyError, TypeError):
        raise InputError(f"The audit of {host} is not a result of ovh_cloud_audit_info.") from None
    cleaned: dict[str, Any] = clean(project)
    return cleaned


def _with(entry: Mapping[str, Any], keys: Iterable[str]) -> Mapping[str, Any]:
    """Return an entry that has all of ``keys``; raises :class:`KeyError` or :class:`TypeError` for another one."""
    for key in keys:
        entry[key]
    return entry


def _unreadable(host: str, message: str, known: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    finding = {"kind": "unreadable", "severity": ERROR, "drift": False, "person": None, "message": message}
    finding.update(user_id=None, username=None, roles_lacking=[], roles_surplus=[])
    project: dict[str, Any] = clean(
        {
            "host": host,
            "service_name": known.get("service_name"),
            "project_name": known.get("project_name") or "",
            "audited_at": None,
            "compared": False,
            "error": message,
            "unknown": [],
            "accounts": [],
            "findings": [finding],
            "summary": {"people": 0, "accounts": 0, "errors": 1, "warnings": 0, "drift": 0},
        }
    )
    return project


def to_json(report: Report) -> str:
    """Return the report as JSON."""
    document = {
        "schema": SCHEMA,
        "generated_at": report.generated_at,
        "summary": report.summary,
        "projects": report.projects,
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


# CSV

COLUMNS = (
    "project",
    "service_name",
    "person",
    "user_id",
    "username",
    "status",
    "expected",
    "roles",
    "created",
    "age_days",
    "credential_issued",
    "credential_age_days",
    "credential_delivered",
    "s3_keys",
    "s3_access",
    "s3_policy",
    "severity",
    "findings",
    "messages",
)


def cell(value: Any) -> str:
    """Return a value as a cell of CSV. A spreadsheet must not take text from the API for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    text = str(value)
    if isinstance(value, str):
        found = _FORMULA.match(value)
        end = found.end() if found is not None else 0
        text = ("'" if found is not None else "") + value[:end] + _LATER_FORMULA.sub(r"\1'", value[end:])
    return '"%s"' % text.replace('"', '""') if _QUOTED.search(text) else text


def to_csv(report: Report) -> str:
    """Return the report as CSV: one line for each account, and one for each finding without an account."""
    lines = [",".join(COLUMNS)]
    for project in report.projects:
        for account, findings in entries(project):
            row = _row(project, account, findings)
            lines.append(",".join(cell(row[column]) for column in COLUMNS))
    return "\r\n".join(lines) + "\r\n"


def _row(project: Mapping[str, Any], account: Mapping[str, Any], findings: list[dict[str, Any]]) -> dict[str, Any]:
    keys = account["s3_keys"]
    return {
        **account,
        "project": label(project),
        "service_name": project["service_name"],
        "user_id": account["id"],
        "created": account["creation_date"],
        "s3_keys": len(keys) if keys is not None else None,
        "s3_access": keys,
        "severity": worst(findings),
        "findings": [finding["kind"] for finding in findings],
        "messages": [finding["message"] for finding in findings],
    }


def entries(project: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return each account of a project with what was found about it, then what has no account, each with itself."""
    found: dict[int, list[dict[str, Any]]] = {}
    for finding in project["findings"]:
        if finding["user_id"] is not None:
            found.setdefault(finding["user_id"], []).append(finding)
    for account in project["accounts"]:
        yield account, found.get(account["id"], [])
    for finding in project["findings"]:
        if finding["user_id"] is None:
            yield {**_NOBODY, "person": finding["person"]}, [finding]


def worst(findings: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the gravest severity among findings, None without any."""
    severities = {finding["severity"] for finding in findings}
    return next((severity for severity in (ERROR, WARNING) if severity in severities), None)


# Text


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 person``, ``2 people``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def headline(report: Report) -> str:
    """Return the report in one sentence."""
    summary = report.summary
    if not summary["projects"]:
        return "No project was audited."
    parts = [count(summary[name], name[:-1]) for name in ("errors", "warnings") if summary[name]]
    parts = [part.replace("error", "problem") for part in parts]
    if parts:
        text = " and ".join(parts) + "."
        if summary["unreadable"]:
            total = count(summary["projects"], "project")
            text += " {:,} of {} could not be audited.".format(summary["unreadable"], total)
        return text
    if not report.compared:
        return "No problems."
    return "No problems. Access is as the list says." + (" " + left_out(report) if report.uncompared else "")


def left_out(report: Report, most: int = 5) -> str:
    """Return which audited projects were not compared, where others were."""
    names = report.uncompared
    named = ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
    return f"Not compared with a list: {named}."


def to_text(report: Report, most: int = 20) -> str:
    """Return the report for a terminal: what was looked at, and what was found, a line each."""
    summary = report.summary
    facts = [count(summary["people"], "person", "people"), count(summary["accounts"], "account")]
    lines = ["{} in {}. {}".format(", ".join(facts), count(summary["projects"], "project"), headline(report))]
    found = report.findings
    lines += [f"{finding['severity']}: {_line(finding, project)}" for finding, project in found[:most]]
    if len(found) > most:
        lines.append("and %d more." % (len(found) - most))
    lines += [f"note: {label(project)}: {note}" for project in report.projects for note in project["unknown"]]
    return "\n".join(lines)


def _line(finding: Mapping[str, Any], project: Mapping[str, Any]) -> str:
    whom = f"{finding['person']}: " if finding["person"] is not None else ""
    # One line each, whatever a description holds.
    return " ".join(f"{label(project)}: {whom}{finding['message']}".split())


def complaint(report: Report, drift: bool, most: int = 20) -> str:
    """Return why a run fails, in sentences: projects that could not be audited, and with ``drift`` what differs.

    Empty where it does not fail.
    """
    pairs = [pair for pair in report.findings if pair[0]["kind"] == "unreadable" or (drift and pair[0]["drift"])]
    differ = sum(finding["drift"] for finding, _project in pairs)
    unread = len(pairs) - differ
    parts = [count(unread, "project") + " could not be audited"] if unread else []
    parts += [count(differ, "difference") + " from the list"] if differ else []
    if not parts:
        return ""
    lines = [_line(finding, project) for finding, project in pairs[:most]]
    lines += ["And %d more, which the report has." % (len(pairs) - most)] if len(pairs) > most else []
    return "{}. {}".format(", ".join(parts), " ".join(lines))
