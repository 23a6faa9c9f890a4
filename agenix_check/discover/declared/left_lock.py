"""What left the lock file while the tree still has it.

A lock file comes with a change and decides what is looked at: a node that is not in it is not
judged by it. So it is held against the one that the change is compared with, and those before it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.key_texts import NOWHERE, digest
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import Declaration, DeclaredNode, DeclaredSecret

_MOST_FILES = 3  # files in a sentence


class Left(NamedTuple):
    """What left the lock file: `what` says it in words; the files are those still in the tree.

    `storage` is the directory of a node that left with all its secrets.
    """

    node: str
    what: str
    keys: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    storage: str | None = None

    @property
    def sentence(self) -> str:
        """What left, and what of it is in the tree."""
        files = (*self.keys, *self.outputs, *self.sources)
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        are = "is" if len(files) == 1 else "are"
        return f"{self.what}, but {', '.join(files[:_MOST_FILES])}{more} {are} still in the tree"


class _AgainstOlder:
    """One lock file held against older ones, and against what the tree has."""

    def __init__(self, older: Iterable[Declaration], now: Declaration, names: Names) -> None:
        self.names = names
        self.nodes = {node.name: node for node in now.nodes}
        self.keys = {digest(node.host_pubkey) for node in now.nodes}
        self.storages = {node.storage.path for node in now.nodes if node.storage is not None}
        self.by_key = {digest(node.host_pubkey): node for node in now.nodes}
        self.sources = {one.source.path for node in now.nodes for one in node.secrets}
        self.keys_before: dict[str, set[str]] = defaultdict(set)  # nodes by the digest of their key
        for one in (node for old in older for node in old.nodes):
            self.keys_before[digest(one.host_pubkey)].add(one.name)
        storages = {one.storage.path for old in older for one in old.nodes if one.storage}
        self.storages_left = storages - self.storages

    def node(self, node: DeclaredNode) -> Iterator[Left]:
        """Yield what the tree still has of a node that left, or that is not judged any more."""
        key = digest(node.host_pubkey)
        now = self.nodes.get(node.name) or self.by_key.get(key)
        outputs = self.outputs(node)
        if now is None:
            yield Left(
                node.name,
                f"{node.name} left it",
                self.key_files(key),
                outputs,
                self.unused(node.secrets),
                None if node.storage is None else node.storage.path,
            )
            return
        if now.storage_mode != node.storage_mode and node.storage_mode == "local":
            yield Left(node.name, f"{node.name} has no outputs any more", outputs=outputs)
        if digest(now.host_pubkey) != key:
            placeholder = now.host_pubkey.strip() == DUMMY_RECIPIENT
            unknown = not self.names.here.keys.get(digest(now.host_pubkey), NOWHERE).paths
            others = self.keys_before.get(digest(now.host_pubkey), {node.name}) - {node.name}
            if placeholder or unknown:
                what = f"{node.name} has a key that is nowhere else"
                yield Left(node.name, what, self.key_files(key))
            elif others:
                what = f"{node.name} has the key of {min(others)}"
                yield Left(node.name, what, self.key_files(key))
        for secret in self.gone(node, now):
            what = f"{node.name} {secret.id} left it"
            outputs = self.outputs(node, secret.name)
            yield Left(node.name, what, outputs=outputs, sources=self.unused([secret], outputs))

    def gone(self, node: DeclaredNode, now: DeclaredNode) -> list[DeclaredSecret]:
        """Return the secrets that a node has no more, under no other name either."""
        kept = {one.id for one in now.secrets} | {one.name for one in now.secrets}
        sources = {one.source for one in now.secrets}
        return [
            one
            for one in node.secrets
            if one.id not in kept and one.name not in kept and one.source not in sources
        ]

    def outputs(self, node: DeclaredNode, name: str | None = None) -> tuple[str, ...]:
        """Return the outputs in a node's directory, unless it is one of another node now."""
        if node.storage is None or node.storage.path is None or node.storage_mode != "local":
            return ()
        if name is None and node.storage.path in self.storages:
            return ()
        found = self.names.here.outputs.values()
        return tuple(
            file.path
            for file in found
            if file.directory == node.storage.path and name in (None, file.name)
        )

    def key_files(self, key: str) -> tuple[str, ...]:
        """Return where the tree has a key that is no node's any more."""
        return () if key in self.keys else self.names.here.keys.get(key, NOWHERE).paths

    def unused(
        self, secrets: Iterable[DeclaredSecret], outputs: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Return the sources in the tree that nothing uses any more but these `outputs`."""
        there = self.names.here.files
        paths = dict.fromkeys(one.source.path for one in secrets)
        return tuple(
            path
            for path in paths
            if path is not None
            and path in there
            and path not in self.sources
            and not self.made_from.get(path, frozenset()).difference(outputs)
        )

    @cached_property
    def made_from(self) -> Mapping[str, set[str]]:
        """The outputs that are made from each source, but those in directories of nodes that left.

        Of guests, hives and the like, which the lock file never had.
        """
        found: dict[str, set[str]] = defaultdict(set)
        here = self.names.here
        for file in here.outputs.values():
            made = self.names.traces.get(file.ident)
            if made is not None and file.directory not in self.storages_left:
                for path in here.sources[made.source]:
                    found[path].add(file.path)
        return found


def find_left(before: Iterable[Declaration], now: Declaration, names: Names) -> tuple[Left, ...]:
    """Return which nodes and secrets left the lock file while the tree has what belongs to them.

    `before` are older versions of the lock file; what is the same in several is there once.
    """
    versions = tuple(before)
    held = _AgainstOlder(versions, now, names)
    found: dict[str, Left] = {}
    for one in (left for older in versions for node in older.nodes for left in held.node(node)):
        if not (one.keys or one.outputs or one.sources):
            continue
        known = found.setdefault(one.what, one)
        if known is not one:
            found[one.what] = known._replace(
                keys=_joined(known.keys, one.keys),
                outputs=_joined(known.outputs, one.outputs),
                sources=_joined(known.sources, one.sources),
            )
    return tuple(found[what] for what in sorted(found))


def find_spared(before: Declaration, now: Declaration, names: Names) -> tuple[str, ...]:
    """Say which outputs there should be no more, as an edit of the lock file alone says.

    Their sources and keys are still in the tree: only Nix can say whether it is so.
    """
    held = _AgainstOlder((before,), now, names)
    found = []
    for node in before.nodes:
        then = held.nodes.get(node.name) or held.by_key.get(digest(node.host_pubkey))
        if then is None or node.storage_mode != "local" or node.host_pubkey == DUMMY_RECIPIENT:
            continue
        ids = {one.id: one for one in then.secrets}
        secrets = [one for one in node.secrets if not one.intermediary]
        if then.storage_mode != "local":
            if secrets and not held.outputs(node):
                found.append(f"{node.name} is said to need no outputs in this repository any more")
            continue
        found += [
            f"{node.name} {one.id} is said to be intermediary now, so to need no output"
            for one in secrets
            if one.id in ids and ids[one.id].intermediary and one.source.path in names.here.files
        ]
    return tuple(found)


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return one if one == other else tuple(dict.fromkeys((*one, *other)))
