"""Files that are written in one step, so that nobody ever reads half of one."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_ABANDONED = 3600.0  # seconds: to write a file takes a moment


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file beside its place, with these permissions, and move it there.

    Raises `OSError` where that fails; then nothing is left, and what was there stays.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def sweep(directory: Path, name: str) -> None:
    """Remove what writers of a file left beside its place, when they were killed long ago."""
    for left in directory.glob(f".{name}.*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
