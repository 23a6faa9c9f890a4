"""What a lock file alone gives: secrets that the change's lock file says a key is to have.

Such a file comes with a change, and is never reason enough to encrypt a secret to a key, not even
to one that is known: docs/design.md, section 9.
"""

from functools import cached_property

from agenix_check.age import recipient_or_none
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.key_texts import NOWHERE, digest
from agenix_check.discover.tree.names import Names
from agenix_check.mend.needs import Need
from agenix_check.model.declaration import DeclaredNode

ONLY_THE_LOCK = "only the lock file of this change says so"


class LockGifts:
    """Holds what a lock file declares against what it declared before the change that edits it."""

    def __init__(self, names: Names, inventory: Inventory) -> None:
        self._names = names
        self._before = inventory.lock_before

    def objection(self, need: Need) -> str | None:
        """Return why an output must not be made, or None.

        A source that the change brings is the secret of whoever brings it.
        """
        if self._before is None:
            return None
        base = self._names.base
        source, content = need.source, _content(self._names.here, need.source)
        if source not in base.files and (content is None or content not in base.sources):
            return None
        key = _canonical(need.key)
        if (key, source) in self._could_read or (key, content) in self._could_read:
            return None
        return None if self._follows(need, content) else ONLY_THE_LOCK

    @cached_property
    def _could_read(self) -> frozenset[tuple[str, str | None]]:
        """Each key with the sources that it was declared to read, by path and by content."""
        found: set[tuple[str, str | None]] = set()
        for node in self._nodes_before:
            key = _canonical(node.host_pubkey)
            for path in (one.source.path for one in node.secrets):
                if path is not None:
                    found |= {(key, path), (key, _content(self._names.base, path) or path)}
        return frozenset(found)

    def _follows(self, need: Need, content: str | None) -> bool:
        """Return whether a key took the place of one that could read it, in its file."""
        names = self._names
        node = next((one for one in self._nodes_before if one.name == need.node), None)
        if node is None:
            return False
        old = _canonical(node.host_pubkey)
        had = {(old, need.source), (old, content)} & self._could_read
        before = names.base.keys.get(digest(node.host_pubkey), NOWHERE).paths
        now = names.here.keys.get(digest(need.key), NOWHERE).paths
        return bool(had) and not set(before).isdisjoint(now)

    @property
    def _nodes_before(self) -> tuple[DeclaredNode, ...]:
        return () if self._before is None else self._before.nodes


def _canonical(text: str) -> str:
    recipient = recipient_or_none(text)
    return text if recipient is None else recipient.text


def _content(tree: Evidence, path: str) -> str | None:
    fact = tree.facts.get(path)
    return fact.sha256 if isinstance(fact, AgeFact | PointerFact) else None
