"""What is wrong with declared nodes: their keys, their storage directories, their evaluation."""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.audit.directories import judge_key, parents
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.making import make_finding
from agenix_check.declaration import Declaration, DeclaredNode
from agenix_check.discover.evidence import NOWHERE
from agenix_check.discover.keys import digest
from agenix_check.discover.names import Names
from agenix_check.finding import Finding


def audit_nodes(names: Names, declaration: Declaration, keyring: Keyring) -> Iterator[Finding]:
    """Give the findings that are about a node as it is declared."""
    for failed in declaration.failed:
        yield make_finding("node-not-evaluated", failed.message, node=failed.name)
    for node in declaration.nodes:
        yield from _key(names, node, keyring)
    local = [node for node in declaration.nodes if node.storage_mode == "local"]
    yield from _overlaps(names, [node for node in local if node.host_pubkey != DUMMY_RECIPIENT])


def _key(names: Names, node: DeclaredNode, keyring: Keyring) -> Iterator[Finding]:
    found = judge_key(node.host_pubkey, keyring.texts.get(node.host_pubkey))
    if found is None:
        return
    rule, message = found
    if rule == "node-placeholder-key":
        message = "hostPubkey is agenix-rekey's placeholder: its secrets are not rekeyed"
    key = digest(node.host_pubkey)
    holders = names.here.keys.get(key, NOWHERE).paths
    yield make_finding(
        rule, message, path=holders[0] if holders else None, node=node.name,
        new=bool(holders) and key not in names.base.keys,
    )  # fmt: skip


def _overlaps(names: Names, nodes: list[DeclaredNode]) -> Iterator[Finding]:
    """Find what agenix-rekey would delete: it removes all below a storage directory but outputs."""
    storages: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if node.storage is not None and node.storage.path is not None:
            storages[node.storage.path].append(node.name)
        else:
            outside = node.storage.outside if node.storage is not None else "nowhere"
            yield make_finding(
                "node-storage-overlap", f"its storage directory is outside: {outside}",
                node=node.name, new=False,
            )  # fmt: skip
    victims: dict[str, list[str]] = defaultdict(list)
    declared = {secret.source.path for node in nodes for secret in node.secrets}
    known = {path for paths in names.here.sources.values() for path in paths}
    for path in sorted({*(path for path in declared if path), *known, *storages}):
        for parent in parents(path):
            if parent in storages:
                victims[parent].append(path)
    for storage, names_ in sorted(storages.items()):
        if len(names_) > 1:
            victims[storage] += [f"the storage directory of {name}" for name in names_[1:]]
    for storage, lying in sorted(victims.items()):
        more = f" and {len(lying) - 1} more" if len(lying) > 1 else ""
        yield make_finding(
            "node-storage-overlap",
            f"{lying[0]}{more} lies in this storage directory: agenix rekey deletes there "
            "whatever is no output of this node",
            path=storage, node=storages[storage][0],
            new=not names.changed.isdisjoint(lying),
        )  # fmt: skip
