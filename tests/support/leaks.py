# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are known because they were planted, or because the simulator gave them out, and the search for them."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from tests.simulator import Simulator
from tests.simulator.messages import Answer
from tests.support.rig import VAULT_PASSWORD

#: The keys of the connection. Those that are no secret (``application_key``, ``client_id``) may show.
KEYS = {
    "application_secret": "Plantedapplicationsecret1",
    "consumer_key": "Plantedconsumerkey2",
    "client_secret": "Plantedclientsecret3",
}
#: Where answers of the API have secrets.
_FIELDS = ("password", "secret", "value", "token", "X-Auth-Token", "access_token")


class Secrets:
    """All secrets of a test."""

    def __init__(self, sim: Simulator) -> None:
        self._lock = threading.Lock()
        self.known = {*KEYS.values(), VAULT_PASSWORD}
        basic = f"{sim.credentials['client_id']}:{KEYS['client_secret']}"
        self.known.add(base64.b64encode(basic.encode()).decode())
        self._listen(sim)

    def _listen(self, sim: Simulator) -> None:
        exchange = sim.world.exchange

        def heard(request: Any) -> Any:
            call, outcome = exchange(request)
            if isinstance(outcome, Answer):
                with contextlib.suppress(ValueError):
                    self.learn(json.loads(outcome.body))
            # A password whose answer was lost, or quoted by a fault, is one as well.
            for project in list(sim.world.projects.values()):
                self.known.update(project.password_of(user["id"]) for user in project.users())
            return call, outcome

        # For as long as the simulator lives.
        mock.patch.object(sim.world, "exchange", heard).start()

    def learn(self, data: Any) -> None:
        """Take what an answer holds."""
        if isinstance(data, Mapping):
            for key, value in data.items():
                if key in _FIELDS and isinstance(value, str) and len(value) > 8:
                    self.known.add(value)
                self.learn(value)
        elif isinstance(data, list):
            for one in data:
                self.learn(one)

    def found(self, text: str) -> list[str]:
        """Return the secrets that a text has."""
        return sorted(secret for secret in list(self.known) if secret in text)

    def check(self, where: str, text: str) -> None:
        """Fail the test if a text has a secret, and show the place."""
        for secret in self.found(text):
            at = text.index(secret)
            raise AssertionError(f"{where} shows a secret: …{text[max(0, at - 300) : at + 120]}…")

    def check_files(self, folder: Path, *spared: Path) -> int:
        """Search all files below a folder, but those in ``spared``; return how many there were."""
        count = 0
        for path in folder.rglob("*"):
            if (
                path.is_file()
                and not path.is_symlink()
                and not any(one in path.parents or one == path for one in spared)
            ):
                count += 1
                self.check(str(path), path.read_bytes().decode("utf-8", "replace"))
        return count


class Processes:
    """The arguments of all processes that were seen while it watched."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._stop = threading.Event()

    def look(self) -> None:
        """Read the arguments of all processes now."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                self.seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.look()
            time.sleep(0.05)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look all the time."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
