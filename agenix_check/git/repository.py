"""A repository and its snapshots, through Git's plumbing only."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.paths import quote_path, to_text
from agenix_check.git.process import Git, GitError, first_line
from agenix_check.git.snapshot import Change, Snapshot, parse_changes
from agenix_check.git.staged_tree import is_large, write_staged_tree
from agenix_check.git.unmerged import refuse_unmerged
from agenix_check.model.frozen import frozen, replace

_FACTS = (
    "--is-bare-repository",
    "--is-shallow-repository",
    "--absolute-git-dir",
    "--git-common-dir",
    "--show-toplevel",
    "HEAD^{commit}",
    "HEAD^{tree}",
)
# The default branch of each remote, as it was when it was last fetched.
_DEFAULT_BRANCHES = "--glob=refs/remotes/*/HEAD"
# Blobs that a partial clone lacks are reported where they matter.
_WRITE_TREE = ("write-tree", "--missing-ok")
_PASSED_OVER = re.compile(r"^warning: could not open directory (.*)", re.MULTILINE)
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@frozen
class Repository:
    """Where a repository is. `top` is None in a bare one, `head` before the first commit.

    `head_tree` saves a call of Git if it is known. `default_tips` are the commits of the default
    branches of its remotes, as far as this clone knows them.
    """

    git: Git
    top: Path | None
    git_dir: Path
    common_dir: Path
    shallow: bool
    head: str | None
    head_tree: str | None = None
    default_tips: tuple[str, ...] = ()


def open_repository(directory: Path) -> Repository:
    """Find the repository that `directory` belongs to, as Git itself would.

    Raises `CannotCheckError` where there is none, or Git refuses it.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory")
    git = Git(str(directory))
    status, output, complaint = git.attempt(
        "rev-parse", "--path-format=absolute", *_FACTS, _DEFAULT_BRANCHES
    )
    facts = os.fsdecode(output).split("\n")[:-1]
    tips = tuple(dict.fromkeys(facts[len(_FACTS) :]))
    facts = facts[: len(_FACTS)]
    if status or len(facts) != len(_FACTS) or not all(map(_OID.fullmatch, (*facts[-2:], *tips))):
        if "not a git repository" in complaint and "GIT_DIR" not in os.environ:
            raise CannotCheckError(f"{directory} is in no Git repository")
        facts = _ask_singly(git, complaint)
        tips = tuple(to_text(git.attempt("rev-parse", _DEFAULT_BRANCHES)[1]).split())
    bare, shallow, git_dir, common_dir, place, head, head_tree = facts
    if bare == "false" and not place:
        raise CannotCheckError(f"{directory} is inside a Git directory; go to the work tree")
    top = Path(place) if place else None
    return Repository(
        git=Git(str(top or git_dir), _absolute_environment(git_dir, top)),
        top=top,
        git_dir=Path(git_dir),
        common_dir=Path(common_dir),
        shallow=shallow == "true",
        head=head or None,
        head_tree=head_tree or None,
        default_tips=tips,
    )


def _ask_singly(git: Git, complaint: str) -> list[str]:
    """Ask for each fact separately: one has no answer, or a path contains a newline.

    Raises `CannotCheckError` where there is no repository, or Git refuses it.
    """
    facts = []
    for fact in _FACTS:
        options = () if fact.startswith("--") else ("--verify", "--quiet")
        status, output, _ = git.attempt("rev-parse", "--path-format=absolute", *options, fact)
        facts.append(os.fsdecode(output)[:-1] if status == 0 else "")
    if not facts[0]:
        advice = ""
        if "dubious ownership" in complaint:
            advice = "; if you trust it, add it to safe.directory in your Git configuration"
        raise CannotCheckError(first_line(complaint, "rev-parse") + advice)
    if not facts[-1]:
        status, output, _ = git.attempt("rev-parse", "--verify", "--quiet", "HEAD")
        if status == 0:
            raise CannotCheckError(f"HEAD is {to_text(output).strip()}, which cannot be read")
    return facts


def _absolute_environment(git_dir: str, top: Path | None) -> dict[str, str]:
    """Return the paths that Git was given (by a hook) or found, made absolute.

    Git reads a relative `GIT_INDEX_FILE` from the top of the work tree.
    """
    environment = {"GIT_DIR": git_dir}
    if top is not None:
        environment["GIT_WORK_TREE"] = str(top)
    if index := os.environ.get("GIT_INDEX_FILE"):
        environment["GIT_INDEX_FILE"] = str((top or Path(git_dir)) / index)
    return environment


def _resolve(git: Git, revision: str) -> str | None:
    """Return the commit that a revision names, or None."""
    wanted = revision if revision.startswith(":/") else f"{revision}^{{commit}}"
    status, output, _ = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    oid = to_text(output).strip()
    return oid if status == 0 and _OID.fullmatch(oid) else None


