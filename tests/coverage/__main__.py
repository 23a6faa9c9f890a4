"""Print how much of the package was run, and the files of which least was.

Usage: python -m tests.coverage DIRECTORY, where `path/sitecustomize.py` noted what ran.
"""

import sys
from ast import literal_eval
from io import StringIO
from pathlib import Path

from coverage import Coverage, CoverageData

from tests.checkout import ROOT

_SHOWN = 10  # files


def read_lines(directory: Path) -> dict[str, set[int]]:
    """Return the lines that ran, by file, as the processes that could write all of theirs say."""
    found: dict[str, set[int]] = {}
    for path in directory.iterdir():
        if path.suffix == ".part":  # a test killed the process, or let it write no more
            continue
        for row in path.read_text().splitlines():
            name, _, numbers = row.partition("\t")
            found.setdefault(name, set()).update(literal_eval(numbers))
    return found


def report(directory: Path) -> str:
    """Return the table; the data stay beside the directory, for `coverage html`."""
    file = directory.with_suffix(".data")
    file.unlink(missing_ok=True)
    data = CoverageData(str(file))
    data.add_lines(read_lines(directory))
    data.touch_files([str(path) for path in (ROOT / "agenix_check").rglob("*.py")])
    data.write()
    coverage = Coverage(data_file=str(file), config_file=False)
    coverage.load()
    table = StringIO()
    coverage.report(file=table, sort="cover", skip_covered=True)
    *rows, total = [row for row in table.getvalue().splitlines() if row.startswith(("ag", "TOTAL"))]
    return "\n".join((*rows[:_SHOWN], total))


def main(directory: Path) -> None:
    """Print the report, or why there is none."""
    said = "The coverage is not measured: that takes Python 3.12 or newer."
    if sys.version_info >= (3, 12):
        title = "The coverage of the package (statements, those that did not run, per cent):"
        said = f"{title}\n{report(directory)}"
    sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
