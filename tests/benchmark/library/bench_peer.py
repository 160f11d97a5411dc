# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bench_peer
short_description: Create a user, as modules that know one user do
description:
  - Lists the users, then creates one.
  - It stands for collections without a module for lists, and shares no code with any.
options:
  description: {description: The description., type: str, required: true}
  role: {description: The role., type: str, required: true}
author: The cloudops.ovh authors
"""

import os

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"description": {"type": "str", "required": True}, "role": {"type": "str", "required": True}}
    )
    import ovh.client

    ovh.client.ENDPOINTS["ovh-eu"] = os.environ["OVH_ENDPOINT"]
    keys = {key: os.environ[f"OVH_{key.upper()}"] for key in ("application_key", "application_secret", "consumer_key")}
    client = ovh.client.Client(endpoint="ovh-eu", **keys)
    path = "/cloud/project/{}/user".format(os.environ["OVH_CLOUD_PROJECT_SERVICE"])
    listed = client.get(path)
    user = client.post(path, description=module.params["description"], role=module.params["role"])
    module.exit_json(changed=True, count=len(listed), id=user["id"])


if __name__ == "__main__":
    main()
