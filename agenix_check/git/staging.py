"""Change the index in one step, under the lock that Git takes, or not at all.

A run that was killed leaves at most a lock that the next run recognises.
"""

import fcntl
import hashlib
import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import quote_path, to_bytes, to_text
from agenix_check.git.process import Git
from agenix_check.git.repository import Repository, index_aside, write_tree
from agenix_check.git.snapshot import REGULAR, algorithm_of, object_id
from agenix_check.git.worktree import without_filters
from agenix_check.model.frozen import replace

FOLDER = "agenix-check"  # in the Git directory

_NEW = "index"
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@contextmanager
def exclusive_run(repository: Repository) -> Iterator[Path]:
    """Keep other runs from this work tree; yield the folder where this run may keep notes.

    Raises `CannotCheckError` where another run is at work. The lock ends with the process.
    """
    folder = repository.git_dir / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        number = os.open(folder / "fix.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise CannotCheckError(f"cannot write in {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotCheckError(
                "another `agenix-check --fix` is at work in this repository; wait until it ends"
            ) from error
        _drop_stale_lock(repository, folder)
        yield folder
    finally:
        os.close(number)


def index_path(repository: Repository) -> Path:
    """Return the path of the index that Git uses."""
    listing = repository.git.run("rev-parse", "--path-format=absolute", "--git-path", "index")
    return Path(os.fsdecode(listing)[:-1])


@contextmanager
def staged_aside(repository: Repository, paths: Iterable[str]) -> Iterator[Repository]:
    """Yield the repository with files of the work tree staged in a copy of its index."""
    with index_aside(repository) as copy:
        oids = write_blobs(copy, paths)
        _update(copy.git, oids, ())
        yield copy


def write_blobs(repository: Repository, paths: Iterable[str]) -> dict[str, str]:
    """Write files of the work tree to the object database, as they are; return their ids."""
    wanted = list(paths)
    if not wanted:
        return {}
    requests = b"".join(to_bytes(quote_path(path)) + b"\n" for path in wanted)
    listing = repository.git.run(
        "hash-object", "-w", "--no-filters", "--stdin-paths", given=requests
    )
    return dict(zip(wanted, listing.decode().split(), strict=True))


def is_blob(content: bytes, oid: str) -> bool:
    """Return whether an object id is that of a content as a blob; its length shows the hash."""
    return object_id(content, algorithm_of(oid)) == oid


def object_ids(repository: Repository, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the ids that contents have as blobs of this repository, by path."""
    name = _hash(repository.git)
    return {path: object_id(data, name) for path, data in contents.items()}


def filtered(repository: Repository, paths: Iterable[str]) -> list[str]:
    """Return the paths that Git puts through a filter program (LFS, git-crypt)."""
    requests = b"".join(to_bytes(path) + b"\0" for path in paths)
    listing = repository.git.run("check-attr", "--stdin", "-z", "filter", given=requests)
    fields = to_text(listing).split("\0")[:-1]
    return [
        path
        for path, value in zip(fields[0::3], fields[2::3], strict=True)
        if value not in ("unspecified", "unset")
    ]


def entries(repository: Repository) -> dict[str, tuple[str, str]]:
    """Return mode and object id of every entry of the index that is not unmerged."""
    found = {}
    for record in to_text(repository.git.run("ls-files", "--stage", "-z")).split("\0")[:-1]:
        meta, _, path = record.partition("\t")
        mode, oid, stage = meta.split(" ")
        if stage == "0":
            found[path] = (mode, oid)
    return found


def restage(
    repository: Repository,
    folder: Path,
    tree: str,
    add: Mapping[str, str],
    remove: Iterable[str],
) -> None:
    """Put blobs into the index and take paths out, in one step.

    `tree` is what the index held when the plan was made. Raises `CannotCheckError` where it holds
    something else now, is locked or cannot be written; then it stays as it is.
    """
    index = index_path(repository)
    new = folder / _NEW
    try:
        _drop_copy(folder)
        before = _bytes(index)
        if before is not None:
            shutil.copy2(index, new)
        git = repository.git.with_environment({"GIT_INDEX_FILE": str(new)})
        # The shared part of a split index would be written beside the copy.
        git = git.with_settings({"core.splitIndex": "false"})
        if write_tree(replace(repository, git=git)) != tree:
            raise _changed()
        _update(git, add, remove)
        # The look afterwards must not be the first to need room for these objects.
        write_tree(replace(repository, git=git))
        _refresh(git)
        _swap(index, new, before)
    except OSError as error:
        raise CannotCheckError(f"cannot write {index}: {error.strerror}") from error


def _changed() -> CannotCheckError:
    return CannotCheckError("the index changed while this ran; nothing was staged, run it again")


def _swap(index: Path, new: Path, before: bytes | None) -> None:
    """Replace the index by a new one, as Git does: under its lock, by a rename."""
    lock = index.with_name(f"{index.name}.lock")
    _flush(new)
    with _undisturbed():
        try:
            # A hard link: by it the next run recognises the lock as ours.
            os.link(new, lock)
        except FileExistsError:
            raise CannotCheckError(
                f"nothing was staged: {lock.name} exists, because another Git is at work or was "
                "killed; if none is at work, remove that file, then run this again"
            ) from None
        try:
            unchanged = _bytes(index) == before
            if unchanged:
                lock.replace(index)
        except BaseException:
            lock.unlink(missing_ok=True)
            raise
        if not unchanged:
            lock.unlink()
            raise _changed()
    new.unlink(missing_ok=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Delay signals that end the process: a lock left behind would stop every other Git."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _drop_stale_lock(repository: Repository, folder: Path) -> None:
    """Remove the lock of a run that was killed: only ours is the same file as our copy."""
    new = folder / _NEW
    index, real = index_path(repository), repository.git_dir / "index"
    # `git commit -a` lets its hooks work on the lock itself.
    for name in (f"{index}.lock", f"{real}.lock", f"{real}.lock.lock"):
        lock = Path(name)
        with suppress(OSError):
            if lock.samefile(new) and lock != index:
                lock.unlink()
    _drop_copy(folder)


def _drop_copy(folder: Path) -> None:
    """Remove the copy of an index, and the lock of a Git that was killed while it wrote it."""
    for name in (_NEW, f"{_NEW}.lock"):
        (folder / name).unlink(missing_ok=True)


def _update(git: Git, add: Mapping[str, str], remove: Iterable[str]) -> None:
    nothing = b"0" * (2 * hashlib.new(_hash(git), usedforsecurity=False).digest_size)
    lines = [b"0 %s\t%s" % (nothing, to_bytes(path)) for path in remove]
    lines += [f"{REGULAR} {oid}\t".encode() + to_bytes(path) for path, oid in add.items()]
    if lines:
        git.run("update-index", "-z", "--index-info", given=b"".join(f + b"\0" for f in lines))


def _refresh(git: Git) -> None:
    """Let Git record the times of what was written, so that its next look is cheap.

    Its non-zero exit for edited files is expected. No filter runs.
    """
    without_filters(git).attempt("update-index", "-q", "--refresh", "--ignore-missing")


def _hash(git: Git) -> str:
    """Return the name of the hash that makes object ids."""
    return git.run("rev-parse", "--show-object-format").decode().strip()


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
