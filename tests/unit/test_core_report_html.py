# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a page: whole by itself, readable in both themes, and deaf to what descriptions hold."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.cloudops.ovh.plugins.module_utils._core.audit import KINDS
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report import build_report
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_html import to_html
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_page import SCRIPT, SHOWN, STYLE
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_table import BADGES
from tests.support.audits import BOTH, UNREADABLE, a_crowd, a_hard_week, account, audit

WHEN = "2026-03-01T12:00:00Z"
VOID = {"meta", "link", "input", "col", "br"}
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</td></tr></table><h1>x",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- ",
    "]]>",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "{{ 7*7 }}",
]


class Page(HTMLParser):
    """The elements of a page in their order, with attributes and text. A tag that is not closed fails."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len({name for name, _value in attrs}) == len(attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["script"], ["style"]):
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a page of ours has no comments")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The page without its texts and values."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def page(audits: dict[str, Any], **more: Any) -> Page:
    return Page(to_html(build_report(audits, WHEN, **more)))


def hostile(text: str) -> dict[str, Any]:
    """Two projects in which every text that comes from elsewhere is this one."""
    # Before each a letter, which decides the order: it is not what is looked at here.
    text = "m" + text
    # The date is the one that stands in an attribute.
    users = [account(1, text, (text,), status=text)._replace(creation_date=text), account(2, text)]
    found = audit(users, ["new"], None, "a" * 32, text, [text])
    found["findings"] = [{**one, "person": text, "message": text} for one in found["findings"]]
    return {"h" + text: found, "x": {**UNREADABLE, "msg": text}}


HARMLESS = page(hostile("")).shape

# --- what comes from elsewhere ---


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    found = page(hostile(text))
    # The same elements with the same attributes as for harmless text.
    assert found.shape == HARMLESS
    assert any(text in one for one in found.texts)


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=12))
def test_any_text_is_text(text: str) -> None:
    html = to_html(build_report(hostile(text), WHEN))
    html.encode("utf-8")
    assert Page(html).shape == HARMLESS


def test_text_that_turns_others_around_is_shown_as_such() -> None:
    text = "".join(page(hostile("a\u202eb\u2066c")).texts)
    assert "a\ufffdb\ufffdc" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


# --- whole by itself ---


def test_the_page_asks_for_nothing() -> None:
    html = to_html(build_report(a_hard_week(), WHEN))
    found = Page(html)
    for tag, attributes in found.elements:
        assert not set(attributes) & {"src", "srcset", "action", "formaction", "poster", "ping", "style"}, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert attributes.get("href") in (None, "#accounts", "data:,"), tag
    assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(|innerHTML|eval\(", html)


def test_only_its_own_style_and_script_may_run() -> None:
    html = to_html(build_report(a_hard_week(), WHEN))
    (policy,) = [one["content"] for one in Page(html).all("meta") if "http-equiv" in one]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    inline = re.findall(r"<(script|style)>(.*?)</\1>", html, re.DOTALL)
    assert [kind for kind, _content in inline] == ["style", "style", "script"]
    for kind, content in inline:
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in re.search(rf"{kind}-src ([^;]*)", policy)[1]
    # No data is in either, so that both are the same whatever the API sent.
    assert (inline[0][1], inline[2][1]) == (STYLE, SCRIPT)


def test_the_same_audits_give_the_same_page() -> None:
    assert to_html(build_report(a_hard_week(), WHEN)) == to_html(build_report(a_hard_week(), WHEN))


# --- what people see first ---


@pytest.mark.parametrize(
    ("audits", "verdict", "said"),
    [
        ({"a": audit([account(1, "ada")], ["ada"])}, "ok", "No problems. Access is as the list says."),
        ({"a": audit([account(1, "ada", ())], ["ada"])}, "warning", "1 warning."),
        ({"a": audit([account(1, "ada")], [])}, "error", "1 problem."),
        ({"a": UNREADABLE}, "error", "1 problem. 1 of 1 project could not be audited."),
        ({}, "error", "No project was audited."),
    ],
)
def test_the_verdict(audits: dict[str, Any], verdict: str, said: str) -> None:
    found = page(audits)
    (shown,) = [one["class"] for one in found.all("p") if (one.get("class") or "").startswith("verdict")]
    assert shown == f"verdict {verdict}"
    assert said in found.texts


def test_a_report_without_a_time_has_none_in_its_titles() -> None:
    html = to_html(build_report({"a": audit()}, ""))
    assert "<title>Who has access</title>" in html
    assert "OVHcloud Public Cloud. Not compared" in html


def test_every_kind_has_a_title_and_a_badge() -> None:
    assert set(BADGES) == set(KINDS)
    texts = page(a_hard_week()).texts
    for kind, title in KINDS.items():
        assert any(title in text for text in texts), kind
        assert BADGES[kind] in texts


def test_long_lists_are_cut_where_people_look_first_and_whole_in_the_table() -> None:
    number = SHOWN + 50
    found = page({"a": audit([account(one, f"person {one}") for one in range(1, number + 1)], [])})
    assert f"and {number - 10} more" in found.texts
    rows = [one for one in found.all("tr") if "data-p" in one]
    assert [one.get("class") for one in rows] == [None] * SHOWN + ["cut"] * 50


def test_what_there_is_nothing_to_say_of_is_said_in_few_words() -> None:
    nothing = page({"a": audit([account(1, "ada", ())])}).texts
    assert "Nothing." in nothing
    # There is one account, without roles, and no problem.
    assert nothing.count("–") == 3
    assert "Problems" in nothing
    assert "Problem" in page({"a": audit([account(1, "ada")], [])}).texts
    ten = page({"a": audit([account(one, f"person {one}") for one in range(1, 11)], [])})
    assert not any("more" in one for one in ten.texts)


@pytest.mark.parametrize("when", ["2026-03-01 12:00", "2026-03-01T12:00:00+01:00"])
def test_a_time_of_another_form_is_shown_as_it_is(when: str) -> None:
    assert f"Who has access, {when}" in Page(to_html(build_report({}, when))).texts


@pytest.mark.parametrize(
    ("days", "age"),
    [(0, "today"), (1, "1 day"), (89, "89 days"), (90, "3 months"), (729, "24 months"), (730, "2 years")]
    + [(731, "2 years"), (1094, "2 years"), (1095, "3 years")],
)
def test_an_age_as_people_say_it(days: int, age: str) -> None:
    assert age in page({"a": audit([account(1, "ada", days=days)])}).texts


def test_columns_that_would_be_empty_are_left_out() -> None:
    def titles(audits: dict[str, Any]) -> list[str | None]:
        return [one["data-title"] for one in page(audits).all("th") if "data-title" in one]

    assert titles({"a": audit([account(1, "ada")])}) == ["Person", "Roles", "Status", "Created", "To look at"]
    every = ["Person", "Project", "Roles", "Status", "Created", "Credential", "S3", "To look at"]
    assert titles(a_hard_week()) == every


def test_roles_that_differ_are_marked_in_words() -> None:
    texts = page(a_hard_week()).texts
    assert ("extra" in texts, "lacking" in texts) == (True, True)


# --- for everybody ---


def test_landmarks_headings_and_names() -> None:
    found = page(a_hard_week())
    tags = [tag for tag, _attributes in found.elements]
    assert [tags.count(tag) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert found.all("html") == [{"lang": "en"}]
    headings = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:]))
    ids = [attributes["id"] for _tag, attributes in found.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for _tag, attributes in found.elements:
        assert attributes.get("aria-labelledby", ids[0]) in ids
    assert all(one.get("scope") in ("col", "row") for one in found.all("th"))
    assert tags.count("caption") == tags.count("table") == 2
    # What scrolls can be reached and has a name.
    regions = [one for one in found.all("div") if one.get("role") == "region"]
    assert all((one.get("tabindex"), bool(one.get("aria-labelledby"))) == ("0", True) for one in regions)
    names = [one["aria-label"] for one in found.all("button") if one.get("class") == "show"]
    assert len(set(names)) == len(names) == len(KINDS)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def themes() -> list[dict[str, str]]:
    """The colours of each theme: light, dark and print."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return [found[0], {**found[0], **found[1]}, {**found[0], **found[2]}]


