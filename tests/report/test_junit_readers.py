"""The JUnit report as its readers take it: what each does with a file, in their own steps.

Read in their sources: GitLab's parsers/test/junit.rb, mikepenz/action-junit-report's testParser.ts,
dorny/test-reporter's java-junit-parser.ts; Jenkins reads with a strict XML parser.
"""

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given

from agenix_check.model.findings import Report, Severity
from agenix_check.model.frozen import replace
from agenix_check.report.escape import visible
from agenix_check.report.finding_places import shown_path
from agenix_check.report.formats.junit import render
from tests.report.sample import ALL, ALPHA, GREEN, HOSTILE, TROUBLE, finding, output, report
from tests.report.strategies import REPORTS

# A name of blanks, names that blanks alone tell apart, and names that run into each other.
TIGHT = report(
    *(
        output(node, secret)
        for node in (" ", "a", "a ")
        for secret in ("", " ", "db", " db", "db ")
    ),
    output("n_n", "n"),
    output("n", "n_n_n"),
)
# What a reader could take for its own marks.
MARKS = report(
    output("nixos:a", "[[ATTACHMENT|/etc/passwd]]"),
    findings=(
        finding("output-stale", "nixos:a", "db", message="at secrets/db.age:7"),
        finding("source-unused", path="x", message=f"see {HOSTILE}", severity=Severity.WARNING),
    ),
)
SAMPLES = {**ALL, "tight": TIGHT, "marks": MARKS, "empty": report()}

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def written(sample: Report) -> str:
    return render(sample, require_verified=False, strict=True)


def cases_of(sample: Report) -> list[tuple[ET.Element, ET.Element]]:
    root = ET.fromstring(written(sample))  # noqa: S314 - written a moment ago
    return [(suite, case) for suite in root.iter("testsuite") for case in suite.iter("testcase")]


def number_of_cases(sample: Report) -> int:
    return len(re.findall("<testcase ", written(sample)))


class Shown(NamedTuple):
    """A case as a reader shows it."""

    name: str
    status: str
    details: str = ""


# GitLab


def gitlab(sample: Report) -> dict[str, Shown]:
    shown = {}
    for suite, case in cases_of(sample):
        status, text = "success", ""
        for tag, word in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
            element = case.find(tag)
            if element is not None:
                # Rails makes a text of an element only if there is one, else a table of attributes.
                assert (element.text or "").strip()
                # And it refuses the whole file for these.
                assert element.get("type") not in {"symbol", "yaml"}
                status, text = word, element.text or ""
                break
        if status == "failed":
            # There it would look for `[[ATTACHMENT|…]]`, a file to show.
            assert case.find("system-out") is None
        key = f"{suite.get('name')}_{case.get('classname')}_{case.get('name')}"
        shown[key] = Shown(str(case.get("name")), status, text)
    return shown


@every_sample
def test_gitlab_keeps_every_case(sample: Report) -> None:
    assert len(gitlab(sample)) == number_of_cases(sample)


def test_gitlab_shows_all_that_is_to_be_said() -> None:
    stale = gitlab(TROUBLE)["nixos:alpha_nixos:alpha_db"]

    assert stale.status == "failed"
    for words in (
        "error[output-stale]: made from another version of its source",
        "node: nixos:alpha",
        "secret: db",
        "cause: secrets/db.age changed in 1a2b3c4d5e",
        "fix: agenix-check --fix",
    ):
        assert words in stale.details


def test_gitlab_shows_that_not_all_was_checked() -> None:
    unchecked = gitlab(TROUBLE)["repository_repository_everything could be checked"]

    assert unchecked.status == "error"
    assert "could not check: secrets/merge.age is not merged" in unchecked.details


# mikepenz/action-junit-report


class Annotation(NamedTuple):
    path: str
    line: int
    failed: bool
    message: str


def mikepenz(sample: Report) -> list[Annotation]:
    annotations = []
    for _, case in cases_of(sample):
        problem = case.find("failure")
        if problem is None:
            problem = case.find("error")
        text = (problem.text or "").strip() if problem is not None else ""
        message = (problem.get("message") or text) if problem is not None else ""
        path, line = case.get("file"), case.get("line")
        if not (path and line):
            path = path or str(case.get("classname")).split(".")[-1]
            found = re.findall(rf" [^ ]*{re.escape(path)}.*?:\d+", text)
            line = found[-1].split(":")[-1] if found else "1"
        annotations.append(Annotation(path, int(line), problem is not None, message.strip()))
    return annotations


@every_sample
def test_mikepenz_annotates_what_a_diff_shows(sample: Report) -> None:
    failed = {each.path for each in mikepenz(sample) if each.failed}
    told = [one for one in sample.findings if one.severity is not Severity.NOTE]
    files = {visible(shown_path(one) or "flake.nix") for one in told}

    assert failed <= files | {"flake.nix"}
    assert all(each.message for each in mikepenz(sample) if each.failed)
    assert len(mikepenz(sample)) == number_of_cases(sample)


