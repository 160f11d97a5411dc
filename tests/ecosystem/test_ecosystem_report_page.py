# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's page in a real Chromium: sort, filter, keyboard, both themes, paper, one user and five thousand."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import Select

from ansible_collections.cloudops.ovh.plugins.module_utils._core.report import build_report
from ansible_collections.cloudops.ovh.plugins.module_utils._core.report_html import to_html
from tests.ecosystem.browser import Page, start
from tests.support.audits import UNREADABLE, a_crowd, a_hard_week, account, audit

CROWD = 5000
WHEN = "2026-03-01T12:00:00Z"
SEEN = "return Array.from(document.querySelectorAll('#table tbody tr')).filter(row => row.checkVisibility())"
#: The text of every visible element that has one, its contrast with what is behind it, and the size of its letters.
CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgb = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3])).concat(1);
const behind = (element) => {
  if (!element) return rgb("white");
  const own = rgb(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : over(own, behind(element.parentElement));
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const own = Array.from(element.childNodes).filter((node) => node.nodeType === 3 && node.data.trim());
  if (!own.length || !element.checkVisibility() || element.closest(".away, .skip, script, noscript")) continue;
  const style = getComputedStyle(element);
  const ground = behind(element);
  const [one, other] = [light(over(rgb(style.color), ground)), light(ground)].sort((a, b) => b - a);
  found.push([own[0].data.trim(), (one + 0.05) / (other + 0.05)]);
}
return found;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    chrome = start(tmp_path_factory.mktemp("profile"))
    yield chrome
    chrome.quit()


@pytest.fixture
def show(browser: Chrome, tmp_path: Path) -> Iterator[Any]:
    """Opens reports. Whatever a test does with one, the page asks for nothing and the console stays empty."""
    pages: list[Page] = []

    def opened(audits: dict[str, Any]) -> Page:
        path = tmp_path / "access.html"
        path.write_text(to_html(build_report(audits, WHEN)), encoding="utf-8")
        page = Page(browser, path)
        page.size(0)
        page.media()
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert page.complaints() == []
        assert page.requests() == []


def seen(page: Page, column: int = 0) -> list[str]:
    """The texts of a column, of the rows that can be seen, in their order."""
    return list(page.js(SEEN + f".map(row => row.cells[{column}].innerText.split('\\n')[0])"))


def number_seen(page: Page) -> int:
    return int(page.js(SEEN + ".length"))


def counted(page: Page, text: str) -> None:
    """Wait for what the page says about its rows."""
    until = time.monotonic() + 5
    while page.one("#count").text != text and time.monotonic() < until:
        time.sleep(0.02)
    assert page.one("#count").text == text


def choose(page: Page, field: str, text: str) -> None:
    Select(page.one("#" + field)).select_by_visible_text(text)


def sort(page: Page, title: str) -> str | None:
    """Click on the head of a column, and return how it is sorted then."""
    head = page.one(f"#table th[data-title='{title}']")
    head.find_element("css selector", "button").click()
    assert len(page.all("#table th[aria-sort]")) == 1
    return head.get_attribute("aria-sort")


# --- one, many, and everything that there is to find ---


def test_one_user(show: Any, tmp_path: Path) -> None:
    page = show({"team": audit([account(1, "ada@example.com")], ["ada@example.com"], project_name="Team")})
    page.shot(tmp_path / "one.png")
    assert page.one(".verdict").text.endswith("No problems. Access is as the list says.")
    counted(page, "1 of 1 rows")
    assert seen(page) == ["ada@example.com"]
    assert not page.one("#more").is_displayed()


def test_five_thousand_users(show: Any, tmp_path: Path) -> None:
    began = time.monotonic()
    page = show(a_crowd(CROWD))
    opened = time.monotonic() - began
    counted(page, "5,000 of 5,000 rows")
    page.shot(tmp_path / "crowd.png")
    assert (number_seen(page), page.one("#more").text) == (300, "Show 4,700 more")
    began = time.monotonic()
    page.one("#search").send_keys("person-4999@")
    counted(page, "1 of 5,000 rows")
    filtered = time.monotonic() - began
    assert seen(page) == ["person-4999@example.com"]
    page.one("#reset").click()
    began = time.monotonic()
    assert sort(page, "To look at") == "descending"
    sorted_in = time.monotonic() - began
    counted(page, "5,000 of 5,000 rows")
    assert all(one.startswith("person-") for one in seen(page))
    assert "roles differ" in page.one("#table tbody tr").text
    page.js("arguments[0].click()", page.one("#more"))
    assert number_seen(page) == CROWD
    print(f"5,000 users: open {opened:.1f} s, filter {filtered:.1f} s, sort {sorted_in:.1f} s")
    # Generous: a person would not wait longer.
    assert max(opened, filtered, sorted_in) < 20


def test_filters_combine_and_reset(show: Any) -> None:
    page = show(a_hard_week())
    counted(page, "12 of 12 rows")
    page.one("#search").send_keys("EXAMPLE twin")
    counted(page, "2 of 12 rows")
    page.one("#search").clear()
    page.one("#search").send_keys("ada")
    choose(page, "project", "Production")
    counted(page, "1 of 12 rows")
    page.one("#reset").click()
    counted(page, "12 of 12 rows")
    assert page.js("return document.activeElement.id") == "search"
    choose(page, "role", "administrator")
    assert seen(page) == ["grace@example.com"]
    page.one("#reset").click()
    choose(page, "kind", "Nothing to look at")
    assert seen(page) == ["ada@example.com"]
    choose(page, "kind", "Anything to look at")
    counted(page, "11 of 12 rows")
    choose(page, "kind", "Accounts that nobody listed")
    assert seen(page) == ["stranger", "user-6"]


def test_what_to_look_at_leads_to_the_table(show: Any) -> None:
    page = show(a_hard_week())
    page.one(".show[data-kind=duplicate]").click()
    assert seen(page) == ["twin@example.com"] * 2
    assert page.js("return document.activeElement.id") == "accounts"
    assert page.js("return document.getElementById('accounts').getBoundingClientRect().top") < 900


def test_sorting(show: Any) -> None:
    page = show(a_hard_week())
    people = seen(page)
    assert sort(page, "Person") == "descending"
    assert seen(page) == sorted(people, reverse=True)
    assert sort(page, "Person") == "ascending"
    assert seen(page) == people
    for title, column in (("Created", 4), ("Credential", 5), ("S3", 6)):
        values = {}
        for way in ("ascending", "descending"):
            assert sort(page, title) == way
            values[way] = [one for one in seen(page, column) if one != "–"]
            # What is empty comes last, whichever way.
            assert [one for one in seen(page, column) if one == "–"] == seen(page, column)[len(values[way]) :]
        assert len(values["ascending"]) == len(values["descending"])
    assert sort(page, "Created") == "ascending"
    dates = [one for one in seen(page, 4) if one != "–"]
    assert dates == sorted(dates)
    assert dates[0] == "2024-03-31"
    # The gravest first, at the first click.
    assert sort(page, "To look at") == "descending"
    assert (seen(page)[-1], seen(page, 1)[-1]) == ("ada@example.com", "Production")
    # A filter keeps the order.
    expected = [one for one, project in zip(seen(page), seen(page, 1)) if project == "Research"]
    choose(page, "project", "Research")
    assert seen(page) == expected


def test_numbers_in_names_sort_as_numbers(show: Any) -> None:
    page = show({"a": audit([account(number, f"person {number}") for number in (2, 10, 1)])})
    sort(page, "Person")
    sort(page, "Person")
    assert seen(page) == ["person 1", "person 2", "person 10"]


# --- for everybody ---


def test_the_keyboard_is_enough(show: Any) -> None:
    page = show(a_hard_week())
    keys = ActionChains(page.browser)
    keys.send_keys(Keys.TAB).perform()
    skip = page.one(".skip")
    assert page.js("return document.activeElement") == skip
    assert page.js("return arguments[0].getBoundingClientRect().left", skip) >= 0
    keys.send_keys(Keys.ENTER).perform()
    assert page.js("return document.activeElement.id") == "accounts"
    keys.send_keys(Keys.TAB).send_keys("grace").perform()
    counted(page, "1 of 12 rows")
    page.one("#reset").click()
    # From the top again.
    page.browser.refresh()
    reached = []
    for _step in range(60):
        keys.send_keys(Keys.TAB).perform()
        name, outline = page.js(
            "const one = document.activeElement;"
            "return [one === document.body ? null : one.id || one.dataset.kind || one.textContent.trim(),"
            " getComputedStyle(one).outlineStyle + getComputedStyle(one).outlineWidth]"
        )
        if name is None:
            break
        reached.append(name)
        assert outline == "solid3px", name
    heads = [one.text for one in page.all("#table thead button")]
    kinds = [one.get_attribute("data-kind") for one in page.all(".show")]
    fields = ["search", "project", "role", "kind", "reset"]
    # In the order in which one reads, and out at the end.
    assert [one for one in reached if one in (*kinds, *fields, *heads)] == [*kinds, *fields, *heads]
    assert len(reached) < 60
    page.one("#table th[data-title=Roles] button").send_keys(Keys.ENTER)
    assert page.one("#table th[data-title=Roles]").get_attribute("aria-sort") == "ascending"
    page.one("#table th[data-title=Roles] button").send_keys(Keys.SPACE)
    assert page.one("#table th[data-title=Roles]").get_attribute("aria-sort") == "descending"


def test_what_a_screen_reader_is_told(show: Any) -> None:
    page = show(a_hard_week())
    nodes = [one for one in page.cdp("Accessibility.getFullAXTree")["nodes"] if not one.get("ignored")]
    told = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes]
    roles = [role for role, _name in told]
    assert [roles.count(one) for one in ("banner", "main", "contentinfo", "search")] == [1, 1, 1, 1]
    # Whatever can be used has a name of its own or, like a key that unfolds, says what it is.
    controls = ("button", "searchbox", "combobox", "link", "region", "table")
    assert [role for role, name in told if role in controls and not name.strip()] == []
    assert {name for role, name in told if role == "region"} >= {"What to look at", "Projects", "Accounts"}
    assert [name.split()[0] for role, name in told if role == "columnheader"][-8:] == [
        "Person", "Project", "Roles", "Status", "Created", "Credential", "S3", "To",
    ]  # fmt: skip
    # Each row says whose it is.
    assert roles.count("rowheader") == 15


