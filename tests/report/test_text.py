"""The report for people: what it says, in which order, and what it must not say."""

import re

import pytest

from agenix_check.model.findings import (
    Cause,
    CauseKind,
    Decrypted,
    Finding,
    Fix,
    FleetInfo,
    NotCompared,
    Report,
    Severity,
    Verdict,
)
from agenix_check.model.frozen import replace
from agenix_check.report.formats import text
from agenix_check.report.registry import RenderOptions
from tests.report.sample import (
    ALL,
    ALPHA,
    BETA,
    GREEN,
    SOURCE_EDIT,
    TROUBLE,
    finding,
    output,
    path_of,
    report,
)


def show(sample: Report, *, verbose: bool = False, quiet: bool = False) -> list[str]:
    rendered = text.render(sample, color=False, verbose=verbose, quiet=quiet)
    assert rendered == "" or (rendered.endswith("\n") and not rendered.endswith("\n\n"))
    return rendered.splitlines()


def stale(node: str, name: str = "db", *, new: bool = True) -> Finding:
    return finding(
        "output-stale",
        node,
        name,
        message="made from another version",
        new=new,
        cause=SOURCE_EDIT,
        mend="agenix-check --fix",
    )


def test_forty_outputs_of_one_cause_are_one_line() -> None:
    nodes = [f"nixos:host{number:02}" for number in range(40)]
    sample = report(
        *(output(node, "db", Verdict.WRONG, "output-stale") for node in nodes),
        findings=tuple(map(stale, nodes)),
    )

    heading = [
        "secrets/db.age changed in 1a2b3c4d5e",
        "  error[output-stale]: made from another version",
    ]
    assert show(sample) == [
        *heading,
        "    db  all 40 nodes",
        "    (-v shows each with its path)",
        "  fix: agenix-check --fix",
        "",
        "read more: agenix-check explain output-stale",
        "40 outputs on 40 nodes: 0 ok, 40 wrong · 40 errors, 0 warnings",
    ]
    lines = show(sample, verbose=True)
    assert lines[:42] == [*heading, *(f"    {node}  db  {path_of(node, 'db')}" for node in nodes)]


def test_many_secrets_of_one_node_are_one_line() -> None:
    secrets = [f"s{number:02}" for number in range(30)]
    sample = report(
        *(output(ALPHA, secret, Verdict.WRONG, "output-stale") for secret in secrets),
        output(BETA, "db"),
        findings=tuple(stale(ALPHA, secret) for secret in secrets),
    )
    assert "    nixos:alpha  30 secrets: s00, s01, s02, …" in show(sample)


def test_a_large_fix_is_shown_by_secret() -> None:
    nodes = [f"nixos:{number:02}" for number in range(30)]
    fixes = [
        Fix(action=action, path=f"{node}/{action}-db.age", node=node, secret="db")
        for node in nodes
        for action in ("rekeyed", "removed")
    ]
    sample = replace(GREEN, fixed=(*fixes, Fix(action="removed", path="old/.tmp.agenix-rekey.db")))

    assert show(sample)[:4] == [
        "Fixed (-v unfolds)",
        "  rekeyed  db                        30  nixos:00, nixos:01, nixos:02, …",
        "  removed  db                        30  nixos:00, nixos:01, nixos:02, …",
        "  removed  old/.tmp.agenix-rekey.db  1",
    ]
    assert len(show(sample, verbose=True)) > len(fixes)


def test_what_names_cannot_show_is_said_to_who_asks() -> None:
    by_names = report(output(ALPHA, "db"), names=True)
    said = "not shown by names: secrets that are declared and were never rekeyed"
    assert not any(said in line for line in show(by_names))
    assert sum(said in line for line in show(by_names, verbose=True)) == 1
    by_nix = report(output(ALPHA, "db"))
    assert not any(said in line for line in show(by_nix, verbose=True))


def test_what_was_fixed_is_listed_by_node_and_secret() -> None:
    asked = [("b", "db", "0-db"), ("a", "wifi", "1-wifi"), ("a", "db", "9-db"), ("a", "db", "2-db")]
    fixes = [
        Fix(action="removed" if path[0] == "2" else "rekeyed", path=path, node=node, secret=secret)
        for node, secret, path in asked
    ]
    assert [line.split() for line in show(replace(GREEN, fixed=tuple(fixes)))[1:5]] == [
        ["rekeyed", "a", "db", "9-db"],
        ["removed", "a", "db", "2-db"],
        ["rekeyed", "a", "wifi", "1-wifi"],
        ["rekeyed", "b", "db", "0-db"],
    ]


