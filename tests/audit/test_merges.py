"""Merges: what one side rekeyed looks old against the other, and is not."""

from agenix_check.demo.workshop import Workshop
from tests.audit.scenes import DB, judge, old_output, rekey_all, the_only


def _sides(fleet: Workshop) -> None:
    """On `side` a secret is edited and rekeyed; on `main` a host gets it as it was."""
    old = fleet.read(DB)
    fleet.remove(old_output(fleet, "gamma", "db"))
    fleet.commit("Take a secret from gamma")
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.source(DB, "edited\n")
    rekey_all(fleet, "db", DB, "edited\n", "alpha", "beta", "delta")
    fleet.commit("Edit a secret and rekey")
    fleet.git.run("checkout", "--quiet", "main")
    assert fleet.read(DB) == old
    fleet.rekey("gamma", "db", DB, "as it was\n")
    fleet.commit("Give gamma the secret")


def test_a_clean_merge_that_leaves_a_new_host_behind_is_found(fleet: Workshop) -> None:
    _sides(fleet)
    fleet.git.run("merge", "--quiet", "--no-commit", "side")
    stale = old_output(fleet, "gamma", "db")

    under_way = the_only(judge(fleet), "output-stale")
    fleet.git.run("commit", "--quiet", "-m", "Merge side")
    done = the_only(judge(fleet, rev="HEAD"), "output-stale")

    assert under_way.path == done.path == stale
    assert under_way.severity == "error"


def test_a_merge_of_hosts_that_are_switched_off_excuses_them(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.source(DB, "edited\n")
    rekey_all(fleet, "db", DB, "edited\n", "alpha", "beta", "delta")
    fleet.commit("Edit a secret and rekey, gamma is switched off")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write("notes.txt", "something else\n")
    fleet.commit("Write notes")
    fleet.git.run("merge", "--quiet", "side", "-m", "Merge side")

    assert the_only(judge(fleet, rev="HEAD"), "output-orphan").severity == "warning"


def test_a_range_without_commits_of_its_own_is_its_last_commit(fleet: Workshop) -> None:
    fleet.source(DB, "edited\n")
    fleet.commit("Edit a secret and forget to rekey")

    report = judge(fleet, from_ref="main", to_ref="HEAD")

    assert report.counts.errors == 4
