"""Which commit brought a text, and whether any commit that this clone has holds it.

A partial clone lacks contents that were never checked out, merged or shown here. Nothing is fetched
to look into them: what this clone does not have, nobody took from it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from agenix_check.errors import CannotCheckError
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository

_OID_LINE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_LARGEST_REFS_FILE = 1 << 24  # bytes of a file like FETCH_HEAD
_AT_A_TIME = 1 << 20  # bytes of a large file that are looked through at once
_JUJUTSU = "refs/jj/*"
_TAKING_OVER = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "SQUASH_MSG", "rebase-merge")
_EVERYTHING = ("--all", "--reflog", "--ignore-missing", "--stdin")
_SEARCH = (
    "log", "--format=%H%x00%an", "--no-patch", "--no-renames", "--no-textconv", "--no-ext-diff",
    "--no-show-signature",
)  # fmt: skip


class Brought(NamedTuple):
    """A commit, and the name of its author as the commit says it.

    `by_jujutsu` says that nothing but Jujutsu keeps it, which records each edit as a commit. Both
    are empty where a partial clone has the text, but not all that shows which commit brought it.
    """

    commit: str
    author: str
    by_jujutsu: bool = False


_SOME_COMMIT = Brought("", "")


def find_bringer(repository: Repository, text: str, path: str) -> Brought | None:
    """Return the newest commit up to HEAD that brought a text to a file, or None.

    It is the commit of whoever wrote it, not the merge that took it over.
    """
    options = ("--diff-merges=off", "--max-count=1", "HEAD", "--", path)
    found = _search(repository, text, *options)
    return found[0] if found else None


def find_in_any_commit(repository: Repository, text: str) -> Brought | None:
    """Return the oldest commit at hand that brought a text, whatever leads to that commit.

    Looked through is what branches, tags, stashes, reflogs, all worktrees, FETCH_HEAD and the other
    sides of merges lead to. Raises `CannotCheckError` where that cannot be read.
    """
    tips = list(_passing_tips(repository))
    options = ("--diff-merges=first-parent", *_EVERYTHING, "--")
    found = _search(repository, text, *options, tips=tips)
    if found is None:
        return _SOME_COMMIT if _is_in_contents_at_hand(repository, text, tips) else None
    if not found:
        return None
    others = _search(repository, text, options[0], f"--exclude={_JUJUTSU}", *options[1:], tips=tips)
    return others[-1] if others else found[-1]._replace(by_jujutsu=True)


def is_in_any_commit(repository: Repository, oid: str) -> bool:
    """Return whether a file with this content is in a commit at hand, or may come from another one.

    While something is merged or picked, what is staged is made of what that brings. Also true
    where history cannot be read.
    """
    if any((repository.git_dir / name).exists() for name in _TAKING_OVER):
        return True
    status, listing, _ = repository.git.with_settings({"log.showRoot": "true"}).attempt(
        "log", "--format=%H", "--no-patch", "--no-renames", "--no-show-signature", "--max-count=1",
        "--diff-merges=separate", f"--find-object={oid}", *_EVERYTHING, "--",
        lines=list(_passing_tips(repository)),
    )  # fmt: skip
    return bool(status or listing)


def is_in_tree(repository: Repository, text: str, commit: str) -> bool:
    """Return whether a file of a commit holds a text.

    Raises `CannotCheckError` where not all files are here.
    """
    status, _, _ = repository.git.attempt(
        "grep", "--quiet", "--text", "--fixed-strings", "-e", text, commit, "--"
    )
    if status not in (0, 1):
        raise CannotCheckError(f"the files of {commit:.12} are not all in this clone")
    return status == 0


def _is_in_contents_at_hand(repository: Repository, text: str, tips: list[str]) -> bool:
    """Return whether a text is in a file of some commit, as far as a partial clone has the files.

    Raises `CannotCheckError` where something is missing that no partial clone lacks.
    """
    git = repository.git
    status, listing, _ = git.attempt(
        "rev-list", "--objects", "--no-object-names", "--missing=allow-promisor",
        "--filter=object:type=blob", "--filter-provided-objects", *_EVERYTHING, lines=tips,
    )  # fmt: skip
    if status:
        raise CannotCheckError("objects of the history are missing or damaged: git fsck says which")
    sought = text.encode()
    for blob in read_blobs(git, to_text(listing).split()):
        if sought in blob.data:
            return True
        if len(blob.data) < blob.size:
            with git.stream("cat-file", "blob", blob.oid) as content:
                if _is_in_stream(sought, content):
                    return True
    return False


def _is_in_stream(sought: bytes, content: IO[bytes]) -> bool:
    end = b""
    while piece := content.read(_AT_A_TIME):
        if sought in end + piece:
            return True
        end = piece[-len(sought) :]
    return False


def _search(
    repository: Repository, text: str, *options: str, tips: list[str] | None = None
) -> list[Brought] | None:
    git = repository.git.with_settings({"log.showRoot": "true"})
    status, listing, _ = git.attempt(*_SEARCH, f"-S{text}", *options, lines=tips or ())
    if status:
        return None
    records = (line.split("\0", 1) for line in to_text(listing).split("\n") if line)
    return [Brought(fields[0], fields[1]) for fields in records if len(fields) == 2]


def _passing_tips(repository: Repository) -> Iterator[str]:
    """Yield the commits in FETCH_HEAD, MERGE_HEAD and the like, of all worktrees."""
    folders = {repository.common_dir, repository.git_dir}
    folders |= {*(repository.common_dir / "worktrees").glob("*")}
    for path in sorted(one for folder in folders for one in folder.glob("*_HEAD")):
        yield from _oids(path)


def _oids(path: Path) -> Iterator[str]:
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            text = file.read(_LARGEST_REFS_FILE + 1).decode("ascii", "replace")
    except OSError as error:
        raise CannotCheckError(f"{path} cannot be read: {error.strerror}") from error
    if len(text) > _LARGEST_REFS_FILE:
        raise CannotCheckError(f"{path} is too large to be read")
    for line in text.splitlines():
        if (found := _OID_LINE.match(line)) is not None:
            yield found[0]
