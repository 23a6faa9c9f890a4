"""What a check results in: findings, verdicts and the report that carries them.

Values only. How they look in a terminal, in JSON or in JUnit is the business of `report/`.
Paths are relative to the repository's root, with `/`; bytes that are not UTF-8 are surrogates
(PEP 383), so every formatter has to escape what it prints. Types with thousands of instances are
NamedTuples: four times faster to build.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.model.frozen import frozen, replace

if TYPE_CHECKING:
    from agenix_check.model.access import AccessChange, Reader


class Severity(StrEnum):
    """How serious a finding is: errors fail the run, warnings with `--strict`, notes never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Verdict(StrEnum):
    """What can be said about one output."""

    OK = "ok"
    WRONG = "wrong"
    UNVERIFIABLE = "unverifiable"
    SKIPPED = "skipped"


class CauseKind(StrEnum):
    """What happened in the repository that made something wrong."""

    SOURCE_CHANGED = "source-changed"
    SOURCE_DELETED = "source-deleted"
    KEY_CHANGED = "key-changed"
    KEY_TEXT_CHANGED = "key-text-changed"
    KEY_DELETED = "key-deleted"
    DECLARATION_CHANGED = "declaration-changed"
    OUTPUT_CHANGED = "output-changed"
    OUTPUT_DELETED = "output-deleted"
    OUTPUT_REPLACED = "output-replaced"
    FILE_CHANGED = "file-changed"


@frozen
class Cause:
    """The edit that a finding follows from; findings with an equal cause are shown as one.

    `binding` is the variable or attribute of the file that was edited, if that is known.
    """

    kind: CauseKind
    path: str
    commit: str | None = None
    binding: str | None = None


@frozen
class Finding:
    """One thing that is wrong: a rule, a place, a cause, a fix.

    `path` is the file it is about: the file that is there for a stale output, the file that should
    be there for a missing one. `new` says whether the base was free of it, `since` which commit
    brought it, if history was asked; None for the very change that is judged. `mend` is the fix:
    what to type. What does not `fail` is shown everywhere, and lets the run pass whatever
    `--strict` says.
    """

    rule: str
    severity: Severity
    message: str
    path: str | None = None
    node: str | None = None
    secret: str | None = None
    source: str | None = None
    new: bool = True
    cause: Cause | None = None
    since: str | None = None
    mend: str | None = None
    fails: bool = True

    @property
    def is_shown(self) -> bool:
        """Whether it is shown also where notes are left out."""
        return self.severity is not Severity.NOTE or not self.fails


def finding_key(finding: Finding) -> tuple[str, ...]:
    """Order findings by where they are; total, so that equal reports give equal bytes."""
    return (
        finding.node or "",
        finding.secret or "",
        finding.path or "",
        finding.rule,
        finding.source or "",
        finding.message,
        finding.severity,
        finding.mend or "",
    )


@frozen
class MadeFrom:
    """The file whose content something was made from.

    If the file has changed since, `current` is false and `until` is the commit that changed it, if
    that is known.
    """

    path: str
    current: bool = True
    until: str | None = None


class ReaderState(StrEnum):
    """Whether somebody is in a rule of plain agenix, and can read its file.

    `HIDDEN`: a key of an anonymous type, of which a file shows no more than the number.
    """

    READS = "reads"
    HIDDEN = "does not show"
    LACKS = "cannot read"
    STRANGER = "reads without a rule"


class PlainReader(NamedTuple):
    """Somebody whom a rule of plain agenix or its file names, in words."""

    name: str
    state: ReaderState


@frozen
class OutputDetail:
    """What one output's file shows on a closer look; None or empty if it does not show it.

    `readers` are those of a file of plain agenix. `addressed_to` says in words whom it is for, one
    entry a recipient; sizes are those of plaintexts, in bytes. `source` and `key` are what it was
    made from.
    """

    addressed_to: tuple[str, ...] = ()
    readers: tuple[PlainReader, ...] = ()
    plaintext_size: int | None = None
    source_size: int | None = None
    source: MadeFrom | None = None
    key: MadeFrom | None = None


