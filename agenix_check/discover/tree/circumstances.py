"""What speaks for leaving an output that lost its explanation: the conditions of the design.

They were found by replaying public fleets commit by commit (docs/design.md, 5.1): most outputs that
lose their source or key belong to hosts and secrets that were dropped, and only the rest is broken.
"""

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from agenix_check.discover.tree.key_texts import bare
from agenix_check.discover.tree.line import Line, Loss, Step
from agenix_check.discover.tree.naming import OutputFile, Trace
from agenix_check.model.findings import CauseKind
from agenix_check.model.fleet import closest_to_name
from agenix_check.model.lost import Excuse, Reason

_ENOUGH = 2  # commits that brought outputs: by then a pending rekey would have come with them


class _Held(NamedTuple):
    """The files that held a part before a step, and those of them that are still there."""

    paths: list[str]
    kept: list[str]


def examine_loss(loss: Loss, line: Line, step: Step, alive: Collection[str]) -> None:
    """Say of a new loss what caused it, and what in its own commit excuses it.

    `alive` are directories that got outputs beside this step: on either side of a merge.
    """
    made = loss.made
    if made is None or (loss.brought and not _was_explained(made, line, step)):
        _examine_brought(loss, made, line, step)
        return
    source, key = _held(made.source, line, step), _held(made.key, line, step)
    loss.source_gone, loss.key_gone = not line.has(made.source), not line.has(made.key)
    moved = [] if source.kept else _renamed(source.paths, line, step)
    source = _Held(source.paths, source.kept or moved)
    loss.sources = [*source.kept, *(path for path in source.paths if path not in source.kept)]
    loss.keys = [*key.kept, *(path for path in key.paths if path not in key.kept)]
    loss.kind, loss.about = _cause(loss, line, source, key)
    loss.excuse = _excuse(loss, line, step, source, key, alive)
    _follow(loss, line, step)


def go_on(line: Line, step: Step, counts: Callable[[str | None], bool]) -> None:
    """Note what a step means for outputs that were lost before it.

    `counts` returns whether the step is later than a commit, in all that it brings.
    """
    if step.taken:
        for loss in line.lost.values():
            _follow(loss, line, step)
    if not step.explained:
        return
    for loss in line.lost.values():
        if loss.excuse is None and counts(loss.commit):
            loss.rekeys += 1
            loss.excuse = _excuse_since(loss, line, step)


def find_move(loss: Loss, line: Line) -> str | None:
    """Return the directory that an output's storage was moved to: it began after this one ended."""
    span = line.spans.get(loss.file.directory)
    if loss.made is None or span is None:
        return None
    places = {
        other.directory
        for other in line.others_with(loss.made.key, loss.file.name)
        if (began := line.spans.get(other.directory)) is not None and began[0] > span[1]
    }
    # Of several, such as of hosts with one key, the one that is called the same.
    name = posixpath.basename(loss.file.directory)
    return min(
        places - {loss.file.directory},
        key=lambda place: (posixpath.basename(place) != name, place),
        default=None,
    )


def _was_explained(made: Trace, line: Line, step: Step) -> bool:
    """Return whether the step itself took away what made an output that it brought."""
    return all(line.has(part) or part in step.lost_parts for part in made)


def _examine_brought(loss: Loss, made: Trace | None, line: Line, step: Step) -> None:
    """Look at an output that came without an explanation; it may be made from something older."""
    loss.about = loss.file.path
    library = line.library
    replaced = [library.made.get(file.ident) for file in step.replaced.get(loss.place, ())]
    unfixed = step.unfixed.get(loss.place)
    # Whose key had left the tree before shows nothing: the key is kept elsewhere by now. Who makes
    # one anew that was out of order needs it, and has not put it in order so.
    loss.succeeds = (unfixed is not None and unfixed.succeeds) or any(
        one is not None and (line.has(one.key) or one.key in step.lost_parts) for one in replaced
    )
    loss.before = next(filter(None, replaced), unfixed.before if unfixed else None)
    if made is None:
        # It is of the secret that the one before it was of.
        sources = [_held(one.source, line, step).kept for one in replaced if one is not None]
        if unfixed is not None:
            sources.append(unfixed.sources)
        loss.sources = sorted({path for paths in sources for path in paths})
        return
    past = library.past
    loss.source_gone, loss.key_gone = not line.has(made.source), not line.has(made.key)
    if loss.source_gone and made.source in past:
        loss.sources = [past[made.source].path]
        loss.kind, loss.about = CauseKind.SOURCE_CHANGED, past[made.source].path
    if loss.key_gone and made.key in past:
        loss.keys = [past[made.key].path]
        if not loss.sources:
            loss.kind, loss.about = CauseKind.KEY_CHANGED, past[made.key].path


def _held(part: str, line: Line, step: Step) -> _Held:
    now = line.holders.get(part, set())
    before = {*step.lost_parts.get(part, ()), *(now - step.given.keys())} - {""}
    paths = sorted(before)
    return _Held(paths, [path for path in paths if path not in step.taken])


