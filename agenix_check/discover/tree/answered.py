"""What history once answered about files, and whether the answer holds for other commits.

A branch may show what another does not. So an answer is remembered with the commits whose history
gave it, and counts for others as far as the files in question lead there unchanged.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from agenix_check.git.history import read_versions
from agenix_check.git.process import Git
from agenix_check.git.repository import parents_of
from agenix_check.view import View


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
            commits = read_versions(git, [f"{then}...{tips[0]}"], sorted(paths))
            touched = (one.path for commit in commits or () for one in commit.changes)
            found |= set() if commits is None else paths.difference(touched)
    return found