@pytest.mark.parametrize(("kind", "scheme"), [("", "light"), ("", "dark"), ("print", "light")])
def test_every_text_can_be_read(show: Any, tmp_path: Path, kind: str, scheme: str) -> None:
    page = show(a_hard_week())
    page.media(kind, scheme)
    page.shot(tmp_path / f"{kind or 'screen'}-{scheme}.png")
    found = page.js(CONTRAST)
    assert len(found) > 100
    assert [(text, round(ratio, 2)) for text, ratio in found if ratio < 4.5] == []


def test_the_themes_differ(show: Any) -> None:
    page = show(a_hard_week())
    grounds = set()
    for scheme in ("light", "dark"):
        page.media("", scheme)
        grounds.add(page.js("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(245, 246, 248)", "rgb(15, 19, 24)"}


@pytest.mark.parametrize("width", [1280, 800, 360])
def test_nothing_is_wider_than_the_window(show: Any, tmp_path: Path, width: int) -> None:
    page = show(a_hard_week())
    page.size(width)
    page.shot(tmp_path / f"{width}.png")
    assert page.js("return document.scrollingElement.scrollWidth") <= width


# --- paper ---


def test_it_prints(show: Any, tmp_path: Path) -> None:
    page = show(a_hard_week())
    choose(page, "project", "Research")
    printed = page.pdf(tmp_path / "access.pdf")
    assert printed.startswith(b"%PDF")
    # A4, and not upright: the table is wide.
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^]]*)\]", printed)}
    assert [(round(right), round(top)) for _left, _bottom, right, top in boxes] == [(842, 595)]
    assert 2 <= len(re.findall(rb"/Type /Page\b", printed)) <= 4
    page.media("print")
    assert not any(one.is_displayed() for one in page.all(".tools, .show, #more, .skip"))
    # Those who were filtered out stay out.
    assert number_seen(page) == 9
    assert page.js("return getComputedStyle(document.querySelector('#table thead')).display") == "table-header-group"


