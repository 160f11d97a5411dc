# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of the collection can do."""

from __future__ import annotations


class ModuleDocFragment:
    """Check mode, diff mode, idempotence, and the action group."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what a run would do. It then reads, and never writes, nor to disk.
  diff_mode:
    description: Returns what changed, or would change, when in diff mode. A diff never shows a secret.
  idempotent:
    description: When run again with the same options, changes nothing and says so.
  action_group:
    description: Use C(group/cloudops.ovh.ovh) in C(module_defaults) to set options for all modules of the collection.
    support: full
    membership:
      - cloudops.ovh.ovh
"""

    WRITES = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    READS = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It only reads, in check mode and otherwise.
  diff_mode:
    support: N/A
    details:
      - It changes nothing, so that there is no difference to show.
  idempotent:
    support: full
"""
