# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From outcomes to what a module returns. One formatter for results, check mode and diffs, so that they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .credential import Credential
from .kit import BROKEN, README
from .model import User
from .outcome import Outcome
from .times import format_time

#: Steps that a diff shows besides roles and passwords: what it calls them, before and after.
_ALSO_SHOWN = {
    "make_key": ("access_key", "not in the file", "in the file"),
    "rotate_key": ("access_key", "kept", "renewed"),
    "revoke_key": ("access_keys", "kept", "removed"),
    "drop_key": ("replaced_access_keys", "kept", "removed"),
    "revoke_token": ("ai_tokens", "kept", "removed"),
    "make_kit": ("kit", "not as asked", "written"),
}
ACTIONS = ("created", "updated", "unchanged", "deleted", "failed")


def render_user(user: User | None) -> dict[str, Any] | None:
    """Return a user as modules return it: always safe to print. None stays None."""
    if user is None:
        return None
    return {
        # A user that check mode foresees has no id yet.
        "id": user.id or None,
        "username": user.username or None,
        "description": user.description,
        "status": user.status or None,
        "openstack_id": user.openstack_id,
        "creation_date": user.creation_date,
        "roles": sorted(user.role_names),
    }


def render_failure(outcomes: Sequence[Outcome]) -> str | None:
    """Return the message of a run in which some users failed, or None."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if not failed:
        return None
    lines = [_said_of(outcome, outcome.error.message) for outcome in failed[:5] if outcome.error is not None]
    if len(failed) > 5:
        lines.append("%d more are in the result." % (len(failed) - 5))
    return "%d of %d users failed. %s" % (len(failed), len(outcomes), " ".join(lines))


def _said_of(outcome: Outcome, message: str) -> str:
    """Return the message with whom it is about: the API's own words name a call, and no person."""
    label = outcome.item.desired.label
    return message if label in message else f"{label}: {message}"


def _is_gone(outcome: Outcome) -> bool:
    return outcome.gone or outcome.action == "deleted"


def _date(seconds: float | None) -> str | None:
    return format_time(seconds) if seconds is not None else None


def _render_item(outcome: Outcome, files: dict[str, str] | None) -> dict[str, Any]:
    user, asked = outcome.user or outcome.item.user, outcome.item.desired
    # Who is not there is what the list calls it.
    result = render_user(user) or {"id": None, "username": asked.username, "description": asked.description}
    result["user_id"] = result["id"] or (asked.user_id if user is None else None)
    if outcome.gone and outcome.action != "deleted":
        # Not the action, but the fields have to say that there is no account any more.
        result.update(id=None, status=None, roles=[])
    result["action"] = outcome.action
    if files is not None:
        credential = outcome.credential or Credential()
        # The file of an account that is gone may still lie there: it is not this one's.
        held = user is not None and credential.user_id == user.id and not _is_gone(outcome)
        result["credential_file"] = files.get(outcome.item.stem or "") if held else None
        result["credential_issued"] = _date(credential.issued_at) if held else None
        result["credential_delivered"] = _date(credential.delivered_at) if held else None
        result["credential_s3_access"] = (credential.s3_access or None) if held else None
        result["credential_kit"] = _kit_path(outcome, files)
        result["credential_renewed"] = outcome.renewed and held
    if outcome.item.desired.ai_tokens is not None:
        result["ai_tokens_removed"] = _removed_tokens(outcome)
    if outcome.verified is not None:
        result["credential_verified"] = outcome.verified
    if outcome.notes:
        result["note"] = " ".join(outcome.notes)
    if outcome.error is not None:
        result["error"] = outcome.error.message
        result["failure"] = outcome.error.as_dict()
    return result


def _removed_tokens(outcome: Outcome) -> list[dict[str, Any]]:
    gone = {step.key for step in outcome.done if step.kind == "revoke_token"}
    return [
        {"id": token.id, "name": token.spec.name, "label_selector": token.spec.label_selector}
        for token in outcome.item.tokens
        if token.id in gone
    ]


def _kit_path(outcome: Outcome, files: dict[str, str]) -> str | None:
    path = files.get(outcome.item.stem or "")
    has_kit = outcome.kit not in ("", BROKEN) and not _is_gone(outcome)
    return path[: -len(".yml")] + README if has_kit and path is not None else None


def render_credential(outcome: Outcome) -> dict[str, Any]:
    """Return the password of a created or renewed user with what it belongs to."""
    user = outcome.user
    return {
        "id": user.id if user else None,
        "username": user.username if user else None,
        "description": user.description if user else None,
        "password": outcome.password,
    }


def render_users(outcomes: Sequence[Outcome], files: dict[str, str] | None = None) -> dict[str, Any]:
    """Return ``users``, ``credentials`` and ``summary``. ``files``: paths by stem, if there is a folder."""
    summary = dict.fromkeys(ACTIONS, 0)
    for outcome in outcomes:
        summary[outcome.action] += 1
    return {
        "users": [_render_item(outcome, files) for outcome in outcomes],
        "credentials": [render_credential(outcome) for outcome in outcomes if outcome.password is not None],
        "summary": summary,
    }


def render_notes(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what a person should be told though nothing failed."""
    return [f"{outcome.item.desired.label}: {note}" for outcome in outcomes for note in outcome.notes]


def _state(user: User | None, password: str) -> dict[str, Any]:
    if user is None:
        return {}
    return {"description": user.description, "roles": sorted(user.role_names), "password": password}


def render_diff(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return ``before`` and ``after`` of the users that changed; both empty where none did."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for outcome in outcomes:
        if not outcome.done:
            continue
        name = outcome.item.desired.label
        while name in before:
            name = "%s (user_id %d)" % (name, outcome.item.user.id if outcome.item.user else 0)
        before[name], after[name] = render_change(outcome)
    return {"before": before, "after": after}


def render_change(outcome: Outcome) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one user before and after: description, role names and whether the password was kept."""
    if outcome.gone and not outcome.done:
        # Somebody else was quicker.
        return {}, {}
    now = None if _is_gone(outcome) else outcome.user
    before, after = _state(outcome.item.user, "kept"), _state(now, "renewed" if outcome.renewed else "kept")
    done, there = {step.kind for step in outcome.done}, bool(before)
    for kind, (name, was, is_now) in _ALSO_SHOWN.items():
        if kind not in done or (kind == "drop_key" and "rotate_key" in done):
            continue
        # Tokens are there also without an account.
        before.update({name: was} if there or kind == "revoke_token" else {})
        after.update({name: is_now} if after else {})
    return before, after
