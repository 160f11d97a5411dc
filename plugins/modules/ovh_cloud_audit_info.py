#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_audit_info
short_description: Read who has access to an OVHcloud Public Cloud project, and compare it with who should
version_added: 1.0.0
description:
  - Returns the accounts of one Public Cloud project with their roles, their age, the age of their credential, their S3
    keys and whether they have an S3 policy.
  - With O(expected) it also returns where that differs from a list of who should have access.
  - Nothing is changed. No password is read from the cloud, and none is returned.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.reads
options:
  expected:
    description:
      - Who should have access. Each entry is a description, or a mapping as in
        O(cloudops.ovh.ovh_cloud_users#module:users), so that the same list serves both.
      - The roles of an entry are compared exactly, those that are not listed are reported. An entry without C(roles) is
        not compared by its roles, unless O(expected_roles) is set. Its C(revoke_roles) are roles that it must not have.
      - An entry with C(state=absent) is somebody who should have no account.
      - An empty list means that nobody should have access. If not set, nothing is compared.
    type: list
    elements: raw
  expected_roles:
    description:
      - The roles of the entries of O(expected) that have none of their own. Names or labels, in any case.
    type: list
    elements: str
  credentials_dir:
    description:
      - The folder with the credential files of O(cloudops.ovh.ovh_cloud_users#module:credentials_dir). Their dates say
        how old a credential is.
      - Files that are encrypted are not decrypted, since their first line has the dates. It needs no password.
    type: path
  object_storage:
    description:
      - Whether to read S3 keys and policies. That takes two calls for each account, O(concurrency) at a time.
      - Without it an audit takes two calls, or three where O(expected) names roles.
      - Where the credentials may not read them a warning says so, and what is not known is V(null).
    type: bool
    default: true
  concurrency:
    description:
      - How many accounts are asked for at the same time, 1 to 100.
    type: int
    default: 10
  project_name:
    description:
      - What people call the project. It is returned as it is, for reports.
    type: str
    default: ""
seealso:
  - module: cloudops.ovh.ovh_cloud_user_info
  - module: cloudops.ovh.ovh_cloud_users
"""

EXAMPLES = r"""
- name: Who has access?
  cloudops.ovh.ovh_cloud_audit_info:
  register: access

- name: Show who can use AI Training
  ansible.builtin.debug:
    msg: "{{ access.accounts | selectattr('roles', 'contains', 'ai_training_operator') | map(attribute='person') }}"

- name: Compare with the list, in three calls
  cloudops.ovh.ovh_cloud_audit_info:
    expected:
      - ada@example.com
      - description: observer@example.com
        roles: [ai_training_read]
    expected_roles: [ai_training_operator, objectstore_operator]
    object_storage: false
  register: access

- name: Show the differences
  ansible.builtin.debug:
    msg: "{{ item.person }}: {{ item.message }}"
  loop: "{{ access.findings | selectattr('drift') }}"
  loop_control:
    label: "{{ item.kind }}"
"""

RETURN = r"""
service_name:
  description: The id of the project.
  returned: always
  type: str
  sample: 0123456789abcdef0123456789abcdef
project_name:
  description: What O(project_name) says.
  returned: always
  type: str
  sample: Team AI
audited_at:
  description: When it was read, by the API's clock.
  returned: always
  type: str
  sample: "2026-11-23T10:00:00Z"
compared:
  description: Whether there was a list to compare with.
  returned: always
  type: bool
  sample: true
accounts:
  description:
    - The accounts, by person. Accounts that are being deleted are not among them. Empty on failure.
  returned: always
  type: list
  elements: dict
  contains:
    person:
      description: The description, or the username where there is none.
      type: str
      sample: ada@example.com
    id:
      description: The id of the user.
      type: int
      sample: 4711
    username:
      description: The name that the API invented for the user.
      type: str
      sample: user-wKbTguqcnX4Z
    description:
      description: The description of the user.
      type: str
      sample: ada@example.com
    status:
      description: The status of the user.
      type: str
      sample: ok
    openstack_id:
      description: The id of the user in OpenStack.
      type: str
      sample: 6ac1b2a1b1d94d6ab5ef8e6f5d8e8a6b
    creation_date:
      description: When the user was created.
      type: str
      sample: "2026-01-04T09:00:00Z"
    age_days:
      description: How many days ago that was.
      type: int
      sample: 323
    roles:
      description: The names of the roles, sorted.
      type: list
      elements: str
      sample: [ai_training_operator, objectstore_operator]
    credential_file:
      description: The credential file. V(null) if there is none, or no O(credentials_dir).
      type: str
      sample: /home/ops/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.yml
    credential_issued:
      description: When the password in that file was issued.
      type: str
      sample: "2026-11-01T10:00:00Z"
    credential_delivered:
      description: When it was delivered.
      type: str
      sample: "2026-11-01T10:00:05Z"
    credential_age_days:
      description: How many days ago it was issued.
      type: int
      sample: 22
    s3_keys:
      description: The access keys, without their secrets. V(null) if they are not known.
      type: list
      elements: str
      sample: [a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6]
    s3_policy:
      description: Whether there is an S3 policy that says something. V(null) if that is not known.
      type: bool
      sample: false
    expected:
      description: Whether the account is on the list. V(null) if there is no list.
      type: bool
      sample: true
    findings:
      description: The kinds of what was found about the account.
      type: list
      elements: str
      sample: []
findings:
  description: What a person should look at, the gravest first.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(unlisted) (an account that is not on the list), V(surplus) (the list says V(absent)), V(missing) (on the
          list, without an account), V(wrong_roles), V(duplicate) (two accounts with one description),
          V(no_object_storage) (an AI role, and none that reaches Object Storage), V(credential_mismatch) (the
          credential file is of another account, or its access key is not the account's any more),
          V(unfinished) (a run is changing the credential, or was cut off), V(status) (neither ready nor about to be),
          V(no_description).
      type: str
      sample: wrong_roles
    severity:
      description: V(error) or V(warning).
      type: str
      sample: error
    drift:
      description: Whether it is a difference from the list.
      type: bool
      sample: true
    person:
      description: Whom it is about.
      type: str
      sample: ada@example.com
    user_id:
      description: The id of the user. V(null) where there is no account.
      type: int
      sample: 4711
    username:
      description: The name of the user. V(null) where there is no account.
      type: str
      sample: user-wKbTguqcnX4Z
    message:
      description: What was found, as a sentence.
      type: str
      sample: Has administrator, which the list does not give.
    roles_lacking:
      description: Roles that the list gives and the account does not have.
      type: list
      elements: str
      sample: []
    roles_surplus:
      description: Roles that the account has and the list does not give.
      type: list
      elements: str
      sample: [administrator]
summary:
  description: Counts. C(people) counts persons, so that two accounts of one person are one.
  returned: always
  type: dict
  sample:
    people: 30
    accounts: 31
    errors: 1
    warnings: 0
    drift: 1
unknown:
  description: What could not be read, each as a sentence. The same is a warning.
  returned: always
  type: list
  elements: str
  sample: []
api_calls:
  description: How many HTTP requests were sent.
  returned: always
  type: int
  sample: 3
failure:
  description: What went wrong, as data.
  returned: on failure
  type: dict
  sample:
    code: unknown_role
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import auditing, runner


def main() -> None:
    """Run the module."""
    runner.run(auditing.AUDIT_INFO)


if __name__ == "__main__":
    main()
