"""Since when a file of plain agenix is as wrong as it is: the commit that made it so."""

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Protocol

from agenix_check.audit.plain import audit_plain
from agenix_check.audit.plain_people import People
from agenix_check.audit.plain_recipients import PlainBench
from agenix_check.discover.declared.written_rules import WrittenRules
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import RulesFile
from agenix_check.model.findings import Cause, CauseKind, Finding, Report
from agenix_check.model.frozen import replace
from agenix_check.rules import About, find_rule


class PlainPast(Protocol):
    """The past of what is judged, as far as plain agenix is concerned.

    `broken` says of commits which rules their files broke, as far as that is known already.
    """

    broken: MutableMapping[str, tuple[tuple[str, str], ...]]

    def commits(self, paths: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Return the commits that touched some paths, the newest first, each with those."""

    def at(self, commit: str) -> tuple[Names, tuple[RulesFile, ...], Mapping[str, WrittenRules]]:
        """Return the names, the rules files, and whom files were for when they were written."""


def is_undated(finding: Finding) -> bool:
    """Return whether a finding about plain agenix is old, and nobody has said since when."""
    about = find_rule(finding.rule).about
    return about is About.PLAIN and not finding.new and finding.since is None


def date_plain(report: Report, files: Sequence[RulesFile], past: PlainPast) -> Report:
    """Return a report whose old findings about plain agenix name the commit that began them."""

    def broken_at(commit: str) -> Collection[tuple[str, str]]:
        if commit not in past.broken:
            past.broken[commit] = tuple(sorted(look_at(commit)))
        return past.broken[commit]

    def look_at(commit: str) -> set[tuple[str, str]]:
        names, there, written = past.at(commit)
        bench = PlainBench(
            names=names,
            files=there,
            at_base=there,
            people=People((), (), {}),
            written=written,
            reported=frozenset(),
        )
        return {
            (finding.rule, finding.path or "")
            for judged in audit_plain(bench)
            for finding in judged.findings
        }

    undated = [finding for finding in report.findings if is_undated(finding)]
    about = {path for finding in undated for path in _sources_of(finding, files)}
    commits = past.commits(sorted(about - {""}))

    def date(finding: Finding) -> Finding:
        if not is_undated(finding):
            return finding
        paths = _sources_of(finding, files)
        what = (finding.rule, finding.path or "")
        below = tuple(f"{path}/" for path in paths)
        line = [one for one in commits if any(p in paths or p.startswith(below) for p in one[1])]
        found = _first_of(line, lambda commit: what in broken_at(commit))
        if found is None:
            return finding
        since, touched = found
        cause = finding.cause
        if cause is None:
            # Its rules come first: who edits them thinks less of all files than who edits a file.
            path = next((one for one in (*paths[1:], paths[0]) if one in touched), None)
            if path is not None:
                cause = Cause(kind=CauseKind.FILE_CHANGED, path=path, commit=since)
        return replace(finding, since=since, cause=cause)

    return report.with_findings(map(date, report.findings))


def _sources_of(finding: Finding, files: Sequence[RulesFile]) -> tuple[str, ...]:
    """Return what a finding depends on: its file, the rules files of that, and what they read."""
    path = finding.path or ""
    of = [file for file in files if file.rule(path) is not None] or files
    return tuple(dict.fromkeys([path, *(one for file in of for one in (file.path, *file.read))]))


def _first_of(
    commits: Sequence[tuple[str, list[str]]], is_broken: Callable[[str], bool]
) -> tuple[str, list[str]] | None:
    """Return the oldest of some commits, the newest first, since which all are broken.

    Between two that are is none that is not, as far as halving shows.
    """
    if not commits or not is_broken(commits[0][0]):
        return None
    last, right = 0, len(commits)
    while right - last > 1:
        middle = (last + right) // 2
        if is_broken(commits[middle][0]):
            last = middle
        else:
            right = middle
    return commits[last]
