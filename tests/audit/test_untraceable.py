"""New outputs that no key and no source of either tree made."""

import pytest

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import CauseKind, Report, Severity, Verdict
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    WIFI,
    judge,
    judge_staged,
    of_rule,
    old_output,
    rekey,
    rekey_all,
    result,
    storage,
    the_only,
    told,
)
from tests.host_keys import ALPHA, NEW, RSA, STRANGER

IDENT = "0123456789abcdef" * 2


def stray(node: str, name: str, ident: str = IDENT) -> str:
    return f"{storage(node)}/{ident}-{name}.age"


def test_an_output_from_a_version_that_was_never_committed(fleet: Workshop) -> None:
    fleet.source(DB, "draft\n")
    rekey_all(fleet, "db", DB, "draft\n")
    fleet.source(DB, "final\n")

    report = judge_staged(fleet)

    found = of_rule(report, "output-untraceable")
    assert {finding.severity for finding in found} == {Severity.ERROR}
    assert len(found) == len(report.findings) == 4
    finding = next(one for one in found if one.node == storage("alpha"))
    assert finding.path == old_output(fleet, "alpha", "db")
    assert "it is addressed to the key in hosts/alpha/host.pub" in finding.message
    assert finding.cause is not None
    assert finding.cause.kind is CauseKind.OUTPUT_CHANGED
    assert finding.new
    assert result(report, "alpha", "db").verdict is Verdict.WRONG
    assert result(report, "alpha", "db").rules == ("output-untraceable",)


def test_its_tag_belongs_to_a_key_of_the_tree(fleet: Workshop) -> None:
    """Also where the directory is new and nothing else is known of it."""
    fleet.write(stray("new", "db"), encrypt(b"x", [ALPHA]))

    finding = the_only(judge_staged(fleet), "output-untraceable")

    assert finding.severity == "error"


def test_the_base_had_an_explained_output_in_its_place(fleet: Workshop) -> None:
    fleet.remove(old_output(fleet, "alpha", "db"))
    fleet.write(stray("alpha", "db"), encrypt(b"x", [STRANGER]))

    finding = the_only(judge_staged(fleet), "output-untraceable")

    assert finding.severity == "error"
    assert "the one before it was in order" in finding.message


def test_it_has_no_tag_and_those_beside_it_are_explained(fleet: Workshop) -> None:
    _, anonymous = new_identity()
    fleet.write(stray("delta", "new"), encrypt(b"x", [anonymous]))

    finding = the_only(judge_staged(fleet), "output-untraceable")

    assert finding.severity == "error"
    assert "the others beside it are in order" in finding.message


@pytest.mark.parametrize("node", ["delta", "east"])
@pytest.mark.parametrize("content", ["the secret itself\n", "", ALPHA])
def test_plain_text_is_named_as_that_wherever_it_is(
    fleet: Workshop, node: str, content: str
) -> None:
    fleet.write(stray(node, "new"), content)

    finding = the_only(judge_staged(fleet), "output-not-encrypted")

    assert finding.severity == "error"
    assert finding.message.startswith("not an age file" if content else "an empty file")


def test_a_pointer_that_nothing_explains_is_no_plain_text(fleet: Workshop) -> None:
    fleet.write(
        stray("delta", "new"),
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 7\n",
    )

    assert the_only(judge_staged(fleet), "output-untraceable").severity == "error"


def test_a_strange_tag_beside_explained_outputs_is_a_warning(fleet: Workshop) -> None:
    fleet.write(stray("alpha", "new"), encrypt(b"x", [STRANGER]))

    finding = the_only(judge_staged(fleet), "output-untraceable")

    assert finding.severity == "warning"
    assert "its key is not in this repository" in finding.message


