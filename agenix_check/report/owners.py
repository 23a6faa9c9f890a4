"""Which output, or which file of plain agenix, each finding belongs to."""

from collections import defaultdict
from collections.abc import Iterable

from agenix_check.model.findings import Finding, JudgedFile
from agenix_check.report.grouping import SEVERITY_RANK, finding_key, rule_rank


def assign(
    findings: Iterable[Finding], outputs: tuple[JudgedFile, ...]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Give each finding to the output that breaks its rule, by its number; return the rest."""
    by_place: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, output in enumerate(outputs):
        if output.rules:
            by_place[output.node, output.secret, output.path].append(number)
            by_place[output.node, output.secret].append(number)
            by_place[output.path,].append(number)
    assigned: dict[int, list[Finding]] = defaultdict(list)
    others = []
    for finding in sorted(findings, key=_worst_first):
        node, secret, path = finding.node or "", finding.secret or "", finding.path or ""
        candidates = (
            number
            for place in ((node, secret, path), (node, secret), (path,))
            for number in by_place.get(place, ())
            if finding.rule in outputs[number].rules
        )
        owner = next(candidates, None)
        if owner is None:
            others.append(finding)
        else:
            assigned[owner].append(finding)
    return assigned, others


def assign_plain(
    findings: Iterable[Finding], plain: tuple[JudgedFile, ...]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Do the same for files of plain agenix; one that is in two rules files, by what is said."""
    assigned: dict[int, list[Finding]] = defaultdict(list)
    others = []
    for finding in findings:
        owners = [
            (one.group not in finding.message, number)
            for number, one in enumerate(plain)
            if one.path == finding.path and finding.rule in one.rules
        ]
        if owners:
            assigned[min(owners)[1]].append(finding)
        else:
            others.append(finding)
    return assigned, others


def _worst_first(finding: Finding) -> tuple[int, tuple[int, str], tuple[str, ...]]:
    return (SEVERITY_RANK[finding.severity], rule_rank(finding.rule), finding_key(finding))
