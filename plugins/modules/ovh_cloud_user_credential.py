#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user_credential
short_description: Read, try or mark as delivered one credential file of an OVHcloud Public Cloud user
version_added: 1.0.0
description:
  - Works with one credential file that M(cloudops.ovh.ovh_cloud_users) wrote, encrypted or not.
  - The role P(cloudops.ovh.onboard_users#role) delivers credentials with it.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.writes
options:
  credential_file:
    description:
      - The path of the file, as M(cloudops.ovh.ovh_cloud_users) returns it.
    type: path
    required: true
  credentials_vault_password:
    description:
      - The password that the file was encrypted with, if it was.
    type: str
  state:
    description:
      - V(read) returns the file, with the password, and the kit beside it. The task must have C(no_log=true).
      - V(verified) logs in once with the password, in check mode too, and fails if that does not work.
      - V(delivered) notes in the file that it reached its person.
    type: str
    choices: [read, verified, delivered]
    default: read
  issued_at:
    description:
      - With O(state=delivered), mark only the credential that was issued then. A run may have renewed it meanwhile.
    type: str
notes:
  - The connection is used with O(state=verified) only. The project is the one that the file names.
seealso:
  - module: cloudops.ovh.ovh_cloud_users
"""

EXAMPLES = r"""
- name: Read a credential
  cloudops.ovh.ovh_cloud_user_credential:
    credential_file: ~/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.yml
  no_log: true
  register: ada

- name: Prove that its password works
  cloudops.ovh.ovh_cloud_user_credential:
    credential_file: ~/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.yml
    state: verified

- name: Note that it was handed over
  cloudops.ovh.ovh_cloud_user_credential:
    credential_file: ~/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.yml
    state: delivered
"""

RETURN = r"""
credential:
  description: What the file holds. The password only with O(state=read).
  returned: success
  type: dict
  sample:
    service_name: 0123456789abcdef0123456789abcdef
    user_id: 4711
    username: user-wKbTguqcnX4Z
    description: ada@example.com
    issued_at: "2026-11-23T10:00:00Z"
    delivered_at: null
kit:
  description: The texts of the kit beside the file, decrypted. V(null) if there is none, or with another O(state).
  returned: success
  type: dict
  contains:
    readme:
      description: The text for the person.
      type: str
    openrc:
      description: The shell script for OpenStack.
      type: str
    rclone:
      description: The configuration of rclone, with the access key if the file has one.
      type: str
api_calls:
  description: How many HTTP requests were sent.
  returned: always
  type: int
  sample: 0
failure:
  description: What went wrong, as data.
  returned: on failure
  type: dict
  sample:
    code: credentials_dir
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner, user_credential


def main() -> None:
    """Run the module."""
    runner.run(user_credential.USER_CREDENTIAL)


if __name__ == "__main__":
    main()
