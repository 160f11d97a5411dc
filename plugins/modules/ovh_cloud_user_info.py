#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user_info
short_description: Read the users of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Returns the live users of a Public Cloud project, with their full roles. A user that is being deleted is not there.
  - All filters that are given have to fit. Without a filter all users are returned.
  - It makes one call, another one for O(role), and one for an O(user_id) that is not in the list, which may lag behind.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.reads
options:
  description:
    description:
      - Only users with this description. The API does not make it unique, so there can be several.
    type: str
  user_id:
    description:
      - Only the user with this id.
    type: int
  username:
    description:
      - Only the user with this name, which the API invented, such as V(user-wKbTguqcnX4Z).
    type: str
  role:
    description:
      - Only users that have this role, as name (V(ai_training_operator)) or label (V(AI Training Operator)), in any
        case.
      - A role that neither the project offers nor any of its users has fails, and the message lists those that exist.
    type: str
seealso:
  - module: cloudops.ovh.ovh_cloud_role_info
  - module: cloudops.ovh.ovh_cloud_user
  - module: cloudops.ovh.ovh_cloud_users
"""

EXAMPLES = r"""
- name: Read all users
  cloudops.ovh.ovh_cloud_user_info:
  register: all_users

- name: Show their descriptions
  ansible.builtin.debug:
    msg: "{{ all_users.users | map(attribute='description') }}"

- name: Who can use AI Training?
  cloudops.ovh.ovh_cloud_user_info:
    role: AI Training Operator
  register: operators

- name: Is Ada one of them?
  cloudops.ovh.ovh_cloud_user_info:
    description: ada@example.com
    role: ai_training_operator
  register: ada

- name: Say so
  ansible.builtin.debug:
    msg: "{{ 'Ada can train' if ada.users else 'Ada can not train' }}"
"""

RETURN = r"""
users:
  description:
    - The users, by id, without any secret. Empty if no user fits, and on failure.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The id of the user.
      type: int
      sample: 4711
    username:
      description: The name that the API invented.
      type: str
      sample: user-wKbTguqcnX4Z
    description:
      description: The description, by which people know the user.
      type: str
      sample: ada@example.com
    status:
      description: The status that the API gives.
      type: str
      sample: ok
    openstack_id:
      description: The id of the user in OpenStack.
      type: str
      sample: 6b1f2a8e0c0e4c5e9d0f1a2b3c4d5e6f
    creation_date:
      description: When the user was created.
      type: str
      sample: "2026-11-23T10:00:00Z"
    roles:
      description: Its roles, by name.
      type: list
      elements: dict
      contains:
        id:
          description: The id of the role. It is opaque.
          type: str
          sample: 9c1e5b1d7d3f4a0c8f1d2c3b4a5e6f70
        name:
          description: The name of the role.
          type: str
          sample: ai_training_operator
        description:
          description: The label of the role. OVHcloud changes labels without notice.
          type: str
          sample: AI Operator
        permissions:
          description: What the role allows.
          type: list
          elements: str
          sample: [ai/read, ai/write]
api_calls:
  description: How many HTTP requests were sent, that for the API's clock or the bearer token included.
  returned: always
  type: int
  sample: 2
failure:
  description: What went wrong, as data. C(code) is stable, C(status), C(api_code) and C(query_id) come from the API.
  returned: on failure
  type: dict
  sample:
    code: unknown_role
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import reading, runner


def main() -> None:
    """Run the module."""
    runner.run(reading.USER_INFO)


if __name__ == "__main__":
    main()