class FileKind(StrEnum):
    """What kind of file it is that should be there."""

    OUTPUT = "output"
    PLAIN = "plain"


class JudgedFile(NamedTuple):
    """A file that should be there: its verdict, the rules it breaks, and why it was not judged.

    `group` and `name` say which one it is: an output's node and secret, or a plain agenix file's
    rules file and path. `detail` is there if a format that shows it was asked for.
    """

    kind: FileKind
    group: str
    name: str
    source: str | None
    path: str
    verdict: Verdict
    rules: tuple[str, ...] = ()
    reason: str | None = None
    detail: OutputDetail | None = None

    @property
    def node(self) -> str:
        """The node of an output."""
        return self.group

    @property
    def secret(self) -> str:
        """The secret of an output, by its name."""
        return self.name


class Checkout(NamedTuple):
    """Where a snapshot comes from; `commit` is its own, or the one that it comes after."""

    repository: str | None = None
    branch: str | None = None
    commit: str | None = None
    subject: str | None = None


@frozen
class SnapshotInfo:
    """Which tree was judged, against which base; object ids in hexadecimal.

    `has_change` says whether the two differ: without a change nothing can be new. `checkout` is
    there if a format that shows it was asked for.
    """

    kind: str
    tree: str
    commit: str | None
    base: str | None
    has_change: bool = True
    checkout: Checkout | None = None


@frozen
class FleetInfo:
    """Where the fleet came from and how large it is; by names alone it is never `complete`."""

    inventory: str
    complete: bool
    nodes: int
    secrets: int
    plain: int = 0


@frozen
class Fix:
    """One thing that was fixed: `rekeyed`, `staged` or `removed`."""

    action: str
    path: str
    node: str | None = None
    secret: str | None = None

    @property
    def order(self) -> tuple[str, bool, str, str, str]:
        """What lists are sorted by: node, then secret; the names of outputs begin with a hash."""
        return self.node or "", self.secret is None, self.secret or "", self.action, self.path


class NotCompared(NamedTuple):
    """An output whose plaintext was not compared with its source's, and why not."""

    node: str
    secret: str
    path: str
    verdict: Verdict
    reason: str


@frozen
class Decrypted:
    """The result of `--decrypt`: how many outputs were compared with their sources, and which not.

    The number includes those that differ.
    """

    compared: int
    not_compared: tuple[NotCompared, ...] = ()

    @property
    def unproved(self) -> int:
        """How many look right but were not compared: neither wrong nor left out on purpose."""
        looks_right = (Verdict.OK, Verdict.UNVERIFIABLE)
        return sum(one.verdict in looks_right for one in self.not_compared)


@frozen
class Counts:
    """How many outputs have which verdict, and how many findings which severity."""

    outputs: int = 0
    ok: int = 0
    wrong: int = 0
    unverifiable: int = 0
    skipped: int = 0
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    ignored: int = 0

    @classmethod
    def of(
        cls, files: Iterable[JudgedFile], findings: Iterable[Finding], ignored: int = 0
    ) -> "Counts":
        """Count the outputs among some files, and findings."""
        verdicts = Counter([one.verdict for one in files if one.kind is FileKind.OUTPUT])
        severities = Counter([finding.severity for finding in findings])
        return cls(
            outputs=verdicts.total(),
            ok=verdicts[Verdict.OK],
            wrong=verdicts[Verdict.WRONG],
            unverifiable=verdicts[Verdict.UNVERIFIABLE],
            skipped=verdicts[Verdict.SKIPPED],
            errors=severities[Severity.ERROR],
            warnings=severities[Severity.WARNING],
            notes=severities[Severity.NOTE],
            ignored=ignored,
        )

    def fail(self, *, strict: bool, require_verified: bool) -> bool:
        """Return whether what was found fails the run."""
        return bool(
            self.errors or (self.warnings and strict) or (self.unverifiable and require_verified)
        )


