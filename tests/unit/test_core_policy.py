# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: checked for their shape, compared by what they mean, shown without noise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import ApiError, InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.model import User
from ansible_collections.cloudops.ovh.plugins.module_utils._core.policy import (
    EMPTY,
    NONE,
    Current,
    PolicyOutcome,
    as_json,
    canonical,
    parse_current,
    parse_document,
    render_policy,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.render import render_user

READ = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"],
}
DENY = {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
ADA = User(7, "user-x", "ada", "ok", None, None, ())


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Statement": list(statements), **more}


def statement(**changes: Any) -> dict[str, Any]:
    """A good statement with changes; None takes a key away."""
    return {key: value for key, value in {**READ, **changes}.items() if value is not None}


def refusal(value: object) -> str | None:
    """Return why a policy is refused, None if it is not."""
    try:
        parse_document(value)
    except InputError as error:
        return error.message
    return None


# --- shape ---


@pytest.mark.parametrize(
    "good",
    [
        document(),
        document(READ, DENY),
        document(READ, Version="2012-10-17", Id="x"),
        document(statement(Action="*")),
        document(statement(Action=["s3:Get*", "s3:?etObject", "s3:PutObject"])),
        document(statement(Action=None, NotAction="s3:DeleteBucket")),
        document(statement(Resource=None, NotResource=["arn:aws:s3:::a"])),
        document(statement(Principal={"AWS": "*"})),
        document(statement(Condition={"StringEquals": {"s3:prefix": ["", "ada/"]}})),
        document(statement(Condition={"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": 0}})),
    ],
)
def test_a_good_policy_is_kept_as_it_is(good: dict[str, Any]) -> None:
    assert parse_document(good) == good
    assert parse_document(json.dumps(good)) == good
    assert json.loads(as_json(parse_document(json.dumps(good, indent=3)))) == good


def test_a_single_statement_becomes_a_list() -> None:
    assert parse_document({"Statement": READ}) == document(READ)


