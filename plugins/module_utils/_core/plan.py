# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is asked and what there is to what has to be done. The only place that decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .credential import Credential, Intent, Stored
from .desired import Desired, Policy, idle_patterns, resolve_roles
from .errors import CloudOpsError, GuardError, InputError, UserNotFoundError
from .kit import kit_mark
from .model import Catalogue, Role, User, role_change
from .names import file_stem
from .observed import Observed
from .token_spec import Token, mentions_one_of, names_one_of

#: The kinds of steps that change roles.
ROLE_STEPS = ("grant", "revoke", "set_roles")


class Step(NamedTuple):
    """One change, by ``kind``.

    ``create``, ``renew``, ``revoke``, ``grant``, ``set_roles``, ``delete``, ``revoke_key`` and ``revoke_token`` are one
    API call each;
    ``make_key`` puts an access key into the credential file, ``rotate_key`` a new one in place of all others, each of
    which a ``drop_key`` then removes, which a plan has only where an earlier run has left one; ``make_kit`` writes the
    kit beside it, ``forget`` removes the files of a user that is gone.
    """

    kind: str
    roles: tuple[str, ...] = ()
    reason: str = ""
    key: str = ""


class Item(NamedTuple):
    """The plan for one user. ``exact``: its roles shall be those listed and no others. ``tokens``
    are the AI tokens that shall go. ``note``: what a person should be told of it."""

    desired: Desired
    user: User | None
    steps: tuple[Step, ...] = ()
    error: CloudOpsError | None = None
    exact: bool = False
    stem: str | None = None
    stored: Stored = Stored()
    tokens: tuple[Token, ...] = ()
    note: str = ""

    def has(self, *kinds: str) -> bool:
        """True if a step of one of these kinds is planned."""
        return any(step.kind in kinds for step in self.steps)

    @property
    def is_ageless(self) -> bool:
        """True if the file has the user's password and does not say how old it is, and nothing renews it."""
        credential = self.stored.credential
        if credential is None or self.user is None or self.has("renew", "delete"):
            return False
        return credential.opens(self.user.id) and credential.issued_at is None


class Plan(NamedTuple):
    """The plan for all users, in the order of the list, those to purge last. ``roles`` has every known role by name,
    ``notes`` are what a person should be told of all of it."""

    items: tuple[Item, ...]
    roles: dict[str, Role]
    notes: tuple[str, ...] = ()

    @property
    def has_steps(self) -> bool:
        """True if a run would change anything."""
        return any(item.steps for item in self.items)

    @property
    def at_rest(self) -> bool:
        """True if there is nothing to do at all, not even to remove what a killed run left."""
        return not self.has_steps and all(item.stored.intent is None for item in self.items)

    @property
    def gives_passwords(self) -> bool:
        """True if a run would learn a password."""
        return any(item.has("create", "renew") for item in self.items)

    def rewritten(self) -> list[str]:
        """Return the stems of the credential files that a run would write."""
        kinds = ("create", "renew", "make_key", "rotate_key", "drop_key", "revoke_key", "make_kit")
        return self._stems(*kinds)

    def removed(self) -> list[str]:
        """Return the stems of the credential files that a run would remove."""
        return self._stems("delete", "forget")

    def _stems(self, *kinds: str) -> list[str]:
        return [item.stem for item in self.items if item.stem is not None and item.has(*kinds)]


def make_plan(desired: Sequence[Desired], observed: Observed, catalogue: Catalogue, policy: Policy) -> Plan:
    """Return the plan; raises :class:`InputError` for unknown roles and :class:`GuardError` for too much."""
    seen = [role for user in observed.cloud.users for role in user.roles]
    known = catalogue.extended(seen)
    resolved = [resolve_roles(one, observed.cloud.grantable(one, catalogue), known) for one in desired]
    items = [_plan_item(one, observed, policy) for one in resolved]
    _check_listed_once(items)
    if any(item.user is None for item in items):
        # Not at the top: it would be in its way, and most runs find everybody.
        from .likeness import with_lookalikes

        items = with_lookalikes(items, observed.cloud.users)
    items += _purge(items, observed, policy)
    items += _left_behind(items, observed)
    _check_guards(items, policy)
    notes = [
        f"{option}: {pattern!r} fits no role of this project, and takes nothing away."
        for option, pattern in idle_patterns(desired, known)
    ]
    return Plan(tuple(items), {role.name: role for role in known.roles}, tuple(notes))


