# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run returns of each user, the diff, and the text of a kit: what people and playbooks read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import Credential, Stored
from ansible_collections.cloudops.ovh.plugins.module_utils._core.desired import Desired
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError, NotReadyError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.kit import (
    FORESEEN,
    Kit,
    kit_mark,
    parse_content,
    rclone_text,
    readme_text,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.outcome import (
    Outcome,
    after,
    foresee,
    role_changes,
    status_note,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.plan import Item, Plan, Step
from ansible_collections.cloudops.ovh.plugins.module_utils._core.render import (
    render_change,
    render_credential,
    render_diff,
    render_failure,
    render_notes,
    render_user,
    render_users,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.token_spec import Spec, Token
from ansible_collections.cloudops.ovh.tests.unit.strategies import (
    AI,
    NOON,
    READ,
    ROLES,
    STORE,
    by_id,
    desired,
    issued,
    user,
)

SHOWN = {
    "id": 3,
    "username": "user-3",
    "description": "ada",
    "status": "ok",
    "openstack_id": None,
    "creation_date": "2026-03-01T12:00:00Z",
    "roles": [],
}
FILES = {"ada": "/c/ada.yml"}
TOKENS = (Token("t1", Spec("jupyter", READ, "GRA", "owner=ada")), Token("t2", Spec("x", READ, "GRA")))


def outcome(*kinds: str, item: Item | None = None, **fields: Any) -> Outcome:
    """An outcome after these steps, of a user that is there unless an item says otherwise."""
    one = Outcome(item or Item(desired(), user(3), stem="ada"))
    one.done = [Step(kind) for kind in kinds]
    for name, value in fields.items():
        setattr(one, name, value)
    return one


def record(one: Outcome, files: dict[str, str] | None = None) -> dict[str, Any]:
    (shown,) = render_users([one], files)["users"]
    return dict(shown)


# Users


def test_a_user_as_it_is_shown() -> None:
    assert render_user(user(3, roles=(STORE, AI))) == {**SHOWN, "roles": [AI, STORE]}
    assert render_user(None) is None
    foreseen = User(0, "", "ada", "", "os", None, ())
    assert render_user(foreseen) == {
        **SHOWN, "id": None, "username": None, "status": None, "openstack_id": "os", "creation_date": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "action"),
    [
        ((), "unchanged"),
        (("grant",), "updated"),
        (("renew", "make_kit"), "updated"),
        (("create", "make_key"), "created"),
        (("revoke_key", "delete"), "deleted"),
        (("forget",), "deleted"),
    ],
)
def test_what_was_done_has_one_word(kinds: tuple[str, ...], action: str) -> None:
    one = outcome(*kinds)
    assert record(one) == {**SHOWN, "user_id": 3, "action": action}
    assert one.renewed is bool({"create", "renew"} & set(kinds))
    one.error = InputError("No.", key="x")
    assert record(one) == {
        **SHOWN,
        "user_id": 3,
        "action": "failed",
        "error": "No.",
        "failure": {"code": "bad_input", "message": "No.", "key": "x"},
    }


def test_a_new_outcome_has_nothing_done() -> None:
    one = Outcome(Item(desired(), user(3), stored=Stored(issued(3), None, "mark"), error=InputError("No.")))
    assert (one.user, one.done, one.notes, one.password, one.verified) == (user(3), [], [], None, None)
    assert (one.credential, one.kit) == (issued(3), "mark")
    assert (one.action, one.renewed) == ("failed", False)


def test_a_user_that_never_was_is_shown_by_what_was_asked() -> None:
    nobody = {"id": None, "username": None, "description": None, "user_id": None, "action": "unchanged"}
    assert record(outcome(item=Item(desired("bob"), None))) == {**nobody, "description": "bob"}
    by_id = Desired("users[0]", user_id=42)
    assert record(outcome(item=Item(by_id, None))) == {**nobody, "user_id": 42}
    by_name = Desired("users[0]", username="user-x")
    assert record(outcome(item=Item(by_name, None))) == {**nobody, "username": "user-x"}
    # One that check mode foresees has no id yet, whatever was asked.
    assert record(outcome(user=user(0), item=Item(by_id, None)))["user_id"] is None
    # Who is gone is shown as it was.
    assert record(outcome("delete", user=None))["username"] == "user-3"


def test_what_more_is_known_is_shown() -> None:
    item = Item(desired(ai_tokens="absent"), user(3), tokens=TOKENS)
    one = outcome(item=item, notes=["One.", "Two."], verified=False)
    one.done = [Step("revoke_token", key="t1"), Step("revoke_key", key="t2")]
    assert record(one) == {
        **SHOWN,
        "user_id": 3,
        "action": "updated",
        "ai_tokens_removed": [{"id": "t1", "name": "jupyter", "label_selector": "owner=ada"}],
        "credential_verified": False,
        "note": "One. Two.",
    }


NO_FILE = {
    "credential_file": None,
    "credential_issued": None,
    "credential_delivered": None,
    "credential_s3_access": None,
    "credential_kit": None,
    "credential_renewed": False,
}
HELD = Credential(3, True, NOON, NOON + 5, "ab", "key")
FILE = {
    "credential_file": "/c/ada.yml",
    "credential_issued": "2026-03-01T12:00:00Z",
    "credential_delivered": "2026-03-01T12:00:05Z",
    "credential_s3_access": "key",
    "credential_kit": "/c/ada.README.md",
    "credential_renewed": False,
}


@pytest.mark.parametrize(
    ("one", "files", "expected"),
    [
        (outcome(credential=HELD, kit="mark"), FILES, FILE),
        (outcome("renew", credential=HELD, kit="mark"), FILES, {**FILE, "credential_renewed": True}),
        (outcome(credential=HELD, kit="broken"), FILES, {**FILE, "credential_kit": None}),
        (outcome(credential=HELD), FILES, {**FILE, "credential_kit": None}),
        (outcome(credential=HELD, kit="mark"), {}, {**FILE, "credential_file": None, "credential_kit": None}),
        (
            outcome(credential=issued(3, 0.0)._replace(delivered_at=0.0)),
            FILES,
            {
                **NO_FILE,
                "credential_file": "/c/ada.yml",
                "credential_issued": "1970-01-01T00:00:00Z",
                "credential_delivered": "1970-01-01T00:00:00Z",
            },
        ),
        # The file of another account, or none.
        (outcome("renew", credential=HELD._replace(user_id=9)), FILES, NO_FILE),
        (outcome(credential=None), FILES, NO_FILE),
        (outcome("create", item=Item(desired(), None)), FILES, NO_FILE),
        (outcome("delete", credential=HELD, kit="mark"), FILES, NO_FILE),
    ],
)
def test_the_file_of_a_user(one: Outcome, files: dict[str, str], expected: dict[str, Any]) -> None:
    shown = record(one, files)
    assert {key: value for key, value in shown.items() if key.startswith("credential_")} == expected
    assert not any(key.startswith("credential_") for key in record(one))


def test_passwords_are_apart_and_actions_are_counted() -> None:
    new = outcome("create", password="p1", item=Item(desired("new"), None), user=user(9, "new"))
    result = render_users([new, outcome(), outcome("renew", password="p2", user=None), outcome("grant")])
    assert result["credentials"] == [
        {"id": 9, "username": "user-9", "description": "new", "password": "p1"},
        {"id": None, "username": None, "description": None, "password": "p2"},
    ]
    assert render_credential(new) == result["credentials"][0]
    assert result["summary"] == {"created": 1, "updated": 2, "unchanged": 1, "deleted": 0, "failed": 0}


FIVE = "ada: No 0. ada: No 1. users[2] (ada): No 2. ada: No 3. ada: No 4."


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        (0, None),
        (1, "1 of 3 users failed. ada: No 0."),
        (5, f"5 of 7 users failed. {FIVE}"),
        (6, f"6 of 8 users failed. {FIVE} 1 more are in the result."),
        (7, f"7 of 9 users failed. {FIVE} 2 more are in the result."),
    ],
)
def test_the_message_of_a_run_names_the_first_that_failed(failed: int, message: str | None) -> None:
    said = ["No 0.", "ada: No 1.", "users[2] (ada): No 2.", "No 3.", "No 4.", "No 5.", "No 6."]
    some = [outcome(error=NotReadyError(one)) for one in said[:failed]]
    assert render_failure([outcome(), *some, outcome()]) == message


