"""What a rule consists of."""

from dataclasses import dataclass
from inspect import cleandoc

from agenix_check.model.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `severity` is its usual weight; a finding may carry a lesser one.

    `title` is one line without a full stop; `meaning`, `why` and `mend` are short paragraphs with
    a blank line between them. A paragraph that is indented is for typing and never wrapped.
    The common indentation of a triple-quoted text is taken off.
    """

    id: str
    severity: Severity
    title: str
    meaning: str
    why: str
    mend: str

    def __post_init__(self) -> None:
        """Let the texts be declared as triple-quoted strings."""
        for field in ("meaning", "why", "mend"):
            object.__setattr__(self, field, cleandoc(getattr(self, field)))
