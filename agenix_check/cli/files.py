"""Files that the user names, and the lock file: read and written for the command line."""

import errno
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.whole_file import write_whole
from agenix_check.git.worktree import mode_of

if TYPE_CHECKING:
    from agenix_check.inquiries import NewLock

LARGEST = 1 << 28  # bytes of a file that `inspect` reads


def write_file(path: Path, text: str) -> None:
    """Write a text file in one step, so that nobody reads half of it."""
    try:
        mask = os.umask(0)
        os.umask(mask)
        write_whole(path, text.encode("utf-8", "backslashreplace"), mode=0o666 & ~mask)
    except OSError as error:
        raise CannotCheckError(f"cannot write {path}: {error.strerror}") from error


def write_lock(top: Path | None, text: str) -> None:
    """Write the lock file at the top of the work tree."""
    from agenix_check.discover.tree.evidence import LOCK

    if top is None:
        raise UsageError("a bare repository has no place for a lock file")
    if stat.S_ISLNK(mode_of(top / LOCK)):
        raise UsageError(f"{LOCK} is a symlink; remove it")
    write_file(top / LOCK, text)


def say_written(lock: "NewLock") -> str:
    """Say what was written to the lock file, and what to type next."""
    from agenix_check.discover.tree.evidence import LOCK
    from agenix_check.report.words import quantity

    nodes, secrets = quantity(lock.nodes, "node"), quantity(lock.secrets, "secret")
    held = [f"{nodes} with {secrets}"] if lock.nodes or not lock.rules_files else []
    held += [quantity(lock.rules_files, "rules file")] if lock.rules_files else []
    return f"wrote {LOCK} ({' and '.join(held)}); now: git add -- :/{LOCK}"


def read_input(file: str) -> bytes:
    """Return a file's content; `-` is standard input.

    Raises `UsageError` where it cannot be read, `CannotCheckError` where it is too large.
    """
    try:
        if file == "-":
            if sys.stdin is None:
                raise UsageError("-: standard input is closed")
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: {_reason(error)}") from error
    if len(data) > LARGEST:
        raise CannotCheckError(f"{file}: larger than {LARGEST >> 20} MiB")
    return data


def writable_file(name: str) -> Path:
    """Return the path for a report; a regular file there will be replaced, nothing else."""
    path = Path(name)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise UsageError(f"cannot write {name}: there is no directory {path.parent}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {name}: {_reason(error)}") from error
    else:
        if stat.S_ISDIR(mode):
            raise UsageError(f"cannot write a report to {name}: it is a directory")
        if not stat.S_ISREG(mode):
            raise UsageError(f"cannot write a report to {name}: it is not a regular file")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write {name}: {os.strerror(errno.EACCES)}")
    return path


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
