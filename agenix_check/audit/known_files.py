"""What is known of one file, from what was judged and from who can read what."""

from collections.abc import Collection, Iterable

from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts, bare
from agenix_check.discover.tree.names import Names
from agenix_check.model.access import Reader, ReaderKind
from agenix_check.model.declaration import RulesFile
from agenix_check.model.findings import Report
from agenix_check.model.frozen import replace
from agenix_check.model.known import KnownFile, KnownKind


def know_file(
    path: str, report: Report, names: Names, readers: Iterable[Reader], rules: Iterable[RulesFile]
) -> KnownFile | None:
    """Return what is known of a file; None if it is nothing to the fleet.

    `report` is of the whole fleet, with details; `rules` are its rules files.
    """
    findings = tuple(one for one in report.findings if one.path == path)
    judged = next((one for one in report.files if one.path == path), None)
    fact = names.here.facts.get(path)
    if path in names.here.outputs:
        return KnownFile(kind=KnownKind.OUTPUT, judged=judged, findings=findings)
    if judged is not None:
        return KnownFile(kind=KnownKind.PLAIN, judged=judged, findings=findings)
    if isinstance(fact, AgeFact | PointerFact):
        same = names.here.sources.get(fact.sha256, (path,))
        return KnownFile(
            kind=KnownKind.SOURCE,
            outputs=tuple(one for one in report.outputs if one.source in same),
            people=tuple(
                one.name
                for one in readers
                if one.kind is not ReaderKind.NODE and path in {each.secret for each in one.secrets}
            ),
            unread=tuple(one.path for one in rules if one.unread is None or path in one.unread),
            findings=findings,
        )
    if isinstance(fact, KeyTexts):
        keys = {" ".join(bare(text)) for text in fact.texts()}
        known = know_keys(keys, readers)
        if known.people or fact.whole is not None:
            return replace(known, findings=findings)
    return None


def know_keys(keys: Collection[str], readers: Iterable[Reader]) -> KnownFile:
    """Return whose some keys are, and what they can read; they are given without comments."""
    owners = [one for one in readers if one.key in keys]
    return KnownFile(
        kind=KnownKind.KEY,
        people=tuple(dict.fromkeys(one.name for one in owners)),
        secrets=tuple(sorted({each.secret for one in owners for each in one.secrets})),
    )
