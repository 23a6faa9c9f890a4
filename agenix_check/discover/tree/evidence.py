"""What one tree says by itself: its outputs, its keys and its sources, by where they are."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.facts import (
    AgeFact,
    Fact,
    LinkFact,
    LockedFact,
    MissingFact,
    PointerFact,
    find_fact,
)
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.key_texts import (
    KeyRoom,
    KeyText,
    KeyTexts,
    Reading,
    digest,
    reading,
)
from agenix_check.discover.tree.naming import LEFTOVER, OutputFile, Trace, output_file
from agenix_check.git.links import Followed, follow
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, Change, File, Snapshot
from agenix_check.model.frozen import frozen

LOCK = "agenix-check.lock"
FLAKE = "flake.nix"
SMALL = (".age", ".nix", ".pub")  # files that are so small that Git need not say first how large

# What holds neither a key nor a source, and is what most partial clones leave out.
_MEDIA = re.compile(
    r"\.(7z|aac|avif|bmp|bz2|cpio|flac|gif|gz|heic|icns|ico|iso|jpe?g|jxl|m4a|mkv|mov|mp[34]|ogg|otf"
    r"|pdf|png|psd|svg|tar|tgz|tiff?|ttf|wav|webm|webp|woff2?|xcf|xz|zip|zst)",
    re.IGNORECASE,
)
_PROMISING = (".age", ".nix", ".pub")
_WITH_KEYS = re.compile(r"(\.(pub|keys?|nix|toml|json|ya?ml|txt))?", re.IGNORECASE)


@frozen
class Evidence:
    """One tree, read for what names alone can tell.

    `keys` are by the SHA-256 of their text, `sources` by the SHA-256 of their content (of an LFS
    pointer: by that of what it points to), both in hexadecimal.
    """

    files: Mapping[str, File]
    facts: Mapping[str, Fact]
    outputs: Mapping[str, OutputFile]
    keys: Mapping[str, KeyText]
    sources: Mapping[str, tuple[str, ...]]

    def follow(self, path: str) -> Followed:
        """Return where a path leads by the links of this tree; one that is not here, outside."""
        return follow(path, self.files, self._target)

    def fact(self, path: str) -> Fact | None:
        """Return what the file says that a path leads to by the links of this tree."""
        fact = self.facts.get(path)
        if fact is not None and not isinstance(fact, LinkFact):
            return fact
        found = self.follow(path)
        return None if found.obstacle else self.facts.get(found.path)

    @property
    def is_legible(self) -> bool:
        """Whether each file shows what it holds, and none is a submodule."""
        kinds = {type(fact): fact for fact in self.facts.values()}
        if not all(map(shows_all, kinds.values())):
            return False
        if any(fact.cut for fact in self.facts.values() if isinstance(fact, KeyTexts)):
            return False
        return SUBMODULE not in {mode for _, mode, _ in self.files.values()}

    def has_made(self, pair: Trace) -> bool:
        """Return whether the tree has a key and a source: then it explains what they make."""
        return pair.key in self.keys and pair.source in self.sources

    def has_link_to(self, paths: Iterable[str]) -> bool:
        """Return whether one of its links leads to one of some files, here or not."""
        links = (path for path, fact in self.facts.items() if isinstance(fact, LinkFact))
        ends = {self.follow(path).path for path in links}
        return bool(ends) and not ends.isdisjoint(paths)

    def reading(self, key: str) -> Reading | None:
        """Return the least that was done to have a key, by digest, from any file of the tree.

        None where another file has it too, such as a module: there it may be a string.
        """
        text, paths = self.keys[key]
        if text is None or not paths:
            return None
        found = [reading(self.facts.get(path), text) for path in paths]
        return None if None in found else min(one for one in found if one is not None)

    def _target(self, link: File) -> str:
        fact = self.facts.get(link.path)
        return fact.target if isinstance(fact, LinkFact) else "/"


def shows_all(fact: Fact | None) -> bool:
    """Return whether a fact says what its file holds, and not why nobody knows that."""
    if isinstance(fact, LinkFact | LockedFact | MissingFact):
        return False
    return not (isinstance(fact, KeyTexts) and fact.cut)


def is_outside_fleet(path: str) -> bool:
    """Return whether a file is one that neither keys nor sources are taken from."""
    return LEFTOVER in path or path == LOCK


def is_media(path: str) -> bool:
    """Return whether a file's name says that it holds neither a key nor a source."""
    if path.endswith(_PROMISING):  # nearly all; all of history asks
        return False
    return _MEDIA.fullmatch(posixpath.splitext(path)[1]) is not None


