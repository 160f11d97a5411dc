# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies on disk about a user's credential: the record, the intent, and what a plan needs to know of both.

A record is YAML of one ``key: value`` a line whose values are JSON. That is a subset of YAML which
any YAML reader takes, and which needs no YAML library to be read a thousand times in a steady run.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from .errors import StoreError
from .model import User
from .times import format_time, parse_time

#: Valid in JSON strings, but line breaks or not printable in YAML, or nothing that UTF-8 can hold.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_KEY = re.compile(r"[a-z0-9_]+\Z")
_LINE = re.compile(r"([a-z0-9_]+): (.+)\Z")
_LABEL = re.compile(r"ovh_([0-9]{1,19})_([0-9]{1,12})_([0-9]{1,12})_([0-9a-f]*)_([01])_([0-9A-Za-z]*)\Z")
#: The label of a vault that has to be decrypted to know what is in it.
_SILENT_LABEL = "ovh"
#: What the label ends in while a rotation is not finished: which keys have to go has to be decrypted.
_ROTATING = "_rotating"

#: Seconds by which the API's clock, known to a second, may be ahead of what we make of it.
CLOCK_SLACK = 1


class Credential(NamedTuple):
    """What a plan needs to know of a credential file; never the password itself.

    ``user_id`` is whom it names, ``intent`` the intent that it fulfilled, ``s3_access`` the access key in it,
    ``s3_replaces`` the keys that a rotation has still to remove, times are seconds since 1970.
    """

    user_id: int | None = None
    has_password: bool = False
    issued_at: float | None = None
    delivered_at: float | None = None
    intent: str = ""
    s3_access: str = ""
    s3_replaces: tuple[str, ...] = ()

    @property
    def lacks_new_key(self) -> bool:
        """True if a rotation was begun, and the key in the file is not the new one."""
        return bool(self.s3_replaces) and self.s3_access in ("", *self.s3_replaces)

    def opens(self, user_id: int) -> bool:
        """True if the file holds a password of that user."""
        return self.has_password and self.user_id == user_id


class Intent(NamedTuple):
    """A creation, a renewal or a deletion that was begun: written before the call, removed when its outcome is on
    disk. ``roles`` are those that a creation asked for, ``surplus`` those that the API added."""

    id: str
    action: str
    began_at: float
    valid_for: float
    user_id: int | None = None
    roles: tuple[str, ...] | None = None
    surplus: tuple[str, ...] = ()

    def claims(self, user: User) -> bool:
        """True if ``user`` is the one that this intent created or was about to renew.

        A creation holds for an account that appeared while its request can have been under way, by the API's clock:
        what a person made by hand before or later is not ours.
        """
        if self.action != "create":
            return self.action == "renew" and self.user_id == user.id
        created = parse_time(user.creation_date)
        return created is not None and self.began_at - CLOCK_SLACK <= created <= self.began_at + self.valid_for

    def may_still_appear(self, now: float) -> bool:
        """True while an account that this intent created could be missing from a lagging list."""
        return self.action == "create" and now <= self.began_at + self.valid_for


class Stored(NamedTuple):
    """The files of one user; None, or an empty mark of the kit, where there is none."""

    credential: Credential | None = None
    intent: Intent | None = None
    kit: str = ""


def dump_record(record: dict[str, Any]) -> str:
    """Return the record as YAML, one key a line, in the given order."""
    lines = ["---"]
    for key, value in record.items():
        # A person may have added keys of any kind.
        name = key if isinstance(key, str) and _KEY.match(key) else _as_json(key)
        lines.append(f"{name}: {_as_json(value)}")
    return "\n".join(lines) + "\n"


def _as_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _NOT_YAML.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def load_record(text: str) -> dict[str, Any] | None:
    """Return what :func:`dump_record` wrote, or None where the text is not of that form."""
    record: dict[str, Any] = {}
    for line in text.split("\n"):
        if line in ("", "---"):
            continue
        match = _LINE.match(line)
        if match is None:
            return None
        try:
            record[match.group(1)] = json.loads(match.group(2))
        except (ValueError, RecursionError):
            return None
    return record or None


