"""What identifies a problem from run to run, and what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Finding, Severity
from agenix_check.model.frozen import replace
from agenix_check.report.escape import visible
from agenix_check.report.problem import (
    describe_finding,
    describe_unchecked,
    fingerprint_unchecked,
    is_critical,
    with_fingerprints,
)
from tests.report.sample import ALPHA, BETA, HOSTILE, KEY_EDIT, SOURCE_EDIT, TROUBLE, finding

STALE = finding("output-stale", ALPHA, "db", cause=SOURCE_EDIT, mend="agenix-check --fix")


def fingerprints(*findings: Finding) -> list[str]:
    return [fingerprint for _, fingerprint in with_fingerprints(findings)]


def at(ident: str, name: str = "db.age") -> Finding:
    return replace(STALE, path=f"secrets/rekeyed/alpha/{ident}-{name}")


@pytest.mark.parametrize(
    "later",
    [
        at("f" * 32),
        replace(at("0" * 32), message="said otherwise", mend=None, cause=KEY_EDIT, new=False),
        replace(at("0" * 32), severity=Severity.WARNING),
    ],
)
def test_the_same_problem_next_week_is_the_same(later: Finding) -> None:
    assert fingerprints(at("0" * 32)) == fingerprints(later)


def test_an_ident_may_be_that_of_a_directory() -> None:
    group = at("0" * 32, "group/db.age")

    assert fingerprints(group) == fingerprints(at("1" * 32, "group/db.age"))
    assert fingerprints(group) != fingerprints(at("0" * 32, "other/db.age"))
    assert fingerprints(replace(STALE, path="0" * 32 + "-db.age")) == fingerprints(
        replace(STALE, path="1" * 32 + "-db.age")
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(STALE, node=BETA),
        replace(STALE, secret="wifi"),
        replace(STALE, rule="output-length"),
        replace(STALE, source="secrets/other.age"),
        replace(STALE, path="secrets/moved/db.age"),
    ],
)
def test_another_problem_is_another(other: Finding) -> None:
    assert fingerprints(STALE) != fingerprints(other)


def test_a_field_does_not_run_into_the_next() -> None:
    one = replace(STALE, node="a", secret="bc")

    assert fingerprints(one) != fingerprints(replace(one, node="ab", secret="c"))


def test_equal_problems_are_numbered_whatever_their_order() -> None:
    same = [at(digit * 32) for digit in "0123"]

    assert len(set(fingerprints(*same))) == 4
    assert fingerprints(*same) == fingerprints(*same[::-1])
    assert set(fingerprints(*same[:3])) < set(fingerprints(*same))


def test_others_do_not_change_what_identifies_one() -> None:
    pairs = dict(with_fingerprints(TROUBLE.findings))

    assert len(set(pairs.values())) == len(TROUBLE.findings)
    for one in TROUBLE.findings:
        assert fingerprints(one) == [pairs[one]]


def test_what_could_not_be_checked_has_its_own() -> None:
    assert fingerprint_unchecked("a") == fingerprint_unchecked("a")
    assert fingerprint_unchecked("a") != fingerprint_unchecked("b")


def test_it_says_host_secret_cause_and_what_to_type() -> None:
    assert describe_finding(STALE) == (
        "nixos:alpha db: it is not as it should be. secrets/db.age changed in 1a2b3c4d5e. "
        "Fix: agenix-check --fix"
    )
    assert describe_finding(replace(STALE, cause=None, mend=None), files="Files: two") == (
        "nixos:alpha db: it is not as it should be. Files: two."
    )
    assert describe_finding(replace(STALE, message="Nix said so.")).count(". ") == 2
    assert describe_unchecked("x is not merged") == "Could not check: x is not merged."
    assert describe_unchecked("x is not merged.") == "Could not check: x is not merged."


def test_a_long_command_is_not_cut() -> None:
    short, long = f"git rm -- :/{'a' * 100}", f"git rm -- :/{'a' * 1000}"

    assert describe_finding(replace(STALE, mend=short)).endswith(f". Fix: {short}")
    assert describe_finding(replace(STALE, mend=long)).endswith(
        "Fix: see agenix-check explain output-stale"
    )


def test_however_long_the_names_are_it_fits() -> None:
    long = HOSTILE * 1000
    text = describe_finding(
        finding(
            "output-stale", long, long, message=long, mend=long,
            cause=replace(SOURCE_EDIT, path=long),
        ),
        files="Files: [source](1), [declaration](2), [output](3)",
    )  # fmt: skip

    assert len(text) <= 1024
    assert text.count("…") == 3


@given(st.text(st.characters(), max_size=80))
def test_what_is_said_is_printable(name: str) -> None:
    text = describe_finding(finding("output-stale", name, name, message=name, mend=name))

    assert text.isprintable()
    assert visible(name)[:80].removesuffix(".") in text


def test_secrets_that_lie_open_are_critical() -> None:
    open_secret = finding("private-key")

    assert is_critical(open_secret)
    assert not is_critical(replace(open_secret, severity=Severity.NOTE))
    assert not is_critical(STALE)
