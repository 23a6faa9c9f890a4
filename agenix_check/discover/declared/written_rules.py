"""The rules that files of plain agenix had when they were last written."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from agenix_check.age import recipient_or_none
from agenix_check.discover.declared.plain_rules import declare_plain
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.cache import Store
from agenix_check.git.history import find_files, read_commits, touching_commits
from agenix_check.git.links import Followed
from agenix_check.git.process import Git
from agenix_check.git.repository import commit_snapshot
from agenix_check.git.snapshot import Change
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View

_STORED_WRITTEN = "rules-when-written"
_WRITTEN_FORMAT = 1
_MOST_WRITTEN = 4096  # commits whose rules are remembered
_MOST_MOVES = 64  # of one file


_Recipients = dict[str, tuple[str, ...]]


class WrittenRules(NamedTuple):
    """The keys that files were to have when they were written, by path; and in which commit."""

    recipients: tuple[str, ...]
    commit: str


class _Trail(NamedTuple):
    """A file that is followed back in history.

    It is at `now`, and was at `then` before the commit `moved_in` (None: before all that is
    looked at). `is_older`: its rules changed since.
    """

    now: str
    then: str
    moved_in: str | None
    is_older: bool


def find_written(
    view: View, names: Names, files: Iterable[RulesFile], settings: Settings, store: Store
) -> dict[str, WrittenRules]:
    """Return the recipients of files' rules in the commits that wrote the files as they are.

    Only of files with keys of anonymous types, and only where rules changed since: in other files
    tags show who can read them. Who moves a file does not write it. What the rules of a commit say
    is remembered. Raises `CannotCheckError` for a file that was moved too often.
    """
    files = tuple(files)
    vague = {rule.path for file in files for rule in file.rules if _is_vague(names, rule)}
    ends = {path: names.here.follow(path) for path in vague}
    asked = {end.path for end in ends.values()}
    moved: Mapping[str, str] = {}
    tip = view.snapshot.commit
    if tip is None:
        here, there = names.here.files, names.base.files
        edits = (Change(path, there.get(path), here.get(path)) for path in names.changed)
        moved = _find_moves(edits)
        tip = view.repository.head
    if not asked or tip is None:
        return {}
    edited = names.changed if view.snapshot.commit is None else ()
    trails = [_Trail(path, path, None, is_older=False) for path in asked.difference(edited)]
    trails += [_Trail(path, moved[path], None, is_older=True) for path in asked & moved.keys()]
    sources = {path for file in files for path in (file.path, *file.read)}
    written = _last_written(view.repository.git, tip, trails, sources - {""})
    known = store.load(_STORED_WRITTEN, dict[str, _Recipients], number=_WRITTEN_FORMAT) or {}
    about = repr((settings.rules, settings.ignore))
    fresh = False
    found = {}
    for path, end in ends.items():
        if end.path not in written:
            continue
        then, commit = written[end.path]
        if end.passed:
            if not _led_there(view.repository.git, names.here, commit, end):
                continue
            then = path
        key = f"{commit} {about}"
        if key not in known:
            past = replace(view, snapshot=commit_snapshot(view.repository, commit), base=None)
            rules = declare_plain(past, settings.rules, settings.ignore, None).files
            known[key] = {one.path: one.recipients for file in rules for one in file.rules}
            fresh = True
        if then in known[key]:
            found[path] = WrittenRules(known[key][then], commit)
    if fresh:
        store.save(_STORED_WRITTEN, known, number=_WRITTEN_FORMAT, most=_MOST_WRITTEN)
    return found


def _is_vague(names: Names, rule: PlainRule) -> bool:
    fact = names.here.fact(rule.path)
    return isinstance(fact, AgeFact) and any(
        recipient.is_anonymous
        for text in rule.recipients
        if (recipient := recipient_or_none(text)) is not None
    )


def _led_there(git: Git, here: Evidence, commit: str, end: Followed) -> bool:
    """Return whether the links to a file, and its place, were in a commit what they are here."""
    links = [link for link, _ in end.passed]
    oids = find_files(git, [(commit, link) for link in (*links, end.path)])
    return oids[:-1] == [here.files[link].oid for link in links] and oids[-1] is not None


def _last_written(
    git: Git, tip: str, trails: Collection[_Trail], sources: AbstractSet[str]
) -> dict[str, tuple[str, str]]:
    """Return what files were called when they were written last, and in which commit.

    By what they are called now; only of files that were written before their rules changed.
    """
    found: dict[str, tuple[str, str]] = {}
    for _ in range(_MOST_MOVES):
        touched = list(_last_touched(git, tip, trails, sources))
        commits = read_commits(git, dict.fromkeys(commit for _, commit in touched))
        moves = {one.oid: _find_moves(one.changes) for one in commits}
        trails = []
        for trail, commit in touched:
            before = moves.get(commit, {}).get(trail.then)
            if before is not None:
                trails.append(_Trail(trail.now, before, commit, is_older=True))
            elif trail.is_older:
                found[trail.now] = trail.then, commit
        if not trails:
            return found
        sources = frozenset()  # they changed since: in the commit that moved the file, or later
    path = min(trail.now for trail in trails)
    raise CannotCheckError(f"{path} was moved more than {_MOST_MOVES} times since it was written")


def _last_touched(
    git: Git, tip: str, trails: Iterable[_Trail], sources: AbstractSet[str]
) -> Iterator[tuple[_Trail, str]]:
    """Yield by which commit files were touched last, where that touched their rules, or a later."""
    left: dict[str, list[_Trail]] = defaultdict(list)
    for trail in trails:
        left[trail.then].append(trail)
    below = tuple(f"{path}/" for path in sources)
    passed: set[str | None] = {None}
    rules_changed = False
    for commit, paths in touching_commits(git, tip, sorted(left.keys() | sources)):
        edits_rules = any(path in sources or path.startswith(below) for path in paths)
        for path in left.keys() & set(paths):
            for trail in left.pop(path):
                if trail.moved_in not in passed:
                    left[path].append(trail)
                elif edits_rules or rules_changed or trail.is_older:
                    yield trail._replace(is_older=rules_changed or trail.is_older), commit
        if not left:
            break
        passed.add(commit)
        rules_changed = rules_changed or edits_rules


def _find_moves(changes: Iterable[Change]) -> dict[str, str]:
    """Return where files that came were before: what left the other place has the same content."""
    edits = [one for one in changes if one.before is None or one.before != one.after]
    gone = {one.before.oid: one.path for one in edits if one.before is not None}
    came = ((one.path, one.after.oid) for one in edits if one.after is not None)
    return {path: gone[oid] for path, oid in came if gone.get(oid, path) != path}
