"""A sample fleet that can be built, broken and checked in a scratch directory."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.errors import UsageError

if TYPE_CHECKING:
    from agenix_check.demo.stories import Execute

# A workshop alone, as tests use it, needs none of what these import.


def tell_stories(
    directory: str | None,
    execute: "Execute",
    write: Callable[[str], object],
    *,
    color: bool,
    pause: Callable[[], None],
) -> int:
    """Tell the stories of a fleet in a directory, where it then stays, or in a scratch one.

    `execute` runs the program. Returns the exit code as `show_all` does, raises what it raises.
    """
    from agenix_check.demo.stories import Telling

    with _place(directory) as top:
        return Telling(execute, write, color=color, pause=pause).run(top, directory)


def show_all(directory: str | None, write: Callable[[str], object], *, color: bool) -> int:
    """Show every break of a fleet in a directory, where it then stays, or in a scratch one.

    Returns the exit code: 0, or 1 if the gate did not name what is wrong. Raises `UsageError` if
    the directory is neither new nor empty.
    """
    from agenix_check.demo.every_break import BREAKS
    from agenix_check.demo.play import Play

    with _place(directory) as top:
        return Play(top, write, color=color).run(BREAKS, directory)


@contextmanager
def _place(directory: str | None) -> Iterator[Path]:
    from agenix_check.demo.isolation import plain_git

    with plain_git():
        if directory is not None:
            yield _prepare(directory)
            return
        with tempfile.TemporaryDirectory(prefix="agenix-check-demo-") as scratch:
            yield Path(scratch)


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
