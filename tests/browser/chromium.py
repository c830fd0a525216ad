"""Headless Chromium, as Debian packages it, driven by its own chromedriver."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--hide-scrollbars",
)
LOCAL_SCHEMES = {"file", "data", "blob"}


@dataclass
class Browser:
    """A page open in Chromium, and what tests do with it."""

    driver: webdriver.Chrome

    def open(self, page: Path) -> float:
        """Open a page, wait until it is complete and painted, and return how many seconds that took."""
        started = time.perf_counter()
        self.driver.get(page.resolve().as_uri())
        self.until("return document.documentElement.dataset.ready")
        self.painted()
        return time.perf_counter() - started

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def painted(self) -> None:
        """Wait for two frames: the second begins when what was changed before the first is on the screen."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
        )

    def until(self, script: str, seconds: float = 10.0) -> Any:
        """Wait until a script returns something true, and return it."""
        deadline = time.perf_counter() + seconds
        while not (found := self.run(script)):
            assert time.perf_counter() < deadline, f"not within {seconds:g} s: {script}"
            time.sleep(0.02)
        return found

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Click the first element; it is looked up in the page, since a table may draw its rows anew meanwhile."""
        self.run("document.querySelector(arguments[0]).click()", selector)
        self.painted()

    def select(self, selector: str, text: str) -> None:
        """Choose an option by the text it begins with."""
        select = Select(self.find(selector))
        select.select_by_index([one.text.startswith(text) for one in select.options].index(True))
        self.painted()

    def press(self, selector: str, *keys: str) -> None:
        self.find(selector).send_keys(*keys)
        self.painted()

    def column(self, field: str) -> list[str]:
        """The texts of a column of the explorer as far as its rows are drawn, from the top."""
        return list(
            self.run(
                "const rows = [...document.querySelectorAll('#pair-table .tabulator-row')];"
                "rows.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);"
                "return rows.map((row) => row.querySelector(`[tabulator-field='${arguments[0]}']`).innerText.trim())",
                field,
            )
        )

    def complaints(self) -> list[str]:
        """Every message on the console since the last call, of whatever level."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def foreign_requests(self) -> list[str]:
        """Every address that a page from a file has asked for since the last call and that is not on this machine."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        requests = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        # Chromium's own new tab asks for chrome:// addresses when it starts.
        urls = [one["request"]["url"] for one in requests if one["documentURL"].startswith("file:")]
        assert urls, "the log of requests is empty, so it shows nothing"
        return [url for url in urls if urlsplit(url).scheme not in LOCAL_SCHEMES]

    def shoot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))


def missing() -> str:
    """Say why Chromium cannot be driven here, or nothing."""
    absent = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return (
        f"no {' and no '.join(absent)} on PATH; on Debian: apt-get install chromium chromium-driver" if absent else ""
    )


@contextmanager
def chromium(profile: Path, width: int = 1440, height: int = 900, dark: bool = False) -> Iterator[Browser]:
    """Start Chromium with a fresh profile; up to 500 pixels wide it takes itself for a phone."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    # The sandbox cannot be set up by root, as whom containers run.
    flags = (*FLAGS, *(("--no-sandbox",) if os.geteuid() == 0 else ()), f"--user-data-dir={profile}")
    for flag in flags:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width <= 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": theme})
        yield Browser(driver)
    finally:
        driver.quit()


__all__ = ["Browser", "Keys", "chromium", "missing"]
