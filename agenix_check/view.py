"""What a run looks at: the snapshot that the settings name, and its base."""

from collections.abc import Iterator
from contextlib import contextmanager

from agenix_check.errors import UsageError
from agenix_check.git.repository import (
    Repository,
    commit_snapshot,
    forked_at,
    index_snapshot,
    is_ancestor,
    is_by_hand,
    is_commit_being_made,
    is_cut_off,
    is_of_jujutsu,
    parent,
    resolve,
    worktree_snapshot,
)
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.findings import SnapshotInfo
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import Settings


@frozen
class View:
    """A snapshot and its base; None stands for an empty one.

    `cut_off` says that there is a base, but this shallow clone lacks it. `of_a_change` says that
    this is a range with a base, or a commit that is being made. `authority` is the commit whose
    settings and lock file decide: the one that --from-ref names itself, not the merge base, which
    whoever wrote the change can choose. None: those of the snapshot.
    """

    repository: Repository
    snapshot: Snapshot
    base: Snapshot | None
    cut_off: bool = False
    of_a_change: bool = False
    authority: Snapshot | None = None

    @property
    def info(self) -> SnapshotInfo:
        """What a report says about it."""
        return SnapshotInfo(
            kind=self.snapshot.kind,
            tree=self.snapshot.tree,
            commit=self.snapshot.commit,
            base=self.base.commit if self.base else None,
            has_change=self.base is None or self.base.tree != self.snapshot.tree,
        )


@contextmanager
def open_view(repository: Repository, settings: Settings) -> Iterator[View]:
    """Yield the view that the settings name.

    Raises `UsageError` for options that exclude each other and for revisions that name no commit.
    """
    named = (
        ("staged", settings.staged),
        ("worktree", settings.worktree),
        ("rev", settings.rev is not None),
        ("to-ref", settings.to_ref is not None),
    )
    chosen = [name for name, given in named if given]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be used together")
    revision = settings.to_ref if settings.rev is None else settings.rev
    if revision is not None:
        view = view_commit(repository, revision)
        yield _against(view, settings.from_ref)
        return
    whole = settings.worktree or commits_work_tree(repository, settings)
    take = worktree_snapshot if whole else index_snapshot
    with take(repository) as (reader, snapshot):
        head = repository.head
        base = commit_snapshot(reader, head) if head is not None else None
        committing = not whole and is_commit_being_made()
        view = View(repository=reader, snapshot=snapshot, base=base, of_a_change=committing)
        yield _against(view, settings.from_ref)


def commits_work_tree(repository: Repository, settings: Settings) -> bool:
    """Return whether the work tree is what will be committed, though nobody named it."""
    named = settings.staged or is_commit_being_made()
    return not named and is_of_jujutsu(repository)


def view_commit(repository: Repository, revision: str) -> View:
    """Return the view of a commit against its first parent."""
    commit = resolve(repository, revision)
    before = parent(repository, commit)
    return View(
        repository=repository,
        snapshot=commit_snapshot(repository, commit),
        base=commit_snapshot(repository, before) if before else None,
        cut_off=before is None and is_cut_off(repository, commit),
    )


def _against(view: View, from_ref: str | None) -> View:
    """Return the view with another base; a hook that has none names a commit of zeros.

    Compare with the merge base, if it was fetched: a branch is not to blame for what it has not
    merged. After a push the other branch already has the commit: then compare with its parent.
    """
    if from_ref is None:
        return _by_hand(view)
    if from_ref and not from_ref.strip("0"):
        return replace(view, base=None, cut_off=False, of_a_change=False)
    other = resolve(view.repository, from_ref)
    authority = commit_snapshot(view.repository, other)
    view = replace(view, authority=authority)
    commit = view.snapshot.commit or view.repository.head
    base = forked_at(view.repository, other, commit) if commit else None
    if view.snapshot.commit is not None and base == view.snapshot.commit:
        return replace(view, of_a_change=view.base is not None)
    is_other = base in (None, other)
    found = authority if is_other else commit_snapshot(view.repository, base or other)
    return replace(view, base=found, cut_off=False, of_a_change=True)


def _by_hand(view: View) -> View:
    """Let the remote's default branch decide about a branch that it does not have.

    Whoever checks out the branch of a stranger judges it as in a range.
    """
    repository, commit = view.repository, view.snapshot.commit or view.repository.head
    tips = repository.default_tips
    if commit is None or not tips or not is_by_hand():
        return view
    if commit in tips or any(is_ancestor(repository, commit, tip) for tip in tips):
        return view
    return replace(view, authority=commit_snapshot(repository, tips[0]))


def trusted_commit(view: View) -> Snapshot | None:
    """Return the commit that is trusted on first use; None before the first one."""
    repository, head = view.repository, view.snapshot.commit or view.repository.head
    if head is None:
        return None
    if view.authority is not None:
        return view.authority
    tips = repository.default_tips
    if tips and not any(is_ancestor(repository, head, tip) for tip in tips):
        return commit_snapshot(repository, tips[0])
    is_base = view.base is not None and view.base.commit == head
    return view.base if is_base else commit_snapshot(repository, head)
