"""Which findings count: what is ignored, restricted to, or was so before."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.gate import exit_code
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import Report, Verdict
from agenix_check.model.settings import Settings
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    NODES,
    WIFI,
    judge,
    judge_staged,
    of_rule,
    old_output,
    result,
    storage,
    told,
)
from tests.host_keys import BETA, HOSTS


def code(report: Report, *, strict: bool = False, require_verified: bool = False) -> int:
    return exit_code(report, Settings(strict=strict, require_verified=require_verified))


def test_exit_codes(fleet: Workshop) -> None:
    assert code(judge_staged(fleet)) == 0
    assert code(judge(fleet), require_verified=True) == 1  # delta's are anonymous
    fleet.remove(WIFI)
    report = judge_staged(fleet)
    assert (report.counts.errors, report.counts.warnings) == (0, 2)
    assert code(report) == 0
    assert code(report, strict=True) == 1
    fleet.source(DB, "another\n")
    assert code(judge_staged(fleet)) == 1


def test_an_ignored_rule(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")

    report = judge_staged(fleet, ignore=("output-stale",))

    assert report.findings == ()
    assert report.counts.ignored == 4
    assert report.counts.errors == report.counts.wrong == 0
    assert code(report) == 0
    output = result(report, "alpha", "db")
    assert (output.verdict, output.rules) == (Verdict.SKIPPED, ())
    assert output.reason == "ignored: switched off"


def test_an_entry_with_a_path(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.write(
        "agenix-check.toml",
        '[[ignore]]\nrule = "output-stale"\npath = "*/alpha/*"\nreason = "being rebuilt"\n',
    )

    report = judge_staged(fleet)

    assert told(report) == {("error", "output-stale", node, "db") for node in NODES[1:]}
    assert report.counts.ignored == 1
    assert result(report, "alpha", "db").reason == "ignored: being rebuilt"
    assert result(report, "beta", "db").verdict is Verdict.WRONG


@pytest.mark.parametrize("node", ["secrets/rekeyed/[ab]*", "[ab]*a"])
def test_an_entry_with_a_node(fleet: Workshop, node: str) -> None:
    """By its name, or by the part of it that the text shows."""
    fleet.source(DB, "another\n")
    fleet.write(
        "agenix-check.toml",
        f'[[ignore]]\nrule = "output-stale"\nnode = "{node}"\nreason = "x"\n',
    )

    assert told(judge_staged(fleet)) == {
        ("error", "output-stale", node, "db") for node in ("gamma", "delta")
    }


def test_an_entry_with_both_needs_both(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.write(
        "agenix-check.toml",
        '[[ignore]]\nrule = "output-stale"\nnode = "*/alpha"\npath = "*/beta/*"\nreason = "x"\n',
    )

    assert len(judge_staged(fleet).findings) == 4


def test_an_entry_for_a_path_fits_no_finding_without_one(fleet: Workshop) -> None:
    fleet.write("key.txt", fleet.identity)
    fleet.write(
        "agenix-check.toml",
        '[[ignore]]\nrule = "private-key"\nnode = "*"\nreason = "x"\n',
    )

    assert len(of_rule(judge_staged(fleet), "private-key")) == 1


def test_of_two_broken_rules_one_is_left(fleet: Workshop) -> None:
    fleet.write(old_output(fleet, "alpha", "token"), encrypt(b"x", [BETA]))

    report = judge_staged(fleet, ignore=("output-length",))

    output = result(report, "alpha", "token")
    assert (output.verdict, output.rules) == (Verdict.WRONG, ("output-wrong-recipient",))
    report = judge_staged(fleet, ignore=("output-length", "output-wrong-recipient"))
    assert result(report, "alpha", "token").verdict is Verdict.SKIPPED


def test_an_ignored_source_that_is_not_staged(fleet: Workshop) -> None:
    """The finding is about the source, the verdict about the output."""
    fleet.source(ALPHA_TOKEN, "another\n")
    old = old_output(fleet, "alpha", "token")
    new = fleet.rekey("alpha", "token", ALPHA_TOKEN, "another\n")
    fleet.remove(old)
    fleet.stage(new, old)

    output = result(judge(fleet, ignore=("source-unstaged",)), "alpha", "token")

    assert output.verdict is Verdict.SKIPPED


def test_an_ignored_pointer_stays_unverifiable(fleet: Workshop) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
    fleet.write(old_output(fleet, "alpha", "token"), pointer)

    output = result(judge_staged(fleet, ignore=("output-lfs",)), "alpha", "token")

    assert (output.verdict, output.rules) == (Verdict.UNVERIFIABLE, ())


def test_only_some_nodes_and_secrets(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.source(WIFI, "another\n")
    fleet.stage()

    report = judge(fleet, node=("*/alpha", "*/beta"))
    assert {one.node for one in report.outputs} == {storage("alpha"), storage("beta")}
    assert len(report.findings) == 4
    assert judge(fleet, node=("alpha", "b*a")) == report  # the names that the text shows
    report = judge(fleet, secret=("w*",))
    assert {one.secret for one in report.outputs} == {"wifi"}
    assert told(report) == {("error", "output-stale", node, "wifi") for node in ("alpha", "beta")}
    report = judge(fleet, node=("*/gamma",), secret=("wifi",))
    assert not report.outputs
    assert not report.findings
    assert code(report) == 3
    assert code(judge(fleet, node=("none",), allow_empty=True)) == 0


def test_only_what_was_not_wrong_before(fleet: Workshop) -> None:
    start = fleet.commit("Begin")
    fleet.write(old_output(fleet, "alpha", "token"), "# PLACEHOLDER\n")
    fleet.source(DB, "another\n")
    middle = fleet.commit("Break some")
    fleet.write(old_output(fleet, "alpha", "wifi"), "# PLACEHOLDER\n")
    fleet.stage()

    assert len(told(judge(fleet))) == 6
    assert len(told(judge(fleet, new_from=start))) == 6
    report = judge(fleet, new_from=middle)

    assert told(report) == {("error", "output-not-encrypted", "alpha", "wifi")}
    assert report.counts.errors == 1


def test_what_is_stale_then_is_the_orphan_of_now(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    commit = fleet.commit("Forget to rekey")

    assert len(told(judge(fleet))) == 4
    report = judge(fleet, new_from=commit)
    assert told(report) == set()
    assert code(report) == 0


def test_another_stanza_at_the_same_place_is_another_finding(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.write(path, encrypt(b"token of alpha\n", [HOSTS["beta"]]))
    middle = fleet.commit("Encrypt for another host")
    assert told(judge(fleet)) != set()
    assert told(judge(fleet, new_from=middle)) == set()

    fleet.write(path, encrypt(b"token of alpha\n", [HOSTS["gamma"]]))
    fleet.stage()

    assert told(judge(fleet, new_from=middle)) != set()


def test_a_stranger_of_a_source_stays_one_when_it_is_edited(fleet: Workshop) -> None:
    stranger = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB5yDhaOWzbkkaoCAgTRmZTn5ekPTuVAfzgQYKiiqzGL"
    encrypted = [fleet.master, HOSTS["alpha"]]
    fleet.write("secrets.nix", f'{{ "db.age".publicKeys = [ "{HOSTS["beta"]}" ]; }}')
    fleet.write("db.age", encrypt(b"one", encrypted))
    middle = fleet.commit("Encrypt for a stranger")
    assert told(judge(fleet)) != set()

    fleet.write("db.age", encrypt(b"two", encrypted))
    fleet.stage()
    assert told(judge(fleet, new_from=middle)) == set()

    fleet.write("db.age", encrypt(b"two", [fleet.master, stranger]))
    fleet.stage()
    assert told(judge(fleet, new_from=middle)) != set()


def test_a_change_that_takes_all_outputs_away_does_not_pass(fleet: Workshop) -> None:
    fleet.write("secrets.nix", f'{{ "plain.age".publicKeys = [ "{HOSTS["beta"]}" ]; }}')
    fleet.write("plain.age", encrypt(b"one", [HOSTS["beta"]]))
    fleet.commit("Keep another secret")
    fleet.git.run("rm", "-r", "--quiet", "secrets/rekeyed")

    report = judge(fleet)

    assert code(report) == 3
    (sentence,) = report.incomplete
    assert sentence.startswith("this change takes all ")
    assert code(judge(fleet, allow_empty=True)) == 0


def test_nothing_to_check_fails_unless_allowed(workshop: Workshop) -> None:
    workshop.write("README.md", "Nothing here.\n")

    report = judge_staged(workshop)

    assert code(report) == 3
    assert "nothing to check" in report.incomplete[0]
    assert code(judge(workshop, allow_empty=True)) == 0


def test_a_warning_about_a_source_is_nothing_to_check(workshop: Workshop) -> None:
    # A fleet of plain agenix, say: that one file of it is empty must not make the run pass.
    workshop.source(DB, "")

    report = judge_staged(workshop)

    assert (report.counts.errors, report.counts.warnings) == (0, 1)
    assert code(report) == 3
    assert "nothing to check" in report.incomplete[0]
