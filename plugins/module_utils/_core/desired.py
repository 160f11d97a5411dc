# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user asks for: options of the modules checked and brought to one form.

Nothing here knows the cloud. Everything that is wrong raises :class:`InputError` and names the item and the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .errors import InputError, kind_of
from .kit import Kit
from .model import Catalogue

STATES = ("present", "absent")
S3_CREDENTIALS = ("present", "absent", "rotate")
AI_TOKENS = ("absent",)
UPDATE_PASSWORD = ("on_create", "on_missing", "always")
#: Who an item of a list of users is: one of these.
IDENTITY_KEYS = ("description", "name", "user_id", "username")
#: What an item of a list of users may have.
ITEM_KEYS = frozenset(
    (
        *IDENTITY_KEYS,
        "roles",
        "revoke_roles",
        "purge_roles",
        "state",
        "update_password",
        "s3_credentials",
        "ai_tokens",
    )
)
_TRUE = frozenset(("true", "yes", "on", "1", "y", "t"))
_FALSE = frozenset(("false", "no", "off", "0", "n", "f"))
_NUMBER = re.compile(r"[0-9]{1,19}\Z")
_PROJECT = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}\Z")


class Desired(NamedTuple):
    """One user as it shall be. Exactly one of ``description``, ``user_id`` and ``username`` is set.

    ``roles``, ``s3_credentials`` and ``ai_tokens`` None: left out, and left alone.
    ``if_missing``: ``create`` it, ``fail``, or ``skip`` it. ``revoking``: the option that ``revoke_roles`` come from.
    """

    where: str
    description: str | None = None
    user_id: int | None = None
    username: str | None = None
    state: str = "present"
    roles: tuple[str, ...] | None = None
    revoke_roles: tuple[str, ...] = ()
    purge_roles: bool = False
    update_password: str = "on_create"
    s3_credentials: str | None = None
    ai_tokens: str | None = None
    if_missing: str = "create"
    revoking: str = "revoke_roles"

    @property
    def label(self) -> str:
        """What a person calls this user: its description, else how it was addressed."""
        if self.description is not None:
            return self.description
        return "user_id %d" % self.user_id if self.user_id is not None else f"username {self.username}"

    @property
    def exact(self) -> bool:
        """True if roles that are not listed shall go; leaving ``roles`` out leaves them alone."""
        return self.purge_roles and self.roles is not None

    @property
    def names_roles(self) -> bool:
        """True if the catalogue of roles is needed."""
        return self.state == "present" and (bool(self.roles) or bool(self.revoke_roles))


class Policy(NamedTuple):
    """What holds for the whole list. ``rotate_after`` is in seconds, ``kit`` None leaves kits alone. ``purge_keys`` and
    ``purge_tokens``: whoever is purged loses access keys and AI tokens before."""

    purge_match: str | None = None
    max_deletions: int | None = None
    max_resets: int | None = None
    max_revocations: int | None = None
    rotate_after: float | None = None
    kit: Kit | None = None
    purge_keys: bool = False
    purge_tokens: bool = False


def check_project(service_name: str | None) -> str:
    """Return the project's id, or raise :class:`InputError` where it cannot be one."""
    if not service_name:
        raise InputError(
            "No Public Cloud project is named: set service_name (alias project_id)"
            " or OVH_CLOUD_PROJECT_SERVICE to the project's id."
        )
    if not _PROJECT.match(service_name):
        raise InputError(
            f"service_name: {service_name!r} is not a project id. It is the 32 hexadecimal digits that the control"
            " panel shows under the project's name, not the name itself."
        )
    return service_name


def check_description(value: object, where: str) -> str:
    """Return a description that can be one, or raise :class:`InputError`."""
    if not isinstance(value, str):
        raise InputError(
            f"{where}: description must be a string, not {kind_of(value)}; quote it, or use the filter string.",
            item=where,
        )
    if not value.strip():
        raise InputError(f"{where}: description is empty or blank; it is the name that users are found by.", item=where)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            f"{where}: description is not valid Unicode text. A file that it comes from is to be UTF-8.",
            item=where,
        ) from None
    return value


def _check_user_id(value: object, where: str) -> int:
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InputError(f"{where}: user_id must be a positive integer, not {value!r}.", item=where, key="user_id")
    return value


