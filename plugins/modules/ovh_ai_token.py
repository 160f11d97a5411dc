#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_ai_token
short_description: Manage an AI application token of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Makes, replaces, renews and removes tokens that open AI applications and jobs of a Public Cloud project without
    a user and its password.
  - A token is found by its name, which the API does not make unique. The module makes no second
    one, unless another run makes it at the same time, or the API's list does not show the first one yet.
  - Nothing edits a token. With another role, region or label selector a new token is made, and then the old one is
    removed.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not idempotent with O(renew=true), which gives a new value in each run.
options:
  name:
    description:
      - The name of the token. At least one of O(name) and O(token_id) is required.
      - If two tokens have this name the module fails and names their ids. O(token_id) then says which one is meant.
    type: str
  token_id:
    description:
      - The id of a token, which the API chose. With O(state=present) it must exist.
      - A replacement gets an id of its own.
    type: str
  role:
    description:
      - V(ai_training_read) lets its bearer query applications, V(ai_training_operator) also manage them.
      - Required to make a token. If it is left out, a token that exists keeps what it has.
    type: str
    choices: [ai_training_operator, ai_training_read]
  region:
    description:
      - The region of the applications, such as V(GRA), in any case.
      - Required to make a token. If it is left out, a token that exists keeps what it has.
    type: str
  label_selector:
    description:
      - Which applications and jobs the token opens, by their labels, such as V(owner=ada) or V(owner=ada,stage!=test).
      - Selectors are compared by what they mean, so that order and blanks do not count.
      - An empty one opens all of the project. If it is left out, a token that exists keeps what it has, and a new one
        opens all.
    type: str
  state:
    description:
      - Whether the token shall be there.
    type: str
    choices: [present, absent]
    default: present
  renew:
    description:
      - Give a token that exists a new value. The old value stops working.
      - A token that is made or replaced in the same run is not renewed once more.
    type: bool
    default: false
  return_token:
    description:
      - Whether to return the value of a token that is created or renewed. The API shows it once, and no other call
        returns it, so that with V(false) nobody has the value of such a token.
      - A task that would return a value is refused before any change unless it has C(no_log=true), because Ansible
        prints the whole result of a failed task and AWX stores every result.
    type: bool
    default: true
notes:
  - Two runs at the same time can make two tokens of one name. The next run then names them.
  - A run that is killed after the creation loses the value. O(renew=true) gives a new one. Killed while it replaces
    a token, it can leave both. The next run names them, and O(token_id) with O(state=absent) removes one.
  - Do not use it with C(until) and C(retries). Ansible throws the result of an attempt that failed away, and with it
    the value.
seealso:
  - module: cloudops.ovh.ovh_ai_token_info
  - module: cloudops.ovh.ovh_cloud_user
"""

EXAMPLES = r"""
- name: Make a token that opens what Ada labelled as hers
  cloudops.ovh.ovh_ai_token:
    name: ada-notebooks
    role: ai_training_read
    region: GRA
    label_selector: owner=ada
  no_log: true
  register: ada

- name: Show what it opens (this is always safe to print)
  ansible.builtin.debug:
    var: ada.ai_token

- name: Let its bearer manage the applications as well, which replaces the token
  cloudops.ovh.ovh_ai_token:
    name: ada-notebooks
    role: ai_training_operator
    region: GRA
    label_selector: owner=ada
  no_log: true
  register: replaced

- name: Give it a new value, because the old one leaked
  cloudops.ovh.ovh_ai_token:
    name: ada-notebooks
    role: ai_training_operator
    region: GRA
    label_selector: owner=ada
    renew: true
  no_log: true
  register: renewed

- name: Hand it over, since nothing shows it again
  ansible.builtin.copy:
    content: "{{ renewed.token }}"
    dest: ~/ada-notebooks.token
    mode: "0600"
  no_log: true
  when: renewed.token is defined

- name: Remove one of two tokens of the same name
  cloudops.ovh.ovh_ai_token:
    token_id: 0b6f1f0e-5a55-4c0f-9d3c-5b2d0c4d8f21
    state: absent

- name: Remove the token
  cloudops.ovh.ovh_ai_token:
    name: ada-notebooks
    state: absent
"""

RETURN = r"""
ai_token:
  description:
    - The token, without its value. V(null) if it is absent in the end.
    - In check mode a token that would be made has no O(ignore:id) yet.
  returned: always
  type: dict
  contains:
    id:
      description: The id of the token.
      type: str
      sample: 0b6f1f0e-5a55-4c0f-9d3c-5b2d0c4d8f21
    name:
      description: Its name.
      type: str
      sample: ada-notebooks
    role:
      description: Its role.
      type: str
      sample: ai_training_read
    region:
      description: Its region.
      type: str
      sample: GRA
    label_selector:
      description: Which applications it opens. V(null) for all.
      type: str
      sample: owner=ada
    created_at:
      description: When it was made.
      type: str
      sample: "2026-11-23T10:00:00Z"
    updated_at:
      description: When it was last renewed.
      type: str
      sample: "2026-11-23T10:00:00Z"
    version:
      description: How often it was given a value.
      type: int
      sample: 1
token:
  description: The value of the token, to be sent as bearer.
  returned: when it was created or renewed, and O(return_token=true)
  type: str
removed:
  description: The ids of tokens that were removed.
  returned: always
  type: list
  elements: str
  sample: []
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
    code: ambiguous_token
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner, tokens


def main() -> None:
    """Run the module."""
    runner.run(tokens.AI_TOKEN)


if __name__ == "__main__":
    main()
