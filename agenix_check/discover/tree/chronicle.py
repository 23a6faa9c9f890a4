"""All that the commits at hand ever held of secrets: which content was where, from when to when.

One pass over history, parents first. Commits do not change, so what was found is remembered,
and the next pass sees the new ones only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from agenix_check.discover.tree.evidence import SMALL, is_media, may_hold_parts
from agenix_check.discover.tree.facts import Fact, MissingFact, find_fact
from agenix_check.discover.tree.facts_cache import FlatFact, flatten_fact, revive_fact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.git.cache import Store
from agenix_check.git.every_commit import (
    PastChange,
    are_reached,
    differ_from,
    find_standing_tips,
    find_tips,
    read_every_change,
)
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository, commit_snapshot
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.model.frozen import frozen

_STORED_CHRONICLE = "chronicle"
_CHRONICLE_FORMAT = 5
_MOST_SPANS = 2_000_000
_LARGEST_PLAIN = 1 << 16  # bytes of a file that may be a secret in plain text
_NO_SECRETS = (".nix", ".md", ".lock", ".pub")  # endings of files that are none


class Held(NamedTuple):
    """A file and a content that it had, as a Git object id."""

    path: str
    oid: str


class Span(NamedTuple):
    """The first commit with a content, and the one that ended it last.

    `until` is None while one of `Chronicle.tips` has it. `…_on` are dates in seconds since 1970,
    `…_at` places in the order of `PastChange`.
    """

    begun: str
    begun_on: int
    begun_at: int
    until: str | None
    until_on: int
    until_at: int

    def meets(self, other: "Span") -> bool:
        """Return whether two contents may have been there at the same time."""
        over = self.until is not None and self.until_at <= other.begun_at
        was_over = other.until is not None and other.until_at <= self.begun_at
        return not (over or was_over)


_When = tuple[int, int, str]  # a commit's place in the order, its date, and the commit
_Ends = dict[Held, _When]
_FlatEnds = dict[tuple[str, str], _When]


class _FlatRecord(TypedDict):
    tips: tuple[str, ...]
    late: dict[str, int]
    began: _FlatEnds
    ended: _FlatEnds
    facts: dict[str, FlatFact]
    sizes: dict[str, int]
    successors: dict[str, tuple[str, ...]]
    missing: dict[str, str]


@dataclass(slots=True)
class _Record:
    """What passes over history have found so far; see `Chronicle`.

    `late` is that of `read_every_change`. `missing` are contents that matter and are not in this
    clone, by object id, with a path.
    """

    tips: tuple[str, ...] = ()
    late: dict[str, int] = field(default_factory=dict)
    began: _Ends = field(default_factory=dict)
    ended: _Ends = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    successors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@frozen
class Chronicle:
    """What history holds of age files, outputs and keys.

    `spans` are of contents with a fact, and of small files that may be secrets; `facts`, and the
    `sizes` of texts in bytes, are by object id. `successors` are the paths that took a file's place
    when it went. `tips` are the files of `find_standing_tips`, with the names of these where
    the first of them has not the same. `current` are the files of `HEAD` and of the default
    branches; `submodules` are paths in these. `blind` says that a content which matters is not in
    this clone.
    """

    spans: Mapping[Held, Span]
    facts: Mapping[str, Fact]
    sizes: Mapping[str, int]
    successors: Mapping[str, tuple[str, ...]]
    tips: Mapping[Held, tuple[str, ...]]
    current: frozenset[Held]
    blind: bool
    submodules: tuple[str, ...] = ()

    @property
    def has_private_keys(self) -> bool:
        """Whether some commit has a private key that needs no passphrase."""
        return any(isinstance(one, KeyTexts) and one.private for one in self.facts.values())


def read_chronicle(repository: Repository, store: Store, revision: str | None) -> Chronicle:
    """Read the history of all refs, or of one commit.

    Raises `GitError` where it is not all here.
    """
    tips = find_tips(repository) if revision is None else [revision]
    named = f"{_STORED_CHRONICLE}{'' if revision is None else '-of-one'}"
    if repository.shallow:
        store = Store(None)  # of commits that seem to have no parents nothing is to last
    record = _load(store, named)
    if not are_reached(repository.git, record.tips, tips):
        record = _Record()
    missing = len(record.missing)
    _read(repository, record, record.missing)  # they may have been fetched since
    is_new = set(record.tips) != set(tips)
    if is_new:
        _pass_over(repository, record, tips)
        record.tips = tuple(tips)
    if is_new or len(record.missing) != missing:
        _forget(record)
        _save(store, named, record)
    return _conclude(repository, record, tips, revision)


def _pass_over(repository: Repository, record: _Record, tips: Sequence[str]) -> None:
    paths: dict[str, str] = {}
    gone: dict[str, list[str]] = {}
    come: dict[str, list[str]] = {}
    commit = ""
    for past in read_every_change(repository.git, tips, record.tips, record.late):
        if past.commit != commit:
            _note_successors(record, gone, come)
            gone, come, commit = {}, {}, past.commit
        path, before, after = past.change.path, past.change.before, past.change.after
        if not is_media(path):
            _note(record, paths, past, before, record.ended, latest=True)
            _note(record, paths, past, after, record.began, latest=False)
        if after is None:
            gone.setdefault(path.rpartition("/")[2], []).append(path)
        elif before is None:
            come.setdefault(path.rpartition("/")[2], []).append(path)
    _note_successors(record, gone, come)
    _read(repository, record, paths)


def _note(
    record: _Record,
    paths: dict[str, str],
    past: PastChange,
    file: File | None,
    ends: _Ends,
    *,
    latest: bool,
) -> None:
    """Note one end of a content; of several the first begin and the last end count."""
    if file is None or file.mode in (SYMLINK, SUBMODULE):
        return
    held = Held(file.path, file.oid)
    when = (past.at, past.date, past.commit)
    known = ends.get(held)
    if known is None or (known < when) == latest:
        ends[held] = when
    oid = file.oid
    if oid not in record.facts and oid not in record.sizes and oid not in record.missing:
        paths.setdefault(oid, file.path)


def _note_successors(
    record: _Record, gone: Mapping[str, list[str]], come: Mapping[str, list[str]]
) -> None:
    """Note what took a file's place: another of the same name in the same commit, if it is one."""
    for name, former in gone.items():
        new = come.get(name, [])
        if len(former) == 1 == len(new) and name != "default.nix":
            known = record.successors.get(former[0], ())
            record.successors[former[0]] = tuple(dict.fromkeys((*known, new[0])))