def test_messages_that_differ_stand_with_their_findings() -> None:
    sample = report(
        findings=tuple(
            finding("output-length", ALPHA, secret, message=f"holds {len(secret)} bytes")
            for secret in ("a", "bb", "ccc")
        )
    )

    assert show(sample)[:5] == [
        "error[output-length]: an output does not contain its source: the lengths differ",
        f"  nixos:alpha  a    {path_of(ALPHA, 'a')}",
        "    holds 1 bytes",
        f"  nixos:alpha  bb   {path_of(ALPHA, 'bb')}",
        "    holds 2 bytes",
    ]


def test_a_message_that_many_share_is_said_once() -> None:
    sample = report(
        findings=tuple(
            finding("output-stale", ALPHA, f"s{number}", message=f"reason {number % 2}")
            for number in range(6)
        )
    )
    lines = show(sample)

    assert [line for line in lines if "reason" in line] == [
        "error[output-stale]: reason 0",
        "error[output-stale]: reason 1",
    ]


@pytest.mark.parametrize(
    ("kind", "commit", "title"),
    [
        ("source-changed", None, "hosts/a changed"),
        ("source-changed", "1a2b3c4d5e6f" + "0" * 28, "hosts/a changed in 1a2b3c4d5e"),
        ("source-deleted", None, "hosts/a was deleted"),
        ("key-changed", None, "hosts/a changed"),
        ("key-deleted", "f" * 40, "hosts/a no longer holds the key since ffffffffff"),
        ("output-deleted", None, "hosts/a was deleted"),
        ("output-replaced", None, "hosts/a was replaced"),
        (
            "key-text-changed",
            "f" * 40,
            "hosts/a changed in ffffffffff: the same key, but another comment or newline",
        ),
    ],
)
def test_a_cause_says_what_happened(kind: str, commit: str | None, title: str) -> None:
    cause = Cause(kind=CauseKind(kind), path="hosts/a", commit=commit)
    assert show(report(findings=(finding("output-stale", ALPHA, "db", cause=cause),)))[0] == title


@pytest.mark.parametrize("kind", CauseKind)
def test_every_cause_has_words(kind: CauseKind) -> None:
    cause = Cause(kind=kind, path="some/file")
    lines = show(report(findings=(finding("output-stale", ALPHA, "db", cause=cause),)))
    assert lines[0].startswith("some/file ")


def test_errors_come_before_warnings_before_notes_and_new_before_old() -> None:
    severities = (Severity.NOTE, Severity.WARNING, Severity.ERROR)
    sample = report(
        findings=tuple(
            finding("a-b", path=f"{severity}-{new}-{bool(cause)}", severity=severity, new=new,
                    cause=cause)
            for severity in severities
            for new in (False, True)
            for cause in (None, SOURCE_EDIT)
        )
    )  # fmt: skip
    lines = show(sample, verbose=True)
    places = [line.strip() for line in lines if re.fullmatch(r" +\w+-\w+-\w+", line)]

    order = [f"{severity}-True" for severity in ("error", "warning", "note")]
    # One cause is one group, so its lesser findings stand with its worst.
    assert [place for place in places[:6] if place.endswith("True-True")] == [
        f"{place}-True" for place in order
    ]
    assert [place for place in places[:6] if place.endswith("False")] == [
        f"{place}-False" for place in order
    ]
    assert all("-False-" in place for place in places[6:])
    assert lines.index("Already there before this change") > lines.index("    note-True-True")


def test_what_was_so_before_is_folded() -> None:
    old = tuple(
        finding("output-orphan", BETA, f"s{number}", severity=Severity.WARNING, new=False)
        for number in range(5)
    )
    sample = report(output(ALPHA, "db"), findings=(*old, stale(ALPHA, new=False)))

    assert show(sample)[:-5] == [
        "Already there before this change",
        "  error[output-stale] 1: nixos:alpha db (-v unfolds)",
        "    fix: agenix-check --fix",
        "  warning[output-orphan] 5: nixos:beta s0, nixos:beta s1, nixos:beta s2, … (-v unfolds)",
    ]
    unfolded = show(sample, verbose=True)
    assert all(any(f.path in line for line in unfolded) for f in sample.findings if f.path)


