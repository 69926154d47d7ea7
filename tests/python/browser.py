# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's Chromium with its own driver: what selenium would download is not wanted.
"""A browser without a screen, and what tests ask it."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chimaera import testing
from python import programs

__all__ = ["WAIT_S", "Browser", "browser"]

WAIT_S = 200.0


class Browser:
    """One page of a browser.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, url: str, *, updates: int = 1) -> None:
        """Open a page and wait until it has shown so many documents."""
        self.driver.get(url)
        self.wait_for_updates(updates)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page."""
        return self.driver.execute_script(script, *arguments)

    def updates(self) -> int:
        """Return how many documents the page has shown."""
        return int(self.run("return document.body.dataset.updates ?? 0"))

    def wait_for_updates(self, count: int) -> None:
        assert testing.wait_until(
            lambda: self.updates() >= count, timeout_s=WAIT_S, pause_s=0.05
        ), self.text("body")

    def text(self, selector: str) -> str:
        """Return what is seen of the first such element, "" if nothing is."""
        script = """
          const node = document.querySelector(arguments[0]);
          return node?.checkVisibility() ? node.innerText : "";
        """
        return str(self.run(script, selector))

    def wait_for_text(self, selector: str, text: str) -> None:
        assert testing.wait_until(
            lambda: text in self.text(selector), timeout_s=WAIT_S, pause_s=0.05
        ), self.text(selector)

    def cells(self, table: str) -> dict[str, dict[str, str]]:
        """Return the rows of a table by key: column to text."""
        # As pairs: the driver sorts the keys of objects.
        rows = self.run(
            """
            const rows = document.querySelectorAll(`${arguments[0]} tbody tr`);
            return [...rows].map((row) => [row.dataset.key, [...row.cells].map(
              (cell) => [cell.dataset.column, cell.innerText])]);
            """,
            table,
        )
        return {key: dict(cells) for key, cells in rows}

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)

    def appear(self, *, width: int, height: int = 800, dark: bool = False) -> None:
        """Set the size of the screen in pixels, and the scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.cdp("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, file: Path) -> None:
        """Save what is seen."""
        shot = self.cdp("Page.captureScreenshot")["data"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot))

    def complaints(self) -> list[str]:
        """Return what the browser has written about the page, errors above all."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def cdp(self, command: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a browser, of Debian's packages chromium and chromium-driver."""
    programs.need("chromium", "chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for word in (
        "--headless=new",
        "--no-sandbox",  # does not work for root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--hide-scrollbars",
        "--window-size=1280,800",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(
        options=options, service=Service(shutil.which("chromedriver"))
    )
    try:
        running.set_page_load_timeout(WAIT_S)
        yield Browser(running)
    finally:
        running.quit()
