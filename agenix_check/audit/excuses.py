"""Why an output that nothing explains may be right to be left, in words."""

from agenix_check.audit.commands import REKEY_BY_NIX, or_remove, pathspec, remove
from agenix_check.audit.judged import make_finding
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.model.findings import Finding
from agenix_check.model.lost import Excuse, Lost, Reason


def explain_excuse(lost: Lost, excuse: Excuse) -> str:
    """Say why an output may be right to be left, and since when."""
    since = "" if lost.commit is None else f" (since {lost.commit:.10})"
    return f"{_EXCUSES[excuse.reason].format(about=excuse.about)}{since}"


_EXCUSES = {
    Reason.REPLACED: "left behind: {about} has taken its place",
    Reason.SOURCE_DELETED: "left behind: its source {about} was deleted",
    Reason.REKEYED_FOR_OTHERS: (
        "{about} was rekeyed for other hosts and not here: this host seems to be switched off, or "
        "it was forgotten"
    ),
    Reason.KEY_DELETED: "left behind: {about}, which held its key, was deleted",
    Reason.OTHERS_REKEYED: (
        "its key is gone; other hosts were rekeyed and this one was not: it seems to be switched "
        "off, or it was forgotten"
    ),
    Reason.OTHERS_FIXED: (
        "{about} changed; outputs that this broke were made anew for other hosts and not here: "
        "this host seems to be switched off, or it was forgotten"
    ),
    Reason.REKEYED_SINCE: (
        "{about} changed, and later commits brought outputs but not this one: it seems to be no "
        "longer declared, or it was forgotten"
    ),
    Reason.SOURCE_GONE: "left behind: its source {about} was deleted",
    Reason.KEY_GONE: "left behind: {about}, which held its key, was deleted",
    Reason.NO_LONGER_NAMED: "left behind: no .nix file names {about} any more",
    Reason.NEVER_EXPLAINED: (
        "no key and source in history made it: no longer declared, or made from a version that was "
        "never committed"
    ),
    Reason.PLACEHOLDER: "made for agenix-rekey's placeholder key, which nobody has",
}


def judge_moved(names: Names, files: list[OutputFile], to: str) -> Finding:
    """Say once for a directory that its storage was moved and its outputs stayed behind."""
    first = files[0]
    more = f" ({len(files)} outputs)" if len(files) > 1 else ""
    paths = [file.path for file in files]
    below = {path for path in names.here.files if path.startswith(f"{first.directory}/")}
    gone = remove(*paths)
    if len(paths) > 1 and below == {*paths}:
        gone = f"git rm -r -- {pathspec(first.directory)}"
    return make_finding(
        "output-orphan", f"left behind: its directory was moved to {to}{more}",
        path=first.path, node=first.directory, secret=first.name,
        new=any(not names.is_old(file) for file in files),
        since=names.lost[first.path].commit, mend=or_remove(REKEY_BY_NIX, gone),
    )  # fmt: skip