def _read(repository: Repository, record: _Record, paths: Mapping[str, str]) -> None:
    # All are taken to be small, those last that may not be: few histories have a large file.
    small = sorted(paths, key=lambda oid: not paths[oid].endswith(SMALL))
    found_missing: dict[str, str] = {}
    for oid, size, data, sha256 in read_blobs(repository.git, paths, small):
        fact = find_fact(data, size, sha256)
        if isinstance(fact, MissingFact):
            if may_hold_parts(paths[oid]):
                found_missing[oid] = paths[oid]
        elif fact is not None:
            record.facts[oid] = fact
        if size > 0 and (fact is None or isinstance(fact, KeyTexts)):
            record.sizes[oid] = size
    record.missing = {**dict(record.missing.items() - paths.items()), **found_missing}


def _forget(record: _Record) -> None:
    """Forget contents that say nothing of secrets, and cannot have been one in plain text.

    Which file becomes a secret later is not known yet, so all small ones that may are kept.
    """
    for ends in (record.began, record.ended):
        for held in [held for held in ends if not _matters(record, held)]:
            del ends[held]
    used = {held.oid for ends in (record.began, record.ended) for held in ends}
    record.sizes = {oid: size for oid, size in record.sizes.items() if oid in used}


def _matters(record: _Record, held: Held) -> bool:
    if held.oid in record.facts or held.oid in record.missing:
        return True
    small = record.sizes.get(held.oid, _LARGEST_PLAIN + 1) <= _LARGEST_PLAIN
    return small and may_be_plain_secret(held.path)


