"""`--decrypt`: whether outputs hold their sources, as the identities show that a run is given.

Every output is opened once, then every source of which an output was opened: nobody touches a
hardware key for nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import NamedTuple

from agenix_check.audit.select import is_wanted
from agenix_check.decrypt.opening import Closed, Opened, Opener, Refused
from agenix_check.decrypt.pairs import Pair, pair_up
from agenix_check.decrypt.verdicts import Held, judge_plaintexts, refuse_source
from agenix_check.discover.declared.known import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.gate import Compare
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.keys.identities import NAMED, IdentityFile
from agenix_check.keys.keychain import NONE_GIVEN, Keychain, Unlocker, label_of
from agenix_check.model.findings import (
    Counts,
    Decrypted,
    Finding,
    NotCompared,
    Report,
    Verdict,
    finding_key,
)
from agenix_check.model.progress import Progress
from agenix_check.model.settings import Settings
from agenix_check.view import View, view_commit

_NOTHING = "--decrypt compared nothing"
_REASONS = 3  # that a sentence gives
_PLAIN = "plain agenix files, which have no source to be compared with"


class _Source(NamedTuple):
    """What came of opening a source."""

    opened: Opened | Closed
    refused: Sequence[Refused] = ()


_UNASKED = _Source(Closed("its output was not opened"))


def comparer(
    settings: Settings, unlocker: Unlocker, say: Callable[[str], None], progress: Progress
) -> Compare:
    """Return what the gate lets look into outputs.

    `say` is given what the user should know of identities, `progress` is told how far it is.
    """

    def compare(report: Report, names: Names, inventory: Inventory, view: View) -> Report:
        keychain = unlocker.keychain(view, inventory)
        masters = () if inventory.declared is None else inventory.declared.masters.known
        opener = Opener(keychain, masters)
        chosen = {
            number: one for number, one in enumerate(report.outputs) if is_wanted(one, settings)
        }
        pairs, obstacles = pair_up(chosen, names, inventory)
        files = _open(pairs, opener, view.repository.git, progress, asks=keychain.asks)
        restricted = bool(settings.node or settings.secret)
        held, findings = _judge(pairs, files, names, restricted=restricted)
        if (new_from := settings.new_from) is not None:
            findings = _since(view_commit(view.repository, new_from), view, findings)
        unused = _unused(keychain, opener)
        for file, reason in unused.items():
            if file.origin not in NAMED:
                say(f"the identity {label_of(file)} was not used: {reason}")
        return _conclude(report, held, findings, obstacles, unused, keychain)

    return compare


class _Files(NamedTuple):
    """What came of opening outputs, by their pair's number, and sources, by their blob's id."""

    outputs: Mapping[int, Opened | Refused | Closed]
    sources: Mapping[str, _Source]


def _open(
    pairs: Sequence[Pair], opener: Opener, git: Git, progress: Progress, *, asks: bool
) -> _Files:
    """Open what can be opened, each file once."""
    of_output: dict[str, list[Pair]] = {}
    for pair in pairs:
        of_output.setdefault(pair.output, []).append(pair)
    progress.start(len({pair.source for pair in pairs}), len(pairs))
    outputs: dict[int, Opened | Refused | Closed] = {}
    for oid, data in _read(git, of_output):
        for pair in of_output[oid]:
            if asks:
                progress.hide()
            outputs[pair.number] = opener.open_output(data, pair.recipient)
            progress.step()
    of_source: dict[str, list[Pair]] = {}
    for pair in pairs:
        if isinstance(outputs[pair.number], Opened):
            of_source.setdefault(pair.source, []).append(pair)
    progress.start(len(of_source), 0)
    sources: dict[str, _Source] = {}
    for oid, data in _read(git, of_source):
        if asks:  # else this is done before it could be read
            results = [pair.result for pair in of_source[oid]]
            progress.begin([one.secret for one in results], [one.node for one in results])
        sources[oid] = _Source(*opener.open_source(data))
    return _Files(outputs, sources)


def _judge(
    pairs: Iterable[Pair], files: _Files, names: Names, *, restricted: bool
) -> tuple[dict[int, Held], list[Finding]]:
    """Return what each output's files say, by its number, and all findings."""
    held: dict[int, Held] = {}
    findings: dict[object, Finding] = {}
    for pair in pairs:
        result = pair.result
        new = not names.changed.isdisjoint((result.path, result.source or ""))
        source = files.sources.get(pair.source, _UNASKED)
        for refused in source.refused:
            finding = refuse_source(pair, refused, new=new, restricted=restricted)
            findings.setdefault((pair.source, refused), finding)
        held[pair.number] = judge_plaintexts(
            pair, files.outputs[pair.number], source.opened, new=new
        )
    found = [one.finding for one in held.values() if one.finding is not None]
    return held, [*findings.values(), *found]


