"""`explain`: the whole rule as plain text."""

import pytest

from agenix_check.errors import UsageError
from agenix_check.report.explain import explain
from agenix_check.rules import RULES


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_fits_a_terminal(rule_id: str) -> None:
    text = explain(rule_id)

    assert text.startswith(f"{rule_id} ({RULES[rule_id].severity})\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_all_parts_are_there_and_commands_stay_whole() -> None:
    text = explain("output-dummy")

    headings = ["What it means", "Why it matters", "How to fix it"]
    assert [line for line in text.splitlines()[1:] if line and line[0] != " "] == headings
    assert "\n      agenix-check --fix\n" in text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("output-stael", "output-stale"), ("orphan", "output-orphan"), ("private", "private-key")],
)
def test_an_unknown_rule_names_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"no rule '{typed}' \(did you mean '{meant}'\?\)"):
        explain(typed)


def test_an_unknown_rule_cannot_write_to_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        explain("\x1b[2J\n\udcff")

    assert str(caught.value).isprintable()