BAD = [
    (None, "policy must be a mapping or its JSON text, not empty."),
    ([READ], "policy must be a mapping or its JSON text, not a list."),
    (7, "policy must be a mapping or its JSON text, not a number."),
    ("", "policy is not valid JSON: Expecting value: line 1 column 1 (char 0)."),
    ("{", "policy is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
    ("[]", "policy must be a mapping or its JSON text, not a list."),
    ('"text"', "policy must be a mapping or its JSON text, not text."),
    ('{"Statement": [], "Statement": []}', "policy: the key 'Statement' is there twice in one mapping."),
    (
        '{"Statement": [{"Effect": "Deny", "Effect": "Allow"}]}',
        "policy: the key 'Effect' is there twice in one mapping.",
    ),
    ('{"Statement": [], "Version": NaN}', "policy is not valid JSON: NaN is not JSON."),
    ("[" * 100_000, "policy is nested too deeply."),
    ({}, "policy: Statement must be a list of statements, not empty."),
    ({"Statement": "x"}, "policy: Statement must be a list of statements, not text."),
    ({"statement": [READ]}, "policy: unknown key 'statement'. Write Statement. Keys: Version, Id, Statement."),
    ({"Statement": [], "Extra": 1}, "policy: unknown key 'Extra'. Keys: Version, Id, Statement."),
    ({"Statement": [], "Version": 1.5}, "policy.Version must be text that is not blank, not a number."),
    ({"Statement": [], "Version": b"x"}, "policy.Version must be text that is not blank, not bytes."),
    ({"Statement": [], "Version": 2012}, "policy.Version must be text that is not blank, not a number."),
    (document(READ, "x"), "policy: Statement[1] must be a mapping, not text."),
    (document(READ, None), "policy: Statement[1] must be a mapping, not empty."),
    (
        document(statement(effect="Allow", Effect=None)),
        "policy: Statement[0]: unknown key 'effect'. Write Effect. Keys: Sid, Effect, Principal,"
        " NotPrincipal, Action, NotAction, Resource, NotResource, Condition.",
    ),
    (document(statement(Effect=None)), "policy: Statement[0] has no Effect: Allow or Deny."),
    (
        document(statement(Effect="allow")),
        "policy: Statement[0].Effect must be Allow or Deny, in this case, not 'allow'.",
    ),
    (
        document(statement(Effect=["Allow"])),
        "policy: Statement[0].Effect must be Allow or Deny, in this case, not ['Allow'].",
    ),
    (document(statement(Action=None)), "policy: Statement[0] has none of Action and NotAction: give exactly one."),
    (document(statement(NotAction="s3:*")), "policy: Statement[0] has both of Action and NotAction: give exactly one."),
    (
        document(READ, statement(Resource=None)),
        "policy: Statement[1] has none of Resource and NotResource: give exactly one.",
    ),
    (document(statement(Action=[])), "policy: Statement[0].Action is an empty list: it would match nothing."),
    (
        document(statement(Action="GetObject")),
        "policy: Statement[0].Action: 'GetObject' is not an action such as s3:GetObject, s3:* or *.",
    ),
    (
        document(statement(Action=["s3:GetObject", "s3 :Put"])),
        "policy: Statement[0].Action: 's3 :Put' is not an action such as s3:GetObject, s3:* or *.",
    ),
    (
        document(statement(Action=["s3:GetObject", 7])),
        "policy: Statement[0].Action[1] must be text that is not blank, not a number.",
    ),
    (document(statement(Resource="")), "policy: Statement[0].Resource must be text that is not blank, not blank text."),
    (
        document(statement(Resource=["a", ""])),
        "policy: Statement[0].Resource[1] must be text that is not blank, not blank text.",
    ),
    (
        document(statement(Resource={"a": 1})),
        "policy: Statement[0].Resource must be text that is not blank, not a mapping.",
    ),
    (document(statement(Sid=7)), "policy: Statement[0].Sid must be text that is not blank, not a number."),
    (
        document(statement(Conditions={})),
        "policy: Statement[0]: unknown key 'Conditions'. Keys: Sid, Effect, Principal, NotPrincipal,"
        " Action, NotAction, Resource, NotResource, Condition.",
    ),
    (
        document(statement(Condition={})),
        "policy: Statement[0].Condition must map operators such as IpAddress to keys and values, not an empty mapping.",
    ),
    (
        document(statement(Condition=["x"])),
        "policy: Statement[0].Condition must map operators such as IpAddress to keys and values, not a list.",
    ),
    (
        document(statement(Condition={"Bool": True})),
        "policy: Statement[0].Condition.Bool must map keys to values, not true or false.",
    ),
    (
        document(statement(Condition={"Bool": {"k": []}})),
        "policy: Statement[0].Condition.Bool.k must be a value or a list of values.",
    ),
    (
        document(statement(Condition={"Bool": {"k": None}})),
        "policy: Statement[0].Condition.Bool.k must be a value or a list of values.",
    ),
    (
        document(statement(Condition={"Bool": {"k": [{}]}})),
        "policy: Statement[0].Condition.Bool.k must be a value or a list of values.",
    ),
]


@pytest.mark.parametrize(("bad", "message"), BAD)
def test_a_message_says_where_a_policy_is_wrong(bad: object, message: str) -> None:
    assert refusal(bad) == message


def test_an_unknown_key_is_named_as_data() -> None:
    with pytest.raises(InputError) as caught:
        parse_document({"Statement": [], 7: 1})
    assert caught.value.details == {"key": "7"}


def test_a_condition_left_empty_is_refused_and_not_dropped() -> None:
    """In YAML ``Condition:`` without anything below is null: dropping it would allow more than was meant."""
    with pytest.raises(InputError, match=r"Statement\[0\]\.Condition"):
        parse_document({"Statement": [{**READ, "Condition": None}]})


_KEYS = st.sampled_from(["Statement", "Effect", "Action", "Resource", "Condition", "x"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(_LEAVES, lambda one: st.lists(one) | st.dictionaries(_KEYS, one)))
def test_anything_is_a_policy_or_a_clear_error(value: Any) -> None:
    message = refusal(value)
    assert message is None or message.startswith("policy")


# --- meaning ---


def test_what_the_api_says_is_kept_beside_its_text() -> None:
    text = json.dumps({"Id": "x", "Statement": READ})
    for data in (text, {"policy": text}):
        assert parse_current(data) == Current(text, document(READ, Id="x"))


SAME = [
    (document(READ), document(dict(reversed(list(READ.items()))))),
    (document(READ), document(statement(Action=["s3:ListBucket", "s3:GetObject", "s3:GetObject"]))),
    (document(READ), document(statement(Resource=["arn:aws:s3:::b", "arn:aws:s3:::a"]))),
    (document(READ, DENY), document(DENY, READ)),
    (document(READ), document(READ, READ)),
    (document(READ), document(READ, dict(reversed(list(READ.items()))))),
    (document(DENY), document({**DENY, "Action": ["s3:*"], "Resource": ["*"]})),
    (
        document(statement(Condition={"Bool": {"k": True}, "IpAddress": {"ip": ["b", "a"]}})),
        document(statement(Condition={"IpAddress": {"ip": ["a", "b"]}, "Bool": {"k": ["true"]}})),
    ),
    (document(), document(Version="2012-10-17")),
]
OTHER = [
    (document(READ), document(DENY)),
    (document(READ), document()),
    (document(READ), document(READ, DENY)),
    (document(READ), document(statement(Effect="Deny"))),
    (document(READ), document(statement(Action=["s3:GetObject"]))),
    (document(READ), document(statement(Resource=["arn:aws:s3:::a"]))),
    (document(READ), document(statement(Action=None, NotAction=READ["Action"]))),
    (document(READ), document(statement(Sid="x"))),
    (document(READ), document(READ, Version="2012-10-17")),
    (document(READ), document(statement(Condition={"Bool": {"k": True}}))),
    (document(statement(Condition={"Bool": {"k": True}})), document(statement(Condition={"Bool": {"k": False}}))),
]


def current(value: Any) -> Current:
    return parse_current({"policy": json.dumps(value)})


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_meaning(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert current(one).same(other)
    assert current(other).same(one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_meaning(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not current(one).same(other)
    assert not current(other).same(one)


@pytest.mark.parametrize(
    "data",
    [None, {}, {"policy": None}, {"policy": ""}, {"policy": " \n"}, {"policy": "{}"}, {"policy": "null"},
     {"policy": '{"Statement":[]}'}, {"policy": '{"Statement":null}'}, {"policy": '{"Version":"2012-10-17"}'}],
)  # fmt: skip
def test_nothing_has_many_forms(data: object) -> None:
    found = parse_current(data)
    assert found.is_empty
    assert found.same(EMPTY)
    assert not found.same(document(READ))


@pytest.mark.parametrize("text", ["not JSON", "[]", "7", '"x"', "[" * 100_000])
def test_what_is_not_a_policy_is_none_that_anybody_asked_for(text: str) -> None:
    found = parse_current({"policy": text})
    assert found == Current(text, None)
    assert not found.is_empty
    assert not found.same(EMPTY)
    assert not found.same(document(READ))


@pytest.mark.parametrize("data", [[], {"policy": 7}, {"policy": {}}, 7])
def test_an_answer_of_another_shape_is_an_error(data: object) -> None:
    with pytest.raises(ApiError):
        parse_current(data)


@given(
    st.permutations([READ, DENY, statement(Sid="x")]),
    st.permutations(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]),
)
def test_the_canonical_form_is_one(statements: list[dict[str, Any]], actions: list[str]) -> None:
    form = canonical(document(*statements, statement(Action=actions)))
    assert form == canonical(document(*reversed(statements), statement(Action=sorted(actions))))
    assert canonical(form) == form


@pytest.mark.parametrize("odd", [{"Statement": ["x", 1, None]}, {"Statement": [{"Condition": 7, "Action": {"a": 1}}]}])
def test_an_odd_policy_of_somebody_else_can_be_compared(odd: dict[str, Any]) -> None:
    assert current(odd).same(odd)
    assert not current(odd).same(document(READ))


# --- showing ---


def test_a_diff_shows_what_means_something_else_and_nothing_more() -> None:
    before = current(document(DENY, READ))
    after = document({**READ, "Action": list(reversed(READ["Action"]))})
    diff = render_policy(PolicyOutcome(ADA, before, after))["diff"]
    removed = set(diff["before"].splitlines()) - set(diff["after"].splitlines())
    assert removed
    assert not {line for line in removed if "GetObject" in line}
    assert json.loads(diff["after"]) == canonical(document(READ))


def test_a_policy_is_shown_in_one_form() -> None:
    result = render_policy(PolicyOutcome(ADA, current(EMPTY), document({"Sid": "x", "Resource": "b", "Action": "a"})))
    assert result["diff"] == {
        "before": '{\n  "Statement": []\n}\n',
        "after": '{\n  "Statement": [\n    {\n      "Action": [\n        "a"\n      ],\n      "Resource": [\n'
        '        "b"\n      ],\n      "Sid": "x"\n    }\n  ]\n}\n',
    }
    assert result["user"] == render_user(ADA)


def test_what_did_not_change_has_no_diff() -> None:
    result = render_policy(PolicyOutcome(ADA, current(document(READ))))
    assert not result["changed"]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert result["policy"] == document(READ)


def test_what_was_no_policy_is_shown_as_it_was() -> None:
    result = render_policy(PolicyOutcome(ADA, Current("garbage", None), EMPTY))
    assert result["diff"]["before"] == "garbage\n"
    assert result["policy"] == EMPTY
    assert result["changed"]


def test_a_missing_user_has_no_policy() -> None:
    assert render_policy(PolicyOutcome()) == {
        "changed": False,
        "user": None,
        "policy": None,
        "diff": {"before": "", "after": ""},
    }
    assert NONE.is_empty
