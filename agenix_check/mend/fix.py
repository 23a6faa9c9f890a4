"""Mending: plan, refuse, make all in memory, write, stage, remove. The audit is the gate's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agenix_check.errors import CannotCheckError
from agenix_check.gate import Compare, Examined, check, conclude, examine, open_store
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.git.staging import exclusive_run, staged_aside
from agenix_check.git.worktree import read_file
from agenix_check.keys.keychain import Unlocker
from agenix_check.mend.apply import Changes, apply, recover
from agenix_check.mend.partly import edited_sources, forgotten_by_names
from agenix_check.mend.plan import Plan, prefer_disk
from agenix_check.mend.planner import make_plan
from agenix_check.mend.produce import Made, make_all
from agenix_check.mend.refusals import (
    refuse_findings,
    refuse_places,
    refuse_recipients,
    refuse_snapshot,
)
from agenix_check.model.findings import Fix, Report
from agenix_check.model.progress import Progress
from agenix_check.model.settings import Settings
from agenix_check.rules import MendedBy, find_rule
from agenix_check.view import View, open_view

_SMALL = 1 << 14  # bytes of a plaintext
_MANY = 1000  # sources that are read at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What the gate says in the end, with what was `fixed`; `left` says what could not be.

    `withheld` tells that this is no success, whatever the gate says.
    """

    report: Report
    left: tuple[str, ...] = ()
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A plan, what it was made from, and the tree that was staged when it was made."""

    plan: Plan
    view: View
    examined: Examined
    tree: str


def plan_only(
    repository: Repository, settings: Settings, compare: Compare | None = None
) -> tuple[Plan, Report]:
    """Return what `mend` would do, and what the gate says now. Nothing is written."""
    refuse_snapshot(repository, settings)
    with _planned(repository, settings, compare) as case:
        _refuse(repository, settings, case)
        return case.plan, case.examined.report


def mend(
    repository: Repository,
    settings: Settings,
    *,
    unlocker: Unlocker,
    progress: Progress,
    compare: Compare | None = None,
) -> Mended:
    """Mend what can be mended, stage it, and check again.

    Raises an `AgenixCheckError` where that would do harm or cannot be done; then all is as it was.
    `unlocker` opens the keychain, `progress` is told how far it is.
    """
    refuse_snapshot(repository, settings)
    with exclusive_run(repository) as folder:
        recover(repository, folder)
        with _planned(repository, settings, compare) as case:
            plan = case.plan
            if plan.is_empty:
                report = conclude(case.examined.report, settings)
                return Mended(report=report, left=plan.left, withheld=plan.withheld)
            _refuse(repository, settings, case)
            made = _make(settings, case, unlocker, progress)
            changes = Changes(
                tree=case.tree,
                written={one.path: one.content for one in made},
                staged=_read_staged(repository, plan),
                removed=tuple(one.path for one in plan.remove),
            )
            apply(repository, folder, changes)
            fixed = _fixes(plan, made)
    report = check(repository, settings, compare=compare)
    report = replace(report, fixed=fixed)
    return Mended(report=report, left=plan.left, withheld=plan.withheld)


@contextmanager
def _planned(
    repository: Repository, settings: Settings, compare: Compare | None
) -> Iterator[_Case]:
    """Plan; where sources are to be staged, as if they were."""
    with open_view(repository, settings) as view:
        case = _plan(view, settings, compare)
        sources = _sources(case)
        if not sources:
            yield case
            return
        refuse_places(repository, view.snapshot.files, sources, (), ())
        with (
            staged_aside(repository, sources) as aside,
            open_view(aside, settings) as again,
        ):
            then = _plan(again, settings, compare)
            stage = {*then.plan.stage, *(one for one in case.plan.stage if one.path in sources)}
            yield replace(
                then, tree=case.tree, plan=replace(then.plan, stage=tuple(sorted(stage, key=str)))
            )


def _sources(case: _Case) -> list[str]:
    """Return the sources that are to be staged; all else that is to be staged are outputs."""
    unstaged = {
        one.path
        for one in case.examined.findings
        if find_rule(one.rule).mended_by is MendedBy.STAGE_SOURCE
    }
    return sorted({one.path for one in case.plan.stage if one.path in unstaged})


def _plan(view: View, settings: Settings, compare: Compare | None) -> _Case:
    store = open_store(view.repository, settings)
    examined = examine(view, settings, store, history=True, compare=compare)
    plan = make_plan(
        examined.report.findings,
        examined.names,
        examined.inventory,
        update_masters=settings.update_masters,
    )
    files, decrypt = view.snapshot.files, settings.decrypt

    def read(path: str) -> bytes | None:
        # A tracked file that decryption has shown to be wrong looks right.
        return None if decrypt and path in files else read_file(view.repository, path)

    plan = prefer_disk(plan, read, files)
    unstaged = edited_sources(view.repository, files, examined.report.outputs)
    plan = replace(plan, left=(*plan.left, *unstaged))
    if settings.node and examined.inventory.declared is None:
        forgotten = forgotten_by_names(plan, examined.findings)
        plan = replace(plan, left=(*plan.left, *forgotten))
    return _Case(plan=plan, view=view, examined=examined, tree=view.snapshot.tree)


def _refuse(repository: Repository, settings: Settings, case: _Case) -> None:
    plan = case.plan
    if plan.is_empty:
        return
    refuse_findings(case.examined.findings, plan)
    refuse_recipients(plan, settings.age)
    files = case.view.snapshot.files
    staged = [one.path for one in plan.stage]
    removed = [one.path for one in plan.remove]
    refuse_places(repository, files, staged, plan.written, removed)


def _make(
    settings: Settings,
    case: _Case,
    unlocker: Unlocker,
    progress: Progress,
) -> tuple[Made, ...]:
    if not case.plan.jobs:
        return ()
    git, program = case.view.repository.git, settings.age

    # Sources are small as a rule; asking Git for each would take longer than decrypting it.
    small = [job.oid for job in case.plan.jobs if job.size <= _SMALL][:_MANY]
    known = {blob.oid: blob.data for blob in read_blobs(git, (), small)}

    def read(oid: str) -> bytes:
        return known[oid] if oid in known else git.run("cat-file", "blob", oid)

    keychain = unlocker.keychain(case.view, case.examined.inventory)
    made = make_all(case.plan.jobs, read, keychain, program=program, progress=progress)
    return tuple(made)


def _read_staged(repository: Repository, plan: Plan) -> dict[str, bytes]:
    """Return what is in the work tree of the files to stage."""
    contents = {}
    for one in plan.stage:
        content = read_file(repository, one.path)
        if content is None:
            raise CannotCheckError(f"nothing was mended: {one.path} cannot be read")
        contents[one.path] = content
    return contents


def _fixes(plan: Plan, made: tuple[Made, ...]) -> tuple[Fix, ...]:
    fixed = [Fix(action="rekeyed", path=o.path, node=o.node, secret=o.secret) for o in made]
    fixed += [Fix(action="staged", path=o.path, node=o.node, secret=o.secret) for o in plan.stage]
    fixed += [Fix(action="removed", path=o.path, node=o.node, secret=o.secret) for o in plan.remove]
    return tuple(fixed)
