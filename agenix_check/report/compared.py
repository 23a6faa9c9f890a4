"""What the formats say about `--decrypt`: which outputs were not compared with their sources."""

from dataclasses import replace

from agenix_check.model.findings import FileKind, JudgedFile, NotCompared, Report, Verdict
from agenix_check.report.words import names_in, quantity

_NODES = 5  # that a sentence names


def not_compared(report: Report) -> list[str]:
    """Return sentences about the outputs that were not compared, one for each reason."""
    by_reason: dict[str, list[NotCompared]] = {}
    for one in _rest(report):
        by_reason.setdefault(one.reason, []).append(one)
    names = names_in(report)
    sentences = []
    for reason, outputs in sorted(by_reason.items()):
        nodes = list(dict.fromkeys(names.get(one.node, one.node) for one in outputs))
        told = ", ".join(nodes[:_NODES])
        if len(nodes) > _NODES:
            told += f" and {len(nodes) - _NODES} more"
        sentences.append(f"{quantity(len(outputs), 'output')} of {told}: {reason}")
    return sentences


def with_doubts(report: Report) -> Report:
    """Return the report in which an output that looks right and was not compared is unverifiable.

    It fails a run with `--require-verified`, so formats that show each output show it as one of
    those. A report without `--decrypt` stays as it is.
    """
    reasons = {(one.node, one.secret, one.path): one.reason for one in _rest(report)}
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


def _rest(report: Report) -> list[NotCompared]:
    return sorted(report.decrypted.not_compared) if report.decrypted is not None else []
