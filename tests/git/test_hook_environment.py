"""What Git sets for its hooks: other indexes, other Git directories, other work trees."""

import shutil
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.repository import index_snapshot, open_repository
from tests.git.looking import WIFI, bytes_of, call, judge, spoil


@pytest.fixture
def spoilt(fleet: Workshop) -> Workshop:
    """Return a fleet whose second index, `.git/other`, holds an edit that the first lacks."""
    shutil.copy(fleet.top / ".git/index", fleet.top / ".git/kept")
    spoil(fleet)
    fleet.stage()
    (fleet.top / ".git/index").rename(fleet.top / ".git/other")
    (fleet.top / ".git/kept").rename(fleet.top / ".git/index")
    return fleet


@pytest.mark.parametrize("directory", [".", "secrets", "hosts/alpha"])
def test_a_relative_index_is_read_from_the_top(spoilt: Workshop, directory: str) -> None:
    where = spoilt.top / directory
    assert judge(where, GIT_INDEX_FILE=".git/index") == set()
    assert judge(where, GIT_INDEX_FILE=".git/other") == {"output-stale"}


@pytest.mark.parametrize("name", ["index.lock", "next-index-4711.lock"])
@pytest.mark.parametrize("directory", [".", "secrets"])
def test_the_index_of_a_commit_in_progress_is_judged(
    spoilt: Workshop, name: str, directory: str
) -> None:
    index = spoilt.top / ".git" / name
    (spoilt.top / ".git/other").rename(index)
    (spoilt.top / ".git/index.lock").touch()  # `git commit PATH` holds it too
    before = bytes_of(spoilt.top / ".git")
    where = spoilt.top / directory
    hint = "without naming paths" if name.startswith("next-index-") else ""
    assert judge(where, hint=hint, GIT_INDEX_FILE=str(index)) == {"output-stale"}
    after = bytes_of(spoilt.top / ".git")
    assert {path for path in before if after.get(path) != before[path]} <= {name}
    index.touch()
    assert judge(where) == set()


def test_an_index_that_is_not_there_yet_is_empty(fleet: Workshop) -> None:
    index = str(fleet.top / ".git/none")
    assert call(fleet.top, GIT_INDEX_FILE=index).code == 3
    assert call(fleet.top, "--allow-empty", GIT_INDEX_FILE=index).code == 0
    assert judge(fleet.top, "--worktree", GIT_INDEX_FILE=index) == set()


@pytest.mark.parametrize("git_dir", [".git", "./.git", "{top}/.git"])
def test_the_git_directory_may_be_given(fleet: Workshop, git_dir: str) -> None:
    spoil(fleet)
    given = {"GIT_DIR": git_dir.format(top=fleet.top), "GIT_INDEX_FILE": ".git/index"}
    assert judge(fleet.top, **given) == set()
    assert judge(fleet.top, "--worktree", **given) == {"output-stale"}
    fleet.stage()
    assert judge(fleet.top, **given) == {"output-stale"}
    assert judge(fleet.top, "--rev", "HEAD", **given) == set()


def test_the_work_tree_may_be_given_from_below(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.stage(WIFI)
    given = {"GIT_DIR": "../.git", "GIT_WORK_TREE": ".."}
    assert judge(fleet.top / "secrets", **given) == {"output-stale"}
    assert judge(fleet.top / "secrets", "--worktree", **given) == {"output-stale"}


def test_the_work_tree_may_be_apart_from_the_git_directory(fleet: Workshop, tmp_path: Path) -> None:
    apart = tmp_path / "apart.git"
    (fleet.top / ".git").rename(apart)
    spoil(fleet)
    given = {"GIT_DIR": str(apart), "GIT_WORK_TREE": str(fleet.top)}
    assert judge(tmp_path, **given) == set()
    assert judge(tmp_path, "--worktree", **given) == {"output-stale"}


def test_the_configuration_may_set_the_work_tree(fleet: Workshop, tmp_path: Path) -> None:
    inner = fleet.top / "hosts"
    (fleet.top / ".git").rename(inner / ".git")
    (inner / ".git/info/exclude").write_text(".git\n")
    configured = Workshop(tmp_path / "unused").git
    configured.run("config", "--file", str(inner / ".git/config"), "core.worktree", str(fleet.top))
    spoil(fleet)
    assert judge(inner) == set()
    assert judge(inner, "--worktree") == {"output-stale"}


@pytest.fixture
def linked(fleet: Workshop, tmp_path: Path) -> Path:
    """Return a linked work tree of the fleet, with an edit staged that the main one lacks."""
    top = tmp_path / "linked"
    fleet.git.run("worktree", "add", "--quiet", "-b", "side", str(top))
    other = Workshop(top)
    other.master = fleet.master
    spoil(other)
    other.stage()
    return top


def test_a_linked_work_tree_has_its_own_index(fleet: Workshop, linked: Path) -> None:
    assert judge(fleet.top) == set()
    assert judge(linked) == {"output-stale"}
    assert judge(linked / "secrets") == {"output-stale"}
    assert judge(linked, "--worktree") == {"output-stale"}
    assert judge(linked, "--rev", "main") == set()


def test_a_hook_in_a_linked_work_tree_gets_its_git_directory(fleet: Workshop, linked: Path) -> None:
    git_dir = fleet.top / ".git/worktrees/linked"
    for options in ((), ("--worktree",)):
        given = {"GIT_DIR": str(git_dir), "GIT_INDEX_FILE": str(git_dir / "index")}
        assert judge(linked, *options, **given) == {"output-stale"}
        relative = {"GIT_DIR": "../fleet/.git/worktrees/linked"}
        assert judge(linked, *options, **relative) == {"output-stale"}


def test_a_linked_work_tree_knows_where_things_are(fleet: Workshop, linked: Path) -> None:
    repository = open_repository(linked / "secrets")
    assert repository.top == linked
    assert repository.git_dir == fleet.top / ".git/worktrees/linked"
    assert repository.common_dir == fleet.top / ".git"


def test_settings_in_the_environment_are_kept(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "someone")
    git = open_repository(fleet.top).git.with_settings({"user.email": "a@example.org"})
    assert git.run("config", "user.name") == b"someone\n"
    assert git.run("config", "user.email") == b"a@example.org\n"


def test_the_index_is_the_one_that_git_commit_sees(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(fleet)
    fleet.stage()
    wanted = fleet.git.run("write-tree").decode().strip()
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    repository = open_repository(fleet.top / "hosts")
    with index_snapshot(repository) as (reader, snapshot):
        assert snapshot.tree == wanted
        assert reader is repository  # the index itself, not a copy of it
