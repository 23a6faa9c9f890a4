"""Outputs that a change of their source or key broke: every condition for `output-stale`."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import CauseKind, Verdict
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    NODES,
    WIFI,
    judge_staged,
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
from tests.conftest import SECRETS
from tests.host_keys import ALPHA, HOSTS, NEW

# What each node has: secret, source, plaintext.
WHAT = {
    node: [(name, source, text) for source, name, text, nodes in SECRETS if node in nodes]
    for node in NODES
}


def test_a_fleet_in_order_has_nothing_to_tell(fleet: Workshop) -> None:
    report = judge_staged(fleet)

    assert report.findings == ()
    assert report.incomplete == ()
    assert {output.verdict for output in report.outputs if "delta" not in output.node} == {
        Verdict.OK
    }


def test_an_edited_source_makes_its_outputs_stale(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")

    report = judge_staged(fleet)

    assert told(report) == {("error", "output-stale", node, "db") for node in NODES}
    for node in NODES:
        output = result(report, node, "db")
        assert output.verdict is Verdict.WRONG
        assert output.rules == ("output-stale",)
        assert output.path == old_output(fleet, node, "db")
        assert output.source == DB
    for finding in report.findings:
        assert finding.new
        assert finding.source == DB
        assert finding.mend == "agenix-check --fix  # or agenix rekey -a"
        assert finding.cause is not None
        assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_CHANGED, DB)


def test_a_source_that_waits_for_its_rekey_is_not_unused(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")

    assert of_rule(judge_staged(fleet), "source-unused") == []


def test_a_changed_key_makes_all_outputs_of_its_node_stale(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)

    report = judge_staged(fleet)

    assert told(report) == {
        ("error", "output-stale", "alpha", secret) for secret in ("db", "wifi", "token")
    }
    assert {finding.cause.kind for finding in report.findings if finding.cause} == {
        CauseKind.KEY_CHANGED
    }


@pytest.mark.parametrize(
    "text",
    [
        ALPHA.replace("root@alpha", "alpha.example.org"),
        ALPHA.removesuffix(" root@alpha\n") + "\n",
        ALPHA.strip(),
        ALPHA + "\n",
        ALPHA.replace("\n", "\r\n"),
    ],
    ids=["comment", "no comment", "no newline", "empty line", "CR LF"],
)
def test_a_key_whose_text_alone_changed_is_said_to_be_that(fleet: Workshop, text: str) -> None:
    fleet.host("alpha", text)

    report = judge_staged(fleet)

    assert told(report) == {
        ("error", "output-stale", "alpha", secret) for secret in ("db", "wifi", "token")
    }
    for finding in report.findings:
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.KEY_TEXT_CHANGED
        assert finding.cause.path == name_key_file("alpha")
        assert "the key is still the same" in finding.message


def test_a_newline_that_a_key_file_got_may_make_its_outputs_stale(fleet: Workshop) -> None:
    """Or not: where the text was trimmed always."""
    fleet.host("alpha", ALPHA.strip())
    rekey_all(fleet, "db", DB, "postgres://db\n", "alpha")
    rekey_all(fleet, "wifi", WIFI, "correct horse\n", "alpha")
    rekey_all(fleet, "token", ALPHA_TOKEN, "token of alpha\n", "alpha")
    fleet.commit("Read the key without a newline")
    fleet.host("alpha", ALPHA)

    finding = the_only(judge_staged(fleet), "output-stale")

    assert (finding.severity, finding.node) == ("warning", storage("alpha"))
    assert finding.cause is not None
    assert finding.cause.kind is CauseKind.KEY_TEXT_CHANGED


def test_a_newline_that_was_always_trimmed_may_come_and_go(fleet: Workshop) -> None:
    for node, key in HOSTS.items():
        for secret, source, plaintext in WHAT[node]:
            fleet.remove(old_output(fleet, node, secret))
            fleet.rekey(node, secret, source, plaintext, key=key.strip())
    fleet.commit("Trim the keys")
    fleet.host("alpha", ALPHA.strip())

    assert judge_staged(fleet).findings == ()


BARE = ALPHA.removesuffix(" root@alpha\n")


def rekey_alpha(fleet: Workshop, key: str) -> None:
    """Rekey all of alpha's secrets for a text of its key, and commit that."""
    for secret, source, plaintext in WHAT["alpha"]:
        fleet.remove(old_output(fleet, "alpha", secret))
        fleet.rekey("alpha", secret, source, plaintext, key=key)
    fleet.commit("Rekey alpha")


