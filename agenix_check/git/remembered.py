"""Reports of trees in which nothing fails, remembered: the same bytes need no second look."""

import marshal
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

from agenix_check.git.cache import Store
from agenix_check.git.shapes import read_plain
from agenix_check.model.findings import (
    Cause,
    CauseKind,
    Counts,
    FileKind,
    Finding,
    FleetInfo,
    JudgedFile,
    Report,
    Severity,
    SnapshotInfo,
    Verdict,
)
from agenix_check.model.frozen import field_names, replace

if TYPE_CHECKING:
    from agenix_check.model.access import AccessChange

_STORED_REPORTS = "reports"
_STORED_LISTS = "lists"  # of what is wrong, by digest: the trees of many commits share one
_MOST_TREES = 200
_MOST_BYTES = 1 << 20  # of all lists together

LookAside = Callable[[tuple[str, ...]], str]
_Text = str | None
_FlatVerdict = Annotated[str, Verdict]
_FlatFile = tuple[str, _FlatVerdict, _Text]  # node, verdict, why it was not judged
_FlatCause = tuple[Annotated[str, CauseKind], str, _Text, _Text]
_FlatFinding = tuple[
    str, Annotated[str, Severity], str, _Text, _Text, _Text, _Text, _Text, _Text, bool,
    _FlatCause | None,
]  # fmt: skip
FlatReader = tuple[str, str, _Text, _Text, _Text, tuple[tuple[str, str], ...]]
FlatChange = tuple[
    tuple[FlatReader, ...], tuple[FlatReader, ...], tuple[tuple[FlatReader, FlatReader], ...],
    tuple[str, ...],
]  # fmt: skip
_FlatEntry = tuple[
    str, bool, int, int, tuple[int, ...], str, tuple[tuple[str, ...], str] | None,
    FlatChange | None, tuple[tuple[_FlatVerdict, int], ...], str,
]  # fmt: skip


class _Lists(TypedDict):
    files: tuple[_FlatFile, ...]
    findings: tuple[_FlatFinding, ...]


class _Entry(NamedTuple):
    """One report as plain values; see `RememberedReport.keep` for `aside`.

    `listed` is the digest of what it lists, "" where it lists nothing; `plain` how many files of
    plain agenix have which verdict; `known_as` the name under which its texts are remembered.
    """

    inventory: str
    complete: bool
    nodes: int
    secrets: int
    counts: tuple[int, ...]
    listed: str
    aside: tuple[tuple[str, ...], str] | None
    access: FlatChange | None
    plain: tuple[tuple[_FlatVerdict, int], ...]
    known_as: str


