"""What a check results in: findings, verdicts and the report that carries them.

Values only. How they look in a terminal, in JSON or in JUnit is the business of `report/`.
Paths are relative to the repository's root, with `/`; bytes that are not UTF-8 are surrogates
(PEP 383), so every formatter has to escape what it prints. Of what there are thousands a tuple is
made: it takes a quarter of a dataclass's time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a finding weighs: errors fail the run, warnings with `--strict`, notes never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Verdict(StrEnum):
    """What can be said of one output."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The edit that a finding follows from; findings with an equal cause are shown as one."""

    kind: CauseKind
    path: str
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: a rule, a place, a cause, a mend.

    `path` is the file it is about: of a stale output the file that is there, of a missing one the
    file that should be. `new` says whether the base was free of it, `since` which commit brought
    it, where history was asked; None for the very change that is judged. `mend` is what to type.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """The file whose content something was made from.

    Where the file is not like that any more, `current` is false and `until` the commit that
    changed it, if that is known.
    """

    path: str
    current: bool = True
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDetail:
    """What one output's file tells who looks closer; None or nothing where it does not tell.

    `addressed_to` says in words whom it is for, a recipient each; lengths are those of plaintexts,
    in bytes. `source` and `key` are what it was made from.
    """

    addressed_to: tuple[str, ...] = ()
    plaintext_size: int | None = None
    source_size: int | None = None
    source: MadeFrom | None = None
    key: MadeFrom | None = None


class FileKind(StrEnum):
    """What a file is that should be there."""

    OUTPUT = "output"
    PLAIN = "plain"


class JudgedFile(NamedTuple):
    """A file that should be there: its verdict, the rules it breaks, and why it was not judged.

    `group` and `name` say which one it is: of an output its node and its secret, of a file of
    plain agenix its rules file and its path. `detail` is there where a format that shows it was
    asked for.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInfo:
    """Which tree was judged, against which base; object ids in hexadecimal.

    `has_change` says whether the two differ: without a change nothing can be new.
    """

    kind: str
    tree: str
    commit: str | None
    base: str | None
    has_change: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetInfo:
    """Where the fleet came from and how large it is; `complete` is false where only names spoke."""

    inventory: str
    complete: bool
    nodes: int
    secrets: int
    plain: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One thing that was mended: `rekeyed`, `staged` or `removed`."""

    action: str
    path: str
    node: str | None = None
    secret: str | None = None


class NotCompared(NamedTuple):
    """An output whose plaintext was not compared with its source's, and why not."""

    node: str
    secret: str
    path: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted:
    """What `--decrypt` came to: how many outputs were held against their sources, which were not.

    The number has those that differ in it.
    """

    compared: int
    not_compared: tuple[NotCompared, ...] = ()

    @property
    def unproved(self) -> int:
        """How many look right and were not compared: neither wrong nor left out on purpose."""
        looks_right = (Verdict.OK, Verdict.UNVERIFIABLE)
        return sum(one.verdict in looks_right for one in self.not_compared)


@dataclass(frozen=True, slots=True, kw_only=True)
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
        verdicts = Counter([one.verdict.value for one in files if one.kind is FileKind.OUTPUT])
        severities = Counter([finding.severity.value for finding in findings])
        return cls(
            outputs=verdicts.total(),
            ok=verdicts["ok"],
            wrong=verdicts["wrong"],
            unverifiable=verdicts["unverifiable"],
            skipped=verdicts["skipped"],
            errors=severities["error"],
            warnings=severities["warning"],
            notes=severities["note"],
            ignored=ignored,
        )

    def fail(self, *, strict: bool, require_verified: bool) -> bool:
        """Tell whether what was found fails the run."""
        return bool(
            self.errors or (self.warnings and strict) or (self.unverifiable and require_verified)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole result of one run.

    `incomplete` says, a sentence each, what could not be looked at: such a run must not pass.
    `skipped` says what was left out on purpose (submodules). `counts` counts what the report
    holds, and findings that a setting silenced. `decrypted` is None where nothing was to be.
    `only_new_fails` says that `--fail-on new` is in effect.
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
    _by_kind: dict[FileKind, tuple[JudgedFile, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def outputs(self) -> tuple[JudgedFile, ...]:
        """Every output that should be there."""
        return self.of_kind(FileKind.OUTPUT)

    @property
    def plain(self) -> tuple[JudgedFile, ...]:
        """Every file that a rule of plain agenix names."""
        return self.of_kind(FileKind.PLAIN)

    def of_kind(self, kind: FileKind) -> tuple[JudgedFile, ...]:
        """Return the files of one kind, in their order."""
        if kind not in self._by_kind:
            self._by_kind[kind] = tuple([one for one in self.files if one.kind is kind])
        return self._by_kind[kind]

    def tolerates(self, finding: Finding) -> bool:
        """Return whether a finding does not fail the run because it is old."""
        return self.only_new_fails and not finding.new

    def fail(self, *, strict: bool, require_verified: bool) -> bool:
        """Return whether a finding, or an output that was to be compared, fails the run."""
        counts = self.counts
        if self.only_new_fails:
            new = Counts.of((), [finding for finding in self.findings if finding.new])
            counts = replace(counts, errors=new.errors, warnings=new.warnings)
        unproved = self.decrypted is not None and self.decrypted.unproved > 0
        failed = counts.fail(strict=strict, require_verified=require_verified)
        return failed or (unproved and require_verified)
