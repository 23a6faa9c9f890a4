"""The report for GitLab's Code Quality: as its documentation and its parser want it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from agenix_check.model.findings import Report, Severity
from agenix_check.model.frozen import replace
from agenix_check.report.finding_places import shown_path
from agenix_check.report.formats.gitlab import render
from tests.report.sample import ALL, ALPHA, GREEN, HOSTILE, TROUBLE, finding, report
from tests.report.strategies import REPORTS

SCHEMA = json.loads((Path(__file__).with_name("gitlab-code-quality.json")).read_text())


def load(sample: Report) -> list[dict[str, Any]]:
    """Read it as GitLab does, and hold it against its rules."""
    rendered = render(sample)
    entries: list[dict[str, Any]] = json.loads(rendered.encode())
    jsonschema.Draft202012Validator(SCHEMA).validate(entries)
    json.dumps(entries, ensure_ascii=False).encode("utf-8", "strict")
    assert rendered.isascii()
    # GitLab keeps one of two entries with an equal fingerprint.
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    assert len(entries) == len(sample.findings) + len(set(sample.incomplete))
    assert all(entry["description"].isprintable() for entry in entries)
    return entries


def test_the_schema_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", ALL.values(), ids=ALL)
def test_every_finding_is_an_entry(sample: Report) -> None:
    load(sample)


def test_all_is_well() -> None:
    assert load(GREEN) == []


def test_an_entry_says_what_a_person_needs() -> None:
    (entry,) = (
        each
        for each in load(TROUBLE)
        if each["check_name"] == "output-stale" and each["description"].startswith("nixos:alpha")
    )

    assert entry["description"] == (
        "nixos:alpha db: made from another version of its source. "
        "secrets/db.age changed in 1a2b3c4d5e. Fix: agenix-check --fix"
    )
    assert entry["location"] == {"path": "secrets/db.age", "lines": {"begin": 1}}
    assert entry["severity"] == "critical"


@pytest.mark.parametrize(
    ("rule", "severity", "told"),
    [
        ("private-key", Severity.ERROR, "blocker"),
        ("source-not-encrypted", Severity.ERROR, "blocker"),
        ("output-stale", Severity.ERROR, "critical"),
        ("private-key", Severity.WARNING, "minor"),
        ("output-orphan", Severity.WARNING, "minor"),
        ("source-unused", Severity.NOTE, "info"),
    ],
)
def test_severities_are_those_of_gitlab(rule: str, severity: Severity, told: str) -> None:
    (entry,) = load(report(findings=(finding(rule, path="x", severity=severity),)))

    assert entry["severity"] == told


def test_what_could_not_be_checked_is_no_empty_list() -> None:
    (entry,) = load(report(incomplete=("x is not merged", "x is not merged")))

    assert entry["check_name"] == "not-checked"
    assert entry["severity"] == "blocker"
    assert entry["description"] == "Could not check: x is not merged."
    assert entry["location"]["path"] == "flake.nix"


def test_the_most_important_come_first() -> None:
    names = [entry["check_name"] for entry in load(TROUBLE)]

    assert names[0] == "not-checked"
    assert names[-1] == "source-unused"
    assert names.index("private-key") < names.index("output-lfs")


def test_the_order_of_discovery_does_not_show() -> None:
    turned = replace(TROUBLE, findings=TROUBLE.findings[::-1], incomplete=TROUBLE.incomplete[::-1])

    assert render(turned) == render(TROUBLE)


def test_hostile_names_are_data() -> None:
    (entry,) = (e for e in load(TROUBLE) if e["check_name"] == "output-malformed")

    assert entry["location"]["path"] == f"secrets/{HOSTILE}.age".replace("\udcff", r"\xff")
    assert r"evil\x1b[31m\n\u202e" in entry["description"]


def test_a_finding_without_a_file_is_at_the_flake() -> None:
    (entry,) = load(report(findings=(finding("node-not-evaluated", ALPHA),)))

    assert entry["location"]["path"] == "flake.nix"


@given(REPORTS)
def test_no_name_makes_it_invalid(sample: Report) -> None:
    entries = load(sample)
    places = {shown_path(one) for one in sample.findings}

    assert len({entry["location"]["path"] for entry in entries}) <= len(places) + 1
