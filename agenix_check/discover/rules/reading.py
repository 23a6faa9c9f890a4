"""The files that a rules file may read: those of one tree, never the disk."""

import posixpath
from collections.abc import Callable, Mapping
from functools import cached_property

from agenix_check.discover.rules.places import encode
from agenix_check.discover.rules.values import (
    AbsentFileError,
    EvaluationError,
    RefusedError,
    show_text,
)
from agenix_check.git.links import Obstacle, follow
from agenix_check.git.paths import to_text
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File

_FILE_TYPES = {SYMLINK: b"symlink", SUBMODULE: b"directory"}


class TreeFiles:
    """The files of a tree: its listing, and `load`, which returns a blob's content by its id.

    `read_paths` are the paths that were looked at, each with what was there: an object id, "" for
    a directory without one, None for nothing.
    """

    def __init__(
        self,
        files: Mapping[str, File],
        directories: Mapping[str, str],
        load: Callable[[File], bytes],
    ) -> None:
        self._files = files
        self._directories = directories
        self._load = load
        self.read_paths: dict[str, str | None] = {}

    def read(self, path: str) -> bytes:
        """Return a file's content; raises `EvaluationError` or `RefusedError`."""
        place = self._follow(path)
        self._note(place)
        file = self._files.get(place)
        if file is None or file.mode == SUBMODULE:
            if place in self._directories:
                raise EvaluationError(f"{_shown(path)} is a directory")
            raise AbsentFileError(f"{_shown(path)} is not in this tree", place)
        return self._load(file)

    def list(self, path: str) -> dict[bytes, bytes]:
        """Return a directory's entries, each with its type as `readDir` names it."""
        place = self._follow(path)
        self._note(place)
        if place not in self._directories:
            raise EvaluationError(f"{_shown(path)} is no directory of this tree")
        return dict(self._entries.get(place, {}))

    def exists(self, path: str) -> bool:
        """Return whether there is a file or directory; a link that leads nowhere is refused."""
        if path in self._files and self._files[path].mode != SYMLINK:
            self._note(path)
            return True
        place = self._follow(path)
        self._note(place)
        there = place in self._files or place in self._directories
        if not there and path in self._files:
            raise RefusedError(f"the link {_shown(path)}, which leads nowhere")
        return there

    def source(self, path: str) -> str:
        """Return the file that `import` of a path reads."""
        place = self._follow(path)
        if place != path and posixpath.dirname(path) != self._follow(posixpath.dirname(path)):
            raise RefusedError(f"an `import` through the link of a directory, {_shown(path)}")
        if place in self._directories:
            place = self._follow(posixpath.join(place, "default.nix"))
        return place

    def _follow(self, path: str) -> str:
        """Return the path that links lead to; raises `RefusedError` where they leave the tree."""
        found = follow(path, self._files, self._target)
        for link, _ in found.passed:
            self._note(link)
        if found.obstacle is Obstacle.SUBMODULE:
            raise RefusedError(f"{_shown(path)} is in a submodule")
        if found.obstacle is not None:
            raise RefusedError(f"{_shown(path)} leads out of the repository", impure=True)
        return found.path

    def _target(self, link: File) -> str:
        return to_text(self._load(link))

    def _note(self, path: str) -> None:
        file = self._files.get(path)
        self.read_paths[path] = self._directories.get(path) if file is None else file.oid

    @cached_property
    def _entries(self) -> dict[str, dict[bytes, bytes]]:
        """Return what each directory holds."""
        found: dict[str, dict[bytes, bytes]] = {}
        for path, file in self._files.items():
            directory, _, name = path.rpartition("/")
            kind = _FILE_TYPES.get(file.mode, b"regular")
            found.setdefault(directory, {})[encode(name)] = kind
        for path in self._directories:
            if path:
                directory, _, name = path.rpartition("/")
                found.setdefault(directory, {})[encode(name)] = b"directory"
        return found


def _shown(path: str) -> str:
    return show_text(encode(path)) or "the root"
