#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user_role
short_description: Manage the roles of one existing user of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Grants roles to, or takes roles from, a user of a Public Cloud project that exists already.
  - It never creates or deletes a user, and never touches a password.
  - For the roles of more than a few users take M(cloudops.ovh.ovh_cloud_users), with
    O(cloudops.ovh.ovh_cloud_users#module:create=false). It reads the project once, in 3 calls. This module in a loop
    costs, for each user, one process of about 0.4 seconds and two calls where nothing is to be done
    and the roles are given by their API names.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.identity
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.writes
options:
  roles:
    description:
      - Roles as names (V(ai_training_operator)) or labels (V(AI Training Operator)), in any case.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) grants the roles. The user must exist.
      - V(absent) takes them away. A user that does not exist has none of them, so nothing changes.
    type: str
    choices: [present, absent]
    default: present
  purge_roles:
    description:
      - Make the roles of the user exactly O(roles). Not with O(state=absent).
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait until the user can be changed and the change is seen, in seconds.
    type: int
    default: 300
seealso:
  - module: cloudops.ovh.ovh_cloud_user
  - module: cloudops.ovh.ovh_cloud_users
"""

EXAMPLES = r"""
- name: Let Ada use AI Training
  cloudops.ovh.ovh_cloud_user_role:
    description: ada@example.com
    roles: [ai_training_operator]

- name: Take that away again
  cloudops.ovh.ovh_cloud_user_role:
    description: ada@example.com
    roles: [ai_training_operator]
    state: absent

- name: Let Ada read AI Training and nothing else
  cloudops.ovh.ovh_cloud_user_role:
    description: ada@example.com
    roles: [ai_training_read]
    purge_roles: true
"""

RETURN = r"""
user:
  description: The user, without any secret. V(null) if there is none.
  returned: always
  type: dict
  sample:
    id: 4711
    username: user-wKbTguqcnX4Z
    description: ada@example.com
    status: ok
    openstack_id: 6b1f2a8e0c0e4c5e9d0f1a2b3c4d5e6f
    creation_date: "2026-11-23T10:00:00Z"
    roles: [ai_training_operator]
added:
  description: The names of the roles that were granted, sorted.
  returned: always
  type: list
  elements: str
  sample: [ai_training_operator]
removed:
  description: The names of the roles that were taken away, sorted.
  returned: always
  type: list
  elements: str
  sample: []
api_calls:
  description: How many HTTP requests were sent.
  returned: always
  type: int
  sample: 5
failure:
  description: What went wrong, as data. C(code) is stable, C(status), C(api_code) and C(query_id) come from the API.
  returned: on failure
  type: dict
  sample:
    code: user_not_found
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import one_user, runner


def main() -> None:
    """Run the module."""
    runner.run(one_user.USER_ROLE)


if __name__ == "__main__":
    main()
