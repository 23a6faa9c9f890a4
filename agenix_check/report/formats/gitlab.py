"""The report for GitLab's Code Quality: a flat list of problems, each at a file.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. Of two entries
with the same fingerprint GitLab keeps one, and it stops reading at the first invalid entry.
"""

import json
import re
from collections.abc import Iterator

from agenix_check.model.findings import Finding, Report, Severity
from agenix_check.report.escape import inert_json, reversible
from agenix_check.report.finding_places import declared_in, shown_path
from agenix_check.report.grouping import importance
from agenix_check.report.problem import (
    NOT_CHECKED,
    describe_finding,
    describe_unchecked,
    fingerprint_unchecked,
    is_critical,
    with_fingerprints,
)
from agenix_check.report.registry import Format, RenderOptions

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}

_encode = json.JSONEncoder().encode


def render(report: Report) -> str:
    """Turn a report into the JSON of Code Quality, the most important first."""
    entries = ",\n  ".join(_entries(report))
    return inert_json(f"[\n  {entries}\n]\n") if entries else "[]\n"


# GitLab takes no path that begins so; a declaration may.
_DOT = re.compile(r"^(?:\./+)+")


def _entries(report: Report) -> Iterator[str]:
    somewhere, names = declared_in(report), report.node_names()
    for sentence in sorted(set(report.incomplete)):
        yield _entry(
            description=describe_unchecked(sentence),
            check_name=NOT_CHECKED,
            fingerprint=fingerprint_unchecked(sentence),
            severity="blocker",
            path=somewhere,
        )
    pairs = with_fingerprints(report.findings)
    for finding, fingerprint in sorted(pairs, key=lambda pair: importance(pair[0])):
        yield _entry(
            description=describe_finding(finding, names=names),
            check_name=finding.rule,
            fingerprint=fingerprint,
            severity="info" if report.tolerates(finding) else _severity(finding),
            path=_DOT.sub("", shown_path(finding) or "") or somewhere,
        )


def _severity(finding: Finding) -> str:
    return "blocker" if is_critical(finding) else _SEVERITY[finding.severity]


def _entry(*, description: str, check_name: str, fingerprint: str, severity: str, path: str) -> str:
    # A file that is binary or gone has no known line, and the first line always exists.
    return _encode(
        {
            "description": description,
            "check_name": check_name,
            "fingerprint": fingerprint,
            "severity": severity,
            "location": {"path": reversible(path), "lines": {"begin": 1}},
        }
    )


def _render(report: Report, _: RenderOptions) -> str:
    return render(report)


FORMAT = Format(name="gitlab", audience="Code Quality of a GitLab merge request", render=_render)
