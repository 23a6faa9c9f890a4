"""What past commits did to files."""

from typing import NamedTuple

from agenix_check.git.paths import to_text
from agenix_check.git.process import Git


def last_changes(git: Git, base: str, commit: str) -> dict[str, str]:
    """Return, for each path that commits after `base` touched, the newest one that did.

    Nothing where history is not all here (a partial clone without trees): it explains a verdict,
    and decides none.
    """
    status, listing, _ = git.attempt(
        "log", "-z", "--format=%x00%H", "--name-only", "--no-renames", "--no-show-signature",
        "--first-parent", "--diff-merges=first-parent", f"{base}..{commit}",
    )  # fmt: skip
    return _parse(to_text(listing).split("\0")) if status == 0 else {}


def _parse(fields: list[str]) -> dict[str, str]:
    """Read what `git log` says: an empty field, a commit, a newline, and the paths."""
    found: dict[str, str] = {}
    commit, place = "", 0
    for field in fields:
        if not field:
            place = 0
        elif place == 0:
            commit, place = field, 1
        else:
            found.setdefault(field.removeprefix("\n") if place == 1 else field, commit)
            place = 2
    return found


def changed_lines(git: Git, before: str, after: str) -> bytes:
    """Return the lines in which text files of two trees differ, each with its `+` or `-`."""
    return git.run(
        "diff-tree", "-r", "-p", "-U0", "--no-renames", "--no-color", "--no-ext-diff",
        "--no-textconv", before, after,
    )  # fmt: skip


class Version(NamedTuple):
    """A content that a path had, and the commit that took it away."""

    path: str
    oid: str
    until: str


def old_versions(git: Git, commit: str, most: int) -> list[Version]:
    """Return what files were before each of the last `most` commits, the newest first.

    Nothing where history is not all here.
    """
    status, listing, _ = git.attempt(
        "log", "-z", "--format=%x00%H", "--raw", "--no-abbrev", "--no-renames",
        "--no-show-signature", "--first-parent", "--diff-merges=first-parent",
        f"--max-count={most}", commit,
    )  # fmt: skip
    found: list[Version] = []
    if status:
        return found
    fields = iter(to_text(listing).split("\0"))
    until = ""
    for field in fields:
        word = field.lstrip("\n")
        if word.startswith(":"):
            mode, _, before = word[1:].split(" ")[:3]
            path = next(fields)
            if mode.startswith("100"):
                found.append(Version(path, before, until))
        elif word:
            until = word
    return found
