"""Contents of many blobs in one Git process, with a bound on what one of them may cost."""

import hashlib
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import IO, NamedTuple

from agenix_check.git.paths import to_text
from agenix_check.git.process import Git, GitError, first_line
from agenix_check.git.snapshot import File

WHOLE = 1 << 20  # bytes; larger blobs are given by their head only
HEAD = 1 << 17  # bytes
AGE_HEAD = 1 << 21  # bytes; room for the longest age header
_PIECE = 1 << 16  # bytes read at once: Git works on while we look at them
_HASHED = 1 << 28  # bytes; a larger blob is not read to its end
_AGE_STARTS = (b"age-encryption.org/", b"-----BEGIN AGE")


class Blob(NamedTuple):
    """A blob's content: the whole of it, or its first bytes where it is large.

    `size` is in bytes, and -1 where the object is not in this repository (a partial clone).
    `sha256` is that of the whole content, in hexadecimal, where `data` is only its head.
    """

    oid: str
    size: int
    data: bytes
    sha256: str | None = None


def read_root(git: Git, trees: Iterable[str]) -> dict[str, dict[str, File]]:
    """Return the entries at the root of each tree, by name, in one process.

    Raises `GitError` for a tree that is not here.
    """
    roots: dict[str, dict[str, File]] = {}
    wanted = list(dict.fromkeys(trees))
    with git.stream("cat-file", "--batch", "--buffer", lines=wanted) as answers:
        for tree in wanted:
            words = answers.readline().split()
            if len(words) != 3 or words[1] != b"tree":
                raise GitError(f"the tree {tree} cannot be read; run `git fsck` for details")
            content = answers.read(int(words[2]) + 1)[:-1]
            roots[tree] = dict(_entries(content, len(tree) // 2))
    return roots


def read_directories(git: Git, tree: str, directories: Iterable[str]) -> dict[str, dict[str, File]]:
    """Return the entries of directories of a tree, by name; none where it has nothing of that path.

    Their paths have no newlines; "" is the root. Raises `GitError` for what is not here, or is no
    directory.
    """
    asked = list(directories)
    found: dict[str, dict[str, File]] = {}
    lines = [f"{tree}:{directory}" for directory in asked]
    with git.stream("cat-file", "--batch", "--buffer", lines=lines) as answers:
        for directory in asked:
            found[directory] = {}
            answer = answers.readline()
            if answer.endswith(b" missing\n"):
                continue
            words = answer.split()
            if len(words) != 3 or words[1] != b"tree":
                raise GitError(f"{directory} cannot be read; run `git fsck` for details")
            content = answers.read(int(words[2]) + 1)[:-1]
            found[directory] = dict(_entries(content, len(tree) // 2))
    return found


def _entries(content: bytes, oid_size: int) -> Iterator[tuple[str, File]]:
    """Read a tree object: `MODE NAME`, a zero byte and the object id, again and again."""
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + oid_size
        path = to_text(name)
        yield path, File(path, mode.decode("ascii").zfill(6), content[end + 1 : at].hex())


def read_blobs(git: Git, oids: Iterable[str], small: Iterable[str] = ()) -> Iterator[Blob]:
    """Yield each blob once, in no particular order.

    Blobs in `small` are expected to be small, so they are read without asking for their sizes.
    Raises `GitError`, which names the object, for a damaged one.
    """
    hasty = list(dict.fromkeys(small))
    given = yield from _read_hastily(git, hasty)
    wanted = dict.fromkeys(oids)
    for oid in hasty[:given]:
        wanted.pop(oid, None)
    if not wanted:
        return
    sizes = _sizes(git, wanted)
    whole = [oid for oid, size in sizes.items() if size <= WHOLE]
    if whole:
        with git.stream("cat-file", "--batch", "--buffer", lines=whole) as answers:
            given = yield from _cut(answers, whole)
            if given < len(whole):
                raise _damaged(whole[given])
    for oid, size in sizes.items():
        if size > WHOLE:
            with git.stream("cat-file", "blob", oid) as content:
                yield _read_large(content, oid, size)
    for oid in wanted:
        if oid not in sizes:
            yield Blob(oid, -1, b"")


def _read_hastily(git: Git, oids: list[str]) -> Generator[Blob, None, int]:
    """Yield blobs up to the first one that is large, missing or damaged; return how many."""
    given = 0
    if oids:
        with suppress(GitError), git.stream("cat-file", "--batch", "--buffer", lines=oids) as found:
            given = yield from _cut(found, oids)
    return given


def _cut(answers: IO[bytes], oids: Sequence[str]) -> Generator[Blob, None, int]:
    """Cut blobs out of `OID blob SIZE<LF>CONTENT<LF>`, up to one that is different or large.

    Returns how many there were. Thousands are cut on every first look, so little is done for each.
    """
    piece, at, given = b"", 0, 0
    make, starts = partial(tuple.__new__, Blob), piece.startswith
    for oid, asked in zip(oids, "\n".join(oids).encode("ascii").split(b"\n"), strict=True):
        start = piece.find(b"\n", at) + 1
        if not start:
            piece, at = piece[at:] + answers.read(_PIECE), 0
            starts = piece.startswith
            start = piece.find(b"\n") + 1
        kind_at = at + len(asked)
        if not (start and starts(asked, at) and starts(b" blob ", kind_at)):
            break
        size = int(piece[kind_at + 6 : start - 1])
        if size > WHOLE:
            break
        end = start + size
        if end >= len(piece):
            piece = piece[start:] + answers.read(max(size + 1, _PIECE))
            starts = piece.startswith
            start, end = 0, size
            if end >= len(piece):
                break
        yield make((oid, size, piece[start:end], None))
        given += 1
        at = end + 1
    return given


def match_blobs(
    git: Git, oids: Sequence[str], head: bytes
) -> Iterator[tuple[int, "re.Match[bytes]"]]:
    """Match the first bytes of many blobs against a pattern.

    Yields for each how many bytes it has behind what the pattern matches, and the match: its groups
    are the object's id and size, and those of the pattern, all of which are None where that does
    not match. `blob_of` gives the content. Raises `GitError` at a blob that is large, missing or
    damaged.
    """
    match = re.compile(rb"([0-9a-f]+) blob ([0-9]+)\n(?:" + head + rb")?").match
    piece, at = b"", 0
    with git.stream("cat-file", "--batch", "--buffer", lines=oids) as answers:
        for asked in "\n".join(oids).encode("ascii").split(b"\n"):
            found = match(piece, at)
            end = -1 if found is None else found.end(2) + 1 + int(found[2])
            if found is None or end >= len(piece):
                piece, at = piece[at:] + answers.read(_PIECE), 0
                found = match(piece)
                end = WHOLE if found is None else found.end(2) + 1 + int(found[2])
                if len(piece) <= end < WHOLE:
                    piece += answers.read(end + 1 - len(piece))
                    found = match(piece)
            if found is None or found[1] != asked or end >= len(piece):
                raise _damaged(asked.decode("ascii"))
            yield end - found.end(), found
            at = end + 1


def blob_of(found: "re.Match[bytes]") -> bytes:
    """Return the content of a blob that was matched."""
    start = found.end(2) + 1
    return found.string[start : start + int(found[2])]


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
    elif "promisor" in complaint:  # Git wanted to fetch a missing object, and stopped there
        with git.stream(*check, "--batch-all-objects", "--unordered") as objects:
            here = {fields[0].decode(): fields for fields in map(bytes.split, objects)}
        found = [here[oid] for oid in wanted if oid in here]
    else:
        raise GitError(first_line(complaint, "cat-file"))
    return {fields[0].decode(): int(fields[2]) for fields in found if fields[1] == b"blob"}


def _damaged(oid: str) -> GitError:
    return GitError(f"the object {oid} is damaged; run `git fsck` for details")


def _read_large(content: IO[bytes], oid: str, size: int) -> Blob:
    head = content.read(HEAD)
    if size > _HASHED or not head.startswith(_AGE_STARTS):
        return Blob(oid, size, head)
    head += content.read(AGE_HEAD - HEAD)
    digest = hashlib.sha256(head)
    while chunk := content.read(WHOLE):
        digest.update(chunk)
    return Blob(oid, size, head, digest.hexdigest())


def digest_without_breaks(git: Git, oid: str) -> str | None:
    """Return the SHA-256 of a blob without the line breaks at its end; None if it has none."""
    digest, breaks = hashlib.sha256(), 0
    with git.stream("cat-file", "blob", oid) as content:
        while piece := content.read(WHOLE):
            kept = piece.rstrip(b"\n")
            if kept:
                digest.update(b"\n" * breaks)
                digest.update(kept)
                breaks = 0
            breaks += len(piece) - len(kept)
    return digest.hexdigest() if breaks else None
