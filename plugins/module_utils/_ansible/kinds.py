# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All modules in one place, each as one value, for those who want to look at any of them.

No module imports this file: it would carry all the others in its payload, which Ansible unpacks and compiles in every
task.
"""

from __future__ import annotations

from .access_keys import S3_CREDENTIAL
from .auditing import AUDIT_INFO
from .one_user import USER, USER_ROLE
from .policies import S3_POLICY
from .reading import ROLE_INFO, USER_INFO
from .tokens import AI_TOKEN, AI_TOKEN_INFO
from .user_credential import USER_CREDENTIAL
from .users import USERS

__all__ = (
    "AI_TOKEN",
    "AI_TOKEN_INFO",
    "AUDIT_INFO",
    "ROLE_INFO",
    "S3_CREDENTIAL",
    "S3_POLICY",
    "USER",
    "USERS",
    "USER_CREDENTIAL",
    "USER_INFO",
    "USER_ROLE",
)
