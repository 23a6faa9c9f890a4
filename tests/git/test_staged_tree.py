"""The tree of an index is found by what is staged as `git write-tree` writes it."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agenix_check.demo.isolation import plain_git
from agenix_check.demo.workshop import Workshop
from agenix_check.git import staged_tree
from agenix_check.git.process import Git
from agenix_check.git.repository import index_snapshot, open_repository
from agenix_check.git.staged_tree import is_large, write_staged_tree

# Few names, so that files give way to directories, and the reverse.
_NAMES = st.sampled_from(
    ["a", "a.b", "a-b", "a0", "b", "some blob", 'q"\\t', "\udcff", "ä", "x\ty"]
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_MODES = st.sampled_from(["100644", "100755", "120000", "160000"])
_TREES = st.dictionaries(_PATHS, st.tuples(_MODES, st.integers(1, 9)), max_size=9)


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def git(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Git]:
    """Return Git in an empty repository with object ids of either kind."""
    top = tmp_path_factory.mktemp("repository")
    with plain_git():
        git = Git(str(top))
        git.run("init", "-q", f"--object-format={request.param}")
        yield git


def _digits(git: Git) -> int:
    return 64 if b"sha256" in git.run("rev-parse", "--show-object-format") else 40


def _stage(git: Git, files: Mapping[str, tuple[str, int]]) -> None:
    """Let the index have exactly some files; their objects need not be there."""
    digits = _digits(git)
    git.run("read-tree", "--empty")
    kept = {
        path: file for path, file in files.items()
        if not any(other.startswith(f"{path}/") for other in files)
    }  # fmt: skip
    lines = [f"{mode} {str(content) * digits}\t{path}\0" for path, (mode, content) in kept.items()]
    given = "".join(lines).encode("utf-8", "surrogateescape")
    git.run("update-index", "-z", "--index-info", given=given)


def _written(git: Git) -> str:
    return git.run("write-tree", "--missing-ok").decode().strip()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(before=_TREES, after=_TREES, kept=st.booleans())
def test_it_is_the_tree_that_git_writes(
    git: Git, before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]], *, kept: bool
) -> None:
    _stage(git, before)
    base = _written(git)
    _stage(git, {**before, **after} if kept else after)
    found = write_staged_tree(git, base)
    wanted = _written(git)
    if git.run("ls-files"):
        assert found == wanted
    else:
        assert found in (None, wanted)


def test_nobody_has_written_it_before(git: Git) -> None:
    _stage(git, {"a/b/c": ("100644", 1), "d": ("100644", 2)})
    base = _written(git)
    _stage(git, {"a/b/c": ("100644", 7), "e/f": ("100644", 8), "d": ("100644", 2)})
    found = write_staged_tree(git, base)
    assert found is not None
    listed = git.run("ls-tree", "-r", "--name-only", found).split()
    assert listed == [b"a/b/c", b"d", b"e/f"]


def test_what_is_only_intended_is_left_out_as_git_does() -> None:
    with plain_git(), tempfile.TemporaryDirectory() as directory:
        top, git = Path(directory), Git(directory)
        git.run("init", "-q")
        for name in ("kept", "gone"):
            (top / name).write_text(name)
        git.run("add", "--all")
        base = _written(git)
        git.run("rm", "-q", "--cached", "gone")
        (top / "new").write_text("new")
        git.run("add", "--intent-to-add", "gone", "new")
        found = write_staged_tree(git, base)
        assert found == _written(git) != base


@pytest.mark.parametrize("stages", ["123", "2"])
def test_an_unmerged_index_is_left_to_git(git: Git, stages: str) -> None:
    _stage(git, {"a/b": ("100644", 1), "c": ("100644", 2)})
    base = _written(git)
    one = "1" * _digits(git)
    lines = [f"0 {'0' * _digits(git)}\ta/b\0"]
    lines += [f"100644 {one} {stage}\ta/b\0" for stage in stages]
    git.run("update-index", "-z", "--index-info", given="".join(lines).encode())
    assert write_staged_tree(git, base) is None


def test_a_base_that_is_not_here_is_left_to_git(git: Git) -> None:
    _stage(git, {"a": ("100644", 1)})
    assert write_staged_tree(git, "1" * _digits(git)) is None


@pytest.mark.parametrize(
    "prepare",
    [
        [],
        [["update-index", "--split-index"]],
        [
            ["sparse-checkout", "init", "--cone", "--sparse-index"],
            ["sparse-checkout", "set", "hosts"],
        ],
        [["update-index", "--index-version", "4"]],
    ],
    ids=["plain", "split", "sparse", "packed"],
)
def test_any_kind_of_index_is_read_as_git_reads_it(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch, prepare: Sequence[Sequence[str]]
) -> None:
    monkeypatch.setattr(staged_tree, "_LARGE", 0)
    for command in prepare:
        fleet.git.run(*command)
    for content in ("one", "two"):
        new = fleet.git.run("hash-object", "-w", "--stdin", given=content.encode()).decode().strip()
        fleet.git.run("update-index", "--add", "--cacheinfo", f"100644,{new},docs/{content}/a.md")
        before = (fleet.top / ".git" / "index").read_bytes()
        with index_snapshot(open_repository(fleet.top / "hosts")) as (_, snapshot):
            tree = snapshot.tree
            assert f"docs/{content}/a.md" in snapshot.files
        assert (fleet.top / ".git" / "index").read_bytes() == before
        assert tree == _written(fleet.git)


def test_only_a_large_index_is_not_copied(tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert not is_large(index)
    index.write_bytes(bytes(1 << 22))
    assert not is_large(index)
    index.write_bytes(bytes((1 << 22) + 1))
    assert is_large(index)
