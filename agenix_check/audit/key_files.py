"""Which file a node's key comes from, also where its text stands in no file as it is."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from agenix_check.age import Recipient
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.key_texts import NOWHERE, KeyTexts, digest
from agenix_check.discover.tree.names import Names
from agenix_check.git.paths import to_bytes
from agenix_check.git.snapshot import algorithm_of, object_id
from agenix_check.model.declaration import WITHHELD, DeclaredNode
from agenix_check.model.frozen import frozen


@frozen(kw_only=False)
class KeyFiles:
    """The files of a tree and of its base, searched for the keys of nodes."""

    names: Names
    keyring: Keyring

    def holders(self, node: DeclaredNode) -> tuple[str, ...]:
        """Return the files with a node's key: as it is, with other words around it, or as a text.

        What age cannot use is no key to anybody, so such a text is found where it is a whole file.
        """
        text = node.host_pubkey
        if text == WITHHELD:
            return self._private
        exact = self.names.here.keys.get(digest(text), NOWHERE).paths
        recipient = self.keyring.texts.get(text)
        if exact or recipient is None:
            return exact or self._whole(text)
        return self._by_recipient.get(recipient, ())

    def changed(self, node: DeclaredNode) -> str | None:
        """Return the file through which this change gave a node another key, or None."""
        changed = self.names.changed
        holders = [path for path in self.holders(node) if path in changed]
        former = self._former.get(node.storage.path if node.storage else None, set())
        # Of a private key nobody knows which of the files it is, but one that held the key before.
        if node.host_pubkey == WITHHELD and former.intersection(holders):
            return min(former.intersection(holders))
        return holders[0] if holders else min(former, default=None)

    @cached_property
    def _by_recipient(self) -> Mapping[Recipient, tuple[str, ...]]:
        found: dict[Recipient, set[str]] = defaultdict(set)
        for text, paths in self.names.here.keys.values():
            recipient = self.keyring.texts.get(text or "")
            if recipient is not None:
                found[recipient].update(paths)
        return {recipient: tuple(sorted(paths)) for recipient, paths in found.items()}

    @cached_property
    def _by_blob(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path, _, oid in self.names.here.files.values():
            if path not in self.names.here.outputs:
                found[oid].append(path)
        return {oid: tuple(sorted(paths)) for oid, paths in found.items()}

    @cached_property
    def _private(self) -> tuple[str, ...]:
        facts = self.names.here.facts.items()
        return tuple(
            sorted(path for path, fact in facts if isinstance(fact, KeyTexts) and fact.private)
        )

    @cached_property
    def _former(self) -> Mapping[str | None, set[str]]:
        """The changed files without the key that they had, by the directory of its outputs."""
        names = self.names
        found: dict[str | None, set[str]] = defaultdict(set)
        for file in names.base.outputs.values() if names.changed else ():
            made = names.traced(file).base
            if made is not None:
                held = names.changed.intersection(names.base.keys[made.key].paths)
                found[file.directory] |= held.difference(
                    names.here.keys.get(made.key, NOWHERE).paths
                )
        return found

    def _whole(self, text: str) -> tuple[str, ...]:
        """Return the files whose whole content a text is, but for white space at its end."""
        first = next(iter(self.names.here.files.values()), None)
        if first is None or not text.strip():
            return ()
        for end in ("", "\n", "\r\n", " \n"):
            data = to_bytes(text + end)
            if paths := self._by_blob.get(object_id(data, algorithm_of(first.oid))):
                return paths
        return ()
