"""Every rule of the gate, declared once: its id, its weight, and the text behind `explain`.

A new rule goes into the file of its kind, at its place; nothing else has to know of it.
"""

from agenix_check.rules.nodes import NODES
from agenix_check.rules.outputs import OUTPUTS
from agenix_check.rules.plain import PLAIN
from agenix_check.rules.rule import Rule
from agenix_check.rules.sources import SOURCES

__all__ = ["RULES", "Rule"]

_ALL: tuple[Rule, ...] = (*OUTPUTS, *SOURCES, *NODES, *PLAIN)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
