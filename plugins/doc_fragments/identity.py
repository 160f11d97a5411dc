# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every module of a single user finds it."""

from __future__ import annotations


class ModuleDocFragment:
    """Exactly one of three names."""

    DOCUMENTATION = r"""
options:
  description:
    description:
      - The description of the user, which is the only name that a person can choose.
      - The API keeps it for ever and does not make sure that it is unique. If two live users have it the module fails
        and names their ids. O(user_id) then says which one is meant.
      - Exactly one of O(description), O(user_id) and O(username) is required.
    type: str
  user_id:
    description:
      - The id of the user.
    type: int
  username:
    description:
      - The name that the API invented for the user, such as V(user-wKbTguqcnX4Z).
    type: str
"""
