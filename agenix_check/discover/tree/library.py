"""What is known of contents, in whichever commit they are: keys, sources, and what they make.

A *part* is what an output's name is made from, a key or a source, as the SHA-256 digest of its
text or content in hexadecimal.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.evidence import (
    Evidence,
    is_media,
    is_outside_fleet,
    may_hold_parts,
)
from agenix_check.discover.tree.facts import AgeFact, Fact, MissingFact, PointerFact, find_fact
from agenix_check.discover.tree.key_texts import KeyRoom, KeyText, KeyTexts, digest
from agenix_check.discover.tree.naming import (
    MOST_PAIRS,
    MOST_PAIRS_IN_HISTORY,
    Pairs,
    Trace,
    output_file,
    trace,
)
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, Change, File
from agenix_check.model.lost import Past

PLACEHOLDERS = {digest(text): text for text in (DUMMY_RECIPIENT, DUMMY_RECIPIENT + "\n")}
NO_PARTS: frozenset[str] = frozenset()


class Tried(NamedTuple):
    """Idents that no pair of these keys and sources makes."""

    idents: frozenset[str]
    keys: frozenset[str]
    sources: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Library:
    """Contents that were seen, and what follows from them alone, whatever commit they are in.

    `parts` are by blob, for those that have any; `texts` are the key texts by digest, None where a
    private key is in one; `sources` the digests that are of sources; `made` says what made an
    ident; `past` which file had a part last, where no file has it any more. `blind` says that a
    content which may hold a key or a source is not in this clone. `tried` is what was tried before,
    `pairs` what may be tried still. `late` are the idents of `made` that all of history together
    explains, and no commit did; `late_before` what an earlier run found of such.
    """

    parts: dict[str, frozenset[str]] = field(default_factory=dict)
    texts: dict[str, str | None] = field(
        default_factory=lambda: dict[str, str | None](PLACEHOLDERS)
    )
    sources: set[str] = field(default_factory=set)
    made: dict[str, Trace] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    blind: bool = False
    late: set[str] = field(default_factory=set)
    late_before: dict[str, Trace] = field(default_factory=dict)
    tried: "Tried | None" = None
    room: KeyRoom = field(default_factory=KeyRoom)
    pairs: Pairs = field(default_factory=lambda: Pairs(MOST_PAIRS_IN_HISTORY))

    def read(self, git: Git, changes: Iterable[Change]) -> None:
        """Read the contents of files that changes name, on either side."""
        files = [file for one in changes for file in (one.before, one.after) if file is not None]
        self.read_files(git, files)

    def read_files(self, git: Git, files: Iterable[File]) -> None:
        """Read the contents of files, each once."""
        wanted = {
            file.oid: file.path
            for file in files
            if file.oid not in self.parts and may_have_parts(file)
        }
        small = [oid for oid, path in wanted.items() if path.endswith(".age")]
        for oid, size, data, sha256 in read_blobs(git, wanted, small):
            fact = find_fact(data, size, sha256)
            if isinstance(fact, MissingFact) and may_hold_parts(wanted[oid]):
                self.blind = True
            self.learn(oid, fact)

    def learn(self, oid: str, fact: Fact | None) -> None:
        """Take what a blob's fact says."""
        if isinstance(fact, AgeFact | PointerFact):
            self.sources.add(fact.sha256)
            self.parts[oid] = frozenset((fact.sha256,))
        elif isinstance(fact, KeyTexts):
            self.room.take(fact)
            keys = {digest(text): text for text in fact.texts()}
            self.texts.update(keys)
            self.texts.update(dict.fromkeys(fact.hidden))
            self.parts[oid] = frozenset((*keys, *fact.hidden))

    def take(self, tree: Evidence) -> dict[str, Sequence[str]]:
        """Take the parts of a tree; return the files that have each, as if they had been read."""
        found = {**{key: one.paths for key, one in tree.keys.items()}, **tree.sources}
        files = tree.files
        held: dict[str, Sequence[str]] = {}
        for part, paths in found.items():
            if some := [path for path in paths if may_have_parts(files[path])]:
                held[part] = some
        self.texts.update({key: one.text for key, one in tree.keys.items() if key in held})
        self.sources.update(tree.sources.keys() & held.keys())
        return held

    def of(self, file: File | None) -> frozenset[str]:
        """Return the parts that a file has; none where it is not there."""
        if file is None or not may_have_parts(file):
            return NO_PARTS
        return self.parts.get(file.oid, NO_PARTS)

    def search(self, idents: Iterable[str], parts: Iterable[str], others: Iterable[str]) -> None:
        """Learn what made some idents, of the keys among `parts` and the sources among `others`."""
        wanted = {ident for ident in idents if ident not in self.made}
        keys = {part: KeyText(self.texts[part], ()) for part in parts if part in self.texts}
        sources = [part for part in others if part in self.sources]
        if wanted and keys and sources:
            for some_keys, some_sources in self._untried(wanted, keys, sources):
                if len(some_keys) * len(some_sources) <= MOST_PAIRS:  # else it stays unknown
                    self.made.update(trace(wanted, some_keys, some_sources, self.pairs))
                    wanted -= self.made.keys()

    def search_late(self, idents: Iterable[str]) -> None:
        """Learn what made some idents, of all that was seen."""
        wanted = {ident for ident in idents if ident not in self.made}
        before = self.late_before
        self.made.update((ident, before[ident]) for ident in wanted & before.keys())
        self.search(wanted, self.texts, self.sources)
        self.late |= wanted & self.made.keys()

    def _untried(
        self, wanted: set[str], keys: dict[str, KeyText], sources: list[str]
    ) -> Iterator[tuple[dict[str, KeyText], list[str]]]:
        """Yield keys and sources in groups, without the pairs that are known to make none."""
        if self.tried is None or not wanted <= self.tried.idents:
            yield keys, sources
            return
        fresh = [source for source in sources if source not in self.tried.sources]
        yield {key: text for key, text in keys.items() if key in self.tried.keys}, fresh
        yield {key: text for key, text in keys.items() if key not in self.tried.keys}, sources


def may_have_parts(file: File) -> bool:
    """Return whether a file can be a source or hold a key: no output, no link, no picture."""
    return (
        file.mode not in (SYMLINK, SUBMODULE)
        and output_file(file.path) is None
        and not is_outside_fleet(file.path)
        and not is_media(file.path)
    )