def test_the_warning_is_said_once_a_directory(fleet: Workshop) -> None:
    for number in range(3):
        fleet.write(stray("east", f"s{number}"), encrypt(b"x", [STRANGER]))
    fleet.write(stray("west", "s"), encrypt(b"x", [STRANGER]))

    report = judge_staged(fleet)

    assert told(report) == {
        ("warning", "output-untraceable", "east", "s0"),
        ("warning", "output-untraceable", "west", "s"),
    }
    east = of_rule(report, "output-untraceable")[0]
    assert "(3 files)" in east.message
    assert all(output.node not in (storage("east"), storage("west")) for output in report.outputs)


def test_no_tag_and_a_directory_of_its_own_is_a_warning(fleet: Workshop) -> None:
    _, anonymous = new_identity()
    fleet.write(stray("east", "s"), encrypt(b"x", [anonymous]))

    assert the_only(judge_staged(fleet), "output-untraceable").severity == "warning"


@pytest.mark.parametrize("change", ["name", "directory"])
def test_a_moved_orphan_is_no_new_output(fleet: Workshop, change: str) -> None:
    fleet.write(stray("alpha", "old"), encrypt(b"x", [ALPHA]))
    fleet.commit("Leave an orphan")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")
    fleet.remove(stray("alpha", "old"))
    new = stray("alpha", "renamed") if change == "name" else stray("elsewhere", "old")
    fleet.write(new, encrypt(b"x", [ALPHA]))

    finding = the_only(judge_staged(fleet), "output-orphan")

    assert not finding.new


def test_a_copied_orphan_is_a_new_output(fleet: Workshop) -> None:
    fleet.write(stray("alpha", "old"), encrypt(b"x", [ALPHA]))
    fleet.commit("Leave an orphan")
    fleet.write(stray("beta", "old"), encrypt(b"x", [ALPHA]))

    assert ("error", "output-untraceable", "beta", "old") in told(judge_staged(fleet))


def test_an_output_that_nothing_explains_is_an_error_whoever_asks(fleet: Workshop) -> None:
    fleet.write(stray("alpha", "old"), encrypt(b"x", [ALPHA]))
    commit = fleet.commit("Leave an output that nothing explains")

    new = the_only(judge(fleet, rev="HEAD"), "output-untraceable")
    old = the_only(judge_staged(fleet), "output-untraceable")

    assert (new.severity, old.severity) == ("error", "error")
    assert (new.new, old.new) == (True, False)
    assert old.since == commit


def test_an_output_that_nothing_explains_and_had_no_predecessor_is_an_orphan_later(
    fleet: Workshop,
) -> None:
    fleet.write(stray("alpha", "old"), encrypt(b"x", [ALPHA]))
    fleet.commit("Leave an orphan")

    finding = the_only(judge_after_another_commit(fleet), "output-orphan")

    assert finding.severity == "warning"
    assert not finding.new
    keep, _, remove = (finding.mend or "").partition("  # or, if no host needs it: ")
    assert keep == "agenix-check --fix --inventory nix"
    assert remove == f"git rm -- :/{stray('alpha', 'old')}"


def test_an_output_that_took_the_place_of_one_in_order_stays_an_error(fleet: Workshop) -> None:
    fleet.remove(old_output(fleet, "alpha", "token"))
    fleet.write(stray("alpha", "token"), encrypt(b"x", [ALPHA]))
    fleet.commit("Rekey from a version that is in no tree")

    finding = the_only(judge_after_another_commit(fleet), "output-untraceable")

    assert (finding.severity, finding.new) == ("error", False)


def judge_after_another_commit(fleet: Workshop) -> Report:
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")
    return judge(fleet, rev="HEAD")


def test_an_orphan_that_was_altered_is_still_an_old_one(fleet: Workshop) -> None:
    path = fleet.write(stray("alpha", "old"), encrypt(b"x", [ALPHA]))
    fleet.commit("Leave an orphan")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something else")
    fleet.write(path, encrypt(b"y", [ALPHA]))

    assert not the_only(judge_staged(fleet), "output-orphan").new