class RememberedReport:
    """What is remembered of one view, under its name: all that its report depends on.

    Enough for formats that show findings, and no other output than by its node's name or why it
    cannot be verified.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    @property
    def _known_as(self) -> str:
        return sha256(self._name.encode("utf-8", "surrogatepass")).hexdigest()

    def recall(self, snapshot: SnapshotInfo, look_aside: LookAside) -> Report | None:
        """Return the report, without notes that are not shown; None where there is none.

        `look_aside` returns the digest of what the work tree has in some directories.
        """
        stored = self._load_reports().get(self._name)
        if stored is None:
            return None
        entry = _Entry(*stored)
        names = field_names(Counts)
        if len(entry.counts) != len(names):
            return None
        if entry.aside is not None:
            directories, digest = entry.aside
            if look_aside(directories) != digest:
                return None
        files, findings = tuple[JudgedFile, ...](), tuple[Finding, ...]()
        if entry.listed:
            body = self._load_lists().get(entry.listed)
            plain = None if body is None else read_plain(body, _Lists)
            if plain is None:
                return None
            files = tuple(map(_revive_file, plain["files"]))
            findings = tuple(map(_revive, plain["findings"]))
        return Report(
            snapshot=snapshot,
            fleet=FleetInfo(
                inventory=entry.inventory,
                complete=entry.complete,
                nodes=entry.nodes,
                secrets=entry.secrets,
                plain=sum(number for _, number in entry.plain),
            ),
            counts=Counts(**dict(zip(names, entry.counts, strict=True))),
            files=files,
            findings=findings,
            access=_revive_access(entry.access),
            remembered_plain=tuple((Verdict(verdict), number) for verdict, number in entry.plain),
            fleet_nodes=tuple(sorted({one.group for one in files})),
            known_as=entry.known_as,
        )

    def adopt(self, name: str, snapshot: SnapshotInfo, look_aside: LookAside) -> Report | None:
        """Remember the report of another view as that of this one, too, and return it.

        Both differ in nothing that a verdict depends on; so this one's change lets nobody read
        more or less. None where there is none.
        """
        other = RememberedReport(self._store, name).recall(snapshot, look_aside)
        if other is not None:
            entries = self._load_reports()
            entry = _Entry(*entries[name])
            known_as = entry.known_as if entry.access is None else self._known_as
            self._keep_entry(entries, entry._replace(access=None, known_as=known_as))
            return replace(other, access=None, known_as=known_as)
        return None

    def keep(self, report: Report, aside: tuple[tuple[str, ...], str] | None) -> str | None:
        """Remember a report in which nothing is new, nothing fails and nothing was left out.

        `aside`: the directories of the work tree that were looked at, and the digest of what was
        there; None where the report depends on the tree alone. Returns the name under which its
        texts may be remembered, None where it is not remembered.
        """
        counts, fleet = report.counts, report.fleet
        shown = tuple(finding for finding in report.findings if finding.is_shown)
        plain = report.plain_verdicts
        if (
            counts.errors
            or counts.wrong
            or plain[Verdict.WRONG]
            or not (counts.outputs or plain)
            or report.incomplete
            or report.skipped
            or any(one.new or one.severity is not Severity.WARNING for one in shown)
        ):
            return None
        listed, body = "", b""
        if shown or counts.ok < counts.outputs:
            files = _representatives(report.outputs)
            lists: _Lists = {
                "files": tuple(map(_flatten_file, files)),
                "findings": tuple(map(_flatten, shown)),
            }
            body = marshal.dumps({**lists})
            if len(body) > _MOST_BYTES:
                return None
            listed = sha256(body).hexdigest()
            self._keep_list(listed, body)
        entry = _Entry(
            fleet.inventory, fleet.complete, fleet.nodes, fleet.secrets,
            tuple(getattr(counts, name) for name in field_names(Counts)), listed, aside,
            _flatten_access(report.access),
            tuple(sorted((str(verdict), number) for verdict, number in plain.items())),
            self._known_as,
        )  # fmt: skip
        self._keep_entry(self._load_reports(), entry)
        return self._known_as if self._store.keeps else None

    def _keep_entry(self, entries: dict[str, _FlatEntry], entry: _Entry) -> None:
        plain: _FlatEntry = (*entry,)
        if entries.pop(self._name, None) != plain:
            entries[self._name] = plain
            self._store.save(_STORED_REPORTS, entries, most=_MOST_TREES)

    def _keep_list(self, digest: str, body: bytes) -> None:
        """Remember a list, and forget the oldest where there is no room for all."""
        lists = self._load_lists()
        if digest in lists:
            return
        lists[digest] = body
        room, kept = _MOST_BYTES, dict[str, bytes]()
        for key, one in reversed(lists.items()):
            room -= len(one)
            if room < 0:
                break
            kept[key] = one
        self._store.save(_STORED_LISTS, dict(reversed(kept.items())))

    def _load_reports(self) -> dict[str, _FlatEntry]:
        return self._store.load(_STORED_REPORTS, dict[str, _FlatEntry]) or {}

    def _load_lists(self) -> dict[str, bytes]:
        return self._store.load(_STORED_LISTS, dict[str, bytes]) or {}


def _flatten_access(change: "AccessChange | None") -> FlatChange | None:
    """Return a change in who can read what as plain values; None where there is none."""
    if change is None or change.is_empty:
        return None
    from agenix_check.git.plain_access import flatten_change

    return flatten_change(change)


def _revive_access(plain: FlatChange | None) -> "AccessChange | None":
    if plain is None:
        return None
    from agenix_check.git.plain_access import revive_change

    return revive_change(plain)


def _representatives(outputs: tuple[JudgedFile, ...]) -> list[JudgedFile]:
    """Return one output of each node, and one for each reason why some were not judged."""
    found = {(one.group, one.verdict, one.reason): one for one in reversed(outputs)}
    return list(found.values())


def _flatten_file(file: JudgedFile) -> _FlatFile:
    return (file.group, str(file.verdict), file.reason)


def _revive_file(plain: _FlatFile) -> JudgedFile:
    group, verdict, reason = plain
    return JudgedFile(FileKind.OUTPUT, group, "", None, "", Verdict(verdict), reason=reason)


def _flatten(finding: Finding) -> _FlatFinding:
    cause = finding.cause
    return (
        finding.rule, str(finding.severity), finding.message, finding.path, finding.node,
        finding.secret, finding.source, finding.since, finding.mend, finding.fails,
        None if cause is None else (str(cause.kind), cause.path, cause.commit, cause.binding),
    )  # fmt: skip


def _revive(plain: _FlatFinding) -> Finding:
    rule, severity, message, path, node, secret, source, since, mend, fails, cause = plain
    made = None
    if cause is not None:
        kind, about, commit, binding = cause
        made = Cause(kind=CauseKind(kind), path=about, commit=commit, binding=binding)
    return Finding(
        rule=rule,
        severity=Severity(severity),
        message=message,
        path=path,
        node=node,
        secret=secret,
        source=source,
        new=False,
        cause=made,
        since=since,
        mend=mend,
        fails=fails,
    )
