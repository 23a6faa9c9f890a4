"""Outputs against their declarations: what is missing, stale or nobody's is so for certain."""

import subprocess

import pytest

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import CauseKind, Severity, Verdict
from tests.discover.declared.estate import (
    DB,
    TOKEN,
    Estate,
    Secret,
    judge,
    judge_all,
    result,
    the_only,
    told,
)
from tests.host_keys import ALPHA, BETA, NEW, OTHER, STRANGER


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_fleet_in_order_is_silent(estate: Estate, inventory: str) -> None:
    report = judge(estate, inventory)

    assert report.findings == ()
    assert report.incomplete == report.skipped == ()
    assert (report.fleet.inventory, report.fleet.complete) == (inventory, True)
    assert (report.fleet.nodes, report.fleet.secrets) == (3, 3)
    assert [(one.node, one.secret, str(one.verdict)) for one in report.outputs] == [
        ("nixos:alpha", "db", "ok"),
        ("nixos:alpha", "token", "ok"),
        ("nixos:beta", "db", "ok"),
        ("nixos:beta", "group/wifi", "ok"),
        ("nixos:delta", "db", "unverifiable"),
    ]
    assert {one.source for one in report.outputs if one.secret == "db"} == {DB}


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_secret_that_was_declared_and_never_rekeyed_is_missing(
    estate: Estate, inventory: str
) -> None:
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)

    report = judge_all(estate, inventory)

    finding = the_only(report, "output-missing")
    assert (finding.node, finding.secret, finding.source) == ("nixos:beta", "token", TOKEN)
    assert finding.path == estate.output("beta", "token")
    assert finding.severity is Severity.ERROR
    assert finding.new
    assert finding.mend == "agenix-check --fix  # or agenix rekey -a"
    assert result(report, "beta", "token").verdict is Verdict.WRONG
    assert report.counts.errors == 1


def test_what_was_missing_before_is_told_as_old(estate: Estate) -> None:
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    estate.write_lock()
    estate.shop.commit("Forget to rekey")

    assert not the_only(judge(estate), "output-missing").new

    estate.shop.write("README.md", "Another text.\n")
    estate.nodes["alpha"].secrets["key"] = Secret(DB)
    estate.rekey_one("alpha", "key")
    report = judge_all(estate)

    assert not the_only(report, "output-missing").new


def test_an_output_that_this_change_deleted_is_missing(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    estate.shop.remove(path)

    finding = the_only(judge_all(estate), "output-missing")

    assert finding.new
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.OUTPUT_DELETED, path)


def test_an_edited_source_leaves_its_outputs_stale(estate: Estate) -> None:
    old = {name: estate.output(name, "db") for name in estate.nodes}
    estate.edit(DB, "another\n")

    report = judge_all(estate)

    assert told(report) == {("output-stale", f"nixos:{name}", "db") for name in estate.nodes}
    for finding in report.findings:
        assert finding.path == old[(finding.node or "").removeprefix("nixos:")]
        assert finding.message == f"made from another version of {DB}"
        assert finding.cause is not None
        assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_CHANGED, DB)
        assert finding.new


def test_an_old_breakage_is_stale_too(estate: Estate) -> None:
    estate.edit(DB, "another\n")
    estate.shop.commit("Forget to rekey")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.commit("Do something else")

    report = judge(estate)

    assert told(report) == {("output-stale", f"nixos:{name}", "db") for name in estate.nodes}
    assert not any(finding.new for finding in report.findings)
    assert {one.rule for one in judge(estate, "names").findings} >= {"output-stale"}


def test_a_rotated_key_leaves_all_outputs_of_its_node_stale(estate: Estate) -> None:
    estate.shop.host("alpha", NEW)

    report = judge_all(estate)

    assert told(report) == {("output-stale", "nixos:alpha", id_) for id_ in ("db", "token")}
    for finding in report.findings:
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.KEY_CHANGED
        assert finding.cause.path == "hosts/alpha/host.pub"
        assert "another key" in finding.message


@pytest.mark.parametrize("text", [ALPHA.rstrip(), ALPHA.replace("root@alpha", "admin@alpha")])
def test_a_key_whose_text_alone_changed_is_said_to_be_that(estate: Estate, text: str) -> None:
    estate.shop.host("alpha", text)

    report = judge_all(estate)

    assert told(report) == {("output-stale", "nixos:alpha", id_) for id_ in ("db", "token")}
    for finding in report.findings:
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.KEY_TEXT_CHANGED
        assert "the key is still the same" in finding.message


