"""Since when a file is gone, empty, malformed or altered, and the fix: the version before."""

from collections.abc import Mapping

from agenix_check.audit.commands import bring_back
from agenix_check.discover.tree.facts import is_torn
from agenix_check.discover.tree.names import Names
from agenix_check.model.findings import Cause, CauseKind, Finding, Report, Severity
from agenix_check.model.frozen import replace

_FROM_HEAD = "git restore --source=HEAD "


def list_broken(report: Report, names: Names) -> dict[str, str | None]:
    """Return the files with findings that an earlier version of theirs may fix, by path.

    The values are object ids, None for files that are gone.
    """
    files = names.here.files
    paths = {one.path for one in report.findings if _is_broken(one, names)}
    return {path: files[path].oid if path in files else None for path in paths if path}


def date_broken(report: Report, names: Names, since: Mapping[str, str]) -> Report:
    """Return a report where findings name the commit that broke a file, and the one before it."""

    def date(finding: Finding) -> Finding:
        path = finding.path or ""
        if path not in since or not _is_broken(finding, names):
            return finding
        commit = since[path]
        if finding.mend is not None and path not in names.here.files:
            back = f"git restore --source={commit:.10}~ "
            return replace(finding, mend=back + finding.mend.removeprefix(_FROM_HEAD))
        dated = finding
        if not is_torn(names.here.facts.get(path)):
            dated = replace(finding, mend=bring_back(path, commit, at_base=True))
        if finding.new:
            return dated
        cause = finding.cause or Cause(kind=CauseKind.FILE_CHANGED, path=path, commit=commit)
        return replace(dated, since=commit, cause=cause)

    return report.with_findings(map(date, report.findings))


def _is_broken(finding: Finding, names: Names) -> bool:
    file = names.here.files.get(finding.path or "")
    if file is None:
        is_gone = finding.rule == "plain-missing-file"
        return is_gone and (finding.mend or "").startswith(_FROM_HEAD)
    if file.path in names.here.outputs:
        return False
    if finding.rule == "source-not-encrypted":
        return file.is_empty
    return finding.rule == "source-malformed" and finding.severity is Severity.ERROR