@pytest.mark.parametrize("now", [ALPHA, ALPHA.strip()])
def test_a_comment_that_a_key_file_got_makes_its_outputs_stale(fleet: Workshop, now: str) -> None:
    fleet.host("alpha", f"{BARE}\n")
    rekey_alpha(fleet, f"{BARE}\n")
    assert judge_staged(fleet).findings == ()
    fleet.host("alpha", now)

    report = judge_staged(fleet)

    assert told(report) == {
        ("error", "output-stale", "alpha", secret) for secret in ("db", "wifi", "token")
    }
    assert {finding.cause.kind for finding in report.findings if finding.cause} == {
        CauseKind.KEY_TEXT_CHANGED
    }


@pytest.mark.parametrize("before", [BARE, f"{BARE}\n"])
def test_a_comment_may_be_left_out_where_the_newline_was(fleet: Workshop, before: str) -> None:
    fleet.host("alpha", before)
    rekey_alpha(fleet, BARE)
    fleet.host("alpha", ALPHA)

    finding = the_only(judge_staged(fleet), "output-stale")

    assert (finding.severity, finding.node) == ("warning", storage("alpha"))
    assert "got a comment" in finding.message


def test_a_comment_says_nothing_of_a_key_that_is_elsewhere_too(fleet: Workshop) -> None:
    fleet.write("keys.nix", f'{{ alpha = "{BARE}"; }}\n')
    fleet.host("alpha", f"{BARE}\n")
    rekey_alpha(fleet, BARE)
    fleet.host("alpha", ALPHA)

    assert judge_staged(fleet).findings == ()


