"""Who can read what: readers, the secrets they can read, and how that changes.

A secret is named by its source, or by the file of plain agenix; a reader is a key.
"""

from enum import StrEnum
from typing import NamedTuple

from agenix_check.model.frozen import frozen

EVERYBODY = "everybody who has this repository, in plain text"
"""The name of the reader of what is not encrypted."""


class ReaderKind(StrEnum):
    """What a reader is: a node, a master of agenix-rekey, a key of a rule, or not in the tree."""

    NODE = "node"
    MASTER = "master"
    RULE = "rule"
    UNKNOWN = "unknown"


class Shown(StrEnum):
    """What shows that a file is for a key.

    `ADDRESSED`: the key's tag, four bytes in the file. `ANONYMOUS`: no more than that a key of this
    kind can read it. `NAMED`: a file name or a rule, as the file itself cannot be read here.
    """

    ADDRESSED = "addressed"
    ANONYMOUS = "anonymous"
    NAMED = "named"


class Readable(NamedTuple):
    """A secret that somebody can read, and what shows that."""

    secret: str
    shown: Shown


class Reader(NamedTuple):
    """A key under one of its names, and the secrets that it can read, sorted.

    A key that two nodes share is a reader under each name, and each reads what the key reads. `key`
    is its text without a comment; None where the files do not show it: then `name` says in words
    what they show. `path` is a file that holds the key.
    """

    kind: ReaderKind
    name: str
    key: str | None
    fingerprint: str | None
    path: str | None
    secrets: tuple[Readable, ...]


class Replacement(NamedTuple):
    """A key that took the place of another under the same name, and what both could read."""

    before: Reader
    after: Reader


class AccessChange(NamedTuple):
    """Who gains and who loses what between two trees; each reader with these secrets alone.

    `newcomers` are the keys among those of `added` that could read nothing before.
    """

    added: tuple[Reader, ...] = ()
    removed: tuple[Reader, ...] = ()
    replaced: tuple[Replacement, ...] = ()
    newcomers: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nobody gains or loses anything."""
        return not (self.added or self.removed or self.replaced)


@frozen(kw_only=False)
class AccessListing:
    """What the verb `access` shows; `change` is None unless a range was asked for.

    `inventory` is where the fleet comes from, `incomplete` says what could not be looked at.
    """

    readers: tuple[Reader, ...]
    change: AccessChange | None = None
    inventory: str = "names"
    incomplete: tuple[str, ...] = ()
