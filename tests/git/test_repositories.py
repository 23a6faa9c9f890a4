"""Every form that a repository may have."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.repository import is_cut_off, open_repository, parent
from tests.git.looking import WIFI, call, judge, mend, outside_git, says, spoil, status
from tests.host_keys import ALPHA
from tests.programs import version_of


def _index_version(fleet: Workshop) -> int:
    return int.from_bytes((fleet.top / ".git/index").read_bytes()[4:8], "big")


def _version_4(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--index-version", "4")
    assert _index_version(fleet) == 4


def _split(fleet: Workshop) -> None:
    fleet.git.run("config", "core.splitIndex", "true")
    fleet.git.run("update-index", "--split-index")
    assert list((fleet.top / ".git").glob("sharedindex.*"))


def _sparse(fleet: Workshop) -> None:
    fleet.git.run("sparse-checkout", "set", "--cone", "hosts")
    assert not (fleet.top / "secrets").exists()


def _sparse_index(fleet: Workshop) -> None:
    fleet.git.run("sparse-checkout", "set", "--cone", "--sparse-index", "hosts")
    assert b"secrets/\0" in fleet.git.run("ls-files", "-z", "--sparse")


def _sparse_patterns(fleet: Workshop) -> None:
    fleet.git.run("sparse-checkout", "set", "--no-cone", "*.nix", "*.pub")
    assert not (fleet.top / "secrets").exists()


@pytest.mark.parametrize("form", [_version_4, _split])
def test_every_form_of_the_index_is_read(fleet: Workshop, form: Callable[[Workshop], None]) -> None:
    form(fleet)
    assert judge(fleet.top) == set()
    spoil(fleet)
    assert judge(fleet.top) == set()
    assert judge(fleet.top, "--worktree") == {"output-stale"}
    fleet.stage()
    assert judge(fleet.top) == {"output-stale"}
    mend(fleet)
    fleet.stage()
    assert judge(fleet.top) == set()
    assert judge(fleet.top, "--worktree") == set()


def test_a_split_index_gets_no_new_shared_part(fleet: Workshop) -> None:
    _split(fleet)
    fleet.git.run("config", "splitIndex.maxPercentChange", "0")  # each write would make one
    before = sorted(path.name for path in (fleet.top / ".git").iterdir())
    spoil(fleet)
    assert judge(fleet.top, "--worktree") == {"output-stale"}
    assert sorted(path.name for path in (fleet.top / ".git").iterdir()) == before


@pytest.mark.parametrize("form", [_sparse, _sparse_index, _sparse_patterns])
def test_what_a_sparse_checkout_leaves_out_is_judged(
    fleet: Workshop, form: Callable[[Workshop], None]
) -> None:
    form(fleet)
    before = outside_git(fleet.top), status(fleet)
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(fleet.top, *options) == set()
    assert (outside_git(fleet.top), status(fleet)) == before
    fleet.host("alpha", ALPHA.replace("root@", "admin@"))
    assert judge(fleet.top, "--worktree") == {"output-stale"}
    assert judge(fleet.top) == set()
    fleet.stage("hosts")
    assert judge(fleet.top) == {"output-stale"}


def test_a_new_file_outside_the_sparse_checkout_counts_in_the_work_tree(fleet: Workshop) -> None:
    _sparse(fleet)
    spoil(fleet)
    assert judge(fleet.top, "--worktree") == {"output-stale"}


def test_a_sha_256_repository_is_judged(tmp_path: Path) -> None:
    fleet = Workshop(tmp_path / "fleet", object_format="sha256")
    fleet.host("alpha", ALPHA)
    fleet.host("beta", ALPHA.replace("root@", "beta@"))
    fleet.source(WIFI, "another plaintext")
    mend(fleet)
    fleet.commit("Build the fleet")
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(fleet.top, *options) == set()
    spoil(fleet)
    assert judge(fleet.top, "--worktree") == {"output-stale"}
    fleet.commit("Break it")
    assert judge(fleet.top, "--rev", "HEAD") == {"output-stale"}
    assert judge(fleet.top, "--from-ref", "0" * 64, "--to-ref", "HEAD^") == set()


def test_a_reftable_repository_is_judged(fleet: Workshop) -> None:
    if version_of("git") < (2, 46):
        fleet.git.run("config", "core.repositoryFormatVersion", "1")
        fleet.git.run("config", "extensions.refStorage", "reftable")
        assert "refstorage" in says(call(fleet.top), 3)
        return
    shutil.rmtree(fleet.top / ".git/logs")  # Git 2.47 migrates none
    fleet.git.run("refs", "migrate", "--ref-format=reftable")
    assert judge(fleet.top) == judge(fleet.top, "--rev", "HEAD") == set()
    spoil(fleet)
    fleet.commit("Break it")
    assert judge(fleet.top, "--rev", "HEAD") == {"output-stale"}


@pytest.fixture
def broken(fleet: Workshop) -> Workshop:
    """Return a fleet whose last commit breaks outputs."""
    spoil(fleet)
    fleet.commit("Break it")
    return fleet


def _clone(fleet: Workshop, top: Path, *options: str) -> Path:
    fleet.git.run("-c", "protocol.file.allow=always", "clone", "--quiet", *options,
                  f"file://{fleet.top}", str(top))  # fmt: skip
    return top


@pytest.fixture
def cloning(monkeypatch: pytest.MonkeyPatch, broken: Workshop) -> Callable[[Path, int], Path]:
    """Return a function that makes a shallow clone of the broken fleet."""

    def clone(top: Path, depth: int) -> Path:
        broken.git = broken.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
        return _clone(broken, top, f"--depth={depth}")

    return clone


def test_a_shallow_clone_without_the_parent_cannot_tell_what_is_new(
    tmp_path: Path, cloning: Callable[[Path, int], Path]
) -> None:
    top = cloning(tmp_path / "clone", 1)
    said = call(top, "--rev", "HEAD")
    assert said.code == 3
    assert "fetch-depth: 0" in said.stderr
    repository = open_repository(top)
    assert repository.head is not None
    assert repository.shallow
    assert parent(repository, repository.head) is None
    assert is_cut_off(repository, repository.head)


def test_a_shallow_clone_with_the_parent_is_judged_as_the_whole(
    tmp_path: Path, broken: Workshop, cloning: Callable[[Path, int], Path]
) -> None:
    top = cloning(tmp_path / "clone", 2)
    options = ("--format", "json", "--rev", "HEAD")
    assert judge(top, "--rev", "HEAD") == {"output-stale"}
    assert call(top, *options) == call(broken.top, *options)
    repository = open_repository(top)
    assert repository.head is not None
    assert not is_cut_off(repository, repository.head)
    assert is_cut_off(repository, str(parent(repository, repository.head)))


def test_a_shallow_clone_of_a_fleet_in_order_passes(
    tmp_path: Path, broken: Workshop, cloning: Callable[[Path, int], Path]
) -> None:
    mend(broken)
    broken.commit("Mend it")
    top = cloning(tmp_path / "clone", 1)
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(top, *options) == set()


def test_a_revision_that_a_shallow_clone_lacks_is_said(
    tmp_path: Path, cloning: Callable[[Path, int], Path]
) -> None:
    top = cloning(tmp_path / "clone", 1)
    said = says(call(top, "--from-ref", "HEAD^", "--to-ref", "HEAD"), 2)
    assert said == "no commit is named 'HEAD^' in this shallow clone"


def test_the_first_commit_of_a_whole_clone_is_not_cut_off(fleet: Workshop) -> None:
    repository = open_repository(fleet.top)
    first = fleet.git.run("rev-parse", "HEAD^").decode().strip()
    assert parent(repository, first) is None
    assert not is_cut_off(repository, first)


def test_a_bare_repository_is_judged_by_revision(broken: Workshop, tmp_path: Path) -> None:
    top = tmp_path / "bare.git"
    shutil.copytree(broken.top / ".git", top)
    broken.git.run("config", "--file", str(top / "config"), "core.bare", "true")
    (top / "index").unlink()
    assert judge(top, "--rev", "HEAD") == {"output-stale"}
    assert judge(top / "refs", "--rev", "HEAD^") == set()
    assert judge(top, "--rev", "HEAD", GIT_DIR=".") == {"output-stale"}
    assert says(call(top), 2) == "a bare repository has no index; name a commit with --rev"
    assert says(call(top, "--worktree"), 2) == "--worktree: a bare repository has no work tree"


def test_a_submodule_is_skipped_and_said(fleet: Workshop) -> None:
    head = fleet.git.run("rev-parse", "HEAD").decode().strip()
    fleet.git.run("update-index", "--add", "--cacheinfo", f"160000,{head},vendor/module")
    said = call(fleet.top, "-v")
    assert (said.code, said.stderr) == (0, "")
    assert "vendor/module: a submodule, which is a repository of its own" in said.stdout
    fleet.git.run("commit", "--quiet", "-m", "Add a submodule")
    assert judge(fleet.top, "--rev", "HEAD") == set()


def test_a_repository_inside_the_work_tree_is_a_submodule(fleet: Workshop) -> None:
    Workshop(fleet.top / "inner").commit("Begin")
    before = status(fleet)
    assert judge(fleet.top, "--worktree") == set()
    assert "inner: a submodule" in call(fleet.top, "--worktree", "-v").stdout
    assert status(fleet) == before


def test_a_submodule_is_itself_a_repository(fleet: Workshop, tmp_path: Path) -> None:
    outer = Workshop(tmp_path / "outer")
    fleet.top.rename(outer.top / "inner")
    modules = outer.top / ".git/modules"
    modules.mkdir()
    (outer.top / "inner/.git").rename(modules / "inner")
    outer.write("inner/.git", "gitdir: ../.git/modules/inner\n")
    outer.git.run("config", "--file", str(modules / "inner/config"), "core.worktree",
                  "../../../inner")  # fmt: skip
    assert judge(outer.top / "inner/secrets") == set()
    assert judge(outer.top / "inner", "--worktree") == set()


@pytest.mark.parametrize("name", ["a:b", 'a"b', "a\nb", "a\\b", " a ", "ä", "-a"])
def test_the_repository_may_be_in_a_directory_with_any_name(fleet: Workshop, name: str) -> None:
    top = fleet.top.rename(fleet.top.with_name(name))
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(top, *options) == set()
        assert judge(top / "hosts", *options) == set()
