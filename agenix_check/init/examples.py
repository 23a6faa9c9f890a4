"""The files of `ci-examples`, which come with the program."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from agenix_check import __version__


def where_to_read(name: str) -> str:
    """Return where a person who has only the program finds an example."""
    return f"https://github.com/agenix-check/agenix-check/blob/v{__version__}/ci-examples/{name}"


@cache
def example(name: str) -> str:
    """Return an example without the comment that says where to copy it."""
    installed = files("agenix_check") / "examples"
    place = installed if installed.is_dir() else Path(__file__).parents[2] / "ci-examples"
    lines = (place / name).read_text("utf-8").splitlines(keepends=True)
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        del lines[0]
    return "".join(lines)
