# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access key that goes into a credential file."""

from __future__ import annotations

from typing import Callable, TypeVar

from .._core.access_keys import AccessKey, left_over
from .._core.credential import s3_profile
from .._core.errors import ApiError
from .._core.model import Role, User
from .._core.plan import Step
from .converge import Settings
from .creation import Creation, create_once
from .endpoints import Project
from .storage import Storage
from .store import Store
from .task import Acts, NotNow, Task, not_now

_Result = TypeVar("_Result")
#: A key with its secret, and the keys that it replaces.
_Found = tuple[AccessKey, str, tuple[AccessKey, ...]]


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
        """Put the key that ``get`` returns, with its secret, into the credential file, and leave a step for each of the
        keys that it returns as well."""
        place = self._place(task)
        if place is None:
            return
        user, store, stem = place
        key, secret, replaced = _unless_busy(lambda: get(user))
        task.outcome.credential = store.add(stem, user, s3_profile(key.access, secret, self._settings.s3_region))
        task.todo.extend(Step("drop_key", key=old.access) for old in replaced)

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

        AiProject(self._project.port, self._project.service_name).delete_token(step.key)


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
        return keys[0], storage.secret_of(user.id, keys[0].access), ()
    return (*_make(storage, user, ()), ())


def another_key(project: Project, user: User) -> _Found:
    """Make an access key, and return it with its secret and the keys that were there before."""
    storage = Storage(project.port, project.service_name)
    before = storage.keys(user.id)
    return (*_make(storage, user, before), before)


def _make(storage: Storage, user: User, before: tuple[AccessKey, ...]) -> tuple[AccessKey, str]:
    known = {key.access for key in before}
    creation = Creation(
        create=lambda: storage.create_key(user.id),
        look=lambda: [key for key in storage.keys(user.id) if key.access not in known],
        name_of=lambda key: key.access,
        what=f"{user.description}: an access key",
    )
    made = create_once(storage.port.stop, creation)
    return made.thing, made.secret or storage.secret_of(user.id, made.thing.access)


def remove_key(project: Project, user: User, access: str) -> None:
    """Remove an access key of a user; one that is gone already is no failure."""
    Storage(project.port, project.service_name).delete_key(user.id, access)