def test_notes_name_their_user() -> None:
    some = [outcome(notes=["One.", "Two."]), outcome(item=Item(by_id(7), None), notes=["Three."]), outcome()]
    assert render_notes(some) == ["ada: One.", "ada: Two.", "user_id 7: Three."]


# Diffs


@pytest.mark.parametrize(
    ("kinds", "before", "after_"),
    [
        (("renew",), {"password": "kept"}, {"password": "renewed"}),
        (("make_key",), {"access_key": "not in the file"}, {"access_key": "in the file"}),
        (("rotate_key",), {"access_key": "kept"}, {"access_key": "renewed"}),
        (("revoke_key",), {"access_keys": "kept"}, {"access_keys": "removed"}),
        (("revoke_token",), {"ai_tokens": "kept"}, {"ai_tokens": "removed"}),
        (("make_kit",), {"kit": "not as asked"}, {"kit": "written"}),
        (
            ("revoke_token", "revoke_key", "make_kit"),
            {"access_keys": "kept", "ai_tokens": "kept", "kit": "not as asked"},
            {"access_keys": "removed", "ai_tokens": "removed", "kit": "written"},
        ),
    ],
)
def test_a_change_before_and_after(kinds: tuple[str, ...], before: dict[str, str], after_: dict[str, str]) -> None:
    same = {"description": "ada", "roles": [AI, READ], "password": "kept"}
    there = user(3, roles=(READ, AI))
    one = outcome(*kinds, item=Item(desired(), there))
    assert render_change(one) == ({**same, **before}, {**same, **after_})
    assert render_diff([one, outcome()]) == {
        "before": {"ada": {**same, **before}},
        "after": {"ada": {**same, **after_}},
    }
    # A user that is made, and one that goes.
    made = outcome("create", *kinds, item=Item(desired(), None), user=there)
    # The same whatever comes first: tokens can be there without an account, what lies in files can not.
    only_tokens = {"ai_tokens": "kept"} if "revoke_token" in kinds else {}
    assert render_change(made) == (only_tokens, {**same, **after_, "password": "renewed"})
    assert render_change(outcome(*kinds, "delete", item=Item(desired(), there))) == (
        {**same, **before, "password": "kept"},
        {},
    )


