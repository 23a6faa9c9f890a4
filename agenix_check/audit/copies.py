"""Outputs whose bytes contradict their names: copies of others, and files that were written anew.

Two encryptions never give the same file; and while its key and its source stay, nothing makes an
output anew but a forced rekey.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agenix_check.audit.commands import REKEY, restore_from
from agenix_check.audit.content import looks_right
from agenix_check.audit.judged import make_finding
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.model.findings import Finding, JudgedFile, Severity, Verdict
from agenix_check.model.fleet import Output

JudgedOutput = tuple[Output, JudgedFile]


class _Claim(NamedTuple):
    """What a name says of a file: whose key and which source; texts of one key are one."""

    key: str
    source: str


class Numbered(NamedTuple):
    """A finding, and the number of the output that it is about."""

    number: int
    finding: Finding


def find_twins(tree: Evidence) -> dict[str, list[OutputFile]]:
    """Return by blob the outputs of a tree that are one file under several idents."""
    if not _has_doubles(tree):
        return {}
    files = tree.files
    oids = {path: files[path].oid for path in tree.outputs}
    often = {oid for oid, count in Counter(oids.values()).items() if count > 1}
    found: dict[str, list[OutputFile]] = defaultdict(list)
    for path, oid in oids.items():
        if oid in often:
            found[oid].append(tree.outputs[path])
    return {oid: alike for oid, alike in found.items() if len({one.ident for one in alike}) > 1}


def _has_doubles(tree: Evidence) -> bool:
    files = tree.files
    return len({files[path].oid for path in tree.outputs}) < len(tree.outputs)


def is_suspect(names: Names) -> bool:
    """Return whether the audits of this file can find anything; a quick test."""
    return bool(names.rewritten or _find_moved(names)) or _has_doubles(names.here)


def audit_copied(
    names: Names, keyring: Keyring, judged: Sequence[JudgedOutput]
) -> Iterator[Numbered]:
    """Find outputs of which one file stands for several, here or across this change.

    What is wrong by its content is not counted: then the others of its file may be right.
    """
    twins, moved = find_twins(names.here), _find_moved(names)
    if not twins and not moved:
        return
    for path in moved:
        twins.setdefault(names.here.files[path].oid, [names.here.outputs[path]])
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, (output, _) in enumerate(judged):
        numbers[output.path].append(number)
    for files in twins.values():
        claims = list(_claims_of(names, keyring, judged, files, numbers))
        gone = [
            (_claim_of_name(names, keyring, one), one.path)
            for file in files
            for one in moved.get(file.path, ())
            if _was_right(names, keyring, one)
        ]
        changed = not names.changed.isdisjoint(file.path for file in files)
        for claim, _, about in claims:
            if about is None:
                continue
            output = judged[about][0]
            others = sorted(path for one, path, _ in claims if one != claim)
            before = sorted(path for one, path in gone if one != claim)
            if others or before:
                new = changed or not names.changed.isdisjoint(output.sources)
                yield Numbered(about, _copied(output, others, before, new=new))


def _claims_of(
    names: Names,
    keyring: Keyring,
    judged: Sequence[JudgedOutput],
    files: Iterable[OutputFile],
    numbers: Mapping[str, Sequence[int]],
) -> Iterator[tuple[_Claim, str, int | None]]:
    """Yield what the names of a file say, where, and for which output that may be right."""
    for file in files:
        for number in numbers.get(file.path, ()):
            output, result = judged[number]
            if result.verdict not in (Verdict.WRONG, Verdict.SKIPPED):
                yield _claim_of(names, keyring, output), file.path, number
        if file.path not in numbers:
            yield _claim_of_name(names, keyring, file), file.path, None


def _copied(output: Output, others: Sequence[str], gone: Sequence[str], *, new: bool) -> Finding:
    same = f"byte for byte the same file as {others[0]}" if others else f"the file of {gone[0]}"
    one = "one of the two" if others else "under this name it"
    return make_finding(
        "output-copied", f"{same}: {one} is not what its name says",
        output=output, new=new, mend=REKEY,
    )  # fmt: skip


def audit_rewritten(
    names: Names, keyring: Keyring, judged: Sequence[JudgedOutput], base: str | None
) -> Iterator[Numbered]:
    """Find outputs in order that were in order before under the same name, with other bytes.

    `base` is the commit that has the bytes of before.
    """
    if not names.rewritten or base is None:
        return
    here, there = names.here, names.base
    twins = {file.path for alike in find_twins(there).values() for file in alike}
    for number, (output, result) in enumerate(judged):
        path, source = output.path, here.facts.get(output.source or "")
        if path not in names.rewritten or path in twins or result.rules:
            continue
        if result.verdict not in (Verdict.OK, Verdict.UNVERIFIABLE):
            continue
        recipient = keyring.texts.get(output.key or "")
        before, now = there.facts.get(path), here.facts.get(path)
        if not isinstance(before, AgeFact) or not looks_right(before, source, recipient):
            continue
        known = isinstance(source, AgeFact) and source.sha256 in there.sources
        if not known or not isinstance(now, AgeFact | PointerFact) or now.sha256 == before.sha256:
            continue
        if output.ident in names.traces and output.ident not in names.traces_at_base:
            continue
        finding = make_finding(
            "output-rewritten",
            "its bytes changed, but neither its key nor its source: only a forced rekey does that",
            output=output, mend=restore_from(base, path),
        )  # fmt: skip
        yield Numbered(number, finding)


def _find_moved(names: Names) -> Mapping[str, Sequence[OutputFile]]:
    """Return by path of an output what outputs of the base this change gave its name."""
    here, there = names.here, names.base
    gone: dict[str, list[OutputFile]] = defaultdict(list)
    for path in names.changed:
        before, now = there.files.get(path), here.files.get(path)
        file = there.outputs.get(path)
        if file is not None and before is not None and (now is None or now.oid != before.oid):
            gone[before.oid].append(file)
    if not gone:
        return {}
    found = {}
    for path in names.changed & here.outputs.keys():
        ident = here.outputs[path].ident
        others = [one for one in gone.get(here.files[path].oid, ()) if one.ident != ident]
        if others:
            found[path] = others
    return found


def _was_right(names: Names, keyring: Keyring, file: OutputFile) -> bool:
    """Return whether an output of the base was what its name said, as far as its content shows."""
    there, made = names.base, names.traced(file).base
    if made is None:
        return False
    recipient = keyring.texts.get(there.keys[made.key].text or "")
    source = there.facts.get(there.sources[made.source][0])
    return looks_right(there.facts.get(file.path), source, recipient)


def _claim_of(names: Names, keyring: Keyring, output: Output) -> _Claim:
    source = names.here.facts.get(output.source or "")
    digest = source.sha256 if isinstance(source, AgeFact | PointerFact) else output.ident
    return _Claim(_key(keyring, output.key) or output.ident, digest)


def _claim_of_name(names: Names, keyring: Keyring, file: OutputFile) -> _Claim:
    """Return what a name says by itself; one that nothing explains says something of its own."""
    made, lost = names.traces.get(file.ident), names.lost.get(file.path)
    made = made or names.traces_at_base.get(file.ident)
    if made is not None:
        there = (tree.keys.get(made.key) for tree in (names.here, names.base))
        text = next((key.text for key in there if key is not None), None)
        return _Claim(_key(keyring, text) or made.key, made.source)
    if lost is not None and lost.key_text is not None and lost.source is not None:
        return _Claim(_key(keyring, lost.key_text) or file.ident, lost.source)
    return _Claim(file.ident, file.ident)


def _key(keyring: Keyring, text: str | None) -> str | None:
    """Return a key without its comment; a text that is not a key is returned as it is."""
    recipient = None if text is None else keyring.texts.get(text)
    return text if recipient is None else recipient.text


def mark(outputs: Sequence[JudgedFile], found: Iterable[Numbered]) -> list[JudgedFile]:
    """Return the judged files with what was found of their bytes; an error makes them wrong."""
    results = list(outputs)
    for number, finding in found:
        result = results[number]
        verdict = Verdict.WRONG if finding.severity is Severity.ERROR else result.verdict
        results[number] = result._replace(verdict=verdict, rules=(*result.rules, finding.rule))
    return results