def _plan_item(desired: Desired, observed: Observed, policy: Policy) -> Item:
    stem = file_stem(desired.description) if desired.description is not None else None
    try:
        user = observed.cloud.find(desired)
    except CloudOpsError as error:
        return Item(desired, None, error=error, stem=stem)
    if desired.where in observed.unclear:
        return Item(desired, None, error=observed.unclear[desired.where], stem=stem)
    if user is not None:
        stem = observed.cloud.stem(user, observed.stored)
    stored = observed.stored.get(stem, Stored()) if stem is not None else Stored()
    if user is None:
        item = _plan_missing(desired, stem, stored, policy)
    elif desired.state == "absent":
        item = Item(desired, user, (*_key_removals(desired, user, observed), Step("delete")), stem=stem, stored=stored)
    else:
        item = _plan_present(Item(desired, user, stem=stem, stored=stored), user, observed, policy)
    return _with_tokens(item, observed) if desired.ai_tokens == "absent" and item.error is None else item


def _with_tokens(item: Item, observed: Observed) -> Item:
    """Add the removal of the tokens that name the user, before all else. Tokens outlive an account and its name, so
    that they go also where it is gone already."""
    desired, user = item.desired, item.user
    every = {desired.description, desired.username}
    every |= {user.description, user.username} if user is not None else set()
    names = {name for name in every if name}
    # A description that another user has as well says nothing about which of them a token is for.
    own = {name for name in names if len(observed.cloud.described(name)) < 2}
    tokens = tuple(token for token in observed.tokens if names_one_of(token.spec.label_selector, own))
    steps = [Step("revoke_token", key=token.id) for token in tokens]
    stay = [
        f"{token.spec.name} ({token.spec.label_selector})"
        for token in observed.tokens
        if token not in tokens and mentions_one_of(token.spec.label_selector, names)
    ]
    note = "AI tokens that name others as well stay: {}.".format(", ".join(stay)) if stay else ""
    note = " ".join(filter(None, (item.note, note)))
    return item._replace(tokens=tokens, steps=(*steps, *item.steps), note=note)


def _plan_missing(desired: Desired, stem: str | None, stored: Stored, policy: Policy) -> Item:
    if desired.state == "absent":
        return Item(desired, None, (Step("forget"),) if stored != Stored() else (), stem=stem, stored=stored)
    if desired.if_missing == "skip":
        return Item(desired, None, stem=stem, stored=stored)
    if desired.description is None or desired.if_missing == "fail":
        hint = "" if desired.if_missing == "fail" else " Only a description can make a new one."
        message = f"{desired.where}: no live user with {_identity(desired)} in this project.{hint}"
        return Item(desired, None, error=UserNotFoundError(message), stem=stem, stored=stored)
    steps = [Step("create", tuple(desired.roles or ()))]
    if desired.s3_credentials in ("present", "rotate"):
        steps.append(Step("make_key"))
    if policy.kit is not None:
        steps.append(Step("make_kit"))
    return Item(desired, None, tuple(steps), exact=True, stem=stem, stored=stored)


def _key_removals(desired: Desired, user: User, observed: Observed) -> list[Step]:
    if desired.s3_credentials != "absent":
        return []
    return [Step("revoke_key", key=key) for key in observed.s3_keys.get(user.id, ())]


def _key_steps(item: Item, user: User, observed: Observed) -> list[Step]:
    credential = item.stored.credential
    ours = credential if credential is not None and credential.user_id == user.id else Credential()
    asked = item.desired.s3_credentials
    if asked == "rotate":
        return [Step("rotate_key")]
    if asked != "absent" and ours.lacks_new_key:
        # A run was killed that had begun to. Whoever leaves needs no new key.
        return [Step("rotate_key")] if item.desired.if_missing == "create" else []
    if asked == "present" and not ours.s3_access:
        return [Step("make_key")]
    if asked != "absent":
        return [Step("drop_key", key=key) for key in ours.s3_replaces]
    removals = _key_removals(item.desired, user, observed)
    # A run was killed after it had removed the key, or somebody else removed it, or the list lags behind.
    held = [Step("revoke_key", key=key) for key in dict.fromkeys((ours.s3_access, *ours.s3_replaces)) if key]
    return [*removals, *(step for step in held if step not in removals)]


