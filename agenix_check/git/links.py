"""Symbolic links of a tree, followed inside it: never on the disk."""

import posixpath
from collections.abc import Callable, Mapping
from enum import Enum

from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.model.frozen import frozen

_MOST_LINKS = 40  # as Linux allows on one way


class Obstacle(Enum):
    """Why a path cannot be followed inside a tree."""

    OUTSIDE = "outside this repository"
    SUBMODULE = "in a submodule"


@frozen(kw_only=False)
class Followed:
    """Where a path leads: `path` is the last place in the tree, whether something is there or not.

    `passed` are the links on the way with their targets, in order; `obstacle` says why the way
    ends at `path`, None where it does not.
    """

    path: str
    passed: tuple[tuple[str, str], ...] = ()
    obstacle: Obstacle | None = None


def follow(path: str, files: Mapping[str, File], target: Callable[[File], str]) -> Followed:
    """Follow the links on the way of a path; `target` returns what a link says.

    Links in a circle, and those that start at the root of the disk, lead outside.
    """
    waiting = list(reversed(path.split("/")))
    place = ""
    passed: list[tuple[str, str]] = []
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return Followed(place, tuple(passed), Obstacle.OUTSIDE)
            place = posixpath.dirname(place)
            continue
        here = posixpath.join(place, part)
        file = files.get(here)
        if file is not None and file.mode == SUBMODULE:
            return Followed(here, tuple(passed), Obstacle.SUBMODULE)
        if file is None or file.mode != SYMLINK:
            place = here
            continue
        said = target(file)
        passed.append((here, said))
        if said.startswith("/") or len(passed) > _MOST_LINKS:
            return Followed(here, tuple(passed), Obstacle.OUTSIDE)
        waiting.extend(reversed(said.split("/")))
    return Followed(place, tuple(passed))
