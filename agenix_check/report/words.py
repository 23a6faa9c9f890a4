"""The sentences that several formats share: causes, counts, the summary, what was not compared."""

from collections.abc import Callable, Mapping

from agenix_check.model.findings import (
    Cause,
    CauseKind,
    FileKind,
    Finding,
    JudgedFile,
    NotCompared,
    Report,
    Severity,
    Verdict,
)
from agenix_check.model.frozen import replace
from agenix_check.report.escape import visible

SHORT_COMMIT = 10
_SHORT_REASON = 48
_MOST_NODES = 5  # that a sentence names

_HAPPENED = {
    CauseKind.SOURCE_CHANGED: "changed",
    CauseKind.SOURCE_DELETED: "was deleted",
    CauseKind.KEY_CHANGED: "changed",
    CauseKind.KEY_TEXT_CHANGED: "changed",
    CauseKind.KEY_DELETED: "no longer holds the key",
    CauseKind.DECLARATION_CHANGED: "changed",
    CauseKind.OUTPUT_CHANGED: "changed",
    CauseKind.OUTPUT_DELETED: "was deleted",
    CauseKind.OUTPUT_REPLACED: "was replaced",
    CauseKind.FILE_CHANGED: "changed",
}

_BESIDES = {
    CauseKind.KEY_TEXT_CHANGED: "the same key, but another comment or newline",
}


def cause_title(cause: Cause, name: Callable[[str], str] = visible) -> str:
    """Return what happened: `secrets/db.age changed in 1a2b3c4d5e`; `name` escapes names."""
    title = f"{name(cause.path)} {_HAPPENED[cause.kind]}"
    if cause.binding is not None:
        title = f"{name(cause.binding)} in {title}"
    if cause.commit:
        when = "since" if cause.kind is CauseKind.KEY_DELETED else "in"
        title += f" {when} {name(cause.commit[:SHORT_COMMIT])}"
    if besides := _BESIDES.get(cause.kind):
        title += f": {besides}"
    return title


def already_there(report: Report) -> str:
    """Return the heading of old findings, which says so if they do not fail the run."""
    said = "already there before this change"
    return f"{said}; does not fail this run (--fail-on new)" if report.only_new_fails else said


def quantity(number: int, noun: str) -> str:
    """Return how many: `1 output`, `2 outputs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def subject(finding: Finding, names: Mapping[str, str]) -> str:
    """Return in a few words what a finding is about: node and secret, else the file."""
    words = [names.get(finding.node, finding.node)] if finding.node else []
    if finding.secret:
        words.append(finding.secret)
    if not (finding.node and finding.secret) and (place := finding.path or finding.source):
        words = [place]
    return visible(" ".join(words)) or finding.rule


def is_green(report: Report) -> bool:
    """Return whether nothing is wrong (notes aside) and everything could be checked."""
    counts = report.counts
    return not (counts.errors or counts.warnings or counts.wrong or report.incomplete)


def summary(report: Report, *, verbose: bool) -> str:
    """Return the summary of a run in one line, which claims no more than was checked."""
    counts = report.counts
    plain = report.plain_verdicts
    parts = []
    if counts.outputs or not plain:
        said = "nothing was checked" if report.incomplete else "nothing to check"
        if counts.outputs:
            said = _verdicts(report)
        if counts.outputs or report.fleet.nodes:
            nodes = quantity(report.fleet.nodes, "node")
            said = f"{quantity(counts.outputs, 'output')} on {nodes}: {said}"
        parts.append(said)
    if plain:
        parts.append(f"{quantity(plain.total(), 'plain agenix file')}: {_plain(report)}")
    if report.decrypted is not None:
        parts.append(f"{report.decrypted.compared} compared with their sources")
    if not is_green(report):
        parts.append(f"{quantity(counts.errors, 'error')}, {quantity(counts.warnings, 'warning')}")
    if counts.notes:
        hidden = counts.notes - sum(
            one.severity is Severity.NOTE and one.is_shown for one in report.findings
        )
        hint = "" if verbose or not hidden else f", -v shows {'it' if hidden == 1 else 'them'}"
        parts.append(quantity(counts.notes, "note") + hint)
    if counts.ignored:
        parts.append(f"{counts.ignored} ignored")
    if report.incomplete:
        parts.append("incomplete")
    return " · ".join(parts)


def _verdicts(report: Report) -> str:
    counts = report.counts
    if is_green(report) and counts.ok == counts.outputs:
        if report.fleet.complete:
            return "all as their hosts need them"
        return "all match the sources and keys in the tree"
    parts = [f"{counts.ok} ok"]
    if counts.wrong or not is_green(report):
        parts.append(f"{counts.wrong} wrong")
    if counts.unverifiable:
        parts.append(f"{counts.unverifiable} unverifiable{_why(report)}")
    if counts.skipped:
        parts.append(f"{counts.skipped} skipped")
    return ", ".join(parts)


def _plain(report: Report) -> str:
    verdicts = report.plain_verdicts
    if set(verdicts) == {Verdict.OK}:
        return "all as their rules say" if is_green(report) else f"{verdicts.total()} ok"
    return ", ".join(f"{verdicts[one]} {one}" for one in Verdict if verdicts[one])


def _why(report: Report) -> str:
    reasons = {o.reason for o in report.outputs if o.verdict is Verdict.UNVERIFIABLE}
    if len(reasons) != 1:
        return ""
    reason = visible(reasons.pop() or "anonymous recipients")
    return f" ({reason})" if len(reason) <= _SHORT_REASON else ""


def not_compared(report: Report) -> list[str]:
    """Return sentences about the outputs that were not compared, one for each reason."""
    by_reason: dict[str, list[NotCompared]] = {}
    for one in _sorted_rest(report):
        by_reason.setdefault(one.reason, []).append(one)
    names = report.node_names() if by_reason else {}
    sentences = []
    for reason, outputs in sorted(by_reason.items()):
        nodes = list(dict.fromkeys(names.get(one.node, one.node) for one in outputs))
        shown = ", ".join(nodes[:_MOST_NODES])
        if len(nodes) > _MOST_NODES:
            shown += f" and {len(nodes) - _MOST_NODES} more"
        sentences.append(f"{quantity(len(outputs), 'output')} of {shown}: {reason}")
    return sentences


def with_doubts(report: Report) -> Report:
    """Return the report in which an output that looks right and was not compared is unverifiable.

    It fails a run with `--require-verified`, so formats that show each output show it as one of
    those. A report without `--decrypt` stays as it is.
    """
    reasons = {(one.node, one.secret, one.path): one.reason for one in _sorted_rest(report)}
    if not reasons:
        return report
    files = tuple(_doubt(one, reasons.get((one.group, one.name, one.path))) for one in report.files)
    doubted = sum(one is not other for one, other in zip(files, report.files, strict=True))
    counts = replace(
        report.counts,
        ok=report.counts.ok - doubted,
        unverifiable=report.counts.unverifiable + doubted,
    )
    return replace(report, files=files, counts=counts)


def _doubt(file: JudgedFile, reason: str | None) -> JudgedFile:
    if reason is None or file.kind is not FileKind.OUTPUT or file.verdict is not Verdict.OK:
        return file
    return file._replace(verdict=Verdict.UNVERIFIABLE, reason=f"not compared: {reason}")


def _sorted_rest(report: Report) -> list[NotCompared]:
    return sorted(report.decrypted.not_compared) if report.decrypted is not None else []
