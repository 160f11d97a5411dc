# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many audits as one report: JSON by its schema, CSV for spreadsheets, text for terminals."""

from __future__ import annotations

import copy
import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.audit import KINDS
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report import (
    COLUMNS,
    build_report,
    cell,
    complaint,
    headline,
    to_csv,
    to_json,
    to_text,
)
from tests.support.audits import ADMIN, BOTH, UNREADABLE, a_crowd, a_hard_week, account, audit
from tests.unit import strategies

WHEN = "2026-03-01T12:00:00Z"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "audit-report.schema.json").read_text(encoding="utf-8"))
TEXT = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(["=1", "a,b", '"', "\r\n", "\x00"])


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# --- the report ---


def test_all_hosts_are_in_it_whatever_became_of_them() -> None:
    report = build_report(a_hard_week(), WHEN, not_audited=["later"])
    shown = [(one["host"], one["project_name"], one["error"]) for one in report.projects]
    assert shown == [
        ("closed", "", UNREADABLE["msg"]),
        ("later", "", "It was not audited: the run ended before."),
        ("production", "Production", None),
        ("research", "Research", None),
    ]
    assert report.summary == {
        "projects": 4,
        "unreadable": 2,
        # ada@example.com has an account in two of them.
        "people": 8,
        "accounts": 10,
        "errors": 9,
        "warnings": 7,
        "drift": 8,
    }
    assert {finding["kind"] for finding, _project in report.findings} == set(KINDS)
    severities = [finding["severity"] for finding, _project in report.findings]
    assert severities == sorted(severities)


def test_what_is_known_of_a_project_that_could_not_be_read_is_kept() -> None:
    known = {**UNREADABLE, "service_name": "c" * 32, "project_name": "Closed"}
    (project,) = build_report({"host": known}, WHEN).projects
    assert (project["service_name"], project["project_name"], project["error"]) == ("c" * 32, "Closed", known["msg"])


@pytest.mark.parametrize("audits", [{"a": 7}, {"a": {"audited_at": WHEN}}, {"a": {**audit(), "accounts": 7}}])
def test_what_is_no_audit_is_refused(audits: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="The audit of a is not a result"):
        build_report(audits, WHEN)


def test_the_audits_are_not_changed() -> None:
    audits = a_hard_week()
    before = copy.deepcopy(audits)
    build_report(audits, WHEN)
    assert audits == before


@pytest.mark.parametrize("render", [to_json, to_csv, to_text])
def test_the_order_of_hosts_does_not_matter(render: Any) -> None:
    audits = a_hard_week()
    reordered = dict(reversed(audits.items()))
    assert render(build_report(audits, WHEN)) == render(build_report(reordered, WHEN))


@pytest.mark.parametrize(
    ("audits", "said"),
    [
        ({}, "No project was audited."),
        ({"a": audit([account(1, "ada")])}, "No problems."),
        ({"a": audit([account(1, "ada")], ["ada"])}, "No problems. Access is as the list says."),
        (
            {"a": audit([account(1, "ada")], ["ada"]), "b": audit([account(1, "ada")], project_name="Lab")},
            "No problems. Access is as the list says. Not compared with a list: Lab.",
        ),
        ({"a": audit([account(1, "ada")], [])}, "1 problem."),
        ({"a": audit([account(1, "ada", ())], ["ada"])}, "1 warning."),
        ({"a": UNREADABLE, "b": audit()}, "1 problem. 1 of 2 projects could not be audited."),
    ],
)
def test_the_headline(audits: dict[str, Any], said: str) -> None:
    assert headline(build_report(audits, WHEN)) == said


# --- JSON ---


