# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every module reaches the OVHcloud API."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the connection, and the project."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - The API to call, either a region name (V(ovh-eu), V(ovh-ca), V(ovh-us), V(kimsufi-eu), V(kimsufi-ca),
        V(soyoustart-eu), V(soyoustart-ca)) or a base URL such as V(https://eu.api.ovh.com/1.0).
      - Plain V(http) is taken for loopback addresses only.
      - If not set, the environment variable E(OVH_ENDPOINT) is used, then the key C(endpoint) in the section
        C([default]) of the configuration file.
    type: str
  application_key:
    description:
      - The application key of signed calls. They also need O(application_secret) and O(consumer_key).
      - The highest source of option, environment and configuration file that names any key decides the way to
        authenticate and all of its keys. Sources are never mixed.
      - If no key is set as option, the environment variable E(OVH_APPLICATION_KEY) is used.
    type: str
  application_secret:
    description:
      - The secret of the application. Environment variable E(OVH_APPLICATION_SECRET).
    type: str
  consumer_key:
    description:
      - The consumer key, which carries the rights. Environment variable E(OVH_CONSUMER_KEY).
    type: str
  client_id:
    description:
      - The id of an OAuth2 service account. It also needs O(client_secret) and replaces signed calls.
      - Environment variable E(OVH_CLIENT_ID).
      - With a base URL as O(endpoint) the token is asked at that host's C(/auth/oauth2/token).
    type: str
  client_secret:
    description:
      - The secret of the service account. Environment variable E(OVH_CLIENT_SECRET).
    type: str
  config_file:
    description:
      - The path of an C(ovh.conf). Environment variable E(OVH_CONFIG_FILE).
      - If not set, python-ovh's own places are searched, that is C(./ovh.conf), C(~/.ovh.conf) and C(/etc/ovh.conf).
      - With C(connection=local) the current folder of a module is that of the playbook. Give a whole path.
      - The keys are read from the section named like the endpoint. With a base URL they are read from the section
        of that name, or from the one that C(endpoint) in C([default]) names.
    type: path
  timeout:
    description:
      - The time for one request, in seconds.
      - If not set, the environment variable E(OVH_TIMEOUT) is used, then 60.
    type: float
  retries:
    description:
      - How often a request is sent again after the first attempt, where that is harmless. A creation whose answer was
        lost is never sent again before the list of users was looked at.
      - If not set, the environment variable E(OVH_RETRIES) is used, then 5.
    type: int
  rate_limit:
    description:
      - Calls a minute at most.
      - If not set, the environment variable E(OVH_RATE_LIMIT) is used. If that is not set either, calls go as fast as
        the API lets them, and slow down when it objects.
    type: float
  service_name:
    description:
      - The id of the Public Cloud project, 32 hexadecimal digits. It is required.
      - If not set, the environment variable E(OVH_CLOUD_PROJECT_SERVICE) is used.
      - Use one name for it. A task whose O(service_name) is another one than a C(project_id) of C(module_defaults), or
        the other way round, is refused.
    type: str
    aliases: [project_id]
requirements:
  - python >= 3.9
  - ovh >= 1.2
notes:
  - Set the connection once for a play with C(module_defaults) and the group C(group/cloudops.ovh.ovh).
"""
