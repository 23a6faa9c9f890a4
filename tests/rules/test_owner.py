"""What is known of a rule stands in its declaration: no other room lists rules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from agenix_check.rules import RULES
from tests.checkout import ROOT

PACKAGE = ROOT / "agenix_check"
KINDS = tuple({f"{rule.partition('-')[0]}-" for rule in RULES})
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "rules"]


def _is_rule(node: ast.AST | None) -> bool:
    if isinstance(node, ast.MatchValue):
        return _is_rule(node.value)
    return isinstance(node, ast.Constant) and node.value in RULES


def _listed(text: str) -> Iterator[str]:
    """Give each place of a module that lists rules, or takes their kind from their ids."""
    for node in ast.walk(ast.parse(text)):
        parts: list[list[ast.AST | None]] = []
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts.append([*node.elts])
        elif isinstance(node, ast.Dict):
            parts += [[*node.keys], [*node.values]]
        elif isinstance(node, ast.MatchOr):
            parts.append([*node.patterns])
        elif isinstance(node, ast.BoolOp):
            compared = [one for one in node.values if isinstance(one, ast.Compare)]
            parts.append([part for one in compared for part in (one.left, *one.comparators)])
        elif isinstance(node, ast.Constant) and node.value in KINDS:
            yield ast.unparse(node)
        if any(sum(map(_is_rule, part)) > 1 for part in parts):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_other_room_lists_rules(path: Path) -> None:
    assert list(_listed(path.read_text())) == []


@pytest.mark.parametrize(
    "text",
    [
        '_LOST = ("output-stale", "output-orphan")',
        'rule in {"output-stale", "private-key"}',
        '_FIX = {"output-stale": 1, "lock-stale": 2}',
        '_NAMES = {1: "output-stale", 2: "lock-stale"}',
        'match rule:\n    case "output-stale" | "lock-stale":\n        pass',
        'rule == "output-stale" or rule == "lock-stale"',
        'rule.startswith("output-")',
    ],
)
def test_a_list_is_seen(text: str) -> None:
    assert list(_listed(text))


def test_one_rule_is_no_list() -> None:
    text = 'found = ("output-stale", "a message")\nif rule == "output-stale" and new: pass'

    assert list(_listed(text)) == []
