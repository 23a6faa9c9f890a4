"""Which files of the repository the paths in an evaluation stand for."""

import os
import posixpath
import stat
from collections import defaultdict

from agenix_check.git.objects import WHOLE, read_blobs
from agenix_check.git.snapshot import SUBMODULE, Snapshot, algorithm_of, object_id
from agenix_check.model.declaration import DeclaredPath


class StorePaths:
    """Turns paths as Nix prints them into paths of a snapshot.

    `root` is the store path of the snapshot's tree, `store` the directory of all store paths.
    """

    def __init__(self, snapshot: Snapshot, root: str, store: str) -> None:
        self._snapshot = snapshot
        self._root = root
        self._store = store
        self._known: dict[str, DeclaredPath] = {}
        self._by_oid: dict[str, list[str]] = defaultdict(list)
        for file in snapshot.files.values():
            self._by_oid[file.oid].append(file.path)
        self._submodules = {f.path for f in snapshot.files.values() if f.mode == SUBMODULE}

    def find(self, text: str) -> DeclaredPath:
        """Return the file that a path is; one copied into the store is found by its content."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._look_up(text)
        return known

    def key_text(self, text: str) -> str:
        """Return a public key's text; where `text` is the path of a file, that file's content.

        A file outside the repository gives its path as it is.
        """
        if not text.startswith("/"):
            return text
        path = self.find(text).path
        file = self._snapshot.files.get(path) if path is not None else None
        if file is None:
            return text
        (blob,) = read_blobs(self._snapshot.git, [file.oid])
        return blob.data.decode("utf-8", "replace") if blob.size == len(blob.data) else text

    def _look_up(self, text: str) -> DeclaredPath:
        path = posixpath.normpath(text)
        if path == self._root:
            return DeclaredPath(path="")
        if path.startswith(f"{self._root}/"):
            inner = path.removeprefix(f"{self._root}/")
            return (
                DeclaredPath(path=None, outside=inner)
                if self._is_in_submodule(inner)
                else DeclaredPath(path=inner)
            )
        if path.startswith(f"{self._store}/") and (copied := self._copied_from(path)) is not None:
            return DeclaredPath(path=copied)
        return DeclaredPath(path=None, outside=text)

    def _is_in_submodule(self, path: str) -> bool:
        """Return whether a path belongs to a submodule, which is another repository."""
        return any(path == top or path.startswith(f"{top}/") for top in self._submodules)

    def _copied_from(self, path: str) -> str | None:
        """Return the file that a store path is a copy of; of several, the closest in name."""
        content = _read(path)
        if content is None:
            return None
        oid = object_id(content, algorithm_of(self._snapshot.tree))
        # A store path is <hash>-<name>; below it are the names of the directory that was copied.
        parts = path.removeprefix(f"{self._store}/").split("/")
        parts[0] = parts[0].partition("-")[2]
        alike = self._by_oid.get(oid, [])
        return min(
            alike, key=lambda file: (-_common_end(file.split("/"), parts), file), default=None
        )


def _common_end(left: list[str], right: list[str]) -> int:
    """Return how many of their last parts two paths have in common."""
    count = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        count += 1
    return count


def _read(path: str) -> bytes | None:
    """Return a regular file's content, or None: not there, not regular, or over 1 MiB."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    status = os.fstat(number)
    if not stat.S_ISREG(status.st_mode) or status.st_size > WHOLE:
        os.close(number)
        return None
    with os.fdopen(number, "rb") as file:
        return file.read(WHOLE)
