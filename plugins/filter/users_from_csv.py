# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: users_from_csv
short_description: Make a list of users from a CSV file
version_added: 1.0.0
author:
  - The cloudops.ovh authors (@cloudops-ovh)
description:
  - Turns the text of a CSV file into a list for O(cloudops.ovh.ovh_cloud_users#module:users), or for
    C(onboard_users_users) and C(offboard_users_users) of the roles. The latter takes from it who is meant, and no more.
  - The first line names the columns, in any order and case. They are C(description) (or C(name)), C(user_id) or
    C(username), and C(roles), C(revoke_roles), C(purge_roles), C(state), C(update_password), C(s3_credentials),
    C(ai_tokens), which mean what they mean in that module. A cell that is empty leaves the key out.
  - In C(roles) and C(revoke_roles) a semicolon, a comma or a line break separates roles. Names of the API may be
    separated by blanks instead. Labels such as V(AI Operator) have blanks in them, so that a cell of words without
    underscore is one role.
  - It takes what spreadsheets write, that is a byte order mark, quotes, line breaks of any kind, empty lines, trailing
    delimiters, and semicolons or tabs in place of commas.
  - Whatever is wrong is an error that says the line. Several are said at once.
  - The text is data. A template in it, such as V({{ 7 * 7 }}), is never evaluated.
positional: _input
options:
  _input:
    description:
      - The text of the file, or a list of its rows, each a mapping of column to value.
      - In a list errors count rows, from 1, because there are no lines.
    type: raw
    required: true
  delimiter:
    description:
      - What separates values, one of V(,), V(;), V(|) and a tab. If not set, the header decides.
    type: str
  where:
    description:
      - Take only rows with these values, by column. That is for one file with the people of several projects. The
        column says nothing of the users, so that it may have any other name.
      - A cell may have several values, separated as roles are. One that is empty stands for all of them.
      - The rows that are not taken are checked too, but the same person may be in the file once for each value.
    type: dict
seealso:
  - module: cloudops.ovh.ovh_cloud_users
  - plugin: cloudops.ovh.user_identities
    plugin_type: filter
"""

EXAMPLES = r"""
# people.csv is
# description,roles
# ada@example.com,ai_training_operator;objectstore_operator
# observer@example.com,ai_training_read
- name: Onboard the people of a file
  cloudops.ovh.ovh_cloud_users:
    users: "{{ lookup('ansible.builtin.file', 'people.csv') | cloudops.ovh.users_from_csv }}"
    roles: [ai_training_operator, objectstore_operator]
    credentials_dir: ~/ovh-credentials

# projects.csv is
# description,project,roles
# ada@example.com,research;localhost,
# observer@example.com,research,ai_training_read
- name: Onboard those whom the file has for this project
  cloudops.ovh.ovh_cloud_users:
    users: "{{ lookup('ansible.builtin.file', 'projects.csv') | cloudops.ovh.users_from_csv(where={'project': here}) }}"
    roles: [ai_training_operator, objectstore_operator]
    credentials_dir: ~/ovh-credentials
  vars:
    here: "{{ inventory_hostname }}"

- name: Show what a text says
  ansible.builtin.debug:
    msg: "{{ text | cloudops.ovh.users_from_csv }}"
  vars:
    text: |
      Name;Roles;State
      grace@example.com;"AI Operator; ObjectStore Operator";
      linus@example.com;;absent

- name: Show what rows say that another task has parsed
  ansible.builtin.debug:
    msg: "{{ rows | cloudops.ovh.users_from_csv }}"
  vars:
    rows:
      - {name: grace@example.com, roles: ai_training_read}
"""

RETURN = r"""
_value:
  description: The users, in the order of the file.
  type: list
  elements: dict
  sample:
    - description: ada@example.com
      roles: [ai_training_operator, objectstore_operator]
    - description: observer@example.com
      roles: [ai_training_read]
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import CloudOpsError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.people import people_from_csv


def users_from_csv(source: Any, delimiter: str | None = None, where: Any = None) -> Any:
    """Return the people, their text marked as unsafe: it is never a template."""
    try:
        return wrap_var(people_from_csv(source, delimiter, where))
    except CloudOpsError as error:
        raise AnsibleFilterError(f"users_from_csv: {error.message}") from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the one filter of this file."""
        return {"users_from_csv": users_from_csv}
