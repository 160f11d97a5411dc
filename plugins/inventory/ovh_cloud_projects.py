# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ovh_cloud_projects
short_description: OVHcloud Public Cloud projects as hosts
version_added: 1.0.0
author:
  - The cloudops.ovh authors (@cloudops-ovh)
description:
  - Every Public Cloud project that the credentials see becomes a host, named by the project's id.
  - A host has the variable C(ovh_service_name), which the roles of this collection take the project from, and one
    variable for each field of the project, C(ovh_) and the field's name in snake case, such as C(ovh_project_id),
    C(ovh_project_name), C(ovh_description), C(ovh_status), C(ovh_plan_code), C(ovh_access) and C(ovh_creation_date).
  - The values come from the API and are marked as unsafe, so that a template in a description is never evaluated.
  - A project that cannot be read, such as one that has expired, is left out with a warning.
  - One that could not be read this time, because the API failed or was not reached, is a host all the same, without its
    fields and groups, so that nobody takes it for done. With O(filters) it is left out, since they need the fields.
  - With O(cache) what other keys were shown is shown to all who use the same file. Give each its own O(cache_prefix).
  - The name of the inventory file must end in C(ovh_cloud_projects.yml) or C(ovh_cloud_projects.yaml).
requirements:
  - python >= 3.9
  - ovh >= 1.2
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [cloudops.ovh.ovh_cloud_projects]
  endpoint:
    description:
      - The API to call, either a region name such as V(ovh-eu), or a base URL such as V(https://eu.api.ovh.com/1.0).
      - If not set, the environment variable E(OVH_ENDPOINT) is used, then the key C(endpoint) in the section
        C([default]) of the configuration file.
      - This option, the keys and O(config_file) can be templates. They see the extra variables of the command line.
    type: str
  application_key:
    description:
      - The application key of signed calls. They also need O(application_secret) and O(consumer_key).
      - The keys are taken from the highest of these sources that names any of them, namely this file, the environment,
        and the configuration file. Sources are never mixed.
      - Environment variable E(OVH_APPLICATION_KEY).
    type: str
  application_secret:
    description:
      - The secret of the application. Environment variable E(OVH_APPLICATION_SECRET).
    type: str
  consumer_key:
    description:
      - The consumer key. It needs the rules C(GET /cloud/project) and C(GET /cloud/project/*).
      - Environment variable E(OVH_CONSUMER_KEY).
    type: str
  client_id:
    description:
      - The id of an OAuth2 service account. It also needs O(client_secret) and replaces signed calls.
      - Environment variable E(OVH_CLIENT_ID).
    type: str
  client_secret:
    description:
      - The secret of the service account. Environment variable E(OVH_CLIENT_SECRET).
    type: str
  config_file:
    description:
      - The path of an C(ovh.conf). Environment variable E(OVH_CONFIG_FILE).
      - If not set, python-ovh's own places are searched, that is C(./ovh.conf), C(~/.ovh.conf) and C(/etc/ovh.conf).
    type: str
  timeout:
    description:
      - The time for one request, in seconds.
      - If not set, the environment variable E(OVH_TIMEOUT) is used, then 60.
    type: float
  retries:
    description:
      - How often a request is sent again after the first attempt.
      - If not set, the environment variable E(OVH_RETRIES) is used, then 5.
    type: int
  rate_limit:
    description:
      - Calls a minute at most. Environment variable E(OVH_RATE_LIMIT).
      - If not set, calls go as fast as the API lets them.
    type: float
  filters:
    description:
      - Which projects become hosts. If not set, all do.
      - Either a mapping from fields of the project, in snake case, to the value or the list of values that a field must
        have. All of them must fit.
      - Or a list of rules, each with one key, C(include) or C(exclude), and a Jinja2 condition (or a boolean) that sees
        the variables of the host. The first rule whose condition is true decides. If none is, the project is included.
      - A condition that fails counts as false, or ends the run with O(strict=true).
    type: raw
notes:
  - One call for the list and one for each project, ten at a time. With O(cache=true) none as long as the cache is good.
  - Ansible goes on with an empty inventory where a plugin fails, unless E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is
    true. The playbooks of this collection fail where their C(target) is nobody.
seealso:
  - module: cloudops.ovh.ovh_cloud_users
"""

EXAMPLES = r"""
# ovh_cloud_projects.yml, with keys from the environment or ovh.conf: every project is a host.
plugin: cloudops.ovh.ovh_cloud_projects

---
# Keys from variables, projects in groups such as status_ok and plan_project_2018, and a name for people.
plugin: cloudops.ovh.ovh_cloud_projects
endpoint: ovh-eu
application_key: "{{ lookup('ansible.builtin.env', 'TEAM_APPLICATION_KEY') }}"
application_secret: "{{ lookup('ansible.builtin.env', 'TEAM_APPLICATION_SECRET') }}"
consumer_key: "{{ lookup('ansible.builtin.env', 'TEAM_CONSUMER_KEY') }}"
keyed_groups:
  - prefix: status
    key: ovh_status
  - prefix: plan
    key: ovh_plan_code
groups:
  ai: "'AI' in ovh_description | default('', true)"
compose:
  team: ovh_description | default('', true) | lower
strict: true

---
# Only projects that can be used.
plugin: cloudops.ovh.ovh_cloud_projects
filters:
  status: ok
  access: [full, restricted]

---
# Everything but the sandboxes, and kept for ten minutes.
plugin: cloudops.ovh.ovh_cloud_projects
filters:
  - exclude: ovh_description is search('sandbox')
  - include: ovh_status == 'ok'
  - exclude: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ovh-projects
cache_timeout: 600
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.cloudops.ovh.plugins.module_utils._api.client import Port
from ansible_collections.cloudops.ovh.plugins.module_utils._api.config import KEYS, resolve
from ansible_collections.cloudops.ovh.plugins.module_utils._api.official import configuration_places
from ansible_collections.cloudops.ovh.plugins.module_utils._api.projects import read_projects
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import CloudOpsError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.project import (
    SERVICE_NAME,
    check_filters,
    has_fields,
    host_variables,
)

_ENDINGS = ("ovh_cloud_projects.yml", "ovh_cloud_projects.yaml")
_TEMPLATES = ("endpoint", "config_file", *KEYS)
_OTHERS = ("timeout", "retries", "rate_limit")


def _host(project_id: str) -> Any:
    # Until ansible-core 2.18 a marked name is listed as a mapping. In this one nothing can be evaluated.
    return project_id if project_id.isalnum() else wrap_var(project_id)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Projects as hosts."""

    NAME = "cloudops.ovh.ovh_cloud_projects"

    def verify_file(self, path: str) -> bool:
        """True for a readable file of one of the two names."""
        return bool(super().verify_file(path)) and path.endswith(_ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from the API, or from the cache."""
        super().parse(inventory, loader, path, cache)
        self._warned: set[str] = set()
        self._check_options(self._read_config_data(path))
        try:
            filters = check_filters(self.get_option("filters"))
            found = self._cached(path, cache)
        except CloudOpsError as error:
            raise AnsibleParserError(error.message) from None
        self._warn(found, filters)
        for project_id, fields in sorted(found["projects"].items()):
            self._add(_host(project_id), wrap_var(fields), filters)
        for project_id in [] if filters else sorted(found["unread"]):
            # Who audits or offboards must not be told that all is well because this one was not there.
            host = self.inventory.add_host(_host(project_id))
            self.inventory.set_variable(host, SERVICE_NAME, wrap_var(project_id))

    def _check_options(self, given: Mapping[str, Any]) -> None:
        """Ansible takes no notice of an option that does not exist: with `filter` all projects would be hosts. What
        begins with `x-` or `_` is a note, or an anchor."""
        known = {"plugin", *self.get_options()}
        unknown = sorted(name for name in map(str, given) if name not in known and not name.startswith(("x-", "_")))
        if unknown:
            raise AnsibleParserError(
                "No such option: {}. Options: {}.".format(", ".join(unknown), ", ".join(sorted(self.get_options())))
            )

    def _warn(self, found: Mapping[str, Any], filters: Any) -> None:
        for project_id, message in sorted(found["unreadable"].items()):
            self.display.warning(f"Project {project_id} is left out: {message}")
        how = "left out, since filters need them" if filters else "a host without them"
        for project_id, message in sorted(found["unread"].items()):
            self.display.warning(f"The fields of project {project_id} could not be read, so it is {how}: {message}")
        known = {name for fields in found["projects"].values() for name in fields}
        if known and isinstance(filters, Mapping):
            for name in sorted(str(name) for name in filters if name not in known):
                self.display.warning(
                    "filters: no project has a field {}, so none is included. Fields: {}.".format(
                        name, ", ".join(sorted(known))
                    )
                )

    def _cached(self, path: str, cache: bool) -> Mapping[str, Any]:
        """Return what the cache has where it may be used, else what the API says; and cache that."""
        caching = self.get_option("cache")
        key = self.get_cache_key(path)
        if caching and cache:
            try:
                return dict(self._cache[key])
            except KeyError:
                # Nothing there, or too old.
                pass
        found = self._read()
        if caching and not found["unread"]:
            self._cache[key] = found
        return found

    def _read(self) -> dict[str, Any]:
        params = {name: self._templated(name) for name in _TEMPLATES}
        params.update({name: self.get_option(name) for name in _OTHERS})
        try:
            port = Port(resolve(params, os.environ, configuration_places(), "the inventory file"))
        except ImportError:
            raise AnsibleParserError(
                "The Python package ovh is missing, or older than 1.2. Install it for the Python of ansible-playbook:"
                f" {sys.executable} -m pip install --upgrade ovh"
            ) from None
        projects = read_projects(port)
        return {"projects": projects.fields, "unreadable": projects.unreadable, "unread": projects.unread}

    def _templated(self, name: str) -> str | None:
        """Return an option that may be a template, as text."""
        value = self.get_option(name)
        if value is None:
            return None
        self.templar.available_variables = self._vars
        try:
            result = self.templar.template(value)
        except Exception as problem:
            raise AnsibleParserError(f"{name} is a template that fails: {problem}") from None
        return None if result is None else str(result)

    def _add(self, project_id: str, fields: Mapping[str, Any], filters: Any) -> None:
        variables = host_variables(wrap_var(project_id), fields)
        if not self._is_wanted(project_id, {**variables, "inventory_hostname": project_id}, fields, filters):
            return
        host = self.inventory.add_host(project_id)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _warn_of(self, condition: str, text: str) -> None:
        """Warn once of a condition that cannot be evaluated: a project that it would exclude is a host."""
        if condition not in self._warned:
            self._warned.add(condition)
            self.display.warning(text)

    def _is_wanted(self, host: str, variables: Mapping[str, Any], fields: Mapping[str, Any], filters: Any) -> bool:
        if isinstance(filters, Mapping):
            return has_fields(fields, filters)
        for include, condition in filters:
            try:
                holds = boolean(condition if isinstance(condition, bool) else self._compose(condition, variables))
            except Exception as problem:
                if self.get_option("strict"):
                    raise AnsibleParserError(f"filters: {condition!r} fails for {host}: {problem}") from None
                said = f"filters: {condition!r} fails for {host}, and counts as false: {problem}"
                self._warn_of(str(condition), said)
                continue
            if holds:
                return bool(include)
        return True
