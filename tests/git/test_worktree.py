"""Files of the work tree are read without following a symlink and without running a filter."""

import os
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.objects import WHOLE
from agenix_check.git.repository import open_repository, worktree_snapshot
from agenix_check.git.snapshot import SYMLINK
from agenix_check.git.worktree import list_directory, list_unstaged, read_file
from tests.git.looking import judge, mark, mend, spoil


def test_regular_files_are_read(workshop: Workshop) -> None:
    repository = open_repository(workshop.top)
    workshop.write("a/b", b"\0\xff\n")
    workshop.write("whole", b"x" * WHOLE)
    workshop.write("large", b"x" * (WHOLE + 1))
    assert read_file(repository, "a/b") == b"\0\xff\n"
    assert read_file(repository, "whole") == b"x" * WHOLE
    assert read_file(repository, "large") is None


def test_nothing_else_is_read(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("secret")
    workshop.write("file", "inside")
    (workshop.top / "link").symlink_to("file")
    (workshop.top / "away").symlink_to(tmp_path / "outside")
    os.mkfifo(workshop.top / "pipe")
    repository = open_repository(workshop.top)
    outside = str(tmp_path / "outside/file")
    for path in ("none", "link", "away/file", "pipe", ".", "file/x", "../outside/file", outside):
        assert read_file(repository, path) is None
    for path in ("away", "..", "../outside", str(tmp_path / "outside"), "none", "file"):
        assert list(list_directory(repository, path)) == []
    assert set(list_directory(repository, "")) == {"file", "link", "pipe"}


def test_a_directory_is_listed_with_all_below_it_and_to_a_bound(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("d/a", "d/deep/er/b", "other"):
        workshop.write(path, path)
    workshop.write(".gitignore", "deep\n")
    repository = open_repository(workshop.top)
    assert set(list_directory(repository, "d")) == {"d/a", "d/deep/er/b"}
    monkeypatch.setattr("agenix_check.git.worktree._MOST_ENTRIES", 1)
    assert len(list(list_directory(repository, "d"))) == 1


def test_a_bare_repository_has_no_files_to_read(workshop: Workshop) -> None:
    workshop.git.run("config", "core.bare", "true")
    repository = open_repository(workshop.top / ".git")
    assert repository.top is None
    assert read_file(repository, "config") is None
    assert list(list_directory(repository, "")) == []


def test_what_is_not_staged_is_listed_once(workshop: Workshop) -> None:
    for path in ("same", "edited", "gone", "staged", "touched"):
        workshop.write(path, "1")
    workshop.write(".gitignore", "ignored\n")
    workshop.commit("Base")
    workshop.write("edited", "2")
    workshop.remove("gone")
    workshop.write("staged", "2")
    workshop.stage("staged")
    workshop.write("new", "new")
    workshop.write("ignored", "ignored")
    os.utime(workshop.top / "touched", (1, 1))
    assert sorted(list_unstaged(open_repository(workshop.top / ".git/.."))) == [
        "edited", "gone", "new"
    ]  # fmt: skip


def test_a_symlink_in_the_work_tree_stays_one(fleet: Workshop, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    (fleet.top / "link").symlink_to(tmp_path / "secret")
    with worktree_snapshot(open_repository(fleet.top)) as (reader, snapshot):
        assert snapshot.files["link"].mode == SYMLINK
        data = reader.git.run("cat-file", "blob", snapshot.files["link"].oid)
    assert data == str(tmp_path / "secret").encode()


def test_the_shown_file_behind_a_symlink_fixes_nothing(fleet: Workshop, tmp_path: Path) -> None:
    spoil(fleet)
    fleet.stage()
    mend(fleet)
    (fleet.top / "secrets/rekeyed/beta").rename(tmp_path / "beta")
    (fleet.top / "secrets/rekeyed/beta").symlink_to(tmp_path / "beta")
    assert judge(fleet.top) == {"output-stale", "output-unstaged"}


@pytest.mark.parametrize("kind", ["clean", "smudge", "process"])
def test_no_filter_runs_to_judge_what_is_staged_or_committed(
    fleet: Workshop, tmp_path: Path, kind: str
) -> None:
    fleet.write(".gitattributes", "*.age filter=evil\n*.pub filter=a=b\n*.md filter=A.B\n")
    spoil(fleet)
    fleet.stage()
    marker = tmp_path / "ran"
    for name in ("evil", "a=b", "A.B"):
        program = mark(tmp_path / "program", marker)
        fleet.git.run("config", f"filter.{name}.{kind}", program)
        fleet.git.run("config", f"filter.{name}.required", "true")
    mend(fleet)
    fleet.source("secrets/db.age", "edited")
    fleet.host("beta", "edited\n")
    fleet.write("README.md", "A Fleet.\n")
    assert "output-unstaged" in judge(fleet.top)
    assert judge(fleet.top, "--rev", "HEAD") == set()
    assert not marker.exists()
