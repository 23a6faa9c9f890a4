"""What differs between trees, and which commit changed a path last."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git import history
from agenix_check.git.history import last_changes
from agenix_check.git.repository import changes, open_repository
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, Change
from tests.git.looking import mark

HARD = (
    "\nleading", "trailing\n", "a\nb", "tab\there", '"quoted"', "-dash", ":(glob)*", "ä", "\udcff",
    "0" * 40, " ", "deep/er/file",
)  # fmt: skip


def test_the_newest_commit_that_touched_a_path_is_found(workshop: Workshop) -> None:
    workshop.write("a", "1")
    workshop.write("b", "1")
    base = workshop.commit("Base")
    workshop.write("a", "2")
    workshop.write("gone", "2")
    first = workshop.commit("First")
    workshop.write("b", "3")
    workshop.remove("gone")
    second = workshop.commit("Second")
    empty = workshop.commit("Empty")
    assert last_changes(workshop.git, base, empty) == {"a": first, "b": second, "gone": second}
    assert last_changes(workshop.git, second, empty) == {}
    assert last_changes(workshop.git, first, second) == {"b": second, "gone": second}


def test_hard_paths_are_read_as_they_are(workshop: Workshop) -> None:
    base = workshop.commit("Base")
    commits = {}
    for number, path in enumerate(HARD):
        workshop.write(path, str(number))
        commits[path] = workshop.commit(str(number))
    head = workshop.commit("Empty")
    assert last_changes(workshop.git, base, head) == commits
    for path in HARD:
        workshop.write(path, "again")
    last = workshop.commit("All")
    assert last_changes(workshop.git, base, last) == dict.fromkeys(HARD, last)


def test_a_merge_counts_by_what_it_brought(workshop: Workshop) -> None:
    base = workshop.commit("Base")
    workshop.git.run("checkout", "--quiet", "-b", "side")
    workshop.write("side", "1")
    workshop.commit("Side")
    workshop.git.run("checkout", "--quiet", "main")
    workshop.write("main", "1")
    main = workshop.commit("Main")
    workshop.git.run("merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    merge = workshop.git.run("rev-parse", "HEAD").decode().strip()
    assert last_changes(workshop.git, base, merge) == {"side": merge, "main": main}


@pytest.mark.parametrize(
    "setting",
    ["log.showSignature=true", "log.diffMerges=combined", "diff.relative=true", "color.ui=always",
     "log.follow=true", "diff.renames=copies", "log.date=iso", "format.pretty=oneline",
     "diff.noprefix=true", "diff.external=false", "core.pager=false", "diff.orderFile=/dev/null"],
)  # fmt: skip
def test_the_users_settings_do_not_change_the_answer(workshop: Workshop, setting: str) -> None:
    workshop.write("a", "1" * 100)
    base = workshop.commit("Base")
    workshop.git.run("checkout", "--quiet", "-b", "side")
    (workshop.top / "a").rename(workshop.top / "b")
    workshop.commit("Rename")
    workshop.git.run("checkout", "--quiet", "main")
    workshop.git.run("merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    head = workshop.git.run("rev-parse", "HEAD").decode().strip()
    workshop.git.run("config", *setting.split("="))
    assert last_changes(workshop.git, base, head) == {"a": head, "b": head}
    repository = open_repository(workshop.top)
    assert [change.path for change in changes(repository, base, head)] == ["a", "b"]


def test_a_signature_is_not_asked_for(workshop: Workshop, tmp_path: Path) -> None:
    base = workshop.commit("Base")
    workshop.write("a", "1")
    plain = workshop.git.run("cat-file", "commit", workshop.commit("Plain")).decode()
    head, _, body = plain.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----"
    signed = workshop.write("signed", f"{head}\n{signature}\n\n{body}")
    commit = workshop.git.run("hash-object", "-t", "commit", "-w", "--", signed).decode().strip()
    marker = tmp_path / "ran"
    workshop.git.run("config", "gpg.program", mark(tmp_path / "program", marker))
    workshop.git.run("config", "log.showSignature", "true")
    assert last_changes(workshop.git, base, commit) == {"a": commit}
    assert not marker.exists()


def test_changes_between_trees_are_whole_and_exact(workshop: Workshop) -> None:
    workshop.write("same", "same")
    workshop.write("edited", "1")
    workshop.write("moved", "moved")
    workshop.write("file", "becomes a symlink")
    workshop.write("dir/file", "becomes a file")
    before = workshop.commit("Before")
    workshop.write("edited", "2")
    (workshop.top / "moved").rename(workshop.top / "elsewhere")
    workshop.remove("file")
    (workshop.top / "file").symlink_to("same")
    workshop.remove("dir/file")
    (workshop.top / "dir").rmdir()
    workshop.write("dir", "now a file")
    for path in HARD[:-1]:
        workshop.write(path, path.encode("utf-8", "surrogateescape"))
    workshop.stage()
    workshop.git.run("update-index", "--add", "--cacheinfo", f"160000,{before},module")
    after = workshop.git.run("write-tree").decode().strip()
    found = {
        change.path: change for change in changes(open_repository(workshop.top), before, after)
    }
    assert set(found) == {
        "edited", "moved", "elsewhere", "file", "dir/file", "dir", "module", *HARD[:-1]
    }  # fmt: skip
    assert _modes(found["edited"]) == ("100644", "100644")
    assert _modes(found["moved"]) == ("100644", None)
    assert _modes(found["elsewhere"]) == (None, "100644")
    assert _modes(found["file"]) == ("100644", SYMLINK)
    assert _modes(found["module"]) == (None, SUBMODULE)
    old, new = found["moved"].before, found["elsewhere"].after
    assert old is not None
    assert new is not None
    assert old.oid == new.oid


def _modes(change: Change) -> tuple[str | None, str | None]:
    return (
        change.before.mode if change.before else None,
        change.after.mode if change.after else None,
    )


def test_more_changed_lines_than_are_read_are_none(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fleet.git.run("rev-parse", "HEAD").decode().strip()
    fleet.write("large.nix", "x\n" * 500)
    after = fleet.commit("Write many lines")
    lines = history.changed_lines(fleet.git, before, after)
    assert lines is not None
    assert lines.count(b"\n+x") == 500
    monkeypatch.setattr(history, "MOST_CHANGED", 1000)
    assert history.changed_lines(fleet.git, before, after) is None
