"""`--decrypt`: whether outputs hold their sources' plaintexts, as the given identities show.

Every output is opened once; then every source that has an opened output, so that nobody touches a
hardware key for nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from agenix_check.age import Recipient, recipient_or_none
from agenix_check.audit.select import is_wanted
from agenix_check.decrypt.opener import Closed, Faulty, Opened, Opener
from agenix_check.decrypt.verdicts import Compared, Pair, judge_plaintexts, source_finding
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.facts import AgeFact, Fact
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.gate import Compare
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.keys.identities import NAMED, IdentityFile
from agenix_check.keys.keychain import NONE_GIVEN, Keychain, Unlocker, label_of
from agenix_check.model.findings import (
    Counts,
    Decrypted,
    Finding,
    JudgedFile,
    NotCompared,
    Report,
    Verdict,
    finding_key,
)
from agenix_check.model.fleet import Output
from agenix_check.model.frozen import replace
from agenix_check.model.progress import Progress
from agenix_check.model.settings import Settings
from agenix_check.rules import find_rule
from agenix_check.view import View, view_commit

_COMPARED_NOTHING = "--decrypt compared nothing"
_MOST_REASONS = 3  # in one sentence
_PLAIN_FILES = "plain agenix files, which have no source to be compared with"
LARGEST_PLAINTEXT = 1 << 26  # bytes, all of them in memory

_SKIPPED = "it was skipped"
_WRONG = "it is wrong already"
_UNREADABLE = "its content or its source's cannot be read"
_TOO_LARGE = f"it is larger than {LARGEST_PLAINTEXT >> 20} MiB"


class _SourceResult(NamedTuple):
    """What came of opening a source."""

    opened: Opened | Closed
    refused: Sequence[Faulty] = ()


_NOT_OPENED = _SourceResult(Closed("its output was not opened"))


def comparer(
    settings: Settings, unlocker: Unlocker, say: Callable[[str], None], progress: Progress
) -> Compare:
    """Return the function that the gate calls to compare plaintexts.

    `say` is given what the user should know about identities; `progress` shows how far the run is.
    """

    def compare(report: Report, names: Names, inventory: Inventory, view: View) -> Report:
        keychain = unlocker.keychain(view, inventory)
        masters = () if inventory.declared is None else inventory.declared.masters.known
        opener = Opener(keychain, masters)
        chosen = {
            number: one for number, one in enumerate(report.outputs) if is_wanted(one, settings)
        }
        pairs, obstacles = _pair_up(chosen, names, inventory)
        shown = report.node_names() if keychain.asks else None
        files = _open_files(pairs, opener, view.repository.git, progress, shown)
        restricted = bool(settings.node or settings.secret)
        compared, findings = _compare(pairs, files, names, restricted=restricted)
        if (new_from := settings.new_from) is not None:
            findings = _since(view_commit(view.repository, new_from), view, findings)
        unused = _unused(keychain, opener)
        for file, reason in unused.items():
            if file.origin not in NAMED:
                say(f"the identity {label_of(file)} was not used: {reason}")
        return _conclude(report, compared, findings, obstacles, unused, keychain)

    return compare


def _pair_up(
    results: Mapping[int, JudgedFile], names: Names, inventory: Inventory
) -> tuple[tuple[Pair, ...], dict[int, str]]:
    """Return which outputs can be compared, and by number why the others cannot."""
    expected = _outputs_by_owner(names, inventory)
    recipients: dict[str | None, Recipient | None] = {}
    files, facts = names.here.files, names.here.facts
    pairs: list[Pair] = []
    obstacles: dict[int, str] = {}
    for number, result in results.items():
        output = expected.get((result.node, result.secret, result.path))
        source = None if output is None else output.source
        reason = _obstacle(result, facts.get(result.path), facts.get(source or ""))
        if reason is not None or output is None or source is None:
            obstacles[number] = reason or result.reason or _UNREADABLE
            continue
        if output.key not in recipients:
            recipients[output.key] = recipient_or_none(output.key)
        oids = files[result.path].oid, files[source].oid
        pairs.append(Pair(number, result, recipients[output.key], *oids))
    return tuple(pairs), obstacles


def _outputs_by_owner(names: Names, inventory: Inventory) -> Mapping[tuple[str, str, str], Output]:
    """Return every output that should exist; by names those of nodes that were not evaluated."""
    declared = inventory.declared
    outputs: list[Output] = []
    if declared is None or declared.declaration.failed:
        outputs += fleet_of(names).outputs
    if declared is not None:
        outputs += [one.output for one in declared.expected if one.output is not None]
    return {(one.node, one.secret, one.path): one for one in outputs}


def _obstacle(result: JudgedFile, fact: Fact | None, source: Fact | None) -> str | None:
    if result.verdict is Verdict.SKIPPED:
        return result.reason or _SKIPPED
    if result.verdict is Verdict.WRONG:
        return _WRONG
    sizes = [one.plaintext_size if isinstance(one, AgeFact) else None for one in (fact, source)]
    if None in sizes:
        return result.reason or _UNREADABLE
    return _TOO_LARGE if any(size and size > LARGEST_PLAINTEXT for size in sizes) else None


class _Results(NamedTuple):
    """What came of opening outputs, by their pair's number, and sources, by their blob's id."""

    outputs: Mapping[int, Opened | Faulty | Closed]
    sources: Mapping[str, _SourceResult]


def _open_files(
    pairs: Sequence[Pair],
    opener: Opener,
    git: Git,
    progress: Progress,
    shown: Mapping[str, str] | None,
) -> _Results:
    """Open what can be opened, each file once.

    `shown` has the names of nodes where somebody is asked; else it ends too soon to be read.
    """
    of_output: dict[str, list[Pair]] = {}
    for pair in pairs:
        of_output.setdefault(pair.output, []).append(pair)
    progress.start(len({pair.source for pair in pairs}), len(pairs))
    outputs: dict[int, Opened | Faulty | Closed] = {}
    for oid, data in _read_whole(git, of_output):
        for pair in of_output[oid]:
            if shown is not None:
                progress.hide()
            outputs[pair.number] = opener.open_output(data, pair.recipient)
            progress.step()
    of_source: dict[str, list[Pair]] = {}
    for pair in pairs:
        if isinstance(outputs[pair.number], Opened):
            of_source.setdefault(pair.source, []).append(pair)
    progress.start(len(of_source), 0)
    sources: dict[str, _SourceResult] = {}
    for oid, data in _read_whole(git, of_source):
        if shown is not None:
            results = [pair.result for pair in of_source[oid]]
            progress.begin([one.secret for one in results], [shown[one.node] for one in results])
        sources[oid] = _SourceResult(*opener.open_source(data))
    return _Results(outputs, sources)


def _compare(
    pairs: Iterable[Pair], files: _Results, names: Names, *, restricted: bool
) -> tuple[dict[int, Compared], list[Finding]]:
    """Return the verdict on each output, by its number, and all findings."""
    compared: dict[int, Compared] = {}
    findings: dict[object, Finding] = {}
    for pair in pairs:
        result = pair.result
        new = not names.changed.isdisjoint((result.path, result.source or ""))
        source = files.sources.get(pair.source, _NOT_OPENED)
        for refused in source.refused:
            finding = source_finding(pair, refused, new=new, restricted=restricted)
            findings.setdefault((pair.source, refused), finding)
        compared[pair.number] = judge_plaintexts(
            pair, files.outputs[pair.number], source.opened, new=new
        )
    found = [one.finding for one in compared.values() if one.finding is not None]
    return compared, [*findings.values(), *found]


def _read_whole(git: Git, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for blob in read_blobs(git, oids):
        whole = len(blob.data) == blob.size
        yield blob.oid, blob.data if whole else git.run("cat-file", "blob", blob.oid)


def _since(then: View, now: View, findings: Iterable[Finding]) -> list[Finding]:
    """Leave out findings about files that were the same at another commit."""
    before, files = then.snapshot.files, now.snapshot.files
    same = {path for path, file in files.items() if path in before and before[path].oid == file.oid}
    return [one for one in findings if one.path not in same]


def _unused(keychain: Keychain, opener: Opener) -> dict[IdentityFile, str]:
    """Return the identities that were named or needed and could not be used, and why."""
    problems = keychain.problems
    named = {file: reason for file, reason in problems.items() if file.origin in NAMED}
    return {**named, **opener.unused}


def _conclude(
    report: Report,
    compared: Mapping[int, Compared],
    findings: Iterable[Finding],
    obstacles: Mapping[int, str],
    unused: Mapping[IdentityFile, str],
    keychain: Keychain,
) -> Report:
    """Return the report with the comparison's verdicts and findings, and what was not compared."""
    outputs = [
        compared[number].result if number in compared else one
        for number, one in enumerate(report.outputs)
    ]
    reasons = {number: one.obstacle for number, one in compared.items() if one.obstacle is not None}
    rest = [
        NotCompared(one.node, one.secret, one.path, one.verdict, reason)
        for number, reason in sorted({**obstacles, **reasons}.items())
        for one in (outputs[number],)
    ]
    decrypted = Decrypted(compared=len(compared) - len(reasons), not_compared=tuple(rest))
    incomplete = [
        f"the identity {PurePath(file.path).name} (from {file.origin}) was not used: {reason}"
        for file, reason in unused.items()
        if file.origin in NAMED
    ]
    incomplete += _why_nothing(report, decrypted, keychain)
    plain = (f"plaintexts of {_PLAIN_FILES}",) if report.plain else ()
    settled = {
        (one.result.node, one.result.secret, one.result.path)
        for one in compared.values()
        if one.finding is not None or one.obstacle is None
    }
    known = [
        one
        for one in report.findings
        if not find_rule(one.rule).is_doubt or (one.node, one.secret, one.path) not in settled
    ]
    found = sorted([*known, *findings], key=finding_key)
    return replace(
        report,
        files=(*outputs, *report.plain),
        findings=tuple(found),
        counts=Counts.of(outputs, found),
        incomplete=(*report.incomplete, *incomplete),
        skipped=(*report.skipped, *plain),
        decrypted=decrypted,
    )


def _why_nothing(report: Report, decrypted: Decrypted, keychain: Keychain) -> Iterator[str]:
    """Say why nothing was compared where there are outputs: such a run must not pass."""
    wrong = any(one.verdict is Verdict.WRONG for one in decrypted.not_compared)
    if decrypted.compared or (wrong and not decrypted.unproved):
        return
    if decrypted.unproved and keychain.is_empty:
        yield f"{_COMPARED_NOTHING}: there is no identity; {NONE_GIVEN}"
    elif decrypted.not_compared:
        reasons = Counter(one.reason for one in decrypted.not_compared).most_common(_MOST_REASONS)
        yield f"{_COMPARED_NOTHING}: {'; '.join(reason for reason, _ in reasons)}"
    elif report.plain:
        yield f"{_COMPARED_NOTHING}: there are only {_PLAIN_FILES}"
