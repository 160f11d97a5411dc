# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What acts need of a place that keeps credentials. :class:`Store` is one; modules without files do not carry it."""

from __future__ import annotations

from typing import Protocol

from .._core.credential import Credential, Intent
from .._core.model import User


class Keeper(Protocol):
    """Keeps passwords and intents by stem; see :class:`Store`."""

    def begin(self, stem: str, description: str, intent: Intent) -> Intent:
        """Write the intent to create or renew, and return it with its id."""

    def extend(self, stem: str, description: str, intent: Intent, valid_for: float) -> Intent:
        """Let an intent hold for longer."""

    def settle(self, stem: str) -> None:
        """Remove the intent."""

    def keep(
        self, stem: str, user: User, password: str, now: float, intent: Intent | None, before: Credential | None
    ) -> Credential:
        """Write the credential of a user and return it."""

    def note(self, stem: str, user: User, note: str) -> Credential:
        """Write a file without a password that says why there is none."""

    def forget(self, stem: str) -> None:
        """Remove the files of a user that is gone."""
