"""Outputs that a change leaves alone, so that only the others have to be looked at.

Of a large fleet in order it is remembered which key and which source made each output. An output is
settled if neither its file nor a file with its key or its source differs, in the snapshot or in the
base, from the tree of then. Of these a few stay: for each node, and for each source, one.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import NamedTuple, TypedDict

from agenix_check.discover.tree.carried import DECIDING_FILES, is_by_names_alone
from agenix_check.discover.tree.evidence import Evidence, find_facts, is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, Fact, PointerFact
from agenix_check.discover.tree.facts_cache import NOTHING_FOUND, Found
from agenix_check.discover.tree.key_texts import KeyText, KeyTexts, bare, digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import (
    IDENT_DIGITS,
    OutputFile,
    Trace,
    may_be_outputs,
    output_file,
    trace,
)
from agenix_check.errors import CannotCheckError
from agenix_check.git.known_trees import list_between
from agenix_check.git.snapshot import OID_AT, REGULAR, SUBMODULE, SYMLINK, Change, path_of
from agenix_check.model.findings import FileKind, JudgedFile, Verdict
from agenix_check.model.fleet import are_many
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import Settings
from agenix_check.view import View


class SettledTree(NamedTuple):
    """What made the outputs in order of a tree: their idents, one behind the other.

    By the digest of the source, and by that of the key. `kind` is that of the view.
    """

    kind: str
    tree: str
    by_source: Mapping[str, str]
    by_key: Mapping[str, str]

    @classmethod
    def of(cls, kind: str, tree: str, made: Iterable[tuple[str, Trace]]) -> "SettledTree":
        """Return one of idents in order, each with what made it."""
        sources: dict[str, list[str]] = defaultdict(list)
        keys: dict[str, list[str]] = defaultdict(list)
        for ident, (key, source) in made:
            sources[source].append(ident)
            keys[key].append(ident)
        by_source = {one: "".join(idents) for one, idents in sources.items()}
        return cls(kind, tree, by_source, {one: "".join(some) for one, some in keys.items()})


class FlatSettled(TypedDict):
    """A `SettledTree` as it is remembered."""

    kind: str
    tree: str
    by_source: dict[str, str]
    by_key: dict[str, str]


@frozen(kw_only=False)
class Beside:
    """Outputs that are looked at as one beside them comes, goes or changes.

    Those of its directory with its name or its source: of two that give a node one secret, neither
    alone says whether the node gains or loses it. Another directory's are for another key.
    `marks` are ends of file names, behind the ident, and digests of sources; `places` are these by
    directory.
    """

    marks: AbstractSet[str]
    places: AbstractSet[tuple[str, str]]

    @classmethod
    def of(cls, outputs: Sequence[OutputFile], sources: Mapping[str, str]) -> "Beside":
        """Return those of some outputs; `sources` are by their ident."""
        places = {(one.directory, f"-{one.name}.age") for one in outputs}
        places |= {(one.directory, sources[one.ident]) for one in outputs if one.ident in sources}
        return cls(frozenset(mark for _, mark in places), places)

    def has(self, directory: str, name: str, source: str) -> bool:
        """Return whether an output is one of them; most have none of `marks`, so ask that first."""
        return (directory, name) in self.places or (directory, source) in self.places


@frozen
class Rest:
    """What is left to look at: a view without outputs that are in order.

    `found` is what was found out about it already. `source_of` returns the source
    of an ident, None where it is not known; `settle` the tree as one whose outputs are settled,
    for views of a kind: None where it is remembered as another one.
    """

    view: View
    found: Found
    source_of: Callable[[str], str | None]
    settle: Callable[[str], SettledTree] | None = None

    def list_files(self, judged: Iterable[JudgedFile]) -> list[JudgedFile]:
        """Return the outputs that the view lacks; of each source and name one was judged."""
        sources: dict[tuple[str | None, str], str | None] = {}
        for one in judged:
            file = output_file(one.path)
            if file is not None:
                sources[self.source_of(file.ident), file.name] = one.source
        kind, make = FileKind.OUTPUT, partial(tuple.__new__, JudgedFile)
        files: list[JudgedFile] = []
        for record in self.view.snapshot.left_out:
            path = path_of(record)
            directory, _, file_name = path.rpartition("/")
            name = file_name[IDENT_DIGITS + 1 : -len(".age")]
            source = sources[self.source_of(file_name[:IDENT_DIGITS]), name]
            files.append(make((kind, directory, name, source, path, Verdict.OK, (), None, None)))
        return files


def find_settled(
    view: View, settings: Settings, names: Names, outputs: Sequence[JudgedFile], kind: str
) -> SettledTree | None:
    """Return what made the outputs of a large fleet; None where two nodes have one key."""
    here = names.here
    if not are_many(len(here.outputs)) or len(here.outputs) > len(outputs):
        return None
    if names.lost or names.shallow or not is_by_names_alone(view, settings):
        return None
    files = here.files
    if len({files[path].oid for path in here.outputs}) < len(here.outputs):
        return None
    if here.has_link_to(here.outputs):
        return None
    found = here.outputs.values()
    if min(len({one.place for one in found}), len({one.ident for one in found})) < len(found):
        return None
    in_order: list[tuple[str, Trace]] = []
    homes: set[tuple[str, str]] = set()
    for one in outputs:
        file = here.outputs[one.path]
        made = names.traces[file.ident]
        homes.add((file.directory, made.key))
        if one.verdict is Verdict.OK and not one.rules and files[one.path].mode == REGULAR:
            in_order.append((file.ident, made))
    if not len(homes) == len({home for home, _ in homes}) == len({key for _, key in homes}):
        return None
    return SettledTree.of(kind, view.snapshot.tree, in_order)


def have_own_keys(names: Names) -> bool:
    """Return whether each directory's outputs are for one key, and no other directory's are.

    Else one may be what became of the other, and both have to be seen whole.
    """
    if names.lost:
        from agenix_check.model.lost import Reason

        excuses = (one.excuse for one in names.lost.values() if one.excuse is not None)
        if any(excuse.reason is Reason.MOVED for excuse in excuses):
            return False
    sides = ((names.here, names.traces), (names.base, names.traces_at_base))
    return all(_are_apart(tree, traces) for tree, traces in sides)


def _are_apart(tree: Evidence, traces: Mapping[str, Trace]) -> bool:
    """Return whether each directory has one text of a key, and no other one has that key."""
    found = ((one.directory, traces.get(one.ident)) for one in tree.outputs.values())
    homes = {(directory, made.key) for directory, made in found if made is not None}
    keys = {bare(tree.keys[key].text or "") for _, key in homes}
    return len(homes) == len({home for home, _ in homes}) == len(keys)


def leave_out_settled(view: View, settings: Settings, known: SettledTree, kind: str) -> Rest | None:
    """Return a view without the outputs that are settled; None where too few are known to be.

    `known` is what was remembered; `kind` is that of the view.
    """
    if view.base is None or view.cut_off or known.kind != kind:
        return None
    here, before = view.snapshot.tree, view.base.tree
    pairs = [(one, here) for one in dict.fromkeys((known.tree, before)) if one != here]
    changes = list_between(view.repository, pairs)
    touched = None if changes is None else find_touched(view, changes)
    if changes is None or touched is None:
        return None
    broken = {
        ident
        for groups in (known.by_source, known.by_key)
        for part in touched & groups.keys()
        for ident in _split(groups[part])
    }
    settled: dict[str, str] = {}
    for source, idents in known.by_source.items():
        if source not in touched:
            settled.update(dict.fromkeys(_split(idents), source))
    for ident in broken:
        settled.pop(ident, None)
    if not are_many(len(settled)):
        return None
    try:
        beside = _find_beside(known, touched, settled, changes)
    except CannotCheckError:  # too many pairs: whoever looks at all says so
        return None
    records = view.snapshot.records
    chosen = _choose(records, len(here), settled, beside, changes)
    if chosen is None:
        return None
    kept, left_out = chosen
    if not are_many(len(left_out)):
        return None
    pruned = replace(view, snapshot=view.snapshot.with_listing(kept, left_out))
    if not is_by_names_alone(pruned, settings):
        return None
    return Rest(view=pruned, found=NOTHING_FOUND, source_of=settled.get)


def _find_beside(
    known: SettledTree, touched: set[str], settled: Mapping[str, str], changes: Sequence[Change]
) -> Beside:
    """Return what lies beside the outputs that come, go or change.

    Raises `CannotCheckError` if too many pairs would have to be tried.
    """
    outputs = [file for one in changes if (file := output_file(one.path)) is not None]
    idents = {one.ident for one in outputs}
    sources = {ident: settled[ident] for ident in idents if ident in settled}
    left = idents - sources.keys()
    for source, group in known.by_source.items() if left else ():
        sources.update(dict.fromkeys(left.intersection(_split(group)), source))
    new_keys, keys = ({one: KeyText(None, ()) for one in some} for some in (touched, known.by_key))
    for some, made_from in (
        (new_keys, (*touched, *known.by_source)),
        (keys, touched),
        (keys, known.by_source),
    ):
        made = trace(idents - sources.keys(), some, made_from)
        sources.update({ident: one.source for ident, one in made.items()})
    return Beside.of(outputs, sources)


def _split(idents: str) -> list[str]:
    return [idents[at : at + IDENT_DIGITS] for at in range(0, len(idents), IDENT_DIGITS)]


def find_touched(view: View, changes: Iterable[Change]) -> set[str] | None:
    """Return the keys and sources of changed files, by digest; None if more depends on them."""
    files = {file for one in changes for file in (one.before, one.after) if file is not None}
    for path, mode, _ in files:
        if mode in (SYMLINK, SUBMODULE) or is_outside_fleet(path):
            return None
        if posixpath.basename(path) in DECIDING_FILES:
            return None
    # One at a place: two versions of a file are two files here.
    numbered = [
        file._replace(path=f"{number}")
        for number, file in enumerate(one for one in files if output_file(one.path) is None)
    ]
    touched: set[str] = set()
    for fact in find_facts(view.repository, numbered).values():
        parts = _parts_of(fact)
        if parts is None:
            return None
        touched |= parts
    return touched


def _parts_of(fact: Fact) -> set[str] | None:
    if isinstance(fact, AgeFact | PointerFact):
        return {fact.sha256}
    if isinstance(fact, KeyTexts) and not fact.cut:
        return {*map(digest, fact.texts()), *fact.hidden}
    return None


def _choose(
    records: Sequence[str],
    digits: int,
    settled: Mapping[str, str],
    beside: Beside,
    changes: Sequence[Change],
) -> tuple[list[str], list[str]] | None:
    """Return the records that stay, and the others.

    Whatever has the name of an output that is not settled stays too; so does one output of each
    directory, and one for each source and name. None where a changed file has
    the content of one that would be left out.
    """
    start = OID_AT + digits + 1
    paths = {one.path for one in changes}
    sides = (file for one in changes for file in (one.before, one.after) if file is not None)
    oids = {file.oid for file in sides if output_file(file.path) is not None}
    near = {path[: path.rfind("/") + 1] for path in paths}
    near |= {one and f"{one}/" for one, _ in beside.places}
    names = [record.rpartition("/")[2] for record in records]
    sources = map(settled.get, [name[:IDENT_DIGITS] for name in names])
    kept, left_out = list[str](), list[str]()
    made: dict[str, set[str]] = defaultdict(set)
    last, has_outputs, is_near, is_shown = None, False, False, False
    for record, name, alike, source in zip(
        records, names, may_be_outputs(names), sources, strict=True
    ):
        if source is None or not (alike and record.startswith(REGULAR)):
            kept.append(record)
            continue
        above, secret = record[start : -len(name)], name[IDENT_DIGITS:]
        if above != last:
            last, is_near, is_shown = above, above in near, False
            file = output_file(record[start:])
            # Else a part of the directory's own name is an ident, or of leftovers.
            has_outputs = file is not None and file.name == secret[1:-4]
        if not has_outputs or (
            is_near and (record[start:] in paths or beside.has(above[:-1], secret, source))
        ):
            kept.append(record)
        elif not is_shown or secret not in made[source]:
            is_shown = True
            made[source].add(secret)
            kept.append(record)
        elif oids and record[start - digits - 1 : start - 1] in oids:
            return None
        else:
            left_out.append(record)
    return kept, left_out
