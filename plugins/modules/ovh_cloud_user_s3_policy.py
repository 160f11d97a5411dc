#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_user_s3_policy
short_description: Manage the S3 policy of an OVHcloud Public Cloud user
version_added: 1.0.0
description:
  - Sets the policy that says what a user of a Public Cloud project may do in the Object Storage.
  - Policies are compared by what they mean, not as text. The order of keys, of statements, of actions and of resources
    has no meaning, and a single value is a list of one.
  - A policy is checked for its shape before anything is sent, and the message says where it is wrong.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.identity
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.writes
options:
  state:
    description:
      - V(present) gives the user exactly O(policy). The user must exist.
      - V(absent) empties the policy of the user, since the API cannot remove it. A user without a policy, and one that
        does not exist, are left as they are.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description:
      - The policy, as a mapping or as JSON text. Required with O(state=present), not used with O(state=absent).
      - It has a list C(Statement). Each statement has C(Effect) (V(Allow) or V(Deny)), one of C(Action) and
        C(NotAction), one of C(Resource) and C(NotResource), and may have C(Sid), C(Condition), C(Principal) and
        C(NotPrincipal). Other keys are refused, because a misspelt condition would allow more than it should.
    type: raw
  wait_timeout:
    description:
      - How long to wait until a user that is still being created or updated can be changed, in seconds.
    type: int
    default: 300
seealso:
  - module: cloudops.ovh.ovh_cloud_user_s3_credential
  - module: cloudops.ovh.ovh_cloud_user
"""

EXAMPLES = r"""
- name: Let Ada read and write one bucket
  cloudops.ovh.ovh_cloud_user_s3_policy:
    description: ada@example.com
    policy:
      Statement:
        - Sid: OwnBucket
          Effect: Allow
          Action:
            - s3:ListBucket
            - s3:GetObject
            - s3:PutObject
            - s3:DeleteObject
          Resource:
            - arn:aws:s3:::ada-data
            - arn:aws:s3:::ada-data/*

- name: Let her read only, with the policy as JSON text
  cloudops.ovh.ovh_cloud_user_s3_policy:
    description: ada@example.com
    policy: |
      {
        "Statement": [
          {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject"],
            "Resource": ["arn:aws:s3:::ada-data", "arn:aws:s3:::ada-data/*"]
          }
        ]
      }

- name: Empty her policy
  cloudops.ovh.ovh_cloud_user_s3_policy:
    description: ada@example.com
    state: absent
"""

RETURN = r"""
policy:
  description: The policy in the end, in check mode the one that would be. V(null) if there is no such user.
  returned: always
  type: dict
  sample:
    Statement:
      - Effect: Allow
        Action: [s3:GetObject]
        Resource: ["arn:aws:s3:::ada-data/*"]
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
    code: bad_input
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import policies, runner


def main() -> None:
    """Run the module."""
    runner.run(policies.S3_POLICY)


if __name__ == "__main__":
    main()
