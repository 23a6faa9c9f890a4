"""What a change did besides: in which commit, what `.nix` files lost by it, what it merged."""

import posixpath
from collections.abc import Iterable, Mapping

from agenix_check.discover.tree.evidence import output_file
from agenix_check.git.history import last_changes
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes
from agenix_check.git.repository import Repository, changes, commit_snapshot, merge_fork
from agenix_check.git.snapshot import Change, File
from agenix_check.view import View


def find_commits(view: View) -> Mapping[str, str]:
    """Return which commit changed a path last, where both trees are those of commits."""
    base = view.base.commit if view.base else None
    if base is None or view.snapshot.commit is None:
        return {}
    return last_changes(view.repository.git, base, view.snapshot.commit)


def find_recent(view: View) -> frozenset[str]:
    """Return the directories that got outputs since the sides of a merge parted.

    Against its first parent alone, what that side rekeyed looks as old as the rest.
    """
    if view.snapshot.kind == "worktree":
        return frozenset()
    fork = merge_fork(view.repository, view.snapshot.commit)
    if fork is None:
        return frozenset()
    since = changes(
        view.repository, commit_snapshot(view.repository, fork).tree, view.snapshot.tree
    )
    files = (output_file(one.path) for one in since if one.before is None)
    return frozenset(file.directory for file in files if file is not None)


def find_vanished(
    repository: Repository,
    files: Mapping[str, File],
    changed: Iterable[Change],
    sources: Iterable[str],
) -> frozenset[str]:
    """Return the sources' file names that stood in `.nix` files of the base and now in none."""
    wanted = {posixpath.basename(path) for path in sources}
    were = _nix_text(repository, (change.before for change in changed if change.before))
    wanted = {name for name in wanted if to_bytes(name) in were}
    if not wanted:
        return frozenset()
    are = _nix_text(repository, files.values())
    return frozenset(name for name in wanted if to_bytes(name) not in are)


def _nix_text(repository: Repository, files: Iterable[File]) -> bytes:
    oids = [file.oid for file in files if file.path.endswith(".nix")]
    return b"\0".join(blob.data for blob in read_blobs(repository.git, oids))
