"""One immutable Git tree as a listing: its files with their modes and object ids."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Thread
from typing import NamedTuple

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_text
from agenix_check.git.process import Git
from agenix_check.model.frozen import frozen, replace

REGULAR = "100644"
SYMLINK = "120000"
SUBMODULE = "160000"
DIRECTORY = "040000"
_DIGITS_OF_SHA1 = 40
OID_AT = len("100644 blob ")  # in a record of `git ls-tree` about a file
MOST_LISTED = 1 << 29  # bytes of a tree's listing: some four million files
_LISTED_AT_ONCE = 1 << 16  # bytes read at once
_LONGEST_PATH = 4096  # bytes: no system has files with longer ones
_TREE_TOO_LARGE = f"the tree is too large: its listing has more than {MOST_LISTED >> 20} MiB"
_TREE_TOO_DEEP = f"the tree is too deep: it has paths of more than {_LONGEST_PATH} bytes"
_EMPTY_BLOBS = {  # the empty blob, in both object formats
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
}


class NeedsAllError(Exception):
    """Something cannot be told from a listing in which files are left out."""


class File(NamedTuple):
    """One entry of a tree: `mode` in Git's octal digits, `oid` in hexadecimal."""

    path: str
    mode: str
    oid: str

    @property
    def is_empty(self) -> bool:
        """Whether it has no content."""
        return self.oid in _EMPTY_BLOBS


Listing = tuple[dict[str, File], dict[str, str]]
"""The files of a tree, and the object ids of its directories, by path."""


@frozen
class Snapshot:
    """A tree seen read-only: the index, a commit or the work tree.

    `commit` is None for what is not committed. The listing is read when it is first asked for:
    a base is often known by its object id alone. `left_out` are records of files that it has not.
    """

    kind: str
    tree: str
    commit: str | None
    git: Git
    left_out: Sequence[str] = ()

    @property
    def files(self) -> Mapping[str, File]:
        """Each path's entry."""
        return self._listing[0]

    @property
    def directories(self) -> Mapping[str, str]:
        """Each directory's tree object id; "" is the root."""
        return self._listing[1]

    @contextmanager
    def listed_meanwhile(self) -> Iterator[None]:
        """Let Git list the tree while something else is done.

        If that fails, whoever asks for the listing gets the error.
        """

        def look() -> None:
            with suppress(CannotCheckError):
                _ = self._listing

        lister = Thread(target=look)
        lister.start()
        try:
            yield
        finally:
            lister.join()

    def with_listing(self, records: Iterable[str], left_out: Sequence[str]) -> "Snapshot":
        """Return the snapshot with some records of its listing alone; `left_out` are the others."""
        pruned = replace(self, left_out=left_out)
        pruned.__dict__["_listing"] = parse_records(records, self.tree)
        return pruned

    @cached_property
    def _listing(self) -> Listing:
        listing = parse_records(self.records, self.tree)
        del self.__dict__["records"]  # whoever has files needs them no more
        return listing

    @cached_property
    def records(self) -> list[str]:
        """The listing, as `git ls-tree -r -t -z` gives it.

        Raises `CannotCheckError` where it is too large.
        """
        pieces: list[bytes] = []
        room = MOST_LISTED
        with self.git.stream("ls-tree", "-r", "-t", "-z", "--full-tree", self.tree) as listing:
            while piece := listing.read(_LISTED_AT_ONCE):
                room -= len(piece)
                if room < 0:
                    raise CannotCheckError(_TREE_TOO_LARGE)
                if (
                    len(piece) == _LISTED_AT_ONCE
                    and piece.count(b"\0") < _LISTED_AT_ONCE // _LONGEST_PATH
                ):
                    raise CannotCheckError(_TREE_TOO_DEEP)
                pieces.append(piece)
        return to_text(b"".join(pieces)).split("\0")[:-1]

    def refuse_left_out(self) -> None:
        """Raise `NeedsAllError` where files are left out."""
        if self.left_out:
            raise NeedsAllError


@frozen(kw_only=False)
class Change:
    """A path that differs between two trees; None where a side does not have it."""

    path: str
    before: File | None
    after: File | None


def algorithm_of(oid: str) -> str:
    """Return what hash the object ids of a repository are, by one of them."""
    return "sha1" if len(oid) == _DIGITS_OF_SHA1 else "sha256"


def object_id(content: bytes, algorithm: str, kind: str = "blob") -> str:
    """Return the id that a content has as an object of Git."""
    head = f"{kind} {len(content)}\0".encode("ascii")
    return hashlib.new(algorithm, head + content, usedforsecurity=False).hexdigest()


def path_of(record: str) -> str:
    """Return the path of a record of `git ls-tree -z`."""
    return record.partition("\t")[2]


def parse_records(records: Iterable[str], tree: str) -> Listing:
    """Read records of `git ls-tree -r -t -z` of `tree` into files and directories."""
    files: dict[str, File] = {}
    directories = {"": tree}
    path_at = OID_AT + len(tree) + 1
    for record in records:
        if record.startswith("blob", 7):
            path = record[path_at:]
            files[path] = File(path, record[:6], record[OID_AT : path_at - 1])
            continue
        meta, _, path = record.partition("\t")
        mode, kind, oid = meta.split(" ")
        if kind == "tree":
            directories[path] = oid
        else:
            files[path] = File(path, mode, oid)
    return files, directories


def parse_changes(listing: bytes) -> Iterator[Change]:
    """Read `git diff-tree -r -z --no-renames` of two trees."""
    fields = iter(to_text(listing).split("\0")[:-1])
    for meta, path in zip(fields, fields, strict=True):
        yield make_change(meta, path)


def make_change(meta: str, path: str) -> Change:
    """Return a change from Git's raw format, `:MODE MODE OID OID STATUS`, and its path."""
    mode_before, mode_after, oid_before, oid_after, _ = meta[1:].split(" ")
    return Change(
        path,
        File(path, mode_before, oid_before) if mode_before != "000000" else None,
        File(path, mode_after, oid_after) if mode_after != "000000" else None,
    )
