"""Where the paths of an evaluation are in the repository that was evaluated."""

import hashlib
import os
import posixpath
import stat
from collections import defaultdict

from agenix_check.git.objects import WHOLE, read_blobs
from agenix_check.git.snapshot import SUBMODULE, Snapshot
from agenix_check.model.declaration import Place

_SHA1_DIGITS = 40


class Places:
    """Turns paths as Nix prints them into places of a snapshot.

    `root` is the store path of the snapshot's tree, `store` the directory of all store paths.
    """

    def __init__(self, snapshot: Snapshot, root: str, store: str) -> None:
        self._snapshot = snapshot
        self._root = root
        self._store = store
        self._known: dict[str, Place] = {}
        self._by_oid: dict[str, list[str]] = defaultdict(list)
        for file in snapshot.files.values():
            self._by_oid[file.oid].append(file.path)
        self._submodules = {f.path for f in snapshot.files.values() if f.mode == SUBMODULE}

    def place(self, text: str) -> Place:
        """Return where a path is; by its content where it is a copy of a file in the store."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._find(text)
        return known

    def keys(self, text: str) -> str:
        """Return a public key's text: that of the file, where `text` is the path of one.

        The path as it is where the file is not in the repository.
        """
        if not text.startswith("/"):
            return text
        path = self.place(text).path
        file = self._snapshot.files.get(path) if path is not None else None
        if file is None:
            return text
        (blob,) = read_blobs(self._snapshot.git, [file.oid])
        return blob.data.decode("utf-8", "replace") if blob.size == len(blob.data) else text

    def _find(self, text: str) -> Place:
        path = posixpath.normpath(text)
        if path == self._root:
            return Place(path="")
        if path.startswith(f"{self._root}/"):
            inner = path.removeprefix(f"{self._root}/")
            return Place(path=None, outside=inner) if self._borrowed(inner) else Place(path=inner)
        if path.startswith(f"{self._store}/") and (copied := self._find_copied(path)) is not None:
            return Place(path=copied)
        return Place(path=None, outside=text)

    def _borrowed(self, path: str) -> bool:
        """Tell whether a path belongs to a submodule, which is another repository."""
        return any(path == top or path.startswith(f"{top}/") for top in self._submodules)

    def _find_copied(self, path: str) -> str | None:
        """Return the file that a store path is a copy of: of several, the most alike in name."""
        content = _read(path)
        if content is None:
            return None
        algorithm = "sha1" if len(self._snapshot.tree) == _SHA1_DIGITS else "sha256"
        digest = hashlib.new(algorithm, b"blob %d\0" % len(content), usedforsecurity=False)
        digest.update(content)
        # A store path is <hash>-<name>; below it are the names of the directory that was copied.
        parts = path.removeprefix(f"{self._store}/").split("/")
        parts[0] = parts[0].partition("-")[2]
        alike = self._by_oid.get(digest.hexdigest(), [])
        return min(
            alike, key=lambda file: (-_common_end(file.split("/"), parts), file), default=None
        )


def _common_end(left: list[str], right: list[str]) -> int:
    """Return in how many of their last parts two paths agree."""
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
