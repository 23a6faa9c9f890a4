"""What a mend of some nodes alone leaves behind, where file names are all that is known."""

from collections.abc import Iterable, Iterator

from agenix_check.finding import Finding, Severity
from agenix_check.rekey.plan import Plan


def forgotten_by_names(plan: Plan, findings: Iterable[Finding]) -> Iterator[str]:
    """Say which outputs stay stale that the next look will take for those of a host gone.

    agenix-rekey handles all hosts at once: where one directory got a new output and another did
    not, names say that its host is switched off, and that is no error.
    """
    mended = {job.path for job in plan.jobs}
    gone = {one.path for one in plan.remove}
    stale: dict[str, list[str]] = {}
    for one in findings:
        broken = one.rule == "output-stale" and one.severity is Severity.ERROR
        if broken and one.path is not None and one.path not in gone and one.source in mended:
            stale.setdefault(one.source or "", []).append(one.path)
    for source, paths in sorted(stale.items()):
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield (
            f"{min(paths)}{more}: made from an older {source}; once others are made anew, names "
            "alone take this for a host that is switched off: mend it too, without --node"
        )
