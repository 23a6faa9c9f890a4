"""Which outputs there should be, made from which source and for which key; and as declared."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.naming import Place
from agenix_check.model.declaration import DeclaredNode
from agenix_check.model.findings import Finding
from agenix_check.model.frozen import frozen


class Need(NamedTuple):
    """An output that should be: whose it is, where, for which key text and from which source."""

    node: str
    secret: str
    storage: str
    key: str
    source: str
    path: str | None = None


@frozen(kw_only=False)
class Needs:
    """What is needed: all of it, and by node and secret.

    `paths` are where outputs belong, `places` their directories and names. `storages` are the
    output directories of known nodes, at the base too: only there anything is removed.
    """

    known: tuple[Need, ...]
    by_owner: Mapping[tuple[str | None, str | None], tuple[Need, ...]]
    paths: frozenset[str]
    places: frozenset[Place]
    storages: frozenset[str]


def collect_needs(known: Iterable[Need], storages: Iterable[str]) -> Needs:
    """Return needs, arranged as a plan asks for them."""
    needs = tuple(known)
    by_owner: dict[tuple[str | None, str | None], list[Need]] = {}
    for need in needs:
        by_owner.setdefault((need.node, need.secret), []).append(need)
    return Needs(
        known=needs,
        by_owner={owner: tuple(its) for owner, its in by_owner.items()},
        paths=frozenset(need.path for need in needs if need.path is not None),
        places=frozenset((need.storage, need.secret) for need in needs),
        storages=frozenset(storages),
    )


def declared_needs(declared: Declared) -> Needs:
    """Return what a declaration wants."""
    known = [need for one in declared.expected if (need := _declared_need(one)) is not None]
    base = declared.base
    nodes = (*declared.declaration.nodes, *(base.declaration.nodes if base else ()))
    return collect_needs(
        known, {path for node in nodes if (path := _local_storage(node)) is not None}
    )


def needs_of_finding(needs: Needs, finding: Finding) -> tuple[Need, ...] | str:
    """Return the declared outputs that a finding is about, or why they are not known."""
    same = needs.by_owner.get((finding.node, finding.secret), ())
    exact = tuple(one for one in same if one.path == finding.path)
    return exact or same or "its source or its node's key is not known"


def _declared_need(one: Expected) -> Need | None:
    storage, output = _local_storage(one.node), one.output
    if output is None or output.key is None or storage is None or one.skip or one.unknown_because:
        return None
    return Need(one.node.name, one.secret.name, storage, output.key, output.sources[0], output.path)


def _local_storage(node: DeclaredNode) -> str | None:
    if node.storage is None or node.storage_mode != "local":
        return None
    return node.storage.path
