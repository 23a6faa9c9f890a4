"""New outputs that nothing explains: made from a source or a key that is in no tree."""

from agenix_check.age import stanza_tag
from agenix_check.audit.comparison import Comparison, place
from agenix_check.audit.content import describe_other, is_other
from agenix_check.audit.findings import REKEY, REKEY_BY_NIX, add, make_finding, record
from agenix_check.discover.tree.evidence import OutputFile
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity


def judge_untraceable(comparison: Comparison, file: OutputFile) -> Finding | None:
    """Judge a new output that nothing explains; None where its key is not of this repository."""
    unstaged = comparison.names.unstaged
    where = "left out of this commit" if unstaged.partial else "not staged"
    if (source := unstaged.sources.get(file.ident)) is not None:
        return make_finding(
            "source-unstaged",
            f"{file.path} is made from {source} as it is in the work tree, which is {where}",
            path=source, node=file.directory, secret=file.name, source=source,
            cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=source),
            mend=record(add(source), partial=unstaged.partial),
        )  # fmt: skip
    if (key := unstaged.keys.get(file.ident)) is not None:
        return make_finding(
            "output-untraceable",
            f"made for the key in {key} as it is in the work tree, which is {where}",
            path=file.path, node=file.directory, secret=file.name,
            cause=Cause(kind=CauseKind.KEY_CHANGED, path=key),
            mend=record(add(key), partial=unstaged.partial),
        )  # fmt: skip
    if is_other(comparison.names.here.facts.get(file.path)):
        what = describe_other(comparison.names.here.files[file.path])
        rule, message = (
            "output-not-encrypted",
            f"{what}, under a name that no source and key here give",
        )
    else:
        reason = _belongs_here(comparison, file)
        if reason is None:
            return None
        rule = "output-untraceable"
        message = f"made from a version of its source or key that is in no tree; {reason}"
    return make_finding(
        rule, message,
        path=file.path, node=file.directory, secret=file.name,
        cause=comparison.cause(CauseKind.OUTPUT_CHANGED, file.path),
        mend=REKEY if place(file) in comparison.explained_at_base else REKEY_BY_NIX,
    )  # fmt: skip


def judge_strangers(comparison: Comparison, files: list[OutputFile]) -> Finding:
    """Say once for a directory that nothing can be said of its new outputs."""
    first = files[0]
    more = f" ({len(files)} files)" if len(files) > 1 else ""
    return make_finding(
        "output-untraceable",
        f"its key is not in this repository{more}, so nothing can be said of its version",
        path=first.path, node=first.directory, secret=first.name, severity=Severity.WARNING,
        cause=comparison.cause(CauseKind.OUTPUT_CHANGED, first.path),
    )  # fmt: skip


def _belongs_here(comparison: Comparison, file: OutputFile) -> str | None:
    """Return how one knows that a new output is for a host of this repository, or None."""
    fact = comparison.names.here.facts.get(file.path)
    stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
    for stanza in stanzas:
        holder = comparison.keyring.holder(stanza)
        if holder is not None and holder.paths and not holder.past:
            return f"it is addressed to the key in {holder.paths[0]}"
    if place(file) in comparison.explained_at_base:
        return "the one before it was in order"
    tagged = any(stanza_tag(stanza) is not None for stanza in stanzas)
    if not tagged and any(directory == file.directory for directory, _ in comparison.explained):
        return "the others beside it are in order"
    return None
