"""Measure, print the table, and fail where a target is missed."""

import argparse
import os
import platform
import sys
from collections.abc import Sequence

from agenix_check.demo.isolation import plain_git
from tests.bench.measure import CACHE
from tests.bench.rows import Row, measure

_HEADING = """\
| what | measured | at most | |
| --- | --- | --- | --- |
"""
_NOTES = """
Medians of whole processes that take turns, files in the system's cache; {python}, {cores} cores.
Every file of these fleets is encrypted for real, for SSH Ed25519 keys; they are packed by `git gc`
and not checked out.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table as Markdown and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help="measure 200,000 outputs too")
    parser.add_argument("--report-only", action="store_true", help="a missed target fails nothing")
    parser.add_argument("--turns", type=int, default=7, metavar="N", help="how often to measure")
    given = parser.parse_args(argv)
    missed = 0
    with plain_git():
        for number, row in enumerate(measure(CACHE, large=given.large, turns=given.turns)):
            _write(("" if number else _HEADING) + _line(row))
            missed += not row.is_met
    python = f"Python {platform.python_version()}"
    _write(_NOTES.format(python=python, cores=os.cpu_count()))
    if missed:
        _write(f"\n{missed} missed\n")
    return 1 if missed and not given.report_only else 0


def _line(row: Row) -> str:
    against = f", against {row.against}" if row.against else ""
    verdict = "met" if row.is_met else "missed"
    target = f"{row.target:g} {row.unit} | {verdict}" if row.target is not None else "|"
    measured = f"{row.value:.2f} {row.unit} ({row.details})"
    return f"| {row.what}{against} | {measured} | {target} |\n"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