def _kit_steps(item: Item, user: User, key_changes: bool, policy: Policy) -> list[Step]:
    if policy.kit is None:
        return []
    credential = item.stored.credential
    held = credential.s3_access if credential is not None and credential.user_id == user.id else ""
    fresh = not key_changes and item.stored.kit == kit_mark(policy.kit, user, held)
    return [] if fresh else [Step("make_kit")]


def _identity(desired: Desired) -> str:
    if desired.description is not None:
        return f"the description {desired.description!r}"
    return "the user_id %d" % desired.user_id if desired.user_id is not None else f"the username {desired.username!r}"


def _plan_present(item: Item, user: User, observed: Observed, policy: Policy) -> Item:
    credential, intent = item.stored.credential, item.stored.intent
    ours = intent is not None and intent.claims(user)
    if intent is not None and credential is not None and credential.intent == intent.id:
        # The account of this intent is known. Where it is not this one, it gave way to it.
        ours = credential.user_id == user.id
    desired, exact = item.desired, item.desired.exact
    if ours and intent is not None and intent.action == "create":
        desired, exact = _finished(desired, user, intent, _is_fulfilled(credential, intent, user))
    renewal = _renewal(item, user, ours, observed.now, policy)
    steps = role_steps(user, desired, exact)
    if renewal is not None:
        # A password that somebody waits for comes first, one that is merely renewed comes last.
        steps = [renewal, *steps] if renewal.reason == "recover" else [*steps, renewal]
    # A key that shall go goes first: should the rest fail, less access is left, not more.
    keys = _key_steps(item, user, observed)
    steps = [*keys, *steps] if desired.s3_credentials == "absent" else [*steps, *keys]
    steps += _kit_steps(item, user, bool(keys), policy)
    return item._replace(desired=desired, steps=tuple(steps), exact=exact)


def _is_fulfilled(credential: Credential | None, intent: Intent, user: User) -> bool:
    return credential is not None and credential.opens(user.id) and credential.intent == intent.id


def _finished(desired: Desired, user: User, intent: Intent, fulfilled: bool) -> tuple[Desired, bool]:
    """Return what is asked for an account that an earlier run created before it was killed, and whether exactly that:
    it has the roles that were asked for then or are now, and not what the API added."""
    if desired.exact:
        return desired, True
    listed = frozenset(desired.roles or ())
    if fulfilled:
        # Its roles are known to be right but for these. Others are what somebody granted since.
        more = frozenset(intent.surplus) - listed
        return desired._replace(revoke_roles=tuple(sorted(more.union(desired.revoke_roles)))), False
    if desired.roles is None and intent.roles is None:
        return desired, False
    kept = user.role_names & frozenset(intent.roles or ()) - frozenset(desired.revoke_roles)
    return desired._replace(roles=tuple(sorted(listed | kept))), True


def role_steps(user: User, desired: Desired, exact: bool) -> list[Step]:
    """Return the steps that give ``user`` the roles asked for: additions and removals are single calls, the whole
    set is written only where it is exact and not empty."""
    # What a run creates has no other roles, not even the API's default where none are listed.
    listed = desired.roles or () if exact else desired.roles
    change = role_change(user.role_names, listed, desired.revoke_roles, exact)
    count = len(change.add) + len(change.remove)
    if exact and desired.roles and count > 1:
        return [Step("set_roles", tuple(desired.roles))]
    revokes = [Step("revoke", (name,)) for name in change.remove]
    return revokes + [Step("grant", (name,)) for name in change.add]


def _renewal(item: Item, user: User, ours: bool, now: float, policy: Policy) -> Step | None:
    credential, intent = item.stored.credential, item.stored.intent
    if ours and intent is not None and not _is_fulfilled(credential, intent, user):
        return Step("renew", reason="recover")
    if item.desired.update_password == "always":
        return Step("renew", reason="always")
    opens = credential is not None and credential.opens(user.id)
    if item.desired.update_password == "on_missing" and not opens:
        return Step("renew", reason="missing")
    if opens and credential is not None and _is_old(credential, now, policy):
        return Step("renew", reason="rotate")
    return None


