"""The formats: one file each in `formats/`, imported only when its format is asked for."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Literal, NamedTuple

from agenix_check.errors import UsageError, nearest
from agenix_check.model.findings import Report
from agenix_check.model.frozen import frozen
from agenix_check.report import formats

DEFAULT = "text"
"""The format of standard output unless another one is asked for."""
DEFAULT_WIDTH = 80
"""Columns of text that goes to no terminal."""


class RenderOptions(NamedTuple):
    """Options of rendering: `color`, `verbose`, `quiet` for people, the others for verdicts.

    `limit` is in bytes, for a format that can be cut; None stands for its own limit. `said_apart`:
    who reads this reads on standard error what could not be checked, so text leaves it out.
    `width`: how many columns its sentences may have, for text.
    """

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    strict: bool = False
    require_verified: bool = False
    limit: int | None = None
    said_apart: bool = False
    width: int = DEFAULT_WIDTH


@frozen(kw_only=False)
class Summary:
    """A second report beside a format: the environment `variable` names the file to append it to.

    `most` is how many bytes we add at most, `whole` how large the file may become.
    """

    variable: str
    format: str
    most: int
    whole: int


@frozen(kw_only=False)
class Format:
    """The declaration of a format: its name, whom it is for, what it needs, what renders it.

    `terminal`: its reader is the person who typed the command. `details`: it shows what each output
    was made from. `history`: it says since when something is wrong, which may need a search in
    history. `plan`: what `--fix --dry-run` prints for it; None if that is not possible.
    """

    name: str
    audience: str
    render: Callable[[Report, RenderOptions], str]
    terminal: bool = False
    details: bool = False
    history: bool = True
    plan: Literal["text", "json"] | None = None
    summary: Summary | None = None


@cache
def format_names() -> tuple[str, ...]:
    """Return the names of all formats, the default first, without importing them."""
    # Looked up by every run that is given options, so without pathlib or pkgutil.
    entries = os.listdir(formats.__path__[0])  # noqa: PTH208
    names = sorted({entry.partition(".")[0] for entry in entries if not entry.startswith("_")})
    return (DEFAULT, *(name for name in names if name != DEFAULT))


def find_format(name: str) -> Format:
    """Return a format; an unknown name raises `UsageError`."""
    if name != DEFAULT and name not in format_names():
        known = ", ".join(format_names())
        hint = nearest(name, format_names())
        raise UsageError(f"there is no format {name!r}{hint}; known are {known}")
    found: Format = import_module(f"{formats.__name__}.{name}").FORMAT
    return found


def all_formats() -> Sequence[Format]:
    """Return every format."""
    return [find_format(name) for name in format_names()]
