# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access key that goes into a credential file."""

from __future__ import annotations

from typing import Callable, NamedTuple, TypeVar

from .._core.access_keys import AccessKey, left_over
from .._core.credential import s3_profile
from .._core.errors import ApiError, CloudOpsError, StoreError
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
    """A key with its secret, whether this run surely made it, and the keys that it replaces."""

    key: AccessKey
    secret: str
    made: bool
    replaced: tuple[AccessKey, ...] = ()


class FileActs(Acts):
    """Also carries out the steps about what lies in files besides a password."""

    def __init__(self, project: Project, store: Store | None, roles: dict[str, Role], settings: Settings) -> None:
        super().__init__(project, store, roles, settings)
        self._files = store

    def _make_key(self, task: Task, step: Step) -> None:
        """Put an access key into the credential file: one that the user has, else a new one. The API shows secrets of
        keys at any time, so that nothing is lost when a run is killed here."""
        self._put_key(task, lambda user: access_key(self._project, user))

    def _rotate_key(self, task: Task, step: Step) -> None:
        """Put a new access key into the credential file. The others go after everything else: nobody is without one,
        and where one cannot be removed no further key is made for that."""
        self._put_key(task, lambda user: another_key(self._project, user))

    def _put_key(self, task: Task, get: Callable[[User], _Found]) -> None:
        """Put the key that ``get`` returns, with its secret, into the credential file, and leave a step for each of
        those that it replaces."""
        place = self._place(task)
        if place is None:
            return
        user, store, stem = place
        found = _unless_busy(lambda: get(user))
        fields = s3_profile(found.key.access, found.secret, self._settings.s3_region)
        held = task.outcome.credential
        if held is not None and held.s3_access:
            # A kit with the key before goes with it.
            task.outcome.kit = ""
        try:
            task.outcome.credential = store.put_key(stem, user, fields)
        except StoreError as error:
            lost = found.made and not store.may_hold(stem, found.key.access)
            raise self._undo_key(user, found.key.access, error) if lost else error from None
        task.todo.extend(Step("drop_key", key=old.access) for old in found.replaced)

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
        user = task.user
        if user is None:
            return
        try:
            remove_key(self._project, user, step.key)
        except ApiError as error:
            raise not_now(left_over(task.name, step.key, error)) from None

    def _place(self, task: Task) -> tuple[User, Store, str] | None:
        """Return whose credential lies where, None without a folder; raises :class:`NotNow` where the user is not
        ready."""
        user, stem = task.user, task.item.stem
        if user is None or self._files is None or stem is None:
            return None
        if user.is_pending:
            raise NotNow
        return user, self._files, stem

    def _revoke_key(self, task: Task, step: Step) -> None:
        user = task.user
        if user is None:
            return
        _unless_busy(lambda: remove_key(self._project, user, step.key))
        held = task.outcome.credential
        if self._files is not None and task.item.stem is not None and held is not None and held.s3_access:
            task.outcome.credential = self._files.without_key(task.item.stem)
            task.outcome.kit = ""

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
    """Return an access key that a user has, or a new one, with its secret; never makes a second one."""
    storage = Storage(project.port, project.service_name)
    keys = storage.keys(user.id)
    if keys:
        return _Found(keys[0], storage.secret_of(user.id, keys[0].access), made=False)
    return _make(storage, user, ())


def another_key(project: Project, user: User) -> _Found:
    """Make an access key, and return it with its secret and the keys that were there before."""
    storage = Storage(project.port, project.service_name)
    return _make(storage, user, storage.keys(user.id))


def _make(storage: Storage, user: User, before: tuple[AccessKey, ...]) -> _Found:
    known = {key.access for key in before}
    creation = Creation(
        create=lambda: storage.create_key(user.id),
        look=lambda: [key for key in storage.keys(user.id) if key.access not in known],
        name_of=lambda key: key.access,
        what=f"{user.description}: an access key",
    )
    made = create_once(storage.port.stop, creation)
    secret = made.secret or storage.secret_of(user.id, made.thing.access)
    # One that was found after a lost answer can be somebody else's.
    return _Found(made.thing, secret, made=made.secret is not None, replaced=before)


def remove_key(project: Project, user: User, access: str) -> None:
    """Remove an access key of a user; one that is gone already is no failure."""
    Storage(project.port, project.service_name).delete_key(user.id, access)
