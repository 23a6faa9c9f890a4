"""Which outputs can be held against their sources, and of the others, why not. No key is read."""

from collections.abc import Mapping
from typing import NamedTuple

from agenix_check.age import Recipient, recipient_or_none
from agenix_check.discover.declared.known import Inventory
from agenix_check.discover.tree.facts import AgeFact, Fact
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.model.findings import JudgedFile, Verdict
from agenix_check.model.fleet import Output

LARGEST = 1 << 26  # bytes of a plaintext: all of it is in memory

_SKIPPED = "it was skipped"
_WRONG = "it is wrong already"
_UNREADABLE = "its content or its source's cannot be read"
_TOO_LARGE = f"it is larger than {LARGEST >> 20} MiB"


class Pair(NamedTuple):
    """An output and the source that it should hold, by the ids of their blobs.

    `recipient` is its node's key, None where that is not known. `number` is its place in the
    report.
    """

    number: int
    result: JudgedFile
    recipient: Recipient | None
    output: str
    source: str


def pair_up(
    results: Mapping[int, JudgedFile], names: Names, inventory: Inventory
) -> tuple[tuple[Pair, ...], dict[int, str]]:
    """Return what can be compared of a report's outputs, by their number, and why the rest not."""
    expected = _expected(names, inventory)
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


def _expected(names: Names, inventory: Inventory) -> Mapping[tuple[str, str, str], Output]:
    """Return every output that should be; a node that was not evaluated is known by its names."""
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
    return _TOO_LARGE if any(size and size > LARGEST for size in sizes) else None
