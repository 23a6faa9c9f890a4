"""What Git tells a pre-push hook: which commit each ref gets, and what the remote has there.

Source: githooks(5), "pre-push".
"""

import re
from typing import NamedTuple

from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository, peel

# What a glob of Git reads as more than itself.
_SPECIAL, _ESCAPED = re.compile(r"[*?[\\]"), r"\\\g<0>"
_LINE = re.compile(r"(\S+) ([0-9a-f]{40,64}) (\S+) ([0-9a-f]{40,64})")


class RefUpdate(NamedTuple):
    """One ref of a push: what it is called here and there, and its object before and after.

    An object id of zeros stands for none: the ref is new there, or it is deleted.
    """

    local_ref: str
    after: str
    remote_ref: str
    before: str

    @property
    def deletes(self) -> bool:
        """Whether the ref is removed from the remote: then nothing is pushed."""
        return not self.after.strip("0")


class PushedCommit(NamedTuple):
    """A commit that a push brings, the commit to compare it with (or None), and its refs."""

    commit: str
    base: str | None
    refs: tuple[str, ...]


def parse_ref_updates(text: str) -> tuple[RefUpdate, ...]:
    """Read the lines that Git writes to a pre-push hook. Raises `UsageError` for other ones."""
    updates = []
    # Git's lines end in LF; a ref may hold what else Python takes for the end of a line.
    for line in filter(None, text.split("\n")):
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageError(
                f"standard input is not what Git says to a pre-push hook: {line[:80]!a}; each "
                "line must be LOCAL-REF COMMIT REMOTE-REF COMMIT"
            )
        updates.append(RefUpdate(*match.groups()))
    return tuple(updates)


def pushed_commits(
    repository: Repository, updates: tuple[RefUpdate, ...], remote: str
) -> tuple[tuple[PushedCommit, ...], tuple[str, ...]]:
    """Return the commits that a push brings, and the refs that get something else (a tree, a file).

    A commit is there once for each commit that it is compared with. Raises `CannotCheckError` for
    an object that cannot be read.
    """
    refs: dict[tuple[str, str | None], list[str]] = {}
    others = []
    for update in updates:
        if update.deletes:
            continue
        commit = peel(repository, update.after)
        if commit is None:
            _refuse_unreadable(repository, update)
            others.append(update.remote_ref)
            continue
        pair = (commit, _base(repository, update, commit, remote))
        refs.setdefault(pair, []).append(update.remote_ref)
    pushed = (PushedCommit(commit, base, tuple(names)) for (commit, base), names in refs.items())
    return tuple(pushed), tuple(others)


def _refuse_unreadable(repository: Repository, update: RefUpdate) -> None:
    if repository.git.attempt("cat-file", "-e", f"{update.after}^{{}}")[0]:
        raise CannotCheckError(f"{update.after}, pushed to {update.remote_ref}, cannot be read")


def _base(repository: Repository, update: RefUpdate, commit: str, remote: str) -> str | None:
    """Return what the remote has at this ref, or where the commit leaves all that it has.

    What is there may not be here: somebody else pushed it, and ours is forced over it.
    """
    known = peel(repository, update.before) if update.before.strip("0") else None
    if known is not None:
        return known
    theirs = f"--remotes={re.sub(_SPECIAL, _ESCAPED, remote)}/*"
    listing = repository.git.run(
        "rev-list", "--first-parent", "--boundary", commit, "--not", theirs
    )
    line = to_text(listing).split()
    if not line:
        return commit  # the remote has it already, under another name
    return next((oid[1:] for oid in line if oid.startswith("-")), None)
