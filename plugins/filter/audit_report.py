# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audits of many projects as one report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
author:
  - The cloudops.ovh authors (@cloudops-ovh)
version_added: 1.0.0
short_description: Audits of Public Cloud projects as one report
description:
  - Turns results of M(cloudops.ovh.ovh_cloud_audit_info) into one report over all of them, as text that can be written
    to a file.
  - The same audits give the same report. Whatever the API sent is text in it, never markup and never a formula.
  - The role P(cloudops.ovh.audit_users#role) does all of this by itself. The filter is for reports of your own.
positional: _input, format
options:
  _input:
    description:
      - Results of M(cloudops.ovh.ovh_cloud_audit_info) by the name of their host. One that failed is in the report with
        its C(msg).
    type: dict
    required: true
  format:
    description:
      - V(html) is one page that needs no other file, V(csv) has one line an account, V(json) is described by
        C(docs/audit-report.schema.json), V(text) is for a terminal.
      - V(failures) says in a few sentences which projects could not be audited, and with O(fail_on_drift) what differs
        from the list. It is empty where there is nothing of that.
    type: str
    choices: [html, csv, json, text, failures]
    default: html
  generated_at:
    description:
      - The time that the report shows as its own, as V(2026-11-23T10:00:00Z).
    type: str
    default: ""
  not_audited:
    description:
      - Names of hosts that belong into the report and have no result.
    type: list
    elements: str
    default: []
  fail_on_drift:
    description:
      - Whether V(failures) names differences from the list.
    type: bool
    default: false
seealso:
  - plugin: cloudops.ovh.audit_users
    plugin_type: role
  - plugin: cloudops.ovh.ovh_cloud_audit_info
    plugin_type: module
"""

EXAMPLES = r"""
- name: Audit one project
  cloudops.ovh.ovh_cloud_audit_info:
  register: audit

- name: Show what was found
  ansible.builtin.debug:
    msg: "{{ {'my project': audit} | cloudops.ovh.audit_report('text') }}"
"""

RETURN = r"""
_value:
  description: The report.
  type: str
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.cloudops.ovh.plugins.module_utils._core import report as core
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_html import to_html

_FORMATS: dict[str, Callable[[core.Report], str]] = {
    "html": to_html,
    "csv": core.to_csv,
    "json": core.to_json,
    "text": core.to_text,
}


def audit_report(
    audits: Any,
    format: str = "html",
    generated_at: str = "",
    not_audited: Sequence[str] = (),
    fail_on_drift: bool = False,
) -> Any:
    """Return the report on ``audits``; see the documentation above."""
    if not isinstance(audits, Mapping):
        raise AnsibleFilterError("audit_report needs a mapping of hosts to results of ovh_cloud_audit_info.")
    if format != "failures" and format not in _FORMATS:
        known = ", ".join([*_FORMATS, "failures"])
        raise AnsibleFilterError(f"audit_report: {format!r} is not a format. Formats: {known}.")
    try:
        report = core.build_report(audits, generated_at, not_audited)
    except InputError as problem:
        raise AnsibleFilterError(f"audit_report: {problem.message}") from None
    text = core.complaint(report, fail_on_drift) if format == "failures" else _FORMATS[format](report)
    # Descriptions come from outside: nothing in the report is a template.
    return wrap_var(text)


class FilterModule:
    """The filter, by its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it."""
        return {"audit_report": audit_report}
