"""Every rule of the gate, declared once: texts, severity, how it is fixed, where it is shown.

A new rule goes into the file of its kind, at its place; nothing else has to know of it.
"""

from agenix_check.model.findings import Severity
from agenix_check.rules.former_readers import FORMER_READERS
from agenix_check.rules.nodes import NODES
from agenix_check.rules.output_contents import OUTPUT_CONTENTS
from agenix_check.rules.output_directories import OUTPUT_DIRECTORIES
from agenix_check.rules.outputs import OUTPUTS
from agenix_check.rules.plain import PLAIN
from agenix_check.rules.rule import About, MendedBy, Newness, Rule, unindented
from agenix_check.rules.sources import SOURCES

__all__ = ["RULES", "About", "MendedBy", "Newness", "Rule", "find_rule", "unindented"]

_ALL: tuple[Rule, ...] = (
    *OUTPUTS,
    *OUTPUT_CONTENTS,
    *OUTPUT_DIRECTORIES,
    *SOURCES,
    *NODES,
    *PLAIN,
    *FORMER_READERS,
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}

_UNLISTED = Rule(
    id="", severity=Severity.ERROR, title="", meaning="", why="", mend="", about=About.FILE
)


def find_rule(rule_id: str) -> Rule:
    """Return a rule; of one that is not in the catalogue nothing is known."""
    return RULES.get(rule_id, _UNLISTED)
