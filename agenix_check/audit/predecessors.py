"""Find the older file that each missing output replaces, and the files that nobody accounts for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from agenix_check.age import Match, Recipient, match, recipient_or_none
from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile, Place, Trace
from agenix_check.model.frozen import frozen

Slot = tuple[str, str]  # a node and the id of a secret


@frozen(kw_only=False)
class Predecessors:
    """Files that are named like outputs, but that no declaration wants now.

    `standing` has for each output that is not there the file that stands for it; `intermediary` has
    the files of secrets that should have none. `accounted` are the paths of all files that belong
    to a declared output, or may belong to one.
    """

    standing: Mapping[Slot, OutputFile]
    intermediary: Mapping[Slot, tuple[OutputFile, ...]]
    accounted: frozenset[str]


def slot(one: Expected) -> Slot:
    """Return what identifies a declared output."""
    return one.node.name, one.secret.id


def find_predecessors(names: Names, declared: Declared) -> Predecessors:
    """Assign every older file to the declared output that it fits best."""
    wanted = {one.output.path for one in declared.expected if one.output and one.skip is None}
    files: dict[Place, list[OutputFile]] = defaultdict(list)
    for path, file in sorted(names.here.outputs.items()):
        if path not in wanted:
            files[file.place].append(file)
    standing: dict[Slot, OutputFile] = {}
    intermediary: dict[Slot, tuple[OutputFile, ...]] = {}
    accounted = {one.output.path for one in declared.expected if one.output is not None}
    claims: dict[Place, list[Expected]] = defaultdict(list)
    for one in declared.expected:
        where = _place(one)
        if where is None or where not in files:
            continue
        if one.secret.intermediary:
            intermediary[slot(one)] = tuple(files[where])
        elif not declared.has_known_key(one.node) or (
            one.unknown_because is not None and one.skip is None
        ):
            accounted.update(file.path for file in files[where])
        elif one.skip is None:
            claims[where].append(one)
    for where, claimants in claims.items():
        lost = [one for one in claimants if not _is_there(names, one)]
        standing |= _assign(names, files[where], lost, claimants)
    accounted.update(file.path for file in standing.values())
    accounted.update(file.path for group in intermediary.values() for file in group)
    return Predecessors(standing, intermediary, frozenset(accounted))


def made_from(names: Names, file: OutputFile) -> Trace | None:
    """Return the key and source that made a file: those of this tree, else of history.

    Where history was not asked it is the base that knows.
    """
    made, at_base = names.traced(file)
    lost = names.lost.get(file.path)
    if made is None and lost is not None and lost.key is not None and lost.source is not None:
        made = Trace(lost.key, lost.source)
    return made or at_base


def _sources_of(names: Names, file: OutputFile, source: str) -> set[str]:
    """Return the files that hold, or held, what a file was made from."""
    lost = names.lost.get(file.path)
    held = lost.sources if lost is not None and lost.source == source else ()
    trees = (names.here, names.base)
    return {*held, *(path for tree in trees for path in tree.sources.get(source, ()))}


def _place(one: Expected) -> Place | None:
    storage = one.node.storage
    if storage is None or storage.path is None:
        return None
    return storage.path, one.secret.name


def _is_there(names: Names, one: Expected) -> bool:
    return one.output is not None and one.output.path in names.here.files


def _assign(
    names: Names, files: Iterable[OutputFile], lost: list[Expected], claimants: list[Expected]
) -> dict[Slot, OutputFile]:
    """Pair files with outputs, the best fits first; each file stands for one output."""
    keys = {digest(one.node.host_pubkey) for one in claimants}
    parsed = (recipient_or_none(one.node.host_pubkey) for one in claimants)
    recipients = [one for one in parsed if one is not None]
    fits = sorted(
        (fit, file.path, slot(one), file)
        for file in files
        for one in lost
        if (fit := _fit(names, file, one, keys, recipients)) is not None
    )
    assigned: dict[Slot, OutputFile] = {}
    taken: set[str] = set()
    for _, path, where, file in fits:
        if where not in assigned and path not in taken:
            assigned[where] = file
            taken.add(path)
    return assigned


class _KeyFit(IntEnum):
    """How well the key that a file was made for fits a node; the best first."""

    MADE_FOR_IT = 0
    ADDRESSED_TO_IT = 1
    MADE_FOR_NO_NODE = 2  # for a key that the node may have had
    MAY_BE_ADDRESSED_TO_IT = 3
    ADDRESSED_TO_NO_NODE = 4


class _Fit(NamedTuple):
    """How well a file fits an output; the best is the least."""

    key: _KeyFit
    of_other_source: bool
    was_left: bool = False  # behind by an older rekey, as history says


def _fit(
    names: Names,
    file: OutputFile,
    one: Expected,
    keys: set[str],
    recipients: list[Recipient],
) -> _Fit | None:
    """Return how well a file fits an output; None where it was made for another node.

    `keys` and `recipients` are those of all nodes that declare an output at this place.
    """
    made = made_from(names, file)
    if made is not None:
        lost = names.lost.get(file.path)
        was_left = lost is not None and lost.excuse is not None
        of_other_source = one.secret.source.path not in _sources_of(names, file, made.source)
        if made.key == digest(one.node.host_pubkey):
            return _Fit(_KeyFit.MADE_FOR_IT, of_other_source, was_left)
        if made.key in keys:
            return None
        return _Fit(_KeyFit.MADE_FOR_NO_NODE, of_other_source, was_left)
    addressed = match_file(names, file, recipient_or_none(one.node.host_pubkey))
    if addressed is Match.YES:
        return _Fit(_KeyFit.ADDRESSED_TO_IT, of_other_source=True)
    if any(match_file(names, file, other) is Match.YES for other in recipients):
        return None
    if addressed is Match.UNKNOWN:
        return _Fit(_KeyFit.MAY_BE_ADDRESSED_TO_IT, of_other_source=True)
    return _Fit(_KeyFit.ADDRESSED_TO_NO_NODE, of_other_source=True)


def match_file(names: Names, file: OutputFile, recipient: Recipient | None) -> Match:
    """Return whether a file is addressed to a key."""
    fact = names.here.facts.get(file.path)
    if recipient is None or not isinstance(fact, AgeFact):
        return Match.UNKNOWN
    found = {match(stanza, recipient) for stanza in fact.stanzas}
    return next((one for one in (Match.YES, Match.UNKNOWN) if one in found), Match.NO)