def _read(git: Git, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for blob in read_blobs(git, oids):
        whole = len(blob.data) == blob.size
        yield blob.oid, blob.data if whole else git.run("cat-file", "blob", blob.oid)


def _since(then: View, now: View, findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what is said of files that were the same at another commit."""
    before, files = then.snapshot.files, now.snapshot.files
    same = {path for path, file in files.items() if path in before and before[path].oid == file.oid}
    return [one for one in findings if one.path not in same]


def _unused(keychain: Keychain, opener: Opener) -> dict[IdentityFile, str]:
    """Return the identities that somebody counts on and that were no use, and why."""
    problems = keychain.problems
    named = {file: reason for file, reason in problems.items() if file.origin in NAMED}
    return {**named, **opener.unused}


def _conclude(
    report: Report,
    held: Mapping[int, Held],
    findings: Iterable[Finding],
    obstacles: Mapping[int, str],
    unused: Mapping[IdentityFile, str],
    keychain: Keychain,
) -> Report:
    """Return the report with what the comparison showed, and what it could not show."""
    outputs = [
        held[number].result if number in held else one for number, one in enumerate(report.outputs)
    ]
    reasons = {number: one.obstacle for number, one in held.items() if one.obstacle is not None}
    rest = [
        NotCompared(one.node, one.secret, one.path, one.verdict, reason)
        for number, reason in sorted({**obstacles, **reasons}.items())
        for one in (outputs[number],)
    ]
    decrypted = Decrypted(compared=len(held) - len(reasons), not_compared=tuple(rest))
    incomplete = [
        f"the identity {PurePath(file.path).name} (from {file.origin}) was not used: {reason}"
        for file, reason in unused.items()
        if file.origin in NAMED
    ]
    incomplete += _nothing(report, decrypted, keychain)
    plain = (f"plaintexts of {_PLAIN}",) if report.plain else ()
    found = sorted([*report.findings, *findings], key=finding_key)
    return replace(
        report,
        files=(*outputs, *report.plain),
        findings=tuple(found),
        counts=Counts.of(outputs, found),
        incomplete=(*report.incomplete, *incomplete),
        skipped=(*report.skipped, *plain),
        decrypted=decrypted,
    )


def _nothing(report: Report, decrypted: Decrypted, keychain: Keychain) -> Iterator[str]:
    """Say where nothing was compared, though there was something: that must not pass."""
    wrong = any(one.verdict is Verdict.WRONG for one in decrypted.not_compared)
    if decrypted.compared or (wrong and not decrypted.unproved):
        return
    if decrypted.unproved and keychain.is_empty:
        yield f"{_NOTHING}: there is no identity; {NONE_GIVEN}"
    elif decrypted.not_compared:
        reasons = Counter(one.reason for one in decrypted.not_compared).most_common(_REASONS)
        yield f"{_NOTHING}: {'; '.join(reason for reason, _ in reasons)}"
    elif report.plain:
        yield f"{_NOTHING}: there are only {_PLAIN}"
