# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document for AWX must be, written down by us: what AWX refuses, and what it accepts although it is wrong.

Each function returns the list of problems. Nothing here is AWX's own code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
FIELD_KEYS = {
    "id",
    "type",
    "label",
    "help_text",
    "secret",
    "multiline",
    "format",
    "choices",
    "default",
    "ask_at_runtime",
}
STRING_ONLY = {"choices", "multiline", "format", "secret"}
#: The jobs' own environment, which a credential must not touch.
FORBIDDEN = {"PATH", "PYTHONPATH", "VIRTUAL_ENV", "JOB_ID", "INVENTORY_ID", "AWX_HOST", "PROJECT_REVISION"}
QUESTION_KEYS = {"type", "question_name", "variable", "required"}
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "textarea": (str,),
    "password": (str,),
    "multiplechoice": (str,),
    "multiselect": (str,),
    "integer": (int,),
    "float": (int, float),
}
#: What AWX hands to a job by itself.
RESERVED = ("awx_", "tower_", "ansible_")


def render(template: str, names: Mapping[str, Any]) -> str | None:
    """The text, or None where the template uses what is not there."""
    try:
        return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(names)
    except TemplateError:
        return None


# --- credential types ---


def inputs(document: Mapping[str, Any]) -> list[str]:
    return [*_inputs(document)]


def _inputs(document: Mapping[str, Any]) -> Iterator[str]:
    if set(document) - {"fields", "required"}:
        yield "unknown keys of inputs"
    names = [field.get("id", "") for field in document.get("fields", [])]
    if len(names) != len(set(names)):
        yield "two fields of one id"
    for field in document.get("fields", []):
        yield from _field(field)
    # AWX accepts this one.
    for name in document.get("required", []):
        if name not in names:
            yield f"required names no field: {name}"


def _field(field: Mapping[str, Any]) -> Iterator[str]:
    name = field.get("id", "")
    if not NAME.fullmatch(name) or name == "tower":
        yield f"not a name for a field: {name!r}"
    if set(field) - FIELD_KEYS or not isinstance(field.get("label"), str):
        yield f"unknown keys or no label: {name}"
    kind = {"string": str, "boolean": bool}.get(field.get("type", "string"))
    if kind is None:
        yield f"unknown type: {name}"
    elif "default" in field and not isinstance(field["default"], kind):
        yield f"default of another type: {name}"
    if kind is bool and STRING_ONLY & set(field):
        yield f"not for a boolean: {name}"
    # AWX accepts these: a secret that is not marked is shown to everybody who sees the credential.
    if re.search("secret|password|token|consumer_key", name) and not field.get("secret"):
        yield f"a secret that is not marked: {name}"
    if field.get("secret") and "default" in field:
        yield f"a secret with a default: {name}"


