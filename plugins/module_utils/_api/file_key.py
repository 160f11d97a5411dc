# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access key that goes into a credential file."""

from __future__ import annotations

from .._core.access_keys import AccessKey
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


class FileActs(Acts):
    """Also carries out the steps about what lies in files besides a password."""

    def __init__(self, project: Project, store: Store | None, roles: dict[str, Role], settings: Settings) -> None:
        super().__init__(project, store, roles, settings)
        self._files = store

    def _make_key(self, task: Task, step: Step) -> None:
        """Put an access key into the credential file: one that the user has, else a new one. The API shows secrets of
        keys at any time, so that nothing is lost when a run is killed here."""
        user, store, stem = task.user, self._files, task.item.stem
        if user is None or store is None or stem is None:
            return
        if user.is_pending:
            raise NotNow
        try:
            key, secret = access_key(self._project, user)
        except ApiError as error:
            raise not_now(error) from None
        profile = s3_profile(key.access, secret, self._settings.s3_region)
        task.outcome.credential = store.add(stem, user, profile)

    def _rotate_key(self, task: Task, step: Step) -> None:
        """Put a new access key into the credential file, and only then remove the others: nobody is without one."""
        user, store, stem = task.user, self._files, task.item.stem
        if user is None or store is None or stem is None:
            return
        if user.is_pending:
            raise NotNow
        try:
            key, secret, before = another_key(self._project, user)
        except ApiError as error:
            raise not_now(error) from None
        task.outcome.credential = store.add(stem, user, s3_profile(key.access, secret, self._settings.s3_region))
        for old in before:
            remove_key(self._project, user, old.access)

    def _revoke_key(self, task: Task, step: Step) -> None:
        user = task.user
        if user is None:
            return
        try:
            remove_key(self._project, user, step.key)
        except ApiError as error:
            raise not_now(error) from None
        held = task.outcome.credential
        if self._files is not None and task.item.stem is not None and held is not None and held.s3_access:
            task.outcome.credential = self._files.without_key(task.item.stem)
            task.outcome.kit = ""

    def _make_kit(self, task: Task, step: Step) -> None:
        """Write the kit beside the credential file."""
        user, store, stem, kit = task.user, self._files, task.item.stem, self._settings.kit
        if user is None or store is None or stem is None or kit is None:
            return
        if user.is_pending:
            raise NotNow
        try:
            openrc, rclone = self._project.kit_files(user.id, kit.region)
        except ApiError as error:
            raise not_now(error) from None
        task.outcome.kit = store.put_kit(stem, user, kit, openrc, rclone)

    def _revoke_token(self, task: Task, step: Step) -> None:
        from .tokens import AiProject

        AiProject(self._project.port, self._project.service_name).delete_token(step.key)


def access_key(project: Project, user: User) -> tuple[AccessKey, str]:
    """Return an access key that a user has, or a new one, with its secret; never makes a second one."""
    storage = Storage(project.port, project.service_name)
    keys = storage.keys(user.id)
    if keys:
        return keys[0], storage.secret_of(user.id, keys[0].access)
    return _make(storage, user, ())


def another_key(project: Project, user: User) -> tuple[AccessKey, str, tuple[AccessKey, ...]]:
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
