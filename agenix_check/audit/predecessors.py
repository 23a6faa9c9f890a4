"""Which older file stands for which declared output, and which files nobody accounts for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agenix_check.age import Match, Recipient, RecipientError, match, parse_recipient
from agenix_check.audit.comparison import Place
from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.evidence import OutputFile
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.keys import digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import Trace

Slot = tuple[str, str]  # a node and the id of a secret


@dataclass(frozen=True, slots=True)
class Older:
    """Files that are named like outputs and are not what any declaration wants now.

    `standing` are those that stand for an output which is not there, one each; `intermediary` those
    of secrets that should have none. `accounted` are the paths of all files that belong to
    somebody, or may do so as far as is known.
    """

    standing: Mapping[Slot, OutputFile]
    intermediary: Mapping[Slot, tuple[OutputFile, ...]]
    accounted: frozenset[str]


def slot(one: Expected) -> Slot:
    """Return what tells a declared output from all others."""
    return one.node.name, one.secret.id


def find_older(names: Names, declared: Declared) -> Older:
    """Give every older file to the declared output that it fits best."""
    wanted = {one.output.path for one in declared.expected if one.output and one.skip is None}
    files: dict[Place, list[OutputFile]] = defaultdict(list)
    for path, file in sorted(names.here.outputs.items()):
        if path not in wanted:
            files[file.directory, file.name].append(file)
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
    return Older(standing, intermediary, frozenset(accounted))


def made_from(names: Names, file: OutputFile) -> Trace | None:
    """Return what made a file: a key and a source of this tree, else of the base."""
    return names.explain(names.here, file) or names.explain(names.base, file)


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
    recipients = [
        recipient for one in claimants if (recipient := read_key(one.node.host_pubkey)) is not None
    ]
    fits = sorted(
        (rank, file.path, slot(one), file)
        for file in files
        for one in lost
        if (rank := _rank(names, file, one, keys, recipients)) is not None
    )
    assigned: dict[Slot, OutputFile] = {}
    taken: set[str] = set()
    for _, path, where, file in fits:
        if where not in assigned and path not in taken:
            assigned[where] = file
            taken.add(path)
    return assigned


def _rank(
    names: Names,
    file: OutputFile,
    one: Expected,
    keys: set[str],
    recipients: list[Recipient],
) -> tuple[int, bool] | None:
    """Tell how badly a file fits an output; None where it was made for another node."""
    made = made_from(names, file)
    recipient = read_key(one.node.host_pubkey)
    if made is not None:
        other = not any(
            one.secret.source.path in tree.sources.get(made.source, ())
            for tree in (names.here, names.base)
        )
        if made.key == digest(one.node.host_pubkey):
            return 0, other
        return None if made.key in keys else (2, other)
    if addressed(names, file, recipient) is Match.YES:
        return 1, True
    if any(addressed(names, file, other) is Match.YES for other in recipients):
        return None
    return (3, True) if addressed(names, file, recipient) is Match.UNKNOWN else (4, True)


def addressed(names: Names, file: OutputFile, recipient: Recipient | None) -> Match:
    """Tell whether a file is addressed to a key."""
    fact = names.here.facts.get(file.path)
    if recipient is None or not isinstance(fact, AgeFact):
        return Match.UNKNOWN
    found = {match(stanza, recipient) for stanza in fact.stanzas}
    return next((one for one in (Match.YES, Match.UNKNOWN) if one in found), Match.NO)


def read_key(text: str) -> Recipient | None:
    """Return a node's key, or None where it is none."""
    try:
        return parse_recipient(text)
    except RecipientError:
        return None
