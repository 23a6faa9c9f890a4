"""One store serves all worktrees and histories of a clone: what it has changes no byte."""

from agenix_check.demo.workshop import Workshop
from tests.audit.scenes import ALPHA_TOKEN, old_output, rekey
from tests.audit.test_carried import say


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
