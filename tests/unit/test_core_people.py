# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CSV file becomes a list of people, or an error that says the line."""

from __future__ import annotations

import copy
import csv
import io
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.filter.user_identities import user_identities
from ansible_collections.cloudops.ovh.plugins.filter.users_from_csv import FilterModule
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import InputError
from ansible_collections.cloudops.ovh.plugins.module_utils._core.people import people_from_csv, split_roles

TWO = [{"description": "ada", "roles": ["ai_training_read", "volume_operator"]}, {"description": "grace"}]


@pytest.mark.parametrize(
    "text",
    [
        "description,roles\nada,ai_training_read;volume_operator\ngrace,\n",
        "description,roles\r\nada,ai_training_read volume_operator\r\ngrace,",
        "description,roles\rada,ai_training_read volume_operator\rgrace\r",
        "\ufeffdescription;roles\r\nada;ai_training_read volume_operator\r\ngrace;\r\n",
        '\ufeff"description";"roles"\nada;"ai_training_read;volume_operator"\ngrace;\n',
        "description\troles\nada\tai_training_read;volume_operator\ngrace\n",
        # Rows and columns that a spreadsheet had once.
        "\n\nroles,description,,\n\nai_training_read;volume_operator,ada,,\n,,,\n , grace ,,,,\n\n",
        '"Description","Roles"\n"ada","ai_training_read,\nvolume_operator"\n"grace",""\n',
    ],
)
def test_what_spreadsheets_write_is_read(text: str) -> None:
    assert people_from_csv(text) == TWO


def test_every_column_is_taken() -> None:
    text = (
        "Name,roles,Revoke Roles,purge-roles,State,UPDATE_PASSWORD,s3_credentials\n"
        'ada,AI Operator,"ai_*",TRUE,Present,Always,\n'
        "grace,,,,absent,,absent\n"
    )
    assert people_from_csv(text) == [
        {"name": "ada", "roles": ["AI Operator"], "revoke_roles": ["ai_*"], "purge_roles": "true", "state": "present",
         "update_password": "always"},
        {"name": "grace", "state": "absent", "s3_credentials": "absent"},
    ]  # fmt: skip
    assert people_from_csv("user_id,roles\n7,administrator\n") == [{"user_id": "7", "roles": ["administrator"]}]


