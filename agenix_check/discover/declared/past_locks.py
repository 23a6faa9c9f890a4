"""The lock files that a tree and its history have, and what left them.

What left once is reported until it is put right, also where the lock file itself is gone.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache

from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.declared.left_lock import Left, find_left
from agenix_check.discover.declared.lock import read_lock
from agenix_check.discover.declared.redaction import withhold
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.history import past_versions
from agenix_check.git.objects import Blob, read_blobs, read_root
from agenix_check.git.process import Git
from agenix_check.git.repository import Repository, commit_snapshot
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File, Snapshot
from agenix_check.model.declaration import Declaration
from agenix_check.model.frozen import replace
from agenix_check.view import View

_MOST_VERSIONS = 50  # of the lock file, that the one at hand is held against
_LARGEST_LOCK = 1 << 26  # bytes; a thousand nodes with two hundred secrets take 40 MiB
_NOTHING_DECLARED = Declaration(nodes=())


def load_lock(repository: Repository, file: File) -> Declaration:
    """Read a lock file of the repository, without private keys that it may contain.

    Raises `CannotCheckError`, which says why it cannot be read.
    """
    return withhold(read_lock(load_lock_text(repository, file)))


@lru_cache(maxsize=1)  # who compares and who judges rules read the same file, the base's often too
def load_lock_text(repository: Repository, file: File) -> str:
    """Return the text of a lock file; raises `CannotCheckError` as `load_lock` does."""
    if file.mode in (SYMLINK, SUBMODULE):
        raise CannotCheckError(f"{LOCK} is not a regular file")
    for blob in read_blobs(repository.git, [file.oid]):
        data = _whole(repository.git, blob)
        if blob.size < 0:
            raise CannotCheckError(f"{LOCK} is not in this clone")
        if data is None:
            raise CannotCheckError(f"{LOCK} is larger than {_LARGEST_LOCK >> 20} MiB")
        return data.decode("utf-8", "replace")
    raise CannotCheckError(f"{LOCK} cannot be read")


def _whole(git: Git, blob: Blob) -> bytes | None:
    """Return all of a lock file; None if it is not in this clone, or too large."""
    if len(blob.data) == blob.size:
        return blob.data
    if not 0 <= blob.size <= _LARGEST_LOCK:
        return None
    with git.stream("cat-file", "blob", blob.oid) as content:
        return content.read()


def lock_of(view: View, snapshot: Snapshot | None) -> Declaration | None:
    """Return what the lock file of a snapshot says; None if it has none that can be read."""
    file = snapshot.files.get(LOCK) if snapshot is not None else None
    try:
        return None if file is None else load_lock(view.repository, file)
    except CannotCheckError:
        return None


def what_left(
    view: View,
    before: Snapshot | None,
    now: Declaration,
    names: Names,
    most: int = _MOST_VERSIONS,
) -> tuple[Left, ...]:
    """Return what left the lock file while the tree has what belongs to it.

    A range is held against the commit that it is compared with; and what left earlier lasts, as far
    as this clone has the files, at most in its `most` last versions. Raises `CannotCheckError` if
    it lacks that of `before` itself.
    """
    if before is None or before.commit is None:
        return ()
    git = view.repository.git
    file = read_root(git, [before.tree])[before.tree].get(LOCK)
    oids = [file.oid] if file is not None and file.mode not in (SYMLINK, SUBMODULE) else []
    oids += past_versions(git, before.commit, LOCK, most) if most else ()
    return find_left(_read_older(git, oids, before.commit, file), now, names)


def _read_older(
    git: Git, oids: Iterable[str], commit: str, needed: File | None
) -> Iterator[Declaration]:
    for blob in read_blobs(git, oids):
        data = _whole(git, blob)
        if data is not None:
            with suppress(CannotCheckError):  # a merge that went wrong
                yield withhold(read_lock(data.decode("utf-8", "replace")))
        elif needed is not None and blob.oid == needed.oid:
            why = "is not in this clone" if blob.size < 0 else "is too large to be read"
            raise CannotCheckError(f"{LOCK} at {commit:.12} {why}")


def past_lock_files(repository: Repository, commit: str) -> Iterator[Declaration]:
    """Yield what the lock files of a commit and of those before it declare, the newest first."""
    tree = commit_snapshot(repository, commit).tree
    if LOCK in read_root(repository.git, [tree])[tree]:
        oids = past_versions(repository.git, commit, LOCK, _MOST_VERSIONS)
        yield from _read_older(repository.git, oids, commit, None)


def what_left_without_lock(view: View, names: Names, found: Inventory) -> Inventory:
    """Add what left a lock file that does not count: it is gone, or new in this change."""
    now = lock_of(view, view.snapshot) or _NOTHING_DECLARED
    try:
        left = what_left(view, view.authority or view.base, now, names)
        if not left or view.base is None or not names.changed:
            return replace(found, left=left)
        now = lock_of(view, view.base) or _NOTHING_DECLARED
        at_base = what_left(view, view.base, now, names.at_base())
    except CannotCheckError as error:
        return replace(found, incomplete=(*found.incomplete, str(error)))
    return replace(found, left=left, stale_at_base=frozenset(one.what for one in at_base))
