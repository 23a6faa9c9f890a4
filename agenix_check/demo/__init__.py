"""A sample fleet that can be built, broken and checked in a scratch directory."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from agenix_check.errors import UsageError


def run(directory: str | None, write: Callable[[str], object], *, color: bool) -> int:
    """Play the demo in a directory, where the fleet then stays, or in a scratch one.

    Returns the exit code: 0, or 1 if the gate did not name what is wrong. Raises `UsageError` if
    the directory is neither new nor empty.
    """
    # A workshop alone, as tests use it, needs none of this.
    from agenix_check.demo.every_break import BREAKS
    from agenix_check.demo.isolation import plain_git
    from agenix_check.demo.play import Play

    with plain_git():
        if directory is not None:
            return Play(_prepare(directory), write, color=color).run(BREAKS, directory)
        with tempfile.TemporaryDirectory(prefix="agenix-check-demo-") as scratch:
            return Play(Path(scratch), write, color=color).run(BREAKS, None)


def _prepare(directory: str) -> Path:
    """Make the directory, or make sure that it is empty."""
    path = Path(directory).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(
                f"{directory or path} is not empty; the demo needs a new or an empty directory"
            )
    except OSError as error:
        raise UsageError(f"{directory}: {os.strerror(error.errno or 0)}") from error
    return path
