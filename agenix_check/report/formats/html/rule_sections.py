"""The texts of the rules that a page names."""

from collections.abc import Iterator
from textwrap import dedent

from markupsafe import Markup, escape

from agenix_check.model.findings import Report
from agenix_check.model.frozen import frozen
from agenix_check.report.addresses import rule_uri
from agenix_check.report.explain import rule_texts
from agenix_check.report.grouping import rule_rank
from agenix_check.rules import RULES, Rule


@frozen
class RuleOnPage:
    """A rule: its page, and headings with their paragraphs; the flag marks commands to type."""

    rule: Rule
    uri: str
    sections: tuple[tuple[str, tuple[tuple[bool, Markup], ...]], ...]


def rules_of(report: Report) -> Iterator[RuleOnPage]:
    """Yield the rules that are broken in a report, in the order of the catalogue."""
    broken = {one.rule for one in report.findings}
    broken.update(rule for one in report.files for rule in one.rules)
    for rule in sorted(broken & RULES.keys(), key=rule_rank):
        yield _sections_of(RULES[rule])


def _sections_of(rule: Rule) -> RuleOnPage:
    return RuleOnPage(
        rule=rule,
        uri=rule_uri(rule.id),
        sections=tuple(
            (heading, tuple(map(_paragraph, text.split("\n\n"))))
            for heading, text in rule_texts(rule)
        ),
    )


def _paragraph(text: str) -> tuple[bool, Markup]:
    """Return whether a paragraph is a command to type, and its text; commands keep their lines."""
    is_code = text.startswith(" ")
    return is_code, escape(dedent(text) if is_code else " ".join(text.split()))