def may_be_plain_secret(path: str) -> bool:
    """Return whether a file may hold a secret in plain text, as far as its name shows."""
    return not path.endswith(_NO_SECRETS)


def _conclude(
    repository: Repository, record: _Record, tips: Sequence[str], revision: str | None
) -> Chronicle:
    ruling = {revision or repository.head, *(() if revision else repository.default_tips)}
    current: set[Held] = set()
    submodules: set[str] = set()
    for one in ruling.intersection(tips):
        files = commit_snapshot(repository, one).files.values() if one is not None else ()
        current |= {Held(file.path, file.oid) for file in files}
        submodules |= {file.path for file in files if file.mode == SUBMODULE}
    standing = find_standing_tips(repository) if revision is None else {revision: []}
    held = _files_of_tips(repository, standing)
    spans = {}
    for file, (begun_at, begun_on, begun) in record.began.items():
        if file.oid in record.missing:
            continue
        end = None if file in held else record.ended.get(file)
        until_at, until_on, until = end or (0, 0, None)
        spans[file] = Span(begun, begun_on, begun_at, until, until_on, until_at)
    return Chronicle(
        spans=spans,
        facts=record.facts,
        sizes=record.sizes,
        successors=record.successors,
        tips=held,
        current=frozenset(current),
        blind=bool(record.missing),
        submodules=tuple(sorted(submodules)),
    )


def _files_of_tips(
    repository: Repository, tips: Mapping[str, Sequence[str]]
) -> dict[Held, tuple[str, ...]]:
    """Return the files of some commits with the names of these; what the first has, with its."""
    trees: dict[str, list[str]] = {}
    snapshots = [(commit_snapshot(repository, one), names) for one, names in tips.items()]
    for snapshot, names in snapshots:
        trees.setdefault(snapshot.tree, []).extend(names)
    if not snapshots:
        return {}
    first, called = snapshots[0]
    held = {Held(file.path, file.oid): tuple(called) for file in first.files.values()}
    for tree, change in differ_from(
        repository.git, first.tree, sorted(trees.keys() - {first.tree})
    ):
        if change.after is not None:
            file = Held(change.path, change.after.oid)
            held[file] = (*held.get(file, ()), *trees[tree])
    return held


def _load(store: Store, name: str) -> _Record:
    value = store.load(name, _FlatRecord, number=_CHRONICLE_FORMAT, of_contents=True)
    if value is None:
        return _Record()
    return _Record(
        tips=value["tips"],
        late=value["late"],
        began=_revive_ends(value["began"]),
        ended=_revive_ends(value["ended"]),
        facts={oid: revive_fact(plain) for oid, plain in value["facts"].items()},
        sizes=value["sizes"],
        successors=value["successors"],
        missing=value["missing"],
    )


def _revive_ends(plain: _FlatEnds) -> _Ends:
    return {Held(*held): when for held, when in plain.items()}


def _save(store: Store, name: str, record: _Record) -> None:
    if len(record.began) > _MOST_SPANS:
        return
    value: _FlatRecord = {
        "tips": record.tips,
        "late": record.late,
        "began": {(*held,): when for held, when in record.began.items()},
        "ended": {(*held,): when for held, when in record.ended.items()},
        "facts": {oid: flatten_fact(fact) for oid, fact in record.facts.items()},
        "sizes": record.sizes,
        "successors": record.successors,
        "missing": record.missing,
    }
    store.save(name, {**value}, number=_CHRONICLE_FORMAT, of_contents=True)
