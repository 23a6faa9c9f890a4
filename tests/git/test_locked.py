"""Where nothing can be written, the tree is made aside and nothing in the Git directory changes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.git.looking import WIFI, bytes_of, judge, mend, spoil


@pytest.fixture
def staged(fleet: Workshop) -> Workshop:
    """Return a fleet with an edit staged, so that its tree is not yet known to Git."""
    spoil(fleet)
    fleet.stage(WIFI)
    return fleet


@pytest.mark.parametrize("options", [(), ("--worktree",)])
def test_a_held_lock_does_not_stop_a_run(staged: Workshop, options: tuple[str, ...]) -> None:
    (staged.top / ".git/index.lock").write_bytes(b"held")
    before = _without_objects(staged)
    assert judge(staged.top, *options) == {"output-stale"}
    assert _without_objects(staged) == before


def test_under_a_held_lock_what_is_not_staged_is_still_found(staged: Workshop) -> None:
    mend(staged)
    (staged.top / ".git/index.lock").touch()
    assert judge(staged.top) == {"output-unstaged"}


def test_under_a_held_lock_a_split_index_is_read(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--split-index")
    spoil(fleet)
    fleet.stage(WIFI)
    (fleet.top / ".git/index.lock").touch()
    before = _without_objects(fleet)
    assert judge(fleet.top) == {"output-stale"}
    assert _without_objects(fleet) == before


def _without_objects(fleet: Workshop) -> dict[str, bytes]:
    """Return the files of the Git directory, but for the objects: trees may come to them."""
    found = bytes_of(fleet.top / ".git")
    return {name: data for name, data in found.items() if not name.startswith("objects/")}


@pytest.fixture
def read_only(staged: Workshop) -> Iterator[Workshop]:
    """Return a repository in which nothing may be written, neither in Git's directory nor out."""
    for directory in (staged.top, *staged.top.rglob("*")):
        if directory.is_dir():
            directory.chmod(0o555)
    yield staged
    for directory in (staged.top, *staged.top.rglob("*")):
        if directory.is_dir():
            directory.chmod(0o755)


@pytest.mark.parametrize("options", [(), ("--worktree",)])
def test_a_repository_that_is_read_only_is_judged(
    read_only: Workshop, options: tuple[str, ...]
) -> None:
    before = bytes_of(read_only.top)
    done = subprocess.run(
        [*_as_anybody(), sys.executable, "-m", "agenix_check", "-q", *options],
        cwd=read_only.top,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, ""), done
    assert "output-stale" in done.stdout
    assert bytes_of(read_only.top) == before


def test_the_temporary_directory_is_left_empty(
    staged: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    (staged.top / ".git/index.lock").touch()
    assert judge(staged.top) == {"output-stale"}
    assert judge(staged.top, "--worktree") == {"output-stale"}
    assert list(scratch.iterdir()) == []


def _as_anybody() -> list[str]:
    """Return what takes root's right to write everywhere from a command."""
    if os.geteuid() != 0:
        return []
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--inh-caps={rights}", f"--bounding-set={rights}"]
