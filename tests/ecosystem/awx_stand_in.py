# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small server that stands in for the API of AWX, as far as awx.awx needs it for cloudops.ovh.awx_setup.

It keeps what it is given, fills in what AWX fills in, hides secrets as AWX does, and refuses what awx_rules refuses.
"""

from __future__ import annotations

import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.ecosystem import awx_rules

ROOT = "/api/v2/"
#: Who is allowed in; awx.awx takes it from CONTROLLER_OAUTH_TOKEN.
TOKEN = "token-of-the-tests"
HIDDEN = "$encrypted$"
#: Fields whose values are ids of other things.
REFERENCES = ("organization", "project", "inventory", "credential", "source_project", "execution_environment")
#: What goes together with the thing that one of its fields names.
GO_WITH = {"schedules": "unified_job_template", "inventory_sources": "inventory"}
#: What AWX adds to a notification that does not say it.
WEBHOOK = {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""}
SECRETS_OF_NOTIFICATIONS = ("password", "token")


class StandIn:
    """Everything that was made, by kind: ``things["job_templates"][3]``. ``calls`` are the writes."""

    def __init__(self, playbooks: list[str]) -> None:
        self.playbooks = playbooks
        self.things: dict[str, dict[int, dict[str, Any]]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.links: dict[str, list[int]] = {}
        self.calls: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, kind: str, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.things.get(kind, {}).values() if one["name"] == name]
        return found

    def answer(self, method: str, target: str, data: dict[str, Any]) -> tuple[int, Any]:
        parts = urlsplit(target)
        path = parts.path.removeprefix(ROOT).strip("/").split("/")
        if method != "GET":
            self.calls.append((method, parts.path))
        if path == ["me"]:
            return 200, _listed([{"id": 1, "username": "admin"}])
        if len(path) == 3:
            return self._related(method, path, data)
        if method == "DELETE":
            return self._removed(path[0], int(path[1]))
        if len(path) == 2:
            return 200, self._shown(path[0], self._changed(path[0], int(path[1]), data))
        return (
            self._made(path[0], data) if method == "POST" else (200, self._found(path[0], dict(parse_qsl(parts.query))))
        )

    def _found(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        kinds = ("job_templates", "projects") if kind == "unified_job_templates" else (kind,)
        # A real list holds everything that fits; an unknown filter is an error there, and finds nothing here.
        return _listed(
            self._shown(one, thing)
            for one in kinds
            for thing in self.things.get(one, {}).values()
            if all(str(thing.get(key)) == value for key, value in query.items())
        )

    def _made(self, kind: str, data: dict[str, Any]) -> tuple[int, Any]:
        problems = self._problems(kind, data)
        if problems:
            return 400, {"detail": problems}
        number = next(self._numbers)
        thing = {"id": number, "type": kind, "description": "", "url": f"{ROOT}{kind}/{number}/", **data}
        if kind == "notification_templates" and data["notification_type"] == "webhook":
            thing["notification_configuration"] = {**WEBHOOK, **data["notification_configuration"]}
        thing["related"] = {"survey_spec": f"{thing['url']}survey_spec/"}
        thing["summary_fields"] = {}
        if kind == "projects":
            # Cloned at once.
            thing["scm_revision"] = "0" * 40
        self.things.setdefault(kind, {})[number] = thing
        return 201, self._shown(kind, thing)

    def _changed(self, kind: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
        thing = self.things[kind][number]
        if kind == "notification_templates" and "notification_configuration" in data:
            old, new = thing["notification_configuration"], data["notification_configuration"]
            data["notification_configuration"] = {
                key: old[key] if value == HIDDEN else value for key, value in new.items()
            }
        thing.update(data)
        return thing

    def _removed(self, kind: str, number: int) -> tuple[int, Any]:
        """With what AWX removes together with it; refused where it is in use."""
        if kind == "credential_types" and self._holding("credentials", "credential_type", number):
            return 403, {"detail": "Credential types that are in use cannot be deleted"}
        del self.things[kind][number]
        for other, key in GO_WITH.items():
            for child in self._holding(other, key, number):
                self._removed(other, child)
        return 204, None

    def _holding(self, kind: str, key: str, number: int) -> list[int]:
        return [one for one, thing in self.things.get(kind, {}).items() if thing.get(key) == number]

    def _problems(self, kind: str, data: dict[str, Any]) -> list[str]:
        rules = {
            "credential_types": lambda: (
                awx_rules.inputs(data["inputs"]) + awx_rules.injectors(data["injectors"], data["inputs"])
            ),
            "credentials": lambda: awx_rules.credential(
                data["inputs"], self.things["credential_types"][data["credential_type"]]["inputs"]
            ),
            "notification_templates": lambda: awx_rules.messages(data["messages"], data["notification_type"]),
            "schedules": lambda: awx_rules.rrule(data["rrule"]),
            "job_templates": lambda: (
                awx_rules.job_template(data)
                + ([] if data["playbook"] in self.playbooks else [f"no playbook {data['playbook']}"])
            ),
        }
        known = {number for things in self.things.values() for number in things}
        dangling = [key for key in REFERENCES if data.get(key) is not None and data[key] not in known]
        return dangling or rules.get(kind, lambda: [])()

    def _shown(self, kind: str, thing: dict[str, Any]) -> dict[str, Any]:
        """As the API shows it: without secrets, without the survey, and with variables as text."""
        shown = dict(thing)
        if kind == "credentials":
            secret = self.secret_fields(thing)
            shown["inputs"] = {key: HIDDEN if key in secret else value for key, value in thing["inputs"].items()}
        if kind == "notification_templates":
            shown["notification_configuration"] = {
                key: HIDDEN if key in SECRETS_OF_NOTIFICATIONS and value else value
                for key, value in thing["notification_configuration"].items()
            }
        return shown

    def secret_fields(self, credential: dict[str, Any]) -> set[str]:
        kind = self.things["credential_types"][credential["credential_type"]]
        return {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}

    def _related(self, method: str, path: list[str], data: dict[str, Any]) -> tuple[int, Any]:
        kind, number, name = path[0], int(path[1]), path[2]
        if name == "survey_spec":
            if method == "GET":
                return 200, self.surveys.get(number, {})
            problems = awx_rules.survey(data)
            self.surveys.update({} if problems else {number: data})
            return (400, {"error": "; ".join(problems)}) if problems else (200, {})
        linked = self.links.setdefault(f"{kind}/{number}/{name}", [])
        if method == "POST":
            (linked.remove if data.get("disassociate") else linked.append)(data["id"])
            return 204, None
        everything = {one: thing for things in self.things.values() for one, thing in things.items()}
        return 200, _listed(everything[one] for one in linked)


def _listed(things: Any) -> dict[str, Any]:
    results = list(things)
    return {"count": len(results), "next": None, "previous": None, "results": results}


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            data = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, content = stand_in.answer(self.command, self.path, data)
            else:
                status, content = 401, {"detail": "Authentication credentials were not provided."}
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler
