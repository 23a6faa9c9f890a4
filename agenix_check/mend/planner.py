"""From findings to a plan: what is made from what, and what is removed. Nothing is read."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain

from agenix_check.age import (
    DUMMY_RECIPIENT,
    RecipientError,
    parse_configured,
    recipient_or_none,
)
from agenix_check.audit.commands import remove
from agenix_check.audit.content import looks_right
from agenix_check.audit.copies import find_twins
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.evidence import LOCK, Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import LEFTOVER, Place, ident, output_path
from agenix_check.mend.admission import Admission, Ungranted
from agenix_check.mend.former_keys import named_needs, needs_by_names
from agenix_check.mend.needs import Need, declared_needs, needs_of_finding
from agenix_check.mend.plan import Job, NewOutput, Plan, Restored, Touched, first_and_count
from agenix_check.mend.reencrypt import plan_plain, plan_sources
from agenix_check.model.findings import Finding, Severity
from agenix_check.model.frozen import replace
from agenix_check.model.lost import Reason
from agenix_check.rules import MendedBy, find_rule


def make_plan(
    findings: Iterable[Finding],
    names: Names,
    inventory: Inventory,
    admission: Admission,
    *,
    update_masters: bool = False,
    only_new_fails: bool = False,
) -> Plan:
    """Work out how to fix what can be fixed of some findings, for keys that are admitted.

    Where names alone show the fleet, nothing else is made from the source of a stale output that is
    withheld: its host would look switched off, and the finding would be gone. With `only_new_fails`
    the run may pass where an old finding is withheld; then this holds for each of them.
    """
    found = tuple(findings)
    planner = _Planner(names, inventory, admission)
    for finding in found:
        planner.take(finding)
    withheld = frozenset(planner.withheld)
    waiting = planner.beside(withheld)
    passes = bool(waiting) and only_new_fails and not any(one.new for one in waiting)
    if not passes:
        by_names = inventory.declared is None
        waiting = planner.beside(
            frozenset(one for one in withheld if by_names and one.rule == "output-stale")
        )
    if waiting:
        planner = _Planner(names, inventory, admission)
        for finding in found:
            if finding in waiting and finding not in withheld:
                planner.leave_waiting(finding)
            else:
                planner.take(finding)
    if passes:
        planner.withheld.clear()
    plain, left = plan_plain(found, names, inventory.rules)
    sources: list[Job] = []
    if update_masters:
        sources, also_left = plan_sources(found, names, inventory.declared)
        left = [*left, *also_left]
    refusals = [(job, admission.refuse_file(job.path, job.recipients)) for job in plain]
    refusals += [(job, admission.refuse_source(job.path, job.recipients)) for job in sources]
    for job, refused in refusals:
        if refused:
            about = [one for one in found if one.path == job.path]
            planner.withhold(refused, [one for one in about if one.new or not only_new_fails])
        elif planner.reencrypt(job):
            about = [one for one in found if one.path == job.path]
            planner.fixed.update(one for one in about if find_rule(one.rule).is_encrypting)
    planner.left += left
    return planner.finish()


class _Planner:
    """Collects what findings ask for, each file once."""

    def __init__(self, names: Names, inventory: Inventory, admission: Admission) -> None:
        self._names = names
        self._admission = admission
        self._ungranted: list[Ungranted] = []
        self._closed: set[str] = set()  # storage directories in which something is withheld
        self._declared = inventory.declared
        # An output that the lock file does not know may have been declared later.
        self._lock_may_be_old = inventory.kind == "lock" and LOCK not in names.changed
        nodes = () if self._declared is None else self._declared.declaration.nodes
        self._nodes = {node.name for node in nodes}
        self._needs = (
            named_needs(names) if self._declared is None else declared_needs(self._declared)
        )
        self.withheld: list[Finding] = []
        self.fixed: set[Finding] = set()
        self._of_source: dict[str, list[Finding]] = {}  # which outputs are to be made from it
        self._files: dict[Place, list[str]] = {}
        for file in names.here.outputs.values():
            self._files.setdefault(file.place, []).append(file.path)
        self._jobs: dict[str, Job] = {}
        self._stage: set[Touched] = set()
        self._restore: set[Restored] = set()
        self._remove: dict[str, Touched] = {}
        self._orphans: dict[str, str] = {}  # those that are removed, and their directories
        self._wanted: set[str] = set()
        self.left: list[str] = []
        self._left: dict[str, dict[str, None]] = {}  # what is left, in order, by the reason
        self._strays: list[str] = []  # outputs in the directories of no known node
        self._unsure: list[str] = []  # outputs that some host may still need

    def take(self, finding: Finding) -> None:
        """Plan what fixes a finding."""
        path = finding.path
        if path is None or finding.severity is Severity.NOTE:
            return
        match find_rule(finding.rule).mended_by:
            case MendedBy.REMAKE_OUTPUT | MendedBy.REWRITE_OUTPUT:
                self._plan_output(finding, path, made=False)
            case MendedBy.RESTORE_OUTPUT:
                self._plan_restoration(finding, path)
            case MendedBy.STAGE_OUTPUT:
                self._plan_output(finding, path, made=True)
            case MendedBy.STAGE_SOURCE:
                self._stage.add(Touched(path))
                self.fixed.add(finding)
            case MendedBy.REMOVE_OUTPUT:
                self._plan_orphan(finding, path)
            case MendedBy.REMOVE_LEFTOVER:
                self._plan_leftover(path)
            case MendedBy.REENCRYPT_PLAIN | MendedBy.REENCRYPT_SOURCE | None:
                pass  # plain files and sources are planned together, nothing else can be fixed

    def beside(self, some: frozenset[Finding]) -> frozenset[Finding]:
        """Return some findings, and those about other outputs of the same sources."""
        shared = (its for its in self._of_source.values() if not some.isdisjoint(its))
        return frozenset(chain.from_iterable(shared))

    def leave_waiting(self, finding: Finding) -> None:
        """Note that an output waits for another one of its source, which is withheld."""
        why = "another output of its source is withheld: made alone, it would let that host look"
        self._leave(finding.path or "", f"{why} switched off")

    def withhold(self, refused: Iterable[Ungranted], findings: Iterable[Finding]) -> None:
        """Note files that are not encrypted anew, and the findings for which the run must fail."""
        self._ungranted += refused
        self.withheld += findings

    def reencrypt(self, job: Job) -> bool:
        """Plan that a file is encrypted anew; the outputs made of it follow. Return whether."""
        known = self._jobs.pop(job.path, None)
        if known is not None and known.recipients:
            self._leave(job.path, "two rules say whom it is for")
            return False
        outputs = known.outputs if known is not None else ()
        for need in (one for one in self._needs.known if one.source == job.path):
            path = need.path or f"{need.node} {need.secret}"
            if self._refuse(need, path, declared=need.node in self._nodes):
                continue
            output = self._new_output(need)
            if output is not None and not any(_is_same_but_path(output, one) for one in outputs):
                outputs = (*outputs, output)
        for output in outputs:
            self._plan_replacement(output, None)
        anew = tuple(output._replace(path=None, before=None) for output in outputs)
        self._jobs[job.path] = replace(job, outputs=anew)
        return True

    def finish(self) -> Plan:
        """Return the plan, sorted."""
        jobs = sorted(self._jobs.values(), key=lambda job: job.path)
        removed = [
            one
            for path, one in sorted(self._remove.items())
            if path not in self._wanted and self._orphans.get(path) not in self._closed
        ]
        alike = (f"{first_and_count([*things])}: {why}" for why, things in self._left.items())
        strays = _orphans_left(self._strays, self._unsure, self._names.changed)
        left = [*self.left, *alike, *strays]
        return Plan(
            jobs=tuple(
                replace(job, outputs=tuple(sorted(job.outputs, key=_by_owner))) for job in jobs
            ),
            restore=tuple(sorted(self._restore, key=str)),
            stage=tuple(sorted(self._stage, key=str)),
            remove=tuple(removed),
            left=tuple(dict.fromkeys(left)),
            withheld=bool(self.withheld),
            ungranted=tuple(dict.fromkeys(self._ungranted)),
            fixed=frozenset(self.fixed.difference(self.withheld)),
        )

    def _leave(self, what: str, why: str) -> None:
        """Note what cannot be fixed; a reason that a hundred hosts share is said once."""
        self._left.setdefault(why, {})[what] = None

    def _plan_output(self, finding: Finding, path: str, *, made: bool) -> None:
        """Plan to make an output; `made` is true where the work tree has it already."""
        names = self._names
        declared = self._declared is not None and finding.node in self._nodes
        if not declared and path not in names.here.outputs and not made:
            if finding.rule == "output-stale":
                unsure = "whether the text is trimmed"
                if isinstance(names.here.facts.get(path), AgeFact):
                    unsure = "which outputs are to be made from it"
                self._leave(path, f"names alone do not show {unsure}; --inventory nix")
            return
        if finding.rule == "output-untraceable" and finding.severity is not Severity.ERROR:
            return
        if declared:
            found = needs_of_finding(self._needs, finding)
        else:
            found = needs_by_names(names, finding)
        if isinstance(found, str):
            self._leave(path, found)
            return
        for need in found:
            self._of_source.setdefault(need.source, []).append(finding)
            # An output that waits to be staged was made by the person at work here.
            if not made and self._refuse(need, path, declared=declared):
                self.withheld.append(finding)
                continue
            output = self._new_output(need)
            if output is not None:
                self._plan_making(finding, need, output)

    def _plan_making(self, finding: Finding, need: Need, output: NewOutput) -> None:
        """Plan to make an output, or to put it back as it was, in place of what is there."""
        names = self._names
        if find_rule(finding.rule).mended_by is MendedBy.REMAKE_OUTPUT:
            before = self._before(need, output)
            stays = before is not None and before == _oid(names.here, output.path)
            if stays and finding.new:
                self.fixed.add(finding)  # it was copied, and is not the copy
                return
            output = output._replace(before=None if stays else before)
        if finding.rule == "output-stale" and finding.path not in (None, output.path):
            self._plan_removal(finding.path, output)
        self._plan_replacement(output, output.path)
        fact = names.here.facts[need.source]
        size = fact.plaintext_size if isinstance(fact, AgeFact) else None
        oid = names.here.files[need.source].oid
        job = self._jobs.get(need.source) or Job(path=need.source, oid=oid, size=size or 0)
        if output not in job.outputs:
            job = replace(job, outputs=(*job.outputs, output))
        self._jobs[need.source] = job
        self.fixed.add(finding)

    def _plan_restoration(self, finding: Finding, path: str) -> None:
        """Plan to put an output back as the base has it."""
        oid = _oid(self._names.base, path)
        if oid is not None:
            self._restore.add(Restored(path, oid, finding.node, finding.secret))
            self.fixed.add(finding)

    def _before(self, need: Need, output: NewOutput) -> str | None:
        """Return the blob that the base has in an output's place, if it looks right."""
        names, path = self._names, output.path or ""
        source = names.here.facts.get(need.source)
        fact, recipient = names.base.facts.get(path), recipient_or_none(need.key)
        if not looks_right(fact, source, recipient) or path in self._twins_at_base:
            return None
        return _oid(names.base, path)

    @cached_property
    def _twins_at_base(self) -> frozenset[str]:
        twins = find_twins(self._names.base).values()
        return frozenset(file.path for alike in twins for file in alike)

    def _refuse(self, need: Need, path: str, *, declared: bool) -> bool:
        """Return whether an output must not be made, because its key is not admitted."""
        refused = self._admission.refuse(need, path, declared=declared)
        if refused is None:
            return False
        self._ungranted.append(refused)
        self._closed.add(need.storage)
        return True

    def _new_output(self, need: Need) -> NewOutput | None:
        """Return the output to make; None, with a note why, where it cannot be made."""
        fact = self._names.here.facts.get(need.source)
        where = f"{need.node} {need.secret}"
        if not isinstance(fact, AgeFact) or fact.problem is not None:
            self._leave(where, f"its source {need.source} cannot be decrypted as it is")
            return None
        try:
            recipient = parse_configured(need.key)
        except RecipientError as error:
            self._leave(where, f"nothing can be encrypted to its node's hostPubkey: {error}")
            return None
        if recipient.text == DUMMY_RECIPIENT:
            self._leave(where, "its node has agenix-rekey's placeholder key")
            return None
        path = output_path(need.storage, ident(digest(need.key), fact.sha256), need.secret)
        return NewOutput(need.node, need.secret, need.storage, need.key, path)

    def _plan_replacement(self, output: NewOutput, path: str | None) -> None:
        """Plan to remove the other files of an output's place, except needed ones.

        `path` is where the output will be; None where its source is encrypted anew, so that its
        name is not known yet and its present file is replaced too.
        """
        if path is not None:
            self._wanted.add(path)
        for other in self._files.get((output.storage, output.secret), ()):
            renamed = path is None and other == output.path
            if other == path or (not renamed and other in self._needs.paths):
                continue
            if renamed or not self._may_be_of_a_failed_node():
                self._plan_removal(other, output)

    def _may_be_of_a_failed_node(self) -> bool:
        return self._declared is not None and bool(self._declared.declaration.failed)

    def _plan_removal(self, path: str, output: NewOutput) -> None:
        if path in self._names.here.outputs:
            self._remove[path] = Touched(path, output.node, output.secret)

    def _plan_orphan(self, finding: Finding, path: str) -> None:
        """Plan to remove an orphan, where it is sure that no host needs it."""
        file = self._names.here.outputs.get(path)
        if file is None:
            return
        if file.directory not in self._needs.storages:
            self._strays.append(path)
            return
        if self._declared is None:
            lost = self._names.lost.get(path)
            excuse = None if lost is None else lost.excuse
            if excuse is not None and excuse.reason is Reason.MOVED:
                why = (
                    f"its storage was moved to {excuse.about}; --inventory nix removes what is left"
                )
                self._leave(file.directory, why)
                return
            if excuse is None or excuse.reason is not Reason.REPLACED:
                self._unsure.append(path)
                return
        elif self._lock_may_be_old and self._names.traced(file).here is not None:
            self._leave(path, "the lock file may be older than it; agenix-check fleet --lock")
            return
        self._orphans[path] = file.directory
        self._remove[path] = Touched(path, finding.node, finding.secret)

    def _plan_leftover(self, path: str) -> None:
        """Plan to remove what an interrupted rekey left, in a known node's storage directory."""
        if self._storage_above(path) is not None and _in_leftover(path):
            self._remove[path] = Touched(path)
        else:
            self._leave(path, "it is in no known node's storage directory")

    def _storage_above(self, path: str) -> str | None:
        parts = path.split("/")
        above = ("/".join(parts[:count]) for count in range(len(parts)))
        return next((one for one in above if one in self._needs.storages), None)


