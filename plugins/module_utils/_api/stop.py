# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wish to end early."""

from __future__ import annotations

import threading

from .._core.errors import CancelledError


class Stop:
    """The wish to end early: set by a signal, looked at before each new change and during each pause."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Begin nothing new from now on."""
        self._event.set()

    def is_set(self) -> bool:
        """True once the run was told to stop."""
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """Pause; raise :class:`CancelledError` as soon as the run is told to stop."""
        if self._event.wait(seconds):
            self.check()

    def check(self) -> None:
        """Raise :class:`CancelledError` if the run was told to stop."""
        if self.is_set():
            raise CancelledError("Not done: the run was told to stop. Run again to finish; what was done is kept.")