def _is_old(credential: Credential, now: float, policy: Policy) -> bool:
    if policy.rotate_after is None or credential.issued_at is None:
        return False
    return now - credential.issued_at >= policy.rotate_after


def _check_listed_once(items: Sequence[Item]) -> None:
    seen: dict[int, Item] = {}
    for item in items:
        if item.user is None:
            continue
        if item.user.id in seen:
            raise InputError(
                "%s and %s are the same user (id %d): list it once."
                % (seen[item.user.id].desired.where, item.desired.where, item.user.id)
            )
        seen[item.user.id] = item


def _purge(items: Sequence[Item], observed: Observed, policy: Policy) -> list[Item]:
    if policy.purge_match is None:
        return []
    listed_ids = {item.user.id for item in items if item.user is not None}
    # Those that are listed but ambiguous are left alone.
    listed = {item.desired.description for item in items}
    listed_names = {item.desired.username for item in items}
    surplus = [
        user
        for user in observed.cloud.matching(policy.purge_match)
        if user.id not in listed_ids and user.description not in listed and user.username not in listed_names
    ]
    return [_purge_item(user, observed, policy) for user in surplus]


def _purge_item(user: User, observed: Observed, policy: Policy) -> Item:
    where = "purge of user %d (%s)" % (user.id, user.description)
    desired = Desired(where, description=user.description, state="absent")
    if policy.purge_keys:
        desired = desired._replace(s3_credentials="absent")
    stem = observed.cloud.stem(user, observed.stored)
    stored = observed.stored.get(stem, Stored())
    steps = (*_key_removals(desired, user, observed), Step("delete", reason="purge"))
    item = Item(desired, user, steps, stem=stem, stored=stored)
    if not policy.purge_tokens:
        return item
    return _with_tokens(item._replace(desired=desired._replace(ai_tokens="absent")), observed)


def _left_behind(items: Sequence[Item], observed: Observed) -> list[Item]:
    """Let the files go of those whom an earlier run has deleted, whatever it was asked for."""
    planned = {item.stem for item in items}
    return [
        Item(
            Desired("user %d, deleted by an earlier run" % user_id, user_id=user_id, state="absent"),
            None,
            (Step("forget"),),
            stem=stem,
        )
        for stem, user_id in sorted(observed.left.items())
        if stem not in planned
    ]


def _check_guards(items: Sequence[Item], policy: Policy) -> None:
    hit = [item for item in items if item.has("delete")]
    if policy.max_deletions is not None and len(hit) > policy.max_deletions:
        raise _too_many("delete", hit, "max_deletions", policy.max_deletions)
    hit = [item for item in items if _takes_away(item)]
    if policy.max_revocations is not None and len(hit) > policy.max_revocations:
        raise _too_many("take access from", hit, "max_revocations", policy.max_revocations)
    hit = [item for item in items if any(step.reason == "missing" for step in item.steps)]
    if policy.max_resets is not None and len(hit) > policy.max_resets:
        raise _too_many("give a new password to", hit, "max_resets", policy.max_resets)


def _takes_away(item: Item) -> bool:
    """True if somebody who stays loses a role, an access key or an AI token."""
    before = item.user.role_names if item.user is not None else frozenset()
    kept = frozenset(name for step in item.steps if step.kind == "set_roles" for name in step.roles)
    loses = item.has("revoke", "revoke_key", "revoke_token") or (item.has("set_roles") and not before <= kept)
    return loses and not item.has("delete")


def _too_many(verb: str, hit: Sequence[Item], option: str, limit: int) -> GuardError:
    who = [
        {"user_id": item.user.id, "description": item.user.description}
        if item.user is not None
        else {"user_id": None, "description": item.desired.label}
        for item in hit
    ]
    names = ", ".join("{} ({})".format(one["description"], one["user_id"] or "no account") for one in who)
    return GuardError(
        "Refused before any change: this run would %s %d user%s, and %s is %d. It would hit: %s."
        " If that is meant, raise %s." % (verb, len(who), "" if len(who) == 1 else "s", option, limit, names, option),
        option=option,
        limit=limit,
        users=who,
    )
