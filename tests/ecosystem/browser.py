# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Chromium without a window, driven by selenium, that remembers what a page asked for and complained about."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1280,1000",
)
ADVICE = "There is no {}. On Debian and Ubuntu: apt-get install chromium chromium-driver"
#: The page's own icon, which is none.
ICON = "data:,"


def program(*names: str) -> str:
    """Return the path of a program; fails the test, with what to install, where there is none."""
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        pytest.fail(ADVICE.format(" or ".join(names)), pytrace=False)
    return found


def start(folder: Path) -> Chrome:
    """Start a Chromium with a profile of its own."""
    options = ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Named here, so that selenium does not look for one elsewhere.
    chrome = Chrome(options=options, service=Service(program("chromedriver")))
    # The first page of a new profile asks for much.
    chrome.get("about:blank")
    return chrome


class Page:
    """A page in the browser."""

    def __init__(self, browser: Chrome, path: Path) -> None:
        self.browser = browser
        self.url = path.as_uri()
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(self.url)

    def js(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page, and return its result."""
        return self.browser.execute_script(script, *arguments)

    def cdp(self, command: str, **parameters: Any) -> Any:
        """Run a command of the browser's debugging protocol."""
        return self.browser.execute_cdp_cmd(command, parameters)

    def one(self, selector: str) -> WebElement:
        """Return the first element of a selector."""
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """Return every element of a selector."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def media(self, kind: str = "", scheme: str = "light") -> None:
        """Show the page as on paper (``print``) or as it is, in a light or a dark theme."""
        # Without motion: a click must not have to wait for it.
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.cdp("Emulation.setEmulatedMedia", media=kind, features=features)

    def size(self, width: int) -> None:
        """Give the page this width, which may be less than a window can have; 0 is that of the window."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=0, deviceScaleFactor=1, mobile=False)

    def shot(self, path: Path) -> bytes:
        """Write a picture of the whole page to a file, and return it."""
        data = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))
        return path.read_bytes()

    def pdf(self, path: Path) -> bytes:
        """Print the page to a file, as its own style says, and return it."""
        printed = self.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        path.write_bytes(base64.b64decode(printed))
        return path.read_bytes()

    def requests(self) -> list[str]:
        """Return what was asked for, other than the page itself; and forget it."""
        events = [json.loads(line["message"])["message"] for line in self.browser.get_log("performance")]
        sent = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        urls = [one["request"]["url"] for one in sent]
        assert self.url in urls, "the log does not even have the page"
        return [url for url in urls if url not in (self.url, ICON)]

    def complaints(self) -> list[str]:
        """Return what is on the console, the refusals of the page's own policy included; and forget it."""
        return [line["message"] for line in self.browser.get_log("browser")]