def _cause(loss: Loss, line: Line, source: _Held, key: _Held) -> tuple[CauseKind, str]:
    """Return the edit that lost an output: of its source, if that was edited, else of its key."""
    if loss.source_gone and source.paths:
        kind = CauseKind.SOURCE_CHANGED if source.kept else CauseKind.SOURCE_DELETED
        return kind, closest_to_name(source.kept or source.paths, loss.file.name)
    gone = [path for path in key.paths if path not in key.kept]
    if gone:
        return CauseKind.KEY_DELETED, gone[0]
    if key.kept and loss.made is not None:
        return _key_change(loss.made.key, key.kept[0], line), key.kept[0]
    return CauseKind.OUTPUT_CHANGED, loss.file.path


def _key_change(key: str, path: str, line: Line) -> CauseKind:
    """Return whether a key changed, or only the text around it."""
    texts = line.library.texts
    text = texts.get(key)
    others = [texts.get(part) for part in line.parts_of(path)]
    if text is None:
        return CauseKind.KEY_CHANGED
    same = any(other and bare(other) == bare(text) for other in others)
    return CauseKind.KEY_TEXT_CHANGED if same else CauseKind.KEY_CHANGED


def _excuse(
    loss: Loss, line: Line, step: Step, source: _Held, key: _Held, alive: Collection[str]
) -> Excuse | None:
    """Return why the commit that lost an output may be right to leave it."""
    directory = loss.file.directory
    lives = directory in step.fresh or directory in alive
    if (newer := _replacement(loss, line)) is not None:
        return Excuse(Reason.REPLACED, newer)
    if loss.source_gone:
        if not source.kept:
            return Excuse(Reason.SOURCE_DELETED, loss.about)
        if not lives and _rekeyed_elsewhere(loss, line, (*step.explained, *step.regained)):
            return Excuse(Reason.REKEYED_FOR_OTHERS, loss.about)
    if loss.key_gone:
        gone = [path for path in key.paths if path not in key.kept]
        if gone:
            return Excuse(Reason.KEY_DELETED, gone[0])
        if step.fresh and not lives:
            return Excuse(Reason.OTHERS_REKEYED, loss.about)
    return None


def _excuse_since(loss: Loss, line: Line, step: Step) -> Excuse | None:
    """Return why a later commit shows that an output is not waited for."""
    if (newer := _replacement(loss, line)) is not None:
        return Excuse(Reason.REPLACED, newer)
    if loss.file.directory not in step.fresh:
        if loss.source_gone and _rekeyed_elsewhere(loss, line, step.explained):
            return Excuse(Reason.REKEYED_FOR_OTHERS, loss.about)
        if _fixed_elsewhere(loss, line.casualties.get(loss.commit, {}), step.explained):
            return Excuse(Reason.OTHERS_FIXED, loss.about)
    return Excuse(Reason.REKEYED_SINCE, loss.about) if loss.rekeys >= _ENOUGH else None


def _replacement(loss: Loss, line: Line) -> str | None:
    """Return the explained output of the same place that is made from the same source."""
    for file in line.at_place(loss.place):
        made = line.library.made.get(file.ident)
        if file.path == loss.file.path or made is None or not line.is_explained(file):
            continue
        if not line.holders[made.source].isdisjoint(loss.sources):
            return file.path
    return None


def _rekeyed_elsewhere(loss: Loss, line: Line, files: Iterable[OutputFile]) -> bool:
    """Return whether other directories have the version of a source that an output lacks.

    agenix-rekey handles all hosts at once, so who got nothing is switched off.
    """
    versions = {part for path in loss.sources for part in line.parts_of(path)}
    made = line.library.made
    return any(
        file.directory != loss.file.directory and made[file.ident].source in versions
        for file in files
    )


def _fixed_elsewhere(
    loss: Loss, casualties: Mapping[tuple[str, str], Trace], files: Iterable[OutputFile]
) -> bool:
    """Return whether an output was made anew that was lost beside, through the same part."""
    if loss.made is None:
        return False
    beside = (casualties.get((file.directory, file.name)) for file in files)
    return any(not {*other}.isdisjoint(loss.made) for other in beside if other is not None)


def _follow(loss: Loss, line: Line, step: Step) -> None:
    """Follow the files that held a source and a key to where they were moved."""
    for path in [path for path in loss.sources if path in step.taken]:
        moved = _moved(path, step) or _renamed([path], line, step)
        loss.sources += [other for other in moved if other not in loss.sources]
    for path in [path for path in loss.keys if path in step.taken]:
        beside = _keys_beside(path, line, step)
        loss.keys += [other for other in beside if other not in loss.keys]


def _moved(path: str, step: Step) -> list[str]:
    """Return the files that came with the content that a file had which went."""
    oid = step.taken[path].oid
    return [other for other, file in step.given.items() if file.oid == oid]


def _renamed(paths: Iterable[str], line: Line, step: Step) -> list[str]:
    """Return the one source that came under the file name of a source that went.

    Sources are moved and encrypted anew in one commit, such as to a new master key.
    """
    names = {posixpath.basename(path) for path in paths if path in step.taken}
    came = [
        path
        for path, file in step.given.items()
        if posixpath.basename(path) in names
        and not line.library.of(file).isdisjoint(line.library.sources)
    ]
    return came if len(came) == 1 else []


def _keys_beside(path: str, line: Line, step: Step) -> list[str]:
    """Return files with keys that came into a directory as a key file of it went."""
    directory = path.rpartition("/")[0]
    return [
        other
        for other, file in step.given.items()
        if other.rpartition("/")[0] == directory
        and not line.library.of(file).isdisjoint(line.library.texts)
    ]
