# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Descriptions that look like templates, YAML, paths or options, on their way through roles, playbooks and summaries.

``test_module_credentials_dir.py`` has them in the module alone, one by one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.simulator import Simulator
from tests.support.checks import tree
from tests.support.plays import PlayResult, play
from tests.support.rig import ROLES, Rig

#: ``%s`` is a file that exists when one of them was evaluated.
HOSTILE = [
    "{{ 7*7 }}",
    "{{ lookup('ansible.builtin.pipe', 'touch %s') }}",
    "{%% for x in range(3) %%}x{%% endfor %%}{# gone #}",
    "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132",
    "!unsafe x",
    "../../../../etc/passwd",
    "/etc/passwd",
    "-rf --help",
    "two\nlines: [a, b]\n- c",
    "nul \x00 and \x1b[31m red",
    "right \u202eto left \u05d0",
    "Zoë 🚀",
    "y" * 255,
    "x" * 300 + "a",
    "x" * 300 + "b",
    "Case",
    "case",
    "null",
    "$(touch %s)",
]


def people(marker: Path) -> list[str]:
    return [text.replace("%s", str(marker)).replace("%%", "%") for text in HOSTILE]


def run(tmp_path: Path, sim: Simulator, name: str, users: list[Any], **options: Any) -> PlayResult:
    """Run a playbook with a list that no template can touch, as a CSV file or the API would give it."""
    unsafe = {f"{name}_users_{key}": value for key, value in {"users": users, **options}.items()}
    path = tmp_path / "people.yml"
    path.write_text("\n".join(f"{key}: {tagged(value)}" for key, value in unsafe.items()), encoding="utf-8")
    return play(tmp_path, sim, playbook=f"cloudops.ovh.{name}", args=["-e", f"@{path}"], diff=True)


def tagged(value: Any) -> str:
    """A value as YAML whose templates are ``!unsafe``, which would make nothing of the text "null"."""
    if isinstance(value, list):
        return "[" + ", ".join(map(tagged, value)) + "]"
    return ("!unsafe " if isinstance(value, str) and "{" in value else "") + json.dumps(value, ensure_ascii=False)


def test_hostile_descriptions_go_through_the_playbooks_unharmed(tmp_path: Path, sim: Simulator) -> None:
    marker = tmp_path / "evaluated"
    users, base = people(marker), tmp_path / "creds"
    # Half of them were there before: then the text comes back from the API as well.
    for text in users[::2]:
        sim.project().add_user(text, ROLES[:1])
    first = run(tmp_path, sim, "onboard", users, credentials_dir=str(base))
    assert first.rc == 0, first.text[-3000:]
    rig = Rig(sim, base)
    for text in users:
        rig.one_account(text)
    for text in users[1::2]:
        rig.working(text)
    rig.at_rest()
    # One file for each that was created, none elsewhere, and none that two would share.
    assert len(rig.names(".yml")) == len(users[1::2])
    assert {path.split("/")[0] for path in tree(base)} == {rig.place.name}
    described = [user["description"] for user in first.tasks("cloudops.ovh.ovh_cloud_users")[0].result["users"]]
    assert described == users
    summary = first.task("Show what was done").result["msg"]
    said = " ".join(summary)
    for text in users:
        assert text.replace("\n", " ") in said
    assert "49" not in "".join(line for line in summary if "created" in line and "7*7" in line)
    assert len(summary) == len(users) + 1, "one line each"

    rig.steady(users)
    gone = run(tmp_path, sim, "offboard", users, mode="delete", max_deletions=99, credentials_dir=str(base))
    assert gone.rc == 0, gone.text[-3000:]
    assert sim.project().users() == []
    assert rig.names(".yml") == []
    said = " ".join(gone.task("Show what each person still has").result["msg"])
    assert all(text.replace("\n", " ") in said for text in users)
    assert not marker.exists(), "a description was evaluated"
    assert "/etc/passwd.yml" not in " ".join(tree(tmp_path))