def test_many_fixes_are_not_a_wall() -> None:
    findings = tuple(
        finding("output-orphan", path=f"old/{number}", mend=f"git log old/{number}")
        for number in range(9)
    )
    sample = report(findings=findings)

    assert [line for line in show(sample) if "fix" in line or "more like" in line] == [
        "  fix: git log old/0",
        "       and 8 more like it (-v shows them)",
    ]
    assert sum("fix: " in line for line in show(sample, verbose=True)) == 9


def test_the_last_line_counts_what_fix_does_as_the_run_is() -> None:
    findings = (
        finding("output-stale", path="a", mend="agenix-check --fix"),
        finding("output-unstaged", path="b", mend="git add -f -- :/b"),
        finding("output-orphan", path="c", mend="agenix-check --fix --inventory nix  # or git rm"),
        finding("output-stale", path="d", mend="# put x right, then: agenix-check --fix"),
        finding("source-malformed", path="e", mend="git restore --source=HEAD -- :/e"),
    )
    sample = report(findings=findings)
    by_names = replace(sample, fleet=replace(sample.fleet, inventory="names"))
    by_nix = replace(sample, fleet=replace(sample.fleet, inventory="nix"))
    assert show(by_names)[-1].endswith("2 of 5 can be fixed with --fix")
    assert show(by_nix)[-1].endswith("3 of 5 can be fixed with --fix")
    alone = replace(by_names, findings=findings[1:2])
    assert show(alone)[-1].endswith("1 of 1 can be fixed with --fix")
    assert "can be fixed" not in show(replace(by_names, findings=findings[:1]))[-1]


def test_files_that_are_removed_for_one_cause_are_removed_together() -> None:
    quoted = ("':/with a blank'", r"$':/caf\351'", "-r b", ":/a && git rm -- :/b")
    plain = tuple(f":/old/{number:02}" for number in range(12))
    findings = tuple(
        finding("output-orphan", path=f"{number:02}", mend=f"git rm -- {path}")
        for number, path in enumerate((*quoted, *plain))
    )
    shown = show(report(findings=findings), verbose=True)
    assert [line.removeprefix("  fix: ") for line in shown if "fix: " in line] == [
        f"git rm -- {' '.join((*quoted[:2], *plain[:8]))}",
        "git rm -- -r b",
        "git rm -- :/a && git rm -- :/b",
        f"git rm -- {' '.join(plain[8:])}",
    ]


@pytest.mark.parametrize("verbose", [False, True])
def test_a_green_run_is_one_line(verbose: bool) -> None:
    assert show(GREEN, verbose=verbose) == ["4 outputs on 2 nodes: all as their hosts need them"]
    assert show(GREEN, quiet=True) == []


def test_names_alone_claim_less() -> None:
    fleet = FleetInfo(inventory="names", complete=False, nodes=2, secrets=2)
    assert show(replace(GREEN, fleet=fleet)) == [
        "4 outputs on 2 nodes: all match the sources and keys in the tree"
    ]


def test_what_cannot_be_verified_is_not_called_right() -> None:
    unverifiable = [
        output(ALPHA, str(number), Verdict.UNVERIFIABLE, reason="anonymous recipients")
        for number in range(4)
    ]
    right = [output(BETA, str(number)) for number in range(7)]
    left_out = output(BETA, "x", Verdict.SKIPPED, reason="placeholder key")

    assert show(report(*unverifiable, *right)) == [
        "11 outputs on 2 nodes: 7 ok, 4 unverifiable (anonymous recipients)"
    ]
    assert show(report(*right, left_out)) == ["8 outputs on 1 node: 7 ok, 1 skipped"]
    verbose = show(
        report(left_out, unverifiable[0], unverifiable[1]._replace(reason="LFS")), verbose=True
    )
    assert verbose[-1] == "3 outputs on 2 nodes: 0 ok, 2 unverifiable, 1 skipped"
    assert "skipped: placeholder key" in verbose
    assert f"  nixos:alpha  1  {path_of(ALPHA, '1')}" in verbose