@every_sample
def test_mikepenz_takes_no_number_of_a_text_for_a_line(sample: Report) -> None:
    assert {each.line for each in mikepenz(sample)} == {1}


def test_mikepenz_annotates_the_source_that_changed() -> None:
    stale = [each for each in mikepenz(TROUBLE) if each.path == "secrets/db.age" and each.failed]

    assert len(stale) >= 3
    assert stale[0].message.startswith("output-stale: made from another version of its source")


def test_mikepenz_sends_nobody_to_a_file_named_after_a_suite() -> None:
    sample = report(findings=(finding("node-not-evaluated", ALPHA),), incomplete=("x",))

    assert {each.path for each in mikepenz(sample) if each.failed} == {"flake.nix"}


# dorny/test-reporter


def dorny(sample: Report) -> list[Shown]:
    shown = []
    for suite, case in cases_of(sample):
        # Both are trimmed without a look whether they are there.
        assert str(suite.attrib["name"]).strip()
        name = case.attrib["name"].strip()
        # A classname that is not the suite's name becomes a heading of its own.
        assert case.attrib["classname"] == suite.attrib["name"]
        failed = [one for one in (case.find("failure"), case.find("error")) if one is not None]
        details = (failed[0].text or "") if failed else ""
        # Lines of a Java stack trace are looked up among the tracked files.
        assert not re.search(r"^at (.*)\((.*):(\d+)\)$", details, re.MULTILINE)
        status = "failed" if failed else "success" if case.find("skipped") is None else "skipped"
        shown.append(Shown(f"{suite.attrib['name']} {name}", status, details))
    return shown


@every_sample
def test_dorny_finds_a_name_for_every_case(sample: Report) -> None:
    shown = dorny(sample)

    assert shown
    assert all(each.name for each in shown)
    assert len({each.name for each in shown}) == len(shown) == number_of_cases(sample)


def test_dorny_shows_what_failed() -> None:
    outcomes = {each.name: each.status for each in dorny(TROUBLE)}

    assert outcomes["nixos:alpha db"] == "failed"
    assert outcomes["nixos:alpha wifi"] == "success"
    assert outcomes["host-nixos:alpha-user-bob intermediary"] == "skipped"
    assert outcomes["repository everything could be checked"] == "failed"


# Jenkins

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@every_sample
def test_jenkins_finds_no_bad_character(sample: Report) -> None:
    text = written(sample)
    numbers = [int(number) for number in re.findall(r"&#(\d+);", text)]

    assert text.encode("utf-8", "strict").decode() == text
    assert not _NO_XML.search(text)
    assert not _NO_XML.search("".join(map(chr, numbers)))
    assert "&#x" not in text
    assert "<!" not in text


# junitparser


@every_sample
def test_junitparser_counts_the_same(sample: Report) -> None:
    xml = junitparser.JUnitXml.fromstring(written(sample).encode())
    shown = [each.status for each in dorny(sample)]

    assert xml.tests == len(shown)
    assert xml.failures + xml.errors == shown.count("failed")
    assert xml.skipped == shown.count("skipped")
    for suite in xml:
        for case in suite:
            assert all(one.message and one.text for one in case.result)


@pytest.mark.parametrize("incomplete", [(), ("a is not merged",), ("a", "b\x1b\udcff")])
def test_what_could_not_be_checked_is_the_only_error(incomplete: tuple[str, ...]) -> None:
    xml = junitparser.JUnitXml.fromstring(written(replace(GREEN, incomplete=incomplete)).encode())

    assert (xml.errors, xml.failures) == (bool(incomplete), 0)


# All


@given(REPORTS)
def test_no_name_leads_a_reader_astray(sample: Report) -> None:
    test_gitlab_keeps_every_case(sample)
    test_mikepenz_annotates_what_a_diff_shows(sample)
    test_mikepenz_takes_no_number_of_a_text_for_a_line(sample)
    test_dorny_finds_a_name_for_every_case(sample)
    test_jenkins_finds_no_bad_character(sample)
    test_junitparser_counts_the_same(sample)


def test_a_name_that_is_there_twice_keeps_its_name_when_it_fails() -> None:
    """In one flat directory for all hosts, as names alone see it."""
    first, second = (output("rekeyed", "db")._replace(path=f"rekeyed/{n}-db.age") for n in "ab")
    broken = second._replace(rules=("output-length",))
    names = [
        {each.name for each in dorny(report(first, other, findings=found))}
        for other, found in (
            (second, ()),
            (broken, (finding("output-length", "rekeyed", "db", path=second.path),)),
        )
    ]

    assert names[0] == names[1]
    assert "rekeyed db (rekeyed/b-db.age)" in names[0]
