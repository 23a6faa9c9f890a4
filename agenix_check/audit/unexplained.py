"""Outputs that no key and no source of the tree explains, and outputs that are not in the tree.

What became of each is in `Names.lost`; here it is judged (docs/design.md, 5.1). An output that a
commit broke stays an error, whoever looks at whichever later commit, until somebody rekeys it or
what happened since says that nobody needs it.
"""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.age import stanza_tag
from agenix_check.audit.commands import (
    CLONE_WHOLE,
    DEEPEN,
    LEFT_OUT,
    NOT_STAGED,
    REKEY,
    REKEY_BY_NIX,
    REKEY_EITHER_WAY,
    bring_back,
    or_remove,
    put_key_right,
    record,
    remove,
    replace_staged,
    shell,
    stage,
)
from agenix_check.audit.content import describe_other, is_other
from agenix_check.audit.excuses import explain_excuse, judge_moved
from agenix_check.audit.judged import AboutOutput, make_finding
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.facts import AgeFact, Fact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile, Place
from agenix_check.discover.tree.unstaged import Waiting
from agenix_check.git.snapshot import SYMLINK
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity
from agenix_check.model.fleet import closest_to_name
from agenix_check.model.frozen import replace
from agenix_check.model.lost import Lost, Past, Reason


def audit_unexplained(names: Names, keyring: Keyring) -> Iterator[AboutOutput]:
    """Give what is wrong with outputs that are not explained, dropped, or not staged."""
    strangers: dict[str, list[OutputFile]] = defaultdict(list)
    moved: dict[tuple[str, str], list[OutputFile]] = defaultdict(list)
    replaced: dict[Place, Lost] = {}
    for file in sorted(names.here.outputs[path] for path in names.lost):
        lost = names.lost[file.path]
        if file.path in names.unjudged:
            continue
        if not lost.brought and file.place in names.waiting:
            replaced[file.place] = lost
            continue
        excuse = None if lost.unseen else lost.excuse
        if excuse is not None and excuse.reason is Reason.MOVED:
            moved[file.directory, excuse.about].append(file)
            continue
        finding = _judge(names, keyring, file, lost)
        if finding is None:
            strangers[file.directory].append(file)
        else:
            yield AboutOutput(finding, file)
    for files in strangers.values():
        yield AboutOutput(_judge_strangers(names, files), files[0])
    for (_, to), files in moved.items():
        yield AboutOutput(judge_moved(names, files, to), files[0])
    for where, waiting in sorted(names.waiting.items()):
        if where in replaced or _is_needed(names, where, waiting):
            finding = _unstaged(names, waiting, replaced.get(where))
            yield AboutOutput(finding, waiting.file)
    yield from _dropped(names)


def find_cause(names: Names, lost: Lost) -> Cause:
    """Return the edit that took an output its explanation, with the commit that made it."""
    past = lost.past_source or lost.past_key
    if lost.brought and past is not None:
        # It came when the edit that it does not fit had been made already.
        return Cause(kind=_kind_of_past(names, lost), path=past.path, commit=past.until)
    commit = lost.commit or names.commits.get(lost.about)
    return Cause(kind=lost.kind, path=lost.about, commit=commit)


def _kind_of_past(names: Names, lost: Lost) -> CauseKind:
    if lost.past_source is not None:
        is_there = lost.past_source.path in names.here.files
        return CauseKind.SOURCE_CHANGED if is_there else CauseKind.SOURCE_DELETED
    is_there = lost.past_key is not None and lost.past_key.path in names.here.files
    return CauseKind.KEY_CHANGED if is_there else CauseKind.KEY_DELETED


def _judge(names: Names, keyring: Keyring, file: OutputFile, lost: Lost) -> Finding | None:
    """Judge an unexplained output; None where nothing shows that its key is of this repository."""
    if lost.unseen:
        return _unseen(names, file)
    if lost.brought and not lost.excuse:
        return _judge_brought(names, keyring, file, lost)
    if lost.excuse is not None:
        return _orphan(names, file, lost, explain_excuse(lost, lost.excuse))
    cause = find_cause(names, lost)
    spoiled = _spoiled_file(names, lost)
    if spoiled is not None:
        cause = replace(cause, kind=CauseKind.KEY_CHANGED, path=spoiled)
    return make_finding(
        "output-stale", _say_stale(cause, lost, spoiled=spoiled is not None),
        path=file.path, node=file.directory, secret=file.name, source=_source(lost, file),
        new=not names.is_old(file), cause=cause, since=lost.commit,
        mend=_rekey(names, lost, cause),
    )  # fmt: skip


