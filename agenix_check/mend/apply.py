"""The change itself: files, then the index, then what is replaced; or nothing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agenix_check.errors import CannotCheckError
from agenix_check.git.repository import Repository
from agenix_check.git.staging import entries, object_ids, restage, write_blobs
from agenix_check.mend.journal import Journal, WorkTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What to do to the index that holds `tree`, and to the work tree.

    `written` are contents by path, `staged` those that are in the work tree already.
    """

    tree: str
    written: Mapping[str, bytes]
    staged: Mapping[str, bytes]
    removed: tuple[str, ...]


def apply(repository: Repository, folder: Path, changes: Changes) -> None:
    """Write, stage and remove. Raises an `AgenixCheckError`; then all is as it was.

    The index changes in one step, after all is written and before anything is removed.
    """
    work_tree = _work_tree(repository, folder)
    oids = object_ids(repository, {**changes.written, **changes.staged})
    journal = work_tree.plan(changes.written, oids, changes.removed)
    try:
        work_tree.write(journal, changes.written)
        _stage(repository, folder, changes, oids)
    except BaseException:
        _end(repository, work_tree, journal)
        raise
    work_tree.finish(journal)


def recover(repository: Repository, folder: Path) -> None:
    """End what a run that was killed had begun."""
    work_tree = _work_tree(repository, folder)
    journal = work_tree.unfinished()
    if journal is not None:
        _end(repository, work_tree, journal)


def _work_tree(repository: Repository, folder: Path) -> WorkTree:
    if repository.top is None:
        raise CannotCheckError("a bare repository has no work tree to mend")
    return WorkTree(repository.top, folder)


def _stage(repository: Repository, folder: Path, changes: Changes, oids: Mapping[str, str]) -> None:
    if write_blobs(repository, oids) != oids:
        raise CannotCheckError("a file changed while this ran; nothing was staged, run it again")
    restage(repository, folder, changes.tree, oids, changes.removed)


def _end(repository: Repository, work_tree: WorkTree, journal: Journal) -> None:
    """Bring to its end what the index has already; take back all else."""
    if journal.is_staged(entries(repository)):
        work_tree.finish(journal)
    else:
        work_tree.undo(journal)
