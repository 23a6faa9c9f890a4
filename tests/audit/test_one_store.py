"""One store serves all worktrees and histories of a clone: what it has changes no byte."""

import shutil
from copy import copy
from pathlib import Path

from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.audit.scenes import ALPHA_TOKEN, DB, old_output, rekey
from tests.audit.test_carried import say
from tests.conftest import Run
from tests.host_keys import NEW


def test_a_tree_that_is_gone_stands_for_no_other(fleet: Workshop) -> None:
    before = fleet.read(ALPHA_TOKEN)
    fleet.source(ALPHA_TOKEN, "edited\n")
    fleet.commit("Edit a secret and forget to rekey")
    # Two ways to fix it, neither of which is committed: the tree of a work tree is never kept.
    for view, fix in (("--worktree", "rekey"), ("--staged", "restore")):
        if fix == "rekey":
            rekey(fleet, "alpha", "token", ALPHA_TOKEN, "edited\n")
        else:
            fleet.write(ALPHA_TOKEN, before)
            fleet.write("docs/why.md", "it was right\n")
            fleet.stage()
        assert say(fleet.top, view).code == 0
        fleet.git.run("reset", "--quiet", "--hard")
        fleet.git.run("clean", "--quiet", "-d", "--force")
        fleet.git.run("gc", "--quiet", "--prune=now")
        broken = say(fleet.top, view)
        assert old_output(fleet, "alpha", "token") in broken.out
        assert broken == say(fleet.top, view, "--no-cache")
        assert broken.code == 1


def test_what_a_clone_lacked_may_be_there_later(fleet: Workshop, tmp_path: Path) -> None:
    unused = "secrets/unused.age"
    fleet.source(unused, "nobody\n")
    fleet.commit("Add a source")
    fleet.write(unused, fleet.read(unused) + b"\n")
    fleet.commit("End files with a newline")
    for number in range(3):
        fleet.write("docs/page.md", f"page {number}\n")
        fleet.commit("Write a page")
    for name in ("allowFilter", "allowAnySHA1InWant"):
        fleet.git.run("config", f"uploadpack.{name}", "true")
    opener = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "0"})
    more = {"--depth=3": ("fetch", "--unshallow"), "--filter=blob:none": ("checkout", "HEAD~4")}
    for number, (less, get) in enumerate(more.items()):
        top = tmp_path / f"{number}"
        opener.run("clone", "--quiet", less, f"file://{fleet.top}", str(top))
        clone = opener.at(str(top))
        views = ((), ("--rev", "HEAD"), ("--worktree",))
        assert [say(top, *view).code for view in views] == [0, 0, 0]
        clone.run(*get, "--quiet")
        clone.run("checkout", "--quiet", "main")
        for view in views:
            whole = say(top, *view)
            assert whole.code == 1
            assert whole == say(top, *view, "--no-cache")


def test_one_content_is_right_at_one_place_and_wrong_at_another(fleet: Workshop) -> None:
    unused = "secrets/unused.age"
    fleet.git.run("branch", "squashed")
    fleet.source(unused, "nobody\n")
    fleet.commit("Add a source")
    altered = fleet.read(unused) + b"\n"
    fleet.write(unused, altered)
    fleet.write("secrets/copy.age", altered)
    fleet.commit("End files with a newline, and copy one")
    fleet.git.run("checkout", "--quiet", "squashed")
    fleet.write(unused, altered)
    fleet.commit("Add it as it is now")
    for number in range(2):
        fleet.write("docs/page.md", f"page {number}\n")
        fleet.commit("Write a page")
        for branch, code in (("squashed", 0), ("main", 1)):
            look = say(fleet.top, "--rev", branch)
            assert look.code == code
            assert look == say(fleet.top, "--rev", branch, "--no-cache")


