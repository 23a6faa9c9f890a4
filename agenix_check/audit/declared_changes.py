"""Whether a change brought what is wrong with a declared fleet, or found it so."""

from dataclasses import dataclass

from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import Declaration, DeclaredNode

_DECLARING = (".nix", ".toml", ".json", "flake.lock", LOCK)


@dataclass(frozen=True, slots=True)
class DeclaredChanges:
    """What the base declared, as far as that is known.

    `nodes` are its nodes and `secrets` its secrets; None where nobody remembers: then any change of
    a file that may declare something counts.
    """

    names: Names
    nodes: dict[str, DeclaredNode] | None
    secrets: frozenset[tuple[str, str]]

    def touches(self, *paths: str | None) -> bool:
        """Tell whether the change touches one of some files."""
        return not self.names.changed.isdisjoint(path for path in paths if path is not None)

    def of_secret(self, one: Expected) -> bool:
        """Tell whether a secret is newly declared."""
        if self.nodes is None:
            return self.may_declare()
        return (one.node.name, one.secret.id) not in self.secrets

    def of_node(self, node: DeclaredNode, *fields: str) -> bool:
        """Tell whether a node is new, or another one in some of its fields."""
        if self.nodes is None:
            return self.may_declare()
        before = self.nodes.get(node.name)
        return before is None or any(
            getattr(before, name) != getattr(node, name) for name in fields
        )

    def of_masters(self, declaration: Declaration) -> bool:
        """Tell whether the master recipients are declared otherwise."""
        if self.nodes is None:
            return self.may_declare()
        return _masters(declaration.nodes) != _masters(tuple(self.nodes.values()))

    def may_declare(self) -> bool:
        """Tell whether the change touches a file that may declare something."""
        return any(path.endswith(_DECLARING) for path in self.names.changed)


def compare_with_base(names: Names, declared: Declared) -> DeclaredChanges:
    """Prepare the comparison of a declaration with the base's."""
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