def test_a_text_that_is_declared_otherwise_is_stale(estate: Estate) -> None:
    estate.nodes["alpha"].key = ALPHA.strip()  # the file with its newline stays as it is

    report = judge_all(estate)

    assert told(report) == {("output-stale", "nixos:alpha", id_) for id_ in ("db", "token")}
    assert {one.cause.kind for one in report.findings if one.cause} == {CauseKind.KEY_TEXT_CHANGED}


def test_a_key_that_is_in_no_file_is_no_change_of_the_source(estate: Estate) -> None:
    estate.nodes["alpha"].key = OTHER.strip()
    estate.write_lock()  # and the flake makes it of parts
    estate.shop.stage()

    report = judge(estate)

    stale = [one for one in report.findings if one.rule == "output-stale"]
    assert len(stale) == 2
    for finding in stale:
        assert finding.cause is None
        assert finding.path
        assert "another key" in finding.message


def test_an_output_that_was_not_staged_is_said_to_be_that(estate: Estate) -> None:
    old = estate.output("alpha", "token")
    estate.edit(TOKEN, "another\n")
    estate.shop.stage()
    estate.rekey()

    finding = the_only(judge(estate), "output-unstaged")

    new = estate.output("alpha", "token")
    assert finding.path == new
    assert finding.mend == f"git add -f -- :/{new} && git rm -- :/{old}"


def test_an_old_breakage_may_be_unstaged_too(estate: Estate) -> None:
    estate.edit(TOKEN, "another\n")
    estate.shop.commit("Forget to rekey")
    estate.shop.write(".gitignore", "secrets/rekeyed/\n")
    estate.rekey(tidy=False)

    finding = the_only(judge(estate), "output-unstaged")

    assert finding.path == estate.output("alpha", "token")


def test_a_staged_output_of_an_unstaged_source_tells_of_the_source(estate: Estate) -> None:
    estate.edit(TOKEN, "another\n")
    estate.rekey()
    estate.shop.stage("secrets/rekeyed")

    finding = the_only(judge(estate), "source-unstaged")

    assert (finding.path, finding.mend) == (TOKEN, f"git add -f -- :/{TOKEN}")


def test_the_outputs_of_a_removed_host_are_orphans(estate: Estate) -> None:
    path = estate.output("delta", "db")
    del estate.nodes["delta"]
    estate.shop.remove("hosts/delta/host.pub")

    finding = the_only(judge_all(estate, "nix"), "output-orphan")

    assert (finding.path, finding.node) == (path, "secrets/rekeyed/delta")
    assert finding.severity is Severity.WARNING
    assert finding.new
    assert finding.mend == f"# if no host needs it: git rm -- :/{path}"
    # A lock file cannot know that a host is gone while its outputs are there.
    assert {(one.rule, one.path) for one in judge(estate).findings} == {
        ("output-orphan", path), ("lock-stale", LOCK)
    }  # fmt: skip
    estate.shop.commit("Remove a host")
    assert not the_only(judge(estate, "nix"), "output-orphan").new


@pytest.mark.parametrize("node", ["alpha", "away"])
def test_plain_text_that_nobody_declares_is_named_as_that(estate: Estate, node: str) -> None:
    path = estate.shop.write(f"secrets/rekeyed/{node}/{'0' * 32}-x.age", "the secret itself\n")

    finding = the_only(judge_all(estate), "output-not-encrypted")

    assert (finding.path, finding.severity) == (path, Severity.ERROR)
    assert finding.message.startswith("not an age file, and ")
    assert finding.mend == f"git rm --cached -- :/{path}"
    estate.shop.commit("Commit it all the same")
    assert not the_only(judge(estate), "output-not-encrypted").new


def test_a_file_that_is_staged_is_removed_as_it_is_told(estate: Estate) -> None:
    path = estate.shop.write(
        f"secrets/rekeyed/away/{'0' * 32}-db.age", encrypt(b"x", [estate.shop.master])
    )

    mend = the_only(judge_all(estate), "output-orphan").mend

    before, _, command = (mend or "").partition(": ")
    assert before == "# if no host needs it"
    assert command == f"git rm -f -- :/{path}"
    subprocess.run(command.split(), cwd=estate.shop.top, check=True)
    report = judge_all(estate)
    assert report.counts.errors == report.counts.warnings == 0


