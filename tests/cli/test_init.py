"""`agenix-check init` as a process, in real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.cli.running import complains
from tests.conftest import Run
from tests.examples import PROGRAMS, with_programs
from tests.keys.terminals import run_at

WRITTEN = [".gitattributes", ".github", ".pre-commit-config.yaml", "agenix-check.toml"]


@pytest.fixture
def hosted(fleet: Workshop) -> Workshop:
    fleet.git.run("remote", "add", "origin", "git@github.com:me/fleet.git")
    return fleet


def _new(fleet: Workshop) -> list[str]:
    listing = fleet.git.run("status", "--porcelain", "-z").decode().split("\0")[:-1]
    assert all(line.startswith("?? ") for line in listing)
    return [line[3:].rstrip("/") for line in listing]


def test_it_shows_and_writes_only_where_asked_to(hosted: Workshop, run: Run) -> None:
    shown = run(hosted.top, "init", "--dry-run")
    assert (shown.code, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Found: agenix-rekey with ")
    assert "+  - repo: https://github.com/agenix-check/agenix-check" in shown.stdout
    unasked = run(hosted.top, "init")
    assert unasked.code == 0
    assert "--yes writes the files" in unasked.stderr
    assert _new(hosted) == []


def test_what_it_writes_works_and_run_again_it_changes_nothing(
    hosted: Workshop, run: Run, tmp_path: Path
) -> None:
    (hosted.top / "deep").mkdir()
    done = run(hosted.top / "deep", "init", "--yes")
    assert done.code == 0, done.stderr
    assert _new(hosted) == WRITTEN
    again = run(hosted.top, "init", "--yes")
    assert "Everything that init writes is here already." in again.stdout
    assert _new(hosted) == WRITTEN
    hosted.stage()
    checked = run(hosted.top)
    assert checked.code == 0, checked.stdout
    command = [str(PROGRAMS / "pre-commit"), "validate-config"]
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    subprocess.run(command, cwd=hosted.top, check=True, capture_output=True, env=environment)
    # The files are everybody's, the hook is this clone's.
    assert "this clone has none" in again.stdout
    for place, settings in ((".git/hooks", ()), ("shared", ("core.hooksPath", "shared"))):
        hosted.write(f"{place}/pre-commit", "#!/bin/sh\n")
        if settings:
            hosted.git.run("config", *settings)
        assert "hook" not in run(hosted.top, "init", "--yes").stdout.partition("By hand")[2]
        (hosted.top / place / "pre-commit").unlink()
    assert "this clone has none" in run(hosted.top, "init", "--yes").stdout
    hosted.git.run("config", "--unset", "core.hooksPath")
    assert hosted.git.run("check-attr", "text", "--", "secrets/db.age").endswith(b"text: unset\n")


@pytest.mark.parametrize(("answer", "written"), [("y", WRITTEN), ("n", []), ("", [])])
def test_a_person_is_asked(hosted: Workshop, answer: str, written: list[str]) -> None:
    inside = f'cd "{hosted.top}" && exec "{PROGRAMS / "agenix-check"}" init'
    ended = run_at(["sh", "-c", inside], [("[y/N]", f"{answer}\n")])
    assert ended.status == 0
    assert _new(hosted) == written


def test_nothing_is_overwritten(hosted: Workshop, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (hosted.top / "agenix-check.toml").symlink_to(target)
    done = run(hosted.top, "init", "--yes")
    assert not target.exists()
    assert done.code in (0, 2)


def test_git_is_not_made_to_call_what_it_cannot_find(hosted: Workshop, run: Run) -> None:
    places = os.environ["PATH"].split(os.pathsep)
    without = [one for one in places if not (Path(one) / "agenix-check").exists()]
    done = run(hosted.top, "init", "--yes", env={"PATH": os.pathsep.join(without)})
    assert done.code == 0
    assert "`pipx install agenix-check`, then init once more" in done.stdout
    assert hosted.git.attempt("config", "--get", "diff.agenix-check.textconv")[0] == 1
    again = run(hosted.top, "init", "--yes", env=with_programs())
    assert "git config --local diff.agenix-check.textconv" in again.stdout
    assert hosted.git.attempt("config", "--get", "diff.agenix-check.textconv")[0] == 0


def test_outside_a_repository_it_ends_with_one_line(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "init"), 3, "is in no Git repository")


def test_in_an_unmerged_one_too(fleet: Workshop, run: Run) -> None:
    git = fleet.git
    for branch, text in (("side", "a"), ("main", "b")):
        if branch == "side":
            git.run("checkout", "--quiet", "-b", branch)
        else:
            git.run("checkout", "--quiet", branch)
        fleet.write("notes", text)
        fleet.commit(branch)
    assert git.attempt("merge", "side")[0] != 0
    complains(run(fleet.top, "init"), 3, "unmerged entries")