def is_valid(text: str) -> None:
    jsonschema.validate(json.loads(text), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_is_one_and_documents_all_of_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def properties(schema: Any) -> list[tuple[str, Any]]:
        inner = [schema["items"]] if "items" in schema else []
        found = list(schema.get("properties", {}).items())
        return found + [one for part in [*inner, *(value for _name, value in found)] for one in properties(part)]

    assert [name for name, schema in properties(SCHEMA) if not schema.get("description")] == []
    assert SCHEMA["properties"]["projects"]["items"]["properties"]["findings"]["items"]["properties"]["kind"][
        "enum"
    ] == list(KINDS)


@pytest.mark.parametrize("audits", [{}, a_hard_week(), a_crowd(3)], ids=["nothing", "much", "crowd"])
def test_json_is_as_the_schema_says(audits: dict[str, Any]) -> None:
    is_valid(to_json(build_report(audits, WHEN, ["later"])))


@pytest.mark.parametrize("where", [(), ("projects", 0), ("projects", 2, "accounts", 0), ("projects", 0, "findings", 0)])
def test_the_schema_notices_what_is_missing_and_what_is_new(where: tuple[Any, ...]) -> None:
    for change in (lambda part: part.pop(next(iter(part))), lambda part: part.update(new=1)):
        document = json.loads(to_json(build_report(a_hard_week(), WHEN)))
        part = document
        for step in where:
            part = part[step]
        change(part)
        with pytest.raises(jsonschema.ValidationError):
            is_valid(json.dumps(document))


@given(strategies.users(), st.none() | strategies.items(), TEXT, TEXT)
def test_any_text_becomes_valid_json_and_a_table(users: Any, expected: Any, described: str, said: str) -> None:
    strange = [one._replace(description=one.description + described, status=said or one.status) for one in users]
    audits = {"host " + described: audit_of(strange, expected), "closed": {"msg": said, "audited_at": None}}
    report = build_report(audits, WHEN)
    text = to_json(report)
    is_valid(text)
    table = to_csv(report)
    for one in (text, table, to_text(report)):
        one.encode("utf-8")
    parsed = rows(table)
    entries = [one for project in report.projects for one in project["accounts"]]
    without = [one for project in report.projects for one in project["findings"] if one["user_id"] is None]
    assert len(parsed) == len(entries) + len(without)
    assert all(not value[:1] or value[0] not in "=+-@\t\r\n" for row in parsed for value in row.values())
    assert len(to_text(report, most=1000).splitlines()) == 1 + len(report.findings)


def audit_of(users: Any, expected: Any) -> dict[str, Any]:
    from ansible_collections.cloudops.ovh.plugins.module_utils._core.audit import make_audit, render_audit
    from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud

    made = make_audit(Cloud(users), expected, strategies.CATALOGUE, {})
    return {"service_name": "a", "project_name": "", **render_audit(made, {}, strategies.NOON), "unknown": []}


@pytest.mark.parametrize(
    ("field", "entry"),
    [("accounts", {}), ("accounts", "ada"), ("findings", {}), ("findings", {"kind": "status"}), ("findings", [1])],
)
def test_what_is_no_result_of_an_audit_is_said(field: str, entry: object) -> None:
    with pytest.raises(InputError, match="The audit of host is not a result of ovh_cloud_audit_info."):
        build_report({"host": {**audit(), field: [entry]}}, WHEN)


def test_projects_of_one_name_are_told_apart() -> None:
    hosts = {"eu": "a" * 32, "us": "b" * 32, "again": "b" * 32}
    audits = {
        host: {**audit([account(1, "ada", (*BOTH, ADMIN))], ["ada"], project_name="Team"), "service_name": one}
        for host, one in hosts.items()
    }
    audits["other"] = {**audit([account(1, "ada")], ["ada"], project_name="Lab"), "service_name": "c" * 32}
    report = build_report(audits, WHEN)
    labels = {one["host"]: one["label"] for one in report.projects}
    assert labels == {"eu": f"Team ({'a' * 32})", "us": "Team (us)", "again": "Team (again)", "other": "Lab"}
    assert f"Team ({'a' * 32}): ada: Has administrator" in to_text(report)
    assert {row["project"] for row in rows(to_csv(report))} == set(labels.values())


def test_projects_without_a_name_are_called_by_their_id_or_host() -> None:
    ids = {"eu": "a" * 32, "twin": "a" * 32, "us": "b" * 32}
    audits = {host: {**audit([account(1, "ada")]), "service_name": one} for host, one in ids.items()}
    labels = {one["host"]: one["label"] for one in build_report({**audits, "closed": UNREADABLE}, WHEN).projects}
    assert labels == {"eu": f"{'a' * 32} (eu)", "twin": f"{'a' * 32} (twin)", "us": "b" * 32, "closed": "closed"}


# --- CSV ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (-5, "-5"),
        ("ada", "ada"),
        ("", ""),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("two\r\nlines", '"two\r\nlines"'),
        (" padded", '" padded"'),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("\r=1", '"\'\r=1"'),
        ("\uff1d1", "'\uff1d1"),
        ("=a,b", '"\'=a,b"'),
        # Where a semicolon ends a cell.
        ("bob;=1", "bob;'=1"),
        (";=1", ";'=1"),
        ("bob; +1;-2", "bob; '+1;'-2"),
        ("bob\n@x", '"bob\n\'@x"'),
        ("=1;=2", "'=1;'=2"),
        ("a;b", "a;b"),
        (["b", "a"], "b a"),
        (["=1", "a"], "'=1 a"),
        ([], ""),
    ],
)
def test_a_cell(value: Any, expected: str) -> None:
    assert cell(value) == expected


