"""The rules as SARIF describes them, with the text of `explain` as their help."""

from collections.abc import Iterator, Mapping, Sequence

from agenix_check.model.findings import Severity
from agenix_check.report.addresses import HOME, rule_uri
from agenix_check.report.explain import rule_texts
from agenix_check.report.problem import NOT_CHECKED
from agenix_check.rules import RULES, About, Rule, unindented

SarifValue = str | int | bool | None | Sequence["SarifValue"] | Mapping[str, "SarifValue"]

INDEX = {rule: number for number, rule in enumerate([*RULES, NOT_CHECKED])}
"""Where each rule stands among the descriptors; all are there: a log tells what was asked."""

_UNCHECKED = Rule(
    id=NOT_CHECKED,
    severity=Severity.ERROR,
    title="something could not be checked",
    meaning="agenix-check could not check everything that it was asked to; the message says what.",
    why="""
        The other results are incomplete: what could not be checked may be wrong. So the run fails
        (exit code 3).
        """,
    mend="Do what the message says, and run the check again.",
    about=About.FILE,
)


def descriptors() -> Iterator[dict[str, SarifValue]]:
    """Yield a reportingDescriptor (section 3.49) for every rule, in the order of `INDEX`."""
    for rule in (*RULES.values(), _UNCHECKED):
        yield {
            "id": rule.id,
            "name": "".join(word.capitalize() for word in rule.id.split("-")),
            "shortDescription": {"text": _sentence(rule.title)},
            "fullDescription": {"text": _first_paragraph(unindented(rule.meaning))},
            "help": {"text": _plain(rule), "markdown": _markdown(rule)},
            "helpUri": rule_uri(rule.id) if rule.id in RULES else HOME,
            "defaultConfiguration": {"level": rule.severity},
            "properties": _properties(rule),
        }


def _properties(rule: Rule) -> dict[str, SarifValue]:
    """Return tags; GitHub treats rules with a score as security, all others as quality."""
    kind = rule.id.partition("-")[0]
    if rule.exposure is None:
        return {"tags": ["nixos", "secrets", kind, "reliability"]}
    return {"tags": ["nixos", "secrets", kind, "security"], "security-severity": str(rule.exposure)}


def _plain(rule: Rule) -> str:
    return "\n\n".join(f"{heading}:\n\n{text}" for heading, text in rule_texts(rule))


def _markdown(rule: Rule) -> str:
    # The texts are ours and have no markup; commands are indented, so they become code blocks.
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in rule_texts(rule))


def _sentence(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}."


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", 1)[0].split())
