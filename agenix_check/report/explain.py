"""What `agenix-check explain RULE` prints."""

from textwrap import fill
from textwrap import indent as indent_lines

from agenix_check.errors import UsageError
from agenix_check.report.escape import visible
from agenix_check.rules import RULES

_WIDTH = 80

SECTIONS = (("What it means", "meaning"), ("Why it matters", "why"), ("How to mend it", "mend"))
"""The headings of a rule's texts, and the fields that hold them."""


def explain(rule_id: str) -> str:
    """Tell a rule at length: what it means, why it matters, how to mend it.

    An id that is no rule raises `UsageError`, which names the nearest one that is.
    """
    rule = RULES.get(rule_id)
    if rule is None:
        raise UsageError(_unknown(rule_id))
    parts = [f"{rule.id} ({rule.severity})", _wrap(rule.title[:1].upper() + rule.title[1:] + ".")]
    for heading, field in SECTIONS:
        parts += [heading, *map(_wrap, str(getattr(rule, field)).split("\n\n"))]
    return "\n\n".join(parts) + "\n"


def list_rules() -> str:
    """List every rule with its weight and its title, a line each."""
    width = max(map(len, RULES))
    rows = (f"{rule.id:<{width}}  {rule.severity:<7}  {rule.title}" for rule in RULES.values())
    return "\n".join(rows) + "\n"


def _wrap(paragraph: str) -> str:
    indent = "  "
    if paragraph.startswith(" "):
        return indent_lines(paragraph, indent)
    return fill(
        paragraph,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _unknown(rule_id: str) -> str:
    from difflib import get_close_matches  # only a typing error needs it

    near = get_close_matches(rule_id, RULES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "; `agenix-check explain` lists all"
    return f"there is no rule {visible(rule_id)!r}{hint}"