def test_csv_has_one_line_an_account_and_one_for_what_has_none() -> None:
    text = to_csv(build_report(a_hard_week(), WHEN))
    found = rows(text)
    assert text.startswith(",".join(COLUMNS) + "\r\n")
    assert [(row["project"], row["person"], row["severity"], row["findings"]) for row in found][:3] == [
        ("closed", "", "error", "unreadable"),
        ("Production", "ada@example.com", "", ""),
        ("Production", "stranger", "error", "unlisted no_object_storage"),
    ]
    assert found[-1]["person"] == "new@example.com"
    ada = next(row for row in found if row["project"] == "Research" and row["person"] == "ada@example.com")
    assert {name: ada[name] for name in ("roles", "age_days", "credential_age_days", "s3_keys", "s3_policy")} == {
        "roles": "ai_training_operator objectstore_operator",
        "age_days": "400",
        "credential_age_days": "22",
        "s3_keys": "2",
        "s3_policy": "yes",
    }
    # Not known is empty, none is 0.
    assert {row["s3_keys"] for row in found if row["project"] == "Production"} == {""}
    assert next(row for row in found if row["person"] == "odd@example.com")["s3_keys"] == "0"


# --- text ---


def test_text_is_short_and_one_line_a_finding() -> None:
    users = [account(number, f"person\n{number}") for number in range(30)]
    text = to_text(build_report({"a": audit(users, [])}, WHEN))
    lines = text.splitlines()
    assert lines[0] == "30 people, 30 accounts in 1 project. 30 problems."
    assert lines[1] == "error: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: person 0: Has an account, and is not on the list."
    assert (len(lines), lines[-1]) == (22, "and 10 more.")
    twenty = build_report({"a": audit(users[:20], [])}, WHEN)
    assert "more" not in to_text(twenty)
    assert "more" not in complaint(twenty, True)
    more = build_report({"a": audit(users[:21], [])}, WHEN)
    assert complaint(more, True).endswith("And 1 more, which the report has.")


def test_text_says_what_is_not_known() -> None:
    text = to_text(build_report(a_hard_week(), WHEN))
    assert text.splitlines()[-1].startswith("note: Production: S3 keys of 2 of 2 accounts are not known.")


def test_why_a_run_fails() -> None:
    clean = build_report({"a": audit([account(1, "ada")], ["ada"])}, WHEN)
    assert (complaint(clean, True), complaint(clean, False)) == ("", "")
    extra = {"a": audit([account(1, "ada", (*BOTH, ADMIN))], ["ada", "new"], project_name="Team")}
    assert complaint(build_report(extra, WHEN), False) == ""
    assert complaint(build_report(extra, WHEN), True) == (
        "2 differences from the list. Team: new: Is on the list, and has no account."
        " Team: ada: Has administrator, which the list does not give."
    )
    both = build_report({**extra, "closed": UNREADABLE}, WHEN)
    assert complaint(both, False) == f"1 project could not be audited. closed: {UNREADABLE['msg']}"
    assert complaint(both, True).startswith("1 project could not be audited, 2 differences from the list. closed: GET")
    assert complaint(both, True, most=1).endswith("exist And 2 more, which the report has.")
