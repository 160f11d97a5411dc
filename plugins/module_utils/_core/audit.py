# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has access to one project, and where that differs from a list of who should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .credential import Credential
from .desired import Desired, parse_list, resolve_roles
from .errors import AmbiguousUserError
from .model import Catalogue, User
from .observed import Cloud
from .render import render_user
from .times import format_time, parse_time

#: A problem: somebody has, or lacks, access that the list does not say.
ERROR = "error"
#: Something to look at.
WARNING = "warning"

#: Every kind of finding, the gravest first, with what it means for people.
KINDS = {
    "unreadable": "Projects that could not be audited",
    "unlisted": "Accounts that nobody listed",
    "surplus": "Accounts of people who should have none",
    "missing": "Expected people without an account",
    "wrong_roles": "Roles that differ from the list",
    "duplicate": "Accounts that share a description",
    "no_object_storage": "AI access without Object Storage",
    "credential_mismatch": "Credential files that do not fit their account",
    "unfinished": "Credentials whose change was cut off",
    "status": "Accounts that are not in order",
    "no_description": "Accounts without a description",
}
#: These are differences from the list.
DRIFT = frozenset(("unlisted", "surplus", "missing", "wrong_roles"))
_ERRORS = frozenset(("unreadable", "unlisted", "surplus", "missing", "duplicate"))

_BEGUN = {
    "create": "making the account",
    "renew": "renewing the password, so that the one in the file may not work any more",
    "delete": "deleting the account",
    "rotate": "replacing the access key, so that one which should be gone may still be there",
}
_AI = "ai_"
#: Either of them opens Object Storage.
_OBJECT_STORAGE = frozenset(("objectstore_operator", "administrator"))
_DAY = 86400.0


class Facts(NamedTuple):
    """What is known of an account besides what the API lists. None: not asked, or not known. ``begun``: what a run that
    was cut off was about to do, ``create``, ``renew``, ``delete`` or ``rotate``."""

    credential: Credential | None = None
    credential_file: str | None = None
    s3_keys: tuple[str, ...] | None = None
    s3_policy: bool | None = None
    begun: str | None = None


class Finding(NamedTuple):
    """One thing that a person should look at. ``user`` is None where there is no account."""

    kind: str
    person: str
    message: str
    user: User | None = None
    lacking: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        # Too many rights are graver than too few: who has too few will say so.
        return ERROR if self.kind in _ERRORS or self.surplus else WARNING


class Audit(NamedTuple):
    """The live accounts of a project and what was found. ``listed``: ids of accounts on the list, None without one."""

    users: tuple[User, ...]
    findings: tuple[Finding, ...]
    listed: frozenset[int] | None = None


def person(user: User) -> str:
    """Return what people call an account: its description, else the name that the API invented."""
    return user.description if user.description.strip() else user.username


def parse_expected(items: Sequence[Any], roles: Sequence[str] | None) -> tuple[Desired, ...]:
    """Return the list of who should have access; ``roles`` holds for entries without roles of their own.

    Raises :class:`InputError` for everything that is wrong with it.
    """
    return parse_list(items, "expected", {"roles": roles} if roles is not None else {}, "skip")


def make_audit(
    cloud: Cloud, expected: Sequence[Desired] | None, catalogue: Catalogue, facts: Mapping[int, Facts]
) -> Audit:
    """Compare what there is with who should have access; without a list only what an account shows by itself.

    Raises :class:`UnknownRoleError` for a role on the list that the project does not have.
    """
    users = tuple(sorted(cloud.users, key=lambda user: (person(user).casefold(), person(user), user.id)))
    findings = [finding for user in users for finding in _look_at(user, cloud, facts.get(user.id, Facts()))]
    listed: set[int] | None = None
    if expected is not None:
        listed = set()
        withdrawn = catalogue.extended(role for user in users for role in user.roles)
        for one in expected:
            findings += _compare(resolve_roles(one, cloud.grantable(one, catalogue), withdrawn), cloud, listed)
        findings += [
            Finding("unlisted", person(user), "Has an account, and is not on the list.", user)
            for user in users
            if user.id not in listed
        ]
    order = list(KINDS)
    findings.sort(key=lambda one: (one.severity != ERROR, order.index(one.kind), *_place(one)))
    return Audit(users, tuple(findings), frozenset(listed) if listed is not None else None)


def _place(finding: Finding) -> tuple[str, str, int]:
    return finding.person.casefold(), finding.person, finding.user.id if finding.user else 0


def _compare(wanted: Desired, cloud: Cloud, listed: set[int]) -> list[Finding]:
    """Return how one entry of the list differs from the cloud; the accounts that it names are added to ``listed``."""
    try:
        user = cloud.find(wanted)
    except AmbiguousUserError as problem:
        # The accounts are found as duplicates; which of them is meant cannot be known.
        listed.update(problem.details["user_ids"])
        return []
    if user is None:
        if wanted.state == "absent":
            return []
        return [Finding("missing", wanted.label, "Is on the list, and has no account.")]
    listed.add(user.id)
    if wanted.state == "absent":
        return [Finding("surplus", person(user), "Has an account, and the list says that there should be none.", user)]
    return _compare_roles(wanted, user)


