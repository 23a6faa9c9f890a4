"""Outputs that no key and no source of the tree explains: what a change broke, and what is old.

The conditions are those of the contract, found by replaying public fleets commit by commit: most
outputs that lose their source or key belong to hosts and secrets that were dropped, and only the
rest is broken.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agenix_check.age import stanza_tag
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.making import REKEY, add, make_finding, remove
from agenix_check.discover.evidence import Evidence, OutputFile
from agenix_check.discover.facts import AgeFact, PointerFact
from agenix_check.discover.idents import Trace
from agenix_check.discover.keys import KeyTexts
from agenix_check.discover.names import Names
from agenix_check.finding import Cause, CauseKind, Finding, Severity
from agenix_check.fleet import likest


@dataclass(frozen=True, slots=True)
class _Scene:
    """The names, with what several rules ask of them worked out once."""

    names: Names
    keyring: Keyring
    explained: Mapping[tuple[str, str], str]  # (directory, name) -> path, in the snapshot
    explained_at_base: frozenset[tuple[str, str]]
    explained_directories: frozenset[str]
    fresh: Mapping[str, tuple[Trace | None, ...]]  # directory -> how its new outputs were made
    moved: Mapping[str, str]  # a new path -> the base's path with the same ident, now gone


def audit_lost(names: Names, keyring: Keyring) -> Iterator[Finding]:
    """Give a finding for each output that is not explained, and for each that was dropped."""
    scene = _look(names, keyring)
    strangers: dict[str, list[OutputFile]] = defaultdict(list)
    for file in sorted(names.here.outputs.values()):
        if names.explain(names.here, file) is not None:
            continue
        was = scene.moved.get(file.path, file.path)
        if was not in names.base.outputs:
            finding = _untraceable(scene, file)
            if finding is None:
                strangers[file.directory].append(file)
            else:
                yield finding
            continue
        made = names.explain(names.base, file)
        if made is None:
            yield _old_orphan(names, file)
        else:
            yield _broken(scene, file, made)
    yield from (_stranger(names, files) for files in strangers.values())
    yield from _dropped(scene)


def _look(names: Names, keyring: Keyring) -> _Scene:
    here, base = names.here, names.base
    explained = {
        (file.directory, file.name): file.path
        for file in here.outputs.values()
        if names.explain(here, file) is not None
    }
    fresh: dict[str, list[Trace | None]] = defaultdict(list)
    for file in here.outputs.values():
        if file.path not in base.outputs:
            fresh[file.directory].append(names.explain(here, file))
    gone = {
        file.ident: file.path for file in base.outputs.values() if file.path not in here.outputs
    }
    return _Scene(
        names=names,
        keyring=keyring,
        explained=explained,
        explained_at_base=frozenset(
            (file.directory, file.name)
            for file in base.outputs.values()
            if names.explain(base, file) is not None
        ),
        explained_directories=frozenset(directory for directory, _ in explained),
        fresh={directory: tuple(traces) for directory, traces in fresh.items()},
        moved={
            file.path: gone[file.ident]
            for file in here.outputs.values()
            if file.path not in base.outputs and file.ident in gone
        },
    )


def _broken(scene: _Scene, file: OutputFile, made: Trace) -> Finding:
    """Judge an output that the base explains and the snapshot does not."""
    names = scene.names
    sources = names.base.sources[made.source]
    source = likest(sources, file.name)
    key_files = names.base.keys[made.key].paths
    source_gone = made.source not in names.here.sources
    key_gone = made.key not in names.here.keys
    if source_gone:
        kept = [path for path in sources if path in names.here.files]
        where = likest(kept, file.name) if kept else source
        kind = CauseKind.SOURCE_CHANGED if kept else CauseKind.SOURCE_DELETED
    else:
        kept = [path for path in key_files if path in names.here.files]
        where = kept[0] if kept else key_files[0]
        kind = _key_cause(scene, made, where) if kept else CauseKind.KEY_DELETED
    excuse = _excuse(scene, file, made, source_gone=source_gone, key_gone=key_gone)
    cause = Cause(kind=kind, path=where, commit=names.commits.get(where))
    if excuse is not None:
        return make_finding(
            "output-orphan",
            excuse,
            path=file.path, node=file.directory, secret=file.name, source=source,
            cause=cause, mend=remove(file.path),
        )  # fmt: skip
    waiting = names.unstaged.outputs.get((file.directory, file.name))
    if waiting is not None:
        return make_finding(
            "output-unstaged",
            f"rekeyed, but not staged: {waiting} is in the work tree only",
            path=waiting, node=file.directory, secret=file.name, source=source,
            cause=cause, mend=f"{add(waiting)} && {remove(file.path)}",
        )  # fmt: skip
    return make_finding(
        "output-stale",
        _stale_message(kind, where, both=source_gone and key_gone),
        path=file.path, node=file.directory, secret=file.name, source=source,
        cause=cause, mend=REKEY,
    )  # fmt: skip


def _stale_message(kind: CauseKind, where: str, *, both: bool) -> str:
    if kind is CauseKind.KEY_TEXT_CHANGED:
        return (
            f"the text in {where} changed (comment or newline) while the key did not: "
            "agenix-rekey hashes the text, so the host will look for another file name"
        )
    if kind is CauseKind.KEY_CHANGED:
        return f"encrypted to the key that {where} held before: the host cannot decrypt it"
    extra = "; its node's key changed too" if both else ""
    return f"made from the version of {where} before this change{extra}"


def _excuse(
    scene: _Scene, file: OutputFile, made: Trace, *, source_gone: bool, key_gone: bool
) -> str | None:
    """Return why a broken output is left behind rather than forgotten, or None."""
    names = scene.names
    newer = scene.explained.get((file.directory, file.name))
    if newer is not None:
        return f"left behind: {newer} has taken its place"
    got_nothing = file.directory not in scene.fresh
    if source_gone:
        sources = names.base.sources[made.source]
        kept = [path for path in sources if path in names.here.files]
        if not kept:
            return f"left behind: its source {likest(sources, file.name)} was deleted"
        digests = {_source_digest(names.here, path) for path in kept}
        if got_nothing and any(
            one is not None and one.source in digests
            for directory, traces in scene.fresh.items()
            if directory != file.directory
            for one in traces
        ):
            return (
                f"{likest(kept, file.name)} was rekeyed for other hosts and not here: "
                "this host seems to be switched off, or its file was forgotten"
            )
    if key_gone:
        key_files = names.base.keys[made.key].paths
        if not any(path in names.here.files for path in key_files):
            return f"left behind: {key_files[0]}, which held its key, was deleted"
        if got_nothing and any(directory != file.directory for directory in scene.fresh):
            return (
                "its key is gone; other hosts were rekeyed and this one was not: "
                "it seems to be switched off, or its files were forgotten"
            )
    for path in names.base.sources[made.source]:
        name = posixpath.basename(path)
        if name in names.vanished:
            return f"left behind: {name} is no longer named in any .nix file"
    return None


def _key_cause(scene: _Scene, made: Trace, where: str) -> CauseKind:
    """Tell a changed key from a key whose text alone changed."""
    text = scene.names.base.keys[made.key].text
    fact = scene.names.here.facts.get(where)
    if text is None or not isinstance(fact, KeyTexts):
        return CauseKind.KEY_CHANGED
    body = _body(text)
    same = any(_body(other) == body for other in fact.public)
    return CauseKind.KEY_TEXT_CHANGED if same else CauseKind.KEY_CHANGED


def _untraceable(scene: _Scene, file: OutputFile) -> Finding | None:
    """Judge a new output that nothing explains; None where its key is not of this repository."""
    names = scene.names
    waiting = names.unstaged.sources.get(file.ident)
    if waiting is not None:
        return make_finding(
            "source-unstaged",
            f"{file.path} was made from {waiting} as it is in the work tree, which is not staged",
            path=waiting, node=file.directory, secret=file.name, source=waiting,
            cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=waiting), mend=add(waiting),
        )  # fmt: skip
    waiting = names.unstaged.keys.get(file.ident)
    if waiting is not None:
        return make_finding(
            "output-untraceable",
            f"made for the key in {waiting} as it is in the work tree, which is not staged",
            path=file.path, node=file.directory, secret=file.name,
            cause=Cause(kind=CauseKind.KEY_CHANGED, path=waiting), mend=add(waiting),
        )  # fmt: skip
    reason = _belongs_here(scene, file)
    if reason is None:
        return None
    return make_finding(
        "output-untraceable",
        f"made from a version of its source or key that is in no tree; {reason}",
        path=file.path, node=file.directory, secret=file.name,
        cause=Cause(
            kind=CauseKind.OUTPUT_CHANGED, path=file.path, commit=names.commits.get(file.path)
        ),
        mend=REKEY,
    )  # fmt: skip


def _belongs_here(scene: _Scene, file: OutputFile) -> str | None:
    """Return how one knows that a new output is for a host of this repository, or None."""
    fact = scene.names.here.facts.get(file.path)
    stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
    for stanza in stanzas:
        holder = scene.keyring.holder(stanza)
        if holder is not None and holder.paths:
            return f"it is addressed to the key in {holder.paths[0]}"
    if (file.directory, file.name) in scene.explained_at_base:
        return "the one before it was in order"
    tagged = any(stanza_tag(stanza) is not None for stanza in stanzas)
    if not tagged and file.directory in scene.explained_directories:
        return "the others beside it are in order"
    return None


def _stranger(names: Names, files: list[OutputFile]) -> Finding:
    first = files[0]
    more = f" ({len(files)} files)" if len(files) > 1 else ""
    return make_finding(
        "output-untraceable",
        f"its key is not in this repository{more}, so nothing can be said of its version",
        path=first.path, node=first.directory, secret=first.name, severity=Severity.WARNING,
        cause=Cause(
            kind=CauseKind.OUTPUT_CHANGED, path=first.path, commit=names.commits.get(first.path)
        ),
    )  # fmt: skip


def _old_orphan(names: Names, file: OutputFile) -> Finding:
    return make_finding(
        "output-orphan",
        "no key and source of this tree or of its base made it: no longer declared, or not "
        "rekeyed for long",
        path=file.path, node=file.directory, secret=file.name, new=file.path in names.changed,
        mend=remove(file.path),
    )  # fmt: skip


def _dropped(scene: _Scene) -> Iterator[Finding]:
    """Note outputs that went away while their key and source stayed."""
    names = scene.names
    idents = {file.ident for file in names.here.outputs.values()}
    for file in sorted(names.base.outputs.values()):
        if file.path in names.here.files or file.ident in idents:
            continue
        if names.explain(names.base, file) is None:
            continue
        made = names.explain(names.here, file)
        if made is None or (file.directory, file.name) in scene.explained:
            continue
        yield make_finding(
            "output-missing",
            "deleted while its key and source stayed: no longer declared, or by mistake",
            path=file.path, node=file.directory, secret=file.name,
            source=likest(names.here.sources[made.source], file.name), severity=Severity.NOTE,
            cause=Cause(
                kind=CauseKind.OUTPUT_DELETED, path=file.path, commit=names.commits.get(file.path)
            ),
            mend=REKEY,
        )  # fmt: skip


def _source_digest(evidence: Evidence, path: str) -> str | None:
    fact = evidence.facts.get(path)
    return fact.sha256 if isinstance(fact, AgeFact | PointerFact) else None


def _body(text: str) -> tuple[str, ...]:
    """Return a key without its comment."""
    words = text.split()
    return tuple(words[:2]) if text.startswith("ssh-") else tuple(words[:1])
