"""Which file each finding belongs to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from agenix_check.model.findings import Finding, JudgedFile, finding_key
from agenix_check.report.grouping import SEVERITY_RANK, rule_rank


def assign(
    findings: Iterable[Finding], files: Sequence[JudgedFile]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Return the findings of each file, by its number, and the findings of no file.

    Of files with the same path (one that two rules files name) it is the one whose group the
    message names.
    """
    by_place: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if file.rules:
            by_place[file.group, file.name, file.path].append(number)
            by_place[file.group, file.name].append(number)
            by_place[file.path,].append(number)
    assigned: dict[int, list[Finding]] = defaultdict(list)
    others = []
    for finding in sorted(findings, key=_worst_first):
        node, secret, path = finding.node or "", finding.secret or "", finding.path or ""
        candidates = (
            (files[number].group not in finding.message, number)
            for place in ((node, secret, path), (node, secret), (path,))
            for number in by_place.get(place, ())
            if finding.rule in files[number].rules
        )
        owner = next(candidates, None) if node and secret else min(candidates, default=None)
        if owner is None:
            others.append(finding)
        else:
            assigned[owner[1]].append(finding)
    return assigned, others


def _worst_first(finding: Finding) -> tuple[int, tuple[int, str], tuple[str, ...]]:
    return (SEVERITY_RANK[finding.severity], rule_rank(finding.rule), finding_key(finding))