def test_the_arithmetic_of_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark", "print"])
def test_every_text_is_readable_on_its_ground(theme: dict[str, str]) -> None:
    grounds = ("ground", "card", "chip", "hover")
    pairs = [(text, ground) for text in ("text", "quiet", "link") for ground in grounds]
    pairs += [(kind, f"{kind}-ground") for kind in ("error", "warning", "ok")]
    # A role that is lacking is written on the row itself.
    pairs += [("warning", ground) for ground in ("card", "hover")]
    assert [(text, ground) for text, ground in pairs if contrast(theme[text], theme[ground]) < 4.5] == []


def test_a_crowd_is_no_burden() -> None:
    html = to_html(build_report(a_crowd(1000), WHEN))
    assert len(html) < 700_000
    assert sum("data-p" in one for one in Page(html).all("tr")) == 1000
    assert BOTH[0] in html


def test_projects_that_were_not_compared_are_said_twice() -> None:
    """Where things stand, and where it says that nothing is to be done."""
    audits = {"a": audit([account(1, "ada")], ["ada"]), "b": audit([account(1, "ada")], project_name="<Lab>")}
    html = to_html(build_report(audits, WHEN))
    said = "Not compared with a list: &lt;Lab&gt;."
    assert f"Compared with the list of who should have access. {said}" in html
    assert f"and nobody else has one. {said}" in html
    assert "Not compared" not in to_html(build_report({"a": audits["a"]}, WHEN))
