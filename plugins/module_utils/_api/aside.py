# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing done on a thread of its own, while the others go on. Without ``concurrent.futures``, whose import takes
longer than a module that changes nothing has for it."""

from __future__ import annotations

import threading
from typing import Callable, Generic, TypeVar

_Result = TypeVar("_Result")


class Aside(Generic[_Result]):
    """Begins ``work`` at once."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self._found: list[_Result] = []
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._work())
        except Exception as problem:
            self._problem = problem

    def wait(self) -> None:
        """Wait until it has ended, whatever came of it."""
        self._thread.join()

    def result(self) -> _Result:
        """Wait for it; return what it returned, or raise what it raised."""
        self.wait()
        if self._problem is not None:
            raise self._problem
        return self._found[0]
