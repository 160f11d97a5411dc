# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read everything that an audit of one project needs. Nothing is changed, in the cloud or on disk."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, NamedTuple, TypeVar

from .._core.audit import Audit, Facts, make_audit
from .._core.credential import (
    Credential,
    Stored,
    credential_of,
    credential_of_label,
    finished_label,
    load_intent,
    load_record,
)
from .._core.desired import Desired
from .._core.errors import ApiError, StoreError
from .._core.model import Catalogue, User
from .._core.observed import Cloud
from .client import Port
from .folder import ReadOnly
from .policies import Policies
from .store import CREDENTIAL, INTENT, load_edited
from .vault import HEADER, label_of

_T = TypeVar("_T")
#: A user that vanished meanwhile, or is not known everywhere yet: the others are still of interest.
_OWN_TROUBLE = frozenset(("not_found", "conflict"))


class Request(NamedTuple):
    """What a module was asked for. ``expected`` None: nothing to compare with."""

    service_name: str
    expected: Sequence[Desired] | None = None
    credentials_dir: str | None = None
    object_storage: bool = True
    concurrency: int = 10
    project_name: str = ""
    hidden: bool = False
    check: bool = False


class Report(NamedTuple):
    """What was found. ``now`` is the API's time, ``notes`` say what could not be read."""

    request: Request
    audit: Audit
    facts: dict[int, Facts]
    now: float
    notes: list[str]


def audit_project(request: Request, connect: Callable[[], Port]) -> Report:
    """Read a project and compare it. Raises :class:`CloudOpsError`.

    Two calls, and two for each user where the object storage is asked for.
    """
    storage = Policies(connect(), request.service_name)
    files = _Files(request.credentials_dir, request.service_name) if request.credentials_dir else None
    notes = [files.missing] if files and files.missing else []
    storage.port.open()
    cloud, catalogue = _read(storage, any(one.names_roles for one in request.expected or ()))
    keys: dict[int, tuple[str, ...]] = {}
    policies: dict[int, bool] = {}
    if request.object_storage:
        ask = _Asker(cloud.users, request.concurrency)
        keys = ask(lambda user: tuple(key.access for key in storage.keys(user.id)), "S3 keys", notes)
        policies = ask(lambda user: not storage.policy_of(user.id).is_empty, "S3 policies", notes)
    facts = {}
    for user in cloud.users:
        stem = cloud.stem(user, files.stored) if files else ""
        credential, path = files.of(stem, notes) if files else (None, None)
        begun = files.begun.get(stem) if files else None
        facts[user.id] = Facts(credential, path, keys.get(user.id), policies.get(user.id), begun)
    return Report(request, make_audit(cloud, request.expected, catalogue, facts), facts, storage.port.now(), notes)


def _read(storage: Policies, with_roles: bool) -> tuple[Cloud, Catalogue]:
    with ThreadPoolExecutor(1) as pool:
        catalogue = pool.submit(storage.catalogue) if with_roles else None
        cloud = Cloud(storage.users())
        return cloud, catalogue.result() if catalogue is not None else Catalogue(())


class _Asker:
    """Asks one thing about every user, some at a time. Where that is refused it is not tried a thousand times."""

    def __init__(self, users: Iterable[User], concurrency: int) -> None:
        self._users = tuple(users)
        self._concurrency = concurrency

    def __call__(self, ask: Callable[[User], _T], what: str, notes: list[str]) -> dict[int, _T]:
        found: dict[int, _T] = {}
        troubles: list[str] = []
        over = threading.Event()

        def one(user: User) -> None:
            if over.is_set():
                return
            try:
                found[user.id] = ask(user)
            except ApiError as problem:
                troubles.append(problem.message)
                if problem.kind not in _OWN_TROUBLE:
                    over.set()

        with ThreadPoolExecutor(self._concurrency) as pool:
            list(pool.map(one, self._users))
        if troubles:
            unknown = len(self._users) - len(found)
            total = len(self._users)
            notes.append("%s of %d of %d accounts are not known. %s" % (what, unknown, total, min(troubles)))
        return found


class _Files:
    """The credential files of a project, without their passwords."""

    def __init__(self, base: str, service_name: str) -> None:
        self._folder = ReadOnly(base, service_name)
        self._folder.open(make=False)
        self._problems: dict[str, StoreError] = {}
        #: What each file holds, by its stem.
        self.stored: dict[str, Stored] = {}
        #: What was begun and not finished, by the stem of whom it is about.
        self.begun: dict[str, str] = {}
        try:
            for name in self._folder.names():
                if name.endswith(CREDENTIAL):
                    self._take(name)
                elif name.endswith(INTENT):
                    self._take_intent(name)
        finally:
            self._folder.close()

    @property
    def missing(self) -> str:
        """Say that there is no such folder at all; empty where there is one."""
        base = self._folder.base
        return "" if os.path.isdir(base) else f"Credentials are not known: there is no folder {base}."

    def _take_intent(self, name: str) -> None:
        # One that cannot be understood stops the next run, which says so.
        with contextlib.suppress(StoreError):
            intent = load_intent(self._folder.read(name) or "", self._folder.path_of(name))
            self.begun[name[: -len(INTENT)]] = intent.action

    def _take(self, name: str) -> None:
        stem = name[: -len(CREDENTIAL)]
        try:
            credential = _credential(self._folder.read(name) or "", self._folder.path_of(name))
            self.stored[stem] = Stored(credential)
            if credential.s3_replaces:
                self.begun.setdefault(stem, "rotate")
        except StoreError as problem:
            # It is there, and whose it is nobody knows.
            self.stored[stem], self._problems[stem] = Stored(Credential()), problem

    def of(self, stem: str, notes: list[str]) -> tuple[Credential | None, str | None]:
        """Return the credential of a user and the path of its file; what cannot be understood is noted."""
        if stem not in self.stored:
            return None, None
        path = self._folder.path_of(stem + CREDENTIAL)
        if stem in self._problems:
            notes.append(self._problems[stem].message)
            return None, path
        return self.stored[stem].credential, path


def _credential(text: str, path: str) -> Credential:
    if not text.startswith(HEADER):
        return credential_of(load_record(text) or load_edited(text) or {}, path)
    # The label says all that is wanted here, so that nothing has to be decrypted.
    label = label_of(text)
    labelled = credential_of_label(finished_label(label))
    if labelled is None:
        raise StoreError(f"{path} was encrypted by other means, which hides when it was issued.")
    # Which keys these are would have to be decrypted.
    return labelled if label == finished_label(label) else labelled._replace(s3_replaces=("unknown",))