def test_both_changes_at_once_are_said(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    fleet.source(ALPHA_TOKEN, "another\n")

    report = judge_staged(fleet)

    (finding,) = (one for one in report.findings if one.secret == "token")
    assert finding.rule == "output-stale"
    assert finding.message.endswith("its node's key changed too")


def test_a_newer_output_beside_it_takes_its_place(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n", "beta", "gamma", "delta")
    old = old_output(fleet, "alpha", "db")
    new = fleet.rekey("alpha", "db", DB, "another\n")

    finding = the_only(judge_staged(fleet), "output-orphan")

    assert finding.path == old
    assert finding.message == f"left behind: {new} has taken its place"
    assert finding.mend == "agenix-check --fix"
    assert finding.severity == "warning"


def test_a_deleted_source_leaves_orphans(fleet: Workshop) -> None:
    fleet.remove(WIFI)

    report = judge_staged(fleet)

    assert told(report) == {
        ("warning", "output-orphan", node, "wifi") for node in ("alpha", "beta")
    }
    for finding in report.findings:
        assert finding.message == f"left behind: its source {WIFI} was deleted"
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.SOURCE_DELETED


def test_a_deleted_key_leaves_orphans(fleet: Workshop) -> None:
    fleet.remove(name_key_file("gamma"))

    report = judge_staged(fleet)

    assert told(report) == {
        ("warning", "output-orphan", "gamma", secret) for secret in ("db", "token")
    }
    for finding in of_rule(report, "output-orphan"):
        assert "hosts/gamma/host.pub, which held its key, was deleted" in finding.message
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.KEY_DELETED


def test_a_host_left_out_of_a_rekey_is_switched_off(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n", "alpha", "beta", "delta")

    finding = the_only(judge_staged(fleet), "output-orphan")

    assert finding.node == storage("gamma")
    assert "rekeyed for other hosts and not here" in finding.message
    assert finding.path is not None
    assert finding.mend == (
        "agenix-check --fix --inventory nix  # or, if no host needs it: git rm -- :/" + finding.path
    )


def test_a_host_that_got_another_new_output_is_not_switched_off(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.source(WIFI, "other wifi\n")
    rekey_all(fleet, "db", DB, "another\n", "alpha", "gamma", "delta")
    rekey_all(fleet, "wifi", WIFI, "other wifi\n", "alpha", "beta")

    assert told(judge_staged(fleet)) == {("error", "output-stale", "beta", "db")}


def test_new_outputs_of_another_source_excuse_nothing(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.source(ALPHA_TOKEN, "other token\n")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "other token\n")

    assert told(judge_staged(fleet)) == {("error", "output-stale", node, "db") for node in NODES}


def test_where_other_hosts_were_rekeyed_a_host_whose_key_is_gone_is_switched_off(
    fleet: Workshop,
) -> None:
    fleet.host("alpha", NEW)
    fleet.source(WIFI, "other wifi\n")
    fleet.remove(old_output(fleet, "alpha", "wifi"))
    rekey_all(fleet, "wifi", WIFI, "other wifi\n", "beta")

    report = judge_staged(fleet)

    assert told(report) == {
        ("warning", "output-orphan", "alpha", secret) for secret in ("db", "token")
    }
    orphans = of_rule(report, "output-orphan")
    assert all("other hosts were rekeyed" in finding.message for finding in orphans)


def test_an_output_that_was_only_moved_is_no_rekey_of_others(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    old = old_output(fleet, "beta", "wifi")
    fleet.write(old.replace("-wifi.age", "-wlan.age"), fleet.read(old))
    fleet.remove(old)

    assert told(judge_staged(fleet)) == {
        ("error", "output-stale", "alpha", secret) for secret in ("db", "wifi", "token")
    }


def test_a_secret_whose_declaration_went_away_is_left_behind(fleet: Workshop) -> None:
    module = "hosts/alpha/default.nix"
    lines = fleet.read(module).decode().splitlines(keepends=True)
    fleet.write(module, "".join(line for line in lines if "alpha-token" not in line))
    fleet.source(ALPHA_TOKEN, "other token\n")

    finding = the_only(judge_staged(fleet), "output-orphan")

    assert finding.message == "left behind: no .nix file names alpha-token.age any more"


def test_a_secret_that_another_file_names_is_still_needed(fleet: Workshop) -> None:
    module = "hosts/alpha/default.nix"
    lines = fleet.read(module).decode().splitlines(keepends=True)
    fleet.write(module, "".join(line for line in lines if "alpha-token" not in line))
    fleet.write("modules/token.nix", "{ file = ../secrets/alpha-token.age; }\n")
    fleet.source(ALPHA_TOKEN, "other token\n")

    assert told(judge_staged(fleet)) == {("error", "output-stale", "alpha", "token")}


def test_a_source_that_moved_as_it_was_breaks_nothing(fleet: Workshop) -> None:
    fleet.write("vault/db.age", fleet.read(DB))
    fleet.remove(DB)
    for module in fleet.top.glob("hosts/*/default.nix"):
        module.write_text(module.read_text().replace(DB, "vault/db.age"))

    report = judge_staged(fleet)

    assert report.findings == ()
    assert result(report, "alpha", "db").source == "vault/db.age"


def test_a_source_that_moved_does_not_hide_a_changed_key(fleet: Workshop) -> None:
    fleet.write("vault/alpha-token.age", fleet.read(ALPHA_TOKEN))
    fleet.remove(ALPHA_TOKEN)
    fleet.host("alpha", NEW)

    assert ("error", "output-stale", "alpha", "token") in told(judge_staged(fleet))


def test_a_key_that_moved_as_it_was_breaks_nothing(fleet: Workshop) -> None:
    fleet.write("keys/alpha.pub", fleet.read(name_key_file("alpha")))
    fleet.remove(name_key_file("alpha"))

    assert judge_staged(fleet).findings == ()


def test_a_moved_output_is_judged_as_the_one_that_it_was(fleet: Workshop) -> None:
    old = old_output(fleet, "alpha", "token")
    fleet.write(old.replace("/rekeyed/", "/made/"), fleet.read(old))
    fleet.remove(old)
    fleet.source(ALPHA_TOKEN, "other token\n")

    finding = the_only(judge_staged(fleet), "output-stale")

    assert finding.node == "secrets/made/alpha"
