"""What left the lock file while the tree still has it.

A lock file comes with a change and decides what is looked at: a node that is not in it is not
judged by it. So it is held against the one that the change is compared with.
"""

from collections.abc import Iterable

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.key_texts import NOWHERE, digest
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import Declaration, DeclaredNode, DeclaredSecret

_MOST_FILES = 3  # files in a sentence


class _AgainstOlder:
    """One lock file held against an older one, and against what the tree has."""

    def __init__(self, now: Declaration, names: Names) -> None:
        self.names = names
        self.nodes = {node.name: node for node in now.nodes}
        self.keys = {digest(node.host_pubkey) for node in now.nodes}
        self.storages = {node.storage.path for node in now.nodes if node.storage is not None}
        self.by_key = {digest(node.host_pubkey): node for node in now.nodes}
        self.sources = {one.source.path for node in now.nodes for one in node.secrets}

    def node(self, node: DeclaredNode) -> list[str]:
        """Say what the tree still has of a node that left, or that is not judged any more."""
        key = digest(node.host_pubkey)
        now = self.nodes.get(node.name) or self.by_key.get(key)
        outputs = self.outputs(node)
        if now is None:
            left = [*self.key_files(key), *outputs, *self.unused(node.secrets)]
            return [_say(f"{node.name} left it", left)] if left else []
        found = []
        if now.storage_mode != node.storage_mode and node.storage_mode == "local" and outputs:
            found.append(_say(f"{node.name} has no outputs any more", outputs))
        if digest(now.host_pubkey) != key:
            files = self.key_files(key)
            placeholder = now.host_pubkey.strip() == DUMMY_RECIPIENT
            unknown = not self.names.here.keys.get(digest(now.host_pubkey), NOWHERE).paths
            if files and (placeholder or unknown):
                found.append(_say(f"{node.name} has a key that is nowhere else", files))
        return found + [
            _say(f"{node.name} {secret.id} left it", left)
            for secret in self.gone(node, now)
            if (left := [*self.outputs(node, secret.name), *self.unused([secret])])
        ]

    def gone(self, node: DeclaredNode, now: DeclaredNode) -> list[DeclaredSecret]:
        """Return the secrets that a node has no more, under no other name either."""
        kept = {one.id for one in now.secrets} | {one.name for one in now.secrets}
        sources = {one.source for one in now.secrets}
        return [
            one
            for one in node.secrets
            if one.id not in kept and one.name not in kept and one.source not in sources
        ]

    def outputs(self, node: DeclaredNode, name: str | None = None) -> list[str]:
        """Return the outputs in a node's directory, unless it is one of another node now."""
        if node.storage is None or node.storage.path is None or node.storage_mode != "local":
            return []
        if name is None and node.storage.path in self.storages:
            return []
        found = self.names.here.outputs.values()
        return [
            file.path
            for file in found
            if file.directory == node.storage.path and name in (None, file.name)
        ]

    def key_files(self, key: str) -> list[str]:
        """Return where the tree has a key that is no node's any more."""
        return [] if key in self.keys else list(self.names.here.keys.get(key, NOWHERE).paths)

    def unused(self, secrets: Iterable[DeclaredSecret]) -> list[str]:
        """Return the sources in the tree that no node uses any more."""
        paths = dict.fromkeys(one.source.path for one in secrets)
        files = self.names.here.files
        there = [path for path in paths if path is not None and path in files]
        return [path for path in there if path not in self.sources]


def find_left(before: Declaration, now: Declaration, names: Names) -> tuple[str, ...]:
    """Say which nodes and secrets left the lock file while the tree has what belongs to them."""
    held = _AgainstOlder(now, names)
    return tuple(sentence for node in before.nodes for sentence in held.node(node))


def _say(what: str, files: list[str]) -> str:
    more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
    return f"{what}, but {', '.join(files[:_MOST_FILES])}{more} {_are(files)} still in the tree"


def _are(files: list[str]) -> str:
    return "is" if len(files) == 1 else "are"