def _orphans_left(strays: list[str], unsure: list[str], changed: Collection[str]) -> Iterator[str]:
    """Say why orphans are left, and the command that removes all of a kind at once."""
    if strays:
        yield (
            f"{first_and_count(strays)}: in the directory of no known node; if no host needs them "
            f"any more: {_removal_command(strays, changed)}"
        )
    if unsure:
        yield (
            f"{first_and_count(unsure)}: names alone do not show what was forgotten and what is "
            "no longer declared; --inventory nix finds out. If no host needs them any more: "
            f"{_removal_command(unsure, changed)}"
        )


def _removal_command(paths: list[str], changed: Collection[str]) -> str:
    return remove(*paths, staged=not set(paths).isdisjoint(changed))


def _oid(tree: Evidence, path: str | None) -> str | None:
    """Return the blob at a path; a file that is none of a tree has none."""
    file = tree.files.get(path or "")
    return None if file is None else file.oid


def _is_same_but_path(output: NewOutput, other: NewOutput) -> bool:
    return output._replace(path=None, before=None) == other._replace(path=None, before=None)


def _by_owner(output: NewOutput) -> tuple[str, str, str]:
    return output.node, output.secret, output.path or ""


def _in_leftover(path: str) -> bool:
    return any(part.startswith(LEFTOVER) for part in path.split("/")[:-1])