def test_before_the_first_commit_every_output_is_new(workshop: Workshop) -> None:
    workshop.host("alpha", ALPHA)
    workshop.source("secrets/a.age", "a")
    workshop.rekey("alpha", "a", "secrets/a.age", "a")
    assert told(judge_staged(workshop)) == set()

    workshop.source("secrets/a.age", "b")

    assert told(judge_staged(workshop)) == {("error", "output-untraceable", "alpha", "a")}


def test_the_placeholder_key_is_known_without_any_file(workshop: Workshop) -> None:
    workshop.source("secrets/a.age", "a")
    workshop.rekey("alpha", "a", "secrets/a.age", "a", key=DUMMY_RECIPIENT)

    report = judge_staged(workshop)

    (output,) = report.outputs
    assert output.verdict is Verdict.SKIPPED
    assert told(report) == {("warning", "node-placeholder-key", "alpha", "")}


def test_a_rekey_from_the_staged_version_is_in_order(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    for node in ("alpha", "beta", "gamma", "delta"):
        rekey(fleet, node, "db", DB, "another\n")

    assert judge_staged(fleet).findings == ()


@pytest.mark.parametrize("text", ["inputs.private.omega", f'"{ALPHA.strip()}"'])
def test_a_key_that_was_moved_out_of_the_tree_may_still_be_in_use(
    fleet: Workshop, text: str
) -> None:
    module = "hosts/omega/default.nix"
    fleet.write(module, f'{{ age.rekey.hostPubkey = "{STRANGER.strip()}"; }}\n')
    fleet.host("omega", STRANGER.strip())
    fleet.rekey("omega", "db", DB, "postgres://db\n")
    new = fleet.output_path("omega", "wifi", "secrets/wifi.age")
    fleet.remove("hosts/omega/host.pub")
    fleet.commit("Add omega")
    fleet.remove(old_output(fleet, "omega", "db"))
    fleet.write(module, f"{{ age.rekey.hostPubkey = {text}; }}\n")
    fleet.commit("Keep its key elsewhere")
    fleet.write(new, encrypt(b"correct horse\n", [STRANGER]))

    found = [one for one in judge_staged(fleet).findings if one.path == new]

    (finding,) = found
    elsewhere = text.startswith("inputs")
    assert (finding.rule, str(finding.severity)) == (
        ("output-untraceable", "warning") if elsewhere else ("output-stale", "error")
    )
    fleet.commit("Rekey")
    (later,) = [one for one in judge(fleet).findings if one.path == new]
    assert (later.rule, later.severity) == (finding.rule, finding.severity)


@pytest.mark.parametrize("stays", [False, True])
def test_an_output_takes_the_place_of_one_whose_key_left_the_tree(
    fleet: Workshop, stays: bool
) -> None:
    """The host got another key when its key was moved to a private flake."""
    fleet.host("omega", STRANGER)
    fleet.rekey("omega", "db", DB, "postgres://db\n")
    fleet.commit("Add omega")
    if stays:
        fleet.write("notes/omega.txt", STRANGER)
    fleet.write("hosts/omega/host.pub", "# in a private flake\n")
    fleet.commit("Keep the key elsewhere")
    fleet.remove(old_output(fleet, "omega", "db"))
    new = fleet.write(stray("omega", "db"), encrypt(b"postgres://db\n", [RSA]))

    (finding,) = [one for one in judge_staged(fleet).findings if one.path == new]

    assert (finding.rule, str(finding.severity)) == (
        "output-untraceable",
        "error" if stays else "warning",
    )


def test_an_output_for_a_key_that_was_replaced_names_the_key(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    for secret, source, text in (
        ("db", DB, "postgres://db\n"), ("wifi", WIFI, "correct horse\n"),
        ("token", ALPHA_TOKEN, "token of alpha\n"),
    ):  # fmt: skip
        rekey(fleet, "alpha", secret, source, text)
    commit = fleet.commit("Install alpha anew")
    fleet.rekey("alpha", "late", DB, "postgres://db\n", key=ALPHA)
    finding = the_only(judge_staged(fleet), "output-stale")
    assert finding.message == (
        f"made for the key that hosts/alpha/host.pub held until {commit:.10}"
    )
