# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies in the credentials folder, byte by byte: people read it, and the next version of the collection does."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.credential import (
    Credential,
    Intent,
    credential_of,
    credential_of_label,
    dump_intent,
    dump_record,
    finished_label,
    load_intent,
    load_record,
    s3_fields,
    s3_profile,
    vault_label,
    with_times,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import StoreError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.names import file_stem
from ansible_collections.cloudops.ovh.tests.unit.strategies import DESCRIPTIONS, JSON, NOON

# Records


def test_a_record_is_yaml_of_one_line_a_key() -> None:
    record = {
        "user_id": 7,
        "description": "é: {{ x }}\nline\u2028\x85\ufeff",
        "password": None,
        "My note": [1, "a"],
        3: True,
        "since": datetime.date(2026, 3, 1),
    }
    text = (
        "---\n"
        "user_id: 7\n"
        'description: "é: {{ x }}\\nline\\u2028\\u0085\\ufeff"\n'
        "password: null\n"
        '"My note": [1, "a"]\n'
        "3: true\n"
        'since: "2026-03-01"\n'
    )
    assert dump_record(record) == text
    assert yaml.safe_load(text) == {**record, "since": "2026-03-01"}


@given(st.dictionaries(st.from_regex(r"\A[a-z0-9_]{1,8}\Z"), JSON, min_size=1, max_size=4))
def test_a_record_is_read_as_it_was_written(record: dict[str, Any]) -> None:
    # NaN is no JSON, and not equal to itself.
    assert json.dumps(load_record(dump_record(record))) == json.dumps(record)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('---\n\nuser_id: 7\npassword: "a: b"\n', {"user_id": 7, "password": "a: b"}),
        ("user_id: 7", {"user_id": 7}),
        # YAML that is not of this form is left to a reader of YAML.
        ("", None),
        ("---\n", None),
        ("user_id: 7\npassword: secret\n", None),
        ("user_id: 7\n  more\n", None),
        ("password:\n", None),
        ("My note: 1\n", None),
        ("user_id: 7\nbroken: " + "[" * 100000, None),
    ],
)
def test_only_what_we_wrote_is_read_without_a_library(text: str, record: dict[str, Any] | None) -> None:
    assert load_record(text) == record


@pytest.mark.parametrize(
    ("record", "credential"),
    [
        ({"user_id": 7, "password": "p"}, Credential(7, True)),
        ({"user_id": 7, "password": ""}, Credential(7, False)),
        ({"user_id": 7}, Credential(7, False)),
        (
            {
                "user_id": 7,
                "password": "p",
                "issued_at": "2026-03-01T12:00:00Z",
                "delivered_at": "2026-03-01T12:00:05Z",
                "intent": "ab12",
                "s3_access": "key",
            },
            Credential(7, True, NOON, NOON + 5, "ab12", "key"),
        ),
        # Where a person has edited it.
        ({"user_id": 7, "issued_at": "then", "delivered_at": 5}, Credential(7, False)),
        ({"user_id": 7, "intent": 5, "s3_access": ["key"]}, Credential(7, False)),
    ],
)
def test_what_is_known_of_a_record(record: dict[str, Any], credential: Credential) -> None:
    assert credential_of(record, "/x/ada.yml") == credential


@pytest.mark.parametrize(
    "record",
    [{}, {"user_id": "7"}, {"user_id": True}, {"user_id": None, "password": "p"}, {"user_id": 7, "password": 5}],
)
def test_what_is_no_credential_file(record: dict[str, Any]) -> None:
    with pytest.raises(StoreError) as caught:
        credential_of(record, "/x/ada.yml")
    assert caught.value.message == (
        "/x/ada.yml is not a credential file (no valid user_id, or a password that is no text): restore it, or move it"
        " away and have the password renewed with update_password=always."
    )


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (datetime.datetime(2026, 3, 1, 12), "2026-03-01T12:00:00Z"),
        (
            datetime.datetime(2026, 3, 1, 14, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            "2026-03-01T12:00:00Z",
        ),
        ("2026-03-01 12:00:00", "2026-03-01T12:00:00Z"),
        ("soon", "soon"),
        (None, None),
        (datetime.date(2026, 3, 1), datetime.date(2026, 3, 1)),
    ],
)
def test_times_that_yaml_made_dates_of(held: object, text: object) -> None:
    assert with_times({"issued_at": held, "user_id": 7}) == {"issued_at": text, "user_id": 7}
    assert "delivered_at" not in with_times({})


# Labels of vaults


@pytest.mark.parametrize(
    ("credential", "label"),
    [
        (Credential(7, True, NOON, NOON + 5, "ab12", "Key1"), "ovh_7_1772366400_1772366405_ab12_1_Key1"),
        (Credential(7, False), "ovh_7_0_0__0_"),
        (Credential(10**19 - 1, True, None, NOON), f"ovh_{10**19 - 1}_0_1772366400__1_"),
    ],
)
def test_a_label_says_all_but_the_password(credential: Credential, label: str) -> None:
    assert vault_label(credential) == label
    assert credential_of_label(label) == credential


@pytest.mark.parametrize(
    "credential",
    [
        Credential(7, True, intent="no hex"),
        Credential(7, True, s3_access="a;b"),
        Credential(10**19, True),
        Credential(7, True, 10.0**12),
        Credential(7, True, None, -5.0),
        Credential(),
    ],
)
def test_what_cannot_stand_in_a_label_is_decrypted_for(credential: Credential) -> None:
    assert vault_label(credential) == "ovh"
    assert credential_of_label("ovh") is None


