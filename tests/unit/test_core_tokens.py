# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AI tokens: what is read, asked for, planned and shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import (
    AmbiguousTokenError,
    ApiError,
    InputError,
    TokenNotFoundError,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.token_spec import (
    Spec,
    Token,
    names_one_of,
    parse_token,
    parse_tokens,
    parse_value,
    requirements,
)
from ansible_collections.cloudops.ovh.plugins.module_utils._core.tokens import (
    TokenOutcome,
    TokenPlan,
    Wanted,
    check_selector,
    matches,
    parse_wanted,
    plan_token,
    render_outcome,
    render_token,
)

OPERATOR, READ = "ai_training_operator", "ai_training_read"
ADA = Token("1", Spec("ada", READ, "GRA", "owner=ada"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 1)
TWIN = Token("2", Spec("ada", READ, "GRA"), "2026-01-02T00:00:00Z")
BOB = Token("3", Spec("bob", OPERATOR, "BHS"))


def answer(**changes: Any) -> dict[str, Any]:
    spec = {"name": "ada", "role": READ, "region": "GRA", "labelSelector": "owner=ada"}
    whole = {"id": "1", "createdAt": "x", "updatedAt": "y", "spec": spec, "status": {"version": 1, "value": "secret"}}
    return {**whole, **changes}


def wanted(**changes: Any) -> Wanted:
    return Wanted(**{"name": "ada", **changes})


def params(**changes: Any) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(["name", "token_id", "role", "region", "label_selector"])
    return {**blank, "state": "present", "renew": False, **changes}


# --- reading ---


def test_a_token_is_read_without_its_value() -> None:
    token, value = parse_value(answer())
    assert value == "secret"
    assert token == Token("1", Spec("ada", READ, "GRA", "owner=ada"), "x", "y", 1)
    assert "secret" not in repr(token)


def test_a_token_without_a_selector() -> None:
    spec = {"name": "ada", "role": READ, "region": "GRA"}
    assert parse_token(answer(spec=spec)).spec.label_selector == ""
    assert parse_token(answer(spec={**spec, "labelSelector": None}, status=None)).version is None
    assert parse_token(answer(status={"version": "1"}, createdAt=None, updatedAt="")) == ADA._replace(
        created_at=None, updated_at=None, version=None
    )


@pytest.mark.parametrize("bad", [None, [], {}, {"id": "", "spec": {"name": "x"}}, {"id": "1"}, {"id": "1", "spec": {}},
                                 {"id": 1, "spec": {"name": "x"}}, {"id": "1", "spec": {"name": None}}])  # fmt: skip
def test_what_is_no_token_is_an_uncertain_answer(bad: object) -> None:
    for parse in (parse_token, parse_value, lambda data: parse_tokens([data])):
        with pytest.raises(ApiError) as caught:
            parse(bad)
        assert caught.value.uncertain


@pytest.mark.parametrize("status", [None, {}, {"value": None}, {"value": ""}, {"value": 7}, "x"])
def test_a_creation_without_a_value_is_uncertain(status: object) -> None:
    with pytest.raises(ApiError) as caught:
        parse_value(answer(status=status))
    assert caught.value.uncertain


def test_a_list_has_the_oldest_first() -> None:
    found = parse_tokens([answer(id="b", createdAt="2"), answer(id="c", createdAt="1"), answer(id="a", createdAt="2")])
    assert [token.id for token in found] == ["c", "a", "b"]
    assert [token.id for token in parse_tokens([answer(), answer(id="0", createdAt=None)])] == ["0", "1"]
    with pytest.raises(ApiError):
        parse_tokens({})


# --- label selectors ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("owner=ada", " owner = ada "),
        ("owner=ada", "owner==ada"),
        ("a=1,b=2", "b=2, a=1"),
        ("a=1", "a=1,a=1"),
        ("team in (a,b)", "team in ( b, a )"),
        ("team in(a , b)", "team  in (b,a)"),
        ("team in (a,b),x!=1", "x != 1,team in(b,a)"),
        ("team notin (a)", "team  notin (a)"),
        ("", " "),
    ],
)
def test_selectors_that_mean_the_same(one: str, other: str) -> None:
    assert requirements(one) == requirements(other)
    assert Spec("x", READ, "GRA", one).same(Spec("y", READ, "gra", other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("a=1", "a!=1"), ("a=1", "a=2"), ("a=1", "a=1,b=2"), ("a=1", ""), ("a", "!a"), ("a in (x)", "a notin (x)"),
     ("a in (x)", "b in (x)"), ("a in (x,y)", "a in (xy)"),
     ("a in (x,y)", "a in (x)"), ("a=1", "A=1"), ("a=1", "a=A")],
)  # fmt: skip
def test_selectors_that_do_not(one: str, other: str) -> None:
    assert requirements(one) != requirements(other)


