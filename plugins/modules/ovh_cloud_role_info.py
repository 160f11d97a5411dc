#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_role_info
short_description: Read the roles of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Returns the roles that users of a Public Cloud project can have, and what they allow, in one call.
  - Roles and their labels differ between projects and change with time. The other modules take names and labels from
    the same list.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.reads
seealso:
  - module: cloudops.ovh.ovh_cloud_user_info
  - module: cloudops.ovh.ovh_cloud_user_role
"""

EXAMPLES = r"""
- name: Read the roles
  cloudops.ovh.ovh_cloud_role_info:
  register: offer

- name: Show the names and what people call them
  ansible.builtin.debug:
    msg: "{{ offer.roles | items2dict(key_name='name', value_name='description') }}"

- name: Show which roles are about AI
  ansible.builtin.debug:
    msg: "{{ offer.roles | map(attribute='name') | select('match', 'ai_') }}"
"""

RETURN = r"""
roles:
  description: The roles, by name. Empty on failure.
  returned: always
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
services:
  description: The same from the other side, with the roles that give each permission of a service.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the service.
      type: str
      sample: ai
    permissions:
      description: What can be allowed there, each with C(label) and C(roles), the names of the roles that allow it.
      type: list
      elements: dict
      sample:
        - label: ai/read
          roles: [ai_training_operator, ai_training_read]
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
    code: api
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import reading, runner


def main() -> None:
    """Run the module."""
    runner.run(reading.ROLE_INFO)


if __name__ == "__main__":
    main()
