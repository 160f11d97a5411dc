#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user_s3_credential
short_description: Manage the S3 access keys of an OVHcloud Public Cloud user
version_added: 1.0.0
description:
  - Makes, rotates and removes access keys with which a user of a Public Cloud project reaches the Object Storage
    by the S3 protocol.
  - It makes no second key where one is enough, not even when the answer to a creation was lost on the way; only where
    another run makes one at the same time, or the API's list does not show the first one yet.
  - The user needs the role V(objectstore_operator) for its keys to open anything.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.identity
  - cloudops.ovh.attributes
attributes:
  check_mode:
    support: full
    details:
      - The API chooses the name of a key, so that one to come has no O(ignore:access) yet.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not idempotent with O(rotate=true), which makes a new key in each run.
options:
  state:
    description:
      - V(present) makes sure that the user has at least one key, or the one that O(access) names. The user must exist.
      - V(absent) removes the key that O(access) names. Without O(access) it removes all keys of the user, whoever
        made them. A user that does not exist has none, so nothing changes.
    type: str
    choices: [present, absent]
    default: present
  access:
    description:
      - A given access key, by its public half.
      - With O(state=present) it must be there. The API chooses the names of new keys.
    type: str
  rotate:
    description:
      - Make a new key, and then remove the one that O(access) names, without O(access) all others.
      - If the new key cannot be made, or its secret cannot be shown, the old ones stay.
    type: bool
    default: false
  return_secret:
    description:
      - Whether to return the secret of a key that is created.
      - A task that would return a secret is refused before any change unless it has C(no_log=true), because Ansible
        prints the whole result of a failed task and AWX stores every result.
    type: bool
    default: true
  display_secret:
    description:
      - Also return the secret of a key that was there before. The API shows it at any time, so that a secret that was
        lost with a killed run is not lost for good.
      - It is never asked for in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait until a user that is still being created or updated can be changed, in seconds.
    type: int
    default: 300
notes:
  - Rotating with O(access) and being killed half-way leaves the new key beside the old one. Run again without
    O(access), or remove the one that nobody uses.
seealso:
  - module: cloudops.ovh.ovh_cloud_user_s3_policy
  - module: cloudops.ovh.ovh_cloud_user
"""

EXAMPLES = r"""
- name: Make sure that Ada has an access key
  cloudops.ovh.ovh_cloud_user_s3_credential:
    description: ada@example.com
  no_log: true
  register: ada

- name: Show which one (this is always safe to print)
  ansible.builtin.debug:
    var: ada.credential

- name: Read its secret again
  cloudops.ovh.ovh_cloud_user_s3_credential:
    description: ada@example.com
    display_secret: true
  no_log: true
  register: again

- name: Replace all of her keys by a new one
  cloudops.ovh.ovh_cloud_user_s3_credential:
    description: ada@example.com
    rotate: true
  no_log: true
  register: rotated

- name: Remove one key
  cloudops.ovh.ovh_cloud_user_s3_credential:
    description: ada@example.com
    access: 0123456789abcdef0123456789abcdef
    state: absent

- name: Remove all of her keys
  cloudops.ovh.ovh_cloud_user_s3_credential:
    description: ada@example.com
    state: absent
"""

RETURN = r"""
credential:
  description:
    - The key that was made, or that was there, without its secret. Of several, the first by name, unless O(access)
      names one. V(null) with O(state=absent).
  returned: always
  type: dict
  contains:
    access:
      description: The public half of the key. V(null) for a key that check mode foresees.
      type: str
      sample: 0123456789abcdef0123456789abcdef
    tenant_id:
      description: The project as the Object Storage knows it.
      type: str
      sample: 0123456789abcdef0123456789abcdef
    user_id:
      description: The user as the Object Storage knows it. That is not its id in the project.
      type: str
      sample: 6b1f2a8e0c0e4c5e9d0f1a2b3c4d5e6f
secret:
  description: The secret half of the key.
  returned: when a key was created, or O(display_secret=true), with O(return_secret=true)
  type: str
credentials:
  description: All keys of the user in the end, each with the keys of RV(credential).
  returned: always
  type: list
  elements: dict
removed:
  description: The public halves of the keys that were removed.
  returned: always
  type: list
  elements: str
  sample: [0123456789abcdef0123456789abcdef]
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
    roles: [objectstore_operator]
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
    code: access_key_not_found
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import access_keys, runner


def main() -> None:
    """Run the module."""
    runner.run(access_keys.S3_CREDENTIAL)


if __name__ == "__main__":
    main()
