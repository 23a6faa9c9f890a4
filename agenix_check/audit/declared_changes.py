"""Decide whether this change caused a finding about a declared fleet, or it was there before."""

from dataclasses import dataclass

from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import Declaration, DeclaredNode

_DECLARING = (".nix", ".toml", ".json", "flake.lock", LOCK)


@dataclass(frozen=True, slots=True)
class DeclaredChanges:
    """What the base declared, if it is known.

    `nodes` are its nodes by name, and `secrets` its secrets as pairs of a node's name and an id. If
    `nodes` is None, the base is unknown: then every change of a file that may declare something
    counts.
    """

    names: Names
    nodes: dict[str, DeclaredNode] | None
    secrets: frozenset[tuple[str, str]]

    def touches(self, *paths: str | None) -> bool:
        """Return whether the change touches one of these files."""
        return not self.names.changed.isdisjoint(path for path in paths if path is not None)

    def of_secret(self, one: Expected) -> bool:
        """Return whether a secret is newly declared."""
        if self.nodes is None:
            return self.may_declare()
        return (one.node.name, one.secret.id) not in self.secrets

    def of_node(self, node: DeclaredNode, *fields: str) -> bool:
        """Return whether a node is new or has other values in these fields."""
        if self.nodes is None:
            return self.may_declare()
        before = self.nodes.get(node.name)
        return before is None or any(
            getattr(before, name) != getattr(node, name) for name in fields
        )

    def of_masters(self, declaration: Declaration) -> bool:
        """Return whether other master recipients are declared."""
        if self.nodes is None:
            return self.may_declare()
        return _masters(declaration.nodes) != _masters(tuple(self.nodes.values()))

    def may_declare(self) -> bool:
        """Return whether the change touches a file that may declare something."""
        return any(path.endswith(_DECLARING) for path in self.names.changed)


def compare_with_base(names: Names, declared: Declared) -> DeclaredChanges:
    """Prepare the comparison of a declaration with that of the base."""
    if declared.before is None:
        return DeclaredChanges(names, None, frozenset())
    nodes = {node.name: node for node in declared.before.nodes}
    secrets = frozenset(
        (node.name, secret.id) for node in nodes.values() for secret in node.secrets
    )
    return DeclaredChanges(names, nodes, secrets)


def _masters(nodes: tuple[DeclaredNode, ...]) -> set[object]:
    found: set[object] = set()
    for node in nodes:
        found.update(node.master_identities)
        found.update(node.extra_recipients)
    return found
