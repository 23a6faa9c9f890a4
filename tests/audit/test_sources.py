"""Sources, leftovers, and age files that are neither."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import CauseKind, Severity
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    LOCKED_TOKEN,
    WIFI,
    judge_staged,
    of_rule,
    old_output,
    rekey,
    result,
    the_only,
    told,
)
from tests.host_keys import ALPHA


def test_plain_text_in_place_of_a_source(fleet: Workshop) -> None:
    fleet.write(WIFI, "correct horse\n")

    report = judge_staged(fleet)

    assert told(report) == {
        ("error", "source-not-encrypted", "", ""),
        ("error", "output-stale", "alpha", "wifi"),
        ("error", "output-stale", "beta", "wifi"),
    }
    (finding,) = of_rule(report, "source-not-encrypted")
    assert (finding.path, finding.source, finding.new) == (WIFI, WIFI, True)
    # From a source that it cannot decrypt, agenix-rekey makes dummies.
    mends = {stale.mend for stale in of_rule(report, "output-stale")}
    assert mends == {f"# put {WIFI} right and git add it, then: agenix-check --fix"}


def test_plain_text_in_place_of_a_source_without_the_ending(workshop: Workshop) -> None:
    workshop.host("alpha", ALPHA)
    source = workshop.source("secrets/password", "a")
    workshop.rekey("alpha", "password", source, "a")
    workshop.commit("Begin")
    workshop.write(source, "hunter2\n")

    assert {finding.rule for finding in judge_staged(workshop).findings} == {
        "source-not-encrypted",
        "output-stale",
    }


def test_an_empty_file_with_a_sources_ending(fleet: Workshop) -> None:
    fleet.write("secrets/new.age", "")

    assert the_only(judge_staged(fleet), "source-not-encrypted").path == "secrets/new.age"


def test_a_symlink_to_a_source_is_no_source(fleet: Workshop) -> None:
    (fleet.top / "secrets/link.age").symlink_to("db.age")

    assert judge_staged(fleet).findings == ()


@pytest.mark.parametrize("length", [30, 100, -40])
def test_a_cut_source(fleet: Workshop, length: int) -> None:
    fleet.write(WIFI, fleet.read(WIFI)[:length])

    report = judge_staged(fleet)

    (finding,) = of_rule(report, "source-malformed")
    assert (finding.severity, finding.path) == ("error", WIFI)
    assert len(of_rule(report, "output-stale")) == 2


def test_a_cut_source_without_the_ending(workshop: Workshop) -> None:
    workshop.host("alpha", ALPHA)
    source = workshop.source("secrets/password", "a")
    workshop.rekey("alpha", "password", source, "a")
    workshop.commit("Begin")
    workshop.write(source, workshop.read(source)[:50])

    assert len(of_rule(judge_staged(workshop), "source-malformed")) == 1


def test_a_broken_age_file_that_is_no_source_is_nobodys_business(fleet: Workshop) -> None:
    """Samples of a parser's tests, say."""
    fleet.write("testdata/cut", "age-encryption.org/v1\n-> X25519")
    fleet.commit("Add samples")
    fleet.write("README.md", "Another.\n")

    assert judge_staged(fleet).findings == ()


def test_a_rekeyed_source_that_was_cut_has_outputs_that_cannot_be_verified(
    fleet: Workshop,
) -> None:
    fleet.write(ALPHA_TOKEN, fleet.read(ALPHA_TOKEN)[:100])
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "token of alpha\n")

    report = judge_staged(fleet)

    the_only(report, "source-malformed")
    assert result(report, "alpha", "token").verdict == "unverifiable"


def test_an_empty_source(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "")

    finding = the_only(judge_staged(fleet), "source-empty")

    assert (finding.severity, finding.path) == ("warning", ALPHA_TOKEN)


def test_a_source_under_a_passphrase(fleet: Workshop) -> None:
    fleet.write(ALPHA_TOKEN, LOCKED_TOKEN)
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "token of alpha\n")

    finding = the_only(judge_staged(fleet), "source-unknown-recipient")

    assert (finding.severity, finding.path) == ("warning", ALPHA_TOKEN)


def test_an_identity_under_a_passphrase_is_no_source(fleet: Workshop) -> None:
    fleet.write("master.age", LOCKED_TOKEN)

    assert judge_staged(fleet).findings == ()


def test_a_source_that_nobody_uses(fleet: Workshop) -> None:
    fleet.source("secrets/unused.age", "x")

    (finding,) = judge_staged(fleet).findings

    assert (finding.rule, finding.severity) == ("source-unused", Severity.NOTE)
    assert finding.path == "secrets/unused.age"


def test_an_age_file_without_the_ending_may_be_anything(fleet: Workshop) -> None:
    fleet.source("backup/archive", "x")

    assert judge_staged(fleet).findings == ()


def test_an_edited_source_of_dropped_outputs_is_unused(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.remove(old_output(fleet, "alpha", "token"))

    assert [finding.rule for finding in judge_staged(fleet).findings] == ["source-unused"]


def test_a_file_under_git_crypt_tells_nothing(fleet: Workshop) -> None:
    fleet.write("secrets/locked.age", b"\0GITCRYPT\0" + bytes(30))

    assert judge_staged(fleet).findings == ()


def test_an_interrupted_rekey(fleet: Workshop) -> None:
    path = fleet.write(
        "secrets/rekeyed/alpha/.tmp.agenix-rekey.db.k3Jd81xQzP/" + "0" * 32 + "-db.age",
        encrypt(b"x", [ALPHA])[:50],
    )

    finding = the_only(judge_staged(fleet), "output-leftover")

    assert (finding.severity, finding.path, finding.new) == ("error", path, True)
    assert finding.mend == "agenix-check --fix"
    fleet.commit("Leave it")
    assert not the_only(judge_staged(fleet), "output-leftover").new


def test_an_edit_of_one_of_two_equal_sources_does_not_hide_behind_the_other(
    fleet: Workshop,
) -> None:
    """Which outputs are for which of the two, names do not tell: a warning."""
    copy = "hosts/alpha/db.age"
    fleet.write(copy, fleet.read(DB))
    fleet.commit("Copy a source")
    fleet.source(copy, "another\n")

    finding = the_only(judge_staged(fleet), "output-stale")

    assert (finding.severity, finding.path) == ("warning", copy)
    assert finding.message.endswith(f"which is still in {DB}")
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_CHANGED, copy)
    rekey(fleet, "alpha", "db", copy, "another\n")
    assert judge_staged(fleet).findings == ()


def test_a_copy_of_a_source_may_go_away(fleet: Workshop) -> None:
    fleet.write("hosts/alpha/db.age", fleet.read(DB))
    fleet.commit("Copy a source")
    fleet.remove("hosts/alpha/db.age")

    assert judge_staged(fleet).findings == ()
