"""What past commits did to files."""

from agenix_check.tree.git import Git
from agenix_check.tree.snapshot import decode


def last_changes(git: Git, base: str, commit: str) -> dict[str, str]:
    """Return, for each path that differs between two commits, the newest commit that touched it."""
    listing = git.run(
        "log", "-z", "--format=%x00%H", "--name-only", "--no-renames", "-m", "--first-parent",
        f"{base}..{commit}",
    )  # fmt: skip
    found: dict[str, str] = {}
    current = ""
    for record in decode(listing).split("\0"):
        word = record.strip("\n")
        if _is_commit(word):
            current = word
        elif word and current:
            found.setdefault(word, current)
    return found


def _is_commit(word: str) -> bool:
    return len(word) in (40, 64) and set(word) <= set("0123456789abcdef")
