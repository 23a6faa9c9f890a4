"""Keys that were replaced in one of their files and live on in another: since when.

Outputs made for such a key are still explained, so nothing in the tree is amiss; only history shows
that a file held the key once, and holds another one that nothing is made for.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from agenix_check.discover.tree.answered import tips_of, touched_since
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import find_fact
from agenix_check.discover.tree.key_texts import KeyTexts, bare
from agenix_check.discover.tree.naming import Trace, output_file
from agenix_check.discover.tree.outgrown import brought_outputs
from agenix_check.git.cache import Store
from agenix_check.git.history import LineCommit, read_commits, read_versions
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import changes, is_ancestor, parents_of
from agenix_check.git.snapshot import File
from agenix_check.model.lost import Lost, Rotated
from agenix_check.view import View

_STORED_ROTATIONS = "rotations"
_ROTATIONS_FORMAT = 3
_MOST_ANSWERS = 20_000  # files that are known never to have held a key
_MOST_SHOWN = 3  # files that a sentence names

_Asked = tuple[str, str, str]  # a file, and the directory and the key of outputs
Rotations = dict[tuple[str, str], Rotated]  # what became of keys, by directory and key
Made = Mapping[tuple[str, str], AbstractSet[str]]  # idents, by the directory and key of outputs


def find_made(
    here: Evidence, traces: Iterable[Mapping[str, Trace]], lost: Mapping[str, Lost]
) -> Made:
    """Return which outputs are made for keys that are still here, also those out of date."""
    made: dict[tuple[str, str], set[str]] = defaultdict(set)
    known = tuple(traces)
    for file in here.outputs.values():
        trace = next((one[file.ident] for one in known if file.ident in one), None)
        key = None if trace is None else trace.key
        if key is None and (past := lost.get(file.path)) is not None:
            key = past.key if past.before is None else past.before[0]
        if key is not None and key in here.keys:
            made[file.directory, key].add(file.ident)
    return made


def find_rotated(
    view: View, here: Evidence, made: Made, spare: Iterable[str], store: Store
) -> tuple[Rotations, Rotations, tuple[str, ...]]:
    """Return the keys that were replaced, those that may have been, and what was not looked at.

    What may have been shows only in history that is not here. `spare` are the files that hold a key
    which no output is made for.
    """
    known = store.load(_STORED_ROTATIONS, dict[str, str], number=_ROTATIONS_FORMAT) or {}
    tips = tips_of(view)
    asked = _not_known(view, here, list(_likely(here, made, spare)), known, tips)
    if not asked:
        return {}, {}, ()
    paths = sorted({path for path, _, _ in asked})
    history = _Replacements(view, paths, {bare(here.keys[key].text or "") for _, key in made})
    if not history.is_whole:
        shown = ", ".join(paths[:_MOST_SHOWN])
        more = f" and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
        maybe = {(directory, key): Rotated(path, None) for path, directory, key in asked}
        return {}, maybe, (f"{shown}{more}: {_NOT_SEEN}",)
    idents: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for (directory, key), some in made.items():
        idents[directory, bare(here.keys[key].text or "")] |= some
    found: Rotations = {}
    for path, directory, key in asked:
        text = here.keys[key].text or ""
        commit = history.when_replaced(path, text)
        if commit is None:
            # What this change does to a file, history will show when it is committed; and what
            # is another host's key today may be nobody's later.
            if not history.is_open(path) and not history.losses_of(path, text):
                known[_sign(here, path, key)] = " ".join(tips)
            continue
        view.snapshot.refuse_left_out()
        if not history.has_born(commit, directory, idents[directory, bare(text)]):
            found.setdefault((directory, key), Rotated(path, commit))
    store.save(_STORED_ROTATIONS, known, number=_ROTATIONS_FORMAT, most=_MOST_ANSWERS)
    return found, {}, ()


_NOT_SEEN = (
    "history that would show whether it once held the key of an output is not all here "
    "(git fetch --unshallow; in CI, fetch-depth: 0)"
)


def _likely(here: Evidence, made: Made, spare: Iterable[str]) -> Iterable[_Asked]:
    """Give files that may have held the key of outputs, with the directory and the key.

    Files of this host by their name; where no such file holds the key, those too that have nothing
    but keys, or keys of other hosts: a list. A file of another host that was copied is neither.
    """
    words = hosts_in_paths({directory for directory, _ in made})
    lists: dict[str, set[str]] = defaultdict(set)  # the directories whose keys a file has
    for directory, key in made:
        for path in here.keys[key].paths:
            lists[path].add(directory)
    files = sorted(spare)
    for directory, key in sorted(made):
        holders = here.keys[key].paths
        speaks = words[directory].search
        if not holders:
            continue
        is_there = any(map(speaks, holders))
        for path in files:
            if path in holders:
                continue
            if speaks(path) or (
                not is_there and (_is_of_keys(here, path) or lists[path] - {directory})
            ):
                yield path, directory, key


def _is_of_keys(here: Evidence, path: str) -> bool:
    fact = here.facts.get(path)
    return isinstance(fact, KeyTexts) and fact.whole is not None


def hosts_in_paths(directories: Iterable[str]) -> "dict[str, re.Pattern[str]]":
    """Return for each directory what finds its own part of the name, the host, in a path."""
    split = {directory: directory.split("/") for directory in directories}
    common = set.intersection(*(set(parts) for parts in split.values())) if split else set()
    own = {
        directory: [part for part in parts if part not in common] or parts[-1:]
        for directory, parts in split.items()
    }
    return {
        directory: re.compile(
            f"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, parts))})(?![0-9A-Za-z])"
        )
        for directory, parts in own.items()
    }


def _not_known(
    view: View,
    here: Evidence,
    likely: Sequence[_Asked],
    known: Mapping[str, str],
    tips: Sequence[str],
) -> list[_Asked]:
    """Return what has to be asked: `known` says up to which commits a file never lost a key.

    It does not say so of a file that other commits, which lead to these, touched.
    """
    asked: list[_Asked] = []
    before: dict[str, list[_Asked]] = defaultdict(list)
    for one in likely:
        then = known.get(_sign(here, one[0], one[2]))
        if then is None:
            asked.append(one)
        elif then != " ".join(tips):
            before[then].append(one)
    for then, some in before.items():
        paths = {path for path, _, _ in some}
        touched = touched_since(view.repository.git, tips, then.split(), paths)
        asked += [one for one in some if touched is None or one[0] in touched]
    return asked


def _sign(here: Evidence, path: str, key: str) -> str:
    """Return a name for a key and a file with the content that it has."""
    return f"{key} {here.files[path].oid} {path}"


class _Replacements:
    """What happened to some files, and to the outputs beside."""

    def __init__(self, view: View, paths: list[str], used: AbstractSet[tuple[str, ...]]) -> None:
        self._used = used
        repository, snapshot = view.repository, view.snapshot
        self._repository = repository
        self._git = repository.git
        parents = parents_of(repository, snapshot)
        self._tips = tips_of(view)
        self._last: tuple[LineCommit, ...] = ()
        if snapshot.commit is None and parents:
            steps = tuple(changes(repository, parents[0], snapshot.tree))
            self._last = (LineCommit("", parents, steps),)
        events = read_versions(self._git, self._tips, paths) if self._tips else []
        self.is_whole = events is not None and not repository.shallow
        # The newest first; but a merge did it only if none of its sides did.
        merges = [one for one in events or () if len(one.parents) > 1]
        self._events = [one for one in events or () if len(one.parents) < 2][::-1] + merges[::-1]
        self._keys: dict[str, frozenset[str]] = {}
        files = [
            file
            for commit in self._events
            for one in commit.changes
            for file in (one.before, one.after)
            if file is not None
        ]
        for oid, size, data, sha256 in read_blobs(self._git, sorted({one.oid for one in files})):
            fact = find_fact(data, size, sha256)
            self._keys[oid] = frozenset(fact.texts() if isinstance(fact, KeyTexts) else ())

    def when_replaced(self, path: str, text: str) -> str | None:
        """Return the commit that replaced a key in a file, by one that nothing is made for.

        None where it took it away only, or for another host.
        """
        for commit, before, after in self.losses_of(path, text):
            gained = {bare(key) for key in after} - {bare(key) for key in before}
            return commit if gained - self._used else None
        return None

    def losses_of(self, path: str, text: str) -> list[tuple[str, frozenset[str], frozenset[str]]]:
        """Return the commits that took a key from a file, with its keys before and after."""
        return [
            (commit.oid, before, after)
            for commit in self._events
            for one in commit.changes
            if one.path == path
            and text in (before := self._of(one.before))
            and text not in (after := self._of(one.after))
        ]

    def has_born(self, since: str, directory: str, idents: AbstractSet[str]) -> bool:
        """Return whether that commit, a later one or this change brought an output of a directory.

        In that commit itself it may be moved: whoever moves it knows whose key it is.
        """
        if any(brought_outputs(one) & idents for one in self._last):
            return True
        itself = (one for commit in read_commits(self._git, [since]) for one in commit.changes)
        came = (output_file(one.path) for one in itself if one.before is None)
        if any(file and file.directory == directory and file.ident in idents for file in came):
            return True
        commits = read_versions(self._git, (*self._tips, f"^{since}"), [directory]) or []
        births = [one.oid for one in commits if brought_outputs(one) & idents]
        return any(
            brought_outputs(one) & idents and is_ancestor(self._repository, since, one.oid)
            for one in read_commits(self._git, births)
        )

    def is_open(self, path: str) -> bool:
        """Return whether the change that is judged, and in no commit yet, touches a file."""
        return any(one.path == path for commit in self._last for one in commit.changes)

    def _of(self, file: File | None) -> frozenset[str]:
        return frozenset() if file is None else self._keys.get(file.oid, frozenset())
