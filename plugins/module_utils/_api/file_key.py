# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access key that goes into a credential file."""

from __future__ import annotations

from .._core.access_keys import AccessKey
from .._core.model import User
from .creation import Creation, create_once
from .endpoints import Project
from .storage import Storage


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
