# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AI application tokens: read, asked for, planned and shown. The value of a token never is part of it here.

Source: ``GET /cloud/project/{serviceName}/ai/token``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .errors import AmbiguousTokenError, CloudOpsError, InputError, TokenNotFoundError
from .token_spec import Spec, Token

#: The roles that a token can have.
ROLES = ("ai_training_operator", "ai_training_read")

_REQUIREMENT = re.compile(r"!?[^\s!=<>(),]+(\s*(==|!=|=|<|>)\s*[^\s!=<>(),]*|\s+(in|notin)\s*\([^()]*\))?\Z")


# Asking


class Wanted(NamedTuple):
    """A token as it shall be. What is None is left as it is; ``token_id`` picks one among those of a name."""

    name: str | None = None
    token_id: str | None = None
    role: str | None = None
    region: str | None = None
    label_selector: str | None = None
    state: str = "present"
    renew: bool = False

    @property
    def label(self) -> str:
        """What a person calls this token."""
        return f"token {self.name!r}" if self.name is not None else f"token_id {self.token_id}"

    def over(self, spec: Spec) -> Spec:
        """Return ``spec`` with what is asked."""
        return Spec(
            spec.name,
            self.role if self.role is not None else spec.role,
            self.region if self.region is not None else spec.region,
            self.label_selector if self.label_selector is not None else spec.label_selector,
        )


def check_text(params: Mapping[str, Any], *keys: str) -> None:
    """Raise :class:`InputError` where one of these options is given and blank."""
    for key in keys:
        if params[key] is not None and not params[key].strip():
            raise InputError(f"{key} is blank. Leave it out, or give a value.", key=key)


def check_selector(selector: str | None) -> str | None:
    """Return a label selector that can be one, or raise :class:`InputError`: it decides what a token opens."""
    if selector is None or not selector.strip():
        # Blank is an answer: no selector.
        return None if selector is None else ""
    for part in re.split(r",(?![^()]*\))", selector):
        if not _REQUIREMENT.match(part.strip()):
            raise InputError(
                f"label_selector: {part.strip()!r} is not a requirement such as owner=ada, team!=a, team in (a,b), team"
                " or !team. A comma stands between requirements.",
                key="label_selector",
            )
    return selector.strip()


def parse_wanted(params: Mapping[str, Any]) -> Wanted:
    """Return what a module's options ask for, or raise :class:`InputError`."""
    check_text(params, "name", "token_id", "region")
    if params["state"] == "absent" and params["renew"]:
        raise InputError("renew gives an existing token a new value and goes with state=present only.")
    keys = ("name", "token_id", "role", "region", "state", "renew")
    return Wanted(label_selector=check_selector(params["label_selector"]), **{key: params[key] for key in keys})


# Finding


def find_token(tokens: Iterable[Token], wanted: Wanted) -> Token | None:
    """Return the one token that is meant, None if there is none.

    Raises :class:`AmbiguousTokenError`, which names the ids, where there are several.
    """
    if wanted.token_id is not None:
        return _identified(tokens, wanted)
    found = [token for token in tokens if token.spec.name == wanted.name]
    if len(found) > 1:
        raise AmbiguousTokenError(
            "name: {} AI tokens are called {!r}: {}. Nothing was changed. Name the right one by token_id, and delete"
            " the others with token_id and state=absent.".format(
                len(found), wanted.name, "; ".join(_described(token) for token in found)
            ),
            token_ids=[token.id for token in found],
        )
    return found[0] if found else None


def _identified(tokens: Iterable[Token], wanted: Wanted) -> Token | None:
    token = next((one for one in tokens if one.id == wanted.token_id), None)
    if token is not None and wanted.name is not None and token.spec.name != wanted.name:
        raise InputError(
            f"token_id: the AI token {token.id} is called {token.spec.name!r}, not {wanted.name!r}. Give one of name"
            " and token_id, or the right pair.",
            key="token_id",
        )
    return token


def _described(token: Token) -> str:
    spec = token.spec
    return f"{token.id} ({spec.role}, {spec.region}, {spec.label_selector or 'no selector'}, made {token.created_at})"


# Planning


