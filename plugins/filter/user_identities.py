# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: user_identities
short_description: Take from a list of users who they are, and not what they shall have
version_added: 1.0.0
author:
  - The cloudops.ovh authors (@cloudops-ovh)
description:
  - In O(cloudops.ovh.ovh_cloud_users#module:users) what an item says for itself goes before the options of the task.
    So a list that was written to give people access, used to take it away, would give it again.
  - This filter leaves C(description), C(name), C(user_id) and C(username) of each item, and takes the other keys away
    that such an item may have.
  - A key that no item may have stays, so that the module refuses the list.
  - The role P(cloudops.ovh.offboard_users#role) does this by itself.
positional: _input
options:
  _input:
    description:
      - The users, as in O(cloudops.ovh.ovh_cloud_users#module:users).
    type: list
    elements: raw
    required: true
seealso:
  - module: cloudops.ovh.ovh_cloud_users
  - plugin: cloudops.ovh.offboard_users
    plugin_type: role
"""

EXAMPLES = r"""
- name: Take the roles of AI Training away from everybody who was onboarded
  cloudops.ovh.ovh_cloud_users:
    users: "{{ people | cloudops.ovh.user_identities }}"
    create: false
    revoke_roles: ["ai_*"]
    return_password: false
  vars:
    people:
      - ada@example.com
      - {description: observer@example.com, roles: [ai_training_read]}
"""

RETURN = r"""
_value:
  description: The users, in the same order.
  type: list
  elements: raw
  sample: [ada@example.com, {description: observer@example.com}]
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import CloudOpsError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.people import identities


def user_identities(users: Any) -> list[Any]:
    """Return who the users are, their text as it was given: what is unsafe stays unsafe."""
    try:
        return identities(users)
    except CloudOpsError as error:
        raise AnsibleFilterError(error.message) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the one filter of this file."""
        return {"user_identities": user_identities}