def may_hold_keys(path: str) -> bool:
    """Return whether a file's name looks like that of one with keys."""
    return _WITH_KEYS.fullmatch(posixpath.splitext(path)[1]) is not None


def may_hold_parts(path: str) -> bool:
    """Return whether a file's name looks like that of a source, or of a file with keys."""
    return path.endswith(".age") or may_hold_keys(path)


def find_facts(repository: Repository, files: Iterable[File]) -> dict[str, Fact]:
    """Read files in one go and return the facts of those that are of interest, by path."""
    paths: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    for path, mode, oid in files:
        if mode == SYMLINK:
            links.setdefault(oid, []).append(path)
        elif mode != SUBMODULE:
            paths.setdefault(oid, []).append(path)
    small = [oid for oid, where in paths.items() if where[0].endswith(SMALL)]
    found: dict[str, Fact] = {}
    room = KeyRoom()
    for oid, size, data, sha256 in read_blobs(repository.git, {**paths, **links}, small):
        if oid in paths and (fact := find_fact(data, size, sha256)) is not None:
            if isinstance(fact, KeyTexts):
                room.take(fact)
            for path in paths[oid]:
                found[path] = fact
        if oid in links:
            found.update(dict.fromkeys(links[oid], _link_fact(data, size)))
    return found


def _link_fact(data: bytes, size: int) -> Fact:
    if size < 0 or len(data) < size:
        return MissingFact("is a symbolic link that cannot be read")
    return LinkFact(to_text(data))


def read_facts(repository: Repository, snapshot: Snapshot, memory: Memory) -> dict[str, Fact]:
    """Return the facts of a snapshot's files, by path; only directories that are new are read."""
    if snapshot.left_out:  # what is remembered of directories has the facts of all their files
        read = memory.found.facts
        unread = [file for path, file in snapshot.files.items() if path not in read]
        found = {path: fact for path, fact in read.items() if fact is not None}
        return found | find_facts(repository, unread)
    directories: dict[str, list[File]] = {}
    for file in snapshot.files.values():
        directories.setdefault(file.path.rpartition("/")[0], []).append(file)
    facts: dict[str, Fact] = {}
    unknown: list[str] = []
    for directory in directories:
        known = memory.recall(snapshot.directories[directory])
        if known is None:
            unknown.append(directory)
        else:
            start = f"{directory}/" if directory else ""
            facts.update({start + name: fact for name, fact in known.items()})
    found = find_facts(repository, [file for name in unknown for file in directories[name]])
    for directory in unknown if memory.keeps else ():
        own = [file.path for file in directories[directory] if file.path in found]
        names = {path.rpartition("/")[2]: found[path] for path in own}
        memory.keep(snapshot.directories[directory], names)
    memory.save()
    return facts | found


def classify(files: Mapping[str, File], facts: Mapping[str, Fact]) -> Evidence:
    """Sort a tree's files into outputs, keys and sources.

    The lock file repeats what others declare, and may be out of date.
    """
    outputs = {path: output for path in files if (output := output_file(path)) is not None}
    texts: dict[str, list[str]] = {DUMMY_RECIPIENT: [], DUMMY_RECIPIENT + "\n": []}
    keys: dict[str, tuple[str | None, list[str]]] = {}
    sources: dict[str, list[str]] = {}
    for path, fact in facts.items():
        if path in outputs or is_outside_fleet(path):
            continue
        if isinstance(fact, AgeFact | PointerFact):
            sources.setdefault(fact.sha256, []).append(path)
        elif isinstance(fact, KeyTexts):
            for text in fact.texts():
                texts.setdefault(text, []).append(path)
            for hidden in fact.hidden:
                keys.setdefault(hidden, (None, []))[1].append(path)
    for text, paths in texts.items():
        keys.setdefault(digest(text), (text, []))[1].extend(paths)
    return Evidence(
        files=files,
        facts=facts,
        outputs=outputs,
        keys={key: KeyText(text, tuple(sorted(paths))) for key, (text, paths) in keys.items()},
        sources={sha: tuple(sorted(paths)) for sha, paths in sources.items()},
    )


def base_evidence(
    snapshot: Snapshot, evidence: Evidence, changes: Iterable[Change], facts: Mapping[str, Fact]
) -> Evidence:
    """Return the base's evidence: the snapshot's with the changes taken back.

    `facts` are those of the changed files as the base has them.
    """
    files = dict(snapshot.files)
    kept = dict(evidence.facts)
    for change in changes:
        files.pop(change.path, None)
        kept.pop(change.path, None)
        if change.before is not None:
            files[change.path] = change.before
    return classify(files, kept | dict(facts))
