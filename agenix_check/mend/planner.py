"""From what the audit found to a plan: what is made from what, and what goes. Nothing is read."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from agenix_check.age import DUMMY_RECIPIENT, RecipientError, parse_recipient
from agenix_check.audit.comparison import Place, place
from agenix_check.audit.findings import REKEY, remove
from agenix_check.discover.declared.known import Inventory
from agenix_check.discover.tree.evidence import LEFTOVER
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.keys import digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import Trace, ident
from agenix_check.mend.authorization import Authorization
from agenix_check.mend.needs import (
    Need,
    declared_needs,
    find_by_names,
    find_declared,
    made_before,
    named_needs,
)
from agenix_check.mend.plan import Job, Plan, Target, Touched
from agenix_check.mend.reencrypt import plan_plain, plan_sources
from agenix_check.model.findings import Finding, Severity
from agenix_check.rules import MendedBy, find_rule


def make_plan(
    findings: Iterable[Finding],
    names: Names,
    inventory: Inventory,
    *,
    update_masters: bool = False,
) -> Plan:
    """Work out how to mend what can be mended of some findings."""
    planner = _Planner(names, inventory)
    found = tuple(findings)
    for finding in found:
        planner.take(finding)
    rewrites, left = plan_plain(found, names, inventory.rules)
    if update_masters:
        more, also_left = plan_sources(found, names, inventory.declared)
        rewrites, left = [*rewrites, *more], [*left, *also_left]
    for job in rewrites:
        planner.rewrite(job)
    planner.left += left
    return planner.finish()


class _Planner:
    """Collects what findings ask for, each file once."""

    def __init__(self, names: Names, inventory: Inventory) -> None:
        self._names = names
        self._declared = inventory.declared
        nodes = () if self._declared is None else self._declared.declaration.nodes
        self._nodes = {node.name for node in nodes}
        self._needs = (
            named_needs(names) if self._declared is None else declared_needs(self._declared)
        )
        self._withheld = False
        self._files: dict[Place, list[str]] = {}
        for file in names.here.outputs.values():
            self._files.setdefault(place(file), []).append(file.path)
        self._jobs: dict[str, Job] = {}
        self._stage: set[Touched] = set()
        self._remove: dict[str, Touched] = {}
        self._wanted: set[str] = set()
        self.left: list[str] = []
        self._left: dict[str, dict[str, None]] = {}  # what is left, in order, by the reason
        self._strays: list[str] = []  # outputs in directories of nobody
        self._unsure: list[str] = []  # outputs that somebody may wait for

    @cached_property
    def _authorization(self) -> Authorization:
        return Authorization(self._names)

    @cached_property
    def _before(self) -> Mapping[Place, Trace]:
        return made_before(self._names)

    def take(self, finding: Finding) -> None:
        """Plan what mends a finding."""
        path = finding.path
        if path is None or finding.severity is Severity.NOTE:
            return
        match find_rule(finding.rule).mended_by:
            case MendedBy.REMAKE_OUTPUT:
                self._output(finding, path, made=False)
            case MendedBy.STAGE_OUTPUT:
                self._output(finding, path, made=True)
            case MendedBy.STAGE_SOURCE:
                self._stage.add(Touched(path))
            case MendedBy.REMOVE_OUTPUT:
                self._orphan(finding, path)
            case MendedBy.REMOVE_LEFTOVER:
                self._leftover(path)
            case MendedBy.REENCRYPT_PLAIN | MendedBy.REENCRYPT_SOURCE | None:
                pass  # plain files and sources are planned together, nothing else can be mended

    def rewrite(self, job: Job) -> None:
        """Plan that a file is encrypted anew; the outputs made of it follow."""
        known = self._jobs.pop(job.path, None)
        if known is not None and known.recipients:
            self._leave(job.path, "two rules say whom it is for")
            return
        targets = known.targets if known is not None else ()
        for need in (one for one in self._needs.known if one.source == job.path):
            objection = None if need.node in self._nodes else self._objection(need)
            if objection is not None:
                self._leave(f"{need.node} {need.secret}", objection)
                continue
            target = self._target(need)
            if target is not None and not any(_same(target, one) for one in targets):
                targets = (*targets, target)
        for target in targets:
            self._replace(target, None)
        anew = tuple(target._replace(path=None) for target in targets)
        self._jobs[job.path] = replace(job, targets=anew)

    def finish(self) -> Plan:
        """Return the plan, sorted."""
        jobs = sorted(self._jobs.values(), key=lambda job: job.path)
        removed = [one for path, one in sorted(self._remove.items()) if path not in self._wanted]
        alike = (f"{_several([*whats])}: {why}" for why, whats in self._left.items())
        strays = _orphans_left(self._strays, self._unsure, self._names.changed)
        left = [*self.left, *alike, *strays]
        return Plan(
            jobs=tuple(
                replace(job, targets=tuple(sorted(job.targets, key=_order))) for job in jobs
            ),
            stage=tuple(sorted(self._stage, key=str)),
            remove=tuple(removed),
            left=tuple(dict.fromkeys(left)),
            withheld=self._withheld,
        )

    def _leave(self, what: str, why: str) -> None:
        """Note what cannot be mended; of a hundred hosts with one reason, it is said once."""
        self._left.setdefault(why, {})[what] = None

    def _output(self, finding: Finding, path: str, *, made: bool) -> None:
        """Plan an output; `made` says that the work tree has it already."""
        names = self._names
        declared = self._declared is not None and finding.node in self._nodes
        if not declared and path not in names.here.outputs and not made:
            if finding.rule == "output-stale":
                unsure = "whether the text is trimmed"
                if isinstance(names.here.facts.get(path), AgeFact):
                    unsure = "which outputs are to be made from it"
                self._leave(path, f"names alone do not tell {unsure}; --inventory nix")
            return
        if finding.rule == "output-untraceable" and finding.severity is not Severity.ERROR:
            return
        if declared:
            found = find_declared(self._needs, finding)
        else:
            found = find_by_names(names, finding, self._before)
        if isinstance(found, str):
            self._leave(path, found)
            return
        for need in found:
            # One that is not staged was made by who works here.
            objection = None if declared or made else self._objection(need)
            if objection is not None:
                self._leave(path, objection)
                self._withheld = True
                continue
            target = self._target(need)
            if target is None:
                continue
            if finding.rule == "output-stale" and path != target.path:
                self._removed(path, target)
            self._replace(target, target.path)
            fact = names.here.facts[need.source]
            size = fact.plaintext_size if isinstance(fact, AgeFact) else None
            oid = names.here.files[need.source].oid
            job = self._jobs.get(need.source) or Job(path=need.source, oid=oid, size=size or 0)
            if target not in job.targets:
                job = replace(job, targets=(*job.targets, target))
            self._jobs[need.source] = job

    def _objection(self, need: Need) -> str | None:
        """Return why names alone do not let a secret be encrypted to a key, or None."""
        objection = self._authorization.objection(need.storage, need.key)
        return None if objection is None else f"{objection}; look at it, then --inventory nix"

    def _target(self, need: Need) -> Target | None:
        """Return the output to make, or None, and say why there can be none."""
        fact = self._names.here.facts.get(need.source)
        where = f"{need.node} {need.secret}"
        if not isinstance(fact, AgeFact) or fact.problem is not None:
            self._leave(where, f"its source {need.source} cannot be decrypted as it is")
            return None
        try:
            recipient = parse_recipient(need.key)
        except RecipientError as error:
            self._leave(where, f"its node's hostPubkey cannot be encrypted to: {error}")
            return None
        if recipient.text == DUMMY_RECIPIENT:
            self._leave(where, "its node has agenix-rekey's placeholder key")
            return None
        name = f"{ident(digest(need.key), fact.sha256)}-{need.secret}.age"
        path = f"{need.storage}/{name}" if need.storage else name
        return Target(need.node, need.secret, need.storage, need.key, path)

    def _replace(self, target: Target, path: str | None) -> None:
        """Plan that other files of an output's place go, but those that somebody needs."""
        if path is not None:
            self._wanted.add(path)
        for other in self._files.get((target.storage, target.secret), ()):
            mine = path is None and other == target.path
            if other == path or (not mine and other in self._needs.paths):
                continue
            if mine or not self._may_be_of_a_failed_node():
                self._removed(other, target)

    def _may_be_of_a_failed_node(self) -> bool:
        return self._declared is not None and bool(self._declared.declaration.failed)

    def _removed(self, path: str, target: Target) -> None:
        if path in self._names.here.outputs:
            self._remove[path] = Touched(path, target.node, target.secret)

    def _orphan(self, finding: Finding, path: str) -> None:
        """Plan to remove an orphan, where it is sure that nobody waits for it."""
        file = self._names.here.outputs.get(path)
        if file is None:
            return
        if file.directory not in self._needs.storages:
            self._strays.append(path)
            return
        if self._declared is None:
            made = self._names.explain(self._names.base, file)
            sure = finding.mend == REKEY and made is not None
            if not sure and place(file) not in self._needs.places:
                self._unsure.append(path)
                return
        self._remove[path] = Touched(path, finding.node, finding.secret)

    def _leftover(self, path: str) -> None:
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
    """Say why orphans are left, and how to remove all of a kind at once."""
    if strays:
        yield f"{_several(strays)}: in the directory of no known node; {_removal(strays, changed)}"
    if unsure:
        yield (
            f"{_several(unsure)}: names alone do not tell what was forgotten and what is no longer "
            f"declared; --inventory nix, or {_removal(unsure, changed)}"
        )


def _removal(paths: list[str], changed: Collection[str]) -> str:
    return remove(*paths, staged=not set(paths).isdisjoint(changed))


def _several(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _same(target: Target, other: Target) -> bool:
    return target[:4] == other[:4]


def _order(target: Target) -> tuple[str, str, str]:
    return target.node, target.secret, target.path or ""


def _in_leftover(path: str) -> bool:
    return any(part.startswith(LEFTOVER) for part in path.split("/")[:-1])