@frozen
class Report:
    """The whole result of one run.

    `incomplete` says in sentences what could not be looked at: such a run must not pass. `skipped`
    says what was left out on purpose (submodules). `counts` counts what the report holds, and
    findings that a setting silenced. `decrypted` is None if nothing was to be decrypted.
    `only_new_fails` says that `--fail-on new` is in effect. `access` is what the change does to who
    can read what; None where there is nothing to compare with. `readers` are those of the snapshot,
    if a format that shows them was asked for. A report that was remembered as numbers has no files;
    `remembered_plain` are then those of plain agenix by verdict. `fleet_nodes` are the nodes of all
    the fleet, also where the report is about some of them. `known_as` is the name under which texts
    of it may be remembered; None where it is not.
    """

    snapshot: SnapshotInfo
    fleet: FleetInfo
    counts: Counts
    files: tuple[JudgedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    fixed: tuple[Fix, ...] = ()
    incomplete: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    decrypted: Decrypted | None = None
    only_new_fails: bool = False
    access: "AccessChange | None" = None
    readers: "tuple[Reader, ...]" = ()
    remembered_plain: tuple[tuple[Verdict, int], ...] = ()
    fleet_nodes: tuple[str, ...] = ()
    known_as: str | None = None

    @property
    def outputs(self) -> tuple[JudgedFile, ...]:
        """Every output that should be there."""
        return self.of_kind(FileKind.OUTPUT)

    @property
    def plain(self) -> tuple[JudgedFile, ...]:
        """Every file that a rule of plain agenix names."""
        return self.of_kind(FileKind.PLAIN)

    @property
    def plain_verdicts(self) -> Counter[Verdict]:
        """How many files of plain agenix have which verdict."""
        return Counter(dict(self.remembered_plain)) + Counter([one.verdict for one in self.plain])

    def of_kind(self, kind: FileKind) -> tuple[JudgedFile, ...]:
        """Return the files of one kind, in their order."""
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[FileKind, tuple[JudgedFile, ...]]:
        kinds = {one.kind for one in self.files}
        return {kind: tuple([one for one in self.files if one.kind is kind]) for kind in kinds}

    def node_names(self) -> dict[str, str]:
        """Return the name under which each node is shown: the same, whatever part is shown."""
        from agenix_check.model.node_names import shown_names  # a green run names none

        nodes = {one.group for one in self.outputs}
        nodes |= {one.node for one in self.findings if one.node}
        nodes |= {one.node for one in self.fixed if one.node}
        return shown_names(self.fleet_nodes or nodes, nodes)

    def with_findings(self, findings: Iterable[Finding]) -> "Report":
        """Return the report with these findings in place of its own, sorted and counted."""
        ordered = tuple(sorted(findings, key=finding_key))
        counts = Counts.of(self.files, ordered, self.counts.ignored)
        return replace(self, findings=ordered, counts=counts)

    def tolerates(self, finding: Finding) -> bool:
        """Return whether a finding does not fail the run because it is old."""
        return self.only_new_fails and not finding.new

    def fail(self, *, strict: bool, require_verified: bool) -> bool:
        """Return whether a finding, or an output that was to be compared, fails the run."""
        counts = self.counts
        failing = [one for one in self.findings if one.fails and not self.tolerates(one)]
        if len(failing) < len(self.findings):
            some = Counts.of((), failing)
            counts = replace(counts, errors=some.errors, warnings=some.warnings)
        unproved = self.decrypted is not None and self.decrypted.unproved > 0
        failed = counts.fail(strict=strict, require_verified=require_verified)
        unproved = unproved or self.plain_verdicts[Verdict.UNVERIFIABLE] > 0
        return failed or (unproved and require_verified)
