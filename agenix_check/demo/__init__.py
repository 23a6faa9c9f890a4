"""A sample fleet that can be built, broken and checked in a scratch directory."""

from collections.abc import Callable


def run(directory: str | None, write: Callable[[str], object]) -> int:
    """Play the demo in a directory, or in a scratch one; return the exit code."""
    raise NotImplementedError
