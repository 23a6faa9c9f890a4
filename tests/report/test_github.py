"""The report for GitHub Actions, read as its runner reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import (
    Cause,
    CauseKind,
    FileKind,
    Finding,
    JudgedFile,
    Report,
    Severity,
    Verdict,
)
from agenix_check.model.frozen import replace
from agenix_check.report.escape import visible
from agenix_check.report.formats import github, text
from tests.pace import cpu_seconds
from tests.report.runner import REGISTERED, Command, commands, read_log
from tests.report.sample import ALL, GREEN, HOSTILE, TROUBLE, finding, output, report

NAMES = st.one_of(
    st.sampled_from(
        [
            HOSTILE,
            *(f"::{name}::x" for name in sorted(REGISTERED)),
            *(f"a##[{name}]x" for name in sorted(REGISTERED)),
            "x\n::error::y",
            "x\r::error::y",
            "%0A::error::y",
            "a,line=7,title=b",
            "::",
            "%25%3A",
        ]
    ),
    st.text(st.characters(), min_size=1, max_size=20),
    st.text(":#[]%,=\n\r \terrow", min_size=1, max_size=20),
)


def render(one: Report) -> str:
    return github.render(one, verbose=False, quiet=False)


def annotations(one: Report) -> list[Command]:
    return commands(render(one))


@given(NAMES, st.booleans())
def test_no_name_is_a_command_or_changes_one(name: str, verbose: bool) -> None:
    cause = Cause(kind=CauseKind.FILE_CHANGED, path=name, commit=name)
    severity = Severity.WARNING
    sample = report(
        output(name, name, Verdict.SKIPPED, reason=name),
        findings=(
            finding("output-stale", name, name, message=name, path=name, mend=name, cause=cause),
            finding("a-b", name, severity=severity, message=name, path=name, mend=name, new=False),
            finding("a-b", name, severity=Severity.NOTE, message=name, path=name, mend=name),
        ),
        skipped=(name,),
        incomplete=(name,),
    )
    log = github.render(sample, verbose=verbose, quiet=False)
    found = commands(log)
    shown = visible(name)
    titles = ("agenix-check could not check everything", "output-stale: ", "a-b: ")

    assert [one.name for one in found] == ["error", "error", "warning"]
    for one, title in zip(found, titles, strict=True):
        assert one.properties["title"].startswith(title)
    assert [set(one.properties) for one in found[1:]] == [{"file", "line", "title"}] * 2
    assert found[1].properties["file"] == shown.replace("##[", r"\x23#[")
    assert all(line.isprintable() for line in log.split("\n"))
    assert "##[" not in log


@pytest.mark.parametrize("name", ALL)
def test_after_the_annotations_comes_the_usual_report(name: str) -> None:
    lines = read_log(render(ALL[name]))
    plain = [line for line in lines if isinstance(line, str)]

    assert all(isinstance(line, Command) for line in lines[: len(lines) - len(plain)])
    assert "\n".join(plain) == text.render(ALL[name], color=False, verbose=False, quiet=False)


def test_nothing_wrong_makes_no_annotation() -> None:
    assert annotations(GREEN) == []
    note = finding("source-unused", severity=Severity.NOTE, path="x", message="unused")
    assert annotations(report(findings=(note,))) == []


def stale(number: int, cause: Cause | None, *, new: bool = True) -> Finding:
    return finding("output-stale", f"nixos:n{number:02}", "db", cause=cause, new=new, mend="do it")


EDIT = Cause(kind=CauseKind.SOURCE_CHANGED, path="secrets/db.age")


def test_one_cause_is_one_annotation_that_names_its_hosts() -> None:
    (one,) = annotations(report(findings=tuple(stale(number, EDIT) for number in range(40))))
    message, hosts, mend = one.data.split("\n")

    assert one.name == "error"
    assert one.properties == {
        "file": "secrets/db.age",
        "line": "1",
        "title": "output-stale: secrets/db.age changed",
    }
    assert message == "it is not as it should be"
    assert hosts.startswith("nixos:n00 db, nixos:n01 db, ")
    assert hosts.endswith(", nixos:n19 db, and 20 more")
    assert mend == "fix: do it"


def test_it_stands_where_a_diff_shows_something() -> None:
    key = Cause(kind=CauseKind.KEY_CHANGED, path="hosts/a/host.pub")
    replaced = Cause(kind=CauseKind.OUTPUT_REPLACED, path="secrets/rekeyed/a/x-db.age")
    found = annotations(
        report(
            findings=(
                finding("output-stale", "a", "db", cause=key),
                finding("output-length", "a", "db", cause=replaced),
                finding("output-leftover", path="secrets/rekeyed/.tmp"),
                finding("node-not-evaluated", "b"),
            )
        )
    )

    assert {
        one.properties["title"].partition(":")[0]: one.properties.get("file") for one in found
    } == {
        "output-stale": "hosts/a/host.pub",
        "output-length": "secrets/db.age",
        "output-leftover": "secrets/rekeyed/.tmp",
        "node-not-evaluated": None,
    }
    assert all(("line" in one.properties) == ("file" in one.properties) for one in found)


def test_findings_without_a_cause_are_apart_while_they_are_few() -> None:
    few = tuple(finding("private-key", path=f"keys/{number}") for number in range(3))
    many = tuple(finding("private-key", path=f"keys/{number}") for number in range(4))

    assert [one.properties["file"] for one in annotations(report(findings=few))] == [
        "keys/0", "keys/1", "keys/2"
    ]  # fmt: skip
    (one,) = annotations(report(findings=many))
    assert one.properties["file"] == "keys/0"
    assert "keys/0, keys/1, keys/2, keys/3" in one.data


def test_different_messages_are_all_told() -> None:
    (one,) = annotations(
        report(
            findings=tuple(
                replace(stale(number, EDIT), message=f"message {number}") for number in range(3)
            )
        )
    )

    assert one.data.split("\n") == [
        "nixos:n00 db: message 0", "nixos:n01 db: message 1", "nixos:n02 db: message 2",
        "fix: do it",
    ]  # fmt: skip


def test_the_ten_that_are_most_severe_come_first() -> None:
    causes = [Cause(kind=CauseKind.SOURCE_CHANGED, path=f"secrets/{n:02}.age") for n in range(15)]
    one_each = tuple(stale(number, cause) for number, cause in enumerate(causes))
    sample = report(
        findings=(
            *one_each,
            *(replace(one, severity=Severity.WARNING) for one in one_each),
            *(stale(number, EDIT) for number in range(2)),
            *(stale(number, KEY_BEFORE, new=False) for number in range(9)),
            finding("private-key", path="key"),
        ),
        incomplete=("a is not merged", "b could not be read"),
    )
    found = annotations(sample)
    titles = [one.properties["title"] for one in found if one.name == "error"]

    assert [one.name for one in found] == ["error"] * 10 + ["warning"] * 10
    assert titles[:4] == [
        "agenix-check could not check everything",
        "private-key: an unencrypted private key is in the tree",
        "output-stale: secrets/db.age changed",
        "output-stale: secrets/00.age changed",
    ]
    assert not any("host.pub" in title for title in titles)
    assert found[0].data == "a is not merged\nb could not be read"


KEY_BEFORE = Cause(kind=CauseKind.KEY_CHANGED, path="hosts/a/host.pub")


def test_what_was_so_before_is_said_to_be() -> None:
    (one,) = annotations(report(findings=(stale(1, KEY_BEFORE, new=False),)))
    assert "already there before this change" in one.data.split("\n")


def test_no_message_is_cut_by_the_runner() -> None:
    long = "x" * 4000
    sample = report(
        findings=tuple(
            replace(stale(number, EDIT), message=f"{number} {long}", mend=f"mend {long}")
            for number in range(5)
        ),
        incomplete=tuple(f"{number} {long}" for number in range(5)),
    )
    found = annotations(sample)

    assert [len(one.data) <= 4096 for one in found] == [True, True]
    assert "…\nfix: mend xxx" in found[1].data
    assert all(len(one.properties["title"]) <= 255 for one in found)


def test_quiet_and_green_prints_nothing() -> None:
    assert github.render(GREEN, verbose=False, quiet=True) == ""
    assert commands(github.render(TROUBLE, verbose=False, quiet=True)) == annotations(TROUBLE)


def wide(outputs: int) -> Report:
    """Return a fleet of 1,000 nodes where one edit made all outputs stale."""
    cells = [(f"nixos:n{number % 1000}", f"s{number // 1000}") for number in range(outputs)]
    return report(
        *(
            JudgedFile(FileKind.OUTPUT, n, s, f"secrets/{s}.age", f"r/{n}-{s}.age", Verdict.WRONG)
            for n, s in cells
        ),
        findings=tuple(finding("output-stale", node, secret, cause=EDIT) for node, secret in cells),
    )


def test_the_cost_of_a_huge_fleet_is_linear() -> None:
    small, huge = wide(5_000), wide(50_000)

    assert len(annotations(huge)) == 1
    assert cpu_seconds(annotations, huge) < 30 * cpu_seconds(annotations, small)
