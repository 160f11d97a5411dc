"""A state to start with, out of a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .simulator import Simulator


def load(simulator: Simulator, path: str) -> None:
    """Apply a file: ``{"settings": {…}, "projects": [{"id": …, "users": [{…}], "ai_tokens": [{…}], …}]}``."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("the seed has to be a JSON object")
    simulator.settings.update(data.get("settings", {}))
    for project in data.get("projects", []):
        _load_project(simulator, dict(project))


def _load_project(simulator: Simulator, values: dict[str, Any]) -> None:
    """Fill one project, which is added unless it is there; other values are fields that the API shows."""
    project_id, users, tokens = values.pop("id"), values.pop("users", []), values.pop("ai_tokens", [])
    known = project_id in simulator.world.projects
    project = simulator.project(project_id) if known else simulator.add_project(project_id)
    project.fields.update(values)
    for user in users:
        project.add_user(**user)
    for token in tokens:
        project.add_ai_token(**token)