def test_users_of_one_name_are_told_apart_in_a_diff() -> None:
    items = [Item(desired(), user(3)), Item(desired(), user(5)), Item(desired(), None), Item(desired(), None)]
    names = ["ada", "ada (user_id 5)", "ada (user_id 0)", "ada (user_id 0) (user_id 0)"]
    assert list(render_diff([outcome("renew", item=item) for item in items])["before"]) == names


# What is foreseen

PLANNED = {role.name: role for role in ROLES.values()}


def foreseen(item: Item) -> Outcome:
    (one,) = foresee(Plan((item,), PLANNED))
    return one


def test_a_new_user_is_foreseen_without_what_the_api_invents() -> None:
    one = foreseen(Item(desired(), None, (Step("create", (STORE, AI)), Step("make_key"))))
    assert one.user == User(0, "", "ada", "", None, None, (ROLES[STORE], ROLES[AI]))
    assert foreseen(Item(by_id(7), None, (Step("create"),))).user == User(0, "", "", "", None, None, ())


def test_a_failed_item_is_foreseen_as_it_is() -> None:
    one = foreseen(Item(desired(), user(3), (Step("delete"),), error=InputError("No.")))
    assert (one.user, one.done, one.notes) == (user(3), [], [])


@pytest.mark.parametrize(
    ("steps", "roles"),
    [
        ((Step("grant", (AI,)),), [AI, READ, STORE]),
        ((Step("revoke", (READ,)), Step("grant", (AI,))), [AI, STORE]),
        ((Step("set_roles", (AI,)),), [AI]),
        ((Step("renew"), Step("make_kit")), [READ, STORE]),
        ((Step("delete"),), None),
        ((Step("forget"),), None),
    ],
)
def test_roles_are_foreseen(steps: tuple[Step, ...], roles: list[str] | None) -> None:
    one = foreseen(Item(desired(), user(3, roles=(READ, STORE)), steps))
    assert one.done == list(steps)
    assert (None if one.user is None else sorted(one.user.role_names)) == roles


