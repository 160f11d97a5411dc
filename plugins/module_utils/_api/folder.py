# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private folder on disk: files written whole or not at all, nothing reached through a link.

Everything below the folder is opened relative to it (``openat``), so that nobody can swap it underneath.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import time

from .._core.errors import StoreError
from .stop import Stop

_LARGEST = 1 << 20
_TEMPORARY = ".tmp"


def _reason(problem: OSError) -> str:
    return os.strerror(problem.errno) if problem.errno else str(problem)


def _check_private(path: str, found: os.stat_result) -> None:
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"credentials_dir: {path} is not a folder (or is a link, which is not followed here).")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StoreError(
            f"credentials_dir: {path} is open to others (mode {stat.S_IMODE(found.st_mode):04o}); passwords are not"
            f" put there. If nobody else needs it, `chmod 700 {path}` closes it."
        )


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_parents(path: str) -> None:
    parent = os.path.dirname(path)
    if not os.path.isdir(path):
        if parent != path:
            _make_parents(parent)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            # Another run was here a moment earlier; anything but a folder is found out when it is opened.
            return
        _sync_folder(parent)


class Folder:
    """``base``/``name``, both private. Raises :class:`StoreError` for all that is wrong with it."""

    def __init__(self, base: str, name: str) -> None:
        if not base.strip():
            raise StoreError("credentials_dir is blank. Leave it out, or name a folder.")
        self.base = os.path.abspath(os.path.expanduser(base))
        self.path = os.path.join(self.base, name)
        self._name = name
        self._fd: int | None = None
        self._lock_fd: int | None = None

    def open(self, make: bool) -> None:
        """Open the folder; with ``make`` create what is missing, else a missing folder is an empty one."""
        try:
            if make:
                _make_parents(self.base)
            elif not os.path.lexists(self.base):
                self._check_can_be_made()
                return
            self._open(make)
        except OSError as problem:
            raise StoreError(f"credentials_dir: {self.path} cannot be used: {_reason(problem)}.") from None

    def _check_can_be_made(self) -> None:
        parent = os.path.dirname(self.base)
        while not os.path.lexists(parent):
            parent = os.path.dirname(parent)
        if not os.path.isdir(parent) or not os.access(parent, os.W_OK | os.X_OK):
            raise StoreError(f"credentials_dir: {self.base} cannot be made: {parent} is not writable.")

    def _open(self, make: bool) -> None:
        base_fd = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _check_private(self.base, os.fstat(base_fd))
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(self._name, 0o700, dir_fd=base_fd)
                # Also where it was there: the run that made it may have been killed before it could do this.
                os.fsync(base_fd)
            try:
                found = os.stat(self._name, dir_fd=base_fd, follow_symlinks=False)
            except FileNotFoundError:
                self._check_writable(self.base)
                return
            _check_private(self.path, found)
            self._fd = os.open(self._name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=base_fd)
            self._check_writable(self.path)
        finally:
            os.close(base_fd)

    @staticmethod
    def _check_writable(path: str) -> None:
        if not os.access(path, os.W_OK | os.X_OK):
            raise StoreError(f"credentials_dir: {path} is not writable.")

    def lock(self, seconds: float, stop: Stop) -> None:
        """Take the folder for this run; wait for another run at most ``seconds``."""
        deadline = time.monotonic() + seconds
        try:
            self._lock_fd = os.open(
                ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._fd
            )
            while True:
                try:
                    fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        break
                    stop.sleep(0.1)
        except OSError as problem:
            raise StoreError(f"credentials_dir: {self.path} cannot be locked: {_reason(problem)}.") from None
        raise StoreError(
            "credentials_dir: another run still works in %s after %d s. A killed ansible-playbook leaves its module"
            " running to the end. Run again later, or raise wait_timeout." % (self.path, seconds)
        )

    def close(self) -> None:
        """Give the folder free for the next run."""
        for descriptor in (self._lock_fd, self._fd):
            if descriptor is not None:
                os.close(descriptor)
        self._lock_fd = self._fd = None

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(os.listdir(self._fd)) if self._fd is not None else []

    def path_of(self, name: str) -> str:
        """Return the full path of a file, for people."""
        return os.path.join(self.path, name)

    def read(self, name: str) -> str | None:
        """Return the text of a file, None if there is none."""
        if self._fd is None:
            return None
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._fd)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._unreadable(name, _reason(problem)) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._unreadable(name, "not a regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                data = stream.read(_LARGEST + 1)
        except OSError as problem:
            raise self._unreadable(name, _reason(problem)) from None
        finally:
            os.close(descriptor)
        if len(data) > _LARGEST:
            raise self._unreadable(name, "too large")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._unreadable(name, "not UTF-8 text") from None

    def _unreadable(self, name: str, reason: str) -> StoreError:
        return StoreError(
            f"{self.path_of(name)} cannot be read ({reason}). It may hold the only copy of a password, so nothing was"
            " changed: repair it, or move it away."
        )

    def write(self, name: str, text: str) -> None:
        """Write a file whole or not at all, mode 0600; on return it survives a loss of power."""
        temporary = f"{secrets.token_hex(12)}{_TEMPORARY}"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            descriptor = os.open(temporary, flags, 0o600, dir_fd=self._fd)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(text.encode("utf-8"))
                    stream.flush()
                    os.fsync(descriptor)
                os.rename(temporary, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
            except OSError:
                self._unlink(temporary)
                raise
            self._sync()
        except OSError as problem:
            raise StoreError(f"{self.path_of(name)} could not be written: {_reason(problem)}.") from None

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        try:
            if self._unlink(name):
                self._sync()
        except OSError as problem:
            raise StoreError(f"{self.path_of(name)} could not be removed: {_reason(problem)}.") from None

    def clean(self) -> None:
        """Remove what a killed run left half-written. Only under the lock: nobody else writes then."""
        for name in self.names():
            # No file of a user ends so: theirs end in .yml and .intent.
            if name.endswith(_TEMPORARY):
                self.remove(name)

    def _unlink(self, name: str) -> bool:
        try:
            os.unlink(name, dir_fd=self._fd)
        except FileNotFoundError:
            return False
        return True

    def _sync(self) -> None:
        if self._fd is not None:
            os.fsync(self._fd)


class ReadOnly(Folder):
    """A folder that is only looked into: whether it could be written to does not matter."""

    def _check_can_be_made(self) -> None:
        """A folder that is missing has no files."""

    @staticmethod
    def _check_writable(path: str) -> None:
        """Nothing is written."""