def _compare_roles(wanted: Desired, user: User) -> list[Finding]:
    have = user.role_names
    lacking = tuple(sorted(frozenset(wanted.roles or ()) - have))
    more = have - frozenset(wanted.roles) if wanted.roles is not None else have & frozenset(wanted.revoke_roles)
    surplus = tuple(sorted(more))
    parts = ["has {}, which the list does not give".format(", ".join(surplus))] if surplus else []
    parts += ["lacks {}".format(", ".join(lacking))] if lacking else []
    if not parts:
        return []
    text = ", and ".join(parts)
    return [Finding("wrong_roles", person(user), text[0].upper() + text[1:] + ".", user, lacking, surplus)]


def _look_at(user: User, cloud: Cloud, facts: Facts) -> list[Finding]:
    """Return what one account shows by itself."""
    found = []
    same = [other.id for other in cloud.described(user.description)]
    if not user.description.strip():
        found.append(("no_description", "Nobody can tell whose account this is."))
    elif len(same) > 1:
        others = _ids([one for one in same if one != user.id])
        found.append(("duplicate", f"The description is also that of account {others}."))
    if any(name.startswith(_AI) for name in user.role_names) and not user.role_names & _OBJECT_STORAGE:
        found.append(("no_object_storage", "Can use AI Training, and has no role that reaches its data."))
    if user.status != "ok" and not user.is_pending:
        found.append(("status", f"The API says that this account is {user.status or 'in no known state'}."))
    mismatch = _mismatch(user, facts)
    if mismatch is not None:
        found.append(("credential_mismatch", mismatch))
    if facts.begun is not None:
        found.append(("unfinished", f"A run is {_BEGUN[facts.begun]}. If it was cut off, the next one finishes that."))
    return [Finding(kind, person(user), message, user) for kind, message in found]


def _mismatch(user: User, facts: Facts) -> str | None:
    """Return what of a user's credential file is not this account's."""
    held = facts.credential
    if held is None:
        return None
    if held.user_id != user.id:
        return f"The credential file is of the account {held.user_id}, not of this one."
    if held.s3_access and facts.s3_keys is not None and held.s3_access not in facts.s3_keys:
        return f"The account no longer has the access key {held.s3_access} that is in its credential file."
    return None


def _ids(ids: Sequence[int], most: int = 5) -> str:
    named = ", ".join(map(str, ids[:most]))
    return named if len(ids) <= most else "%s and %d more" % (named, len(ids) - most)


# Results


def render_audit(audit: Audit, facts: Mapping[int, Facts], now: float) -> dict[str, Any]:
    """Return an audit as data; ``now`` is what ages are counted to, in seconds since 1970."""
    kinds: dict[int, list[str]] = {}
    for finding in audit.findings:
        if finding.user is not None:
            kinds.setdefault(finding.user.id, []).append(finding.kind)
    accounts = []
    for user in audit.users:
        account = _render_account(user, facts.get(user.id, Facts()), now)
        account["expected"] = None if audit.listed is None else user.id in audit.listed
        account["findings"] = kinds.get(user.id, [])
        accounts.append(account)
    findings = [render_finding(one, audit.listed is not None) for one in audit.findings]
    return {
        "audited_at": format_time(now),
        "compared": audit.listed is not None,
        "accounts": accounts,
        "findings": findings,
        "summary": {
            "people": len({person(user) for user in audit.users}),
            "accounts": len(accounts),
            "errors": sum(one["severity"] == ERROR for one in findings),
            "warnings": sum(one["severity"] == WARNING for one in findings),
            "drift": sum(one["drift"] for one in findings),
        },
    }


def _age(seconds: float | None, now: float) -> int | None:
    return max(0, int((now - seconds) // _DAY)) if seconds is not None else None


def _render_account(user: User, facts: Facts, now: float) -> dict[str, Any]:
    # The dates of a file that is of another account are not those of this one.
    credential = facts.credential if facts.credential and facts.credential.user_id == user.id else Credential()
    issued, delivered = credential.issued_at, credential.delivered_at
    return {
        "person": person(user),
        **(render_user(user) or {}),
        "age_days": _age(parse_time(user.creation_date), now),
        "credential_file": facts.credential_file,
        "credential_issued": format_time(issued) if issued is not None else None,
        "credential_delivered": format_time(delivered) if delivered is not None else None,
        "credential_age_days": _age(issued, now),
        "s3_keys": list(facts.s3_keys) if facts.s3_keys is not None else None,
        "s3_policy": facts.s3_policy,
    }


def render_finding(finding: Finding, compared: bool) -> dict[str, Any]:
    """Return a finding as data; ``drift``: it is a difference from the list that was ``compared`` with."""
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "drift": compared and (finding.kind in DRIFT or finding.kind == "duplicate"),
        "person": finding.person,
        "user_id": finding.user.id if finding.user else None,
        "username": finding.user.username if finding.user else None,
        "message": finding.message,
        "roles_lacking": list(finding.lacking),
        "roles_surplus": list(finding.surplus),
    }
