"""The command under GitHub Actions: its format, the summary of the step, and the rest as ever."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.conftest import Run
from tests.mend.mending import write_key
from tests.report.runner import commands

ACTIONS = {"GITHUB_ACTIONS": "true", "CI": "true"}


def _break(fleet: Workshop) -> None:
    fleet.source("secrets/db.age", "another\n")
    fleet.stage()


def _without_outputs(fleet: Workshop) -> None:
    fleet.git.run("rm", "-rqf", "secrets")
    fleet.git.run("commit", "-qm", "Begin anew")


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    """Return the file of a step's summary, in which another program wrote."""
    file = tmp_path / "summary.md"
    file.write_text("# Before\n")
    return file


def test_the_log_has_annotations_and_the_usual_report(fleet: Workshop, run: Run) -> None:
    _break(fleet)
    usual, result = run(fleet.top), run(fleet.top, env=ACTIONS)
    (one,) = commands(result.stdout)

    assert (result.code, result.stderr) == (1, "")
    assert one.name == "error"
    assert one.properties["file"] == "secrets/db.age"
    assert "alpha db, beta db, delta db, gamma db" in one.data
    assert result.stdout.partition("\n")[2] == usual.stdout
    assert run(fleet.top, "--format", "github") == result


@pytest.mark.parametrize("value", ["false", "", "1"])
def test_github_actions_says_true(fleet: Workshop, run: Run, value: str) -> None:
    _break(fleet)
    assert commands(run(fleet.top, env={"GITHUB_ACTIONS": value}).stdout) == []


def test_who_names_a_format_gets_it(fleet: Workshop, summary: Path, run: Run) -> None:
    fleet.write("agenix-check.toml", 'format = "markdown"\n')
    fleet.commit("Choose a format")
    _break(fleet)
    env = {**ACTIONS, "GITHUB_STEP_SUMMARY": str(summary)}
    assert commands(run(fleet.top, "--format", "text", env=env).stdout) == []
    variable = run(fleet.top, env={**env, "AGENIX_CHECK_FORMAT": "json"})
    assert variable.stdout.startswith("{")
    assert run(fleet.top, env=env).stdout.startswith("### ❌ agenix-check failed: 9 outputs")
    assert summary.read_text() == "# Before\n"


def test_the_summary_is_appended(fleet: Workshop, summary: Path, run: Run) -> None:
    env = {**ACTIONS, "GITHUB_STEP_SUMMARY": str(summary)}
    assert run(fleet.top, env=env).code == 0
    first = summary.read_text()
    _break(fleet)
    assert run(fleet.top, "--quiet", env=env).code == 1
    second = summary.read_text()
    _without_outputs(fleet)
    assert run(fleet.top, env=env).code == 3
    third = summary.read_text()

    assert first.startswith("# Before\n\n\n### ✅ agenix-check passed: 9 outputs on 4 nodes")
    assert "| `alpha` | 3 | " in first
    assert second.startswith(f"{first}\n\n### ❌ agenix-check failed: 9 outputs on 4 nodes")
    assert "#### `secrets/db.age` changed" in second
    assert third.startswith(f"{second}\n\n### ⚠️ agenix-check could not check everything: ")


def test_a_tree_that_is_known_to_be_green_has_its_table(
    fleet: Workshop, tmp_path: Path, run: Run
) -> None:
    for name in ("one", "two"):
        file = tmp_path / name
        run(fleet.top, env={**ACTIONS, "GITHUB_STEP_SUMMARY": str(file)})
        assert "| `alpha` | 3 | " in file.read_text()


@pytest.mark.parametrize(("code", "damage"), [(1, _break), (3, _without_outputs)])
def test_every_report_is_written_also_when_the_run_fails(
    fleet: Workshop, tmp_path: Path, run: Run, code: int, damage: Callable[[Workshop], None]
) -> None:
    damage(fleet)
    files = {name: tmp_path / name for name in ("github", "markdown")}
    outputs = [f"--output={name}={file}" for name, file in files.items()]

    assert run(fleet.top, *outputs).code == code
    assert len(commands(files["github"].read_text())) == 1
    assert files["markdown"].read_text().startswith("### ")


def test_a_run_does_not_fail_for_its_summary(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    files = (tmp_path, tmp_path / "none" / "summary", pipe, link)
    for code, damage in ((0, None), (1, _break)):
        if damage:
            damage(fleet)
        for file in files:
            result = run(fleet.top, env={**ACTIONS, "GITHUB_STEP_SUMMARY": str(file)})
            assert result.code == code
            assert result.stdout == run(fleet.top, env=ACTIONS).stdout
            assert result.stderr.startswith(
                "agenix-check: the summary of this step could not be written: "
            )
            assert result.stderr.count("\n") == 1
            assert str(file) in result.stderr


@pytest.mark.parametrize("size", [0, 1, 990_000, 999_700, 999_990, 2_000_000])
def test_a_summary_never_grows_too_large(
    fleet: Workshop, summary: Path, run: Run, size: int
) -> None:
    summary.write_text("x" * size)
    result = run(fleet.top, env={**ACTIONS, "GITHUB_STEP_SUMMARY": str(summary)})
    added = summary.stat().st_size - size

    assert result.code == 0
    assert (added == 0) == ("is full" in result.stderr) == (size > 999_800)
    assert size + added <= max(size, 1_000_000)


def test_a_plan_is_text(fleet: Workshop, summary: Path, run: Run) -> None:
    _break(fleet)
    plan = run(fleet.top, "--fix", "--dry-run")
    env = {**ACTIONS, "GITHUB_STEP_SUMMARY": str(summary)}

    assert "decrypt secrets/db.age" in plan.stdout
    assert run(fleet.top, "--fix", "--dry-run", env=env) == plan
    assert summary.read_text() == "# Before\n"


def test_a_fix_is_in_the_summary(fleet: Workshop, summary: Path, run: Run) -> None:
    _break(fleet)
    env = {**ACTIONS, "GITHUB_STEP_SUMMARY": str(summary)}
    result = run(fleet.top, "--fix", "-i", str(write_key(fleet)), env=env)

    assert result.code == 0
    assert "#### Fixed" in summary.read_text()
    assert "- rekeyed `alpha` · `db` · " in summary.read_text()


@pytest.mark.parametrize("words", [("fleet",), ("explain",), ("schema",), ("inspect", "README.md")])
def test_other_verbs_are_as_ever(fleet: Workshop, run: Run, words: tuple[str, ...]) -> None:
    assert run(fleet.top, *words, env=ACTIONS) == run(fleet.top, *words)
