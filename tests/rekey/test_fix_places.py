"""`--fix` in every kind of repository and index, and with every kind of name."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.keys import ALPHA
from tests.rekey.mending import DB, NEW_TEXT, ask, command, edit, execute, fix, write_key


def make(top: Path, *, object_format: str = "sha1", storage: str = "rekeyed") -> Workshop:
    """Return a fleet of one host and one secret, whose source was edited and staged."""
    fleet = Workshop(top, object_format=object_format, storage=storage)
    fleet.host("alpha", ALPHA)
    fleet.source(DB, "before\n")
    fleet.rekey("alpha", "db", DB, "before\n")
    fleet.commit("Build")
    edit(fleet)
    return fleet


def in_order(fleet: Workshop) -> None:
    path = fleet.output_path("alpha", "db", DB)
    assert (fleet.top / path).exists()
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""
    ask(fleet, "fsck", "--no-dangling")


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet", object_format="sha256")
    assert fix(fleet).code == 0
    in_order(fleet)


@pytest.mark.parametrize("storage", ["a b/'c'", 'quo"te\\', "new\nline", "-dash", "caf\udce9", "*"])
def test_a_directory_with_any_name(tmp_path: Path, storage: str) -> None:
    fleet = make(tmp_path / "fleet", storage=storage)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_a_split_index(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--split-index")
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)


def test_an_index_of_version_4(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--index-version", "4")
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)


def test_a_linked_work_tree(fleet: Workshop, tmp_path: Path) -> None:
    before = ask(fleet, "ls-files", "--stage")
    linked = tmp_path / "linked"
    fleet.git.run("worktree", "add", "--quiet", "-b", "linked", str(linked))
    other = Workshop.__new__(Workshop)
    other.top, other.storage, other.git = linked, fleet.storage, fleet.git.at(str(linked))
    other.identity, other.master = fleet.identity, fleet.master
    edit(other)
    done = fix(other)
    assert done.code == 0, done
    in_order(other)
    assert ask(fleet, "ls-files", "--stage") == before
    assert ask(fleet, "status", "--porcelain") == ""


def test_from_a_directory_below(fleet: Workshop) -> None:
    edit(fleet)
    write_key(fleet)
    below = Workshop.__new__(Workshop)
    below.top, below.identity = fleet.top / "secrets", fleet.identity
    words = command(fleet)
    done = execute(below, words)
    assert done.code == 0, done
    in_order(fleet)


def test_before_the_first_commit(tmp_path: Path) -> None:
    fleet = Workshop(tmp_path / "fleet", storage="rekeyed")
    fleet.host("alpha", ALPHA)
    fleet.source(DB, NEW_TEXT)
    path = fleet.rekey("alpha", "db", DB, NEW_TEXT)
    fleet.stage()
    fleet.stage(fleet.write(path, "plain text"))
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_ignored_outputs_are_staged_too(fleet: Workshop) -> None:
    fleet.stage(fleet.write(".gitignore", "rekeyed\n"))
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)