def _shows_what_to_make(names: Names, file: OutputFile) -> bool:
    """Return whether names show from which source, and for which key, to make an output anew.

    Those of the one that was in its place; or its own, if its directory has others for its key.
    """
    if file.place in names.made_at_base:
        return True
    lost = names.lost[file.path]
    key = lost.key if lost.before is None else lost.before[0]
    beside = {made.key for (where, _), made in names.made.items() if where == file.directory}
    known = key in names.here.keys and (lost.before is not None or key in beside)
    return known and any(isinstance(names.here.facts.get(one), AgeFact) for one in lost.sources)


def audit_spoiled(names: Names) -> Iterator[Finding]:
    """Name the key files that were one key as a whole and hold something else, by directory."""
    said = set()
    for one in names.lost.values():
        file, path = names.here.outputs[one.path], _spoiled_file(names, one)
        if path is None or one.excuse is not None or one.path in names.unjudged:
            continue
        if (file.directory, path) in said:
            continue
        said.add((file.directory, path))
        yield make_finding(
            "node-invalid-key",
            f"{path} must be exactly one recipient, but {names.spoiled[path]}",
            path=path, node=file.directory, new=not names.is_old(file),
            cause=replace(find_cause(names, one), kind=CauseKind.KEY_CHANGED, path=path),
            since=one.commit, mend=put_key_right(shell(path)),
        )  # fmt: skip


def _spoiled_file(names: Names, lost: Lost) -> str | None:
    """Return the file that held the key of an output as a whole, where it is no key file now."""
    cause = find_cause(names, lost)
    of_key = cause.kind not in (CauseKind.SOURCE_CHANGED, CauseKind.SOURCE_DELETED)
    paths = (cause.path, *(lost.keys if of_key else ()))
    return next((path for path in paths if path in names.spoiled), None)


def _source(lost: Lost, file: OutputFile) -> str | None:
    """Return the source that a person would name."""
    if lost.sources:
        return closest_to_name(lost.sources, file.name)
    return lost.past_source.path if lost.past_source else None


def _say_stale(cause: Cause, lost: Lost, *, spoiled: bool) -> str:
    when = _before(cause, lost)
    if spoiled:
        return f"made for the key that {cause.path} held {when}; it is not one key any more"
    if cause.kind is CauseKind.KEY_TEXT_CHANGED:
        return (
            f"made for the text in {cause.path} {when}; the key is still the same, "
            "but agenix-rekey hashes its comment and newline too"
        )
    if cause.kind in (CauseKind.KEY_CHANGED, CauseKind.KEY_DELETED):
        return f"encrypted to the key that {cause.path} held {when}: the host cannot decrypt it"
    also = "; its node's key changed too" if lost.past_key is not None else ""
    return f"made from the version of {cause.path} {when}{also}"


def _before(cause: Cause, lost: Lost) -> str:
    """Say since when: a commit is named where it is not the change that is judged itself."""
    return "before this change" if lost.commit is None else f"before {cause.commit:.10}"


def _rekey(names: Names, lost: Lost, cause: Cause) -> str:
    """Return how to make an output anew: first of all from a source and a key that are whole.

    Where agenix-rekey cannot decrypt a source it offers to write a dummy in place of the output.
    """
    if cause.path in names.spoiled:
        return put_key_right(shell(cause.path))
    files, facts = names.here.files, names.here.facts
    about = lost.sources if cause.kind is CauseKind.SOURCE_CHANGED else lost.keys
    paths = [path for path in about if path in files]
    whole = any(files[path].mode == SYMLINK or _is_usable(facts.get(path)) for path in paths)
    right = whole or not paths
    return (
        REKEY_EITHER_WAY
        if right
        else f"# put {shell(cause.path)} right and git add it, then: {REKEY}"
    )


