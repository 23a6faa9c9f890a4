"""The change itself: files, then the index, then the removal of what is replaced; or none of it.

What is to be done is noted in a journal in the Git directory before the first file is touched. The
next run ends what a killed run began: it takes the files back or, where the index has everything
already, finishes. The journal holds paths and digests; what is written is encrypted.
"""

import errno
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import local_text
from agenix_check.git.repository import Repository
from agenix_check.git.staging import entries, object_ids, restage, write_blobs
from agenix_check.git.worktree import local_path, mode_of, passes_symlink
from agenix_check.model.frozen import fields_of, frozen

_FILE_NAME = "journal"
_TEMPORARY = ".agenix-check."
_THREADS = 8  # disks take many requests at once


@frozen
class Changes:
    """What to do to the index that holds `tree`, and to the work tree.

    `written` are new contents by path, `staged` those that the work tree has already.
    """

    tree: str
    written: Mapping[str, bytes]
    staged: Mapping[str, bytes]
    removed: tuple[str, ...]


def apply_changes(repository: Repository, folder: Path, changes: Changes) -> None:
    """Write, stage and remove; `folder` is where the journal is kept.

    The index changes in one step, after everything is written and before anything is removed.
    Raises an `AgenixCheckError`; then everything is as it was.
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
    """End what a killed run began."""
    work_tree = _work_tree(repository, folder)
    journal = work_tree.unfinished()
    if journal is not None:
        _end(repository, work_tree, journal)


def _work_tree(repository: Repository, folder: Path) -> "WorkTree":
    if repository.top is None:
        raise CannotCheckError("a bare repository has no work tree to fix")
    return WorkTree(repository.top, folder)


def _stage(repository: Repository, folder: Path, changes: Changes, oids: Mapping[str, str]) -> None:
    if write_blobs(repository, oids) != oids:
        raise CannotCheckError("a file changed while this ran; nothing was staged, run it again")
    restage(repository, folder, changes.tree, oids, changes.removed)


def _end(repository: Repository, work_tree: "WorkTree", journal: "Journal") -> None:
    """Finish where the index has everything already; else take the files back."""
    if journal.is_staged(entries(repository)):
        work_tree.finish(journal)
    else:
        work_tree.undo(journal)


@frozen
class Written:
    """A file to write: its path, two temporary names beside it, and digests of its content.

    `before` is the digest of the file that it replaces, None where there is none.
    """

    path: str
    temporary: str
    backup: str
    sha256: str
    oid: str
    before: str | None


@frozen
class Removed:
    """A file to remove, and the digest of its content, None where there is no file."""

    path: str
    sha256: str | None


@frozen
class Journal:
    """Everything that a run does to the work tree; `folders` are those that it makes."""

    written: tuple[Written, ...]
    removed: tuple[Removed, ...]
    folders: tuple[str, ...]

    def is_staged(self, entries: Mapping[str, tuple[str, str]]) -> bool:
        """Return whether an index has everything."""
        is_added = all(entries.get(one.path, ("", ""))[1] == one.oid for one in self.written)
        return is_added and not any(one.path in entries for one in self.removed)


class WorkTree:
    """The work tree at `top`, and the `folder` where the journal is."""

    def __init__(self, top: Path, folder: Path) -> None:
        self._top = top
        self._folders: dict[str, str] = {}  # those that are in order
        self._journal = folder / _FILE_NAME

    def plan(
        self, contents: Mapping[str, bytes], oids: Mapping[str, str], removed: Iterable[str]
    ) -> Journal:
        """Work out what will be done, and note it in the journal."""
        written = []
        for path, content in contents.items():
            folder = path.rpartition("/")[0]
            start = f"{folder}/{_TEMPORARY}" if folder else _TEMPORARY
            name = start + secrets.token_hex(8)
            written.append(
                Written(
                    path=path,
                    temporary=f"{name}.new",
                    backup=f"{name}.old",
                    sha256=sha256(content).hexdigest(),
                    oid=oids[path],
                    before=self._digest(path),
                )
            )
        journal = Journal(
            written=tuple(written),
            removed=tuple(Removed(path=path, sha256=self._digest(path)) for path in removed),
            folders=self._missing_folders(contents),
        )
        self._note(journal)
        return journal

    def write(self, journal: Journal, contents: Mapping[str, bytes]) -> None:
        """Write every file beside its place, then rename them into place.

        Raises `CannotCheckError`; `undo` takes back what was done until then.
        """
        for folder in journal.folders:
            _explaining(folder, partial(self._at(folder).mkdir, exist_ok=True))
        with ThreadPoolExecutor(_THREADS) as pool:
            for _ in pool.map(lambda one: self._write(one, contents[one.path]), journal.written):
                pass
        for one in journal.written:
            _explaining(one.path, partial(self._put, one))
        for folder in {one.path.rpartition("/")[0] for one in journal.written}:
            with suppress(OSError):
                _flush_folder(self._at(folder))

    def undo(self, journal: Journal) -> None:
        """Take back what was written; keep what somebody else has written since."""
        for one in journal.written:
            path, backup = self._at(one.path), self._at(one.backup)
            with suppress(OSError):
                self._at(one.temporary).unlink(missing_ok=True)
                ours = self._digest(one.path) in (one.sha256, None)
                if _occupied(backup):
                    if ours:
                        backup.replace(path)
                    backup.unlink(missing_ok=True)
                elif ours and one.before is None:
                    path.unlink(missing_ok=True)
        for folder in reversed(journal.folders):
            with suppress(OSError):
                self._at(folder).rmdir()
        self._journal.unlink(missing_ok=True)

    def finish(self, journal: Journal) -> None:
        """Remove what is no longer in the index, and the backups."""
        for one in journal.removed:
            path = self._at(one.path)
            with suppress(OSError):
                if one.sha256 is not None and self._digest(one.path) == one.sha256:
                    path.unlink()
                    self._prune(path.parent)
        for written in journal.written:
            if written.before is not None:
                with suppress(OSError):
                    self._at(written.backup).unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    def unfinished(self) -> Journal | None:
        """Return the journal of a killed run, if there is one.

        Raises `CannotCheckError` where it cannot be read.
        """
        try:
            document = json.loads(self._journal.read_text(encoding="ascii"))
            return Journal(
                written=tuple(Written(**one) for one in document["written"]),
                removed=tuple(Removed(**one) for one in document["removed"]),
                folders=tuple(document["folders"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise CannotCheckError(
                f"{self._journal} cannot be read; see `git status`, then remove it"
            ) from error

    def _at(self, path: str) -> Path:
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            local = local_path(folder)
            if passes_symlink(self._top, local):
                raise CannotCheckError(f"{path}: its directory is behind a symlink")
            self._folders[folder] = str(self._top / local)
        return Path(
            f"{self._folders[folder]}/{local_text(name)}" if name else self._folders[folder]
        )

    def _digest(self, path: str) -> str | None:
        """Return the digest of a file, or of a symlink's target; None where there is nothing."""
        place = self._at(path)
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(mode):
            return sha256(os.fsencode(place.readlink())).hexdigest()
        return sha256(place.read_bytes()).hexdigest() if stat.S_ISREG(mode) else None

    def _missing_folders(self, paths: Iterable[str]) -> tuple[str, ...]:
        found: set[str] = set()
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found and not mode_of(self._at(folder)):
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return tuple(sorted(found))

    def _note(self, journal: Journal) -> None:
        def note() -> None:
            new = self._journal.with_suffix(".new")
            new.unlink(missing_ok=True)
            _write_new(new, json.dumps(journal, default=fields_of).encode("ascii"))
            new.replace(self._journal)

        _explaining(str(self._journal), note)

    def _write(self, one: Written, content: bytes) -> None:
        _explaining(one.path, lambda: _write_new(self._at(one.temporary), content))

    def _put(self, one: Written) -> None:
        path, backup = self._at(one.path), self._at(one.backup)
        if one.before is not None:
            try:
                os.link(path, backup, follow_symlinks=False)
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                    raise
                path.replace(backup)  # the file system has no links
        self._at(one.temporary).replace(path)

    def _prune(self, folder: Path) -> None:
        """Remove directories that are now empty, as Git does."""
        while folder != self._top:
            folder.rmdir()
            folder = folder.parent


def _explaining(path: str, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        raise CannotCheckError(f"cannot write {path}: {error.strerror}") from error


def _write_new(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk; its mode follows the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(path, flags, 0o644)
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(number)


def _flush_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _occupied(path: Path) -> bool:
    return mode_of(path) != 0
