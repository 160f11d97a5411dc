# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of a project on disk: one file a user, and an intent while its password is in the making."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Container, Iterable, Sequence
from typing import Any

from .._core.credential import (
    Credential,
    Intent,
    Stored,
    credential_of,
    credential_of_label,
    dump_intent,
    dump_record,
    load_intent,
    load_record,
    s3_fields,
    vault_label,
    with_times,
)
from .._core.errors import StoreError
from .._core.kit import (
    BROKEN,
    KIT_FILES,
    MARK,
    OPENRC,
    RCLONE,
    README,
    VAULTED,
    Kit,
    kit_mark,
    rclone_text,
    readme_text,
)
from .._core.model import User
from .._core.times import format_time
from .folder import Folder, ReadOnly
from .stop import Stop
from .vault import HEADER, Vault, label_of

CREDENTIAL = ".yml"
INTENT = ".intent"
#: The label of the vaults of a kit.
_KIT_LABEL = "ovh_kit"


class Store:
    """``credentials_dir`` for one project. Without ``write`` (check mode) nothing on disk is touched; with
    ``reads_only`` nothing would be, whatever the mode."""

    def __init__(
        self, base: str, service_name: str, vault_password: str | None, write: bool, reads_only: bool = False
    ) -> None:
        self._folder = ReadOnly(base, service_name) if reads_only else Folder(base, service_name)
        self._service_name = service_name
        self._vault = Vault(vault_password) if vault_password else None
        self._write = write
        self._in_clear: set[str] = set()

    def open(self, seconds: float, stop: Stop) -> None:
        """Open and lock the folder, waiting at most ``seconds`` for another run."""
        self._folder.open(make=self._write)
        if self._write:
            self._folder.lock(seconds, stop)
            self._folder.clean()

    def close(self) -> None:
        """Release the folder and end the vault's helper."""
        self._folder.close()
        if self._vault is not None:
            self._vault.close()

    def path(self, stem: str) -> str:
        """Return the path of a user's credential file."""
        return self._folder.path_of(stem + CREDENTIAL)

    # Reading

    def states(self, stems: Iterable[str]) -> dict[str, Stored]:
        """Return what there is for each stem; raises :class:`StoreError` for a file that cannot be understood."""
        there = set(self._folder.names())
        return {stem: self._state(stem, there) for stem in stems}

    def _state(self, stem: str, there: set[str]) -> Stored:
        credential = intent = None
        if stem + CREDENTIAL in there:
            text = self._folder.read(stem + CREDENTIAL)
            credential = self._credential(stem, text) if text is not None else None
        if stem + INTENT in there:
            intent = self._intent(stem)
        return Stored(credential, intent, self._kit_mark(stem, there))

    def left_behind(self, but: Container[str]) -> dict[str, int]:
        """Return whom an earlier run was about to delete, as user id by stem, for all stems ``but`` those."""
        found: dict[str, int] = {}
        for name in self._folder.names():
            stem = name[: -len(INTENT)]
            if not name.endswith(INTENT) or stem in but:
                continue
            # One that cannot be understood is about somebody whom this run is not asked for.
            with contextlib.suppress(StoreError):
                intent = self._intent(stem)
                if intent is not None and intent.action == "delete" and intent.user_id is not None:
                    found[stem] = intent.user_id
        return found

    def _intent(self, stem: str) -> Intent | None:
        text = self._folder.read(stem + INTENT)
        return load_intent(text, self._folder.path_of(stem + INTENT)) if text is not None else None

    def _kit_mark(self, stem: str, there: set[str]) -> str:
        names = {stem + ending for ending in (*KIT_FILES.values(), MARK)}
        if not names & there:
            return ""
        text = self._folder.read(stem + MARK) if names <= there else None
        mark = (text or "").strip() or BROKEN
        if self._vault is not None and not mark.startswith(VAULTED):
            self._in_clear.add(stem + RCLONE)
        return mark

    def kit(self, stem: str) -> dict[str, str] | None:
        """Return the texts of a user's kit, None where there is none, or not a whole one."""
        if self._kit_mark(stem, set(self._folder.names())) in ("", BROKEN):
            return None
        return {name: self._text(stem + ending) for name, ending in KIT_FILES.items()}

    def _text(self, name: str) -> str:
        text = self._folder.read(name) or ""
        if not text.startswith(HEADER):
            return text
        if self._vault is None:
            raise StoreError(f"{self._folder.path_of(name)} is an Ansible Vault: give credentials_vault_password.")
        return self._vault.decrypt(text, self._folder.path_of(name))

    def _credential(self, stem: str, text: str) -> Credential:
        if text.startswith(HEADER):
            labelled = credential_of_label(label_of(text))
            if labelled is not None and self._vault is not None:
                return labelled
        elif self._vault is not None:
            self._in_clear.add(stem + CREDENTIAL)
        return credential_of(self._load(stem, text), self.path(stem))

    def record(self, stem: str) -> dict[str, Any] | None:
        """Return the whole credential file of a user, password included; None if there is none."""
        text = self._folder.read(stem + CREDENTIAL)
        return self._load(stem, text) if text is not None else None

    def _load(self, stem: str, text: str) -> dict[str, Any]:
        path = self.path(stem)
        if text.startswith(HEADER):
            if self._vault is None:
                raise StoreError(f"{path} is an Ansible Vault: give credentials_vault_password.")
            text = self._vault.decrypt(text, path)
        record = load_record(text)
        if record is None:
            record = load_edited(text)
        if record is None:
            raise StoreError(
                f"{path} is not a credential file. It may hold the only copy of a password, so nothing was changed:"
                " repair it, or move it away."
            )
        return record

    def check_vault(self, written: Sequence[str], removed: Sequence[str]) -> None:
        """Prove before the first write that the vault password is the one of the files that are there.

        Both are the stems of the files that it is about. Where some are to be written and none of all is encrypted,
        another one of the folder is tried. Raises :class:`StoreError`, also where there is no password and others are
        encrypted.
        """
        if self._vault is not None and written:
            self._vault.start()
        wanted = {stem + CREDENTIAL for stem in (*written, *removed)}
        there = [name for name in self._folder.names() if name.endswith(CREDENTIAL)] if wanted else []
        known = [name for name in there if name in wanted]
        for name in known:
            self.record(name[: -len(CREDENTIAL)])
        if written and not any(map(self._is_vault, known)):
            other = next(filter(self._is_vault, there), None)
            if other is not None:
                self.record(other[: -len(CREDENTIAL)])

    def _is_vault(self, name: str) -> bool:
        return (self._folder.read(name) or "").startswith(HEADER)

    def in_clear(self) -> list[str]:
        """Return the paths of the files that were seen and are not encrypted, though there is a vault password."""
        return [self._folder.path_of(name) for name in sorted(self._in_clear) if self._is_readable(name)]

    def _is_readable(self, name: str) -> bool:
        try:
            text = self._folder.read(name)
        except StoreError:
            # A link, say. What a run has done does not fail for that.
            return False
        return text is not None and not text.startswith(HEADER)

    # Writing

    def begin(self, stem: str, description: str, intent: Intent) -> Intent:
        """Write the intent to create, renew or delete, and return it with its id."""
        known = intent._replace(id=secrets.token_hex(8))
        self._folder.write(stem + INTENT, dump_intent(known, description))
        return known

    def extend(self, stem: str, description: str, intent: Intent, valid_for: float) -> Intent:
        """Let an intent hold for longer, where its request is sent once more, or say more of it."""
        longer = intent._replace(valid_for=valid_for)
        self._folder.write(stem + INTENT, dump_intent(longer, description))
        return longer

    def settle(self, stem: str) -> None:
        """Remove the intent: its outcome is on disk, or it surely had none."""
        self._folder.remove(stem + INTENT)

    def keep(
        self, stem: str, user: User, password: str, now: float, intent: Intent | None, before: Credential | None
    ) -> Credential:
        """Write the credential of a user and return it. ``before``: the one it replaces, whose access key stays."""
        record = self._identity(user)
        if before is not None and (before.s3_access or before.s3_replaces) and before.user_id == user.id:
            record.update(s3_fields(self.record(stem) or {}))
        record.update(
            password=password, issued_at=format_time(now), delivered_at=None, intent=intent.id if intent else ""
        )
        return self._put(stem, record)

    def note(self, stem: str, user: User, note: str) -> Credential:
        """Write a file without a password that says why there is none."""
        return self._put(stem, self._without_password(user, note))

    def put_key(self, stem: str, user: User, fields: dict[str, Any], replaces: Sequence[str]) -> Credential:
        """Put an access key into the credential file of a user, made if there is none; it then has to be delivered
        again. A kit that has the key before goes. ``replaces``: the keys that have to go now."""
        record = self._record_of(stem, user)
        if record.get("s3_access"):
            self._forget_kit(stem)
        return self._put(stem, _replacing({**record, **fields, "delivered_at": None}, replaces))

    def replace_keys(self, stem: str, user: User, replaces: Sequence[str]) -> Credential:
        """Write down which access keys a rotation has to remove, for the next run, should this one be killed."""
        return self._put(stem, _replacing(self._record_of(stem, user), replaces))

    def _record_of(self, stem: str, user: User) -> dict[str, Any]:
        record = self.record(stem)
        if record is None or record.get("user_id") != user.id:
            return self._without_password(user, "The password is not known here.")
        return record

    def may_hold(self, stem: str, access: str) -> bool:
        """True unless the credential file surely has another access key, or none: writing it can fail at its end."""
        try:
            return (self.record(stem) or {}).get("s3_access") == access
        except StoreError:
            return True

    def without_key(self, stem: str) -> Credential:
        """Drop the access key from a credential file, and the kit, which has it too."""
        self._forget_kit(stem)
        record = self.record(stem) or {}
        dropped = s3_fields(record)
        return self._put(stem, {key: value for key, value in record.items() if key not in dropped})

    def mark_delivered(self, stem: str, now: float) -> Credential:
        """Record that the credential reached its person."""
        text = self._folder.read(stem + CREDENTIAL)
        if text is None:
            raise StoreError(f"{self.path(stem)} is not there: nothing to mark as delivered.")
        record = {**self._load(stem, text), "delivered_at": format_time(now)}
        # What is in clear stays so: here nothing has proved that the vault password is the right one.
        return self._write_record(stem, record, self._vault if text.startswith(HEADER) else None)

    def put_kit(self, stem: str, user: User, kit: Kit, openrc: str, rclone: str) -> str:
        """Write the kit of a user and return its mark. In a vaulted folder what the API made is vaulted as well: it
        is not ours to say that there is no secret in it, and an access key surely is one."""
        record = self.record(stem) or {}
        held = record if record.get("user_id") == user.id and record.get("s3_access") else {}
        self._folder.remove(stem + MARK)
        self._folder.write(stem + README, readme_text(kit, user, self._service_name, bool(held)))
        files = {OPENRC: openrc, RCLONE: rclone_text(rclone, held.get("s3_rclone_profile"))}
        for ending, text in files.items():
            self._folder.write(stem + ending, self._vault.encrypt(text, _KIT_LABEL) if self._vault else text)
        mark = kit_mark(kit, user, str(held.get("s3_access") or ""))
        self._folder.write(stem + MARK, mark + "\n")
        self._in_clear.discard(stem + RCLONE)
        return mark

    def _forget_kit(self, stem: str) -> None:
        for ending in (MARK, *KIT_FILES.values()):
            self._folder.remove(stem + ending)

    def forget(self, stem: str) -> None:
        """Remove all files of a user that is gone, the credential last; what says that they have to go, after it."""
        self._forget_kit(stem)
        self._folder.remove(stem + CREDENTIAL)
        self._folder.remove(stem + INTENT)
        self._in_clear -= {stem + CREDENTIAL, stem + RCLONE}

    def _identity(self, user: User) -> dict[str, Any]:
        return {
            "service_name": self._service_name,
            "user_id": user.id,
            "username": user.username,
            "description": user.description,
        }

    def _without_password(self, user: User, note: str) -> dict[str, Any]:
        return {**self._identity(user), "password": None, "note": note, "issued_at": None, "delivered_at": None}

    def _put(self, stem: str, record: dict[str, Any]) -> Credential:
        credential = self._write_record(stem, record, self._vault)
        self._in_clear.discard(stem + CREDENTIAL)
        return credential

    def _write_record(self, stem: str, record: dict[str, Any], vault: Vault | None) -> Credential:
        credential = credential_of(record, self.path(stem))
        text = dump_record(record)
        self._folder.write(stem + CREDENTIAL, vault.encrypt(text, vault_label(credential)) if vault else text)
        return credential


def _replacing(record: dict[str, Any], replaces: Sequence[str]) -> dict[str, Any]:
    rest = {key: value for key, value in record.items() if key != "s3_replaces"}
    return {**rest, "s3_replaces": list(replaces)} if replaces else rest


def load_edited(text: str) -> dict[str, Any] | None:
    """Return the record in a file that a person has edited, None where it is no mapping or PyYAML is not there."""
    try:
        import yaml
    except ImportError:
        return None
    try:
        record = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return with_times(record) if isinstance(record, dict) else None
