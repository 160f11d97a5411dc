# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small clouds, lists and folders for the tests of the pure core, by hand and from Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Intent, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Desired, Policy
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import Kit
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import Catalogue, Role, User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.observed import Cloud, Observed
from ansible_collections.cloudops.ovh.plugins.module_utils._core.times import format_time

#: 2026-03-01T12:00:00Z
NOON = 1772366400.0
NAMES = (
    "administrator",
    "ai_training_operator",
    "ai_training_read",
    "compute_operator",
    "objectstore_operator",
)
AI, READ, STORE = "ai_training_operator", "ai_training_read", "objectstore_operator"
LABELS = {AI: "AI Operator", READ: "AI Reader", STORE: "Object Store"}
ROLES = {name: Role(f"id-{name}", name, LABELS.get(name, ""), ()) for name in NAMES}
#: A role that users still have, and that the catalogue does not list any more.
WITHDRAWN = Role("id-withdrawn", "ai_withdrawn", "", ())
CATALOGUE = Catalogue(ROLES.values())


def user(
    user_id: int,
    description: str = "ada",
    roles: Sequence[str] = (),
    status: str = "ok",
    created: float | None = NOON,
    username: str = "",
) -> User:
    """A user as the API lists it; ``roles`` by name."""
    held = tuple(ROLES.get(name, WITHDRAWN) for name in roles)
    date = format_time(created) if created is not None else None
    return User(user_id, username or f"user-{user_id}", description, status, None, date, held)


def desired(description: str | None = "ada", **more: object) -> Desired:
    """What is asked for one user, by its description unless something else is given."""
    return Desired("users[0]", description, **more)


def by_id(user_id: int, **more: object) -> Desired:
    """What is asked for the user with this id."""
    return Desired("users[0]", user_id=user_id, **more)


def seen(
    *users: User,
    stored: Mapping[str, Stored] | None = None,
    now: float = NOON,
    keys: Mapping[int, tuple[str, ...]] | None = None,
) -> Observed:
    """What there is."""
    return Observed(Cloud(users), stored or {}, now, keys or {})


def issued(user_id: int, at: float = NOON, intent: str = "", s3_access: str = "") -> Credential:
    """A credential file with a password."""
    return Credential(user_id, True, at, None, intent, s3_access)


# Text

#: What a description can hold, and what has hurt programs before.
DESCRIPTIONS = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        [
            "ada",
            "Ada",
            "ada ",
            "..",
            ".",
            "../../etc/passwd",
            "a/b",
            "-rf",
            "{{ lookup('pipe', 'id') }}",
            "!vault",
            "null",
            "a: b",
            "line\nbreak",
            "é" * 100,
            "e\u0301",
            "🙂" * 64,
            "%41",
            "A",
            "a=7",
            "x" * 255,
            "con",
            "~",
        ]
    ),
)

#: Anything that a JSON document can hold, and what Python makes of it.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=12)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def mutilated(sample: Mapping[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """``sample`` with some keys replaced by any JSON value, or gone."""
    broken = st.dictionaries(st.sampled_from(sorted(sample)), JSON, max_size=3)
    gone = st.sets(st.sampled_from(sorted(sample)), max_size=2)
    return st.builds(
        lambda new, missing: {key: value for key, value in {**sample, **new}.items() if key not in missing},
        broken,
        gone,
    )


# Clouds

#: Few descriptions, so that they often meet; two are blank.
_DESCRIBED = st.sampled_from(["ada", "bob", "cyd", "team-x", "team-y", "Ada", "", "  "])
_NAMED = st.sampled_from(["ada", "bob", "cyd", "team-x", "team-y", "Ada", "new", "team-new"])
_STATUS = st.sampled_from(["ok", "ok", "ok", "creating", "updating", "disabled", "deleting", "deleted", "odd"])
_TIMES = st.sampled_from([NOON - 3600, NOON - 2, NOON - 1, NOON, NOON + 30, NOON + 90, NOON + 91, NOON + 3600])


