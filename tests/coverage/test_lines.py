"""What is said to have run is what ran, in commands that tests start too."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.checkout import ROOT
from tests.coverage.__main__ import read_lines, report

PACKAGE = ROOT / "agenix_check"


def _run(directory: Path, *arguments: str) -> dict[str, set[int]]:
    path = str(ROOT / "tests/coverage/path")
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "agenix_check", *arguments],
        env={**os.environ, "COVERAGE_LINES": str(directory), "PYTHONPATH": path},
        cwd=directory,
        check=True,
        capture_output=True,
    )
    return read_lines(directory)


def _line(file: str, text: str) -> int:
    lines = (PACKAGE / file).read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if line.strip() == text)
    return number


def test_what_a_command_runs_is_noted_and_nothing_else(tmp_path: Path) -> None:
    found = _run(tmp_path, "explain", "output-stale")

    if not hasattr(sys, "monitoring"):
        assert found == {}  # Python cannot say it cheaply
        return
    assert all(Path(name).is_relative_to(PACKAGE) for name in found)
    verbs = found[str(PACKAGE / "cli/verbs.py")]
    assert _line("cli/verbs.py", "rule = parse_explain(arguments)") in verbs
    assert _line("cli/verbs.py", "return run_fleet(arguments)") not in verbs
    assert str(PACKAGE / "cli/check.py") not in found


def test_what_was_written_in_part_is_left_out(tmp_path: Path) -> None:
    def write_at_most_a_page() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    path = str(ROOT / "tests/coverage/path")
    done = subprocess.run(
        [sys.executable, "-m", "agenix_check", "explain", "output-stale"],
        env={**os.environ, "COVERAGE_LINES": str(tmp_path), "PYTHONPATH": path},
        preexec_fn=write_at_most_a_page,
        check=False,
        capture_output=True,
    )

    assert done.returncode == 0
    assert [file.suffix for file in tmp_path.iterdir()] == (
        [".part"] if hasattr(sys, "monitoring") else []
    )
    assert read_lines(tmp_path) == {}


def test_the_report_has_what_ran_least_and_the_sum(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.mkdir()
    whole = PACKAGE / "errors.py"
    numbers = list(range(1, len(whole.read_text().splitlines()) + 1))
    for name in ("one", "two"):
        (lines / name).write_text(f"{whole}\t{numbers}\n")

    *rows, total = report(lines).splitlines()

    assert len(rows) == 10
    assert all(row.startswith("agenix_check/") and row.endswith(" 0%") for row in rows)
    assert total.startswith("TOTAL")
    statements, missed = (int(word) for word in total.split()[1:3])
    assert 0 < statements - missed < len(numbers)
