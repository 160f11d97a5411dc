# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access key that goes into a credential file."""

from __future__ import annotations

import contextlib
from collections.abc import Container
from typing import Callable, NamedTuple, TypeVar

from .._core.access_keys import AccessKey
from .._core.credential import Credential, s3_profile
from .._core.errors import ApiError, CancelledError, CloudOpsError, StoreError
from .._core.model import Role, User
from .._core.plan import Step
from .converge import Settings
from .creation import Creation, create_once
from .endpoints import Project
from .storage import Storage
from .store import Store
from .task import Acts, NotNow, Task, not_now

_Result = TypeVar("_Result")


class _Found(NamedTuple):
    """A key, its secret where the answer to its creation had it, and whether it was there before this run."""

    key: AccessKey
    secret: str | None
    old: bool = False


class _Place(NamedTuple):
    """Whose credential lies where."""

    user: User
    store: Store
    stem: str


class FileActs(Acts):
    """Also carries out the steps about what lies in files besides a password."""

    def __init__(self, project: Project, store: Store | None, roles: dict[str, Role], settings: Settings) -> None:
        super().__init__(project, store, roles, settings)
        self._files = store

    def _make_key(self, task: Task, step: Step) -> None:
        """Put an access key into the credential file: one that the user has, else a new one. The API shows secrets of
        keys at any time, so that nothing is lost when a run is killed here."""
        place = self._place(task)
        if place is not None:
            found = _unless_busy(lambda: access_key(self._project, place.user))
            self._put_key(task, place, found, ())

    def _rotate_key(self, task: Task, step: Step) -> None:
        """Put a new access key into the credential file, and let the others go right after that: nobody is without one.

        The file says before and after which ones these are, so that the next run goes on where this one ends.
        """
        place = self._place(task)
        if place is None:
            return
        held = task.outcome.credential
        ours = held if held is not None and held.user_id == place.user.id else Credential()
        storage = Storage(self._project.port, self._project.service_name)
        listed = [key.access for key in _unless_busy(lambda: storage.keys(place.user.id))]
        # The list may lag behind, or hide the key of a run that was killed.
        replaced = ours.s3_replaces if ours.lacks_new_key else tuple(dict.fromkeys([*listed, *_access(ours)]))
        found = self._new_key(task, place, replaced, storage, listed)
        left = [access for access in replaced if access != found.key.access]
        self._put_key(task, place, found, left)
        for access in reversed(left):
            task.todo.insert(1, Step("drop_key", key=access))

    def _new_key(
        self, task: Task, place: _Place, replaced: tuple[str, ...], storage: Storage, listed: list[str]
    ) -> _Found:
        """Return the key that shall stay: that of a run which was killed, or a new one."""
        held = task.outcome.credential
        if held is not None and held.s3_replaces == replaced:
            new = [access for access in listed if access not in replaced]
            if new:
                return _Found(AccessKey(new[0]), None, old=True)
        elif replaced:
            task.outcome.credential = place.store.replace_keys(place.stem, place.user, replaced)
        try:
            return _unless_busy(lambda: _make(storage, place.user, replaced))
        except (ApiError, CancelledError, NotNow) as error:
            if replaced and not (isinstance(error, ApiError) and error.uncertain):
                # Surely nothing was made, and no later run has to go on with it.
                before = held.s3_replaces if held is not None else ()
                with contextlib.suppress(StoreError):
                    task.outcome.credential = place.store.replace_keys(place.stem, place.user, before)
            raise

    def _put_key(self, task: Task, place: _Place, found: _Found, replaces: list[str] | tuple[str, ...]) -> None:
        """Put a key with its secret into the credential file."""
        user, store, stem = place
        secret = found.secret if found.secret is not None else self._secret(task, place, found)
        fields = s3_profile(found.key.access, secret, self._settings.s3_region)
        held = task.outcome.credential
        if held is not None and held.s3_access:
            # A kit with the key before goes with it.
            task.outcome.kit = ""
        try:
            task.outcome.credential = store.put_key(stem, user, fields, replaces)
        except StoreError as error:
            # Without the secret in the answer it can be somebody else's.
            lost = found.secret is not None and not store.may_hold(stem, found.key.access)
            raise self._undo_key(user, found.key.access, error) if lost else error from None

    def _secret(self, task: Task, place: _Place, found: _Found) -> str:
        storage = Storage(self._project.port, self._project.service_name)
        try:
            return _unless_busy(lambda: storage.secret_of(place.user.id, found.key.access))
        except ApiError as error:
            if found.old:
                raise
            task.outcome.done.append(task.todo[0])
            raise error.reworded(
                f"{task.name}: the access key {found.key.access} was made, but the API did not show its secret:"
                f" {error.message} Run again: the next run puts this key into the file."
            ) from None

    def _undo_key(self, user: User, access: str, error: StoreError) -> StoreError:
        """Remove a key that could not be stored: each further run would leave another one. Return what to say."""
        storage = Storage(self._project.port, self._project.service_name)
        try:
            storage.ask(lambda: storage.delete_key(user.id, access))
        except CloudOpsError as problem:
            return StoreError(
                f"{error.message} The access key {access}, which was made for it, could not be removed again:"
                f" {problem.message} Remove it with ovh_cloud_user_s3_credential, access={access} and state=absent."
            )
        return StoreError(f"{error.message} The access key that was made for it was removed again.")

    def _drop_key(self, task: Task, step: Step) -> None:
        """Remove an access key that another one has replaced."""
        place = self._place(task)
        if place is None:
            return
        _unless_busy(lambda: remove_key(self._project, place.user, step.key))
        held = task.outcome.credential or Credential()
        left = [access for access in held.s3_replaces if access != step.key]
        task.outcome.credential = place.store.replace_keys(place.stem, place.user, left)

    def _place(self, task: Task) -> _Place | None:
        """Return whose credential lies where, None without a folder; raises :class:`NotNow` where the user is not
        ready."""
        user, stem = task.user, task.item.stem
        if user is None or self._files is None or stem is None:
            return None
        if user.is_pending:
            raise NotNow
        return _Place(user, self._files, stem)

    def _revoke_key(self, task: Task, step: Step) -> None:
        user = task.user
        if user is None:
            return
        _unless_busy(lambda: remove_key(self._project, user, step.key))
        held, stem = task.outcome.credential or Credential(), task.item.stem
        if self._files is None or stem is None or held.user_id != user.id:
            return
        try:
            if step.key == held.s3_access:
                task.outcome.credential = self._files.without_key(stem)
                task.outcome.kit = ""
            elif step.key in held.s3_replaces:
                # Or else a later run would go on with a rotation, and make a key that nobody asked for.
                left = [access for access in held.s3_replaces if access != step.key]
                task.outcome.credential = self._files.replace_keys(stem, user, left)
        except StoreError as error:
            # The key is gone, and who leaves shall not keep the rest because of a full disk.
            task.unwritten = StoreError(
                f"{task.name}: the access key {step.key} was removed, but is still in its file: {error.message} Run"
                " again when that is repaired."
            )

    def _make_kit(self, task: Task, step: Step) -> None:
        """Write the kit beside the credential file."""
        place, kit = self._place(task), self._settings.kit
        if place is None or kit is None:
            return
        user, store, stem = place
        openrc, rclone = _unless_busy(lambda: self._project.kit_files(user.id, kit.region))
        task.outcome.kit = store.put_kit(stem, user, kit, openrc, rclone)

    def _revoke_token(self, task: Task, step: Step) -> None:
        from .ai import AiProject

        project = AiProject(self._project.port, self._project.service_name)
        project.ask(lambda: project.delete_token(step.key))


def _unless_busy(call: Callable[[], _Result]) -> _Result:
    """Return what ``call`` returns; raise :class:`NotNow` where the API will not touch the user yet."""
    try:
        return call()
    except ApiError as error:
        raise not_now(error) from None


def access_key(project: Project, user: User) -> _Found:
    """Return an access key that a user has, or a new one; never makes a second one."""
    storage = Storage(project.port, project.service_name)
    keys = storage.keys(user.id)
    return _Found(keys[0], None, old=True) if keys else _make(storage, user, ())


def _make(storage: Storage, user: User, known: Container[str]) -> _Found:
    creation = Creation(
        create=lambda: storage.create_key(user.id),
        look=lambda: [key for key in storage.keys(user.id) if key.access not in known],
        name_of=lambda key: key.access,
        what=f"{user.description}: an access key",
    )
    made = create_once(storage.port.stop, creation)
    return _Found(made.thing, made.secret)


def _access(credential: Credential) -> list[str]:
    return [credential.s3_access] if credential.s3_access else []


def remove_key(project: Project, user: User, access: str) -> None:
    """Remove an access key of a user; one that is gone already is no failure."""
    Storage(project.port, project.service_name).delete_key(user.id, access)
