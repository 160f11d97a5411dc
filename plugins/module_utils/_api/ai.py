# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls about AI tokens as typed functions. All raise :class:`ApiError`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .._core.errors import ApiError
from .._core.token_spec import Spec, Token, parse_tokens, parse_value
from .endpoints import Project


class AiProject(Project):
    """One Public Cloud project, with its AI tokens."""

    def token_path(self, token_id: str = "", *rest: str) -> str:
        """Return the path of the tokens, or of one of them."""
        return "/".join([self._root, "ai/token", *(quote(part, safe="") for part in (token_id, *rest) if part)])

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens of the project, the oldest first."""
        tokens: tuple[Token, ...] = self.port.call("GET", self.token_path(), parse=parse_tokens)
        return tokens

    def create_token(self, spec: Spec) -> tuple[Token, str]:
        """Make a token and return it with its value. Never repeated: the caller looks first."""
        body: dict[str, Any] = {"name": spec.name, "region": spec.region, "role": spec.role}
        if spec.label_selector:
            body["labelSelector"] = spec.label_selector
        made: tuple[Token, str] = self.port.call("POST", self.token_path(), body, parse_value)
        return made

    def renew_token(self, token_id: str) -> tuple[Token, str]:
        """Give a token a new value and return both. Repeating is harmless: the last one counts."""
        path = self.token_path(token_id, "renew")
        renewed: tuple[Token, str] = self.port.call("POST", path, parse=parse_value, repeat=True)
        return renewed

    def delete_token(self, token_id: str) -> None:
        """Remove a token; one that is gone already is no failure."""
        try:
            self.port.call("DELETE", self.token_path(token_id))
        except ApiError as error:
            # "Not found" is also said of what is there: the list decides.
            if error.kind != "not_found" or any(token.id == token_id for token in self.tokens()):
                raise