@pytest.mark.parametrize(
    ("cell", "roles"),
    [
        ("ai_training_read", ["ai_training_read"]),
        ("a_b  c_d\te", ["a_b", "c_d", "e"]),
        ("AI Training Operator", ["AI Training Operator"]),
        ("AI Operator; ObjectStore Operator ;", ["AI Operator", "ObjectStore Operator"]),
        ("administrator, a_b", ["administrator", "a_b"]),
        ("AI Operator\na_b", ["AI Operator", "a_b"]),
        (" ; ", []),
    ],
)
def test_roles_in_a_cell(cell: str, roles: list[str]) -> None:
    assert split_roles(cell) == roles


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The CSV is empty. Its first line names the columns, such as description,roles."),
        ("\ufeff\n \r\n", "The CSV is empty. Its first line names the columns, such as description,roles."),
        (
            "description,rolls\nada,x\n",
            "line 1: unknown column 'rolls'. The nearest is roles. Columns: ai_tokens, description, name,"
            " purge_roles, revoke_roles, roles, s3_credentials, state, update_password, user_id, username.",
        ),
        (
            "\n\nada@example.com\n",
            "line 3: unknown column 'ada@example.com'. Columns: ai_tokens, description, name, purge_roles,"
            " revoke_roles, roles, s3_credentials, state, update_password, user_id, username.",
        ),
        (
            "people.csv",
            "line 1: unknown column 'people.csv'. That looks like a path; give the text, such as"
            " lookup('ansible.builtin.file', path).",
        ),
        (
            "data/people",
            "line 1: unknown column 'data/people'. That looks like a path; give the text, such as"
            " lookup('ansible.builtin.file', path).",
        ),
        ("description,description\nada,ada\n", "line 1 names the column description twice."),
        (
            "description,roles\nada,a,b\n",
            "line 2 has 3 values, and the header names 2 columns. A value that has the delimiter in it needs quotes.",
        ),
        ("description,\nada,left over\n", "line 2: 'left over' is in a column without a name."),
        (
            "description,roles\nada,\n,ai_training_read\n",
            "line 3 names no user: give exactly one of description (name), user_id, username.",
        ),
        ("description,roles\n\nada,\n\nada,\n", "line 5 (ada): the same person is on line 3 already."),
        ("name,state\nada,gone\n", "line 2 (ada): state must be one of present, absent, not 'gone'."),
        (
            "name,update_password\nada,sometimes\n",
            "line 2 (ada): update_password must be one of on_create, on_missing, always, not 'sometimes'.",
        ),
        ("name,purge_roles\nada,maybe\n", "line 2 (ada): purge_roles must be true or false, not 'maybe'."),
        ("user_id\nseven\n", "line 2: user_id must be a positive integer, not 'seven'."),
        (
            "name,description\nada,ada\n",
            "line 2 names its user by description and name: give exactly one of description (name), user_id, username.",
        ),
        ('description,roles\nada,\n"grace,\nlinus,\n', "line 3 cannot be read as CSV: unexpected end of data."),
        ('description,roles\n"ada" smith,\n', "line 2 cannot be read as CSV: ',' expected after '\"'."),
        # A record that spans lines is where it begins, and those after it are counted right.
        ('description,roles\nada,"a_b\nc_d"\ngrace,"x\n', "line 4 cannot be read as CSV: unexpected end of data."),
        (
            'description,roles\nada,"a_b\nc_d"\n,x_y\n',
            "line 4 names no user: give exactly one of description (name), user_id, username.",
        ),
        (
            "description\nada\udcff\n",
            "line 2: description is not valid Unicode text. A file that it comes from is to be UTF-8.",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        people_from_csv(text)
    assert caught.value.message == message


def test_an_unknown_column_is_named_as_data() -> None:
    for text, column in (("Roles,ROLES\n", "roles"), ("description, My Rolls \n", "my_rolls")):
        with pytest.raises(InputError) as caught:
            people_from_csv(text)
        assert caught.value.details["key"] == column
    with pytest.raises(InputError, match="line 1: unknown column 'My Rolls'"):
        people_from_csv("description, My Rolls \n")


def test_all_that_is_wrong_is_said_at_once_within_reason() -> None:
    with pytest.raises(InputError) as caught:
        people_from_csv("name,state\nada,x\ngrace,y\n,absent\n")
    assert [caught.value.message.count(f"line {n}") for n in (1, 2, 3, 4)] == [0, 1, 1, 1]
    for number, more in ((10, ""), (11, " 1 more."), (12, " 2 more.")):
        with pytest.raises(InputError) as caught:
            people_from_csv("name,state\n" + "\n".join(f"p{n},x" for n in range(number)))
        problems = caught.value.details["problems"]
        assert len(problems) == number
        assert caught.value.message == " ".join(problems[:10]) + more


def test_rows_that_were_parsed_already() -> None:
    assert people_from_csv([{"description": "ada", "roles": "ai_training_read volume_operator"}, TWO[1]]) == TWO
    assert people_from_csv([{"name": "ada", "roles": ["a", "b"], "purge_roles": True, "state": None}]) == [
        {"name": "ada", "roles": ["a", "b"], "purge_roles": True}
    ]
    assert people_from_csv([]) == []
    with pytest.raises(InputError, match="row 2: unknown column 'rols'"):
        people_from_csv([{"name": "ada"}, {"name": "grace", "rols": "x"}])
    with pytest.raises(InputError, match="row 2 names no user"):
        people_from_csv([{"name": "ada"}, {"name": " ", "roles": "a"}])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (None, "empty"),
        (7, "a number"),
        (["ada"], "a list"),
        ({"ada": {}}, "a mapping"),
        (b"description\nada\n", "bytes"),
    ],
)
def test_what_is_no_csv_is_said(source: Any, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        people_from_csv(source)
    assert caught.value.message == f"users_from_csv takes the text of a CSV file, or a list of its rows, not {kind}."


def test_the_delimiter_can_be_given() -> None:
    assert people_from_csv("description|roles\na;b,c|\n", "|") == [{"description": "a;b,c"}]
    assert people_from_csv("description\na;b\n", ",") == [{"description": "a;b"}]
    with pytest.raises(InputError, match="delimiter must be"):
        people_from_csv("description\nada\n", "::")


def test_rows_are_chosen_by_a_further_column() -> None:
    text = "description,Project,roles\nada,a;b,\ngrace,b,\neve,,\nada,c,a_b\n"
    names = {value: [one["description"] for one in people_from_csv(text, where={"project": value})] for value in "abcd"}
    assert names == {"a": ["ada", "eve"], "b": ["ada", "grace", "eve"], "c": ["eve", "ada"], "d": ["eve"]}
    assert people_from_csv(text, where={"PROJECT": "c"})[1] == {"description": "ada", "roles": ["a_b"]}
    assert people_from_csv([{"name": "ada", "team": "x"}, {"name": "eve", "team": "y"}], where={"team": "x"}) == [
        {"name": "ada"}
    ]
    for bad, said in [
        ("description\nada\n", "line 1 names no column project"),
        ("description,project\n,b\n", "line 2 names no user"),
        ("description,project\nada,a\nada,a;b\n", r"line 3 \(ada\): the same person is on line 2"),
    ]:
        with pytest.raises(InputError, match=said):
            people_from_csv(bad, where={"project": "a"})
    # A name may have blanks in it: what is between two of them is another project.
    blanks = "description,project\nada,Data Science\nbob,Data\ncy,Data Science; Data\n"
    chosen = {name: [one["description"] for one in people_from_csv(blanks, where={"project": name})]
              for name in ("Data Science", "Data", "Science")}  # fmt: skip
    assert chosen == {"Data Science": ["ada", "cy"], "Data": ["bob", "cy"], "Science": []}
    # Nobody shall miss a project for a capital or a blank.
    assert [one["description"] for one in people_from_csv(blanks, where={"project": " data science"})] == ["ada", "cy"]
    with pytest.raises(InputError, match="line 1 names no column projekt, which where asks for"):
        people_from_csv(blanks, where={"projekt": "Data"})
    for where in ("project", {"project": 1}, {"roles": "a_b"}):
        with pytest.raises(InputError, match="^where"):
            people_from_csv(text, where=where)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1), unique=True),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_name_survives(names: list[str], delimiter: str, end: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerow(["description", "roles"])
    writer.writerows([name, "a_b;c_d"] for name in names)
    expected = [{"description": name, "roles": ["a_b", "c_d"]} for name in names]
    assert people_from_csv("\ufeff" + stream.getvalue()) == expected


def test_the_filter_marks_text_as_unsafe_and_says_what_is_wrong() -> None:
    from ansible import template
    from ansible.parsing.dataloader import DataLoader

    users_from_csv = FilterModule().filters()["users_from_csv"]
    # Since ansible-core 2.19 a template is what is trusted, before that it is what is not marked.
    trust = getattr(template, "trust_as_template", str)
    text = trust("description,roles\n{{ 7*7 }},{{6*7}}\n")
    for source in (text, [{"description": trust("{{ 7*7 }}"), "roles": [trust("{{6*7}}")]}]):
        variables = {"found": users_from_csv(source)}
        templar = template.Templar(loader=DataLoader(), variables=variables)
        shown = templar.template(trust("{{ found[0].description }}|{{ found[0].roles[0] }}"))
        assert shown == "{{ 7*7 }}|{{6*7}}"
        assert templar.template(variables["found"]) == variables["found"]
    with pytest.raises(AnsibleFilterError, match="users_from_csv: line 2 names no user"):
        users_from_csv("description,roles\n,x\n")


def test_who_is_meant_is_taken_from_a_list_and_nothing_else() -> None:
    users = [
        "ada",
        {"name": "grace", "roles": ["x"], "state": "present"},
        {"user_id": 7},
        {"username": "u", "rolse": 1},
        5,
    ]
    given = copy.deepcopy(users)
    assert user_identities(users) == ["ada", {"name": "grace"}, {"user_id": 7}, {"username": "u", "rolse": 1}, 5]
    assert users == given


@pytest.mark.parametrize("source", [{"name": "ada"}, None, 5])
def test_what_is_no_list_of_users_is_refused(source: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="user_identities takes a list of users"):
        user_identities(source)


def test_a_list_may_come_from_the_command_line() -> None:
    assert user_identities("ada, grace,") == ["ada", "grace"]
