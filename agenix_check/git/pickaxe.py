"""Which commit brought a text, and whether any commit that this clone has holds it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository

_OID_LINE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_LARGEST_REFS_FILE = 1 << 24  # bytes of a file like FETCH_HEAD
_SEARCH = (
    "log", "--format=%H%x00%an", "--no-patch", "--no-renames", "--no-textconv", "--no-ext-diff",
    "--no-show-signature",
)  # fmt: skip


class Brought(NamedTuple):
    """A commit, and the name of its author as the commit says it."""

    commit: str
    author: str


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
    options = (
        "--diff-merges=first-parent",
        "--all",
        "--reflog",
        "--ignore-missing",
        "--stdin",
        "--",
    )
    found = _search(repository, text, *options, tips=list(_passing_tips(repository)))
    if found is None:
        raise CannotCheckError("the history of this clone cannot be read as a whole")
    return found[-1] if found else None


def _search(
    repository: Repository, text: str, *options: str, tips: list[str] | None = None
) -> list[Brought] | None:
    git = repository.git.with_settings({"log.showRoot": "true"})
    status, listing, _ = git.attempt(*_SEARCH, f"-S{text}", *options, lines=tips or ())
    if status:
        return None
    records = (line.split("\0", 1) for line in to_text(listing).split("\n") if line)
    return [Brought(*fields) for fields in records if len(fields) == 2]


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
