# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One credential file: read it, log in with it, mark it as delivered."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from .._core.credential import credential_of
from .._core.errors import ApiError, DisagreementError, InputError, NotReadyError, StoreError
from .._core.times import format_time, parse_time
from .stop import Stop
from .store import CREDENTIAL, Store

if TYPE_CHECKING:
    from .client import Port

#: How long to wait for a run that works in the same folder, in seconds.
_LOCK_WAIT = 300.0
_SECRET = ("password", "s3_secret", "s3_aws_profile", "s3_rclone_profile")


class Request(NamedTuple):
    """``state``: ``read``, ``verified`` or ``delivered``; ``issued_at``: only the credential issued then."""

    credential_file: str
    state: str
    vault_password: str | None = None
    issued_at: str | None = None
    hidden: bool = False
    check: bool = False


class Report(NamedTuple):
    """``credential`` is the whole file for ``read``, else without secrets; ``kit`` are the texts of the kit."""

    credential: dict[str, Any]
    changed: bool
    kit: dict[str, str] | None = None


def handle(request: Request, connect: Callable[[], Port]) -> Report:
    """Do what is asked with one credential file; raises :class:`CloudOpsError`."""
    if request.state == "read" and not request.hidden:
        raise InputError("Reading a credential returns its password: set no_log: true on the task.")
    path = os.path.abspath(os.path.expanduser(request.credential_file))
    folder, name = os.path.split(path)
    base, service_name = os.path.split(folder)
    if not name.endswith(CREDENTIAL) or base == os.sep:
        raise InputError(
            f"credential_file: {path} is not the path of a credential file, which is"
            f" <credentials_dir>/<service_name>/<name>{CREDENTIAL}."
        )
    if not os.path.lexists(path):
        # Not the folder's fault, nor to be made.
        raise StoreError(f"credential_file: {path} is not there.")
    marks = request.state == "delivered"
    store = Store(base, service_name, request.vault_password, write=marks and not request.check, reads_only=not marks)
    try:
        store.open(_LOCK_WAIT, Stop())
        return _handle(request, store, name[: -len(CREDENTIAL)], connect)
    finally:
        store.close()


def _handle(request: Request, store: Store, stem: str, connect: Callable[[], Port]) -> Report:
    record = store.record(stem)
    if record is None:
        raise StoreError(f"{store.path(stem)} is not there.")
    if request.state == "read":
        return Report(record, False, store.kit(stem))
    credential = credential_of(record, store.path(stem))
    if request.state == "verified":
        _log_in(record, store.path(stem), connect)
        return Report(_public(record), False)
    if not record.get("password") and not record.get("s3_access"):
        raise _without_password(record, store.path(stem), "hand over")
    if request.issued_at is not None and not _same_time(record.get("issued_at"), request.issued_at):
        if parse_time(request.issued_at) is None:
            raise InputError(f"issued_at must be a time such as 2026-01-31T12:00:00Z, not {request.issued_at!r}.")
        raise StoreError(
            f"{store.path(stem)} holds a newer credential than the one of {request.issued_at}, which is not delivered."
        )
    # A time that nobody can read is none, here as everywhere.
    changed = credential.delivered_at is None
    if changed and not request.check:
        store.mark_delivered(stem, time.time())
    if changed:
        record["delivered_at"] = format_time(time.time())
    return Report(_public(record), changed)


def _same_time(held: object, asked: str) -> bool:
    """True for the same time, however it is written: a person may have edited the file."""
    return held == asked or (parse_time(held) is not None and parse_time(held) == parse_time(asked))


def _public(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _SECRET}


def _without_password(record: dict[str, Any], path: str, use: str) -> StoreError:
    return StoreError(f"{path} has no password to {use}. {record.get('note') or ''}".rstrip())


def _log_in(record: dict[str, Any], path: str, connect: Callable[[], Port]) -> None:
    user_id, password, service_name = record.get("user_id"), record.get("password"), record.get("service_name")
    if not isinstance(password, str) or not isinstance(user_id, int) or not isinstance(service_name, str):
        raise _without_password(record, path, "log in with")
    # Not at the top: the other two states make no call.
    from .endpoints import Project

    project = Project(connect(), service_name)
    try:
        project.ask(lambda: project.log_in(user_id, password))
    except ApiError as error:
        if error.leaves_open:
            raise NotReadyError(f"Whether the password in {path} logs in could not be tried: {error.message}") from None
        raise DisagreementError(
            f"The password in {path} does not log in: {error.message} The user may have changed it elsewhere:"
            " update_password=always for this user gives a new one."
        ) from None
