"""The catalogue of rules: complete, in the design's order, and every text usable."""

import re

import pytest

from agenix_check.model.findings import Severity
from agenix_check.rules import RULES, Rule, unindented

# Section 6 of the design, without the rules that need an evaluation.
CONTRACT = {
    "output-missing": "error",
    "output-stale": "error",
    "output-unstaged": "error",
    "output-untraceable": "error",
    "output-not-encrypted": "error",
    "output-lfs": "warning",
    "output-malformed": "error",
    "output-wrong-recipient": "error",
    "output-extra-recipient": "error",
    "output-dummy": "error",
    "output-length": "error",
    "output-content": "error",
    "output-copied": "error",
    "output-rewritten": "warning",
    "output-orphan": "warning",
    "output-mixed-keys": "warning",
    "output-leftover": "error",
    "source-unstaged": "error",
    "source-not-encrypted": "error",
    "source-malformed": "error",
    "source-empty": "warning",
    "source-unknown-recipient": "warning",
    "source-unused": "note",
    "node-invalid-key": "error",
    "node-placeholder-key": "warning",
    "node-key-path": "warning",
    "node-storage-overlap": "error",
    "private-key": "error",
}


def test_the_rules_are_those_of_the_contract_in_its_order() -> None:
    known = [(name, str(rule.severity)) for name, rule in RULES.items() if name in CONTRACT]

    assert known == list(CONTRACT.items())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_is_told_in_full(rule: Rule) -> None:
    assert RULES[rule.id] is rule
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.id)
    assert rule.severity in Severity
    assert "\n" not in rule.title
    assert not rule.title.endswith(".")
    assert len(rule.title) <= 78
    for text in (rule.meaning, rule.why, rule.mend):
        assert unindented(text) == unindented(text).strip()
        assert unindented(text)


def test_exposure_is_the_cvss_score_of_who_can_read_a_secret() -> None:
    scores = {rule.id: rule.exposure for rule in RULES.values() if rule.exposure is not None}

    assert scores == {
        "output-not-encrypted": 9.1,
        "output-wrong-recipient": 8.1,
        "output-extra-recipient": 8.1,
        "source-not-encrypted": 9.1,
        "source-unknown-recipient": 6.5,
        "private-key": 9.8,
        "plain-unknown-recipient": 8.1,
    }
    public = {"output-not-encrypted", "source-not-encrypted", "private-key"}
    assert {rule.id for rule in RULES.values() if rule.is_public} == public


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_fix_has_something_to_type(rule: Rule) -> None:
    assert re.search(r"^    (agenix|agenix-check|git|nix) ", unindented(rule.mend), re.MULTILINE)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_fix_is_explained_where_it_helps(rule: Rule) -> None:
    typed = [line.strip() for line in unindented(rule.mend).splitlines() if line.startswith("    ")]

    if typed[0].startswith("agenix-check --fix"):
        assert rule.mended_by is not None
    if rule.mended_by is not None:
        assert "agenix-check --fix" in rule.mend


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_is_typed_stands_apart_from_prose(rule: Rule) -> None:
    for paragraph in unindented(rule.mend).split("\n\n"):
        indented = {line.startswith("    ") for line in paragraph.splitlines()}
        assert len(indented) == 1
        assert max(map(len, paragraph.splitlines())) <= 88