def injectors(document: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    return [*_injectors(document, fields)]


def _injectors(document: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[str]:
    if set(document) - {"env", "file", "extra_vars"}:
        yield "unknown section"
    names = {field["id"]: "example" for field in fields["fields"]}
    used = set()
    for variable, template in document.get("env", {}).items():
        if not NAME.fullmatch(variable) or variable.startswith("ANSIBLE_") or variable in FORBIDDEN:
            yield f"not allowed in the environment: {variable}"
        if not template.isascii() or render(template, names) is None:
            yield f"not a template of the fields: {variable}"
        used |= {name for name in names if re.search(rf"\b{name}\b", template)}
    # AWX accepts an input that leads nowhere.
    for name in sorted(set(names) - used):
        yield f"a field that nothing injects: {name}"


# --- surveys ---


def survey(document: Mapping[str, Any]) -> list[str]:
    return [*_survey(document)]


def _survey(document: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(document.get("name"), str) or not isinstance(document.get("description"), str):
        yield "name or description is missing"
    if not document.get("spec"):
        yield "no question"
    variables = [question.get("variable") for question in document.get("spec", [])]
    if len(variables) != len(set(variables)):
        yield "two questions of one variable"
    for question in document.get("spec", []):
        problems = [*_question(question)]
        yield from problems or _range(question)


def _question(question: Mapping[str, Any]) -> Iterator[str]:
    name = question.get("variable", "")
    if QUESTION_KEYS - set(question) or not isinstance(question.get("required"), bool):
        yield f"keys are missing: {name}"
    if question.get("type") not in TYPES:
        yield f"unknown type: {name}"
    elif question.get("default", "") != "" and type(question["default"]) not in TYPES[question["type"]]:
        yield f"default of another type: {name}"
    if {type(question.get(key, 0)) for key in ("min", "max")} != {int}:
        yield f"a limit that is no integer: {name}"
    if str(question.get("type")).startswith("multi") and not question.get("choices"):
        yield f"no choices: {name}"
    # AWX accepts these.
    if not NAME.fullmatch(name) or name.startswith(RESERVED):
        yield f"not a name for a variable: {name!r}"


def _range(question: Mapping[str, Any]) -> Iterator[str]:
    name, default = question["variable"], question.get("default", "")
    low, high = question.get("min", 0), question.get("max", float("inf"))
    if low > high:
        yield f"min above max: {name}"
    if default == "":
        if not question["required"]:
            yield f"neither required nor a default: {name}"
        return
    if question["type"].startswith("multi"):
        # AWX looks for the default within the text of all choices, where a part of one is found as well.
        given = default.splitlines()
        if not set(given) <= set(question["choices"]) or (question["type"] == "multiplechoice" and len(given) > 1):
            yield f"default is no choice: {name}"
    elif not low <= (len(default) if isinstance(default, str) else default) <= high:
        yield f"default out of range: {name}"
    # Callers of the API would have to answer it all the same.
    if question["required"]:
        yield f"required in spite of a default: {name}"


# --- the rest ---


def rrule(text: str) -> list[str]:
    problems = []
    if not re.match(r"DTSTART(;TZID=[^:\s]+:\d{8}T\d{6}|:\d{8}T\d{6}Z) ", text) or text.count("DTSTART") > 1:
        problems.append("one DTSTART with a time zone comes first")
    if not re.search(r"RRULE:\S*FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY)\b", text):
        problems.append("no rule of a known frequency")
    if not re.search(r"RRULE:\S*INTERVAL=[1-9]", text):
        problems.append("no INTERVAL")
    if re.search("EXDATE|RDATE|BYDAY=[0-9]", text) or ("COUNT=" in text and "UNTIL=" in text):
        problems.append("not supported")
    count = re.search(r"COUNT=(\d+)", text)
    if count and int(count[1]) > 999:
        problems.append("COUNT above 999")
    return problems


JOB = {"id": 7, "name": 'a "name"', "status": "failed", "artifacts": {"audit_summary": {"missing": 1}}}
EVENTS = {"started", "success", "error", "workflow_approval"}


def messages(document: Mapping[str, Any], kind: str) -> list[str]:
    problems = []
    if set(document) != EVENTS:
        problems.append("not all four events: a run would find a difference each time")
    for event, message in document.items():
        for key, template in (message or {}).items():
            for job in (JOB, {**JOB, "artifacts": {}}, {name: JOB[name] for name in JOB if name != "artifacts"}):
                text = render(template, {"job": job, "url": "https://awx/jobs/7"})
                if text is None or (key == "message" and "\n" in text):
                    problems.append(f"not a line of text: {event}.{key}")
                elif kind == "webhook" and not _is_object(text):
                    problems.append(f"not a JSON object: {event}.{key}")
    return problems


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def job_template(document: Mapping[str, Any]) -> list[str]:
    problems = []
    # AWX takes 0 for 1 without a word.
    if document.get("job_slice_count", 1) < 1:
        problems.append("job_slice_count below 1")
    if not str(document.get("playbook", "")).endswith((".yml", ".yaml")):
        problems.append("no playbook")
    return problems


def credential(given: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    known = {field["id"] for field in fields["fields"]}
    problems = [f"unknown input: {name}" for name in given if name not in known]
    # AWX accepts a credential without what its type requires.
    return problems + [
        f"required input is missing: {name}" for name in fields.get("required", []) if not given.get(name)
    ]
