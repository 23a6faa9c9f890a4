"""One browser for all tests of a process, without a window; each test begins with a blank page."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.window import Window


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"there is no {name}: run make test, which installs it or says how")
    return path


@pytest.fixture(scope="session")
def _driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    home = tmp_path_factory.mktemp("browser")
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in ("--headless=new", "--disable-gpu", f"--user-data-dir={home / 'profile'}"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    service = Service(_program("chromedriver"), env={**os.environ, "HOME": str(home)})
    driver = Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def window(_driver: Chrome, tmp_path: Path) -> Iterator[Window]:
    """Return the browser's window; a console message or a request in it fails the test."""
    opened = Window(_driver, tmp_path)
    opened.open("about:blank")
    opened.complaints()  # of the test before
    yield opened
    assert opened.complaints() == []
