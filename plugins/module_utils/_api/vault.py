# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible Vault by ansible-core's own library, in one helper process.

A module cannot import it: its payload shadows the package ``ansible``. The helper gets the password and all
texts through a pipe, never as an argument, and answers one line of JSON for each.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import Any

from .._core.errors import InputError, StoreError

HEADER = "$ANSIBLE_VAULT;"
SHORTEST_PASSWORD = 8

_HELPER = """
import json, sys
lines = iter(sys.stdin.readline, "")
try:
    from ansible.parsing.vault import VaultLib, VaultSecret
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}), flush=True)
    sys.exit(0)
secret = VaultSecret(json.loads(next(lines)).encode("utf-8"))
vault = VaultLib([("default", secret)])
print(json.dumps({"ready": True}), flush=True)
for line in lines:
    request = json.loads(line)
    try:
        if request["label"] is None:
            text = vault.decrypt(request["text"].encode("utf-8")).decode("utf-8")
        else:
            text = vault.encrypt(request["text"], secret=secret, vault_id=request["label"]).decode("utf-8")
        answer = {"text": text}
    except Exception as problem:
        answer = {"error": type(problem).__name__}
    print(json.dumps(answer), flush=True)
"""


def check_password(password: str | None) -> str | None:
    """Return the vault password without surrounding white space, as Ansible reads it; None where there is none.

    Raises :class:`InputError` if it is too short: Ansible hides secrets in results by substring, and a short one
    would hide half of the result.
    """
    if password is None:
        return None
    password = password.strip()
    if len(password) < SHORTEST_PASSWORD:
        raise InputError("credentials_vault_password must have %d characters or more." % SHORTEST_PASSWORD)
    return password


def label_of(text: str) -> str:
    """Return the vault id in the header of an encrypted file, empty where it has none."""
    fields = text.split("\n", 1)[0].strip().split(";")
    return fields[3] if len(fields) > 3 else ""


def _environment() -> dict[str, str]:
    """Return the environment without the module's payload, which holds the package that shadows the real one."""
    environment = dict(os.environ)
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path and "payload" not in path)
    return environment


class Vault:
    """Encrypts and decrypts with one password. The helper starts at the first use; safe for many threads."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def encrypt(self, text: str, label: str) -> str:
        """Return ``text`` as an Ansible Vault whose header carries ``label``."""
        answer = self._ask({"text": text, "label": label})
        if "text" not in answer:
            raise StoreError("The credential could not be encrypted ({}).".format(answer.get("error", "no answer")))
        return str(answer["text"])

    def decrypt(self, text: str, path: str) -> str:
        """Return the plain text of a vault file, or raise :class:`StoreError` where the password does not open it."""
        answer = self._ask({"text": text, "label": None})
        if "text" not in answer:
            raise StoreError(
                f"{path} cannot be decrypted: credentials_vault_password is not the password that it was written with,"
                " or the file is damaged. Nothing was changed."
            )
        return str(answer["text"])

    def start(self) -> None:
        """Start the helper now; raises :class:`StoreError` where ansible-core is out of its reach."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """End the helper."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            # It may be gone.
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            process.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return self._exchange(self._started(), request)

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            # run_command of AnsibleModule returns when its command has ended; this one stays and answers.
            self._process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                [sys.executable, "-c", _HELPER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=_environment(),
                # Not the folder of the play, where a folder "ansible" may lie.
                cwd="/",
                # Its own session: a Ctrl-C must not end it before the last password is on disk.
                start_new_session=True,
            )
            answer = self._exchange(self._process, self._password)
            if not answer.get("ready"):
                raise StoreError(
                    "credentials_vault_password needs ansible-core in the Python that runs the module"
                    f" ({sys.executable}): run it with connection: local and"
                    " ansible_python_interpreter: '{{ ansible_playbook_python }}'."
                )
        return self._process

    @staticmethod
    def _exchange(process: subprocess.Popen[str], request: Any) -> dict[str, Any]:
        if process.stdin is None or process.stdout is None:
            return {}
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}
