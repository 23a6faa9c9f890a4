"""The fleet as file names tell it: which outputs are explained, here and at the base."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING

from agenix_check.discover.tree.evidence import (
    Evidence,
    base_evidence,
    classify,
    find_facts,
    read_facts,
    shows_all,
)
from agenix_check.discover.tree.facts import Fact
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.key_texts import KeyText, KeyTexts, Reading, bare
from agenix_check.discover.tree.naming import OutputFile, Place, Trace, Traced
from agenix_check.discover.tree.tracing import made_outputs, trace_both, traces_within
from agenix_check.discover.tree.unstaged import (
    NOTHING_UNSTAGED,
    Unstaged,
    Waiting,
    look_for_unstaged,
)
from agenix_check.git.cache import Store
from agenix_check.git.history import last_changes
from agenix_check.git.repository import changes, is_partial_commit
from agenix_check.git.snapshot import Change
from agenix_check.model.activity import busy
from agenix_check.model.findings import Cause, CauseKind
from agenix_check.model.fleet import Fleet, Node, Output
from agenix_check.model.frozen import NOTHING, frozen, replace
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.tree.dangling import Dangling
    from agenix_check.model.lost import Lost, Outgrown, Rotated

_NO_EVIDENCE = Evidence(files={}, facts={}, outputs={}, keys={}, sources={})


@frozen
class Names:
    """What names say of a snapshot and of its base.

    `traces` and `traces_at_base` are the keys and sources of each tree by the ident that they make;
    `traced` says of an output how both trees explain it. `changed` are the paths in which the two
    differ, `commits` which commit changed a path last. `outgrown` are key texts, by digest, of
    which their file holds more now; `rotated` keys, by directory and digest, that a commit replaced
    in one of their files, `maybe_rotated` those of which history that is not here would show that.
    `lost` says of each output that nothing here explains since when, and what speaks for leaving
    it; `spoiled` why files that held its key as a whole are no key files now. `incomplete` says
    what is not readable, `undecided` what names alone cannot decide without it, `unjudged` are the
    outputs of `lost` that it may explain.
    `quiet`: every output is explained, none is gone or waits to be staged; `looked_aside`: the
    directories of the work tree that were read too (the next run may find more), else None;
    `shallow`: this clone's history ends early. `rewritten`: outputs with other bytes than at base.
    `dangling` are declarations of secrets that this change took away. `legible`: each file of both
    trees shows what it holds (none is a link or a submodule, locked, too large or missing).
    """

    here: Evidence
    base: Evidence
    traces: Mapping[str, Trace]
    traces_at_base: Mapping[str, Trace]
    changed: frozenset[str]
    outgrown: "Mapping[str, Outgrown]" = NOTHING
    rotated: "Mapping[tuple[str, str], Rotated]" = NOTHING
    maybe_rotated: "Mapping[tuple[str, str], Rotated]" = NOTHING
    unstaged: Unstaged = NOTHING_UNSTAGED
    commits: Mapping[str, str] = NOTHING
    lost: "Mapping[str, Lost]" = NOTHING
    spoiled: Mapping[str, str] = NOTHING
    incomplete: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    unjudged: frozenset[str] = frozenset()
    quiet: bool = False
    looked_aside: tuple[str, ...] | None = None
    shallow: bool = False
    skipped: tuple[str, ...] = ()
    rewritten: frozenset[str] = frozenset()
    dangling: "tuple[Dangling, ...]" = ()
    legible: bool = False

    def traced(self, output: OutputFile) -> Traced:
        """Return which key and source made an output's name, of the snapshot and of the base."""
        return Traced(self.traces.get(output.ident), self.traces_at_base.get(output.ident))

    def is_old(self, output: OutputFile) -> bool:
        """Return whether the base has an unexplained output too, at this place or another."""
        there = output.path in self.base.outputs or output.ident in self._idents_at_base
        return there and self.traced(output).base is None

    def cause(self, kind: CauseKind, path: str) -> Cause:
        """Return a cause with the commit that made it, where there is one."""
        return Cause(kind=kind, path=path, commit=self.commits.get(path))

    def at_base(self) -> "Names":
        """Return what names say of the base alone, with what history says of it."""
        outputs = self.base.outputs
        lost = {path: one for path, one in self.lost.items() if path in outputs}
        return Names(
            here=self.base,
            base=self.base,
            traces=self.traces_at_base,
            traces_at_base=self.traces_at_base,
            changed=frozenset(),
            lost={path: one for path, one in lost.items() if self.is_old(outputs[path])},
        )

    @cached_property
    def made(self) -> Mapping[Place, Trace]:
        """What made the explained outputs of the snapshot, by their place."""
        return made_outputs(self.here, self.traces)

    @cached_property
    def made_at_base(self) -> Mapping[Place, Trace]:
        """What made the explained outputs of the base, by their place."""
        return made_outputs(self.base, self.traces_at_base)

    @cached_property
    def sources_used(self) -> frozenset[str]:
        """The files that outputs of the snapshot are made from, declared or not."""
        made = (self.traces.get(file.ident) for file in self.here.outputs.values())
        digests = {one.source for one in made if one is not None}
        return frozenset(path for source in digests for path in self.here.sources[source])

    @cached_property
    def waiting(self) -> Mapping[Place, Waiting]:
        """The outputs that are in the work tree only, where the snapshot has no explained one."""
        outputs = self.unstaged.outputs
        return {place: one for place, one in outputs.items() if place not in self.made}

    @cached_property
    def lost_keys(self) -> Mapping[str, KeyText]:
        """What outputs that are lost were made for, by digest, with the files that held it."""
        return {
            one.key: KeyText(one.key_text, one.keys)
            for one in self.lost.values()
            if one.key is not None and not one.brought
        }

    @cached_property
    def lost_sources(self) -> Mapping[str, tuple[str, ...]]:
        """What outputs that are lost were made from, by digest: the files that held it."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.lost.values():
            if one.source is not None:
                found[one.source] = one.sources
            if one.before is not None:
                found.setdefault(one.before[1], one.sources)
        return found

    @cached_property
    def _idents_at_base(self) -> frozenset[str]:
        return frozenset(file.ident for file in self.base.outputs.values())


@busy("reading keys, sources and outputs")
def discover_names(view: View, memory: Memory, store: Store) -> Names:
    """Read a snapshot and its base, and history where outputs are not explained by these.

    Where a shallow clone lacks the base nothing counts as new, and the result is incomplete if
    that decides.
    """
    snapshot, base = view.snapshot, view.base
    here = classify(snapshot.files, read_facts(view.repository, snapshot, memory))
    changed: tuple[Change, ...] = ()
    if view.cut_off or (base is not None and base.tree == snapshot.tree):
        there = here
    elif base is None:
        there = _NO_EVIDENCE
        changed = tuple(Change(path, None, file) for path, file in snapshot.files.items())
    else:
        changed = tuple(changes(view.repository, base.tree, snapshot.tree))
        olds = [change.before for change in changed if change.before is not None]
        there = base_evidence(snapshot, here, changed, find_facts(view.repository, olds))
    traces = trace_both(here, there, memory.found.traces)
    legible = here.is_legible and all(shows_all(there.facts.get(one.path)) for one in changed)
    altered = _find_altered(view, here, there, (memory.found.traces, traces), store)
    if altered:
        same = here is there
        here = replace(here, facts={**here.facts, **altered})
        old = {
            one: fact for one, fact in altered.items() if here.files[one] == there.files.get(one)
        }
        there = here if same else replace(there, facts={**there.facts, **old})
    names = Names(
        here=here,
        base=there,
        traces=traces if there is here else traces_within(traces, here),
        traces_at_base=traces if there is here else traces_within(traces, there),
        changed=frozenset(change.path for change in changed),
        shallow=view.repository.shallow,
        rewritten=_find_rewritten(view, here, changed, store),
        dangling=_find_dangling(view, here, there, changed),
        legible=legible,
    )
    lost = _find_lost(view, names, changed, memory, store)
    names = replace(names, lost=lost)
    made = (names.traces.get(file.ident) for file in here.outputs.values())
    used = {one.key for one in made if one is not None}
    names = _find_outgrown(view, names, used, store)
    return _look_closer(view, _find_rotated(view, names, used, store))


def _find_altered(
    view: View, here: Evidence, base: Evidence, traces: Iterable[Mapping[str, Trace]], store: Store
) -> Mapping[str, Fact]:
    """Return the files that were altered after they were encrypted, with what they are then.

    Left out are sources of outputs: who made these could decrypt them.
    """
    explained = {made.source for known in traces for made in known.values()}
    asked = [path for sha, paths in here.sources.items() if sha not in explained for path in paths]
    if not asked:
        return {}
    from agenix_check.discover.tree.altered import find_altered

    return find_altered(view, here, base, asked, store)


def fleet_of(names: Names) -> Fleet:
    """Return the nodes and outputs that the names explain."""
    here = names.here
    outputs: list[Output] = []
    used: set[tuple[str, str]] = set()
    traces, sources = names.traces, here.sources
    texts = {key: text for key, (text, _) in here.keys.items()}
    make = partial(tuple.__new__, Output)
    for path, directory, ident, name in here.outputs.values():
        if ident in traces:
            key, source = traces[ident]
            used.add((directory, key))
            outputs.append(
                make((directory, name, path, ident, texts[key], sources[source], None, None))
            )
    keys: dict[str, list[str]] = {directory: [] for directory, _ in sorted(used)}
    for directory, key in used:
        text = here.keys[key].text
        keys[directory] += () if text is None else (text,)
    nodes = tuple(
        Node(name=directory, storage=directory, keys=tuple(sorted(texts)))
        for directory, texts in keys.items()
    )
    outputs.sort(key=attrgetter("path"))
    return Fleet(inventory="names", complete=False, nodes=nodes, outputs=tuple(outputs))


@busy("reading history")
def _find_lost(
    view: View, names: Names, changed: Sequence[Change], memory: Memory, store: Store
) -> "dict[str, Lost]":
    """Ask history what became of the outputs that nothing here explains."""
    here = names.here
    unexplained = [file for file in here.outputs.values() if file.ident not in names.traces]
    if not unexplained:
        return {}
    from agenix_check.discover.tree.lost_since import find_lost
    from agenix_check.discover.tree.walk import Question

    question = Question(
        view=view,
        here=here,
        base=names.base,
        made={**names.traces_at_base, **names.traces},
        changed=changed,
        unexplained=unexplained,
    )
    lost, walked = find_lost(question, store, memory)
    modules = [file for file in here.files.values() if file.path.endswith(".nix")]
    if modules:  # else what declares the fleet is elsewhere
        from agenix_check.discover.tree.mentions import excuse_unnamed

        secrets = {file.path: file.name for file in unexplained}
        lost, walked = excuse_unnamed(view, modules, lost, secrets, walked, store)
    if walked is not None:
        walked.save()
    return lost


def _find_outgrown(view: View, names: Names, used: AbstractSet[str], store: Store) -> Names:
    """Ask history about keys that are less than the whole file that they are read from."""
    here = names.here
    read = {key: how for key in used if (how := here.reading(key)) is not None}
    if not any(how > Reading.WHOLE for how in read.values()):
        return names
    from agenix_check.discover.tree.outgrown import find_outgrown

    found, unseen = find_outgrown(view, here, names.traces, read, store)
    return replace(names, outgrown=found, skipped=(*names.skipped, *unseen))


def _find_rotated(view: View, names: Names, used: AbstractSet[str], store: Store) -> Names:
    """Ask history about keys that were replaced where another file still has them."""
    spare = _find_spare(names.here, used) if names.here.outputs else None
    if not spare:
        return names
    from agenix_check.discover.tree.rotated import find_made, find_rotated

    made = find_made(names.here, (names.traces, names.traces_at_base), names.lost)
    spare = _find_spare(names.here, {key for _, key in made})
    found, maybe, unseen = find_rotated(view, names.here, made, spare, store)
    skipped = (*names.skipped, *unseen)
    return replace(names, rotated=found, maybe_rotated=maybe, skipped=skipped)


def _find_spare(here: Evidence, used: AbstractSet[str]) -> set[str]:
    """Return the files that hold a key which no output is made for, whatever its comment."""
    known = {bare(text) for key in used if (text := here.keys[key].text) is not None}
    return {
        path
        for text, paths in here.keys.values()
        if text is not None and text[:1] != "/" and bare(text) not in known
        for path in paths
    }


def _look_closer(view: View, names: Names) -> Names:
    """Ask what costs more, where something may be wrong: an output is not explained, or is gone."""
    here, there = names.here, names.base
    lost = [here.outputs[path] for path in names.lost]
    new = [file for file in lost if not names.is_old(file)]
    before = {} if there is here else there.outputs
    gone = [one for path, one in before.items() if path not in here.outputs]
    commits: Mapping[str, str] = {}
    unstaged = replace(NOTHING_UNSTAGED, partial=is_partial_commit())
    in_work_tree = view.snapshot.kind == "index" and view.repository.top is not None
    looked_aside: tuple[str, ...] | None = None
    if in_work_tree and (lost or gone or not _has_all(there, here)):
        looked_aside = tuple(sorted({file.directory for file in (*lost, *gone)}))
        unstaged = look_for_unstaged(view, here, lost, looked_aside)
        if not unstaged.outputs.keys() <= {one.place for one in here.outputs.values()}:
            view.snapshot.refuse_left_out()  # what it waits for may be in order
    rotated = any(isinstance(there.facts.get(path), KeyTexts) for path in names.changed)
    if new or gone or rotated:
        commits = _find_commits(view)
    names = replace(
        names,
        unstaged=unstaged,
        commits=commits,
        spoiled=_find_spoiled(view, names),
        looked_aside=looked_aside,
        quiet=not (lost or gone or unstaged.outputs),
    )
    unseen = any(one.unseen for one in names.lost.values())
    if names.legible and not unseen and (not lost or names.made or names.made_at_base):
        return names
    from agenix_check.discover.tree.unreadable import say_unreadable

    return say_unreadable(names, new=len(new))


def _find_rewritten(
    view: View, here: Evidence, changed: Sequence[Change], store: Store
) -> frozenset[str]:
    """Return the outputs whose bytes a change replaced."""
    edited = [one for one in changed if one.path in here.outputs and one.before and one.after]
    if not edited:
        return frozenset()
    from agenix_check.discover.tree.rewritten import find_rewritten

    return find_rewritten(view, edited, store)


def _find_dangling(
    view: View, here: Evidence, base: Evidence, changed: Sequence[Change]
) -> "tuple[Dangling, ...]":
    if any(one.after is None and one.path in base.facts for one in changed):
        from agenix_check.discover.tree.dangling import find_dangling

        return find_dangling(view, here, base, changed)
    return ()


def _find_commits(view: View) -> Mapping[str, str]:
    """Return which commit changed a path last, where both trees are those of commits."""
    base = view.base.commit if view.base else None
    if base is None or view.snapshot.commit is None:
        return {}
    return last_changes(view.repository.git, base, view.snapshot.commit)


def _find_spoiled(view: View, names: Names) -> Mapping[str, str]:
    lost = [one for one in names.lost.values() if one.past_key is not None and not one.brought]
    if not lost:
        return {}
    from agenix_check.discover.tree.spoiled import find_spoiled

    return find_spoiled(view.repository.git, names.here, names.base, lost)


def _has_all(tree: Evidence, other: Evidence) -> bool:
    """Return whether a tree has every key and every source of another one."""
    return tree.keys.keys() >= other.keys.keys() and tree.sources.keys() >= other.sources.keys()
