"""What is said where a tree is not whole, or not all of it is looked at."""

from pathlib import Path

from agenix_check.cli.configuration import load_settings
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check, exit_code
from agenix_check.git.repository import open_repository
from tests.audit.scenes import ALPHA_TOKEN, DB, judge, judge_staged, rekey_all, told
from tests.settings_files import file_at


def clone(fleet: Workshop, target: Path, *options: str) -> Workshop:
    """Clone a fleet as a CI job would."""
    git = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    git.run("clone", "--quiet", *options, f"file://{fleet.top}", str(target))
    return Workshop(target)


def test_a_shallow_clone_in_order_is_checked(fleet: Workshop, tmp_path: Path) -> None:
    shallow = clone(fleet, tmp_path / "shallow", "--depth=1")

    report = judge(shallow, rev="HEAD")

    assert report.findings == ()
    assert report.incomplete == ()


def test_a_shallow_clone_says_that_it_cannot_tell(fleet: Workshop, tmp_path: Path) -> None:
    fleet.source(DB, "another\n")
    fleet.commit("Forget to rekey")
    shallow = clone(fleet, tmp_path / "shallow", "--depth=1")

    repository = open_repository(shallow.top)
    settings = load_settings(file_at(repository.top), {}, {"rev": "HEAD"})
    report = check(repository, settings)

    assert {severity for severity, *_ in told(report)} == {"warning"}
    (sentence,) = report.incomplete
    assert "4 outputs are not explained" in sentence
    assert "fetch-depth: 0" in sentence
    assert exit_code(report, settings) == 3


def test_one_commit_more_is_enough(fleet: Workshop, tmp_path: Path) -> None:
    fleet.source(DB, "another\n")
    fleet.commit("Forget to rekey")
    shallow = clone(fleet, tmp_path / "shallow", "--depth=2")

    report = judge(shallow, rev="HEAD")

    assert {rule for _, rule, *_ in told(report)} == {"output-stale"}
    assert report.incomplete == ()


def test_a_submodule_is_skipped_and_said(fleet: Workshop) -> None:
    commit = fleet.git.run("rev-parse", "HEAD").decode().strip()
    fleet.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/other.age")

    report = judge(fleet)

    assert report.findings == ()
    assert report.skipped == ("vendor/other.age: a submodule, which is a repository of its own",)


def test_a_range_of_commits_is_judged_by_its_ends(fleet: Workshop) -> None:
    start = fleet.commit("Begin")
    fleet.source(DB, "another\n")
    fleet.commit("Forget to rekey")
    rekey_all(fleet, "db", DB, "another\n")
    end = fleet.commit("Rekey")

    assert judge(fleet, from_ref=start, to_ref=end).findings == ()


def test_a_merge_is_judged_against_its_first_parent(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.commit("Forget to rekey")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")
    fleet.git.run("merge", "--quiet", "--no-edit", "side")

    assert told(judge(fleet, rev="HEAD")) == {("error", "output-stale", "alpha", "token")}


def test_a_repository_without_nix_files_is_judged_as_well(fleet: Workshop) -> None:
    for node in ("alpha", "beta", "gamma", "delta"):
        fleet.remove(f"hosts/{node}/default.nix")
    fleet.commit("Keep the configuration elsewhere")
    fleet.source(ALPHA_TOKEN, "another\n")

    assert told(judge_staged(fleet)) == {("error", "output-stale", "alpha", "token")}
