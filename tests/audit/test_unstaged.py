"""Right files that are in the work tree and not in the index."""

import shutil

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import CauseKind, Verdict
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    judge,
    name_key_file,
    of_rule,
    old_output,
    rekey,
    rekey_all,
    result,
    storage,
    the_only,
    told,
)
from tests.host_keys import NEW, OTHER


def test_a_forgotten_git_add(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.stage(ALPHA_TOKEN)
    old = old_output(fleet, "alpha", "token")
    new = fleet.rekey("alpha", "token", ALPHA_TOKEN, "another\n")

    report = judge(fleet)

    finding = the_only(report, "output-unstaged")
    assert (finding.path, finding.node, finding.secret) == (new, storage("alpha"), "token")
    assert finding.severity == "error"
    assert finding.source == ALPHA_TOKEN
    assert finding.mend == f"git add -f -- :/{new} && git rm -- :/{old}"
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_CHANGED, ALPHA_TOKEN)
    output = result(report, "alpha", "token")
    assert (output.path, output.verdict) == (new, Verdict.WRONG)
    fleet.stage(new)
    fleet.remove(old)
    fleet.stage(old)
    assert judge(fleet).findings == ()


def test_git_commit_all_takes_deletions_and_leaves_new_files(fleet: Workshop) -> None:
    """What `git commit -a` records after `agenix rekey`."""
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n")
    fleet.git.run("add", "--update")

    report = judge(fleet)

    assert told(report) == {
        ("error", "output-unstaged", node, "db") for node in ("alpha", "beta", "gamma", "delta")
    }
    assert of_rule(report, "source-unused") == []


def test_a_new_secret_whose_output_was_forgotten(fleet: Workshop) -> None:
    fleet.source("secrets/new.age", "new\n")
    fleet.stage("secrets/new.age")
    new = fleet.rekey("alpha", "new", "secrets/new.age", "new\n")

    report = judge(fleet)

    assert the_only(report, "output-unstaged").path == new
    assert of_rule(report, "source-unused") == []


def test_a_new_host_whose_outputs_were_forgotten(fleet: Workshop) -> None:
    fleet.stage(fleet.host("omega", NEW))
    fleet.rekey("omega", "db", DB, "postgres://db\n")

    finding = the_only(judge(fleet), "output-unstaged")

    assert finding.cause is not None
    assert finding.cause.path == name_key_file("omega")


def test_an_output_for_what_is_not_staged_either_is_nobodys_business(fleet: Workshop) -> None:
    """Key and source were there before: its declaration may wait to be staged, too."""
    fleet.rekey("gamma", "token2", ALPHA_TOKEN, "token of alpha\n")
    fleet.stage(fleet.write("README.md", "Another.\n"))

    assert judge(fleet).findings == ()


def test_an_output_that_git_ignores(fleet: Workshop) -> None:
    fleet.write(".gitignore", "/secrets/rekeyed/\n")
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n")
    fleet.stage()

    report = judge(fleet)

    assert told(report) == {
        ("error", "output-unstaged", node, "db") for node in ("alpha", "beta", "gamma", "delta")
    }


def test_a_host_whose_output_waits_is_not_switched_off(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.stage(DB)
    old = [old_output(fleet, node, "db") for node in ("alpha", "beta", "delta")]
    new = [fleet.rekey(node, "db", DB, "another\n") for node in ("alpha", "beta", "delta")]
    for path in old:
        fleet.remove(path)
    fleet.stage(*old, *new)
    fleet.rekey("gamma", "db", DB, "another\n")

    assert told(judge(fleet)) == {("error", "output-unstaged", "gamma", "db")}


def test_an_output_taken_out_of_the_index_only(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.git.run("rm", "--quiet", "--cached", "--", path)

    finding = the_only(judge(fleet), "output-unstaged")

    assert finding.path == path
    assert of_rule(judge(fleet), "output-missing") == []


def test_a_source_that_was_not_staged(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    new = [rekey(fleet, node, "db", DB, "another\n") for node in ("alpha", "beta")]
    fleet.stage("secrets/rekeyed")

    report = judge(fleet)

    assert told(report) == {("error", "source-unstaged", node, "db") for node in ("alpha", "beta")}
    finding = of_rule(report, "source-unstaged")[0]
    assert finding.path == finding.source == DB
    assert finding.mend == f"git add -f -- :/{DB}"
    output = result(report, "alpha", "db")
    assert (output.path, output.verdict, output.source) == (new[0], Verdict.WRONG, DB)
    fleet.stage(DB)
    assert ("error", "source-unstaged", "alpha", "db") not in told(judge(fleet))


def test_a_new_source_that_was_not_staged(fleet: Workshop) -> None:
    fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", "secrets/new.age", "new\n")
    fleet.stage("secrets/rekeyed")

    finding = the_only(judge(fleet), "source-unstaged")

    assert finding.path == "secrets/new.age"


def test_a_key_that_was_not_staged(fleet: Workshop) -> None:
    fleet.host("alpha", OTHER)
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "token of alpha\n")
    fleet.stage("secrets/rekeyed")

    finding = the_only(judge(fleet), "output-untraceable")

    assert finding.severity == "error"
    assert finding.mend == f"git add -f -- :/{name_key_file('alpha')}"
    assert "work tree, which is not staged" in finding.message


def test_the_staged_version_is_judged_whatever_the_work_tree_holds(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n")
    fleet.stage()
    fleet.source(DB, "later\n")

    assert judge(fleet).findings == ()
    assert (
        len(of_rule(judge(fleet, worktree=True), "output-stale"))
        + len(of_rule(judge(fleet, worktree=True), "output-untraceable"))
        == 4
    )


def test_a_commit_is_judged_without_the_work_tree(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.commit("Forget to rekey")
    fleet.rekey("alpha", "token", ALPHA_TOKEN, "another\n")

    the_only(judge(fleet, rev="HEAD"), "output-stale")


def test_what_a_commit_of_a_path_leaves_out_is_staged_already(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git commit PATH` makes an index of its own, into which nothing else can be added."""
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.stage(ALPHA_TOKEN)
    partial = fleet.top / ".git/next-index-1.lock"
    shutil.copy(fleet.top / ".git/index", partial)
    old = old_output(fleet, "alpha", "token")
    new = rekey(fleet, "alpha", "token", ALPHA_TOKEN, "another\n")
    fleet.stage()
    monkeypatch.setenv("GIT_INDEX_FILE", str(partial))

    finding = the_only(judge(fleet), "output-unstaged")

    assert "git commit PATH records only what it names" in finding.message
    assert finding.mend == (
        f"git add -f -- :/{new} && git rm --ignore-unmatch -- :/{old}"
        "  # then git commit, without naming paths"
    )
