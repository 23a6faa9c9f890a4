"""A line of commits, taken step by step: which outputs lost their explanation, in which commit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agenix_check.discover.tree.library import NO_PARTS, PLACEHOLDERS, Library
from agenix_check.discover.tree.naming import OutputFile, Place, Trace, output_file
from agenix_check.git.snapshot import Change, File
from agenix_check.model.findings import CauseKind
from agenix_check.model.frozen import frozen
from agenix_check.model.lost import Excuse, Past

_EVERYWHERE = ""  # holds the placeholder key, which no file needs to hold


@dataclass(slots=True, kw_only=True)
class Loss:
    """An output that is lost, while its line goes on: see `model.lost.Lost`, which it ends as.

    `born` is the commit that brought it, `rekeys` how many commits since the loss brought outputs.
    `before` made the one that it took the place of, if it came without an explanation itself.
    """

    file: OutputFile
    made: Trace | None
    commit: str | None
    born: str | None
    brought: bool
    sources: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    source_gone: bool = False
    key_gone: bool = False
    kind: CauseKind = CauseKind.OUTPUT_CHANGED
    about: str = ""
    excuse: Excuse | None = None
    succeeds: bool = False
    rekeys: int = 0
    unseen: bool = False
    before: Trace | None = None

    @property
    def place(self) -> Place:
        """What stays the same when it is made anew."""
        return self.file.place


@frozen
class Step:
    """What one commit did to a line.

    `lost_parts` are the files that lost a part, by part; `gone` the parts that no file has any
    more; `taken` and `given` the files that went and came, outputs left out; `fresh` the outputs
    that are new (and not merely moved) by directory, `explained` those of them that the tree
    explains, `regained` outputs that were there before and are explained again; `replaced` outputs
    that went, and `unfixed` those of them that were lost already, by their place.
    """

    commit: str | None
    lost_parts: Mapping[str, Sequence[str]]
    gone: frozenset[str]
    taken: Mapping[str, File]
    given: Mapping[str, File]
    fresh: Mapping[str, Sequence[OutputFile]]
    explained: Sequence[OutputFile]
    regained: Sequence[OutputFile]
    replaced: Mapping[Place, Sequence[OutputFile]]
    unfixed: Mapping[Place, Loss]


class Known(NamedTuple):
    """What a line knows and its tree does not show.

    `keys` are those that outputs of a directory were ever made for; `unknown` the idents of which
    nobody knew what made them; `born` says which commit brought an output that was moved.
    """

    keys: dict[str, tuple[str, ...]]
    unknown: tuple[str, ...]
    born: dict[str, str | None]


class Line:
    """The tree at the newest commit of a line, and the outputs that were lost on the way.

    `spans` are the numbers of the commits that brought a directory its first and its last output;
    `casualties` say of each commit what it took the explanation from, by place.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.holders: dict[str, set[str]] = defaultdict(set)  # the files that have a part
        self.outputs: dict[str, OutputFile] = {}
        self.lost: dict[str, Loss] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self.casualties: dict[str | None, dict[Place, Trace]] = {}
        self.length = 0
        self._parts: dict[str, frozenset[str]] = {}  # of each file that has any
        self._places: dict[Place, set[str]] = defaultdict(set)  # the outputs of a place
        self._born: dict[str, str | None] = {}
        self._paths: dict[str, set[str]] = defaultdict(set)  # the outputs with an ident
        self._users: dict[str, set[str]] = defaultdict(set)  # the idents that a part makes
        self._keys: dict[str, set[str]] = defaultdict(set)  # those of a directory's outputs
        self._unknown: set[str] = set()  # idents of which nobody knows what made them
        self._namesakes: dict[str, dict[str, list[OutputFile]]] = {}  # of a key, till it changes
        self._moved: set[str] = set()  # the outputs that were at another path before
        for key in PLACEHOLDERS:
            self.holders[key].add(_EVERYWHERE)

    def load(
        self,
        outputs: Iterable[OutputFile],
        holders: Mapping[str, Iterable[str]],
        known: Known | None = None,
    ) -> None:
        """Begin with a tree: its outputs, and the files that have each part.

        `known` is what a line that came here knew; then nothing is searched.
        """
        parts: dict[str, set[str]] = defaultdict(set)
        for part, paths in holders.items():
            self.holders[part].update(paths)
            for path in paths:
                parts[path].add(part)
        self._parts = {path: frozenset(found) for path, found in parts.items()}
        files = list(outputs)
        for file in files:
            self._enter(file)
        if known is None:
            self._trace(files, ())
            return
        for directory, keys in known.keys.items():
            self._keys[directory].update(keys)
        self._unknown.update(known.unknown)
        self._born.update(known.born)
        self._moved.update(known.born)

    def known(self) -> Known:
        """Return what the tree does not show of the commits that led to it."""
        return Known(
            keys={directory: tuple(sorted(keys)) for directory, keys in self._keys.items() if keys},
            unknown=tuple(sorted(self._present())),
            born={path: self._born[path] for path in sorted(self._moved)},
        )

    def is_explained(self, file: OutputFile) -> bool:
        """Return whether the tree has the key and the source that made an output."""
        made = self.library.made.get(file.ident)
        return made is not None and all(self.holders.get(part) for part in made)

    def has(self, part: str) -> bool:
        """Return whether a file of the tree has a part."""
        return bool(self.holders.get(part))

    def others_with(self, key: str, name: str) -> Sequence[OutputFile]:
        """Return the outputs of a name that were made for a key."""
        by_name = self._namesakes.get(key)
        if by_name is None:  # it is asked for each of a node's outputs
            by_name = self._namesakes[key] = defaultdict(list)
            for ident in self._users.get(key, ()):
                for path in self._paths.get(ident, ()):
                    by_name[self.outputs[path].name].append(self.outputs[path])
        return by_name.get(name, ())

    def at_place(self, place: Place) -> Iterable[OutputFile]:
        """Give the outputs of one directory and name."""
        return (self.outputs[path] for path in sorted(self._places.get(place, ())))

    def parts_of(self, path: str) -> frozenset[str]:
        """Return the parts that a file has."""
        return self._parts.get(path, NO_PARTS)

    def take(self, commit: str | None, changes: Sequence[Change]) -> Step:
        """Apply a commit, and return what it did. `settle` then brings `lost` up to date."""
        removed: list[str] = []
        added: list[OutputFile] = []
        taken: dict[str, File] = {}
        given: dict[str, File] = {}
        lost_parts: dict[str, list[str]] = {}
        new_parts: list[str] = []
        for change in changes:
            path, before, after = change.path, change.before, change.after
            output = output_file(path)
            if output is None:
                if after is None and before is not None:
                    taken[path] = before
                elif before is None and after is not None:
                    given[path] = after
                self._exchange(path, after, lost_parts, new_parts)
            elif after is None:
                removed.append(path)
            elif before is None:
                added.append(output)
        gone = frozenset(part for part in lost_parts if not self.holders[part])
        self._forget(gone, lost_parts, commit)
        went = {path: self._leave(path) for path in removed if path in self.outputs}
        unfixed = {file.place: loss for path, file in went.items() if (loss := self.lost.get(path))}
        moved = self._move(went, added)
        fresh = [file for file in added if file.path not in moved]
        self._trace(fresh, (*new_parts, *gone))  # of what went they may be made too
        self._retry(new_parts)
        self._advance(added)
        by_directory: dict[str, list[OutputFile]] = defaultdict(list)
        for file in fresh:
            self._born[file.path] = commit
            self._moved.discard(file.path)
            by_directory[file.directory].append(file)
        replaced: dict[Place, list[OutputFile]] = defaultdict(list)
        for file in went.values():
            replaced[file.place].append(file)
        return Step(
            commit=commit,
            lost_parts=lost_parts,
            gone=gone,
            taken=taken,
            given=given,
            fresh=by_directory,
            explained=tuple(file for file in fresh if self.is_explained(file)),
            regained=self._regain() if new_parts or moved else (),
            replaced=replaced,
            unfixed=unfixed,
        )

    def losses(self, step: Step) -> list[Loss]:
        """Return the outputs that a step took the explanation from, or brought without one."""
        idents = {ident for part in step.gone for ident in self._users.get(part, ())}
        brought = {file.path for files in step.fresh.values() for file in files}
        paths = {path for ident in idents for path in self._paths.get(ident, ())} | brought
        return [
            Loss(
                file=file,
                made=self.library.made.get(file.ident),
                commit=step.commit,
                born=self._born.get(path),
                brought=path in brought,
            )
            for path in sorted(paths - self.lost.keys())
            if not self.is_explained(file := self.outputs[path])
        ]

    def add(self, losses: Iterable[Loss]) -> None:
        """Count outputs among the lost ones from now on."""
        for loss in losses:
            self.lost[loss.file.path] = loss
            if loss.made is not None:
                self.casualties.setdefault(loss.commit, {})[loss.place] = loss.made

    def adopt(self, other: "Line", paths: Iterable[str]) -> None:
        """Take over from a line that is merged what it knows of outputs that it lost itself."""
        for path in paths:
            loss = other.lost[path]
            self.lost[path] = loss
            self.casualties.setdefault(loss.commit, {}).update(
                other.casualties.get(loss.commit, {})
            )

    def search_everywhere(self) -> None:
        """Look among all that was ever seen for what made outputs that nothing explained.

        No later commit may be judged by that: it would depend on which were looked at before.
        """
        self.library.search_late(self._present())
        self.connect_known()

    def _exchange(
        self,
        path: str,
        after: File | None,
        lost_parts: dict[str, list[str]],
        new_parts: list[str],
    ) -> None:
        was, now = self._parts.pop(path, NO_PARTS), self.library.of(after)
        if now:
            self._parts[path] = now
        for part in was - now:
            self.holders[part].discard(path)
            lost_parts.setdefault(part, []).append(path)
        for part in now - was:
            if not self.holders[part]:
                new_parts.append(part)
            self.holders[part].add(path)

    def _forget(
        self, gone: Iterable[str], lost_parts: Mapping[str, list[str]], commit: str | None
    ) -> None:
        for part in gone:
            self.library.past[part] = Past(lost_parts[part][0], commit)
            del self.holders[part]

    def _enter(self, file: OutputFile) -> None:
        self._namesakes.clear()
        self.outputs[file.path] = file
        self._paths[file.ident].add(file.path)
        self._places[file.place].add(file.path)
        if file.ident in self.library.made:
            self._connect(file)

    def _leave(self, path: str) -> OutputFile:
        self._namesakes.clear()
        file = self.outputs.pop(path)
        self._paths[file.ident].discard(path)
        self._places[file.place].discard(path)
        return file

    def _connect(self, file: OutputFile) -> None:
        self._namesakes.clear()
        made = self.library.made[file.ident]
        for part in made:
            self._users[part].add(file.ident)
        self._keys[file.directory].add(made.key)

    def _move(self, went: Mapping[str, OutputFile], added: Iterable[OutputFile]) -> set[str]:
        """Enter new outputs; carry over what is known of those that only have another path."""
        old_paths = {file.ident: path for path, file in went.items()}
        moved = set()
        for file in added:
            self._enter(file)
            old = old_paths.get(file.ident)
            if old is not None:
                moved.add(file.path)
                self._moved.add(file.path)
                self._born[file.path] = self._born.get(old)
                if old in self.lost:
                    self.lost[file.path] = self.lost[old]
                    self.lost[file.path].file = file
        for path in went:
            if path not in self.outputs:
                self._born.pop(path, None)
                self._moved.discard(path)
                self.lost.pop(path, None)
        return moved

    def _trace(self, files: Iterable[OutputFile], changed_parts: Iterable[str]) -> None:
        """Find out what made outputs, the likeliest pairs first: of a directory's own keys."""
        library = self.library
        wanted: dict[str, list[str]] = defaultdict(list)
        for file in files:
            if file.ident not in library.made:
                wanted[file.directory].append(file.ident)
        if not wanted:
            return
        for directory, idents in wanted.items():
            keys = self._keys[directory]
            library.search(idents, keys, changed_parts)
            library.search(idents, keys, self.holders)
        idents = [ident for several in wanted.values() for ident in several]
        parts = dict.fromkeys((*self.holders, *changed_parts))
        library.search(idents, parts, parts)
        for directory, several in wanted.items():  # perhaps a version of long ago
            library.search(several, self._keys[directory], library.sources)
        self._unknown.update(idents)
        self.connect_known()

    def _retry(self, new_parts: Sequence[str]) -> None:
        """Try parts that came on outputs that nothing explained before."""
        idents = self._present() if new_parts else ()
        if idents:
            self.library.search(idents, self.holders, new_parts)
            self.library.search(idents, new_parts, self.holders)
            self.connect_known()

    def _present(self) -> set[str]:
        self._unknown = {ident for ident in self._unknown if self._paths.get(ident)}
        return self._unknown

    def connect_known(self) -> None:
        """Take what is known by now of outputs that nothing explained."""
        known = {ident for ident in self._unknown if ident in self.library.made}
        self._unknown -= known
        for ident in known:
            for path in self._paths[ident]:
                self._connect(self.outputs[path])
                if path in self.lost:
                    self.lost[path].made = self.library.made[ident]

    def _regain(self) -> tuple[OutputFile, ...]:
        """Take those from the lost outputs that are explained again."""
        regained = tuple(one.file for one in self.lost.values() if self.is_explained(one.file))
        for file in regained:
            del self.lost[file.path]
        return regained

    def _advance(self, added: Iterable[OutputFile]) -> None:
        self.length += 1
        for directory in {file.directory for file in added}:
            first, _ = self.spans.get(directory, (self.length, 0))
            self.spans[directory] = first, self.length
