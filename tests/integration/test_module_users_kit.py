# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kit beside a credential: what a person needs to start, made once, and gone with the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import kinds
from ansible_collections.cloudops.ovh.plugins.module_utils._api import folder
from tests.simulator import Simulator
from tests.support.checks import foreseen, refused
from tests.support.modules import call
from tests.support.rig import VAULT_PASSWORD, Rig, hurry, inline_vault

ENDINGS = [".README.md", ".openrc.sh", ".rclone.conf"]
ADA = "ada@example.com"
STEM = "ada%40example.com"


@pytest.fixture(params=[False, True], ids=["plain", "vaulted"])
def rig(sim: Simulator, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Rig:
    hurry(monkeypatch.setattr)
    inline_vault(monkeypatch.setattr)
    return Rig(sim, tmp_path / "creds", request.param)


def kit_of(rig: Rig, stem: str = STEM) -> dict[str, str]:
    """Return the texts of a kit, as tasks that deliver get them."""
    params = {"credential_file": str(rig.place / f"{stem}.yml"), "state": "read"}
    if rig.vaulted:
        params["credentials_vault_password"] = VAULT_PASSWORD
    return dict(call(kinds.USER_CREDENTIAL, params)["kit"] or {})


def asked(sim: Simulator) -> list[str]:
    return [one.path.rpartition("/")[2] for one in sim.calls if one.path.endswith(("/openrc", "/rclone"))]


def test_a_kit_is_made_once_with_the_account(rig: Rig) -> None:
    options = {"kit": True, "kit_contact": "Write to **ml-help@example.com**.", "kit_region": "SBG5"}
    check = rig.run([ADA], check=True, **options)
    assert not rig.place.exists()
    real = rig.run([ADA], **options)
    assert foreseen(check) == foreseen(real)
    assert real["users"][0]["credential_kit"] == str(rig.place / f"{STEM}.README.md")
    assert sorted(asked(rig.sim)) == ["openrc", "rclone"]
    rig.at_rest()

    user, kit = rig.project.user_by_description(ADA), kit_of(rig)
    assert user is not None
    for said in (ADA, user["username"], rig.project.id, "ovhai login", "rclone.conf", "**ml-help@example.com**"):
        assert said in kit["readme"]
    assert f'OS_USERNAME="{user["username"]}"' in kit["openrc"]
    assert 'OS_REGION_NAME="SBG5"' in kit["openrc"]
    assert "[myremote]\ntype = s3" in kit["rclone"]
    password = rig.working(ADA)
    assert not any(password in text for text in kit.values())
    # What the API made is no plain text where credentials are not.
    for ending in ENDINGS:
        text = (rig.place / (STEM + ending)).read_text()
        assert text.startswith("$ANSIBLE_VAULT;") == (rig.vaulted and ending != ".README.md")

    before = rig.snapshot()
    for mode in (True, False):
        rig.sim.clear_calls()
        steady = rig.run([ADA], check=mode, **options)
        assert (steady["changed"], asked(rig.sim), steady["api_calls"]) == (False, [], 3)
        assert steady["users"][0]["credential_kit"] == real["users"][0]["credential_kit"]
    assert rig.snapshot() == before
    # Left out, it is left alone.
    rig.steady([ADA])


def test_a_kit_has_the_access_key_and_follows_it(rig: Rig) -> None:
    rig.run([ADA], kit=True)
    assert "rclone --config rclone.conf lsd ovh:" not in kit_of(rig)["readme"]
    result = rig.run([ADA], kit=True, s3_credentials="present")
    assert [result["diff"][side][ADA]["kit"] for side in ("before", "after")] == ["not as asked", "written"]
    user = rig.project.user_by_description(ADA)
    assert user is not None
    key = rig.project.s3_credentials(user["id"])[0]
    kit = kit_of(rig)
    assert f"[ovh]\ntype = s3\nprovider = OVHcloud\naccess_key_id = {key['access']}" in kit["rclone"]
    assert f"secret_access_key = {key['secret']}" in kit["rclone"]
    assert "rclone --config rclone.conf lsd ovh:" in kit["readme"]
    for path in rig.place.iterdir():
        assert (key["secret"] in path.read_text()) == (not rig.vaulted and path.suffix in (".yml", ".conf")), path
    assert key["secret"] not in str(result)
    rig.steady([ADA], kit=True, s3_credentials="present")
    # A key that is revoked is in no file any more.
    rig.run([ADA], s3_credentials="absent", roles=[], purge_roles=True)
    assert rig.names() == [f"{STEM}.yml"]


def test_a_kit_is_made_again_when_it_is_not_as_asked(rig: Rig) -> None:
    rig.run([ADA], kit=True)
    (rig.place / f"{STEM}.openrc.sh").unlink()
    check = rig.run([ADA], kit=True, check=True)
    assert check["users"][0]["action"] == "updated"
    assert rig.run([ADA], kit=True)["summary"]["updated"] == 1
    rig.steady([ADA], kit=True)
    assert rig.run([ADA], kit=True, kit_contact="Grace")["changed"]
    assert kit_of(rig)["readme"].endswith("## Help\n\nGrace\n")
    # Another account under the same name.
    user = rig.project.user_by_description(ADA)
    assert user is not None
    rig.project.remove_user(user["id"])
    rig.run([ADA], kit=True, kit_contact="Grace")
    fresh = rig.project.user_by_description(ADA)
    assert fresh is not None
    assert fresh["username"] in kit_of(rig)["openrc"]
    rig.steady([ADA], kit=True, kit_contact="Grace")


def test_somebody_who_was_there_before_gets_one_without_a_password(rig: Rig) -> None:
    rig.project.add_user(ADA, ["ai_training_read"], password="her own")
    result = rig.run([ADA], kit=True)
    assert result["users"][0]["credential_file"] is None
    assert rig.names() == sorted([f"{STEM}{ending}" for ending in [".kit", *ENDINGS]])
    rig.steady([ADA], kit=True)


@pytest.mark.parametrize("by_hand", [False, True], ids=["by us", "by hand"])
def test_a_kit_goes_with_the_account(rig: Rig, by_hand: bool) -> None:
    rig.run([ADA, "grace"], kit=True)
    user = rig.project.user_by_description(ADA)
    assert user is not None
    if by_hand:
        rig.project.remove_user(user["id"])
        (rig.place / f"{STEM}.yml").unlink()
        (rig.place / f"{STEM}.rclone.conf").unlink()
    assert rig.run([ADA], state="absent")["summary"]["deleted"] == 1
    assert [name for name in rig.names() if name.startswith("ada")] == []
    assert len(rig.names()) == 5
    assert rig.run([ADA], state="absent")["changed"] is False


def test_nothing_is_written_through_a_link(rig: Rig, tmp_path: Path) -> None:
    rig.run([ADA])
    other = tmp_path / "other"
    other.write_text("of somebody else")
    for ending in ENDINGS:
        (rig.place / (STEM + ending)).symlink_to(other)
    rig.run([ADA], kit=True)
    assert other.read_text() == "of somebody else"
    rig.at_rest()
    assert not any(path.is_symlink() for path in rig.place.iterdir())
    # The mark decides what is not asked for: one that leads elsewhere is an error.
    (rig.place / f"{STEM}.kit").unlink()
    (rig.place / f"{STEM}.kit").symlink_to(other)
    refused(rig.run([ADA], kit=True), f"{STEM}.kit cannot be read")


@pytest.mark.parametrize("status", [403, 500])
def test_what_the_api_refuses_fails_its_user_and_loses_nothing(rig: Rig, status: int) -> None:
    rig.sim.fault("status", "GET", "/rclone$", times=None, status=status)
    failed = rig.run([ADA], kit=True, retries=0)
    refused(failed, "/rclone")
    rig.working(ADA)
    rig.at_rest()
    rig.sim.clear_faults()
    assert rig.run([ADA], kit=True)["summary"]["updated"] == 1
    rig.steady([ADA], kit=True)


def test_a_run_that_ends_in_the_middle_of_a_kit_is_finished(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run([ADA], kit=True)
    write = folder.Folder.write

    def full(self: Any, name: str, text: str) -> None:
        if name.endswith(".rclone.conf"):
            raise folder.StoreError("No space left on device.")
        write(self, name, text)

    with monkeypatch.context() as patch:
        patch.setattr(folder.Folder, "write", full)
        refused(rig.run([ADA], kit=True, kit_contact="Grace"), "No space left")
    assert rig.run([ADA], kit=True, kit_contact="Grace")["changed"]
    rig.steady([ADA], kit=True, kit_contact="Grace")


def test_a_new_account_is_waited_for(rig: Rig) -> None:
    rig.sim.settings.update({"creating": 0.3, "not_found_after_creation": 0.2})
    assert not rig.run([ADA], kit=True, s3_credentials="present").get("failed")
    assert len(asked(rig.sim)) == 2


def test_bad_options_are_refused_before_any_call(sim: Simulator, tmp_path: Path) -> None:
    refused(Rig(sim, None).run([ADA], kit=True), "kit needs credentials_dir")
    result = Rig(sim, tmp_path / "c").run([ADA], kit=True, kit_region="GRA&x=1")
    refused(result, "kit_region: 'GRA&x=1' is not a region")
    assert sim.calls == []


def test_a_description_is_text_in_the_readme(sim: Simulator, tmp_path: Path) -> None:
    rig = Rig(sim, tmp_path / "c")
    rig.run(["a`<script>`\n# Heading"], kit=True)
    text = (rig.place / rig.names(".README.md")[0]).read_text()
    assert "`a'<script>' # Heading`" in text
    assert text.count("\n# ") == 0


@pytest.fixture
def both(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Rig, Rig]:
    """One folder, without a vault password and with one."""
    hurry(monkeypatch.setattr)
    inline_vault(monkeypatch.setattr)
    return Rig(sim, tmp_path / "creds", False), Rig(sim, tmp_path / "creds", True)


def test_a_kit_in_clear_is_said_and_encrypted_when_it_is_asked_for(
    both: tuple[Rig, Rig],
) -> None:
    plain, vaulted = both
    plain.run([ADA], kit=True, s3_credentials="present")
    file = plain.place / f"{STEM}.rclone.conf"
    renewed = vaulted.run([ADA], update_password="always", max_resets=1)
    assert "secret_access_key" in file.read_text()
    (warning,) = renewed["warnings"]
    assert warning.startswith(f"Not encrypted, though credentials_vault_password is given: {file}.")
    check = vaulted.run([ADA], check=True, kit=True)
    done = vaulted.run([ADA], kit=True)
    assert (check["users"][0]["action"], done["users"][0]["action"]) == ("updated", "updated")
    assert done["warnings"] == []
    assert [(vaulted.place / f"{STEM}{ending}").read_text()[:15] for ending in (".openrc.sh", ".rclone.conf")] == [
        "$ANSIBLE_VAULT;"
    ] * 2
    assert vaulted.run([ADA], kit=True)["changed"] is False


def test_a_kit_with_a_key_that_was_rotated_goes(rig: Rig) -> None:
    rig.run([ADA], kit=True, s3_credentials="present")
    done = rig.run([ADA], s3_credentials="rotate")
    assert done["users"][0]["credential_kit"] is None
    assert rig.names(".kit") == rig.names(".rclone.conf") == []
    assert kit_of(rig) == {}


def test_a_kit_that_somebody_has_encrypted_is_not_in_clear(
    both: tuple[Rig, Rig],
) -> None:
    plain, vaulted = both
    plain.run([ADA], kit=True)
    file = plain.place / f"{STEM}.rclone.conf"
    vaulted.run([ADA], update_password="always", max_resets=1)
    assert str(file) in vaulted.run([ADA])["warnings"][0]
    file.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    assert vaulted.run([ADA])["warnings"] == []
    # Nor is one that is no file: what the run has done is said all the same.
    file.unlink()
    file.symlink_to(plain.place / f"{STEM}.README.md")
    assert not vaulted.run([ADA]).get("failed")
