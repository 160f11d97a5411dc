# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cloud, a folder of credentials, and what must hold of both in the end.

Nothing here asks the collection how it went: the cloud and the disk are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Callable
from urllib.parse import unquote

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import apply, client, creation, endpoints, vault, watch
from ansible_collections.cloudops.ovh.plugins.module_utils._api.client import Stop
from ansible_collections.cloudops.ovh.plugins.module_utils._core import pacing
from tests.simulator import Simulator
from tests.support.modules import PROJECT, call, connection

ROLES = ["ai_training_operator", "objectstore_operator"]
VAULT_PASSWORD = "correct horse battery"
#: Waits of the collection, and what they are in a hurry. The list is believed over an answer after LAG seconds.
HURRY_LAG = 0.15
HURRY: tuple[tuple[Any, str, Any], ...] = (
    (watch, "LAG", HURRY_LAG),
    (creation, "LAG", HURRY_LAG),
    (watch, "_FIRST_REST", 0.01),
    (watch, "_LONGEST_REST", 0.1),
    (apply, "_FIRST_PAUSE", 0.01),
    (apply, "_LONGEST_PAUSE", 0.05),
    (endpoints, "_FIRST_PAUSE", 0.01),
    (endpoints, "_LONGEST_PAUSE", 0.05),
    (client, "_FIRST_BACKOFF", 0.005),
    (client, "_LONGEST_BACKOFF", 0.02),
    (pacing, "SHORTEST_PAUSE", 0.05),
    (pacing, "WINDOWS", (0.02, 0.1, 0.5)),
)


def hurry(setattr_: Callable[[Any, str, Any], None]) -> None:
    """Make the collection's waits short."""
    for module, name, value in HURRY:
        setattr_(module, name, value)


def inline_vault(setattr_: Callable[[Any, str, Any], None]) -> None:
    """Have vaults made by ansible-core in this process, instead of in a helper that takes half a second to start."""

    def ask(self: vault.Vault, request: dict[str, Any]) -> dict[str, Any]:
        secret = VaultSecret(self._password.encode())
        lib = VaultLib([("default", secret)])
        try:
            if request["label"] is None:
                return {"text": lib.decrypt(request["text"].encode()).decode()}
            return {"text": lib.encrypt(request["text"], secret=secret, vault_id=request["label"]).decode()}
        except Exception as problem:
            # As the helper does.
            return {"error": type(problem).__name__}

    setattr_(vault.Vault, "_ask", ask)
    setattr_(vault.Vault, "start", lambda self: None)


class Rig:
    """One cloud and one folder. ``vaulted``: credential files are Ansible Vaults."""

    def __init__(self, sim: Simulator, folder: Path | None, vaulted: bool = False) -> None:
        self.sim = sim
        self.folder = folder
        self.vaulted = vaulted
        self.project = sim.project()

    def params(self, users: Iterable[Any], **more: Any) -> dict[str, Any]:
        """Return the options of ``ovh_cloud_users`` for this cloud and folder."""
        params = {**connection(self.sim), "users": list(users), "roles": ROLES, "wait_timeout": 20}
        if self.folder is not None:
            params["credentials_dir"] = str(self.folder)
        if self.vaulted:
            params["credentials_vault_password"] = VAULT_PASSWORD
        return {**params, **more}

    def run(self, users: Iterable[Any], stop: Stop | None = None, check: bool = False, **more: Any) -> dict[str, Any]:
        """Run ``ovh_cloud_users`` in this process."""
        return call(kinds.USERS, self.params(users, **more), check=check, stop=stop)

    # The disk

    @property
    def place(self) -> Path:
        """The project's folder."""
        assert self.folder is not None
        return self.folder / PROJECT

    def names(self, ending: str = "") -> list[str]:
        """Return the names of the files that end so, the lock left out."""
        if not self.place.is_dir():
            return []
        return sorted(p.name for p in self.place.iterdir() if p.name.endswith(ending) and p.name != ".lock")

    def record(self, description: str) -> dict[str, Any] | None:
        """Return the credential file of a user, read by other code than the collection's."""
        for name in self.names(".yml"):
            record = self._load((self.place / name).read_text(encoding="utf-8"))
            if record["description"] == description:
                assert "-" in name or unquote(name[:-4]).split("=")[0] == description
                return record
        return None

    @staticmethod
    def _load(text: str) -> dict[str, Any]:
        if text.startswith("$ANSIBLE_VAULT;"):
            secret = VaultSecret(VAULT_PASSWORD.encode())
            text = VaultLib([("default", secret)]).decrypt(text).decode()
        # The same as safe_load, ten times as fast; there is always one in the wheel.
        record = yaml.load(text, Loader=yaml.CSafeLoader)
        assert isinstance(record, dict)
        return record

    def records(self) -> list[dict[str, Any]]:
        """Return the credential files."""
        return [self._load((self.place / name).read_text(encoding="utf-8")) for name in self.names(".yml")]

    def intents(self) -> list[dict[str, Any]]:
        """Return the intents that lie there."""
        return [json.loads((self.place / name).read_text()) for name in self.names(".intent")]

    # What must hold

    def one_account(self, description: str, roles: Iterable[str] | None = None) -> dict[str, Any]:
        """Assert that there is exactly one live account for a person, with exactly these roles (ROLES); return it."""
        found = self.project.users_by_description(description)
        assert len(found) == 1, f"{len(found)} accounts of {description}"
        assert self.project.role_names(found[0]["id"]) == sorted(ROLES if roles is None else roles)
        return found[0]

    def working(self, description: str, result: Mapping[str, Any] | None = None) -> str:
        """Assert that the one credential of a person works: from the folder, or from a result; return the password."""
        user = self.project.user_by_description(description)
        assert user is not None, f"no account of {description}"
        if self.folder is not None:
            record = self.record(description)
            assert record is not None, f"no credential file of {description}"
        else:
            assert result is not None
            records = [one for one in result["credentials"] if one["description"] == description]
            assert len(records) == 1, f"{len(records)} passwords of {description}"
            record = {**records[0], "user_id": records[0]["id"]}
        assert (record["user_id"], record["username"]) == (user["id"], user["username"])
        password = record["password"]
        assert self.project.check_password(user["id"], password), f"the password of {description} does not work"
        return str(password)

    def at_rest(self) -> None:
        """Assert that nothing half-done lies on the disk, and that nobody else can read what lies there."""
        if self.folder is None:
            return
        assert self.names(".intent") == []
        assert self.names(".tmp") == []
        for path in self.place.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600, path
        assert self.place.stat().st_mode & 0o777 == 0o700

    def steady(self, users: Iterable[Any], **more: Any) -> dict[str, Any]:
        """Assert that another run has nothing to do; return its result."""
        self.sim.clear_calls()
        before = self.snapshot()
        result = self.run(users, **more)
        assert not result.get("failed"), result.get("msg")
        assert not result["changed"]
        assert [f"{call.method} {call.path}" for call in self.sim.writes()] == []
        assert self.snapshot() == before
        return result

    def snapshot(self) -> dict[str, bytes]:
        """Return all that lies on the disk."""
        if self.folder is None:
            return {}
        return {name: (self.place / name).read_bytes() for name in self.names()}

    def whole(self, users: Iterable[str], result: Mapping[str, Any] | None = None) -> None:
        """Assert the good end for people that a run created: one account, roles, a working credential, at rest."""
        for description in users:
            self.one_account(description)
            self.working(description, result)
        self.at_rest()
