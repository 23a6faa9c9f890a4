"""Since when outputs are lost: the history of a tree, walked once and remembered.

Commits do not change, so what was found of one holds for ever: the next walk begins there.
"""

from collections import Counter
from collections.abc import Sequence

from agenix_check.discover.tree.circumstances import find_move
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.library import PLACEHOLDERS, Library
from agenix_check.discover.tree.line import Line, Loss
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.discover.tree.walk import Question, Walk
from agenix_check.discover.tree.walk_cache import Walked
from agenix_check.git.cache import Store
from agenix_check.git.repository import parents_of
from agenix_check.model.lost import Excuse, Lost, Reason


def find_lost(
    question: Question, store: Store, memory: Memory
) -> tuple[dict[str, Lost], Walked | None]:
    """Return what became of each unexplained output, by path, and the history walked for that.

    None is, where this change took the explanation from all of them: its two trees tell all.
    """
    parents = parents_of(question.view.repository, question.view.snapshot)
    if _is_brand_new(question, parents):
        step = _judge_by_two_trees(question, parents)
        if not any(_has_twin(step, loss) for loss in step.lost.values()):
            return _freeze(question, step), None
    walked = Walked(question.view, store)
    line = _judge_by_history(question, parents, walked, memory)
    if line is not None:
        return _freeze(question, line), walked
    paths = [file.path for file in question.unexplained]
    return {path: Lost(path, commit=None, brought=False, unseen=True) for path in paths}, walked


def _is_brand_new(question: Question, parents: Sequence[str]) -> bool:
    """Return whether the base is the one parent, and explains every output."""
    base, at, made = question.base, question.view.base, question.made
    return (
        at is not None
        and list(parents) == [at.commit]
        and all(
            file.path in base.outputs
            and (pair := made.get(file.ident)) is not None
            and base.has_made(pair)
            for file in question.unexplained
        )
    )


def _judge_by_two_trees(question: Question, parents: Sequence[str]) -> Line:
    """Take one step from the base; of its outputs only those that have to do with lost ones."""
    names = {file.name for file in question.unexplained}
    places = {file.place for file in question.unexplained}
    made, gone = question.made, {one.path for one in question.changed if one.after is None}
    keys = {made[file.ident].key for file in question.unexplained}

    def concerns(file: OutputFile) -> bool:
        if file.path in gone or file.place in places:
            return True
        if file.name not in names:
            return False
        # What moved storage, or a host's new name, left behind is for the same key; what nothing
        # explained at the base may be explained now.
        pair = made.get(file.ident)
        return pair is None or pair.key in keys or not question.base.has_made(pair)

    concerned = list(filter(concerns, question.base.outputs.values()))
    walk = Walk(question, Library(made=dict(question.made)))
    line = Line(walk.library)
    walk.load(line, question.base, concerned)
    # These the step explains, or the base would not be enough.
    line.add(
        Loss(file=file, made=None, commit=None, born=None, brought=True)
        for file in concerned
        if not line.is_explained(file)
    )
    walk.take_last(line, parents)
    return line


def _judge_by_history(
    question: Question, parents: Sequence[str], walked: Walked, memory: Memory
) -> Line | None:
    """Walk to the tree that is judged; None where history is not all here."""
    walk = Walk(question, walked.library, walked, memory)
    commit = question.view.snapshot.commit
    if commit is not None and commit in walked.states:
        line = walk.up_to(commit)
    else:
        line = walk.up_to(parents[0]) if parents else Line(walked.library)
    if line is None:
        return None
    if commit is None or commit not in walked.states:
        if parents:
            walked.keep(parents[0], line, last=commit is None)
        if commit is not None or len(parents) != 1 or not walk.is_tree_of(parents[0]):
            walk.take_last(line, parents)
        if commit is not None:
            walked.keep(commit, line)
    line.search_everywhere()
    return line


