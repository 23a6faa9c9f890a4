"""Every rule of the gate, declared once: its id, its weight, and the text behind `explain`."""

from dataclasses import dataclass

from agenix_check.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `severity` is its usual weight; a finding may carry a lesser one.

    `title` is one line without a full stop; `meaning`, `why` and `mend` are short paragraphs.
    """

    id: str
    severity: Severity
    title: str
    meaning: str
    why: str
    mend: str


_ALL: tuple[Rule, ...] = ()

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
