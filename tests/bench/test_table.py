"""README's table has the rows and targets that `make bench` prints."""

from pathlib import Path

import pytest

from tests.bench import old_build
from tests.bench.fleet import git
from tests.bench.goals import GOALS, START
from tests.bench.scene import Measured
from tests.bench.table import HEADING, README, line_of, renew, rows_of


def test_readme_says_what_must_be_reached_and_whether_it_is() -> None:
    rows = rows_of(README.read_text())
    assert [label for label in GOALS if label in rows] == list(rows)
    for label, line in rows.items():
        _, measured, limit, verdict = line.removesuffix(" |\n").split(" | ")
        goal = GOALS[label]
        assert limit.strip() == goal.limit
        if not measured.startswith("not measured"):
            assert verdict.strip() == goal.judge(float(measured.split()[0]))


def test_a_row_says_whether_its_target_is_reached() -> None:
    assert line_of(Measured(START, 1.754, "17 ms against 10 ms")) == (
        "| start-up: `agenix-check --version`, against `python -c pass` "
        "| 1.75 times (17 ms against 10 ms) | 1.75 times | met |\n"
    )
    assert line_of(Measured(START, 1.76, "")).endswith("| 1.76 times | 1.75 times | missed |\n")
    assert "| not measured: why |" in line_of(Measured(START, None, "why"))


def test_what_was_not_measured_this_time_stays_in_readme() -> None:
    before = f"a\n<!-- bench -->\n{HEADING}<!-- /bench -->\nb\n"
    labels = list(GOALS)[:3]
    whole = renew(before, {label: f"| {label} | 1 | | |\n" for label in labels})

    once_more = renew(whole, {labels[1]: f"| {labels[1]} | 2 | | |\n"})

    assert list(rows_of(once_more)) == labels
    assert [line.split(" | ")[1] for line in rows_of(once_more).values()] == ["1", "2", "1"]
    assert once_more.startswith("a\n")
    assert once_more.endswith("-->\nb\n")


def test_a_clone_without_the_old_build_is_measured_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    monkeypatch.setattr(old_build, "_CHECKOUT", tmp_path)

    assert old_build.install_old(tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()