class TokenPlan(NamedTuple):
    """What to do. ``action``: ``create``, ``replace`` (create, then delete), ``renew``, ``delete`` or empty.

    ``token``: the one that is there. ``spec``: what is created.
    """

    action: str = ""
    token: Token | None = None
    spec: Spec | None = None

    @property
    def gives_value(self) -> bool:
        """True if a value comes out of it."""
        return self.action in ("create", "replace", "renew")


def plan_token(tokens: Sequence[Token], wanted: Wanted) -> TokenPlan:
    """Return what brings the tokens of a project to what is asked, or raise what is wrong with that."""
    token = find_token(tokens, wanted)
    if wanted.state == "absent":
        return TokenPlan("delete" if token is not None else "", token)
    if token is None:
        return TokenPlan("create", spec=_new_spec(wanted))
    spec = wanted.over(token.spec)
    if not spec.same(token.spec):
        return TokenPlan("replace", token, spec)
    return TokenPlan("renew" if wanted.renew else "", token)


def _new_spec(wanted: Wanted) -> Spec:
    if wanted.token_id is not None:
        hint = " Leave token_id out to make one: the API chooses ids." if wanted.name is not None else ""
        raise TokenNotFoundError(f"token_id: there is no AI token {wanted.token_id} in this project.{hint}")
    if wanted.name is None or wanted.role is None or wanted.region is None:
        raise InputError(
            f"There is no AI token {wanted.name!r} in this project, and to make it role and region are needed.",
            name=wanted.name,
        )
    return Spec(wanted.name, wanted.role, wanted.region, wanted.label_selector or "")


class TokenOutcome:
    """What became of a plan; the same record whether it was done or is only foreseen. ``value`` is there only for the
    result, and only where it may be."""

    def __init__(self, plan: TokenPlan) -> None:
        self.plan = plan
        self.token = plan.token
        self.renewed = False
        self.removed: list[str] = []
        self.value: str | None = None
        self.error: CloudOpsError | None = None
        self.notes: list[str] = []

    @property
    def changed(self) -> bool:
        """True if a token was made, renewed or removed."""
        return self.renewed or bool(self.removed)

    def keep(self, token: Token, value: str | None) -> None:
        """Record a token that was made or renewed."""
        self.token, self.value, self.renewed = token, value, True

    def drop(self, token: Token) -> None:
        """Record a token that is gone."""
        self.removed.append(token.id)
        if self.token is not None and self.token.id == token.id:
            self.token = None

    def foresee(self) -> TokenOutcome:
        """Record what a run of the plan would end with, for check mode."""
        plan = self.plan
        if plan.spec is not None:
            self.keep(Token("", plan.spec), None)
        elif plan.token is not None and plan.action == "renew":
            self.keep(plan.token, None)
        if plan.token is not None and plan.action in ("replace", "delete"):
            self.drop(plan.token)
        return self


# Showing


def render_token(token: Token | None) -> dict[str, Any] | None:
    """Return a token as modules return it: always safe to print. None stays None."""
    if token is None:
        return None
    spec = token.spec
    return {
        "id": token.id or None,
        "name": spec.name,
        "role": spec.role,
        "region": spec.region,
        "label_selector": spec.label_selector or None,
        "created_at": token.created_at,
        "updated_at": token.updated_at,
        "version": token.version,
    }


def render_outcome(outcome: TokenOutcome) -> dict[str, Any]:
    """Return the result of ``ovh_ai_token``; a value only where the outcome has one."""
    result: dict[str, Any] = {
        "changed": outcome.changed,
        "ai_token": render_token(outcome.token),
        "removed": list(outcome.removed),
        "diff": {
            "before": _state(outcome.plan.token, "kept"),
            "after": _state(outcome.token, "renewed" if outcome.renewed else "kept"),
        },
    }
    if outcome.value is not None:
        result["token"] = outcome.value
    return result


def _state(token: Token | None, value: str) -> dict[str, Any]:
    if token is None:
        return {}
    spec = token.spec
    return {
        "name": spec.name,
        "role": spec.role,
        "region": spec.region,
        "label_selector": spec.label_selector or None,
        "token": value,
    }


def matches(token: Token, filters: Wanted) -> bool:
    """True if a token has all that is asked; what is None does not count."""
    if filters.name is not None and token.spec.name != filters.name:
        return False
    if filters.token_id is not None and token.id != filters.token_id:
        return False
    return filters.over(token.spec).same(token.spec)