def _is_usable(fact: Fact | None) -> bool:
    """Return whether a source or a file with a key is one still, as far as can be seen."""
    if isinstance(fact, AgeFact):
        return fact.problem is None
    if isinstance(fact, KeyTexts):
        return bool(fact.public)
    return fact is not None


def _orphan(names: Names, file: OutputFile, lost: Lost, why: str) -> Finding:
    replaced = lost.excuse is not None and lost.excuse.reason is Reason.REPLACED
    mend = REKEY if replaced else or_remove(REKEY_BY_NIX, remove(file.path))
    return make_finding(
        "output-orphan", why,
        path=file.path, node=file.directory, secret=file.name, source=_source(lost, file),
        new=not names.is_old(file), cause=find_cause(names, lost), since=lost.commit, mend=mend,
    )  # fmt: skip


def _unseen(names: Names, file: OutputFile) -> Finding:
    """Say that nobody can say since when an output is lost: history at hand ends before."""
    return make_finding(
        "output-orphan", "history that would say what became of it is not here",
        path=file.path, node=file.directory, secret=file.name, new=not names.is_old(file),
        mend=DEEPEN if names.shallow else CLONE_WHOLE,
    )  # fmt: skip


def _judge_brought(names: Names, keyring: Keyring, file: OutputFile, lost: Lost) -> Finding | None:
    """Judge an output that came without an explanation."""
    unstaged = names.unstaged
    where = "left out of this commit" if unstaged.partial else "not staged"
    if (source := unstaged.sources.get(file.ident)) is not None:
        return make_finding(
            "source-unstaged",
            f"{file.path} is made from {source} as it is in the work tree, which is {where}",
            path=source, node=file.directory, secret=file.name, source=source,
            new=not names.is_old(file), cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=source),
            mend=record(stage(source), partial=unstaged.partial),
        )  # fmt: skip
    if (key := unstaged.keys.get(file.ident)) is not None:
        return make_finding(
            "output-untraceable",
            f"made for the key in {key} as it is in the work tree, which is {where}",
            path=file.path, node=file.directory, secret=file.name,
            new=not names.is_old(file), cause=Cause(kind=CauseKind.KEY_CHANGED, path=key),
            mend=record(stage(key), partial=unstaged.partial),
        )  # fmt: skip
    if is_other(names.here.facts.get(file.path)):
        what = describe_other(names.here.files[file.path])
        rule = "output-not-encrypted"
        message = f"{what}, under a name that no source and key here give"
    elif _is_key_elsewhere(names, file, lost):
        return None
    elif lost.past_source is not None or lost.past_key is not None:
        rule, message = "output-stale", _say_older(lost)
    else:
        reason = _belongs_here(names, keyring, file, lost)
        if reason is None:
            return None
        rule = "output-untraceable"
        message = f"made from a version of its source or key that is in no tree; {reason}"
    return make_finding(
        rule, message,
        path=file.path, node=file.directory, secret=file.name,
        source=_source(lost, file), new=not names.is_old(file),
        cause=_brought_by(names, file, lost), since=lost.commit,
        mend=REKEY_EITHER_WAY if _shows_what_to_make(names, file) else REKEY_BY_NIX,
    )  # fmt: skip


def _is_key_elsewhere(names: Names, file: OutputFile, lost: Lost) -> bool:
    """Return whether a key seems to be in use that its file gave away without getting another."""
    past = lost.past_key
    if past is None or lost.past_source is not None or past.path not in names.here.files:
        return False
    fact = names.here.facts.get(past.path)
    has_key = isinstance(fact, KeyTexts) and fact.public
    return not has_key and all(directory != file.directory for directory, _ in names.made)


def _brought_by(names: Names, file: OutputFile, lost: Lost) -> Cause:
    """Return the commit that brought an output as the cause of what is wrong with it."""
    if lost.past_source is not None or lost.past_key is not None:
        return find_cause(names, lost)
    if lost.commit is not None:
        return Cause(kind=CauseKind.OUTPUT_CHANGED, path=file.path, commit=lost.commit)
    return names.cause(CauseKind.OUTPUT_CHANGED, file.path)