def resolve(repository: Repository, revision: str) -> str:
    """Return the commit that the user's `revision` names; `UsageError` where there is none."""
    commit = _resolve(repository.git, revision)
    if commit is None:
        where = "this shallow clone" if repository.shallow else "this repository"
        raise UsageError(f"no commit is named {revision!r} in {where}")
    return commit


def peel(repository: Repository, oid: str) -> str | None:
    """Return the commit that an object is or, as a tag, leads to; None where that is none."""
    return _resolve(repository.git, oid)


def parent(repository: Repository, commit: str) -> str | None:
    """Return the first parent of a commit, or None: a root, or the edge of a shallow clone."""
    status, output, _ = repository.git.attempt("rev-parse", "--verify", "--quiet", f"{commit}^1")
    return to_text(output).strip() if status == 0 else None


def parents_of(repository: Repository, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the commits that a snapshot comes after: of the index, `HEAD` and what is merged."""
    if snapshot.commit is not None:
        status, output, _ = repository.git.attempt("rev-parse", "--quiet", f"{snapshot.commit}^@")
        return tuple(to_text(output).split()) if status == 0 else ()
    merged = repository.git_dir / "MERGE_HEAD"
    others: list[str] = []
    if snapshot.kind == "index" and merged.is_file():
        others = merged.read_text(encoding="ascii", errors="replace").split()
    return (repository.head, *others) if repository.head is not None else ()


def forked_at(repository: Repository, commit: str, other: str) -> str | None:
    """Return the merge base of two commits, or None: they are unrelated, or it was not fetched."""
    status, output, _ = repository.git.attempt("merge-base", commit, other)
    return to_text(output).strip() if status == 0 else None


def is_ancestor(repository: Repository, commit: str, of: str) -> bool:
    """Return whether a commit is another one or among its ancestors, as far as they are here."""
    if commit == of:
        return True
    return repository.git.attempt("merge-base", "--is-ancestor", commit, of)[0] == 0


def name_default_branch(repository: Repository, tip: str) -> str:
    """Return the short name of the remote's default branch that is at a commit."""
    listing = repository.git.run(
        "for-each-ref", "--format=%(objectname) %(symref:short)", "refs/remotes/*/HEAD"
    )
    names = dict(line.split(" ", 1) for line in to_text(listing).splitlines())
    return names.get(tip) or tip


def is_cut_off(repository: Repository, commit: str) -> bool:
    """Return whether a commit has parents that this shallow clone lacks."""
    if not repository.shallow or parent(repository, commit) is not None:
        return False
    body = repository.git.run("cat-file", "commit", commit)
    return body.partition(b"\n\n")[0].find(b"\nparent ") >= 0


def commit_snapshot(repository: Repository, commit: str) -> Snapshot:
    """Return the tree of a commit, given by its object id."""
    tree = repository.head_tree if commit == repository.head else None
    if tree is None:
        wanted = ("--verify", "--quiet", f"{commit}^{{tree}}")
        status, output, _ = repository.git.attempt("rev-parse", *wanted)
        if status:
            raise CannotCheckError(
                f"the commit {commit} cannot be read; run `git fsck` for details"
            )
        tree = output.decode().strip()
    return Snapshot(kind="commit", tree=tree, commit=commit, git=repository.git)


@contextmanager
def index_snapshot(repository: Repository) -> Iterator[tuple[Repository, Snapshot]]:
    """Yield the index as a tree, and the repository to read it with.

    Raises `CannotCheckError` where entries are unmerged.
    """
    if repository.top is None and "GIT_INDEX_FILE" not in os.environ:
        raise UsageError("a bare repository has no index; name a commit with --rev")
    tree, base = None, repository.head_tree
    if base is not None and is_large(_index_of(repository)):
        tree = write_staged_tree(_away(repository), base)
    if tree is None:
        with _index_copied(repository) as git:
            status, output, _ = git.attempt(*_WRITE_TREE)
        tree = output.decode().strip() if status == 0 else None
    if tree is not None:
        yield repository, Snapshot(kind="index", tree=tree, commit=None, git=repository.git)
        return
    refuse_unmerged(repository.git)
    # The object database is not writable: write the tree aside, to be thrown away.
    with index_aside(repository) as aside:
        yield aside, Snapshot(kind="index", tree=write_tree(aside), commit=None, git=aside.git)


@contextmanager
def worktree_snapshot(repository: Repository) -> Iterator[tuple[Repository, Snapshot]]:
    """Yield what `git add --all` would stage, written aside: the index stays as it is."""
    if repository.top is None:
        raise UsageError("--worktree: a bare repository has no work tree")
    refuse_unmerged(repository.git)
    with index_aside(repository) as aside:
        _add_all(aside.git)
        yield (
            aside,
            Snapshot(kind="worktree", tree=write_tree(aside), commit=None, git=aside.git),
        )


def is_of_jujutsu(repository: Repository) -> bool:
    """Return whether Jujutsu works here too: it commits the work tree, whatever the index has.

    Its directory is never tracked; one that is comes from a stranger.
    """
    if repository.top is None or not (repository.top / ".jj").is_dir():
        return False
    return not repository.git.run("ls-files", "-z", "--", ".jj")


def stage_all(repository: Repository) -> None:
    """Stage the whole work tree. Raises `GitError` where Git cannot."""
    _add_all(repository.git)


def _add_all(git: Git) -> None:
    """Stage the whole work tree; raise `GitError` also where Git passes over a directory."""
    status, _, complaint = git.attempt("add", "--all", "--sparse")
    if status:
        raise GitError(first_line(complaint, "add"))
    if passed_over := _PASSED_OVER.search(complaint):
        raise GitError(f"git add: could not open directory {passed_over[1]}")


def changes(repository: Repository, before: str, after: str) -> Sequence[Change]:
    """Return the paths in which two trees differ."""
    # It would read the index, which does not matter here.
    git = repository.git.with_environment({"GIT_INDEX_FILE": str(repository.git_dir / "none")})
    listing = git.run(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after
    )
    return tuple(parse_changes(listing))


def write_tree(repository: Repository) -> str:
    """Write the index as a tree, and return its object id."""
    with _at_its_time(repository):
        return _away(repository).run(*_WRITE_TREE).decode().strip()


@contextmanager
def _index_copied(repository: Repository) -> Iterator[Git]:
    """Yield a Git that reads a copy of the index, and does not see the work tree.

    `write-tree` locks the index that it reads; if it is killed, the lock stays, and would stop
    every other Git. It writes the copy anew, which need not be hashed: it is thrown away.
    """
    with tempfile.TemporaryDirectory(prefix="agenix-check-") as scratch:
        copy = Path(scratch, "index")
        with suppress(FileNotFoundError):
            shutil.copy2(_index_of(repository), copy)
        # The shared part of a split index would go beside the real one.
        settings = {"core.splitIndex": "false", "index.skipHash": "true"}
        git = _away(repository).with_settings(settings)
        yield git.with_environment({"GIT_INDEX_FILE": str(copy)})


def _index_of(repository: Repository) -> Path:
    given = repository.git.variable("GIT_INDEX_FILE")
    return Path(given) if given else repository.git_dir / "index"


@contextmanager
def _at_its_time(repository: Repository) -> Iterator[None]:
    """Keep the index's modification time while Git writes to it.

    Git compares the content of files as old as the index, because they may have been edited in the
    same second. A younger index, written without the work tree, would hide such an edit for ever.
    """
    index = _index_of(repository)
    try:
        before = index.stat()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            if index.stat().st_mtime_ns != before.st_mtime_ns:
                os.utime(index, ns=(before.st_atime_ns, before.st_mtime_ns))


def _away(repository: Repository) -> Git:
    """Return a Git that does not see the work tree.

    When it writes an index it would otherwise compare files written at the same time, and for that
    run the filters that `.gitattributes` asks for.
    """
    place = str(repository.git_dir)
    return repository.git.at(place).with_environment({"GIT_WORK_TREE": place})


def is_partial_commit() -> bool:
    """Return whether this is a hook of `git commit PATH`, whose index Git makes and then drops."""
    return _index_name().startswith("next-index-")


def is_commit_of_all() -> bool:
    """Return whether this is a hook of `git commit -a`, whose index is the lock of the real one."""
    return _index_name() == "index.lock"


def is_commit_being_made() -> bool:
    """Return whether this is a hook of a commit: Git names the index of that commit then."""
    return bool(_index_name())


def is_by_hand() -> bool:
    """Return whether somebody typed the command: it is no hook of a commit and no CI."""
    return not (is_commit_being_made() or os.environ.get("CI"))


def _index_name() -> str:
    return Path(os.environ.get("GIT_INDEX_FILE", "")).name


@contextmanager
def index_aside(repository: Repository) -> Iterator[Repository]:
    """Yield the repository with a copy of its index, and with new objects stored elsewhere."""
    git = repository.git
    index, objects = (
        os.fsdecode(git.run("rev-parse", "--path-format=absolute", "--git-path", name))[:-1]
        for name in ("index", "objects")
    )
    with tempfile.TemporaryDirectory(prefix="agenix-check-") as scratch:
        copy = Path(scratch, "index")
        if Path(index).exists():
            shutil.copy2(index, copy)
        fresh = Path(scratch, "objects")
        fresh.mkdir()  # without it Git does not take it for a repository
        known = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        environment = {
            "GIT_INDEX_FILE": str(copy),
            "GIT_OBJECT_DIRECTORY": str(fresh),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(
                filter(None, (quote_path(objects), known))
            ),
        }
        aside = git.with_environment(environment)
        # The shared part of a split index would go beside the real one.
        yield replace(repository, git=aside.with_settings({"core.splitIndex": "false"}))


def with_own_index(repository: Repository) -> Repository:
    """Return a repository that is read beside its index, such as a work tree, with that index."""
    git_dir, top = str(repository.git_dir), repository.top
    return replace(repository, git=Git(str(top or git_dir), _absolute_environment(git_dir, top)))
