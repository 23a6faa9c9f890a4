"""What a finding names as its cause, and whether it is of this change."""

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import CauseKind, Severity
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    judge,
    judge_staged,
    of_rule,
    old_output,
    the_only,
)
from tests.host_keys import NEW, STRANGER


def test_the_cause_names_the_commit(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    commit = fleet.commit("Edit a source")

    for finding in judge(fleet, rev="HEAD").findings:
        assert finding.cause is not None
        assert (finding.cause.path, finding.cause.commit) == (DB, commit)


def test_of_a_range_the_commit_that_broke_an_output(fleet: Workshop) -> None:
    start = fleet.commit("Begin")
    fleet.source(DB, "first\n")
    source = fleet.commit("Edit a source")
    fleet.source(DB, "second\n")
    fleet.commit("Edit it again")
    fleet.host("alpha", NEW)
    key = fleet.commit("Edit a key")

    report = judge(fleet, from_ref=start, to_ref="HEAD")

    causes = {(one.secret, one.cause.commit) for one in report.findings if one.cause}
    assert ("db", source) in causes
    assert ("token", key) in causes
    assert report.snapshot.base == start


def test_what_is_staged_has_no_commit(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")

    assert {one.cause.commit for one in judge_staged(fleet).findings if one.cause} == {None}


def test_a_dropped_output_is_a_note(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.remove(path)
    commit = fleet.commit("Drop an output")

    (finding,) = of_rule(judge(fleet, rev="HEAD"), "output-missing")

    assert finding.severity is Severity.NOTE
    assert (finding.path, finding.secret, finding.source) == (path, "token", ALPHA_TOKEN)
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.commit) == (CauseKind.OUTPUT_DELETED, commit)


def test_an_output_whose_name_changed_is_not_missing(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.write(path.replace("-token.age", "-badge.age"), fleet.read(path))
    fleet.remove(path)

    assert judge_staged(fleet).findings == ()


def test_an_output_whose_source_went_with_it_is_not_missing(fleet: Workshop) -> None:
    fleet.remove(old_output(fleet, "alpha", "token"))
    fleet.remove(ALPHA_TOKEN)

    assert judge_staged(fleet).findings == ()


def test_what_was_wrong_at_the_base_is_not_new(fleet: Workshop) -> None:
    fleet.write(old_output(fleet, "alpha", "db"), "# PLACEHOLDER\n")
    fleet.write("secrets/broken.age", "age-encryption.org/v1\n")
    fleet.write("secrets/plain.age", "plain\n")
    fleet.commit("Break contents")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")

    rules = {finding.rule: finding.new for finding in judge(fleet, rev="HEAD~1").findings}
    assert rules == {
        "output-not-encrypted": True,
        "source-malformed": True,
        "source-not-encrypted": True,
    }
    assert {
        finding.rule: finding.new for finding in judge(fleet, rev="HEAD").findings
    } == dict.fromkeys(rules, False)


def test_a_stale_output_stays_stale_after_one_more_commit(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    broken = fleet.commit("Forget to rekey")
    assert the_only(judge(fleet, rev="HEAD"), "output-stale").new
    fleet.write("README.md", "Another.\n")
    start = fleet.commit("Something else")

    finding = the_only(judge(fleet, rev="HEAD"), "output-stale")
    assert (finding.severity, finding.new, finding.since) == ("error", False, broken)
    assert finding.cause is not None
    assert (finding.cause.path, finding.cause.commit) == (ALPHA_TOKEN, broken)
    assert the_only(judge(fleet, from_ref=f"{start}~2", to_ref=start), "output-stale").new


def test_a_hidden_rotation_names_its_commit(fleet: Workshop) -> None:
    fleet.write(
        "known-hosts.nix", f'{{ alpha = "{fleet.read("hosts/alpha/host.pub").decode()}"; }}'
    )
    fleet.commit("Write the key down elsewhere")
    fleet.host("alpha", STRANGER)
    commit = fleet.commit("Rotate the key")

    finding = the_only(judge(fleet, rev="HEAD"), "output-mixed-keys")

    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.commit) == (CauseKind.KEY_CHANGED, commit)
