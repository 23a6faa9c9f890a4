"""One browser for all tests of a process, without a window; each test begins with a blank page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.window import Window, start_browser


@pytest.fixture(scope="session")
def _driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = start_browser(tmp_path_factory.mktemp("browser"))
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
