"""The JUnit report, read back by other programs."""

from collections import Counter
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Report, Severity, Verdict
from agenix_check.model.frozen import replace
from agenix_check.report.formats.junit import render
from tests.report.sample import (
    ALL,
    ALPHA,
    BETA,
    GAMMA,
    GREEN,
    HOSTILE,
    TROUBLE,
    finding,
    output,
    path_of,
    report,
)


def parse(sample: Report, *, require_verified: bool = False, strict: bool = False) -> ET.Element:
    rendered = render(sample, require_verified=require_verified, strict=strict)
    root = ET.fromstring(rendered)  # noqa: S314 - written a moment ago
    names = Counter((case.get("classname"), case.get("name")) for case in root.iter("testcase"))
    assert root.findall("testsuite")
    assert max(names.values()) == 1
    assert all(classname and name for classname, name in names)
    assert all(case.get("file") != "" for case in root.iter("testcase"))
    for tag in ("failure", "error", "skipped"):
        for element in root.iter(tag):
            assert element.get("message")
            assert element.text
    for case in root.iter("testcase"):
        assert case.get("line") == ("1" if case.get("file") else None)
    assert rendered.isascii()
    return root


def case_of(root: ET.Element, suite: str, name: str) -> ET.Element:
    (case,) = (
        case
        for case in root.iter("testcase")
        if (case.get("classname"), case.get("name")) == (suite, name)
    )
    return case


def outcome(case: ET.Element) -> str:
    (tag,) = {element.tag for element in case} or {"passed"}
    return "passed" if tag == "system-out" else tag


@pytest.mark.parametrize("sample", ALL.values(), ids=ALL)
def test_every_output_is_a_case_of_its_node(sample: Report) -> None:
    root = parse(sample)
    cases = Counter(
        str(suite.get("name"))
        for suite in root.findall("testsuite")
        for _ in suite.iter("testcase")
    )
    wanted = Counter(sample.node_names()[output.node] for output in sample.outputs)
    wanted += Counter(plain.group for plain in sample.plain)

    assert {name: number for name, number in cases.items() if name != "repository"} == wanted
    for suite in root.findall("testsuite"):
        assert {case.get("classname") for case in suite} == {suite.get("name")}


@pytest.mark.parametrize("sample", ALL.values(), ids=ALL)
def test_junitparser_reads_it(sample: Report) -> None:
    xml = junitparser.JUnitXml.fromstring(
        render(sample, require_verified=False, strict=True).encode()
    )
    counts = sample.counts
    repository = next(suite for suite in xml if suite.name == "repository")

    assert sum(len(list(suite)) for suite in xml) == xml.tests
    assert xml.tests == counts.outputs + len(sample.plain) + len(list(repository))
    assert all(suite.timestamp is None and suite.hostname is None for suite in xml)


def test_outputs_that_are_right_pass() -> None:
    root = parse(GREEN)

    assert [root.get("failures"), root.get("errors")] == ["0", "0"]
    assert {outcome(case) for case in root.iter("testcase")} == {"passed"}


def test_a_wrong_output_fails_with_all_that_is_wrong() -> None:
    case = case_of(parse(TROUBLE), ALPHA, "backup/key")
    (failure,) = case

    assert case.get("file") == "secrets/backup/key.age"
    assert f"path: {path_of(ALPHA, 'backup/key')}" in str(failure.text)
    assert failure.get("message") == (
        "output-wrong-recipient: addressed to the key of nixos:beta (hosts/beta/host.pub); "
        "output-length: holds 12 bytes, its source holds 4096"
    )
    assert failure.text
    assert "fix: agenix-check --fix" in failure.text
    assert "secrets/backup/key.age" in failure.text


def test_causes_and_age_are_told() -> None:
    root = parse(TROUBLE, strict=True)
    stale = case_of(root, ALPHA, "db").find("failure")
    lfs = case_of(root, BETA, "mail").find("failure")

    assert stale is not None
    assert "cause: secrets/db.age changed in 1a2b3c4d5e" in str(stale.text)
    assert lfs is not None
    assert "already there before this change" in str(lfs.text)


@pytest.mark.parametrize("strict", [False, True])
def test_warnings_fail_only_when_strict(strict: bool) -> None:
    root = parse(TROUBLE, strict=strict)
    wanted = "failure" if strict else "passed"

    assert outcome(case_of(root, BETA, "mail")) == wanted
    orphans = [
        case for case in root.iter("testcase") if str(case.get("name")).startswith("output-orphan")
    ]
    assert [outcome(case) for case in orphans] == [wanted] * 4
    assert all("git rm" in str(case[0].text) for case in orphans)


