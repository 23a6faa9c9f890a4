"""The files of `ci-examples`, which come with the program."""

from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def example(name: str) -> str:
    """Return an example without the comment that says where to copy it."""
    installed = files("agenix_check") / "examples"
    place = installed if installed.is_dir() else Path(__file__).parents[2] / "ci-examples"
    lines = (place / name).read_text("utf-8").splitlines(keepends=True)
    while lines and (lines[0].startswith("#") or not lines[0].strip()):
        del lines[0]
    return "".join(lines)
