"""What history once answered about files, and whether the answer holds for other commits.

A branch may show what another does not. So an answer is remembered with the commits whose history
gave it, and counts for others as far as the files in question lead there unchanged.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from agenix_check.git.history import read_versions
from agenix_check.git.process import Git
from agenix_check.git.repository import parents_of
from agenix_check.view import View

_MOST_AT_ONCE = 500  # paths in one command
_MOST_BY_PATH = 16  # files that are asked for by their paths, not by their directories


def tips_of(view: View) -> tuple[str, ...]:
    """Return the commits whose history counts for what a view judges."""
    commit = view.snapshot.commit
    return parents_of(view.repository, view.snapshot) if commit is None else (commit,)


def touched_since(
    git: Git, tips: Sequence[str], then: Iterable[str], paths: Iterable[str]
) -> frozenset[str] | None:
    """Return which paths were touched by commits that `tips` have and `then` do not.

    None where that cannot be seen: one of the commits, or the history between them, is not here.
    """
    ends = (*tips, *(f"^{tip}" for tip in then))
    commits = read_versions(git, ends, sorted(paths))
    if commits is None:
        return None
    return frozenset(one.path for commit in commits for one in commit.changes)


def has_all(git: Git, tips: Sequence[str], then: Sequence[str]) -> bool:
    """Return whether the history of `tips` has all that of `then`."""
    if set(then) <= set(tips):
        return True
    status, rest, _ = git.attempt("rev-list", "-n", "1", *then, "--not", *tips, "--")
    return status == 0 and not rest


def hold_still(git: Git, tips: Sequence[str], answers: Mapping[str, str]) -> set[str]:
    """Return the files of which what history said holds for the history of `tips`.

    `answers` has the commits whose history said it, by path, with blanks between. It holds as long
    as the commits that only one of both histories has touch none of the files; of more than one
    commit (a merge that is not finished) it is not looked at which.
    """
    found: set[str] = set()
    before: dict[str, set[str]] = defaultdict(set)
    for path, then in answers.items():
        before[then].add(path)
    for then, paths in before.items():
        if then == " ".join(tips):
            found |= paths
        elif len(tips) == 1 and " " not in then:
            ends = [f"{then}...{tips[0]}"]
            portions = [
                read_versions(git, ends, some) for some in in_portions(sorted(paths), loosely=True)
            ]
            if None not in portions:
                commits = (commit for some in portions for commit in some or ())
                found |= paths.difference(one.path for each in commits for one in each.changes)
    return found


def in_portions(paths: Sequence[str], *, loosely: bool) -> Iterator[list[str]]:
    """Yield paths, as many as one command takes.

    `loosely`: of many files their directories, which Git finds in a third of the time.
    """
    left = iter(paths)
    if loosely and len(paths) > _MOST_BY_PATH:
        left = iter(sorted({path.rpartition("/")[0] or "." for path in paths}))
    while some := list(islice(left, _MOST_AT_ONCE)):
        yield some
