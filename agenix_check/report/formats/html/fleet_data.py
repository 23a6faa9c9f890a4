"""The data for the script of the page: every output once, shared values once for all outputs."""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from agenix_check.model.findings import (
    Finding,
    JudgedFile,
    MadeFrom,
    OutputDetail,
    Report,
    Verdict,
    finding_key,
)
from agenix_check.report.escape import visible
from agenix_check.report.grouping import SEVERITY_RANK, rule_rank
from agenix_check.report.words import cause_title

_COMMIT = 10
_NOTHING_MORE = OutputDetail()
_VERDICTS = {verdict: number for number, verdict in enumerate(Verdict)}

# Characters that could end a script element, or a line in old JSON readers.
_SAFE_IN_SCRIPT = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'#"}

_Cell = tuple[str, str]  # a node and a secret


def fleet_json(report: Report) -> str:
    """Return the outputs as JSON in ASCII that HTML cannot mistake for markup.

    The members are described where they are read, in `static/fleet.js`.
    """
    return json.dumps(_fleet(report), separators=(",", ":")).translate(_SAFE_IN_SCRIPT)


class _Shared:
    """Values with numbers; equal values are kept once."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Hashable) -> int:
        """Return the number of a value."""
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> list[Hashable]:
        """Return the values in the order of their numbers."""
        return list(self._numbers)


def _fleet(report: Report) -> dict[str, object]:
    outputs = sorted(report.outputs, key=lambda one: (one.node, one.secret, one.path))
    writer = _FleetWriter(sorted({one.secret for one in outputs}), _by_cell(report.findings))
    names = report.node_names()
    nodes = [
        (visible(node), visible(names[node]), *writer.node(list(members)))
        for node, members in groupby(outputs, key=lambda one: one.node)
    ]
    return {
        "verdicts": list(Verdict),
        "secrets": [visible(name) for name in writer.secrets],
        "nodes": nodes,
        "about": writer.abouts.values(),
        "addressees": writer.addressees.values(),
        "besides": list(_besides(report, [node for node, *_ in nodes], writer.secrets)),
    }


def _besides(
    report: Report, nodes: Sequence[str], secrets: Mapping[str, int]
) -> Iterator[tuple[int | None, int | None, Hashable]]:
    """Yield findings that are about a whole node or secret, with the number of either."""
    numbers = {visible(name): number for number, name in enumerate(nodes)}
    of_source: dict[str, set[int]] = defaultdict(set)
    for one in report.outputs:
        if one.source is not None:
            of_source[one.source].add(secrets[one.secret])
    for finding in report.findings:
        if finding.node is None:
            for number in sorted(of_source.get(finding.source or "", ())):
                yield None, number, _finding(finding)
        elif finding.secret is None and visible(finding.node) in numbers:
            yield numbers[visible(finding.node)], None, _finding(finding)


class _FleetWriter:
    """Turns outputs into rows of numbers and keeps the values that these stand for."""

    def __init__(self, secrets: Iterable[str], findings: Mapping[_Cell, Sequence[Finding]]) -> None:
        self.secrets = {name: place for place, name in enumerate(secrets)}
        self.abouts, self.addressees = _Shared(), _Shared()
        self._findings = findings

    def node(self, outputs: Sequence[JudgedFile]) -> tuple[str, list[Hashable]]:
        """Return the start of the paths of a node's outputs, and a row for each output."""
        start = _storage(visible(outputs[0].path), visible(outputs[0].secret))
        places: dict[str, list[str]] = defaultdict(list)
        for one in outputs:
            places[one.secret].append(one.path)
        return start, [self._row(one, start, places[one.secret]) for one in outputs]

    def _row(self, one: JudgedFile, start: str, places: Sequence[str]) -> Hashable:
        detail = one.detail or _NOTHING_MORE
        shown = _findings_of(one, self._findings.get((one.node, one.secret), ()), places)
        return (
            self.secrets[one.secret],
            _VERDICTS[one.verdict],
            _middle(visible(one.path), start, visible(one.secret)),
            self.abouts.number(_about(one, detail, shown)),
            self.addressees.number(_addressees(detail)),
            detail.plaintext_size,
        )


def _storage(path: str, secret: str) -> str:
    """Return the directory of an output: its path up to the ident."""
    head = path.removesuffix(f"-{secret}.age")
    return head[: head.rfind("/") + 1]


def _middle(path: str, start: str, secret: str) -> str | tuple[str]:
    """Return the part of a path between its start and its secret; else the whole path."""
    end = f"-{secret}.age"
    fits = path.startswith(start) and path.endswith(end) and len(path) >= len(start) + len(end)
    return path[len(start) : -len(end)] if fits else (path,)


def _findings_of(
    output: JudgedFile, findings: Sequence[Finding], places: Sequence[str]
) -> Sequence[Finding]:
    """Return the findings of a cell that are not about another output in it."""
    if len(places) == 1 or not findings:
        return findings
    return [one for one in findings if one.path == output.path or one.path not in places]


def _about(output: JudgedFile, detail: OutputDetail, findings: Iterable[Finding]) -> Hashable:
    """Return the values that outputs of one secret often share."""
    return (
        visible(output.source) if output.source else None,
        detail.source_size,
        _made_from(detail.source),
        tuple(sorted(output.rules, key=rule_rank)),
        visible(output.reason) if output.reason else None,
        tuple(map(_finding, findings)),
    )


def _addressees(detail: OutputDetail) -> Hashable:
    """Return the values that outputs of one node often share."""
    return tuple(map(visible, detail.addressed_to)), _made_from(detail.key)


def _made_from(made: MadeFrom | None) -> str | None:
    """Return from which version of a file something was made."""
    if made is None:
        return None
    path = visible(made.path)
    if made.current:
        return f"{path}, as it is"
    return f"{path}, as it was " + (
        f"until {visible(made.until[:_COMMIT])}" if made.until else "before this change"
    )


def _finding(finding: Finding) -> Hashable:
    return (
        finding.rule,
        finding.severity,
        visible(finding.message),
        visible(finding.mend) if finding.mend else None,
        cause_title(finding.cause) if finding.cause else None,
        finding.new,
    )


def _by_cell(findings: Iterable[Finding]) -> dict[_Cell, list[Finding]]:
    found: dict[_Cell, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.node is not None and finding.secret is not None:
            found[finding.node, finding.secret].append(finding)
    for several in found.values():
        several.sort(key=lambda one: (SEVERITY_RANK[one.severity], finding_key(one)))
    return found
