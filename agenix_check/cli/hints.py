"""Hints for the person who typed the command: why it failed, what to type next."""

import os
import re
from pathlib import Path

from agenix_check.cli.destinations import Destination
from agenix_check.model.findings import Report
from agenix_check.model.settings import Settings

# Commands that take a path as it is; Git's own commands get paths that hold from anywhere.
_FROM_TOP = re.compile(r"(?:^|&& |then: |# put )(?:rm|agenix edit|agenix -e|\S+ right)")


def where_to_type(top: Path | None, report: Report, wanted: list[Destination]) -> str | None:
    """Return a hint to `cd` to the top, if printed paths are not valid from here; else None."""
    if top is None or not any(one.is_terminal for one in wanted) or top.samefile(os.curdir):
        return None
    mends = (finding.mend for finding in report.findings if finding.mend)
    if not any(_FROM_TOP.search(mend) for mend in mends):
        return None
    from agenix_check.audit.findings import shell

    return f"paths are relative to the top of the repository: cd {shell(os.path.relpath(top))}"


def why_fix_is_refused(report: Report) -> str | None:
    """Return what --fix would say where a report advises it in a partial commit; else None."""
    from agenix_check.git.repository import is_partial_commit

    if not is_partial_commit():
        return None
    from agenix_check.audit.findings import NOT_IN_PARTIAL_COMMIT, REKEY

    advised = any(one.mend is not None and REKEY in one.mend for one in report.findings)
    return NOT_IN_PARTIAL_COMMIT if advised else None


def where_staging_is_lost() -> str | None:
    """Return what to type where Git drops what this run staged if the hook fails; else None."""
    from agenix_check.git.repository import is_commit_of_all

    if not is_commit_of_all():
        return None
    return (
        "`git commit -a` drops what its hooks staged if one of them fails: type "
        "`git add --update`, then `git commit`; if a hook fixes that commit, type it once more"
    )


def why_unverified_fails(report: Report, settings: Settings) -> str | None:
    """Return why outputs without findings fail the run, if they do; else None."""
    if not settings.require_verified:
        return None
    from agenix_check.report.compared import with_doubts

    count = with_doubts(report).counts.unverifiable
    if not count:
        return None
    outputs = "1 output is" if count == 1 else f"{count} outputs are"
    hint = "" if settings.verbose else " (-v shows which, and why)"
    return f"{outputs} unverifiable, which --require-verified does not allow{hint}"
