# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a plan, for one user: the same record whether it was done or is only foreseen."""

from __future__ import annotations

from collections.abc import Mapping

from .credential import Credential
from .errors import CloudOpsError
from .kit import FORESEEN
from .model import Role, User
from .plan import ROLE_STEPS, Item, Plan, Step


class Outcome:
    """The result for one item of a plan. ``password`` is there only for the result, and only where it may be."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.user: User | None = item.user
        self.done: list[Step] = []
        self.error: CloudOpsError | None = item.error
        self.password: str | None = None
        self.notes = [item.note] if item.note else []
        self.credential: Credential | None = item.stored.credential
        self.kit = item.stored.kit
        self.verified: bool | None = None
        #: True once the API has confirmed that the user is gone, whatever failed besides.
        self.gone = False

    @property
    def action(self) -> str:
        """``created``, ``updated``, ``unchanged``, ``deleted`` or ``failed``."""
        if self.error is not None:
            return "failed"
        kinds = {step.kind for step in self.done}
        if kinds & {"delete", "forget"}:
            return "deleted"
        if "create" in kinds:
            return "created"
        return "updated" if kinds else "unchanged"

    @property
    def renewed(self) -> bool:
        """True if the user has a new password."""
        return any(step.kind in ("create", "renew") for step in self.done)


def status_note(user: User) -> str | None:
    """Return what a person should be told of a user's status; None where it is ready, or soon will be."""
    if user.is_pending or user.status == "ok":
        return None
    return "The API says that this user is {}.".format(user.status or "without a status")


def foresee(plan: Plan) -> list[Outcome]:
    """Return what a run of ``plan`` would end with, for check mode."""
    return [_foresee_item(item, plan) for item in plan.items]


def _foresee_item(item: Item, plan: Plan) -> Outcome:
    outcome = Outcome(item)
    if item.error is None:
        outcome.done = list(item.steps)
        outcome.user = _foresee_user(item, plan)
        _foresee_files(outcome)
        note = status_note(item.user) if item.user is not None and outcome.user is not None and item.steps else None
        outcome.notes += [note] if note is not None else []
    return outcome


def _foresee_files(outcome: Outcome) -> None:
    """Foresee what the steps about passwords, access keys and kits leave of an account's files."""
    item, held = outcome.item, outcome.credential
    if outcome.user is not None and outcome.renewed:
        ours = held if held is not None and held.user_id == outcome.user.id else Credential(outcome.user.id)
        # When it will be issued is not known yet.
        outcome.credential = held = ours._replace(has_password=True, issued_at=None, delivered_at=None)
    if held is not None and held.s3_access and item.has("revoke_key", "rotate_key"):
        # The new key has no name yet, and a kit with the one before goes.
        outcome.credential, outcome.kit = held._replace(s3_access=""), ""
    if item.user is not None and item.has("make_key", "rotate_key"):
        held = outcome.credential
        ours = held if held is not None and held.user_id == item.user.id else Credential(item.user.id)
        outcome.credential = ours._replace(delivered_at=None)
    if item.has("make_kit"):
        outcome.kit = FORESEEN


def _foresee_user(item: Item, plan: Plan) -> User | None:
    if item.has("delete", "forget"):
        return None
    user = item.user
    for step in item.steps:
        if step.kind == "create":
            # The API invents what is empty here.
            roles = tuple(plan.roles[name] for name in step.roles)
            user = User(0, "", item.desired.description or "", "", None, None, roles)
        elif user is not None:
            user = after(user, step, plan.roles)
    return user


def role_changes(outcome: Outcome) -> tuple[list[str], list[str]]:
    """Return the names of the roles that were granted and of those that were taken away. What somebody else changed
    meanwhile is in neither."""
    before = outcome.item.user.role_names if outcome.item.user is not None else frozenset()
    added: set[str] = set()
    removed: set[str] = set()
    for step in outcome.done:
        if step.kind in ("grant", "set_roles"):
            added |= set(step.roles) - before
        if step.kind == "revoke":
            removed |= set(step.roles)
        if step.kind == "set_roles":
            removed |= before - set(step.roles)
    return sorted(added), sorted(removed)


def after(user: User, step: Step, known: Mapping[str, Role]) -> User:
    """Return a user as a step leaves it, with the roles that the step gives it or takes away; ``known`` is by name."""
    if step.kind not in ROLE_STEPS:
        return user
    kept = () if step.kind == "set_roles" else tuple(role for role in user.roles if role.name not in step.roles)
    given = () if step.kind == "revoke" else tuple(known[name] for name in step.roles)
    return user._replace(roles=kept + given)
