# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bench_empty
short_description: Do nothing
description: What a task costs whatever its module does. It takes the options of the module that it is compared with.
options:
  description: {description: Ignored., type: str}
  roles: {description: Ignored., type: list, elements: str}
  return_password: {description: Ignored., type: bool}
author: The cloudops.ovh authors
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Run the module."""
    spec = {
        "description": {"type": "str"},
        "roles": {"type": "list", "elements": "str"},
        "return_password": {"type": "bool", "no_log": False},
    }
    AnsibleModule(argument_spec=spec, supports_check_mode=True).exit_json(changed=False)


if __name__ == "__main__":
    main()
