"""The gate: from settings to a report, stage by stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agenix_check.audit import Selection, audit_names, select
from agenix_check.discover.names import Names, discover_names, fleet_of
from agenix_check.errors import UsageError
from agenix_check.finding import Report, SnapshotInfo
from agenix_check.fleet import Fleet
from agenix_check.settings import Settings
from agenix_check.tree.repository import (
    Repository,
    commit_snapshot,
    index_snapshot,
    is_cut_off,
    parent,
    resolve,
    worktree_snapshot,
)
from agenix_check.tree.snapshot import Snapshot

NOTHING = (
    "nothing to check: no file is named like an output of agenix-rekey (<ident>-<name>.age); "
    "--allow-empty lets that pass"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is to be judged: a snapshot, and the base that it is compared with.

    `cut_off` tells that the base is not in this shallow clone.
    """

    repository: Repository
    snapshot: Snapshot
    base: Snapshot | None
    cut_off: bool = False


def check(repository: Repository, settings: Settings) -> Report:
    """Judge the snapshot that the settings name.

    Raises `UsageError` for revisions that are none, `CannotCheckError` where Git cannot answer.
    """
    with open_view(repository, settings) as view:
        report = _audit(view)
    known = None
    if new_from := settings.text("new-from"):
        commit = resolve(repository, new_from)
        known = _audit(_view_commit(repository, commit))
    selection = Selection(
        ignore=settings.ignore, nodes=settings.items("node"), secrets=settings.items("secret")
    )
    report = select(report, selection, known)
    nothing = not report.outputs and not report.findings
    if nothing and known is None and not settings.flag("allow-empty"):
        sentence = NOTHING
        if selection.nodes or selection.secrets:
            sentence = "nothing to check: no output matches --node and --secret"
        report = replace(report, incomplete=(*report.incomplete, sentence))
    return report


def exit_code(report: Report, settings: Settings) -> int:
    """Return 3 where something could not be checked, 1 where the run fails, else 0."""
    counts = report.counts
    if report.incomplete:
        return 3
    failed = (
        counts.errors
        or (counts.warnings and settings.flag("strict"))
        or (counts.unverifiable and settings.flag("require-verified"))
    )
    return 1 if failed else 0


@contextmanager
def open_view(repository: Repository, settings: Settings) -> Iterator[View]:
    """Give the snapshot that the settings name, with its base."""
    rev, to_ref, from_ref = (settings.text(name) for name in ("rev", "to-ref", "from-ref"))
    chosen = [name for name in ("staged", "worktree") if settings.flag(name)]
    chosen += [name for name, given in (("rev", rev), ("to-ref", to_ref)) if given]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be used together")
    if rev or to_ref:
        view = _view_commit(repository, resolve(repository, rev or to_ref or ""))
        yield _against(view, from_ref)
        return
    take = worktree_snapshot if settings.flag("worktree") else index_snapshot
    with take(repository) as (reader, snapshot):
        head = repository.head
        base = commit_snapshot(reader, head) if head is not None else None
        yield _against(View(repository=reader, snapshot=snapshot, base=base), from_ref)


def _view_commit(repository: Repository, commit: str) -> View:
    before = parent(repository, commit)
    return View(
        repository=repository,
        snapshot=commit_snapshot(repository, commit),
        base=commit_snapshot(repository, before) if before else None,
        cut_off=before is None and is_cut_off(repository, commit),
    )


def _against(view: View, from_ref: str | None) -> View:
    """Take another base; a hook names one of zeros where there is none."""
    if not from_ref:
        return view
    if not from_ref.strip("0"):
        return replace(view, base=None, cut_off=False)
    commit = resolve(view.repository, from_ref)
    return replace(view, base=commit_snapshot(view.repository, commit), cut_off=False)


def discover(view: View) -> tuple[Names, Fleet]:
    """Find the fleet of a view."""
    names = discover_names(view.repository, view.snapshot, view.base, cut_off=view.cut_off)
    return names, fleet_of(names)


def _audit(view: View) -> Report:
    names, fleet = discover(view)
    info = SnapshotInfo(
        kind=view.snapshot.kind,
        tree=view.snapshot.tree,
        commit=view.snapshot.commit,
        base=view.base.commit if view.base else None,
    )
    return audit_names(names, fleet, info)