def _has_twin(line: Line, loss: Loss) -> bool:
    """Return whether another directory has the same secret for the same key."""
    return loss.made is not None and any(
        file.directory != loss.file.directory
        for file in line.others_with(loss.made.key, loss.file.name)
    )


def _freeze(question: Question, line: Line) -> dict[str, Lost]:
    """Return the outputs that are lost now, with what is asked of the tree as it is."""
    found = {path: _ended(question, line, loss) for path, loss in line.lost.items()}
    replaced = {one for one, loss in found.items() if _was_replaced(loss)}
    if replaced:
        # A merge, or a person, may have taken away what took its place: then it is needed again.
        kept = Counter(file.place for file in question.here.outputs.values())
        for path in replaced:
            if kept[line.lost[path].place] == 1:
                excuse = _excuse_of_tree(question, line, line.lost[path])
                found[path] = found[path]._replace(excuse=excuse)
    for file in question.unexplained:
        # What made it is known in some way that history does not show, such as through a link.
        found.setdefault(file.path, Lost(path=file.path, commit=None, brought=True))
    return found


def _was_replaced(lost: Lost) -> bool:
    return lost.excuse is not None and lost.excuse.reason is Reason.REPLACED


def _ended(question: Question, line: Line, loss: Loss) -> Lost:
    library, made = line.library, loss.made
    past = library.past
    gone = {part for part in made or () if not line.has(part)}
    if loss.brought and made is not None and not loss.sources:
        # What made it became known only when all of history had been read.
        loss.sources = [past[made.source].path] if made.source in past else []
    return Lost(
        path=loss.file.path,
        commit=loss.commit,
        brought=loss.brought,
        born=loss.born,
        key=made.key if made else None,
        key_text=library.texts.get(made.key) if made else None,
        source=made.source if made else None,
        sources=tuple(loss.sources),
        keys=tuple(loss.keys),
        past_source=past.get(made.source) if made and made.source in gone else None,
        past_key=past.get(made.key) if made and made.key in gone else None,
        kind=loss.kind,
        about=loss.about,
        excuse=_moved_instead(line, loss, loss.excuse or _excuse_of_tree(question, line, loss)),
        succeeds=loss.succeeds,
        before=loss.before and (loss.before.key, loss.before.source),
        unseen=loss.unseen or (made is None and library.blind),
    )


def _moved_instead(line: Line, loss: Loss, excuse: Excuse | None) -> Excuse | None:
    """Return what excuses an output; of storage that was moved that is said, not what follows."""
    if excuse is None or excuse.reason not in (Reason.REKEYED_FOR_OTHERS, Reason.REKEYED_SINCE):
        return excuse
    moved = find_move(loss, line)
    return excuse if moved is None else Excuse(Reason.MOVED, moved)


def _excuse_of_tree(question: Question, line: Line, loss: Loss) -> Excuse | None:
    """Return what excuses an output in the tree that is judged, whatever commits did."""
    made, files = loss.made, question.here.files
    if made is None:
        # Of an older commit's output nothing shows that anybody needs it, but that it had a
        # predecessor.
        view = question.view
        is_older = loss.commit not in (None, view.snapshot.commit or view.repository.head)
        if is_older and not loss.succeeds:
            return Excuse(Reason.NEVER_EXPLAINED, loss.file.path)
        if loss.sources and not any(path in files for path in loss.sources):
            return Excuse(Reason.SOURCE_GONE, loss.sources[0])
        return None
    if loss.sources and not any(path in files for path in loss.sources):
        return Excuse(Reason.SOURCE_GONE, loss.sources[0])
    if loss.keys and not line.has(made.key) and not any(path in files for path in loss.keys):
        return Excuse(Reason.KEY_GONE, loss.keys[0])
    if made.key in PLACEHOLDERS:
        return Excuse(Reason.PLACEHOLDER, "")
    moved = find_move(loss, line)
    return None if moved is None else Excuse(Reason.MOVED, moved)
