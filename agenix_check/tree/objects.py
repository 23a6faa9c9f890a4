"""Contents of many blobs in one Git process, with a bound on what one of them may cost."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from agenix_check.tree.git import Git, GitError, first_line

WHOLE = 1 << 20  # bytes; larger blobs are given by their head only
HEAD = 1 << 17  # bytes; room for the largest age header (64 KiB)
_PIECE = 1 << 16  # bytes that are read at once: Git goes on while they are looked at
_HASHED = 1 << 28  # bytes; a larger blob is not read to its end
_AGE = (b"age-encryption.org/", b"-----BEGIN AGE")


class Blob(NamedTuple):
    """A blob's content: the whole of it, or its first bytes where it is large.

    `size` is in bytes, and -1 where the object is not in this repository (a partial clone).
    `sha256` is that of the whole content, in hexadecimal, where `data` is only its head.
    """

    oid: str
    size: int
    data: bytes
    sha256: str | None = None


def read_blobs(git: Git, oids: Iterable[str]) -> Iterator[Blob]:
    """Give each blob once, in no particular order.

    Raises `GitError` for a damaged one, which it names.
    """
    wanted = dict.fromkeys(oids)
    if not wanted:
        return
    sizes = _sizes(git, wanted)
    small = [oid for oid, size in sizes.items() if size <= WHOLE]
    if small:
        with git.stream("cat-file", "--batch", "--buffer", lines=small) as answers:
            yield from _read_small(answers, small, sizes)
    for oid, size in sizes.items():
        if size > WHOLE:
            with git.stream("cat-file", "blob", oid) as content:
                yield _read_large(content, oid, size)
    for oid in wanted:
        if oid not in sizes:
            yield Blob(oid, -1, b"")


def _read_small(answers: IO[bytes], oids: list[str], sizes: dict[str, int]) -> Iterator[Blob]:
    """Cut the blobs out of `OID blob SIZE<LF>CONTENT<LF>`, read in large pieces."""
    for batch in _batches(oids, sizes):
        piece = answers.read(sum(_frame(oid, sizes[oid]) + sizes[oid] for oid in batch))
        at = 0
        for oid in batch:
            size = sizes[oid]
            start = piece.find(b"\n", at) + 1
            whole = at < start < len(piece) - size
            if not whole or not piece.startswith(oid.encode("ascii"), at):
                raise _damaged(oid)
            yield Blob(oid, size, piece[start : start + size])
            at = start + size + 1


def _frame(oid: str, size: int) -> int:
    """Return how many bytes stand around a content: its header and the line feed behind it."""
    return len(oid) + len(str(size)) + 8


def _batches(oids: list[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    room = _PIECE
    for oid in oids:
        batch.append(oid)
        room -= sizes[oid]
        if room < 0:
            yield batch
            batch, room = [], _PIECE
    yield batch


def _sizes(git: Git, wanted: dict[str, None]) -> dict[str, int]:
    """Return the size in bytes of each blob that is here."""
    check = ("cat-file", "--batch-check", "--buffer")
    status, answers, complaint = git.attempt(*check, lines=wanted)
    if status == 0:
        words = answers.decode("ascii").split()
        if len(words) == 3 * len(wanted):
            return dict(zip(wanted, map(int, words[2::3]), strict=True))
        found = [line.split() for line in answers.splitlines()]
        missing = [fields[0].decode() for fields in found if len(fields) < 3]
        if missing and "error: " in complaint:
            raise _damaged(missing[0])
    elif "promisor" in complaint:  # it would have fetched what is not here, and said no more
        with git.stream(*check, "--batch-all-objects", "--unordered") as objects:
            here = {fields[0].decode(): fields for fields in map(bytes.split, objects)}
        found = [here[oid] for oid in wanted if oid in here]
    else:
        raise GitError(first_line(complaint, "cat-file"))
    return {fields[0].decode(): int(fields[2]) for fields in found if fields[1] == b"blob"}


def _damaged(oid: str) -> GitError:
    return GitError(f"the object {oid} is damaged; `git fsck` tells more")


def _read_large(content: IO[bytes], oid: str, size: int) -> Blob:
    head = content.read(HEAD)
    if size > _HASHED or not head.startswith(_AGE):
        return Blob(oid, size, head)
    digest = hashlib.sha256(head)
    while chunk := content.read(WHOLE):
        digest.update(chunk)
    return Blob(oid, size, head, digest.hexdigest())
