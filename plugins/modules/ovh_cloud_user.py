#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user
short_description: Manage one user of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Creates, changes and deletes one user of a Public Cloud project, with its roles and its password.
  - A user is found by its description, which the API does not make unique. The module never makes a second one.
  - For more than a few users take M(cloudops.ovh.ovh_cloud_users). It reads the project once for all of them, changes
    them side by side, and keeps the passwords on disk. This module in a loop costs, for each user, one process and two
    calls where nothing is to be done, so 100 calls for 50 users instead of 3, and most of the time is the start of
    processes, about 0.4 seconds each on a small machine.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.identity
  - cloudops.ovh.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not idempotent with O(update_password=always), which renews the password in each run.
options:
  state:
    description:
      - Whether the user shall be there.
    type: str
    choices: [present, absent]
    default: present
  roles:
    description:
      - Roles that the user shall have, as names (V(ai_training_operator)) or labels (V(AI Training Operator)), in any
        case. They come from the API's catalogue, which M(cloudops.ovh.ovh_cloud_role_info) shows.
      - Other roles are left alone, unless O(purge_roles=true). What this module creates gets exactly these roles.
    type: list
    elements: str
  revoke_roles:
    description:
      - Roles that the user shall not have. A name or label with C(*), such as V(ai_*), stands for every role that it
        fits; one that fits none is a warning.
    type: list
    elements: str
  purge_roles:
    description:
      - Make O(roles) exact. If O(roles) is left out nothing changes, if it is empty the user has no role in the end.
    type: bool
    default: false
  update_password:
    description:
      - V(on_create) leaves the password of an existing user alone.
      - V(always) renews it in each run. Whoever uses the old one is locked out.
    type: str
    choices: [on_create, always]
    default: on_create
  return_password:
    description:
      - Whether to return a password that is created or renewed. The API shows it once, and no other call returns it.
      - A task that would return a password is refused before any change unless it has C(no_log=true), because Ansible
        prints the whole result of a failed task and AWX stores every result.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until a user that was created or changed is ready.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for a user, in seconds.
    type: int
    default: 300
notes:
  - A run that is killed between the creation and its end loses the password. The next run keeps the account, and
    O(update_password=always) renews the password. M(cloudops.ovh.ovh_cloud_users) with C(credentials_dir) loses
    nothing. A role that the API added by itself stays then too, until O(revoke_roles) takes it away.
  - Do not use it with C(until) and C(retries). Ansible throws the result of an attempt that failed away, and with it a
    password. The module waits and repeats by itself; raise O(wait_timeout) or O(retries) where that is too short.
seealso:
  - module: cloudops.ovh.ovh_cloud_users
  - module: cloudops.ovh.ovh_cloud_user_role
"""

EXAMPLES = r"""
- name: Give Ada access to AI Training and to her data
  cloudops.ovh.ovh_cloud_user:
    description: ada@example.com
    roles:
      - ai_training_operator
      - objectstore_operator
  no_log: true
  register: ada

- name: Show who that is (this is always safe to print)
  ansible.builtin.debug:
    var: ada.user

- name: Make the roles of a user exact
  cloudops.ovh.ovh_cloud_user:
    description: ada@example.com
    roles: [AI Training Operator, ObjectStore Operator]
    purge_roles: true
    return_password: false

- name: Give a user a new password
  cloudops.ovh.ovh_cloud_user:
    description: ada@example.com
    update_password: always
  no_log: true
  register: renewed

- name: Delete a user
  cloudops.ovh.ovh_cloud_user:
    description: ada@example.com
    state: absent
"""

RETURN = r"""
user:
  description:
    - The user, without any secret. V(null) if it is absent in the end.
    - In check mode a user that would be created has no O(ignore:id) and no O(ignore:username) yet.
  returned: always
  type: dict
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
      description: The description, by which the user is found.
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
      description: The names of its roles, sorted.
      type: list
      elements: str
      sample: [ai_training_operator, objectstore_operator]
password:
  description: The password.
  returned: when it was created or renewed, and O(return_password=true)
  type: str
api_calls:
  description: How many HTTP requests were sent.
  returned: always
  type: int
  sample: 4
failure:
  description: What went wrong, as data. C(code) is stable, C(status), C(api_code) and C(query_id) come from the API.
  returned: on failure
  type: dict
  sample:
    code: unknown_role
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import one_user, runner


def main() -> None:
    """Run the module."""
    runner.run(one_user.USER)


if __name__ == "__main__":
    main()