def _say_older(lost: Lost) -> str:
    source, key = lost.past_source, lost.past_key
    made = [] if source is None else [f"from {source.path} {_until(source, 'as it was ')}"]
    made += [] if key is None else [f"for the key that {key.path} held {_until(key)}"]
    return f"made {', and '.join(made)}"


def _until(past: Past, how: str = "") -> str:
    return "before this change" if past.until is None else f"{how}until {past.until:.10}"


def _judge_strangers(names: Names, files: list[OutputFile]) -> Finding:
    """Say once for a directory that nothing can be said of its outputs."""
    first = files[0]
    more = f" ({len(files)} files)" if len(files) > 1 else ""
    return make_finding(
        "output-untraceable",
        f"its key is not in this repository{more}, so nothing can be said of its version",
        path=first.path, node=first.directory, secret=first.name, severity=Severity.WARNING,
        new=any(not names.is_old(file) for file in files),
        cause=_brought_by(names, first, names.lost[first.path]),
        since=names.lost[first.path].commit,
    )  # fmt: skip


def _belongs_here(names: Names, keyring: Keyring, file: OutputFile, lost: Lost) -> str | None:
    """Return how one knows that an output is for a host of this repository, or None."""
    fact = names.here.facts.get(file.path)
    stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
    for stanza in stanzas:
        holder = keyring.holder(stanza)
        if holder is not None and holder.paths and not holder.past:
            return f"it is addressed to the key in {holder.paths[0]}"
    if lost.succeeds or file.place in names.made_at_base:
        return "the one before it was in order"
    tagged = any(stanza_tag(stanza) is not None for stanza in stanzas)
    if not tagged and any(directory == file.directory for directory, _ in names.made):
        return "the others beside it are in order"
    return None


def _is_needed(names: Names, where: Place, waiting: Waiting) -> bool:
    """Return whether the snapshot lacks an output that is in the work tree only.

    It does where the base had one, or where this change brought its source or key. Otherwise it
    may belong to a declaration that is not staged either.
    """
    base = names.base
    return (
        where in names.made_at_base
        or waiting.made.source not in base.sources
        or waiting.made.key not in base.keys
    )


def _unstaged(names: Names, waiting: Waiting, lost: Lost | None) -> Finding:
    file, made = waiting
    source = closest_to_name(names.here.sources[made.source], file.name)
    cause = _cause(names, waiting, source) if lost is None else find_cause(names, lost)
    partial = names.unstaged.partial
    return make_finding(
        "output-unstaged", LEFT_OUT if partial else NOT_STAGED,
        path=file.path, node=file.directory, secret=file.name, source=source,
        new=lost is None or not names.is_old(names.here.outputs[lost.path]),
        since=None if lost is None else lost.commit, cause=cause,
        mend=replace_staged(file.path, lost and lost.path, partial=partial),
    )  # fmt: skip


def _cause(names: Names, waiting: Waiting, source: str) -> Cause:
    here, base = names.here, names.base
    if waiting.made.source not in base.sources:
        return names.cause(CauseKind.SOURCE_CHANGED, source)
    keys = here.keys[waiting.made.key].paths
    if waiting.made.key not in base.keys and keys:
        return names.cause(CauseKind.KEY_CHANGED, keys[0])
    return names.cause(CauseKind.OUTPUT_DELETED, waiting.file.path)


def _dropped(names: Names) -> Iterator[AboutOutput]:
    """Note outputs that went away while their key and source stayed."""
    idents = {file.ident for file in names.here.outputs.values()}
    places = {file.place for file in names.here.outputs.values()} | names.waiting.keys()
    for file in sorted(names.base.outputs.values()):
        if file.path in names.here.files or file.ident in idents:
            continue
        made, was_made = names.traced(file)
        if made is None or was_made is None or file.place in places:
            continue
        finding = make_finding(
            "output-missing",
            "deleted while its key and source stayed: no longer declared, or by mistake",
            path=file.path, node=file.directory, secret=file.name,
            source=closest_to_name(names.here.sources[made.source], file.name),
            severity=Severity.NOTE,
            cause=names.cause(CauseKind.OUTPUT_DELETED, file.path),
            mend=bring_back(file.path, names.commits.get(file.path), at_base=True),
        )  # fmt: skip
        yield AboutOutput(finding, file)
