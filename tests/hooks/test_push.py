"""Real pushes: what is pushed is judged, not what is checked out."""

from pathlib import Path

import pytest

from tests.hooks.conftest import Desk


@pytest.fixture
def remote(desk: Desk, tmp_path: Path) -> str:
    """Return an empty bare repository, which is the remote `origin`."""
    path = str(tmp_path / "remote.git")
    desk.ask("init", "--quiet", "--bare", path)
    desk.ask("remote", "add", "origin", path)
    return path


def _break(desk: Desk) -> None:
    desk.edit()
    desk.fleet.commit("Edit")


def _has(desk: Desk, branch: str) -> bool:
    return desk.ask("ls-remote", "origin", f"refs/heads/{branch}") != ""


def test_the_first_push_of_a_fleet_in_order(desk: Desk, remote: str) -> None:
    done = desk.git("push", "origin", "main")
    assert done.code == 0, done.output
    assert "Passed" in done.output
    assert _has(desk, "main")


def test_the_first_push_of_all_history_is_judged(desk: Desk, remote: str) -> None:
    # pre-commit names no commit then, only the branch.
    desk.ask("checkout", "--quiet", "-b", "broken")
    _break(desk)
    desk.ask("checkout", "--quiet", "main")
    done = desk.git("push", "origin", "broken")
    assert done.code == 1, done.output
    assert "output-stale" in done.output
    assert not _has(desk, "broken")


def test_a_new_branch_is_judged_from_where_it_left(desk: Desk, remote: str) -> None:
    desk.ask("push", "--quiet", "origin", "main")
    desk.ask("checkout", "--quiet", "-b", "broken")
    _break(desk)
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.commit("Write")
    desk.ask("checkout", "--quiet", "main")
    done = desk.git("push", "origin", "broken")
    assert done.code == 1, done.output
    assert "output-stale" in done.output
    assert not _has(desk, "broken")


def test_a_branch_that_is_there_is_judged_from_what_the_remote_has(desk: Desk, remote: str) -> None:
    desk.ask("push", "--quiet", "origin", "main")
    _break(desk)
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.commit("Write")
    done = desk.git("push", "origin", "main")
    assert done.code == 1, done.output
    assert "output-stale" in done.output
    desk.mend()
    desk.fleet.commit("Rekey")
    done = desk.git("push", "origin", "main")
    assert done.code == 0, done.output


def test_a_push_does_not_see_what_is_checked_out(desk: Desk, remote: str) -> None:
    desk.ask("push", "--quiet", "origin", "main")
    desk.ask("branch", "good")
    desk.edit()
    desk.fleet.stage()
    before = desk.state()
    done = desk.git("push", "origin", "good")
    assert done.code == 0, done.output
    desk.ask("checkout", "--quiet", "good")
    desk.fleet.git.run("commit", "--quiet", "-m", "Edit")
    done = desk.git("push", "origin", "main:refs/heads/other")
    assert done.code == 0, done.output
    desk.ask("reset", "--quiet", "--soft", "main")
    assert desk.state() == before


def test_a_remote_branch_can_be_deleted(desk: Desk, remote: str) -> None:
    desk.ask("push", "--quiet", "origin", "main", "main:refs/heads/old")
    _break(desk)
    assert desk.git("push", "origin", ":old").code == 0
    assert not _has(desk, "old")