def test_all_of_a_crowd_is_printed(show: Any, tmp_path: Path) -> None:
    page = show(a_crowd(CROWD))
    printed = page.pdf(tmp_path / "crowd.pdf")
    page.media("print")
    assert number_seen(page) == CROWD
    assert len(re.findall(rb"/Type /Page\b", printed)) > 100


# --- what must not happen ---


HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">",
    '" onmouseover="document.title=\'owned\'" x="',
    "</script><script>document.title='owned'</script>",
    "<style>body{display:none}</style>",
    "<iframe src=http://127.0.0.1:9/></iframe>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
]


def test_hostile_descriptions_do_nothing(show: Any) -> None:
    users = [account(number, text, (text,)) for number, text in enumerate(HOSTILE, 1)]
    page = show({text: audit(users, [text], None, "a" * 32, text, [text]) for text in HOSTILE} | {"x": UNREADABLE})
    title = page.browser.title
    for row in page.all("#table tbody tr")[:8]:
        ActionChains(page.browser).move_to_element(row).perform()
    assert sort(page, "Roles") == "ascending"
    page.one("#search").send_keys("onerror")
    counted(page, "13 of 50 rows")
    assert HOSTILE[1] in seen(page)
    assert page.browser.title == title == "Who has access, 2026-03-01 at 12:00 UTC"
    assert len(page.all("script")) == 1
    assert page.all("img, iframe, body style") == []


def test_what_slipped_through_could_not_run(browser: Chrome, tmp_path: Path) -> None:
    """The page's own policy refuses it, and says so on the console, where the other tests would see it."""
    path = tmp_path / "tampered.html"
    html = to_html(build_report(a_hard_week(), WHEN))
    more = "<script>document.title='owned'</script><img src='http://127.0.0.1:9/x'>"
    path.write_text(html.replace("<footer>", "<footer>" + more), encoding="utf-8")
    page = Page(browser, path)
    assert page.browser.title.startswith("Who has access")
    complaints = page.complaints()
    assert len(complaints) == 2
    assert all("Content Security Policy" in one for one in complaints)


def test_it_is_whole_without_scripts(show: Any) -> None:
    page = show(a_crowd(400))
    page.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.browser.refresh()
        assert page.one("#table tbody tr:nth-child(400)").is_displayed()
        assert not page.one(".tools").is_displayed()
        assert not page.one("#more").is_displayed()
    finally:
        page.cdp("Emulation.setScriptExecutionDisabled", value=False)