def _check_names(value: object, where: str, key: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip(" ,\t\r\n"):
            # An empty cell of a table. Taken for a list without roles, it would leave people without any.
            raise InputError(
                f"{where}: {key} is empty text. Leave it out for what holds for the others, or write [] for none.",
                item=where,
                key=key,
            )
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{where}: {key} must be a list of role names, not {kind_of(value)}.", item=where, key=key)
    for name in value:
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{where}: {key} holds {name!r}, which is not a role name.", item=where, key=key)
    return tuple(value)


def _check_bool(value: object, where: str, key: str) -> bool:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise InputError(f"{where}: {key} must be true or false, not {value!r}.", item=where, key=key)


def _check_choice(value: object, where: str, key: str, choices: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise InputError(
        "{}: {} must be one of {}, not {!r}.".format(where, key, ", ".join(choices), value), item=where, key=key
    )


def _check_optional(value: object, where: str, key: str, choices: tuple[str, ...]) -> str | None:
    return None if value is None else _check_choice(value, where, key, choices)


def _check_identity(item: Mapping[str, Any], where: str) -> dict[str, Any]:
    given = [key for key in IDENTITY_KEYS if item.get(key) is not None]
    if len(given) != 1:
        what = "names its user by {}".format(" and ".join(given)) if given else "names no user"
        raise InputError(f"{where} {what}: give exactly one of description (name), user_id, username.", item=where)
    key = given[0]
    if key in ("description", "name"):
        return {"description": check_description(item[key], where)}
    if key == "user_id":
        return {"user_id": _check_user_id(item[key], where)}
    if not isinstance(item[key], str) or not item[key].strip():
        raise InputError(f"{where}: username must be a string that is not blank.", item=where, key=key)
    return {"username": item[key]}


def parse_item(item: object, where: str, defaults: Mapping[str, Any], if_missing: str = "create") -> Desired:
    """Return one user of a list; ``defaults`` hold for the keys that the item leaves out."""
    if isinstance(item, str):
        item = {"description": item}
    if not isinstance(item, Mapping):
        raise InputError(f"{where} must be a description or a mapping, not {kind_of(item)}.", item=where)
    unknown = sorted(str(key) for key in item if key not in ITEM_KEYS)
    if unknown:
        allowed = ", ".join(sorted(ITEM_KEYS))
        raise InputError(
            "{}: unknown key {}. Keys: {}.".format(where, ", ".join(unknown), allowed), item=where, key=unknown[0]
        )
    identity = _check_identity(item, where)
    if "description" in identity:
        where = "{} ({})".format(where, identity["description"])
    full = {**defaults, **{key: value for key, value in item.items() if value is not None}}
    return Desired(
        where=where,
        state=_check_choice(full.get("state", "present"), where, "state", STATES),
        roles=_check_names(full.get("roles"), where, "roles"),
        revoke_roles=_check_names(full.get("revoke_roles"), where, "revoke_roles") or (),
        purge_roles=_check_bool(full.get("purge_roles", False), where, "purge_roles"),
        update_password=_check_choice(
            full.get("update_password", "on_create"), where, "update_password", UPDATE_PASSWORD
        ),
        s3_credentials=_check_optional(full.get("s3_credentials"), where, "s3_credentials", S3_CREDENTIALS),
        ai_tokens=_check_optional(full.get("ai_tokens"), where, "ai_tokens", AI_TOKENS),
        if_missing=if_missing,
        **identity,
    )


def _is_one_value(text: str) -> bool:
    """True if a text is one list or mapping as a whole. "[team] ada" is a name like any other."""
    if text[:1] not in ("[", "{"):
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _check_is_no_text(items: Sequence[object], where: str) -> None:
    """Raise :class:`InputError` for a list that was given as text. Ansible cuts it at its commas, and the pieces would
    be names of accounts, for ever."""
    if not items or not all(isinstance(item, str) and "," not in item for item in items):
        return
    if _is_one_value(",".join(map(str, items)).strip()):
        names = ", ".join(map(repr, items[:2]))
        raise InputError(
            f"{where}: a list was given as text, and taken for the descriptions {names} and so on. With -e give it as"
            """ JSON, in an object: -e '{"variable": ["ada", "bob"]}'. Such a name goes as description: "[ada]"."""
        )


def parse_list(
    items: Sequence[object], where: str, defaults: Mapping[str, Any], if_missing: str
) -> tuple[Desired, ...]:
    """Return a whole list, which is the option ``where``; no user may be in it twice. Raises :class:`InputError`."""
    _check_is_no_text(items, where)
    desired = tuple(parse_item(item, "%s[%d]" % (where, n), defaults, if_missing) for n, item in enumerate(items))
    seen: dict[tuple[Any, ...], Desired] = {}
    for one in desired:
        identity = (one.description, one.user_id, one.username)
        if identity in seen:
            raise InputError(f"{seen[identity].where} and {one.where} are the same user: list it once.")
        seen[identity] = one
    return desired


def parse_users(params: Mapping[str, Any]) -> tuple[Desired, ...]:
    """Return the whole list of ``ovh_cloud_users``, whose items take what they leave out from the options beside it."""
    keys = ("roles", "revoke_roles", "purge_roles", "state", "update_password", "s3_credentials", "ai_tokens")
    defaults = {key: params[key] for key in keys if params.get(key) is not None}
    return parse_list(params["users"], "users", defaults, "create" if params.get("create", True) else "skip")


def parse_policy(params: Mapping[str, Any]) -> Policy:
    """Return what bounds a run of ``ovh_cloud_users``, or raise :class:`InputError`."""
    match = params.get("purge_match") or None
    if params.get("purge_users"):
        if match is None:
            raise InputError(
                "purge_users needs purge_match: a regular expression for the descriptions"
                " that this list is responsible for. Users it does not match are never removed."
            )
        try:
            re.compile(match)
        except (re.error, OverflowError, RecursionError) as problem:
            raise InputError(f"purge_match {match!r} is not a regular expression: {problem}.") from None
    for key in ("max_deletions", "max_resets", "max_revocations", "rotate_after_days"):
        if (params.get(key) or 0) < 0:
            raise InputError(f"{key} must not be negative.")
    days = params.get("rotate_after_days")
    return Policy(
        purge_match=match if params.get("purge_users") else None,
        purge_keys=params.get("s3_credentials") == "absent",
        purge_tokens=params.get("ai_tokens") == "absent",
        max_deletions=params.get("max_deletions"),
        max_resets=params.get("max_resets"),
        max_revocations=params.get("max_revocations"),
        rotate_after=days * 86400.0 if days is not None else None,
        kit=_parse_kit(params),
    )


def check_region(value: str, option: str) -> str:
    """Return the name of a region, or raise :class:`InputError`."""
    if not re.fullmatch(r"[A-Za-z0-9-]{2,32}", value):
        raise InputError(f"{option}: {value!r} is not a region such as gra, sbg or eu-west-par.")
    return value


def _parse_kit(params: Mapping[str, Any]) -> Kit | None:
    if not params.get("kit"):
        return None
    region = params.get("kit_region") or (params.get("s3_region") or "").upper()
    vaulted = params.get("credentials_vault_password") is not None
    return Kit(params.get("kit_contact") or "", check_region(region, "kit_region"), vaulted)


def _revoked(desired: Desired, known: Catalogue, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the API names to take away; a pattern such as ``ai_*`` stands for every role but those ``granted``."""
    names: set[str] = set()
    for text in desired.revoke_roles:
        if "*" in text:
            names.update(name for name in known.matching(text) if name not in granted)
        else:
            names.update(known.all_of(text, f"{desired.where}: {desired.revoking}"))
    return tuple(sorted(names))


def idle_patterns(desired: Sequence[Desired], known: Catalogue) -> list[tuple[str, str]]:
    """Return the patterns of roles to take away that fit no role at all, each with the option that it is in."""
    asked = [one for one in desired if one.names_roles]
    patterns = {(one.revoking, text) for one in asked for text in one.revoke_roles if "*" in text}
    return sorted((option, text) for option, text in patterns if not known.matching(text))


def resolve_roles(desired: Desired, catalogue: Catalogue, withdrawn: Catalogue) -> Desired:
    """Return ``desired`` with API names for roles; ``withdrawn`` also knows roles that only users still have."""
    if not desired.names_roles:
        return desired
    roles = desired.roles
    if roles is not None:
        roles = tuple(sorted({catalogue.find(name, desired.where + ": roles").name for name in roles}))
    revoked = _revoked(desired, withdrawn, roles or ())
    both = sorted(set(roles or ()) & set(revoked))
    if both:
        raise InputError(
            "{}: {} is in roles and in revoke_roles.".format(desired.where, ", ".join(both)), item=desired.where
        )
    return desired._replace(roles=roles, revoke_roles=revoked)
