"""`--fix`: plan, refuse, make everything in memory, write, stage, remove; then audit again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agenix_check.discover.tree.facts import AgeFact, LockedFact
from agenix_check.discover.tree.rewritten import remember_made
from agenix_check.errors import AgenixCheckError, CannotCheckError
from agenix_check.gate import (
    Compare,
    Examined,
    check,
    conclude,
    examine,
    open_store,
    with_origin,
)
from agenix_check.git.known_keys import read_known_keys, remember_keys
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository, is_partial_commit
from agenix_check.git.staging import exclusive_run, is_blob, object_ids, staged_aside
from agenix_check.git.worktree import read_file
from agenix_check.keys.keychain import Unlocker
from agenix_check.mend.admission import Admission
from agenix_check.mend.advice import advise_grants
from agenix_check.mend.consent import Consent, all_pairs
from agenix_check.mend.first_use import keys_of_head
from agenix_check.mend.grants import describe_grants, say_grants
from agenix_check.mend.journal import Changes, apply_changes, recover
from agenix_check.mend.plan import Plan, first_and_count, hold_back, prefer_disk
from agenix_check.mend.planner import make_plan
from agenix_check.mend.produce import Produced, produce_all
from agenix_check.mend.refusals import (
    edited_sources,
    forgotten_by_names,
    refuse_findings,
    refuse_partial_commit,
    refuse_places,
    refuse_recipients,
    refuse_snapshot,
    ungenerated,
)
from agenix_check.model.findings import Fix, Report
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.progress import Progress
from agenix_check.model.settings import FailOn, Settings, SettingsOrigin
from agenix_check.rules import MendedBy, find_rule
from agenix_check.view import View, open_view

_SMALL_PLAINTEXT = 1 << 14  # bytes
_AT_ONCE = 1000  # sources that are read in one go


@frozen
class Fixed:
    """The gate's last report, which lists what was fixed; `left` says what could not be fixed.

    `withheld` is true where the run must fail, whatever the report says: see `Plan`.
    """

    report: Report
    left: tuple[str, ...] = ()
    withheld: bool = False


@frozen
class _Planned:
    """A plan, what it was made from, and the tree that was staged when it was made.

    `keys` are the canonical texts of all keys that it encrypts to.
    """

    plan: Plan
    view: View
    examined: Examined
    tree: str
    keys: frozenset[str] = frozenset()

    def program(self, unlocker: Unlocker) -> str | None:
        """Return the age program to encrypt with; None where pyrage does it all."""
        return unlocker.program(self.view, self.examined.inventory, self.plan.recipients)

    def report(self, settings: Settings, origin: SettingsOrigin | None) -> Report:
        """Return what the gate says of what was planned for, with the grants in its fixes."""
        one = self.examined
        said = advise_grants(one.report, one.names, one.inventory, self.view)
        full = said if origin is None else with_origin(said, origin, self.view, one, settings)
        return conclude(full, settings, examined=one)


def plan_fix(
    repository: Repository,
    settings: Settings,
    compare: Compare | None = None,
    *,
    consent: Consent,
    unlocker: Unlocker | None = None,
    origin: SettingsOrigin | None = None,
    details: bool = False,
) -> tuple[Plan, Report]:
    """Return what `fix_tree` would do, and what the gate says now. Nothing is written.

    With an `unlocker` the plan says which identities would be used.
    """
    refuse_snapshot(repository, settings)
    with _planning(repository, settings, compare, consent, details=details) as planned:
        _refuse(repository, planned, unlocker or Unlocker(settings, consent.tell, ""))
        plan = planned.plan if unlocker is None else _with_identities(planned, unlocker)
        return plan, planned.report(settings, origin)


def _with_identities(planned: _Planned, unlocker: Unlocker) -> Plan:
    plan, examined = planned.plan, planned.examined
    if not plan.jobs:
        return plan
    keychain = unlocker.keychain(planned.view, examined.inventory)
    facts = examined.names.here.facts
    jobs = []
    for job in plan.jobs:
        fact = facts.get(job.path)
        stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
        jobs.append(replace(job, identity=keychain.likeliest(stanzas)))
    unopened = [job.path for job in jobs if job.identity is None]
    missing = [f"{first_and_count(unopened)}: {keychain.why_none()}"] if unopened else []
    return replace(plan, jobs=tuple(jobs), left=(*plan.left, *missing))


def fix_tree(
    repository: Repository,
    settings: Settings,
    *,
    unlocker: Unlocker,
    progress: Progress,
    consent: Consent,
    compare: Compare | None = None,
    origin: SettingsOrigin | None = None,
    details: bool = False,
) -> Fixed:
    """Fix what can be fixed, stage it, and check again.

    Raises an `AgenixCheckError` where that would do harm or cannot be done; then everything is as
    it was. `unlocker` opens the keychain; `progress` shows how far the run is; `consent` says
    which keys that never had a secret may have some; `compare`, `origin` and `details` are for the
    gate.
    """
    refuse_snapshot(repository, settings)
    with exclusive_run(repository) as folder:
        # The index of a partial commit does not show what a killed run staged.
        if not is_partial_commit():
            recover(repository, folder)
        run = _Run(
            repository, settings, folder, unlocker, progress, consent, compare, origin, details
        )
        try:
            return run.fix(only_new=False)
        except AgenixCheckError as error:
            # A commit is not stopped for what was wrong before it; what is new is tried alone.
            if not _only_new_fails(repository, settings):
                raise
            fixed = run.fix(only_new=True)
            left = f"what was wrong before this change: {error}"
            return replace(fixed, left=(left, *fixed.left))


def _only_new_fails(repository: Repository, settings: Settings) -> bool:
    if settings.fail_on is not FailOn.NEW:
        return False
    with open_view(repository, settings) as view:
        return view.of_a_change


@frozen(kw_only=False)
class _Run:
    """What one run of `fix_tree` was given, and the folder for its journal."""

    repository: Repository
    settings: Settings
    folder: Path
    unlocker: Unlocker
    progress: Progress
    consent: Consent
    compare: Compare | None
    origin: SettingsOrigin | None
    details: bool

    def fix(self, *, only_new: bool) -> Fixed:
        """Fix all, or `only_new` findings, and check again."""
        repository, settings, compare = self.repository, self.settings, self.compare
        given = repository, settings, compare, self.consent
        with _planning(*given, details=self.details, only_new=only_new) as planned:
            plan = planned.plan
            if plan.is_empty:
                said = planned.report(settings, self.origin)
                return Fixed(report=said, left=plan.left, withheld=plan.withheld)
            _refuse(repository, planned, self.unlocker)
            produced = _produce_files(planned, self.unlocker, self.progress)
            changes = Changes(
                tree=planned.tree,
                written={
                    **_read_restored(planned),
                    **{one.path: one.content for one in produced},
                },
                staged=_read_staged(repository, plan),
                removed=tuple(one.path for one in plan.remove),
            )
            apply_changes(repository, self.folder, changes)
            fixed = _fixes(plan, produced)
            remember_keys(repository, planned.keys)
            if settings.decrypt:
                blobs = object_ids(repository, changes.written).values()
                remember_made(open_store(repository, settings), blobs)
        report = check(
            repository, settings, self.origin,
            compare=compare, advise=advise_grants, details=self.details,
        )  # fmt: skip
        report = replace(report, fixed=fixed)
        return Fixed(report=report, left=plan.left, withheld=plan.withheld)


@contextmanager
def _planning(
    repository: Repository,
    settings: Settings,
    compare: Compare | None,
    consent: Consent,
    *,
    details: bool,
    only_new: bool = False,
) -> Iterator[_Planned]:
    """Plan; where sources are to be staged, plan as if they were staged already."""
    with open_view(repository, settings) as view:
        planned = _plan(view, settings, compare, consent, details=details, only_new=only_new)
        sources = _sources_to_stage(planned)
        if not sources:
            yield planned
            return
        refuse_partial_commit()
        refuse_places(repository, view.snapshot.files, sources, (), ())
        with (
            staged_aside(repository, sources) as aside,
            open_view(aside, settings) as again,
        ):
            then = _plan(again, settings, compare, consent, details=details, only_new=only_new)
            stage = {*then.plan.stage, *(one for one in planned.plan.stage if one.path in sources)}
            yield replace(
                then,
                tree=planned.tree,
                plan=replace(then.plan, stage=tuple(sorted(stage, key=str))),
            )


def _sources_to_stage(planned: _Planned) -> list[str]:
    """Return the sources that are to be staged; everything else to be staged is an output."""
    unstaged = {
        one.path
        for one in planned.examined.findings
        if find_rule(one.rule).mended_by is MendedBy.STAGE_SOURCE
    }
    return sorted({one.path for one in planned.plan.stage if one.path in unstaged})


def _plan(
    view: View,
    settings: Settings,
    compare: Compare | None,
    consent: Consent,
    *,
    details: bool,
    only_new: bool,
) -> _Planned:
    store = open_store(view.repository, settings)
    examined = examine(view, settings, store, details=details, compare=compare)
    report = examined.report
    names, inventory = examined.names, examined.inventory
    known = _known_keys(view, examined, settings, consent)
    for sentence in ungenerated(report.findings, names, inventory):
        consent.tell(sentence)
    files, decrypt = view.snapshot.files, settings.decrypt

    def read(path: str) -> bytes | None:
        # A tracked file may look right and be wrong: as decryption has shown, or as it is staged.
        if path not in files:
            return read_file(view.repository, path)
        content = None if decrypt else read_file(view.repository, path)
        return None if content is None or is_blob(content, files[path].oid) else content

    def plan_for(admission: Admission) -> Plan:
        plan = make_plan(
            [one for one in report.findings if one.new or not only_new],
            names,
            inventory,
            admission,
            update_masters=settings.update_masters,
            only_new_fails=report.only_new_fails,
        )
        return hold_back(prefer_disk(plan, read, files), admission)

    admission = Admission(view.repository, names, known, consent.granted, inventory=inventory)
    shown = report.node_names()
    plan = plan_for(admission)
    if plan.ungranted or settings.grant:
        grants = describe_grants(view.repository, names, plan.ungranted, shown)
        if consent.extend(grants, lambda: all_pairs(names, inventory, admission)):
            admission = Admission(
                view.repository, names, known, consent.granted, inventory=inventory
            )
            plan = plan_for(admission)
            grants = describe_grants(view.repository, names, plan.ungranted, shown)
        left = (*plan.left, *say_grants(grants, consent.options))
        plan = replace(plan, left=left, grants=tuple(grants))
    facts = names.here.facts  # what is encrypted as a whole is open in the work tree
    seen = [
        one for one in report.outputs if not isinstance(facts.get(one.source or ""), LockedFact)
    ]
    unstaged = edited_sources(view.repository, files, seen)
    plan = replace(plan, left=(*plan.left, *unstaged))
    if settings.node and examined.inventory.declared is None:
        forgotten = forgotten_by_names(plan, examined.findings)
        plan = replace(plan, left=(*plan.left, *forgotten))
    keys = frozenset(filter(None, map(admission.canonical, plan.recipients)))
    return _Planned(plan=plan, view=view, examined=examined, tree=view.snapshot.tree, keys=keys)


def _known_keys(
    view: View, examined: Examined, settings: Settings, consent: Consent
) -> frozenset[str]:
    """Return the keys that this clone knows; on first use, note those that HEAD speaks for."""
    known = read_known_keys(view.repository)
    if known is None:
        store = open_store(view.repository, settings)
        keys = keys_of_head(view, examined.names, examined.inventory, settings, store)
        if not settings.dry_run:
            remember_keys(view.repository, keys)
        return keys
    if known.damage is not None:
        consent.tell(known.damage)
    return known.keys


def _refuse(repository: Repository, planned: _Planned, unlocker: Unlocker) -> None:
    plan = planned.plan
    if plan.is_empty:
        return
    refuse_partial_commit()
    refuse_findings(planned.examined.findings, plan)
    refuse_recipients(plan, planned.program(unlocker))
    files = planned.view.snapshot.files
    staged = [one.path for one in plan.stage]
    removed = [one.path for one in plan.remove]
    refuse_places(repository, files, staged, plan.written, removed)


def _produce_files(
    planned: _Planned, unlocker: Unlocker, progress: Progress
) -> tuple[Produced, ...]:
    if not planned.plan.jobs:
        return ()
    git, program = planned.view.repository.git, planned.program(unlocker)

    # Most sources are small; asking Git for each one would take longer than decrypting it.
    small = [job.oid for job in planned.plan.jobs if job.size <= _SMALL_PLAINTEXT][:_AT_ONCE]
    known = {blob.oid: blob.data for blob in read_blobs(git, (), small)}

    def read(oid: str) -> bytes:
        return known[oid] if oid in known else git.run("cat-file", "blob", oid)

    keychain = unlocker.keychain(planned.view, planned.examined.inventory)
    jobs, nodes = planned.plan.jobs, planned.examined.report.node_names()
    return tuple(produce_all(jobs, read, keychain, program=program, progress=progress, nodes=nodes))


def _read_restored(planned: _Planned) -> dict[str, bytes]:
    """Return the contents of the files to put back."""
    git = planned.view.repository.git
    return {one.path: git.run("cat-file", "blob", one.oid) for one in planned.plan.restore}


def _read_staged(repository: Repository, plan: Plan) -> dict[str, bytes]:
    """Return the contents that the files to stage have in the work tree."""
    contents = {}
    for one in plan.stage:
        content = read_file(repository, one.path)
        if content is None:
            raise CannotCheckError(f"nothing was fixed: {one.path} cannot be read")
        contents[one.path] = content
    return contents


def _fixes(plan: Plan, produced: tuple[Produced, ...]) -> tuple[Fix, ...]:
    fixed = [Fix(action="rekeyed", path=o.path, node=o.node, secret=o.secret) for o in produced]
    fixed += [Fix(action="staged", path=o.path, node=o.node, secret=o.secret) for o in plan.restore]
    fixed += [Fix(action="staged", path=o.path, node=o.node, secret=o.secret) for o in plan.stage]
    fixed += [Fix(action="removed", path=o.path, node=o.node, secret=o.secret) for o in plan.remove]
    return tuple(fixed)
