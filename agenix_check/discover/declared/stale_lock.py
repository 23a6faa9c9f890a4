"""How a lock file is out of date: against Nix for certain, without it as far as files show."""

from collections.abc import Iterable, Mapping

from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.key_texts import NOWHERE, digest
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import Declaration, DeclaredNode, DeclaredPath, DeclaredSecret
from agenix_check.model.frozen import field_names, replace

_MOST_NAMES = 5  # names in a sentence

# The fields of a node as its configuration calls them.
_FIELD_WORDS = {
    "host_pubkey": "hostPubkey",
    "storage_mode": "storageMode",
    "storage": "localStorageDir",
    "master_identities": "masterIdentities",
    "extra_recipients": "extraEncryptionPubkeys",
}


def compare_locks(lock: Declaration, now: Declaration) -> tuple[str, ...]:
    """Say in which nodes and secrets a lock file differs from what Nix says.

    Of nodes that failed it says nothing.
    """
    failed = {node.name for node in now.failed}
    new = {node.name: node for node in now.nodes}
    old = {
        node.name: _as_far_as_said(node, new.get(node.name))
        for node in lock.nodes
        if node.name not in failed
    }
    parts = []
    if added := new.keys() - old.keys():
        parts.append(f"it lacks {_list(added)}")
    if gone := old.keys() - new.keys():
        parts.append(f"{_list(gone)} is no longer declared")
    changed = [
        f"{name} ({_changes(old[name], new[name])})"
        for name in sorted(old.keys() & new.keys())
        if old[name] != new[name]
    ]
    if changed:
        parts.append(f"changed: {_list(changed)}")
    return (f"it is not what the flake declares: {'; '.join(parts)}",) if parts else ()


def hold_against_files(
    lock: Declaration, names: Names
) -> tuple[Declaration, Mapping[str, str], tuple[str, ...]]:
    """Find where the files of the tree contradict its lock file.

    Returns the lock's declaration with moved sources at their new paths, the file of each node
    whose key changed, and a sentence for everything that is out of date.
    """
    rotated: dict[str, str] = {}
    moved: dict[str, str] = {}
    stale: dict[str, None] = {}
    nodes = []
    for node in lock.nodes:
        key = digest(node.host_pubkey)
        held = names.base.keys.get(key, names.lost_keys.get(key, NOWHERE)).paths
        if held and not names.here.keys.get(key, NOWHERE).paths:
            rotated[node.name] = held[0]
            stale[f"{node.name} has the hostPubkey that {held[0]} held before"] = None
        secrets = tuple(_moved(secret, names, moved) for secret in node.secrets)
        nodes.append(node if secrets == node.secrets else replace(node, secrets=secrets))
    stale |= dict.fromkeys(f"{old} is now {new}" for old, new in moved.items())
    return replace(lock, nodes=tuple(nodes)), rotated, tuple(stale)


def _moved(secret: DeclaredSecret, names: Names, moved: dict[str, str]) -> DeclaredSecret:
    path = secret.source.path
    if path is None or path in names.here.files or path not in names.base.files:
        return secret
    fact = names.base.facts.get(path)
    content = fact.sha256 if isinstance(fact, AgeFact | PointerFact) else ""
    places = [one for one in names.here.sources.get(content, ()) if one not in names.base.files]
    if not places:
        return secret
    moved[path] = places[0]
    return replace(secret, source=DeclaredPath(path=places[0]))


def _as_far_as_said(old: DeclaredNode, new: DeclaredNode | None) -> DeclaredNode:
    """Fill in what a lock file of an older version does not say."""
    if new is None or all(secret.dependencies is not None for secret in old.secrets):
        return old
    known = {secret.id: secret.dependencies for secret in new.secrets}
    return replace(
        old,
        secrets=tuple(
            replace(one, dependencies=known.get(one.id)) if one.dependencies is None else one
            for one in old.secrets
        ),
    )


def _changes(old: DeclaredNode, new: DeclaredNode) -> str:
    words = [
        _FIELD_WORDS[name]
        for name in field_names(DeclaredNode)
        if name in _FIELD_WORDS and getattr(old, name) != getattr(new, name)
    ]
    before = {secret.id: secret for secret in old.secrets}
    after = {secret.id: secret for secret in new.secrets}
    ids = {id_ for id_ in before | after if before.get(id_) != after.get(id_)}
    if ids:
        words.append(f"secret{'s' if len(ids) > 1 else ''} {_list(ids)}")
    return ", ".join(words)


def _list(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST_NAMES} more" if len(ordered) > _MOST_NAMES else ""
    return ", ".join(ordered[:_MOST_NAMES]) + more
