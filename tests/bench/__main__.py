"""Measure, and print the table: what was measured, what must be reached, and whether it is."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agenix_check.demo.isolation import plain_git
from tests.bench import first_look, fixing, large, past
from tests.bench.measure import CACHE
from tests.bench.old_build import install_old
from tests.bench.scene import Measured, Scene
from tests.bench.table import HEADING, README, line_of, renew

_ROWS: dict[str, Callable[[Scene], Iterator[Measured]]] = {
    "start": first_look.measure_start,
    "first": first_look.measure_first,
    "plain": first_look.measure_plain,
    "nix": first_look.measure_nix,
    "past": past.measure_past,
    "exposure": past.measure_exposure,
    "fix": fixing.measure_fix,
    "findings": large.measure_findings,
    "large": large.measure_large,
    "huge": large.measure_huge,  # last: it takes longest
}
_NOTES = """
Medians of whole processes that take turns, files in the system's cache; {python}, {cores} cores.
Times are the processor's, peak memory that of the largest process. Every file of these fleets is
encrypted for real, for SSH Ed25519 keys; they are packed by `git gc` and not checked out.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table as Markdown; with UPDATE_README set, renew README's."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROWS", help=f"only these: {', '.join(_ROWS)}")
    parser.add_argument("--turns", type=int, default=7, metavar="N", help="how often to measure")
    given = parser.parse_args(argv)
    unknown = set(given.rows) - set(_ROWS)
    if unknown:
        parser.error(f"there are no rows {', '.join(sorted(unknown))}")
    _write(HEADING)
    with plain_git(), tempfile.TemporaryDirectory(dir=_made(CACHE), prefix="now-") as scratch:
        scene = Scene(cache=CACHE, scratch=Path(scratch), turns=given.turns, old=install_old(CACHE))
        for name in given.rows or _ROWS:
            lines = dict[str, str]()
            for measured in _ROWS[name](scene):
                lines[measured.goal.label] = line_of(measured)
                _write(line_of(measured))
            if os.environ.get("UPDATE_README"):
                README.write_text(renew(README.read_text(), lines))
    python = f"Python {platform.python_version()}"
    _write(_NOTES.format(python=python, cores=os.cpu_count()))


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
