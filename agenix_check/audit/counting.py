"""Counting a report's outputs and findings."""

from collections import Counter
from collections.abc import Iterable

from agenix_check.model.findings import Counts, Finding, JudgedFile


def count(outputs: Iterable[JudgedFile], findings: Iterable[Finding], ignored: int = 0) -> Counts:
    """Return how many outputs have which verdict and how many findings which severity."""
    verdicts = Counter(output.verdict.value for output in outputs)
    severities = Counter(finding.severity.value for finding in findings)
    return Counts(
        outputs=verdicts.total(),
        ok=verdicts["ok"],
        wrong=verdicts["wrong"],
        unverifiable=verdicts["unverifiable"],
        skipped=verdicts["skipped"],
        errors=severities["error"],
        warnings=severities["warning"],
        notes=severities["note"],
        ignored=ignored,
    )
