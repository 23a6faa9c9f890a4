"""The show: break the fleet, run the real gate, take the break back, go on."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from agenix_check.demo.breaks import Break
from agenix_check.demo.plain_breaks import PLAIN_BREAKS
from agenix_check.demo.plain_sample import PlainSample
from agenix_check.demo.sample_fleet import SampleFleet
from agenix_check.demo.stolen_laptop import steal_laptop
from agenix_check.gate import check, exit_code
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Report, Severity
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.report import RenderOptions, render
from agenix_check.report.escape import BOLD, RED, inert, paint

_Shown = TypeVar("_Shown", SampleFleet, PlainSample)
SETTINGS = Settings(inventory=InventoryChoice.NAMES)


class Play:
    """Shows breaks of the fleet in a directory, and remembers what the gate did not name."""

    def __init__(self, top: Path, write: Callable[[str], object], *, color: bool) -> None:
        self._top = top
        self._write = write
        self._options = RenderOptions(color=color)
        self._defects = 0

    def run(self, breaks: Sequence[Break[SampleFleet]], place: str | None) -> int:
        """Build the fleet, show every break, then plain agenix, and return the exit code.

        `place` is what the user calls the directory; None if it is a scratch one.
        """
        fleet = SampleFleet(self._top)
        fleet.build()
        self._say(
            self._paint("A small fleet in order", BOLD),
            "",
            f"Four hosts and five secrets in {place or 'a scratch directory'}, encrypted for real.",
            "Delta has an age key: such files do not show whose they are, so its two are",
            "unverifiable. The gate says:",
        )
        self._show_breaks(fleet, breaks, 1)
        self._show_plain(len(breaks) + 1)
        self._show_stolen_laptop()
        return self._close(len(breaks), place)

    def _show_plain(self, first: int) -> None:
        """Show a repository of plain agenix, which needs no Nix either."""
        with tempfile.TemporaryDirectory(prefix="agenix-check-demo-") as scratch:
            sample = PlainSample(Path(scratch))
            sample.build()
            self._say(
                "",
                self._paint("A repository of plain agenix in order", BOLD),
                "",
                "Two admins, three hosts, three files, and who reads them in secrets.nix. The gate",
                "understands that without Nix. It says:",
            )
            self._show_breaks(sample, PLAIN_BREAKS, first)

    def _show_stolen_laptop(self) -> None:
        """Tell what must be rotated when a host is gone, as `agenix-check exposure` says."""
        with tempfile.TemporaryDirectory(prefix="agenix-check-demo-") as scratch:
            fleet = SampleFleet(Path(scratch))
            fleet.build()
            self._say(
                "",
                self._paint("A stolen laptop", BOLD),
                "",
                "The same fleet again. agenix-check exposure says who could read what in all its",
                "history, and which of it must be rotated.",
            )
            for scene in steal_laptop(fleet):
                self._say("", self._paint(f"{scene.title}.", BOLD))
                self._write("\n" + scene.said)
                if not scene.as_expected:
                    self._complain("exposure does not list what must be rotated")

    def _show_breaks(self, sample: _Shown, breaks: Sequence[Break[_Shown]], first: int) -> None:
        """Show a sample in order, and each break of it, numbered from `first`."""
        top = sample.shop.top
        self._expect_green(top)
        for number, one in enumerate(breaks, first):
            self._say("", self._paint(f"{number}. {one.title}", BOLD))
            one.act(sample)
            self._expect(top, one.rule)
            if one.fix is not None:
                self._say(self._paint("   ... and fixed it, as agenix-check --fix does", BOLD))
                one.fix(sample)
                self._expect_green(top)
            sample.restore()

    def _expect(self, top: Path, rule: str) -> None:
        report = judge(top)
        named = [finding for finding in report.findings if finding.rule == rule and finding.new]
        hidden = bool(named) and all(one.severity is Severity.NOTE for one in named)
        if hidden:
            self._say("Only a note, which fails nothing: shown with -v.")
        self._show(report, verbose=hidden)
        if not named:
            self._complain(f"the gate did not name {rule}")

    def _expect_green(self, top: Path) -> None:
        report = judge(top)
        self._show(report)
        if exit_code(report, SETTINGS) or report.findings:
            self._complain("the gate finds something wrong where all is in order")

    def _close(self, number: int, place: str | None) -> int:
        plain = len(PLAIN_BREAKS)
        if self._defects:
            all_ = number + plain
            self._complain(f"{self._defects} of {all_} breaks were not reported as expected")
            return 1
        self._say(
            "",
            self._paint(
                f"{number} ways to break a fleet and {plain} to break plain agenix, all caught.",
                BOLD,
            ),
            "No private key and no Nix was needed.",
            *([] if place is None else [f"The fleet is in {place}, in order again: play with it."]),
            "Next, in your own repository:",
            "",
            "    agenix-check               # is what I am about to commit in order?",
            "    agenix-check --rev HEAD    # is what I have committed?",
            *([] if place else ["", "agenix-check demo DIR keeps the fleet in DIR, to play with."]),
        )
        return 0

    def _show(self, report: Report, *, verbose: bool = False) -> None:
        self._write("\n" + render(report, "text", self._options._replace(verbose=verbose)))

    def _complain(self, sentence: str) -> None:
        self._defects += 1
        self._say(self._paint("This is a defect in agenix-check", RED) + f": {sentence}")

    def _say(self, *lines: str) -> None:
        self._write(inert("\n" + "\n".join(lines) + "\n"))

    def _paint(self, text: str, code: str) -> str:
        return paint(text, code) if self._options.color else text


def judge(top: Path) -> Report:
    """Return the gate's report on the index of a repository."""
    return check(open_repository(top), SETTINGS)
