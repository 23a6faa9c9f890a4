"""What `agenix-check explain RULE` prints."""

from textwrap import fill
from textwrap import indent as indent_lines

from agenix_check.errors import UsageError, nearest
from agenix_check.report.escape import visible
from agenix_check.report.registry import DEFAULT_WIDTH
from agenix_check.rules import RULES, About, Rule, unindented

_MOST_SUGGESTED = 3


def rule_texts(rule: Rule) -> tuple[tuple[str, str], ...]:
    """Return the texts of a rule, each with its heading."""
    return (
        ("What it means", unindented(rule.meaning)),
        ("Why it matters", unindented(rule.why)),
        ("How to fix it", unindented(rule.mend)),
    )


def explain(rule_id: str, width: int = DEFAULT_WIDTH) -> str:
    """Explain a rule at length: what it means, why it matters, how to fix it.

    An unknown id raises `UsageError`, which names the nearest rule.
    """
    rule = RULES.get(rule_id)
    if rule is None:
        hint = _nearest_rule(rule_id) or "; `agenix-check rules` lists all"
        raise UsageError(f"there is no rule {visible(rule_id)!r}{hint}")
    title = rule.title[:1].upper() + rule.title[1:] + "."
    parts = [f"{rule.id} ({rule.severity})", _wrap(title, width)]
    for heading, text in rule_texts(rule):
        parts += [heading, *(_wrap(paragraph, width) for paragraph in text.split("\n\n"))]
    return "\n\n".join(parts) + "\n"


def _nearest_rule(text: str) -> str:
    """Return a hint to the rules that have the text in their id, or to the one most like it."""
    having = sorted(
        (rule for rule in RULES if text and text.lower() in rule),
        key=lambda rule: (RULES[rule].about is not About.OUTPUT, rule),
    )
    if not having:
        return nearest(text, RULES)
    return f" (did you mean {' or '.join(map(repr, having[:_MOST_SUGGESTED]))}?)"


def list_rules() -> str:
    """Return a list of all rules: id, severity and title, one line each."""
    width = max(map(len, RULES))
    rows = (f"{rule.id:<{width}}  {rule.severity:<7}  {rule.title}" for rule in RULES.values())
    return "\n".join(rows) + "\n"


def _wrap(paragraph: str, width: int) -> str:
    indent = "  "
    if paragraph.startswith(" "):
        return indent_lines(paragraph, indent)
    return fill(
        paragraph,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
