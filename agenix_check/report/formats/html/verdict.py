"""The top of the page: the verdict, the most useful command, the numbers, what was checked."""

from collections import Counter
from collections.abc import Iterable, Iterator

from agenix_check.model.findings import Checkout, Counts, Finding, Report, Severity, Verdict
from agenix_check.report.words import is_green, quantity

_SHORT_ID = 12  # hexadecimal digits of an object id
_LONGEST = 120  # letters of a text that somebody chose
_SNAPSHOTS = {"index": "what is staged", "commit": "a commit", "worktree": "the work tree"}


def state_of(report: Report, *, strict: bool, require_verified: bool) -> str:
    """Return `good`, `warned`, `failed` or `unknown`."""
    if report.fail(strict=strict, require_verified=require_verified):
        return "failed"
    if report.incomplete or not _has_any(report):
        return "unknown"
    return "good" if is_green(report) else "warned"


def headline(report: Report, state: str) -> str:
    """Return in one sentence what the run found."""
    if not _has_any(report):
        return "There was nothing to check"
    said = _found(report, state)
    return f"{said}, and not everything could be checked" if report.incomplete else said


def most_useful(findings: Iterable[Finding]) -> str | None:
    """Return the command that fixes the most findings."""
    mends = Counter(one.mend for one in findings if one.mend)
    return min(mends, key=lambda mend: (-mends[mend], mend)) if mends else None


def shares(counts: Counts) -> Iterator[tuple[str, int, float, float]]:
    """Yield each verdict, its number of outputs, and its part of a bar: start and width in %."""
    done = 0
    for verdict in Verdict:
        number: int = getattr(counts, verdict.value)
        scale = 100 / max(counts.outputs, 1)
        yield verdict.value, number, round(done * scale, 3), round(number * scale, 3)
        done += number


def facts(report: Report) -> Iterator[tuple[str, str, str | None]]:
    """Yield what was checked: a name, its value and, if that is shortened, the whole value."""
    snapshot, fleet = report.snapshot, report.fleet
    checkout = snapshot.checkout or Checkout(commit=snapshot.commit)
    if checkout.repository:
        yield "repository", checkout.repository[:_LONGEST], None
    if checkout.branch:
        yield "branch", checkout.branch[:_LONGEST], None
    yield "checked", _SNAPSHOTS.get(snapshot.kind, snapshot.kind), None
    ids = {
        "commit" if snapshot.commit else "on top of": checkout.commit,
        "tree": snapshot.tree,
        "base": snapshot.base if snapshot.base != checkout.commit else None,
    }
    for name, value in ids.items():
        if value and value.strip("0"):
            yield name, value[:_SHORT_ID], value
            if value == checkout.commit and checkout.subject:
                yield "subject", checkout.subject[:_LONGEST], None
    if report.plain:
        yield "files of plain agenix", str(len(report.plain)), None
    if report.plain and not (fleet.nodes or fleet.secrets):
        return
    if fleet.inventory == "names":
        yield "known from", "file names, which do not show everything", None
    else:
        yield "known from", fleet.inventory + ("" if fleet.complete else ", not all of it"), None
    yield "nodes", str(fleet.nodes), None
    yield "secrets", str(fleet.secrets), None


def _has_any(report: Report) -> bool:
    shown = any(one.severity is not Severity.NOTE for one in report.findings)
    return bool(report.files or shown)


def _found(report: Report, state: str) -> str:
    counts, decrypted = report.counts, report.decrypted
    if counts.wrong:
        are = "is" if counts.wrong == 1 else "are"
        return f"{counts.wrong} of {quantity(counts.outputs, 'output')} {are} wrong"
    if counts.errors or counts.warnings:
        parts = ((counts.errors, "error"), (counts.warnings, "warning"))
        return " and ".join(quantity(number, noun) for number, noun in parts if number)
    if state == "failed" and decrypted is not None and decrypted.unproved:
        return f"{quantity(decrypted.unproved, 'output')} could not be compared"
    if state == "failed" and counts.unverifiable:
        return f"{quantity(counts.unverifiable, 'output')} cannot be verified"
    return "Nothing is wrong" if counts.ok or not counts.unverifiable else "Nothing wrong was found"
