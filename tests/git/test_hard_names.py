"""Names with any bytes that Git allows are read, and judged, as they are."""

import os

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.paths import to_text
from agenix_check.git.repository import (
    commit_snapshot,
    index_snapshot,
    open_repository,
    worktree_snapshot,
)
from agenix_check.git.worktree import list_directory, list_unstaged, read_file
from tests.conftest import Run
from tests.git.looking import call, judge, says
from tests.host_keys import ALPHA

HARD = [
    b"\xff\xfe", b"caf\xe9", "é".encode(), b"a\nb", b"\n", b"a\tb", b'"quoted"', b"'single'",
    b"-dash", b"--all", b":(glob)*", b":!a", b"*", b"[a]", b"back\\slash", b"\\n", b" blank ",
    b"\x1b[31m", b"%s%n", b"a::b", b"<x>", b"\x7f", b"..a", b"a" * 200,
]  # fmt: skip
WORDS = [to_text(name) for name in HARD]


@pytest.fixture
def hard(workshop: Workshop) -> Workshop:
    """Return a repository with a file under each hard name, and one in a directory of that name."""
    for name in HARD:
        folder = os.fsencode(workshop.top) + b"/folder-" + name
        os.mkdir(folder)  # noqa: PTH102 - bytes
        for path in (os.fsencode(workshop.top) + b"/" + name, folder + b"/" + name):
            with open(path, "wb") as file:  # noqa: PTH123 - bytes
                file.write(name)
    return workshop


@pytest.fixture
def expected() -> set[str]:
    """Return the paths of that repository's files."""
    return {*WORDS, *(f"folder-{word}/{word}" for word in WORDS)}


def test_every_snapshot_lists_them(hard: Workshop, expected: set[str]) -> None:
    with worktree_snapshot(open_repository(hard.top)) as (_, snapshot):
        assert set(snapshot.files) == expected
        tree = snapshot.tree
    commit = hard.commit("All")
    repository = open_repository(hard.top)
    with index_snapshot(repository) as (_, snapshot):
        assert set(snapshot.files) == expected
        assert snapshot.tree == tree
    listing = commit_snapshot(repository, commit)
    assert set(listing.files) == expected
    assert set(listing.directories) == {"", *(f"folder-{word}" for word in WORDS)}


def test_the_work_tree_is_read_by_them(hard: Workshop, expected: set[str]) -> None:
    repository = open_repository(hard.top)
    assert set(list_unstaged(repository)) == expected
    assert set(list_directory(repository, "")) == expected
    for name, word in zip(HARD, WORDS, strict=True):
        assert read_file(repository, word) == name
        assert read_file(repository, f"folder-{word}/{word}") == name
        assert list(list_directory(repository, f"folder-{word}")) == [f"folder-{word}/{word}"]


@pytest.mark.parametrize("word", WORDS[:-1])
def test_a_fleet_of_hard_names_is_judged(workshop: Workshop, word: str) -> None:
    workshop.write(".gitignore", "nothing\n")
    node = _fsname(word)
    source = f"secrets/{node}"
    workshop.host(node, ALPHA)
    workshop.source(source, "text")
    workshop.rekey(node, node, source, "text")
    workshop.commit("In order")
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(workshop.top, *options) == set()
    workshop.source(source, "another text")
    workshop.stage()
    assert judge(workshop.top) == {"output-stale"}
    workshop.rekey(node, node, source, "another text")
    assert "output-unstaged" in judge(workshop.top)


def test_a_locale_that_cannot_write_the_names_is_no_obstacle(
    hard: Workshop, run: Run, workshop: Workshop
) -> None:
    workshop.host("é", ALPHA)
    source = workshop.source("secrets/é", "text")
    workshop.rekey("é", "é", source, "text")
    workshop.commit("In order")
    workshop.source(source, "another text")
    workshop.stage()
    workshop.rekey("é", "é", source, "another text")
    plain = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for options in (("--format", "json"), ("--worktree",), ("--rev", "HEAD")):
        there, here = run(hard.top, *options, env=plain), run(hard.top, *options)
        assert there.code == here.code
        assert there.stderr == here.stderr == ""
    assert call(hard.top).code == 1


def test_unmerged_hard_names_are_shown_safely(workshop: Workshop) -> None:
    oid = workshop.git.run("hash-object", "-w", "--stdin").decode().strip()
    entries = [f"100644 {oid} {stage}\t\x1b[31m::error::x" for stage in (1, 2, 3)]
    workshop.git.attempt("update-index", "--index-info", lines=entries)
    said = says(call(workshop.top), 3)
    assert said == (
        "the index has unmerged entries ('\\x1b[31m::error::x'): for each, choose a side "
        "(`git checkout --ours -- FILE` or `--theirs`) or edit it, type `git add -- FILE`, "
        "then check again; --fix then makes outputs anew"
    )


def _fsname(word: str) -> str:
    return os.fsdecode(word.encode("utf-8", "surrogateescape"))
