"""Key files that outgrew the text which outputs are made for: they got a newline, a comment, a key.

agenix-rekey hashes what it is given. A fleet that reads such files as a whole then looks for other
outputs; one that trims them does not. Which of these it is shows only in history: by what an output
was made for when the file had grown already.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agenix_check.discover.tree.answered import has_all, tips_of, touched_since
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import Fact, find_fact
from agenix_check.discover.tree.key_texts import KeyTexts, Reading, reading
from agenix_check.discover.tree.library import may_have_parts
from agenix_check.discover.tree.naming import IDENT_DIGITS, OutputFile, Trace, output_file
from agenix_check.git.cache import Store
from agenix_check.git.history import LineCommit, find_files, read_commits, read_versions
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.git.repository import changes
from agenix_check.git.snapshot import Change, path_of
from agenix_check.model.lost import Grown, Outgrown
from agenix_check.view import View

_STORED_READINGS = "readings"
_READINGS_FORMAT = 4
_MOST_KNOWN = 20_000  # keys that are known to be trimmed, or to be a part of their file
_MOST_RENAMES = 8  # of one file, one after another
_MOST_BIRTHS = 300  # commits that brought outputs of one key


def find_outgrown(
    view: View,
    here: Evidence,
    explained: Mapping[str, Trace],
    read: Mapping[str, Reading],
    store: Store,
) -> tuple[dict[str, Outgrown], tuple[str, ...]]:
    """Return the keys whose files outgrew them, by digest, and what could not be looked at.

    `read` says of each key that outputs are made for what was done to a file's text to have it.
    """
    known = store.load(_STORED_READINGS, dict[str, str], number=_READINGS_FORMAT) or {}
    tips = tips_of(view)
    less = {key for key, how in read.items() if how is not Reading.WHOLE}
    proven = _proven_before(view, here, less, known, tips)
    asked = sorted(less - proven)
    if not asked:
        return {}, ()
    history = _History(view, here, read, asked)
    if not history.is_whole:
        paths = sorted({path for key in asked for path in here.keys[key].paths})
        return {}, (f"{', '.join(paths)}: {_UNSEEN}",)
    grown = {key: found for key in asked if (found := history.when_grown(key)) is not None}
    if grown:
        view.snapshot.refuse_left_out()
    outputs: dict[str, list[OutputFile]] = {key: [] for key in grown}
    for file in here.outputs.values() if grown else ():
        made = explained.get(file.ident)
        if made is not None and made.key in grown:
            outputs[made.key].append(file)
    births = {key: history.find_birth(key, outputs[key]) for key in grown}
    proven |= (set(asked) - grown.keys()) | {key for key, birth in births.items() if birth}
    shown = {_sign(here, key): "" for key in asked if key not in grown}
    shown |= {_sign(here, key): one.ident for key, one in births.items() if one and one.commit}
    known |= {sign: " ".join((ident, *tips)) for sign, ident in shown.items()}
    store.save(_STORED_READINGS, known, number=_READINGS_FORMAT, most=_MOST_KNOWN)
    left = {key: found for key, found in grown.items() if key not in proven}
    if any(how is Reading.WHOLE and _ends(here, key) for key, how in read.items()):
        return left, ()
    usual = max((read[key] for key in proven), default=Reading.WHOLE)
    return {key: found for key, found in left.items() if read[key] > usual}, ()


_UNSEEN = (
    "history that would show whether outputs were made for it as it was before is not all here "
    "(git fetch --unshallow; in CI, fetch-depth: 0)"
)


def _sign(here: Evidence, key: str) -> str:
    """Return a name for a key in files, each with the content that it has."""
    return " ".join((key, *(f"{here.files[path].oid} {path}" for path in here.keys[key].paths)))


def _proven_before(
    view: View, here: Evidence, keys: Iterable[str], known: Mapping[str, str], tips: Sequence[str]
) -> set[str]:
    """Return the keys of which history said so already.

    `known` has the output that showed it, which must be there still, empty where none had to; and
    the commits that led to it. It holds for later commits that did not touch the key's files, not
    for those of other branches.
    """
    found: set[str] = set()
    before: dict[str, set[str]] = defaultdict(set)
    answers = {key: answer for key in keys if (answer := known.get(_sign(here, key)))}
    idents = {answer.partition(" ")[0] for answer in answers.values()} - {""}
    gone = idents - _idents(view, here) if idents else idents
    for key, answer in answers.items():
        ident, _, then = answer.partition(" ")
        if ident in gone:
            continue
        if then == " ".join(tips):
            found.add(key)
        else:
            before[then].add(key)
    git = view.repository.git
    for then, some in before.items():
        if has_all(git, tips, then.split()):
            paths = {path for key in some for path in here.keys[key].paths}
            touched = touched_since(git, tips, then.split(), paths)
            if touched is not None:
                found |= {key for key in some if touched.isdisjoint(here.keys[key].paths)}
    return found


def _idents(view: View, here: Evidence) -> set[str]:
    """Return the idents of all outputs of a tree, those that are left out too."""
    more = (path_of(record).rpartition("/")[2] for record in view.snapshot.left_out)
    return {file.ident for file in here.outputs.values()} | {one[:IDENT_DIGITS] for one in more}


def _ends(here: Evidence, key: str) -> bool:
    """Return whether a key was read with its newline: then nothing was trimmed."""
    return (here.keys[key].text or "").endswith("\n")


class _Birth(NamedTuple):
    """The commit that brought an output, empty for the change that is judged; and its ident."""

    commit: str
    ident: str


@dataclass(slots=True)
class _History:
    """What happened to the files that some keys are read from, under all names that they had."""

    view: View
    here: Evidence
    read: Mapping[str, Reading]
    asked: Sequence[str]
    is_whole: bool = True
    _git: Git = field(init=False)
    _tips: tuple[str, ...] = field(init=False)
    _last: tuple[LineCommit, ...] = ()
    _events: list[LineCommit] = field(default_factory=list)
    _paths: set[str] = field(default_factory=set)
    _facts: dict[str, Fact | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        repository, snapshot = self.view.repository, self.view.snapshot
        self._git = repository.git
        self._tips = tips_of(self.view)
        parents = self._tips
        if snapshot.commit is None and parents:
            steps = tuple(changes(repository, parents[0], snapshot.tree))
            self._last = (LineCommit("", parents, steps),)
        self.is_whole = not repository.shallow and self._follow()

    def when_grown(self, key: str) -> Outgrown | None:
        """Return when a key's file outgrew it; None where no version held it any better."""
        now = self.read[key]
        # A merge did it only if none of its sides did.
        newest = self._events[::-1]
        for commit in sorted(newest, key=lambda commit: len(commit.parents) > 1):
            for one in commit.changes:
                was = self._reading(one.before and one.before.oid, key)
                if was is not None and was < now and not self._is_better(one, key):
                    path = self._path_now(one, key)
                    return Outgrown(path, commit.oid or None, self._what(one, path))
        return None

    def find_birth(self, key: str, outputs: Iterable[OutputFile]) -> _Birth | None:
        """Return an output that was brought for a key which its file had outgrown already."""
        files = list(outputs)
        idents = {file.ident for file in files}
        directories = sorted({file.directory for file in files})
        commits = self._read(directories) or []
        births = [one for one in commits if brought_outputs(one) & idents and len(one.parents) < 2]
        whole = read_commits(self._git, _ids(births[-_MOST_BIRTHS:]))
        return next(
            (
                _Birth(commit.oid, min(brought))
                for commit in (*whole, *self._last)
                if (brought := brought_outputs(commit) & idents) and self._is_read_so(commit, key)
            ),
            None,
        )

    def _follow(self) -> bool:
        """Read all versions of the files; return whether history is all here."""
        found = {path for key in self.asked for path in self.here.keys[key].paths}
        for _ in range(_MOST_RENAMES):
            commits = self._read(sorted(found))
            if commits is None:
                return False
            self._paths |= found
            # What became of a file comes after what it was under another name.
            self._events = [*commits, *self._events]
            found = self._former_names(commits) - self._paths
            if not found:
                break
        return True

    def _read(self, paths: Sequence[str]) -> list[LineCommit] | None:
        """Return the commits that changed some paths, and the change that is judged, if it did."""
        commits = read_versions(self._git, self._tips, paths) if self._tips else []
        if commits is None:
            return None
        starts = tuple(f"{path}/" for path in paths)
        for commit in self._last:
            wanted = set(paths)
            kept = [
                one for one in commit.changes if one.path in wanted or one.path.startswith(starts)
            ]
            commits = [*commits, commit._replace(changes=tuple(kept))] if kept else commits
        self._learn(one for commit in commits for one in commit.changes)
        return commits

    def _former_names(self, commits: Iterable[LineCommit]) -> set[str]:
        """Return the files that went as others came, and that had one of the keys."""
        births = [one for one in commits if any(not change.before for change in one.changes)]
        steps = [
            change
            for commit in (*read_commits(self._git, _ids(births)), *self._last)
            for change in commit.changes
            if change.before is not None and change.after is None and may_have_parts(change.before)
        ]
        self._learn(steps)
        texts = {self.here.keys[key].text for key in self.asked}
        return {
            one.path
            for one in steps
            if one.before is not None
            and isinstance(fact := self._facts.get(one.before.oid), KeyTexts)
            and not texts.isdisjoint(fact.texts())
        }

    def _learn(self, steps: Iterable[Change]) -> None:
        files = [file for one in steps for file in (one.before, one.after) if file is not None]
        new = {file.oid for file in files if may_have_parts(file)} - self._facts.keys()
        for oid, size, data, sha256 in read_blobs(self._git, sorted(new)):
            self._facts[oid] = find_fact(data, size, sha256)

    def _reading(self, oid: str | None, key: str) -> Reading | None:
        text = self.here.keys[key].text
        return None if oid is None or text is None else reading(self._facts.get(oid), text)

    def _is_better(self, change: Change, key: str) -> bool:
        """Return whether a file still has a key better than it is read now."""
        now = self._reading(change.after and change.after.oid, key)
        return now is not None and now < self.read[key]

    def _is_read_so(self, commit: LineCommit, key: str) -> bool:
        """Return whether a key was read as it is now, or worse, where an output was made for it.

        Before the commit that brought the output, and in it: nobody knows when it was made.
        """
        trees = [one for one in (*commit.parents[:1], commit.oid) if one]
        oids = find_files(self._git, [(tree, path) for tree in trees for path in self._paths])
        found = [how for oid in oids if (how := self._reading(oid, key)) is not None]
        return all(how >= self.read[key] for how in found)

    def _path_now(self, change: Change, key: str) -> str:
        """Return the file that holds a key now: the one that changed, or what it became."""
        paths = self.here.keys[key].paths
        return change.path if change.path in paths else paths[0]

    def _what(self, change: Change, path: str) -> Grown:
        was = self._facts.get(change.before.oid) if change.before else None
        now = self.here.facts.get(path)
        if not isinstance(was, KeyTexts) or not isinstance(now, KeyTexts):
            return Grown.LINES
        old, new = (was.whole or "").strip(), (now.whole or "").strip()
        if old == new:
            return Grown.NEWLINE
        return Grown.COMMENT if "\n" not in new and new.startswith(f"{old} ") else Grown.LINES


def _ids(commits: Iterable[LineCommit]) -> list[str]:
    return [one.oid for one in commits if one.oid]


def brought_outputs(commit: LineCommit) -> set[str]:
    """Return the idents of outputs that a commit brought, and not merely moved."""
    came = {file.ident for one in commit.changes if not one.before and (file := _output(one))}
    went = {file.ident for one in commit.changes if not one.after and (file := _output(one))}
    return came - went


def _output(change: Change) -> OutputFile | None:
    return output_file(change.path)
