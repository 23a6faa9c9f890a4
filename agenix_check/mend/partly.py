"""What a mend leaves behind that nobody would expect: of other nodes, and of unstaged edits."""

from collections.abc import Iterable, Iterator, Mapping

from agenix_check.audit.findings import shell
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import File
from agenix_check.mend.plan import Plan
from agenix_check.mend.refusals import edited
from agenix_check.model.findings import Finding, JudgedFile, Severity


def edited_sources(
    repository: Repository, files: Mapping[str, File], outputs: Iterable[JudgedFile]
) -> Iterator[str]:
    """Say which sources have edits that no output is made from, as they are not staged."""
    sources = {one.source for one in outputs if one.source is not None}
    for path in sorted(edited(repository, files, sources)):
        yield (
            f"{path}: it has edits that are not staged, and outputs are made from what is staged; "
            f"type `git add {shell(path)}`, then run this again"
        )


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