def test_a_step_leaves_the_order_of_roles() -> None:
    there = user(3, roles=(STORE, READ))
    assert [role.name for role in after(there, Step("grant", (AI,)), PLANNED).roles] == [STORE, READ, AI]
    assert after(there, Step("renew", (AI,)), PLANNED) is there


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("ok", None),
        ("creating", None),
        ("updating", None),
        ("disabled", "The API says that this user is disabled."),
        ("", "The API says that this user is without a status."),
    ],
)
def test_an_odd_status_is_told_where_something_changes(status: str, note: str | None) -> None:
    odd = user(3, status=status)
    assert status_note(odd) == note
    assert foreseen(Item(desired(), odd, (Step("renew"),))).notes == ([] if note is None else [note])
    assert foreseen(Item(desired(), odd)).notes == []
    assert foreseen(Item(desired(), odd, (Step("delete"),))).notes == []


# Kits

KIT = Kit("Ask us.", "GRA")


@pytest.mark.parametrize(
    ("kit", "account", "key"),
    [
        (KIT._replace(contact="Ask them."), user(3), "key"),
        (KIT._replace(region="SBG"), user(3), "key"),
        (KIT, user(4, username="user-3"), "key"),
        (KIT, user(3, username="other"), "key"),
        (KIT, user(3, "bob"), "key"),
        (KIT, user(3), ""),
    ],
)
def test_a_mark_tells_a_kit_from_another(kit: Kit, account: User, key: str) -> None:
    mark = kit_mark(KIT, user(3), "key")
    assert kit_mark(kit, account, key) != mark
    # The same for ever, or else every kit would be written again.
    assert mark == kit_mark(KIT, user(3, roles=(AI,), status="disabled"), "key")
    assert mark == "b4f3231f399792cced1dbea712d8ab254b56ddb8cecd8a06d581ce4f9732dff2"


def test_a_file_of_a_kit_is_read() -> None:
    assert parse_content({"content": "export A=1\n"}) == "export A=1\n"


def test_the_profile_comes_after_the_configuration() -> None:
    assert rclone_text("[a]\nx = 1\n\n", None) == "[a]\nx = 1\n\n"
    assert rclone_text("[a]\nx = X \n\n", "[ovh]\n") == "[a]\nx = X \n\n[ovh]\n"


README = """\
# Your account for OVHcloud AI Training

This is for `ada 'x' lovelace`. Your user name is `user-3`, your project is `p1`.
The password comes with this text, in a file or a message of its own, unless you have one already.

## Log in

    ovhai login
    ovhai me

`ovhai login` asks for the user name and the password. The web pages of notebooks and jobs ask for the same two.

## Your data

Data lies in the Object Storage of the project, region `GRA`. The files `openrc.sh` and `rclone.conf` came with
this text; their names may begin with yours.

    rclone --config rclone.conf listremotes

{key}For the `openstack` command: `. ./openrc.sh`. A job sees a container as a folder:

    ovhai job run --volume CONTAINER@GRA/:/workspace/data:rw IMAGE

## Help

{help}
"""
KEY_PART = """\
`rclone.conf` has a section `ovh` with your access key, ready to use: keep it to yourself.

    rclone --config rclone.conf lsd ovh:

"""