def test_what_ended_a_version_does_not_hang_on_when_a_branch_came(
    fleet: Workshop, run_here: Run
) -> None:
    for number, branch in enumerate(("main", "older", "same")):
        when = f"{1_800_000_000 - 1000 * (number % 2)} +0000"
        fleet.git.run("checkout", "--quiet", "-B", branch, "HEAD" if branch == "main" else "main~1")
        fleet.source(DB, f"edited on {branch}\n")
        fleet.stage()
        dated = fleet.git.with_environment({"GIT_COMMITTER_DATE": when})
        dated.run("commit", "--quiet", "-m", f"Edit it on {branch}")
        asked = ("exposure", "--node", "alpha", "--format", "json")
        assert run_here(fleet.top, *asked) == run_here(fleet.top, *asked, "--no-cache")


def test_what_may_be_empty_for_one_run_may_not_for_the_next(fleet: Workshop) -> None:
    write_rules(fleet, p=[fleet.master])
    fleet.write("p.age", encrypt(b"p", [fleet.master]))
    fleet.commit("Have a file of plain agenix too")
    shutil.rmtree(fleet.top / "secrets/rekeyed")
    fleet.stage()
    assert say(fleet.top, "--allow-empty").code == 0
    assert say(fleet.top).code == 3


def test_what_only_a_merged_branch_named_excuses_nothing_here(fleet: Workshop) -> None:
    source = fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", source, "new\n")
    fleet.commit("Add a secret that no module names")
    fleet.source(source, "edited\n")
    fleet.commit("Edit it and forget to rekey")
    fleet.git.run("checkout", "--quiet", "-b", "side")
    for module in ("{ new = 1; }\n", "{ }\n"):
        fleet.write("modules/new.nix", module)
        fleet.commit("Name it, and no longer")
    assert say(fleet.top).code == 0
    fleet.git.run("checkout", "--quiet", "main")
    fleet.git.run("merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    merged = say(fleet.top)
    assert merged.code == 1
    assert merged == say(fleet.top, "--no-cache")


def test_worktrees_that_are_looked_at_in_turns(fleet: Workshop, tmp_path: Path) -> None:
    fleet.source(ALPHA_TOKEN, "edited\n")
    fleet.commit("Edit a secret and forget to rekey")
    other = copy(fleet)
    other.top = tmp_path / "other"
    fleet.git.run("worktree", "add", "--quiet", "-b", "other", str(other.top))
    rekey(other, "alpha", "token", ALPHA_TOKEN, "edited\n")
    codes = list[tuple[int, int]]()
    for number in range(3):
        for shop in (fleet, other):
            shop.write(f"docs/{shop.top.name}-{number}.md", "a page\n")
        looks = [
            (say(shop.top, view, "--format", form), say(shop.top, view, "--format", form, *fresh))
            for view in ("--staged", "--worktree")
            for form in ("json", "html")
            for shop, *fresh in ((fleet, "--no-cache"), (other, "--no-cache"))
        ]
        assert all(known == fresh for known, fresh in looks)
        codes.append((looks[-2][0].code, looks[-1][0].code))
        if number == 1:
            other.git.at(str(other.top)).run("add", "--all")
            other.git.at(str(other.top)).run("commit", "--quiet", "-m", "Rekey")
            fleet.git.run("merge", "--quiet", "other")
    assert codes == [(1, 0), (1, 0), (0, 0)]


def test_a_key_file_is_known_by_its_place_too(fleet: Workshop) -> None:
    """One file always had a comment behind the key; another, with the same text now, had none."""
    key = " ".join(fleet.read(key_path("alpha")).decode().split()[:2])
    fleet.write("keys/old.pub", key)
    fleet.commit("Keep the key of an old host")
    fleet.write("keys/old.pub", NEW)
    fleet.host("alpha", f"{key} root@alpha\n")
    shutil.rmtree(fleet.top / "secrets/rekeyed/alpha")
    fleet.rekey("alpha", "token", ALPHA_TOKEN, "token of alpha\n", key=key)
    fleet.commit("Read keys without their comments")
    assert "output-stale" not in say(fleet.top).out
    fleet.write("keys/old.pub", fleet.read(key_path("alpha")))
    fleet.stage()
    copied = say(fleet.top)
    assert "output-stale" in copied.out
    assert copied == say(fleet.top, "--no-cache")
