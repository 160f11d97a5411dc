# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of the object storage: checked for their shape, compared by what they mean, and shown.

A policy that is malformed, or has a misspelt key, may grant more than its author thinks: all of it is said before
anything is sent. Source: ``GET /cloud/project/{serviceName}/user/{userId}/policy``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from .errors import InputError, kind_of
from .model import User, malformed
from .render import render_user

#: What a user has that nobody gave a policy. The API has no other way to take one away.
EMPTY: dict[str, Any] = {"Statement": []}

_EFFECTS = ("Allow", "Deny")
_ACTION = re.compile(r"(\*|[A-Za-z0-9*-]+:[A-Za-z0-9*?]+)\Z")
_SETS = ("Action", "NotAction", "Resource", "NotResource")


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _value in pairs]
        raise _DuplicateKeyError(next(name for name in names if names.count(name) > 1))
    return result


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def parse_document(value: object) -> dict[str, Any]:
    """Return a policy that a user gave, as mapping or as JSON text, or raise :class:`InputError` that says where it
    is wrong."""
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_unique, parse_constant=_no_constant)
        except _DuplicateKeyError as problem:
            raise InputError(f"policy: the key {str(problem)!r} is there twice in one mapping.") from None
        except ValueError as problem:
            raise InputError(f"policy is not valid JSON: {problem}.") from None
        except RecursionError:
            raise InputError("policy is nested too deeply.") from None
    if not isinstance(value, Mapping):
        raise InputError(f"policy must be a mapping or its JSON text, not {kind_of(value)}.")
    _check_keys(value, "policy", _DOCUMENT)
    statements = value.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list):
        raise InputError(f"policy: Statement must be a list of statements, not {kind_of(statements)}.")
    for number, statement in enumerate(statements):
        _check_statement(statement, "policy: Statement[%d]" % number)
    return {**value, "Statement": statements}


def _check_keys(value: Mapping[Any, Any], where: str, known: Mapping[str, Callable[[Any, str], None]]) -> None:
    for key, content in value.items():
        if key not in known:
            meant = {name.lower(): name for name in known}.get(str(key).lower())
            hint = f" Write {meant}." if meant else ""
            raise InputError(
                "{}: unknown key {!r}.{} Keys: {}.".format(where, key, hint, ", ".join(known)), key=str(key)
            )
        known[key](content, f"{where}.{key}")


def _check_statement(statement: object, where: str) -> None:
    if not isinstance(statement, Mapping):
        raise InputError(f"{where} must be a mapping, not {kind_of(statement)}.")
    _check_keys(statement, where, _STATEMENT)
    if "Effect" not in statement:
        raise InputError(f"{where} has no Effect: Allow or Deny.")
    for key in ("Action", "Resource"):
        given = [name for name in (key, "Not" + key) if name in statement]
        if len(given) != 1:
            what = "has both of" if given else "has none of"
            raise InputError(f"{where} {what} {key} and Not{key}: give exactly one.")


def _check_text(value: object, where: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where} must be text that is not blank, not {kind_of(value)}.")


def _check_effect(value: object, where: str) -> None:
    if value not in _EFFECTS:
        raise InputError(f"{where} must be Allow or Deny, in this case, not {value!r}.")


def _check_texts(value: object, where: str) -> None:
    if isinstance(value, list):
        if not value:
            raise InputError(f"{where} is an empty list: it would match nothing.")
        for number, one in enumerate(value):
            _check_text(one, "%s[%d]" % (where, number))
    else:
        _check_text(value, where)


def _check_actions(value: object, where: str) -> None:
    _check_texts(value, where)
    for action in _as_list(value):
        if not _ACTION.match(action):
            raise InputError(f"{where}: {action!r} is not an action such as s3:GetObject, s3:* or *.")


def _check_condition(value: object, where: str) -> None:
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"{where} must map operators such as IpAddress to keys and values, not {kind_of(value)}.")
    for operator, keys in value.items():
        if not isinstance(keys, Mapping) or not keys:
            raise InputError(f"{where}.{operator} must map keys to values, not {kind_of(keys)}.")
        for key, values in keys.items():
            # An empty text is a value: it is the prefix of what lies at the top of a bucket.
            if not _as_list(values) or not all(_is_scalar(one) for one in _as_list(values)):
                raise InputError(f"{where}.{operator}.{key} must be a value or a list of values.")


