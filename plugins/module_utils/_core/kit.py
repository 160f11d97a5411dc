# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person gets beside the credential to start within a minute: a short text, and two files of the API.

The mark lies beside them. It says what they were made from, so that a steady run neither asks the API nor opens them.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from .model import User, malformed

README = ".README.md"
OPENRC = ".openrc.sh"
RCLONE = ".rclone.conf"
#: What the files of a kit end in, after the stem of their user, and the names that they have in results.
KIT_FILES = {"readme": README, "openrc": OPENRC, "rclone": RCLONE}
#: The file with the mark. It is written last, and goes first.
MARK = ".kit"
#: Stands for the mark of a kit that is not whole.
BROKEN = "broken"
#: Stands for the mark of a kit that check mode foresees.
FORESEEN = "foreseen"
#: What the mark of a kit begins with whose two files of the API are encrypted.
VAULTED = "vaulted-"
#: Change it when the same options make other files.
_EDITION = 1


class Kit(NamedTuple):
    """What is asked for: whom people ask for help, the region of the two files, and whether they are encrypted."""

    contact: str
    region: str
    vaulted: bool = False


def kit_mark(kit: Kit, user: User, s3_access: str) -> str:
    """Return what tells this kit from one that was made for another account, with other options or another key."""
    facts = [_EDITION, kit.contact, kit.region, user.id, user.username, user.description, s3_access]
    digest = hashlib.sha256(json.dumps(facts).encode("utf-8")).hexdigest()
    return VAULTED + digest if kit.vaulted else digest


def parse_content(data: object) -> str:
    """Return the file in an API answer, or raise :class:`ApiError`."""
    content = data.get("content") if isinstance(data, dict) else None
    if not isinstance(content, str) or not content.strip():
        raise malformed("a configuration file")
    return content


def rclone_text(content: str, profile: str | None) -> str:
    """Return the API's configuration of rclone, and after it the profile with the access key, if there is one."""
    return content if profile is None else content.rstrip("\n") + "\n\n" + profile


def _code(text: str) -> str:
    """Return text that somebody else chose as code, so that it is no markup."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def readme_text(kit: Kit, user: User, service_name: str, with_key: bool) -> str:
    """Return the text for the person. It holds no secret."""
    key = (
        "`rclone.conf` has a section `ovh` with your access key, ready to use: keep it to yourself.\n\n"
        "    rclone --config rclone.conf lsd ovh:\n\n"
        if with_key
        else ""
    )
    help_text = kit.contact.strip() or "Ask whoever gave you this account."
    return (
        f"# Your account for OVHcloud AI Training\n\n"
        f"This is for {_code(user.description)}. Your user name is {_code(user.username)}, your project is"
        f" {_code(service_name)}.\nThe password comes with this text, in a file or a message of its own,"
        f" unless you have one already.\n\n"
        f"## Log in\n\n"
        f"    ovhai login\n    ovhai me\n\n"
        f"`ovhai login` asks for the user name and the password. The web pages of notebooks and jobs ask for the same"
        f" two.\n\n"
        f"## Your data\n\n"
        f"Data lies in the Object Storage of the project, region {_code(kit.region)}. The files `openrc.sh` and"
        f" `rclone.conf` came with\nthis text; their names may begin with yours.\n\n"
        f"    rclone --config rclone.conf listremotes\n\n"
        f"{key}"
        f"For the `openstack` command: `. ./openrc.sh`. A job sees a container as a folder:\n\n"
        f"    ovhai job run --volume CONTAINER@{kit.region}/:/workspace/data:rw IMAGE\n\n"
        f"## Help\n\n{help_text}\n"
    )
