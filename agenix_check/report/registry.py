"""The formats: one file each in `formats/`, found there and imported when it is asked for.

A run that prints text pays for no other format.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

from agenix_check.errors import UsageError, nearest
from agenix_check.model.findings import Report
from agenix_check.report import formats

DEFAULT = "text"
"""The format that is there always, and named first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a format may heed: `color`, `verbose`, `quiet` for people, the others for verdicts.

    `limit` is in bytes, for a format that can be cut; None is its own.
    """

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    strict: bool = False
    require_verified: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A second report that a format's reader shows: `variable` names the file to append it to.

    `most` are the bytes that we add, `whole` those that the file may have afterwards.
    """

    variable: str
    format: str
    most: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a format is, whom it is for, and what it needs.

    `terminal`: who reads it typed the command, and can type another. `details`: it shows of each
    output what it was made from. `history`: it says since when something is wrong, which a search
    in history may have to find out. `plan` is what `--fix --dry-run` prints where it is asked for,
    if it can.
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
    """Return the names of all formats, the default first. None of them is imported for that."""
    from pkgutil import iter_modules

    names = sorted(module.name for module in iter_modules(formats.__path__))
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
