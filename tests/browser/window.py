"""A real browser with a page in it: what it shows, what it asks for, what it complains about."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple, cast

from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from agenix_check.model.findings import Report
from agenix_check.report import RenderOptions, render
from tests.pace import PATIENCE

DESKTOP = (1280, 900)
PHONE = (360, 740)

_CELLS = """
const table = document.querySelector("#matrix table");
const heads = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.name);
return [...table.tBodies[0].rows].flatMap((row) => [...row.cells].slice(1).map((cell) =>
    [row.cells[0].dataset.name, heads[cell.cellIndex], cell.ariaLabel]));
"""


class Cell(NamedTuple):
    """One cell of the matrix that is in the page: its heads, and what it says in words."""

    node: str
    secret: str
    word: str


def start_browser(home: Path) -> Chrome:
    """Start Chromium without a window; what it keeps goes to `home`."""
    home.mkdir(exist_ok=True)
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in (
        "--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={home / 'profile'}",
    ):  # fmt: skip
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    service = Service(_program("chromedriver"), env={**os.environ, "HOME": str(home)})
    driver = Chrome(options=options, service=service)
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    return driver


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"there is no {name}: run make test, which installs it or says how")
    return path


class Window:
    """A browser's window; a page is shown in it from a file."""

    def __init__(self, driver: Chrome, directory: Path) -> None:
        self.driver = driver
        self._directory = directory
        self.allowed: set[str] = set()

    def show(
        self,
        report: Report,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        script: bool = True,
    ) -> None:
        """Write a report's page to a file and open it."""
        file = self._directory / "page.html"
        file.write_text(render(report, "html", RenderOptions()), "utf-8")
        self.open(file.as_uri(), size=size, scheme=scheme, script=script)

    def open(
        self,
        address: str,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        script: bool = True,
    ) -> None:
        """Open an address, the only one that may be asked for."""
        width, height = size
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", features=features)
        self._command("Emulation.setScriptExecutionDisabled", value=not script)
        self.allowed.add(address)
        self.driver.get(address)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """Return the first element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str = "body") -> str:
        """Return the text of an element as it is shown, white space as one blank."""
        return " ".join(self.find(selector).text.split())

    def cells(self) -> list[Cell]:
        """Return the cells that say something."""
        cells = (Cell(*texts) for texts in cast("list[list[str]]", self.run(_CELLS)))
        return [cell for cell in cells if cell.word not in ("none", "filtered out")]

    def cell(self, node: str, secret: str) -> WebElement:
        """Return the element of one cell."""
        script = """
        const [node, secret] = arguments;
        const heads = [...document.querySelectorAll("#matrix thead th")];
        const column = heads.findIndex((head) => head.dataset.name === secret);
        const rows = [...document.querySelectorAll("#matrix tbody tr")];
        return rows.find((row) => row.cells[0].dataset.name === node).cells[column];
        """
        return cast("WebElement", self.run(script, node, secret))

    def focused(self) -> tuple[str, str] | None:
        """Return the node and the secret of the cell that has the focus."""
        element = self.driver.switch_to.active_element
        if element.tag_name != "td":
            return None
        script = """
        const cell = arguments[0];
        const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
        return [cell.parentElement.cells[0].dataset.name, head.dataset.name];
        """
        node, secret = self.run(script, element)
        return node, secret

    def press(self, *keys: str, control: bool = False) -> None:
        """Press keys, one after the other, wherever the focus is."""
        actions = ActionChains(self.driver, duration=0)
        if control:
            actions.key_down(Keys.CONTROL)
        for key in keys:
            actions.send_keys(key)
        if control:
            actions.key_up(Keys.CONTROL)
        actions.perform()

    def type(self, selector: str, text: str) -> None:
        """Type a text into a field."""
        self.find(selector).send_keys(text)

    def settle(self) -> None:
        """Wait until the page has answered what was done to it."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20)));"
        )

    def fits(self) -> bool:
        """Return whether the page, but for parts of it, can be read without scrolling sideways."""
        return bool(
            self.run(
                "const page = document.documentElement;"
                "return page.scrollWidth <= page.clientWidth && page.scrollLeft === 0"
            )
        )

    def complaints(self) -> list[str]:
        """Return what the console says, and what was asked for besides the page itself."""
        said = [entry["message"] for entry in self._log("browser")]
        for entry in self._log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                address = event["params"]["request"]["url"]
                if address not in self.allowed and not address.startswith("data:"):
                    said.append(f"request: {address}")
        return said

    def _log(self, name: str) -> list[dict[str, str]]:
        return self.driver.get_log(name)  # type: ignore[no-untyped-call, no-any-return]

    def _command(self, name: str, **arguments: object) -> None:
        self.driver.execute_cdp_cmd(name, arguments)