@pytest.mark.parametrize(
    ("contact", "help_text"),
    [(" Ask us.\n", "Ask us."), ("", "Ask whoever gave you this account.")],
)
@pytest.mark.parametrize(("with_key", "key"), [(True, KEY_PART), (False, "")])
def test_the_text_of_a_kit(contact: str, help_text: str, with_key: bool, key: str) -> None:
    text = readme_text(Kit(contact, "GRA"), user(3, "ada `x`\n  lovelace"), "p1", with_key)
    assert text == README.format(key=key, help=help_text)


# What is foreseen of files

HELD = Credential(3, True, NOON, NOON, "", "key-1")
#: What a file is foreseen to be once it has a new password: nobody knows yet when that was issued.
RENEWED = HELD._replace(issued_at=None, delivered_at=None)


@pytest.mark.parametrize(
    ("held", "kinds", "expected"),
    [
        (HELD, ("grant",), (HELD, "mark")),
        (HELD, ("renew",), (RENEWED, "mark")),
        (None, ("renew",), (Credential(3, True), "mark")),
        # The file of somebody else who had this description before.
        (HELD._replace(user_id=2), ("renew",), (Credential(3, True), "mark")),
        (HELD, ("revoke_key",), (HELD._replace(s3_access=""), "")),
        (HELD._replace(s3_access=""), ("revoke_key",), (HELD._replace(s3_access=""), "mark")),
        (None, ("revoke_key",), (None, "mark")),
        (HELD, ("rotate_key",), (HELD._replace(s3_access="", delivered_at=None), "")),
        (HELD._replace(s3_access=""), ("make_key",), (HELD._replace(s3_access="", delivered_at=None), "mark")),
        (None, ("make_key",), (Credential(3), "mark")),
        (HELD._replace(user_id=2), ("make_key",), (Credential(3), "mark")),
        (HELD, ("renew", "rotate_key", "make_kit"), (RENEWED._replace(s3_access=""), FORESEEN)),
        (HELD, ("make_kit",), (HELD, FORESEEN)),
    ],
)
def test_files_are_foreseen(held: Credential | None, kinds: tuple[str, ...], expected: tuple[object, str]) -> None:
    item = Item(desired(), user(3), tuple(Step(kind) for kind in kinds), stem="ada", stored=Stored(held, None, "mark"))
    one = foreseen(item)
    assert (one.credential, one.kit) == expected


def test_a_new_user_is_foreseen_with_a_password_and_not_with_the_file_of_another() -> None:
    stored = Stored(HELD._replace(user_id=2))
    assert foreseen(Item(desired(), None, (Step("create"),), stored=stored)).credential == Credential(0, True)


def test_files_of_who_goes_are_not_foreseen() -> None:
    one = foreseen(Item(desired(), user(3), (Step("renew"), Step("delete")), stored=Stored(HELD)))
    assert (one.user, one.credential) == (None, HELD)


# What was granted and taken away


@pytest.mark.parametrize(
    ("done", "added", "removed"),
    [
        ((), [], []),
        ((Step("grant", (AI,)),), [AI], []),
        # It had it already: nothing was added.
        ((Step("grant", (STORE,)),), [], []),
        ((Step("revoke", (STORE,)), Step("revoke", (READ,))), [], [READ, STORE]),
        ((Step("set_roles", (AI, STORE)),), [AI], [READ]),
        ((Step("renew"), Step("delete")), [], []),
    ],
)
def test_roles_that_a_run_changed(done: tuple[Step, ...], added: list[str], removed: list[str]) -> None:
    # What somebody else changed meanwhile, as the list shows in the end, is not counted.
    one = outcome(item=Item(desired(), user(3, roles=(READ, STORE))), user=user(3, roles=("administrator",)))
    one.done = list(done)
    assert role_changes(one) == (added, removed)


def test_all_roles_of_a_new_user_were_added() -> None:
    one = outcome(item=Item(desired(), None))
    one.done = [Step("set_roles", (STORE, AI))]
    assert role_changes(one) == ([AI, STORE], [])
