"""Where a snapshot comes from, for its reader: the repository, the branch, the commit's subject."""

import re

from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository
from agenix_check.model.findings import Checkout

# `https://user:password@host/owner/name.git`, `git@host:owner/name`: a host and a path on it.
_REMOTE_ADDRESS = re.compile(r"(?:[a-z+]+://[^/]+/|[^/:]+:(?!//))(?P<path>.*)", re.DOTALL)
_SHOWN_PARTS = 2  # of a remote's path: the owner and the name


def describe_checkout(repository: Repository, commit: str | None) -> Checkout:
    """Return where a commit comes from, or what comes after HEAD if there is none.

    The branch is the one that is checked out, if it is at the commit.
    """
    branch = None
    if commit in (None, repository.head):
        branch = _answer(repository, "symbolic-ref", "--quiet", "--short", "HEAD")
    shown = commit or repository.head
    subject = shown and _answer(
        repository, "log", "-1", "--no-show-signature", "--format=%s", shown
    )
    return Checkout(repository=_name(repository), branch=branch, commit=shown, subject=subject)


def _name(repository: Repository) -> str | None:
    """Return the name of the repository, by its remote or its directory: no host, no user."""
    remote = _answer(repository, "config", "--get", "remote.origin.url")
    found = remote and _REMOTE_ADDRESS.fullmatch(remote)
    if found and not found["path"].startswith("/"):
        # A query, and what a password with a slash would leave in it, are no part of a name.
        parts = [part for part in re.split("[?#]", found["path"])[0].split("/") if part]
        shown = 1 if "@" in found["path"] else _SHOWN_PARTS
        name = "/".join(parts[-shown:]).removesuffix(".git")
        if name:
            return name
    return repository.top.name if repository.top else None


def _answer(repository: Repository, *arguments: str) -> str | None:
    status, output, _ = repository.git.attempt(*arguments)
    return (to_text(output).removesuffix("\n") or None) if status == 0 else None