def test_the_output_under_an_old_name_is_an_orphan(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    estate.nodes["alpha"].secrets["api"] = estate.nodes["alpha"].secrets.pop("token")

    report = judge_all(estate)

    assert told(report) == {
        ("output-missing", "nixos:alpha", "api"),
        ("output-orphan", "nixos:alpha", "token"),
    }
    assert path in {finding.path for finding in report.findings}


def test_an_older_version_beside_the_right_one_is_an_orphan(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    estate.edit(TOKEN, "another\n")
    estate.rekey(tidy=False)

    finding = the_only(judge_all(estate), "output-orphan")

    assert (finding.path, finding.node) == (path, "nixos:alpha")
    assert "older version" in finding.message


def test_of_two_older_versions_one_is_stale_and_one_an_orphan(estate: Estate) -> None:
    first = estate.output("alpha", "token")
    estate.edit(TOKEN, "second\n")
    estate.rekey(tidy=False)
    second = estate.output("alpha", "token")
    estate.write_lock()
    estate.shop.commit("Rekey without tidying up")
    estate.edit(TOKEN, "third\n")

    report = judge_all(estate)

    assert {(one.rule, one.path) for one in report.findings} == {
        ("output-stale", second),
        ("output-orphan", first),
    }


def test_two_nodes_with_one_directory_get_each_its_own_older_file(estate: Estate) -> None:
    for name in ("alpha", "beta"):
        estate.nodes[name].storage = "secrets/rekeyed"
        estate.nodes[name].secrets = {"db": Secret(DB)}
    estate.rekey(tidy=False)
    old = {name: estate.output(name, "db") for name in ("alpha", "beta")}
    estate.write_lock()
    estate.shop.commit("Share a directory")
    estate.edit(DB, "another\n")

    report = judge_all(estate)

    stale = {one.node: one.path for one in report.findings if one.rule == "output-stale"}
    assert stale["nixos:alpha"] == old["alpha"]
    assert stale["nixos:beta"] == old["beta"]
    estate.shop.remove(old["alpha"])
    report = judge_all(estate)
    rules = {one.node: one.rule for one in report.findings if one.secret == "db"}
    assert rules["nixos:alpha"] == "output-missing"
    assert rules["nixos:beta"] == "output-stale"


def test_an_intermediary_secret_has_no_output(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    estate.nodes["alpha"].secrets["token"].intermediary = True

    report = judge_all(estate)

    finding = the_only(report, "output-intermediary")
    assert (finding.path, finding.mend) == (path, f"# if no host needs it: git rm -- :/{path}")
    assert result(report, "alpha", "token").rules == ("output-intermediary",)
    estate.shop.remove(path)
    report = judge_all(estate)
    assert report.counts.errors == report.counts.warnings == 0
    assert result(report, "alpha", "token").verdict is Verdict.SKIPPED
    assert "intermediary" in (result(report, "alpha", "token").reason or "")


def test_an_old_output_of_an_intermediary_secret_is_told_too(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    estate.nodes["alpha"].secrets["token"].intermediary = True
    estate.edit(TOKEN, "another\n")

    finding = the_only(judge_all(estate), "output-intermediary")

    assert finding.path == path


def test_contents_are_judged(estate: Estate) -> None:
    path = estate.rekey_one("alpha", "token", key=BETA)

    finding = the_only(judge_all(estate), "output-wrong-recipient")

    assert (finding.path, finding.node) == (path, "nixos:alpha")
    assert finding.new
    assert "hosts/beta/host.pub" in finding.message


def test_a_placeholder_node_is_skipped(estate: Estate) -> None:
    estate.shop.host("delta", DUMMY_RECIPIENT)
    for file in (estate.shop.top / "secrets/rekeyed/delta").iterdir():
        file.unlink()

    report = judge_all(estate)

    finding = the_only(report, "node-placeholder-key")
    assert (finding.node, finding.path) == ("nixos:delta", "hosts/delta/host.pub")
    assert finding.severity is Severity.WARNING
    assert result(report, "delta", "db").verdict is Verdict.SKIPPED
    assert "placeholder" in (result(report, "delta", "db").reason or "")


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_node_in_derivation_mode_is_skipped(estate: Estate, inventory: str) -> None:
    estate.shop.remove(estate.output("delta", "db"))
    estate.nodes["delta"].mode = "derivation"

    report = judge_all(estate, inventory)

    assert report.counts.errors == report.counts.warnings == 0
    assert result(report, "delta", "db").verdict is Verdict.SKIPPED
    assert 'storageMode = "derivation"' in (result(report, "delta", "db").reason or "")


def test_a_source_outside_the_repository_is_unverifiable(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["token"] = Secret("/nix/store/x-source/t.age", outside=True)

    report = judge_all(estate)

    assert {one.rule for one in report.findings} == {"source-unused"}  # what it was made from
    found = result(report, "alpha", "token")
    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.source is None
    assert "/nix/store/x-source/t.age" in (found.reason or "")


def test_a_fleet_for_strangers_is_judged_by_its_own_keys(estate: Estate) -> None:
    estate.nodes["alpha"].key = STRANGER.strip()  # in no file at all
    estate.shop.remove("hosts/alpha/host.pub")
    estate.rekey()

    report = judge_all(estate)

    assert told(report) == set()
    assert result(report, "alpha", "db").verdict is Verdict.OK
