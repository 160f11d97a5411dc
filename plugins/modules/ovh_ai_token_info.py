#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_ai_token_info
short_description: Read the AI application tokens of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Returns the AI application tokens of a Public Cloud project, in one call. Their values are never returned.
  - All filters that are given have to fit. Without a filter all tokens are returned.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
  - cloudops.ovh.attributes.reads
options:
  name:
    description:
      - Only tokens with this name. The API does not make it unique, so there can be several.
    type: str
  token_id:
    description:
      - Only the token with this id.
    type: str
  role:
    description:
      - Only tokens with this role.
    type: str
    choices: [ai_training_operator, ai_training_read]
  region:
    description:
      - Only tokens of this region, in any case.
    type: str
  label_selector:
    description:
      - Only tokens with this selector. Order and blanks do not count.
      - An empty one stands for tokens that open all of the project.
    type: str
seealso:
  - module: cloudops.ovh.ovh_ai_token
"""

EXAMPLES = r"""
- name: Read all tokens
  cloudops.ovh.ovh_ai_token_info:
  register: all_tokens

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ all_tokens.tokens | map(attribute='name') }}"

- name: Which tokens can manage everything in one region?
  cloudops.ovh.ovh_ai_token_info:
    role: ai_training_operator
    region: GRA
    label_selector: ""
  register: mighty

- name: There should be none
  ansible.builtin.assert:
    that: mighty.tokens | length == 0
"""

RETURN = r"""
tokens:
  description: The tokens, the oldest first. Empty if none fits, and on failure.
  returned: always
  type: list
  elements: dict
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
    code: bad_input
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner, tokens


def main() -> None:
    """Run the module."""
    runner.run(tokens.AI_TOKEN_INFO)


if __name__ == "__main__":
    main()