@pytest.mark.parametrize("require_verified", [False, True])
def test_unverifiable_outputs_pass_unless_told_otherwise(require_verified: bool) -> None:
    lfs = output(ALPHA, "lfs", Verdict.UNVERIFIABLE, "output-lfs")
    sample = replace(
        TROUBLE,
        files=(*TROUBLE.files, lfs),
        findings=(finding("output-lfs", ALPHA, "lfs", severity=Severity.WARNING),),
    )
    root = parse(sample, require_verified=require_verified)

    for node, secret, said in (
        (GAMMA, "token", "unverifiable: anonymous recipients"),
        (ALPHA, "lfs", "unverifiable: no reason is given"),
    ):
        case = case_of(root, node, secret)
        assert outcome(case) == ("failure" if require_verified else "passed")
        assert str(case[0].text).startswith(said)


def test_skipped_outputs_are_skipped() -> None:
    (skipped,) = case_of(parse(TROUBLE), GAMMA, "intermediary")

    assert skipped.tag == "skipped"
    assert skipped.get("message") == "intermediary secrets have no output"


def test_a_wrong_output_without_a_finding_does_not_pass() -> None:
    sample = report(output(ALPHA, "db", Verdict.WRONG, "output-stale"), ignored=1)
    (skipped,) = case_of(parse(sample), ALPHA, "db")

    assert skipped.tag == "skipped"
    assert skipped.get("message") == "wrong (output-stale), but no finding of it is reported"


def test_findings_about_no_output_are_cases_of_the_repository() -> None:
    root = parse(TROUBLE)
    case = case_of(root, "repository", "private-key: hosts/beta/ssh_host_ed25519_key")

    assert outcome(case) == "failure"
    assert case.get("file") == "hosts/beta/ssh_host_ed25519_key"
    assert not any("source-unused" in str(case.get("name")) for case in root.iter("testcase"))


def test_every_error_is_told_once() -> None:
    sample = report(
        output(ALPHA, "db", Verdict.WRONG, "output-stale"),
        findings=(
            finding("output-stale", ALPHA, "db", path="another/path"),
            finding("output-orphan", ALPHA, "db"),
            finding("output-length", path=path_of(ALPHA, "db")),
            finding("node-invalid-key", ALPHA),
            finding("fleet-wide"),
        ),
    )
    root = parse(sample)

    assert len(list(root.iter("failure"))) == 5
    assert outcome(case_of(root, ALPHA, "db")) == "failure"
    assert case_of(root, "repository", "node-invalid-key: nixos:alpha") is not None
    assert case_of(root, "repository", "fleet-wide: the repository") is not None


def test_what_could_not_be_checked_is_an_error() -> None:
    (error,) = case_of(parse(TROUBLE), "repository", "everything could be checked")

    assert error.tag == "error"
    assert error.get("message") == "could not check: secrets/merge.age is not merged"
    assert "skipped: vendor/other is a submodule" in str(error.text)


def test_an_empty_report_has_a_suite_with_a_case() -> None:
    root = parse(report())

    assert [suite.get("name") for suite in root] == ["repository"]
    assert outcome(case_of(root, "repository", "everything could be checked")) == "passed"


def test_equal_names_are_told_apart() -> None:
    one = output(ALPHA, "db")
    sample = report(
        one,
        one._replace(path="other/path"),
        one._replace(path="other/path", verdict=Verdict.SKIPPED),
        one._replace(name="", path=""),
        output("repository", "everything could be checked"),
        one._replace(group="", name=""),
    )

    assert len(list(parse(sample).iter("testcase"))) == 7


def test_the_order_of_discovery_does_not_show() -> None:
    turned = replace(TROUBLE, findings=TROUBLE.findings[::-1], files=TROUBLE.files[::-1])

    assert render(turned, require_verified=False, strict=False) == render(
        TROUBLE, require_verified=False, strict=False
    )


def test_hostile_names_are_visible() -> None:
    name = r'evil\x1b[31m\n\u202e<b>&"]]>::%0A\xff'

    assert outcome(case_of(parse(TROUBLE), ALPHA, name)) == "failure"
    assert len(HOSTILE) < len(name)


@given(st.text(st.characters(), max_size=30), st.sampled_from(Verdict))
def test_no_name_breaks_the_file(name: str, verdict: Verdict) -> None:
    sample = report(
        output(name, name, verdict, "a-b", reason=name),
        output(name, name + "\x01", verdict),
        findings=(
            finding("a-b", name, name, message=name, mend=name),
            finding("c-d", path=name, message=name),
        ),
        skipped=(name,),
        incomplete=(name,),
    )
    root = parse(sample, strict=True, require_verified=True)

    for element in root.iter():
        for value in (*element.attrib.values(), *(element.text or "").split("\n")):
            assert value.isprintable()
