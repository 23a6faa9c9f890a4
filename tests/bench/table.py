"""The table as Markdown, as `make bench` prints it and README has it."""

import re
from pathlib import Path

from tests.bench.goals import GOALS
from tests.bench.scene import Measured

README = Path(__file__).parents[2] / "README.md"
HEADING = "| what | measured | at most | |\n| --- | --- | --- | --- |\n"
_BLOCK = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


def line_of(measured: Measured) -> str:
    """Return the row of what was measured."""
    goal, value, details = measured
    if value is None:
        return f"| {goal.label} | not measured: {details} | {goal.limit} | |\n"
    shown = f"{value:.2f} {goal.unit}" + (f" ({details})" if details else "")
    return f"| {goal.label} | {shown} | {goal.limit} | {goal.judge(value)} |\n"


def rows_of(readme: str) -> dict[str, str]:
    """Return the rows of README's table by their labels."""
    found = _BLOCK.search(readme)
    lines = found[0].removeprefix(HEADING).splitlines(keepends=True) if found else []
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def renew(readme: str, measured: dict[str, str]) -> str:
    """Return README with the rows that were measured, beside those that were not this time."""
    rows = {**rows_of(readme), **measured}
    table = HEADING + "".join(rows[label] for label in GOALS if label in rows)
    return _BLOCK.sub(lambda _: table, readme)
