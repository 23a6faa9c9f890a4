"""Findings that are old and do not fail the run, as each format marks them."""

import json
from xml.etree import ElementTree

import pytest

from agenix_check.model.findings import Report, Severity, Verdict
from agenix_check.model.frozen import replace
from agenix_check.report import RenderOptions, render
from tests.report.runner import commands
from tests.report.sample import ALPHA, BETA, finding, output, plain, report

SAID = "already there before this change; does not fail this run (--fail-on new)"


def sample(*, only_new_fails: bool = True) -> Report:
    """Return a report with an old error and an old warning of outputs, files and the fleet."""
    findings = (
        finding("output-stale", ALPHA, "db", new=False, message="an old error"),
        finding("output-lfs", ALPHA, "mail", new=False, severity=Severity.WARNING),
        finding("plain-missing-recipient", path="plain/wifi.age", new=False),
        finding("private-key", path="hosts/beta/key", new=False),
        finding("source-unused", path="old.age", new=False, severity=Severity.NOTE),
    )
    files = (
        output(ALPHA, "db", Verdict.WRONG, "output-stale"),
        output(ALPHA, "mail", Verdict.UNVERIFIABLE, "output-lfs", reason="a pointer"),
        output(BETA, "db"),
        plain("wifi", Verdict.WRONG, "plain-missing-recipient"),
    )
    made = report(findings=findings)
    return replace(made, files=files, only_new_fails=only_new_fails)


def with_news(sample: Report) -> Report:
    """Return the report with a new error of another output."""
    new = finding("output-stale", BETA, "db", message="a new error")
    files = tuple(
        output(BETA, "db", Verdict.WRONG, "output-stale") if one.group == BETA else one
        for one in sample.files
    )
    return replace(sample, findings=(new, *sample.findings), files=files)


def outcomes(sample: Report, **flags: bool) -> dict[str, str]:
    """Return what became of each case of JUnit that did not pass."""
    root = ElementTree.fromstring(render(sample, "junit", RenderOptions(**flags)))  # noqa: S314
    return {
        f"{case.get('classname')} {case.get('name')}": child.tag
        for case in root.iter("testcase")
        for child in case
        if child.tag in ("failure", "error", "skipped")
    }


def test_the_run_fails_for_new_findings_only() -> None:
    assert not sample().fail(strict=True, require_verified=False)
    assert with_news(sample()).fail(strict=False, require_verified=False)
    assert sample(only_new_fails=False).fail(strict=False, require_verified=False)


def test_junit_skips_what_does_not_fail() -> None:
    skipped = {
        f"{ALPHA} db": "skipped",
        "plain/secrets.nix plain/wifi.age": "skipped",
        "repository private-key: hosts/beta/key": "skipped",
    }
    assert outcomes(sample()) == skipped
    assert outcomes(sample(), strict=True) == {**skipped, f"{ALPHA} mail": "skipped"}
    assert outcomes(with_news(sample())) == {**skipped, f"{BETA} db": "failure"}
    assert set(outcomes(sample(only_new_fails=False)).values()) == {"failure"}
    text = render(sample(), "junit", RenderOptions())
    assert f'message="{SAID}: output-stale: an old error"' in text


def test_junit_still_fails_for_what_must_be_verified() -> None:
    for strict in (False, True):
        shown = outcomes(sample(), strict=strict, require_verified=True)
        assert shown[f"{ALPHA} mail"] == "failure"


@pytest.mark.parametrize("only_new_fails", [False, True])
def test_code_scanning_gets_notes(only_new_fails: bool) -> None:
    log = json.loads(render(sample(only_new_fails=only_new_fails), "sarif", RenderOptions()))
    levels = [one["level"] for one in log["runs"][0]["results"]]
    expected = {"note"} if only_new_fails else {"error", "warning", "note"}
    assert set(levels) == expected
    assert len(levels) == 5


@pytest.mark.parametrize("only_new_fails", [False, True])
def test_gitlab_gets_information(only_new_fails: bool) -> None:
    entries = json.loads(render(sample(only_new_fails=only_new_fails), "gitlab", RenderOptions()))
    expected = {"info"} if only_new_fails else {"blocker", "critical", "minor", "info"}
    assert {one["severity"] for one in entries} == expected


def test_annotations_are_notices() -> None:
    text = render(with_news(sample()), "github", RenderOptions())
    kinds = [one.name for one in commands(text)]
    assert kinds == ["error", "notice", "notice", "notice", "notice"]
    assert all(SAID in one.data for one in commands(text)[1:])
    assert SAID not in commands(text)[0].data
    before = commands(render(sample(only_new_fails=False), "github", RenderOptions()))
    assert [one.name for one in before] == ["error", "error", "error", "warning"]


@pytest.mark.parametrize("form", ["text", "markdown", "html", "github"])
@pytest.mark.parametrize("verbose", [False, True])
def test_people_are_told(form: str, verbose: bool) -> None:
    options = RenderOptions(verbose=verbose)
    assert SAID[1:] in render(sample(), form, options)
    assert "does not fail" not in render(sample(only_new_fails=False), form, options)


def test_the_verdict_is_that_of_the_run() -> None:
    assert "agenix-check passed" in render(sample(), "markdown", RenderOptions(strict=True))
    assert 'data-state="warned"' in render(sample(), "html", RenderOptions(strict=True))
    assert "agenix-check failed" in render(with_news(sample()), "markdown", RenderOptions())
    assert 'data-state="failed"' in render(with_news(sample()), "html", RenderOptions())
