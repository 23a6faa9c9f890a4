"""`--fail-on new`: old findings are shown and do not fail a commit, or a range with a base."""

import json
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.conftest import Run

OLD = "Already there before this change; does not fail this run (--fail-on new)"


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.fixture
def broken(fleet: Workshop) -> Workshop:
    """Return a fleet whose last commit has nothing to do with the error of the one before."""
    fleet.write(str(output(fleet).relative_to(fleet.top)), "no age file\n")
    fleet.commit("Break an output")
    fleet.write("README.md", "Another text.\n")
    fleet.commit("Write")
    return fleet


def output(fleet: Workshop) -> Path:
    (found,) = (fleet.top / fleet.storage / "alpha").glob("*-db.age")
    return found


RANGE = ("--from-ref", "HEAD~1", "--to-ref", "HEAD")


def test_an_old_error_in_a_range_is_shown_and_does_not_fail(broken: Workshop, run: Run) -> None:
    assert run(broken.top, *RANGE).code == 1
    result = run(broken.top, *RANGE, "--fail-on", "new")
    assert (result.code, result.stderr) == (0, "")
    assert OLD in result.stdout
    assert "error[output-not-encrypted]" in result.stdout
    assert "1 error, 0 warnings" in result.stdout


def test_a_new_error_in_a_range_fails(broken: Workshop, run: Run) -> None:
    assert run(broken.top, "--from-ref", "HEAD~2", *RANGE[2:], "--fail-on", "new").code == 1


def test_a_commit_that_is_being_made(
    broken: Workshop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(broken.top, "--fail-on", "new").code == 1  # by hand
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert run(broken.top).code == 1
    assert run(broken.top, "--fail-on", "new").code == 0
    assert run(broken.top, "--fail-on", "new", "--worktree").code == 1  # nobody commits that
    assert run(broken.top, "--fail-on", "new", "--rev", "HEAD").code == 1
    broken.source("secrets/wifi.age", "another\n")
    broken.stage()
    result = run(broken.top, "--fail-on", "new")
    assert result.code == 1
    assert "output-stale" in result.stdout
    assert OLD in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--rev", "HEAD"),
        ("--worktree",),
        ("--from-ref", "0" * 40, "--to-ref", "HEAD"),  # a first push
    ],
)
def test_without_a_change_every_error_fails(
    broken: Workshop, run: Run, words: tuple[str, ...]
) -> None:
    result = run(broken.top, *words, "--fail-on", "new")
    assert result.code == 1
    assert "does not fail" not in result.stdout


def test_the_last_option_wins(broken: Workshop, run: Run) -> None:
    assert run(broken.top, *RANGE, "--fail-on", "new", "--fail-on", "all").code == 1


def test_the_range_of_a_hook(broken: Workshop, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert run(broken.top).code == 1
    assert run(broken.top, "--fail-on", "new").code == 0


def test_an_old_warning_does_not_fail_a_strict_run(fleet: Workshop, run: Run) -> None:
    fleet.remove("secrets/db.age")
    fleet.commit("Delete a source")
    fleet.write("README.md", "Another text.\n")
    fleet.commit("Write")
    assert run(fleet.top, *RANGE, "--strict").code == 1
    assert run(fleet.top, *RANGE, "--strict", "--fail-on", "new").code == 0
    since = ("--from-ref", "HEAD~2", *RANGE[2:])
    assert run(fleet.top, *since, "--strict", "--fail-on", "new").code == 1


def test_what_could_not_be_checked_still_exits_3(broken: Workshop, run: Run) -> None:
    words = ("--inventory", "lock", *RANGE, "--fail-on", "new")
    assert run(broken.top, *words).code == 3


def test_outputs_that_cannot_be_verified_still_fail(broken: Workshop, run: Run) -> None:
    assert run(broken.top, *RANGE, "--fail-on", "new", "--require-verified").code == 1


def test_the_json_report_is_the_same(broken: Workshop, run: Run) -> None:
    shown = [
        run(broken.top, *RANGE, "--format", "json", "--fail-on", which).stdout
        for which in ("all", "new")
    ]
    assert shown[0] == shown[1]
    assert {one["new"] for one in json.loads(shown[0])["findings"]} == {False}
