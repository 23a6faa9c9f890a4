"""The vocabulary of what should exist: nodes, their outputs, and the fleet of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agenix_check.model.declaration import PlainRule


RULES_FILE = "secrets.nix"  # what plain agenix calls its rules file


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One evaluated configuration; where only names are known, one output directory.

    `storage` is the directory of its outputs, `keys` the texts that its outputs are made for:
    exactly one, unless something is wrong.
    """

    name: str
    storage: str
    keys: tuple[str, ...]


class Output(NamedTuple):
    """The rekeyed file of one secret for one node, as it should be.

    `secret` is the secret's name; `id` is its id where that is known. `key` is the `hostPubkey` it
    is made for, as configured; None for one that must not be shown. `skipped` says why there need
    be no such file, or why it cannot be told which; then `path` and `ident` may be empty.
    `sources` are the files whose content it holds: several where they are the same byte for byte.
    """

    node: str
    secret: str
    path: str
    ident: str
    key: str | None
    sources: tuple[str, ...]
    id: str | None = None
    skipped: str | None = None

    @property
    def source(self) -> str | None:
        """The source that a person would name, or None where there is none."""
        return closest_to_name(self.sources, self.secret) if self.sources else None


def closest_to_name(paths: Sequence[str], secret: str) -> str:
    """Return the one of some paths, at least one, that is most like a secret's name."""
    if len(paths) == 1:
        return paths[0]
    name = secret.rpartition("/")[2]
    return min(paths, key=lambda path: (name not in path, len(path), path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All nodes and outputs, and where they are known from: `nix`, `lock` or `names`.

    `complete` is true where nothing can be declared that is not here. `masters` are the recipients
    of every source, `unknown_masters` the places of those that cannot be told; `plain` the rules of
    plain agenix.
    """

    inventory: str
    complete: bool
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    masters: tuple[str, ...] = ()
    unknown_masters: tuple[str, ...] = ()
    plain: "tuple[PlainRule, ...]" = ()
