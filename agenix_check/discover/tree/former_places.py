"""Where files lay before a commit moved them, altered or not."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from agenix_check.discover.tree.seals import Version, read_past
from agenix_check.git.history import read_deletions
from agenix_check.git.snapshot import File
from agenix_check.view import View

_LONGEST_TRAIL = 8  # of one file, one after another
_MOST_ALIKE = 32  # files that one commit deleted and that may have become another


def find_former(
    view: View,
    here: Mapping[str, File],
    base: Mapping[str, File],
    past: Mapping[str, Sequence[Version]],
) -> dict[str, dict[str, str]]:
    """Return what files had at other places before they came, the oldest first, by path.

    Those contents are described, by object id. `past` has the versions that the files had where
    they are. A file lay where the commit that brought it, or the change, deleted the same content;
    else it may be what became of any file of the same ending that was deleted there.
    """
    found: dict[str, dict[str, str]] = {path: {} for path in past}
    gone = [file for path, file in base.items() if path not in here]
    trails: list[tuple[str, str | None, File]] = []  # the file now, what brought which version
    for path, versions in past.items():
        if path in base or versions:
            trails += _births(path, versions)
        else:
            trails.append((path, None, here[path]))
    for _ in range(_LONGEST_TRAIL):
        deleted = read_deletions(view.repository.git, {one for _, one, _ in trails if one})
        former: dict[str, list[str]] = {}
        for path, commit, file in trails:
            left = gone if commit is None else deleted.get(commit, ())
            words = "before this change" if commit is None else f"before {commit:.10}"
            for one in _candidates(file, left):
                found[path] = {one.oid: f"{one.path} {words}", **found[path]}
                if one.oid == file.oid:
                    former.setdefault(one.path, []).append(path)
        if not former:
            break
        older = read_past(view, sorted(former), loosely=True) or {}
        trails = []
        for place, versions in older.items():
            for path in former[place]:
                held = {one.after.oid: commit for commit, one in versions if one.after}
                named = {oid: f"{place} in {commit:.10}" for oid, commit in held.items()}
                found[path] = named | found[path]
                trails += _births(path, versions)
    return found


def _births(path: str, versions: Sequence[Version]) -> Iterator[tuple[str, str, File]]:
    """Yield a file's first version, with the commit that brought it."""
    for commit, change in versions[:1]:
        if change.before is None and change.after is not None:
            yield path, commit, change.after


def _candidates(file: File, left: Iterable[File]) -> list[File]:
    """Return of the files that a commit deleted those that may have become one that it brought."""
    same = [one for one in left if one.oid == file.oid]
    alike = (one for one in left if _ending(one.path) == _ending(file.path))
    return same[:1] or list(islice(alike, _MOST_ALIKE))


def _ending(path: str) -> str:
    return posixpath.splitext(path)[1]
