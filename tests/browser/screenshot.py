"""Take the pictures of the page that README shows: `make screenshot`.

The fleet is the demo's, with two things that people do to fleets.
"""

import sys
import tempfile
from pathlib import Path

from agenix_check.demo.isolation import plain_git
from agenix_check.demo.sample_fleet import CI_KEY, DB, SampleFleet
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Report
from agenix_check.model.settings import InventoryChoice, Settings
from tests.browser.window import Window, start_browser

_DOCS = Path(__file__).parents[2] / "docs"
_SIZE = (1240, 1300)


def main() -> None:
    """Write `docs/page-light.png` and `docs/page-dark.png`."""
    _DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agenix-check-screenshot-") as scratch:
        report = _break(Path(scratch, "fleet"))
        driver = start_browser(Path(scratch, "browser"))
        try:
            window = Window(driver, Path(scratch))
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for scheme in ("light", "dark"):
                window.show(report, size=_SIZE, scheme=scheme)
                window.cell("rekeyed/alpha", "ci/key").click()
                window.run("scrollTo(0, 0); document.activeElement.blur()")
                window.settle()
                file = _DOCS / f"page-{scheme}.png"
                driver.save_screenshot(str(file))
                sys.stdout.write(f"{file.relative_to(_DOCS.parent)}: {file.stat().st_size} bytes\n")
        finally:
            driver.quit()


def _break(top: Path) -> Report:
    with plain_git():
        fleet = SampleFleet(top)
        fleet.build()
        fleet.edit(DB)
        fleet.overwrite("alpha", CI_KEY, fleet.encrypt(CI_KEY.plaintext, "beta"))
        fleet.shop.stage()
        settings = Settings(inventory=InventoryChoice.NAMES)
        return check(open_repository(top), settings, details=True)


if __name__ == "__main__":
    main()