def with_times(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its times as text: where a person has taken the quotes away YAML makes dates of them."""
    times = {key: parse_time(str(record.get(key))) for key in ("issued_at", "delivered_at")}
    return {**record, **{key: format_time(time) for key, time in times.items() if time is not None}}


def credential_of(record: dict[str, Any], path: str) -> Credential:
    """Return the credential in a record, or raise :class:`StoreError` if it is not one."""
    user_id, password = record.get("user_id"), record.get("password")
    if not isinstance(user_id, int) or isinstance(user_id, bool) or not isinstance(password, (str, type(None))):
        raise StoreError(
            f"{path} is not a credential file (no valid user_id, or a password that is no text): restore it, or move it"
            " away and have the password renewed with update_password=always."
        )
    intent, access = record.get("intent"), record.get("s3_access")
    return Credential(
        user_id=user_id,
        has_password=bool(password),
        # Of no password there is no age.
        issued_at=parse_time(record.get("issued_at")) if password else None,
        delivered_at=parse_time(record.get("delivered_at")),
        intent=intent if isinstance(intent, str) else "",
        s3_access=access if isinstance(access, str) else "",
        s3_replaces=_names(record.get("s3_replaces")) or (),
    )


def vault_label(credential: Credential) -> str:
    """Return the vault id that says, outside of the encryption, all of a credential but its password."""
    issued, delivered = int(credential.issued_at or 0), int(credential.delivered_at or 0)
    facts = f"{credential.user_id}_{issued}_{delivered}_{credential.intent}_{int(credential.has_password)}"
    label = f"ovh_{facts}_{credential.s3_access}"
    # In a file that a person has edited there may be anything, and not all of it can stand in a vault's first line.
    known = label if _LABEL.match(label) else _SILENT_LABEL
    return known + _ROTATING if credential.s3_replaces else known


def finished_label(label: str) -> str:
    """Return the label of a vault without the mark of a rotation that is not finished."""
    return label[: -len(_ROTATING)] if label.endswith(_ROTATING) else label


def credential_of_label(label: str) -> Credential | None:
    """Return what :func:`vault_label` wrote, or None for another label: the file has to be decrypted then."""
    match = _LABEL.match(label)
    if match is None:
        return None
    user_id, issued, delivered = (int(match.group(n)) for n in (1, 2, 3))
    return Credential(user_id, match.group(5) == "1", issued or None, delivered or None, match.group(4), match.group(6))


def dump_intent(intent: Intent, description: str) -> str:
    """Return an intent as JSON; it holds no secret."""
    return json.dumps({**intent._asdict(), "description": description}, sort_keys=True) + "\n"


def _names(value: object) -> tuple[str, ...] | None:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else None


def load_intent(text: str, path: str) -> Intent:
    """Return the intent in a file, or raise :class:`StoreError`."""
    try:
        data = json.loads(text)
        user_id = data["user_id"]
        intent = Intent(
            str(data["id"]),
            str(data["action"]),
            float(data["began_at"]),
            float(data["valid_for"]),
            None if user_id is None else int(user_id),
            _names(data.get("roles")),
            _names(data.get("surplus")) or (),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise StoreError(f"{path} is not an intent that this collection wrote: look at it, then remove it.") from None
    if not (math.isfinite(intent.began_at) and math.isfinite(intent.valid_for)):
        raise StoreError(f"{path} is an intent without a time: look at it, then remove it.")
    if intent.action not in ("create", "renew", "delete"):
        raise StoreError(f"{path} is an intent to {intent.action!r}, which is unknown: look at it, then remove it.")
    return intent


def s3_profile(access: str, secret: str, region: str) -> dict[str, str]:
    """Return what a person needs to reach the object storage: the key, the endpoint, and profiles ready to paste."""
    endpoint = f"https://s3.{region}.io.cloud.ovh.net"
    return {
        "s3_access": access,
        "s3_secret": secret,
        "s3_endpoint": endpoint,
        "s3_region": region,
        "s3_aws_profile": (
            f"[ovh]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"
            f"region = {region}\nendpoint_url = {endpoint}\n"
        ),
        "s3_rclone_profile": (
            f"[ovh]\ntype = s3\nprovider = OVHcloud\naccess_key_id = {access}\nsecret_access_key = {secret}\n"
            f"region = {region}\nendpoint = {endpoint}\nacl = private\n"
        ),
    }


def s3_fields(record: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a record that :func:`s3_profile` made."""
    return {key: value for key, value in record.items() if key.startswith("s3_")}
