# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the API, as far as errors need to know it."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """What was asked: ``path`` as in the API's rules, without host and query."""

    method: str
    path: str

    @property
    def rule(self) -> str:
        """The call as a rule that allows this one and no other."""
        return "{} {}".format(self.method, self.path.split("?")[0])