@pytest.mark.parametrize(
    "good", ["owner=ada", "owner==ada", "team!=x", "team", "!team", "ovh/type=app", "a=1,b", "team in (a, b),x",
             "team notin (a)", "owner=ada@example.com", "a="],
)  # fmt: skip
def test_good_selectors(good: str) -> None:
    assert check_selector(f" {good} ") == good


@pytest.mark.parametrize(
    ("bad", "said"),
    [("a=1,", "''"), (",a=1", "''"), ("a=1,,b=2", "''"), ("=1", "'=1'"), ("owner ada", "'owner ada'"),
     ("team in a,b", "'team in a'"), ("team in (a", "'team in (a'"), ("a=1;b=2 c", "'a=1;b=2 c'"),
     ("a=b=c", "'a=b=c'")],
)  # fmt: skip
def test_bad_selectors_say_which_part(bad: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_selector(bad)
    assert caught.value.message == (
        f"label_selector: {said} is not a requirement such as owner=ada, team!=a, team in (a,b), team or !team. A comma"
        " stands between requirements."
    )
    assert caught.value.details == {"key": "label_selector"}


def test_an_empty_selector_is_an_answer() -> None:
    assert check_selector(None) is None
    assert check_selector("") == ""
    assert check_selector("  ") == ""


@given(st.text(alphabet="ab=!,() in", max_size=12))
def test_a_good_selector_keeps_its_meaning(text: str) -> None:
    try:
        good = check_selector(text)
    except InputError:
        return
    assert good is not None
    assert requirements(good) == requirements(text)
    assert check_selector(good) == good


@pytest.mark.parametrize(
    ("selector", "named"),
    [
        ("owner=ada", True),
        ("team=x, owner == ada", True),
        ("owner=ada=b", False),
        ("owner!=ada", False),
        ("owner in (ada)", True),
        ("team=x,owner in( ada )", True),
        ("owner in (ada,bob)", False),
        ("owner in ()", False),
        ("owner notin (ada)", False),
        ("ada", False),
        ("ada=x", False),
        ("owner=Ada", False),
        ("", False),
    ],
)
def test_whom_a_selector_names(selector: str, named: bool) -> None:
    assert names_one_of(selector, ["ada", "user-3"]) is named
    assert names_one_of(selector, []) is False


# --- asking ---


@pytest.mark.parametrize("key", ["name", "token_id", "region"])
def test_blank_options_are_refused(key: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_wanted(params(**{key: " "}))
    assert caught.value.message == f"{key} is blank. Leave it out, or give a value."
    assert caught.value.details == {"key": key}


def test_renewing_what_shall_go_makes_no_sense() -> None:
    with pytest.raises(InputError) as caught:
        parse_wanted(params(name="ada", state="absent", renew=True))
    assert caught.value.message == "renew gives an existing token a new value and goes with state=present only."


def test_what_is_asked() -> None:
    assert parse_wanted(params(name="ada", renew=True)) == wanted(renew=True)
    assert parse_wanted(params(token_id="1", state="absent")) == Wanted(token_id="1", state="absent")
    assert (wanted().label, Wanted(token_id="1").label) == ("token 'ada'", "token_id 1")
    asked = parse_wanted(params(name="ada", role=READ, label_selector=" a=1 "))
    assert asked == Wanted("ada", None, READ, None, "a=1")
    assert asked.over(BOB.spec) == Spec("bob", READ, "BHS", "a=1")
    assert wanted(label_selector="").over(ADA.spec).label_selector == ""
    assert wanted().over(ADA.spec) == ADA.spec


# --- planning ---

PLANS: list[tuple[list[Token], Wanted, str, Token | None, Spec | None]] = [
    ([], wanted(role=READ, region="GRA"), "create", None, Spec("ada", READ, "GRA")),
    ([BOB], wanted(role=READ, region="GRA", label_selector="a=1"), "create", None, Spec("ada", READ, "GRA", "a=1")),
    ([ADA, BOB], wanted(), "", ADA, None),
    ([ADA], wanted(role=READ, region="gra", label_selector="owner = ada"), "", ADA, None),
    ([ADA], wanted(renew=True), "renew", ADA, None),
    ([ADA], wanted(role=OPERATOR), "replace", ADA, Spec("ada", OPERATOR, "GRA", "owner=ada")),
    ([ADA], wanted(region="BHS", renew=True), "replace", ADA, Spec("ada", READ, "BHS", "owner=ada")),
    ([ADA], wanted(label_selector=""), "replace", ADA, Spec("ada", READ, "GRA")),
    ([ADA], wanted(state="absent"), "delete", ADA, None),
    ([BOB], wanted(state="absent"), "", None, None),
    ([ADA, TWIN], Wanted(token_id="2", state="absent"), "delete", TWIN, None),
    ([ADA, TWIN], wanted(token_id="2", renew=True), "renew", TWIN, None),
    ([ADA, TWIN], Wanted(token_id="1", role=OPERATOR), "replace", ADA, Spec("ada", OPERATOR, "GRA", "owner=ada")),
    ([ADA], Wanted(token_id="9", state="absent"), "", None, None),
]


@pytest.mark.parametrize(("tokens", "asked", "action", "token", "spec"), PLANS)
def test_a_plan(tokens: list[Token], asked: Wanted, action: str, token: Token | None, spec: Spec | None) -> None:
    plan = plan_token(tokens, asked)
    assert plan == TokenPlan(action, token, spec)
    assert plan.gives_value == (action in ("create", "replace", "renew"))


@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_of_one_name_are_named(state: str) -> None:
    with pytest.raises(AmbiguousTokenError) as caught:
        plan_token([ADA, BOB, TWIN], wanted(state=state))
    assert caught.value.as_dict() == {
        "code": "ambiguous_token",
        "message": "name: 2 AI tokens are called 'ada':"
        " 1 (ai_training_read, GRA, owner=ada, made 2026-01-01T00:00:00Z);"
        " 2 (ai_training_read, GRA, no selector, made 2026-01-02T00:00:00Z). Nothing was changed. Name the right one by"
        " token_id, and delete the others with token_id and state=absent.",
        "token_ids": ["1", "2"],
    }


def test_an_id_of_another_name_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        plan_token([ADA, BOB], wanted(token_id="3", state="absent"))
    assert caught.value.as_dict() == {
        "code": "bad_input",
        "message": "token_id: the AI token 3 is called 'bob', not 'ada'. Give one of name and token_id, or the right"
        " pair.",
        "key": "token_id",
    }


@pytest.mark.parametrize("name", [None, "ada"])
def test_an_id_cannot_be_chosen(name: str | None) -> None:
    with pytest.raises(TokenNotFoundError) as caught:
        plan_token([ADA], Wanted(name=name, token_id="9", role=READ, region="GRA"))
    hint = " Leave token_id out to make one: the API chooses ids." if name else ""
    assert caught.value.message == f"token_id: there is no AI token 9 in this project.{hint}"


@pytest.mark.parametrize("more", [{}, {"role": READ}, {"region": "GRA"}])
def test_a_new_token_needs_a_role_and_a_region(more: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        plan_token([BOB], wanted(**more))
    assert caught.value.as_dict() == {
        "code": "bad_input",
        "message": "There is no AI token 'ada' in this project, and to make it role and region are needed.",
        "name": "ada",
    }


@given(
    tokens=st.lists(st.sampled_from([ADA, BOB]), unique=True),
    role=st.sampled_from([None, READ, OPERATOR]),
    region=st.sampled_from([None, "GRA", "bhs"]),
    selector=st.sampled_from([None, "", "owner=ada", "a=1,b"]),
    state=st.sampled_from(["present", "absent"]),
)
def test_a_second_run_changes_nothing(
    tokens: list[Token], role: str | None, region: str | None, selector: str | None, state: str
) -> None:
    asked = wanted(role=role, region=region, label_selector=selector, state=state)
    try:
        plan = plan_token(tokens, asked)
    except InputError:
        return
    outcome = TokenOutcome(plan).foresee()
    assert outcome.changed == bool(plan.action)
    left = [token for token in tokens if token.id not in outcome.removed and token != plan.token]
    again = plan_token([*left, *([outcome.token] if outcome.token else [])], asked)
    assert again.action == ""


# --- showing ---


@pytest.mark.parametrize(("tokens", "asked", "action", "token", "spec"), PLANS)
def test_check_mode_foresees_a_plan(
    tokens: list[Token], asked: Wanted, action: str, token: Token | None, spec: Spec | None
) -> None:
    outcome = TokenOutcome(plan_token(tokens, asked)).foresee()
    expected = Token("", spec) if spec is not None else None if action == "delete" else token
    assert outcome.token == expected
    assert outcome.renewed is (action in ("create", "replace", "renew"))
    assert outcome.removed == ([token.id] if token is not None and action in ("replace", "delete") else [])
    assert (outcome.value, outcome.error, outcome.notes) == (None, None, [])
    assert outcome.changed is bool(action)
    result = render_outcome(outcome)
    assert result["diff"]["before"].get("token") == (None if token is None else "kept")
    assert result["diff"]["after"].get("token") == (
        None if expected is None else "renewed" if outcome.renewed else "kept"
    )
    assert "token" not in result


def test_a_token_as_it_is_shown() -> None:
    assert render_token(None) is None
    assert render_token(ADA) == {
        "id": "1",
        "name": "ada",
        "role": READ,
        "region": "GRA",
        "label_selector": "owner=ada",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "version": 1,
    }
    assert render_token(Token("", BOB.spec)) == {
        **dict.fromkeys(["id", "label_selector", "created_at", "updated_at", "version"]),
        "name": "bob",
        "role": OPERATOR,
        "region": "BHS",
    }
    outcome = TokenOutcome(TokenPlan("", BOB))
    state = {"name": "bob", "role": OPERATOR, "region": "BHS", "label_selector": None, "token": "kept"}
    assert render_outcome(outcome)["diff"] == {"before": state, "after": state}


def test_a_result_holds_the_value_in_one_place_only() -> None:
    outcome = TokenOutcome(TokenPlan("create", None, ADA.spec))
    outcome.keep(ADA, "bearer value")
    result = render_outcome(outcome)
    assert result.pop("token") == "bearer value"
    assert "bearer value" not in json.dumps(result)
    assert result["diff"] == {
        "before": {},
        "after": {"name": "ada", "role": READ, "region": "GRA", "label_selector": "owner=ada", "token": "renewed"},
    }
    assert result["ai_token"]["id"] == "1"


def test_a_replacement_that_left_the_old_one_says_so() -> None:
    outcome = TokenOutcome(TokenPlan("replace", ADA, TWIN.spec))
    outcome.keep(TWIN, None)
    result = render_outcome(outcome)
    assert result["changed"]
    assert result["removed"] == []
    assert result["ai_token"]["id"] == "2"
    outcome.drop(ADA)
    assert render_outcome(outcome)["removed"] == ["1"]
    assert render_outcome(outcome)["ai_token"]["id"] == "2"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"name": "ada"}, ["1", "2"]),
        ({"token_id": "2"}, ["2"]),
        ({"name": "ada", "token_id": "3"}, []),
        ({"role": OPERATOR}, ["3"]),
        ({"region": "gra"}, ["1", "2"]),
        ({"label_selector": ""}, ["2", "3"]),
        ({"label_selector": "owner = ada"}, ["1"]),
        ({"name": "ada", "label_selector": ""}, ["2"]),
    ],
)
def test_filters_combine(filters: dict[str, Any], expected: list[str]) -> None:
    assert [token.id for token in (ADA, TWIN, BOB) if matches(token, Wanted(**filters))] == expected
