"""What a change did besides: in which commit it changed a path, what it merged."""

from collections.abc import Mapping

from agenix_check.discover.tree.naming import output_file
from agenix_check.git.history import last_changes
from agenix_check.git.repository import Repository, changes, forked_at
from agenix_check.view import View


def find_commits(view: View) -> Mapping[str, str]:
    """Return which commit changed a path last, where both trees are those of commits."""
    base = view.base.commit if view.base else None
    if base is None or view.snapshot.commit is None:
        return {}
    return last_changes(view.repository.git, base, view.snapshot.commit)


def directories_since_fork(
    repository: Repository, first: str, other: str, tree: str
) -> frozenset[str]:
    """Return the directories that got outputs since two commits parted, in the tree of their merge.

    Nothing where what they have in common was not fetched.
    """
    fork = forked_at(repository, first, other)
    if fork is None:
        return frozenset()
    files = (output_file(one.path) for one in changes(repository, fork, tree) if not one.before)
    return frozenset(file.directory for file in files if file is not None)
