"""A report that is remembered is the report of a run that looks again, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.cli import main
from agenix_check.cli.configuration import load_settings
from agenix_check.cli.options import OptionValue
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from tests.audit.scenes import ALPHA_TOKEN, DB, old_output, rekey, rekey_all
from tests.audit.test_views import (
    VIEWS,
    History,
    damaged_output,
    deleted_output,
    deleted_source,
    dropped_declaration,
    fixed_again,
    merge_that_brings_a_host,
    retired_host,
    several_at_once,
)
from tests.conftest import Result
from tests.settings_files import file_at

Here = Callable[..., Result]
OPTIONS = (
    ("--strict", "--format", "github"),
    ("--require-verified", "--color", "always", "-v"),
    ("--fail-on", "new", "-q", "--inventory", "names"),
    ("--ignore", "output-orphan"),
)
WORDS = {
    "index": (),
    "rev": ("--rev", "HEAD"),
    "range": ("--from-ref", "main", "--to-ref", "HEAD"),
    "index against main": ("--from-ref", "main"),
    "worktree": ("--worktree",),
    "range of one": ("--from-ref", "HEAD~1", "--to-ref", "HEAD"),
}


def left_behind(shop: Workshop) -> None:
    """An old output was left behind, and another one that nothing explains."""
    retired_host(shop)
    old = old_output(shop, "alpha", "token")
    content = shop.read(old)
    shop.source(ALPHA_TOKEN, "another\n")
    rekey(shop, "alpha", "token", ALPHA_TOKEN, "another\n")
    shop.write(old, content)
    shop.commit("Rekey, and leave the old file")
    shop.write("docs/after.md", "a page\n")
    shop.commit("Write a page")


def empty_source(shop: Workshop) -> None:
    """A warning about a source, and unverifiable outputs."""
    retired_host(shop)
    shop.source(DB, b"")
    rekey_all(shop, "db", DB, "", "alpha", "gamma", "delta")
    shop.commit("Empty a source")
    shop.write("docs/after.md", "a page\n")
    shop.commit("Write a page")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Return a function that runs the command in this process."""

    def run_here(top: Path, *arguments: str) -> Result:
        monkeypatch.chdir(top)
        code = main(arguments)
        return Result(code, *capsys.readouterr())

    return run_here


def is_remembered(shop: Workshop, **options: OptionValue) -> bool:
    """Return whether the next run takes the short way: then it has no output's path at hand."""
    repository = open_repository(shop.top)
    settings = load_settings(file_at(repository.top), {}, options)
    report = check(repository, settings, brief=True)
    return not any(one.path for one in report.files)


HISTORIES: tuple[History, ...] = (
    retired_host,
    dropped_declaration,
    deleted_output,
    deleted_source,
    fixed_again,
    several_at_once,
    merge_that_brings_a_host,
    left_behind,
    empty_source,
)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_what_is_remembered_is_what_another_look_says(
    fleet: Workshop, history: History, here: Here
) -> None:
    history(fleet)
    # Each view without options, and with some: with others in the next history.
    first = HISTORIES.index(history)
    options = (OPTIONS[number % len(OPTIONS)] for number in range(first, first + len(WORDS)))
    pairs = zip(WORDS.values(), options, strict=True)
    asked = [(*words, *more) for words, some in pairs for more in ((), some)]
    looks = [here(fleet.top, *one, "--no-cache") for one in asked]
    for _ in range(2):
        assert [here(fleet.top, *one) for one in asked] == looks


@pytest.mark.parametrize("view", [name for name in VIEWS if name != "range"])
@pytest.mark.parametrize("history", [retired_host, empty_source, left_behind])
def test_a_tree_with_old_warnings_is_remembered(
    fleet: Workshop, history: History, view: str
) -> None:
    history(fleet)
    options = {name.replace("_", "-"): value for name, value in VIEWS[view].items()}
    if view == "index against main":
        options["from-ref"] = "HEAD~1"
    assert not is_remembered(fleet, **options)
    assert is_remembered(fleet, **options)


def test_a_tree_with_errors_is_not_remembered(fleet: Workshop) -> None:
    damaged_output(fleet)
    for _ in range(2):
        assert not is_remembered(fleet)


def _rekey(shop: Workshop) -> None:
    shop.rekey("alpha", "new", "secrets/new.age", "new\n")


def _rekey_ignored(shop: Workshop) -> None:
    shop.write(".git/info/exclude", "*.age\n")
    _rekey(shop)


@pytest.mark.parametrize("act", [_rekey, _rekey_ignored])
def test_what_comes_into_the_work_tree_is_seen(
    fleet: Workshop, here: Here, act: Callable[[Workshop], None]
) -> None:
    left_behind(fleet)
    fleet.stage(fleet.source("secrets/new.age", "new\n"))
    assert here(fleet.top).code == 0
    assert is_remembered(fleet)
    act(fleet)
    for _ in range(2):
        result = here(fleet.top)
        assert result.code == 1
        assert "output-unstaged" in result.stdout


def test_another_history_of_the_same_trees_is_looked_at(fleet: Workshop, here: Here) -> None:
    left_behind(fleet)
    assert here(fleet.top).code == 0
    assert is_remembered(fleet)
    fleet.git.run("commit", "--quiet", "--amend", "-m", "Write the page")
    assert not is_remembered(fleet)


def test_a_damaged_list_is_dropped(fleet: Workshop, here: Here) -> None:
    left_behind(fleet)
    look = here(fleet.top)
    memory = fleet.top / ".git" / "agenix-check" / "lists"
    for content in (memory.read_bytes()[:-1] + b"x", b""):
        memory.write_bytes(content)
        assert not is_remembered(fleet)
        assert here(fleet.top) == look
