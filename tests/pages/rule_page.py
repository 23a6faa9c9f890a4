"""The page of each rule in `docs/rules/`, made from its declaration."""

from agenix_check.model.findings import Severity
from agenix_check.report.explain import rule_texts
from agenix_check.rules import RULES, Rule

_WHEN = {
    Severity.ERROR: "fails the run",
    Severity.WARNING: "fails the run with `--strict`",
    Severity.NOTE: "never fails the run",
}


def render_rule_page(rule: Rule) -> str:
    """Return a page in Markdown: the rule's texts, what `--fix` does, and how to switch it off."""
    fixed = "`agenix-check --fix` can fix it." if rule.mended_by else "Only a person can fix it."
    parts = [
        f"# {rule.id}",
        f"{rule.title[:1].upper()}{rule.title[1:]}.",
        f"Severity: {rule.severity}, which {_WHEN[rule.severity]}. {fixed}",
    ]
    for heading, text in rule_texts(rule):
        # The texts have no markup; commands are indented, so they become blocks of code.
        parts += [f"## {heading}", text]
    parts += [
        "## To switch it off",
        "For one run `--ignore RULE`; for some files, with a reason, in `agenix-check.toml`:",
        f'    ignore = [{{ rule = "{rule.id}", path = "GLOB", reason = "WHY" }}]',
        "[All rules](README.md)",
    ]
    return "\n\n".join(parts) + "\n"


def render_rules_index() -> str:
    """Return the page that lists all rules."""
    rows = [
        f"| [`{rule.id}`]({rule.id}.md) | {rule.severity} | {rule.title} |\n"
        for rule in RULES.values()
    ]
    head = "| rule | severity | what is wrong |\n| --- | --- | --- |\n"
    return f"# Rules\n\n`agenix-check explain RULE` says the same.\n\n{head}{''.join(rows)}"
