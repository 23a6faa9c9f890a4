"""Outputs that no key and no source of the tree explains, and outputs that are not in the tree."""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.audit.broken import Broken, examine, find_cause, judge_broken
from agenix_check.audit.comparison import Comparison, Loss, Place, compare_trees, place
from agenix_check.audit.findings import REKEY_BY_NIX, add, make_finding, record, remove
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.untraceable import judge_strangers, judge_untraceable
from agenix_check.discover.tree.evidence import OutputFile
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.unstaged import Waiting
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity
from agenix_check.model.fleet import closest_to_name


def audit_lost(names: Names, keyring: Keyring) -> Iterator[Loss]:
    """Give what is wrong with outputs that are lost: not explained, dropped, or not staged."""
    comparison = compare_trees(names, keyring)
    strangers: dict[str, list[OutputFile]] = defaultdict(list)
    replaced: dict[Place, Broken] = {}
    for file in sorted(names.here.outputs.values()):
        if names.explain(names.here, file) is not None:
            continue
        made = names.explain(names.base, file)
        if comparison.moved.get(file.path, file.path) not in names.base.outputs:
            finding = judge_untraceable(comparison, file)
            if finding is None:
                strangers[file.directory].append(file)
            else:
                yield Loss(finding, file)
        elif made is None:
            yield Loss(_old_orphan(names, file), file)
        elif place(file) in comparison.waiting:
            replaced[place(file)] = examine(comparison, file, made)
        else:
            yield Loss(judge_broken(examine(comparison, file, made)), file)
    for files in strangers.values():
        yield Loss(judge_strangers(comparison, files), files[0])
    for where, waiting in sorted(comparison.waiting.items()):
        if _is_needed(comparison, where, waiting):
            yield Loss(_unstaged(comparison, waiting, replaced.get(where)), waiting.file)
    yield from _dropped(comparison)


def _old_orphan(names: Names, file: OutputFile) -> Finding:
    origin = names.origins.get(file.ident)
    version = None if origin is None else origin.source or origin.key
    message = "no key and source of this tree or of its base made it"
    cause = None
    if origin is not None and version is not None:
        parts = [
            f"{version.path} as it was until {version.until[:10]}"
            for version in (origin.source, origin.key)
            if version is not None
        ]
        message = f"made from {' and '.join(parts)}"
        kind = CauseKind.SOURCE_CHANGED if origin.source else CauseKind.KEY_CHANGED
        if version.path not in names.here.files:
            kind = CauseKind.SOURCE_DELETED if origin.source else CauseKind.KEY_DELETED
        cause = Cause(kind=kind, path=version.path, commit=version.until)
    return make_finding(
        "output-orphan",
        f"{message}: no longer declared, or not rekeyed since",
        path=file.path, node=file.directory, secret=file.name, new=False, cause=cause,
        mend=remove(file.path),
    )  # fmt: skip


def _is_needed(comparison: Comparison, where: Place, waiting: Waiting) -> bool:
    """Tell whether the snapshot lacks an output that is in the work tree only.

    It does where the base had one, or where this change brought its source or key. Otherwise it
    may belong to a declaration that is not staged either.
    """
    base = comparison.names.base
    return (
        where in comparison.explained_at_base
        or waiting.made.source not in base.sources
        or waiting.made.key not in base.keys
    )


def _unstaged(comparison: Comparison, waiting: Waiting, broken: Broken | None) -> Finding:
    file, made = waiting
    source = closest_to_name(comparison.names.here.sources[made.source], file.name)
    cause = _cause(comparison, waiting, source) if broken is None else find_cause(broken)
    partial = comparison.names.unstaged.partial
    message = "rekeyed, but not staged: it is in the work tree only"
    then = "" if broken is None else f" && {remove(broken.file.path)}"
    if partial:
        message = "rekeyed, but left out: git commit PATH records only what it names"
        then = then.replace(" git rm ", " git rm --ignore-unmatch ")
    return make_finding(
        "output-unstaged", message,
        path=file.path, node=file.directory, secret=file.name, source=source,
        cause=cause, mend=record(add(file.path) + then, partial=partial),
    )  # fmt: skip


def _cause(comparison: Comparison, waiting: Waiting, source: str) -> Cause:
    here, base = comparison.names.here, comparison.names.base
    if waiting.made.source not in base.sources:
        return comparison.cause(CauseKind.SOURCE_CHANGED, source)
    keys = here.keys[waiting.made.key].paths
    if waiting.made.key not in base.keys and keys:
        return comparison.cause(CauseKind.KEY_CHANGED, keys[0])
    return comparison.cause(CauseKind.OUTPUT_DELETED, waiting.file.path)


def _dropped(comparison: Comparison) -> Iterator[Loss]:
    """Note outputs that went away while their key and source stayed."""
    names = comparison.names
    idents = {file.ident for file in names.here.outputs.values()}
    places = {place(file) for file in names.here.outputs.values()} | comparison.waiting.keys()
    for file in sorted(names.base.outputs.values()):
        if file.path in names.here.files or file.ident in idents:
            continue
        made = names.explain(names.here, file)
        if made is None or names.explain(names.base, file) is None or place(file) in places:
            continue
        finding = make_finding(
            "output-missing",
            "deleted while its key and source stayed: no longer declared, or by mistake",
            path=file.path, node=file.directory, secret=file.name,
            source=closest_to_name(names.here.sources[made.source], file.name),
            severity=Severity.NOTE,
            cause=comparison.cause(CauseKind.OUTPUT_DELETED, file.path), mend=REKEY_BY_NIX,
        )  # fmt: skip
        yield Loss(finding, file)
