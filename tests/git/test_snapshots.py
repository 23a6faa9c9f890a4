"""Each snapshot's bytes are judged, those and no others, and none are changed."""

import os

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import open_repository, worktree_snapshot
from tests.git.looking import WIFI, bytes_of, call, judge, mend, outside_git, says, spoil, status

SNAPSHOTS = ((), ("--staged",), ("--rev", "HEAD"), ("--worktree",))
EVERY_SNAPSHOT = pytest.mark.parametrize("options", SNAPSHOTS)


@EVERY_SNAPSHOT
def test_a_fleet_in_order_passes_in_silence(fleet: Workshop, options: tuple[str, ...]) -> None:
    result = call(fleet.top, *options)
    assert (result.code, result.stderr) == (0, ""), result


def test_what_is_staged_is_judged_not_the_edit_in_the_work_tree(fleet: Workshop) -> None:
    spoil(fleet)
    assert judge(fleet.top, "--staged") == set()
    assert judge(fleet.top, "--rev", "HEAD") == set()
    assert judge(fleet.top, "--worktree") == {"output-stale"}


def test_what_is_staged_is_judged_not_the_fixed_work_tree(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.stage(WIFI)
    mend(fleet)
    assert judge(fleet.top) == {"output-unstaged"}
    assert judge(fleet.top, "--rev", "HEAD") == set()
    assert judge(fleet.top, "--worktree") == set()


def test_each_version_of_a_file_is_judged_in_its_own_snapshot(fleet: Workshop) -> None:
    output = fleet.output_path("alpha", "wifi", WIFI)
    right = fleet.read(output)
    fleet.write(output, "plain text in a commit\n")
    fleet.commit("Break it")
    fleet.write(output, right[:-1])
    fleet.stage(output)
    fleet.write(output, right)
    assert judge(fleet.top, "--rev", "HEAD") == {"output-not-encrypted"}
    assert judge(fleet.top, "--rev", "HEAD^") == set()
    assert judge(fleet.top, "--staged") == {"output-length"}
    assert judge(fleet.top, "--worktree") == set()


def test_a_range_is_judged_at_its_end_against_its_beginning(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.commit("Break it")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Say something else")
    mend(fleet)
    fleet.stage()
    assert judge(fleet.top, "--from-ref", "HEAD~2", "--to-ref", "HEAD") == {"output-stale"}
    assert judge(fleet.top, "--from-ref", "HEAD~2", "--to-ref", "HEAD~2") == set()
    assert judge(fleet.top, "--from-ref", "HEAD~2") == set()
    assert judge(fleet.top, "--rev", "HEAD") == {"output-stale"}  # an older commit did that


def test_the_range_that_a_hook_gives_is_judged(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.commit("Break it")
    mend(fleet)
    fleet.stage()
    given = {"PRE_COMMIT_FROM_REF": "HEAD^", "PRE_COMMIT_TO_REF": "HEAD"}
    assert judge(fleet.top, **given) == {"output-stale"}
    assert judge(fleet.top, "--staged", **given) == set()


@EVERY_SNAPSHOT
def test_a_run_changes_neither_the_work_tree_nor_what_is_staged(
    fleet: Workshop, options: tuple[str, ...]
) -> None:
    spoil(fleet)
    fleet.stage(WIFI)
    fleet.write(WIFI, "edited again")
    fleet.write("new", "untracked")
    before = status(fleet), outside_git(fleet.top), fleet.git.run("ls-files", "-s", "-z")
    call(fleet.top, *options)
    after = status(fleet), outside_git(fleet.top), fleet.git.run("ls-files", "-s", "-z")
    assert before == after


def test_looking_at_the_work_tree_leaves_the_git_directory_as_it_is(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.write("new", "untracked")
    before = bytes_of(fleet.top / ".git")
    assert judge(fleet.top, "--worktree") == {"output-stale"}
    assert bytes_of(fleet.top / ".git") == before


def test_the_work_tree_counts_untracked_files_and_not_ignored_ones(fleet: Workshop) -> None:
    fleet.write("new", "untracked")
    fleet.write("secrets/ignored", "ignored")
    fleet.write(".gitignore", "ignored\n")
    fleet.remove("README.md")
    with worktree_snapshot(open_repository(fleet.top)) as (reader, snapshot):
        paths = set(snapshot.files)
        (blob,) = read_blobs(reader.git, [snapshot.files["new"].oid])
    assert blob.data == b"untracked"
    assert {"new", ".gitignore"} <= paths
    assert not {"secrets/ignored", "README.md"} & paths


@pytest.mark.parametrize("directory", ["secrets", "secrets/rekeyed/alpha", "hosts/beta"])
def test_a_run_in_a_subdirectory_judges_the_whole_repository(
    fleet: Workshop, directory: str
) -> None:
    spoil(fleet)
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        whole = call(fleet.top, "--format", "json", *options)
        assert call(fleet.top / directory, "--format", "json", *options) == whole


def test_a_file_ignored_in_a_lost_outputs_place_is_found_from_a_subdirectory(
    fleet: Workshop,
) -> None:
    spoil(fleet)
    fleet.stage(WIFI)
    mend(fleet)
    fleet.write(".gitignore", "*.age\n")
    assert judge(fleet.top / "hosts") == {"output-unstaged"}


def test_before_the_first_commit_the_index_is_judged(fleet: Workshop) -> None:
    fleet.git.run("update-ref", "-d", "HEAD")
    assert judge(fleet.top) == set()
    assert judge(fleet.top, "--worktree") == set()
    fleet.write(fleet.output_path("beta", "wifi", WIFI), "plain text")
    fleet.stage()
    assert judge(fleet.top) == {"output-not-encrypted"}
    assert "no commit is named 'HEAD'" in says(call(fleet.top, "--rev", "HEAD"), 2)


def test_an_empty_repository_has_nothing_to_check(workshop: Workshop) -> None:
    assert "nothing to check" in says(call(workshop.top), 3)
    assert call(workshop.top, "--allow-empty").code == 0


def test_a_file_that_is_only_intended_to_be_added_is_not_staged(fleet: Workshop) -> None:
    spoil(fleet)
    fleet.stage(WIFI)
    mend(fleet)
    fleet.git.run("add", "--intent-to-add", "--", "secrets/rekeyed")
    before = fleet.git.run("ls-files", "-s", "-z")
    assert judge(fleet.top) == {"output-unstaged"}
    assert judge(fleet.top, "--worktree") == set()
    assert fleet.git.run("ls-files", "-s", "-z") == before


@pytest.mark.parametrize("options", [(), ("--worktree",)])
def test_unmerged_entries_are_said_in_one_line(fleet: Workshop, options: tuple[str, ...]) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    spoil(fleet)
    fleet.commit("One side")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.source(WIFI, "the other side")
    fleet.commit("The other side")
    assert fleet.git.attempt("merge", "side")[0] == 1
    said = says(call(fleet.top, *options), 3)
    assert said.startswith("the index has unmerged entries ('secrets/wifi.age')")
    assert judge(fleet.top, "--rev", "HEAD~1") == set()


def test_a_branch_is_not_blamed_for_what_it_has_not_merged_yet(fleet: Workshop) -> None:
    """It is compared with the commit at which it left the other, as pre-commit does."""
    old = fleet.output_path("alpha", "wifi", WIFI)
    content = fleet.read(old)
    spoil(fleet)
    mend(fleet)
    fleet.write(old, content)
    fleet.commit("Rekey, and leave an old output behind")
    fleet.git.run("branch", "topic")
    fleet.remove(old)
    fleet.commit("Tidy up")

    assert judge(fleet.top, "--from-ref", "main", "--to-ref", "topic") == set()
    fleet.git.run("checkout", "--quiet", "topic")
    assert judge(fleet.top, "--from-ref", "main") == set()
    fleet.source(WIFI, "a third plaintext")
    fleet.commit("Edit a source")
    assert judge(fleet.top, "--from-ref", "main", "--to-ref", "topic") == {"output-stale"}


def test_an_edit_in_the_second_in_which_the_file_was_staged_stays_visible(fleet: Workshop) -> None:
    """Git knows such an edit by the index being no younger than the file."""
    fleet.git.run("config", "core.trustctime", "false")
    path, second = "README.md", 1_700_000_000
    for text in ("one text\n", "two text\n"):
        fleet.write(path, text)
        os.utime(fleet.top / path, (second, second))
        if text.startswith("one"):
            fleet.stage(path)
            os.utime(fleet.top / ".git/index", (second, second))
    assert judge(fleet.top) == set()
    assert fleet.git.run("diff", "--name-only") == b"README.md\n"
