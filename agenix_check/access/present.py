"""Who can read what in one tree."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from agenix_check.access.entries import Declarations, Entry, Made, Who, read_outputs, read_sources
from agenix_check.access.key_book import KeyBook
from agenix_check.age import fingerprint
from agenix_check.discover.declared.masters import EXTRA_KEYS
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyText
from agenix_check.discover.tree.naming import OutputFile, Place, Trace, output_file
from agenix_check.model.access import Readable, Reader, ReaderKind, Shown
from agenix_check.model.frozen import NOTHING, frozen
from agenix_check.model.lost import Lost

_BEST = {Shown.ADDRESSED: 0, Shown.ANONYMOUS: 1, Shown.NAMED: 2}
_KINDS = tuple(ReaderKind)


@frozen
class Scenery:
    """A tree, and what explains its outputs: in it, in the tree beside it, and in history.

    `expected` are what declared outputs are made for and from, by path. `key_names` are what people
    call keys, by their text without a comment.
    """

    tree: Evidence
    beside: Evidence
    traces: Mapping[str, Trace]
    traces_beside: Mapping[str, Trace]
    lost: Mapping[str, Lost]
    declared: Declarations
    expected: Mapping[str, Made] = NOTHING
    key_names: Mapping[str, str] = NOTHING

    def made(self, output: OutputFile) -> Made:
        """Return for which key an output was made, and from which secrets."""
        if output.path in self.expected:
            return self.expected[output.path]
        for traces, tree in ((self.traces, self.tree), (self.traces_beside, self.beside)):
            made = traces.get(output.ident)
            if made is not None and made.key in tree.keys and made.source in tree.sources:
                return Made(tree.keys[made.key].text, tree.sources[made.source])
        lost = self.lost.get(output.path)
        if lost is not None and (lost.key_text is not None or lost.sources):
            return Made(lost.key_text, self.tree.sources.get(lost.source or "", lost.sources))
        return self._replaced.get(output.place, Made(None, ()))

    @cached_property
    def _replaced(self) -> Mapping[Place, Made]:
        """What stands beside at the places at which nothing here is explained, or is declared.

        What was left stale before the base is an older version of it, if nothing else is known.
        """
        found: dict[Place, Made] = {}
        for file in self.beside.outputs.values():
            made = self.traces_beside.get(file.ident)
            if made is not None:
                text, sources = self.beside.keys[made.key].text, self.beside.sources[made.source]
                known = found.get(file.place, Made(text, ())).secrets
                found[file.place] = Made(text, tuple(sorted({*known, *sources})))
        for path, wanted in self.expected.items():
            named = output_file(path)
            if named is not None:
                found[named.place] = wanted
        for file in self.tree.outputs.values():
            if file.ident in self.traces or file.path in self.expected:
                found.pop(file.place, None)
        return found

    def made_of(self, secrets: Collection[str] | None) -> dict[str, Made]:
        """Return what outputs were made for and from, by path; with `secrets`, of these alone."""
        outputs = self.tree.outputs.values()
        if secrets is None:
            return {output.path: self.made(output) for output in outputs}
        wanted = frozenset(secrets)
        others = self.tree.sources.keys() - {
            digest for digest, paths in self.tree.sources.items() if not wanted.isdisjoint(paths)
        }
        found: dict[str, Made] = {}
        for output in outputs:
            # Of a large fleet most outputs are of other secrets, so they cost next to nothing.
            trace = self.traces.get(output.ident)
            if trace is not None and trace.source in others and output.path not in wanted:
                continue
            made = self.made(output)
            if output.path in wanted or not wanted.isdisjoint(made.secrets):
                found[output.path] = made
        return found


def find_readers(scenery: Scenery, secrets: Collection[str] | None = None) -> tuple[Reader, ...]:
    """Return all readers of a tree, sorted; with `secrets`, of these alone."""
    book = make_book(scenery)
    return group_entries(find_entries(scenery, book, secrets), book, scenery)


def make_book(scenery: Scenery) -> KeyBook:
    """Return all keys that the readers of a tree may have, those of the tree first."""
    declared = scenery.declared
    recipients = {*declared.masters, *(one for rule in declared.rules.values() for one in rule)}
    return KeyBook(
        scenery.tree.keys.values(),
        scenery.beside.keys.values(),
        (KeyText(one.text, ()) for one in recipients),
        (KeyText(one.key_text, one.keys) for one in scenery.lost.values()),
    )


def find_entries(
    scenery: Scenery, book: KeyBook, secrets: Collection[str] | None = None
) -> Iterator[Entry]:
    """Yield who can read what, file by file."""
    tree, declared = scenery.tree, scenery.declared
    made = scenery.made_of(secrets)
    paths = {path for path, fact in tree.facts.items() if isinstance(fact, AgeFact | PointerFact)}
    paths |= declared.rules.keys() | declared.sources
    if secrets is not None:
        paths.intersection_update(secrets)
    yield from read_outputs((tree.outputs[path] for path in made), made, tree, book, declared)
    yield from read_sources(sorted(paths), tree, book, declared)


def group_entries(entries: Iterable[Entry], book: KeyBook, scenery: Scenery) -> tuple[Reader, ...]:
    """Gather what each key can read, under each of its names."""
    secrets: dict[Who, dict[str, Shown]] = {}
    nodes: dict[Who, set[str]] = {}
    kinds: dict[Who, set[ReaderKind]] = {}
    for who, kind, node, secret, shown in entries:
        known = secrets.setdefault(who, {})
        if secret not in known or _BEST[shown] < _BEST[known[secret]]:
            known[secret] = shown
        kinds.setdefault(who, set()).add(kind)
        if node is not None:
            nodes.setdefault(who, set()).add(node)
    readers: list[Reader] = []
    for who, readable in secrets.items():
        booked = book.keys.get(who.key or "")
        kind = next(one for one in _KINDS if one in kinds[who])
        place = scenery.declared.places.get(who.key or "", "")
        path = place if place in scenery.tree.files else booked.path if booked else None
        rows = tuple(Readable(*one) for one in sorted(readable.items()))
        mark = fingerprint(booked.recipient) if booked else None
        names = sorted(nodes.get(who, ())) or [_name(who, book, scenery)]
        readers += [Reader(kind, name, who.key, mark, path, rows) for name in names]
    return tuple(sorted(readers, key=reader_key))


def reader_key(reader: Reader) -> tuple[int, str, str]:
    """Order readers: nodes, masters, keys of rules, others; total."""
    return _KINDS.index(reader.kind), reader.name, reader.key or ""


def _name(who: Who, book: KeyBook, scenery: Scenery) -> str:
    """Return what people call a key that is no node's: its name in Nix, its file, its comment."""
    if who.key is None:
        return who.words
    if who.key in scenery.key_names:
        return scenery.key_names[who.key]
    place = scenery.declared.places.get(who.key)
    if place is not None and place != EXTRA_KEYS:
        return place
    booked = book.keys.get(who.key)
    if booked is None:
        return who.key
    if booked.path is not None and booked.path.endswith(".pub"):
        return booked.path
    if booked.comments:
        return booked.comments[0]
    return booked.path or fingerprint(booked.recipient)