def _check_any(_value: object, _where: str) -> None:
    """Leave it to the API."""


_DOCUMENT: dict[str, Callable[[Any, str], None]] = {"Version": _check_text, "Id": _check_text, "Statement": _check_any}
_STATEMENT: dict[str, Callable[[Any, str], None]] = {
    "Sid": _check_text,
    "Effect": _check_effect,
    "Principal": _check_any,
    "NotPrincipal": _check_any,
    "Action": _check_actions,
    "NotAction": _check_actions,
    "Resource": _check_texts,
    "NotResource": _check_texts,
    "Condition": _check_condition,
}


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# Comparing


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _as_set(value: Any) -> list[str]:
    return sorted({_text(one) for one in _as_list(value)})


def _canonical_condition(condition: Any) -> Any:
    if not isinstance(condition, Mapping):
        return condition
    return {
        operator: {key: _as_set(values) for key, values in keys.items()} if isinstance(keys, Mapping) else keys
        for operator, keys in condition.items()
    }


def _canonical_statement(statement: Any) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    result = dict(statement)
    for key in _SETS:
        if key in result:
            result[key] = _as_set(result[key])
    if "Condition" in result:
        result["Condition"] = _canonical_condition(result["Condition"])
    return result


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one form of all documents that mean the same: lists that are sets are sorted, one item is a list of
    one, and statements, whose order has no meaning, stand in an order of their own."""
    statements: dict[str, Any] = {}
    for statement in _as_list(document.get("Statement") or []):
        one = _canonical_statement(statement)
        statements[json.dumps(one, sort_keys=True)] = one
    return {**document, "Statement": [statements[key] for key in sorted(statements)]}


def as_json(document: Mapping[str, Any]) -> str:
    """Return a document as the API takes it."""
    return json.dumps(document)


class Current(NamedTuple):
    """What a user has. ``document`` None: something that is not a policy, shown as ``text``."""

    text: str
    document: dict[str, Any] | None

    @property
    def is_empty(self) -> bool:
        """True if it grants and denies nothing."""
        return self.document is not None and not self.document["Statement"]

    def same(self, document: Mapping[str, Any]) -> bool:
        """True if it means the same as ``document``. Policies without statements are all the same."""
        if self.is_empty:
            return not document["Statement"]
        return self.document is not None and canonical(self.document) == canonical(document)


NONE = Current("", EMPTY)


def parse_current(data: object) -> Current:
    """Return the policy in an API answer, or raise :class:`ApiError`."""
    text = data.get("policy") if isinstance(data, dict) else data
    if text is None or (isinstance(text, str) and not text.strip()):
        return NONE
    if not isinstance(text, str):
        raise malformed("a policy")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return Current(text, None)
    if not isinstance(document, dict):
        return NONE if document is None else Current(text, None)
    statements = document.get("Statement")
    return Current(text, {**document, "Statement": _as_list(statements) if statements else []})


# Showing


class PolicyOutcome(NamedTuple):
    """What became of a user's policy. ``user`` None: not there. ``after`` None: left as it was."""

    user: User | None = None
    before: Current = NONE
    after: dict[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """True if the policy is another one than before."""
        return self.after is not None


def _pretty(document: Mapping[str, Any]) -> str:
    return json.dumps(canonical(document), indent=2, sort_keys=True) + "\n"


def render_policy(outcome: PolicyOutcome) -> dict[str, Any]:
    """Return the result of ``ovh_cloud_user_s3_policy``."""
    before = outcome.before
    shown = _pretty(before.document) if before.document is not None else before.text + "\n"
    after = _pretty(outcome.after) if outcome.after is not None else shown
    policy = outcome.after if outcome.after is not None else before.document
    return {
        "changed": outcome.changed,
        "user": render_user(outcome.user),
        "policy": policy if outcome.user is not None else None,
        "diff": {"before": shown, "after": after} if outcome.user is not None else {"before": "", "after": ""},
    }
