"""Outputs that were lost long ago: history says from which version they were made."""

from agenix_check.cli.configuration import load_settings
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import CauseKind
from tests.audit.scenes import ALPHA_TOKEN, DB, judge, name_key_file, of_rule, old_output
from tests.host_keys import NEW
from tests.settings_files import file_at


def test_an_old_stale_output_names_the_commit_that_took_its_source_away(fleet: Workshop) -> None:
    output = old_output(fleet, "alpha", "token")
    fleet.source(ALPHA_TOKEN, "another\n")
    edit = fleet.commit("Edit a source")
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")
    (finding,) = of_rule(judge(fleet), "output-stale")
    assert finding.path == output
    assert not finding.new
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_CHANGED, ALPHA_TOKEN)
    assert finding.cause.commit == finding.since == edit
    assert f"{ALPHA_TOKEN} before {edit[:10]}" in finding.message


def test_an_old_stale_output_of_a_rotated_key_names_the_key_file(fleet: Workshop) -> None:
    fleet.write(name_key_file("alpha"), NEW)
    rotation = fleet.commit("Install alpha anew")
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")
    findings = of_rule(judge(fleet), "output-stale")
    assert {finding.node for finding in findings} == {"secrets/rekeyed/alpha"}
    for finding in findings:
        assert finding.cause is not None
        assert finding.cause.kind is CauseKind.KEY_CHANGED
        assert finding.cause.path == name_key_file("alpha")
        assert finding.cause.commit == rotation


def test_a_source_that_is_gone_is_said_to_be(fleet: Workshop) -> None:
    fleet.remove(DB)
    fleet.commit("Drop a secret")
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")
    findings = of_rule(judge(fleet), "output-orphan")
    assert findings
    assert {finding.cause.kind for finding in findings if finding.cause} == {
        CauseKind.SOURCE_DELETED
    }


def test_a_key_that_another_list_named_too_is_dropped_with_its_host(fleet: Workshop) -> None:
    fleet.write(
        "known-hosts.nix",
        f'{{ alpha = "{fleet.read(name_key_file("alpha")).decode().strip()}"; }}\n',
    )
    fleet.commit("List known hosts")
    fleet.remove(name_key_file("alpha"))
    fleet.write("known-hosts.nix", "{ }\n")
    fleet.stage()
    report = judge(fleet)
    assert {finding.severity for finding in report.findings} <= {"warning", "note"}
    assert of_rule(report, "output-orphan")


def test_green_is_remembered_only_while_the_work_tree_stays_as_it_was(fleet: Workshop) -> None:
    source = fleet.source("secrets/new.age", "new\n")
    fleet.stage(source)
    repository = open_repository(fleet.top)
    settings = load_settings(file_at(repository.top), {}, {})
    assert check(repository, settings, brief=True).counts.errors == 0
    fleet.rekey("alpha", "new", source, "new\n")
    assert check(repository, settings, brief=True).counts.errors == 1
