"""Files of the work tree, read without following a symlink and only inside the repository."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agenix_check.tree.objects import WHOLE
from agenix_check.tree.repository import Repository
from agenix_check.tree.snapshot import decode

_MOST = 10_000  # entries of one directory, counted with all below it


def list_unstaged(repository: Repository) -> list[str]:
    """Return the paths that differ from the index or are not in it, ignored ones left out."""
    listing = repository.git.run(
        "ls-files", "-z", "--modified", "--others", "--exclude-standard", "--deduplicate"
    )
    return decode(listing).split("\0")[:-1]


def list_directory(repository: Repository, directory: str) -> Iterator[str]:
    """Give the paths of the files below a directory, tracked, ignored or neither."""
    if repository.top is None:
        return
    start = repository.top / directory
    if _passes_symlink(repository.top, directory):
        return
    count = 0
    for folder, _, names in os.walk(start):
        for name in names:
            count += 1
            if count > _MOST:
                return
            yield Path(folder, name).relative_to(repository.top).as_posix()


def read_file(repository: Repository, path: str) -> bytes | None:
    """Return a regular file's content, or None: not there, not regular, or over 1 MiB."""
    if repository.top is None or _passes_symlink(repository.top, path):
        return None
    try:
        number = os.open(repository.top / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(number, "rb") as file:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_size > WHOLE:
            return None
        return file.read(WHOLE)


def _passes_symlink(top: Path, path: str) -> bool:
    """Tell whether a path leads out of the work tree, or through a symlink on its way."""
    parts = Path(path).parts
    if ".." in parts or Path(path).is_absolute():
        return True
    return any(top.joinpath(*parts[:depth]).is_symlink() for depth in range(1, len(parts) + 1))
