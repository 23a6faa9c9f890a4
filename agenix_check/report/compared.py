"""What the formats say of `--decrypt`: which outputs were not compared with their sources."""

from agenix_check.model.findings import JudgedFile, NotCompared, Report, Verdict
from agenix_check.report.words import count, names_in

_NODES = 5  # that a sentence names


def not_compared(report: Report) -> list[str]:
    """Say which outputs were not compared, a sentence for each reason."""
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
        sentences.append(f"{count(len(outputs), 'output')} of {told}: {reason}")
    return sentences


def with_doubts(report: Report) -> list[JudgedFile]:
    """Return the outputs; one that looks right and was not compared is unverifiable."""
    reasons = {(one.node, one.secret, one.path): one.reason for one in _rest(report)}
    return [_doubt(one, reasons.get((one.node, one.secret, one.path))) for one in report.outputs]


def _doubt(output: JudgedFile, reason: str | None) -> JudgedFile:
    if reason is None or output.verdict is not Verdict.OK:
        return output
    return output._replace(verdict=Verdict.UNVERIFIABLE, reason=f"not compared: {reason}")


def _rest(report: Report) -> list[NotCompared]:
    return sorted(report.decrypted.not_compared) if report.decrypted is not None else []