def test_a_label_says_that_a_rotation_is_not_finished() -> None:
    credential = Credential(7, True, NOON, None, "ab12", "Key1")
    label = vault_label(credential._replace(s3_replaces=("Key0",)))
    assert label == "ovh_7_1772366400_0_ab12_1_Key1_rotating"
    # Which keys have to go is in the file only.
    assert credential_of_label(label) is None
    assert credential_of_label(finished_label(label)) == credential
    assert finished_label(vault_label(credential)) == vault_label(credential)


@pytest.mark.parametrize(
    "label", ["", "default", "xovh_7_0_0__0_", "ovh_7_0_0__2_", "ovh_7_0_0__0_;", "ovh_7_0_0__0_\n"]
)
def test_a_label_of_somebody_else_says_nothing(label: str) -> None:
    assert credential_of_label(label) is None


# Intents


def test_an_intent_is_json_without_secrets() -> None:
    intent = Intent("ab12", "renew", NOON, 90.0, 7)
    text = dump_intent(intent, "ada")
    assert text == (
        '{"action": "renew", "began_at": 1772366400.0, "description": "ada", "id": "ab12", "roles": null,'
        ' "surplus": [], "user_id": 7, "valid_for": 90.0}\n'
    )
    assert load_intent(text, "") == intent
    create = Intent("ab12", "create", NOON, 90.0, None, ("a", "b"), ("c",))
    assert load_intent(dump_intent(create, "ada"), "") == create


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": None}, ""),
        ({"began_at": "5", "valid_for": 2, "user_id": "7"}, ""),
        ({"roles": "a", "surplus": None}, ""),
        ({"action": "rename"}, "an intent to 'rename', which is unknown"),
        ({"began_at": "soon"}, "not an intent that this collection wrote"),
        ({"valid_for": None}, "not an intent that this collection wrote"),
        ({"user_id": "x"}, "not an intent that this collection wrote"),
        ({"began_at": float("nan")}, "an intent without a time"),
        ({"valid_for": float("inf")}, "an intent without a time"),
    ],
)
def test_an_intent_is_understood_or_left_to_a_person(change: dict[str, Any], problem: str) -> None:
    text = json.dumps({"id": "ab", "action": "create", "began_at": 1.0, "valid_for": 2.0, "user_id": 3, **change})
    if not problem:
        expected = {"id": "ab", "began_at": 1.0, "user_id": 3, **change}
        assert load_intent(text, "/x") == Intent(
            str(expected["id"]), "create", float(expected["began_at"]), 2.0, int(expected["user_id"])
        )
        return
    with pytest.raises(StoreError) as caught:
        load_intent(text, "/x/ada.intent")
    assert caught.value.message == f"/x/ada.intent is {problem}: look at it, then remove it."


@pytest.mark.parametrize("key", ["id", "action", "began_at", "valid_for", "user_id"])
def test_an_intent_has_all_its_keys(key: str) -> None:
    whole = {"id": "ab", "action": "create", "began_at": 1.0, "valid_for": 2.0, "user_id": 3}
    for text in (json.dumps({name: value for name, value in whole.items() if name != key}), "{", "[]", "null"):
        with pytest.raises(StoreError, match="not an intent that this collection wrote"):
            load_intent(text, "/x")


# Access keys


def test_a_profile_is_ready_to_paste() -> None:
    profile = s3_profile("KEY", "secret", "gra")
    assert profile == {
        "s3_access": "KEY",
        "s3_secret": "secret",
        "s3_endpoint": "https://s3.gra.io.cloud.ovh.net",
        "s3_region": "gra",
        "s3_aws_profile": "[ovh]\naws_access_key_id = KEY\naws_secret_access_key = secret\nregion = gra\n"
        "endpoint_url = https://s3.gra.io.cloud.ovh.net\n",
        "s3_rclone_profile": "[ovh]\ntype = s3\nprovider = OVHcloud\naccess_key_id = KEY\nsecret_access_key = secret\n"
        "region = gra\nendpoint = https://s3.gra.io.cloud.ovh.net\nacl = private\n",
    }
    assert s3_fields({"user_id": 7, **profile, "password": "p"}) == profile


# Names of files


@pytest.mark.parametrize(
    ("description", "user_id", "stem"),
    [
        ("ada", None, "ada"),
        ("a/b =é", 7, "a%2Fb%20%3D%C3%A9=7"),
        ("\ud800", None, "%ED%A0%80"),
        ("x" * 179, None, "x" * 179),
        # A long one is cut and ends in its SHA-256: 180 characters.
        ("x" * 180, None, "x" * 115 + "-06b6bce48b25b355bf44ca11afb898f482f174c15f2308c47ed31bc19bc64fc6"),
        (
            "\ud800" * 70,
            7,
            "%ED%A0%80" * 12 + "%ED%A0%-6a47f1c2adcb5565f593fb88b7389566bdbce424b20b2ec06fd566f66a29fb4c=7",
        ),
    ],
)
def test_a_file_is_named_after_the_description(description: str, user_id: int | None, stem: str) -> None:
    assert file_stem(description, user_id) == stem


@given(DESCRIPTIONS, DESCRIPTIONS)
def test_two_descriptions_never_share_a_name(one: str, other: str) -> None:
    assert (file_stem(one) == file_stem(other)) == (one == other)