def test_numbers_have_their_plurals() -> None:
    note = finding("source-unused", severity=Severity.NOTE, path="a")
    one = report(output(ALPHA, "db", Verdict.WRONG, "output-stale"), findings=(stale(ALPHA), note))

    assert show(one)[-1] == (
        "1 output on 1 node: 0 ok, 1 wrong · 1 error, 0 warnings · 1 note, -v shows it"
    )
    assert show(replace(GREEN, counts=replace(GREEN.counts, notes=2, ignored=1))) == [
        "4 outputs on 2 nodes: all as their hosts need them · 2 notes, -v shows them · 1 ignored"
    ]
    assert show(report()) == ["nothing to check"]
    unclear = replace(report(), incomplete=("secrets.nix: a syntax error",))
    assert show(unclear)[-1] == ("nothing was checked · 0 errors, 0 warnings · incomplete")


def test_notes_are_told_only_when_asked_for() -> None:
    sample = report(findings=(finding("source-unused", severity=Severity.NOTE, path="secrets/a"),))

    assert not any("secrets/a" in line for line in show(sample))
    assert any("secrets/a" in line for line in show(sample, verbose=True))


def test_what_was_not_looked_at_is_said() -> None:
    sample = replace(GREEN, incomplete=("b is not merged", "a\x1b is gone"), skipped=("c/d",))
    wanted = [r"could not check: a\x1b is gone", "could not check: b is not merged"]

    assert show(sample, quiet=True) == wanted
    lines = show(sample)
    assert lines[0] == "skipped: c/d"
    assert [line for line in lines if line.startswith("could not check")] == wanted
    assert lines[-1] == ("4 outputs on 2 nodes: 4 ok, 0 wrong · 0 errors, 0 warnings · incomplete")


def test_quiet_leaves_what_is_wrong() -> None:
    lines = show(TROUBLE, quiet=True)

    assert not any(line.startswith(("skipped", "10 outputs")) for line in lines)
    assert not any("note[" in line for line in lines)
    assert any("warning[output-orphan]" in line for line in lines)
    assert show(replace(GREEN, skipped=("a",)), quiet=True) == []


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("sample", ALL.values(), ids=ALL)
def test_colour_changes_nothing_but_colour(sample: Report, verbose: bool) -> None:
    colored = text.render(sample, color=True, verbose=verbose, quiet=False)
    plain = text.render(sample, color=False, verbose=verbose, quiet=False)

    assert re.sub(r"\x1b\[[0-9;]+m", "", colored) == plain
    assert "\x1b" not in plain
    assert "\x1b" in colored


def test_paths_are_never_cut() -> None:
    long = "secrets/" + "very-long-directory/" * 20 + "db.age"
    message = f"made from another version of {long}"
    lines = show(report(findings=(finding("output-stale", path=long, message=message),)))

    assert sum(long in line for line in lines) == 2


def test_prose_keeps_to_80_columns() -> None:
    message = "word " * 60 + "end"
    lines = show(report(findings=(finding("output-stale", path="a", message=message),)))

    assert len(lines) > 5
    assert all(len(line) <= 80 for line in lines)


def test_the_order_of_discovery_does_not_show() -> None:
    turned = replace(TROUBLE, findings=TROUBLE.findings[::-1], files=TROUBLE.files[::-1])

    assert show(turned, verbose=True) == show(TROUBLE, verbose=True)


def test_nothing_is_green_where_the_run_fails() -> None:
    """What is unverifiable, or was not compared, is no finding and still fails some runs."""
    rest = NotCompared(ALPHA, "db", path_of(ALPHA, "db"), Verdict.OK, "no identity")
    compared = Decrypted(compared=0, not_compared=(rest,))
    sample = replace(report(output(ALPHA, "db")), decrypted=compared)
    for required, said in ((False, "all as"), (True, "0 ok, 1 unverifiable")):
        options = RenderOptions(color=True, require_verified=required)
        last = text.FORMAT.render(sample, options).splitlines()[-1]
        assert said in last
        assert last.startswith("\x1b[1m" if required else "\x1b[32m")
