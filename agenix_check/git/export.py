"""A snapshot as the one commit of a repository of its own, for programs that read Git by URL.

The repository is a scratch one that borrows every object from the real one: nothing is written
there, not even the commit. Whoever reads the copy meets neither the real configuration nor the real
state (a linked work tree, a shallow clone, an unborn HEAD, an index made aside).
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agenix_check.git.paths import quote_path
from agenix_check.git.process import Git, GitError, first_line
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.frozen import frozen

# The same tree always gives the same commit.
_WHO = "agenix-check <agenix-check@localhost> 946684800 +0000"
_MESSAGE = "A snapshot"
_REF = "refs/heads/main"
_SHA256_DIGITS = 64

# Check out the committed bytes, whatever the tree's own .gitattributes ask for.
_ATTRIBUTES = "* -text !eol -ident !filter !working-tree-encoding -export-ignore -export-subst\n"

# One entry of a list that Git splits at colons: quoted, or plain.
_ENTRY = re.compile(r'"(?:[^"\\]|\\.)*"|[^:]+', re.DOTALL)


@frozen
class Export:
    """A repository in `directory` whose only commit is `commit`, on the branch `ref`."""

    directory: Path
    commit: str
    ref: str


@contextmanager
def export(
    repository: Repository, snapshot: Snapshot, remote: str | None = None
) -> Iterator[Export]:
    """Yield the snapshot as a commit without parents, in a repository that is deleted later.

    With `remote` it has a remote of that address, from which nothing is ever fetched.
    """
    with tempfile.TemporaryDirectory(prefix="agenix-check-") as scratch:
        # In a directory of its own: what is read by address may be bounded to that directory.
        directory = Path(scratch).resolve() / "tree"
        git_dir = directory / ".git"
        objects = git_dir / "objects"
        for folder in (objects / "info", git_dir / "info", git_dir / "refs" / "heads"):
            folder.mkdir(parents=True)
        lenders = _object_directories(repository)
        listing = "".join(f"{_quoted_for(lender, separator=chr(10))}\n" for lender in lenders)
        (objects / "info" / "alternates").write_bytes(os.fsencode(listing))
        (git_dir / "info" / "attributes").write_text(_ATTRIBUTES)
        (git_dir / "config").write_bytes(os.fsencode(_configuration(snapshot.tree, remote)))
        (git_dir / "HEAD").write_text(f"ref: {_REF}\n")
        borrowing = repository.git.with_environment(
            {
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(
                    _quoted_for(lender, separator=":") for lender in lenders
                ),
            }
        )
        commit = _write_commit(borrowing, snapshot.tree)
        (git_dir / _REF).write_text(f"{commit}\n")
        yield Export(directory=directory, commit=commit, ref=_REF)


def _write_commit(git: Git, tree: str) -> str:
    status, output, complaint = git.attempt(
        "hash-object", "-t", "commit", "-w", "--stdin",
        lines=(f"tree {tree}", f"author {_WHO}", f"committer {_WHO}", "", _MESSAGE),
    )  # fmt: skip
    if status:
        raise GitError(first_line(complaint, "hash-object"))
    return output.decode().strip()


def _configuration(tree: str, remote: str | None) -> str:
    sha256 = len(tree) == _SHA256_DIGITS
    text = f"[core]\n\trepositoryformatversion = {int(sha256)}\n\tbare = false\n"
    if sha256:
        text += "[extensions]\n\tobjectformat = sha256\n"
    if remote is not None:
        text += f'[remote "origin"]\n\turl = {quote_path(remote)}\n'
    return text


def _object_directories(repository: Repository) -> list[str]:
    """Return every directory that the repository's objects may be in.

    Objects made aside, or by a push that is still being received, are in one of their own.
    """
    here = repository.git.run("rev-parse", "--path-format=absolute", "--git-path", "objects")
    found = [os.fsdecode(here)[:-1], str(repository.common_dir / "objects")]
    if given := os.environ.get("GIT_OBJECT_DIRECTORY"):
        found.append(given)
    borrowed = _ENTRY.findall(os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", ""))
    found += [_unquote(entry) if entry.startswith('"') else entry for entry in borrowed]
    start = repository.top or repository.git_dir
    return list(dict.fromkeys(str(start / directory) for directory in found))


def _quoted_for(path: str, *, separator: str) -> str:
    """Quote a path for one of Git's lists if it contains the character that separates entries."""
    return quote_path(path) if separator in path else path


def _unquote(entry: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), entry[1:-1])
