"""The vocabulary of what should exist: nodes, their outputs, and the fleet of all of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.model.frozen import NOTHING, frozen
from agenix_check.model.node_names import shown_names

if TYPE_CHECKING:
    from agenix_check.model.declaration import RulesFile


RULES_FILE = "secrets.nix"  # what plain agenix calls its rules file
_MANY_OUTPUTS = 5000  # outputs; fewer are looked at as fast


def are_many(outputs: int) -> bool:
    """Return whether outputs are so many that it pays not to judge each by itself."""
    return outputs >= _MANY_OUTPUTS


@frozen
class Node:
    """One evaluated configuration; if only names are known, one output directory.

    `storage` is the directory of its outputs, `keys` the texts that its outputs are made for:
    exactly one, unless something is wrong.
    """

    name: str
    storage: str
    keys: tuple[str, ...]


class Output(NamedTuple):
    """The rekeyed file of one secret for one node, as it should be.

    `secret` is the secret's name; `id` is its id if that is known. `key` is the `hostPubkey` it is
    made for, as configured; None if it must not be shown. `skipped` says why no such file is
    needed, or why it is not known which; then `path` and `ident` may be empty. `sources` are the
    files whose content it holds: several if they are the same byte for byte.
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
        """The source that a person would name, or None if there is none."""
        return closest_to_name(self.sources, self.secret) if self.sources else None


def closest_to_name(paths: Sequence[str], secret: str) -> str:
    """Return that of the paths (at least one) which is most like a secret's name."""
    if len(paths) == 1:
        return paths[0]
    name = secret.rpartition("/")[2]
    return min(paths, key=lambda path: (name not in path, len(path), path))


@frozen
class Fleet:
    """All nodes and outputs, and where they are known from: `nix`, `lock` or `names`.

    `complete` is true if nothing else can be declared. `masters` are the recipients of every
    source, `unknown_masters` the files of those that are not known. `rules` are the rules files of
    plain agenix, and `key_names` what people call their keys, by the text without a comment.
    `every_node` and `every_secret` are the names of all, also where this is a part of a fleet, and
    of those whose outputs nothing explains.
    """

    inventory: str
    complete: bool
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    masters: tuple[str, ...] = ()
    unknown_masters: tuple[str, ...] = ()
    rules: "tuple[RulesFile, ...]" = ()
    key_names: Mapping[str, str] = NOTHING
    every_node: tuple[str, ...] = ()
    every_secret: tuple[str, ...] = ()

    def node_names(self) -> dict[str, str]:
        """Return the name under which each node is shown."""
        return shown_names(self.every_node, (node.name for node in self.nodes))