@st.composite
def users(draw: st.DrawFn) -> tuple[User, ...]:
    """The users of a project."""
    ids = draw(st.lists(st.integers(1, 12), unique=True, max_size=7))
    held = st.sets(st.sampled_from([*NAMES, WITHDRAWN.name]), max_size=3).map(sorted)
    return tuple(user(number, draw(_DESCRIBED), draw(held), draw(_STATUS), draw(st.none() | _TIMES)) for number in ids)


@st.composite
def items(draw: st.DrawFn) -> tuple[Desired, ...]:
    """A list in which no identity is there twice."""
    identities = draw(
        st.lists(
            st.one_of(
                _NAMED.map(lambda text: ("description", text)),
                st.integers(1, 14).map(lambda number: ("user_id", number)),
                st.integers(1, 14).map(lambda number: ("username", f"user-{number}")),
            ),
            unique=True,
            max_size=6,
        )
    )
    return tuple(_item(draw, key, value) for key, value in identities)


def _item(draw: st.DrawFn, key: str, value: object) -> Desired:
    roles = draw(st.none() | st.sets(st.sampled_from(NAMES), max_size=3).map(lambda some: tuple(sorted(some))))
    granted = roles or ()
    free = [name for name in (*NAMES, "ai_*") if name not in granted]
    return Desired(
        f"item {value}",
        **{key: value},
        state=draw(st.sampled_from(["present", "present", "present", "absent"])),
        roles=roles,
        revoke_roles=tuple(sorted(draw(st.sets(st.sampled_from(free), max_size=2)))),
        purge_roles=draw(st.booleans()),
        update_password=draw(st.sampled_from(["on_create", "on_create", "on_missing", "always"])),
        s3_credentials=draw(st.sampled_from([None, None, "present", "absent"])),
        if_missing=draw(st.sampled_from(["create", "create", "fail", "skip"])),
    )


_CREDENTIALS = st.builds(
    Credential,
    user_id=st.integers(1, 12),
    has_password=st.booleans(),
    issued_at=st.none() | _TIMES,
    delivered_at=st.none() | _TIMES,
    intent=st.sampled_from(["", "1234", "abcd"]),
    s3_access=st.sampled_from(["", "access0"]),
)
_INTENTS = st.builds(
    Intent,
    id=st.sampled_from(["1234", "abcd"]),
    action=st.sampled_from(["create", "renew"]),
    began_at=_TIMES,
    valid_for=st.just(90.0),
    user_id=st.none() | st.integers(1, 12),
)
_STEMS = st.builds(
    lambda stem, number: stem if number is None else f"{stem}={number}",
    st.sampled_from(["ada", "bob", "cyd", "team-x", "team-y", "new"]),
    st.none() | st.integers(1, 12),
)
_KITS = st.sampled_from(["", "", "broken", "old"])
_STORED = st.builds(Stored, st.none() | _CREDENTIALS, st.none() | _INTENTS, _KITS)
POLICIES = st.builds(
    Policy,
    purge_match=st.none() | st.sampled_from(["^team-", ".", "(?i)ADA", "nobody"]),
    max_deletions=st.none() | st.integers(0, 3),
    max_resets=st.none() | st.integers(0, 3),
    max_revocations=st.none() | st.integers(0, 3),
    rotate_after=st.none() | st.just(3000.0),
    kit=st.sampled_from([None, None, Kit("", "GRA")]),
)


class Case(NamedTuple):
    """All that a plan is made from."""

    asked: tuple[Desired, ...]
    users: tuple[User, ...]
    stored: dict[str, Stored]
    policy: Policy
    keys: dict[int, tuple[str, ...]]

    @property
    def observed(self) -> Observed:
        """What there is before the run."""
        return Observed(Cloud(self.users), self.stored, NOON + 4000, self.keys)


CASES = st.builds(
    Case,
    items(),
    users(),
    st.dictionaries(_STEMS, _STORED, max_size=5),
    POLICIES,
    st.dictionaries(st.integers(1, 12), st.sampled_from([(), ("access0",), ("access0", "access1")]), max_size=6),
)
