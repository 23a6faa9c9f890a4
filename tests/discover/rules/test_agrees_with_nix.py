"""The evaluator and real Nix: where both give an answer, the answers are equal."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.discover.rules.values import RefusedError
from tests.discover.rules.language import Writer, match_or_split
from tests.discover.rules.real_nix import explain, nix_answers, our_answer
from tests.pace import per_hundred

_AT_ONCE = 60
_SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
_HERE = Path(__file__).parent
# Where the two could easily differ; and what neither gives an answer to.
_KNOWN = (_HERE / "expressions.txt").read_text().rstrip("\n").split("\n----\n")
_FAILING = (_HERE / "failing.txt").read_text().rstrip("\n").split("\n----\n")
# What Nix gives an answer to, and the evaluator must not: it depends on the machine, or on which
# Nix it is, or on what nobody writes.
_REFUSED = [
    "{ a = rec { x = 1; y = x; }; a.z = 3; }",
    "9223372036854775807 + 1",
    "{ a = x: x; } == { a = x: x; }",
    'builtins.split "x*" "axb"',
    'builtins.split "" "ab"',
    'builtins.fromJSON "9223372036854775808"',
    "builtins.toJSON 1.5",
    "./a/../../x",
    "builtins ? getEnv",
    'builtins.getEnv "HOME"',
    "builtins.pathExists /etc",
    "let __sub = a: b: 9; in 3 - 1",
    "'''${\"x\"}''",
    "let { body = 1; }",
    "rec { __overrides = { a = 1; }; a = 2; }",
    "{ inherit; }",
    "__curPos",
    "~/x",
    "/etc/passwd",
]


def _ask_nix(expressions: Sequence[str]) -> list[str | None]:
    with TemporaryDirectory() as name:
        for number, text in enumerate(expressions):
            (Path(name) / f"{number}.nix").write_text(text)
        return nix_answers(Path(name), [f"{number}.nix" for number in range(len(expressions))])


def disagreements(expressions: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """Return the expressions for which Nix does not say what the evaluator says."""
    ours = {text: answer for text in expressions if (answer := our_answer(text.encode()))}
    theirs = _ask_nix(list(ours))
    return [
        (text, answer, other)
        for (text, answer), other in zip(ours.items(), theirs, strict=True)
        if answer != other and not (other is None and _is_no_text(answer))
    ]


def _is_no_text(answer: str) -> bool:
    """Return whether an answer has a string that is not UTF-8: newer Nix writes none as JSON."""
    return "\ufffd" in answer


def test_known_expressions() -> None:
    assert len(_KNOWN) > 200
    assert [text for text in _KNOWN if our_answer(text.encode()) is None] == []
    assert disagreements(_KNOWN) == []


def test_what_fails_fails_in_both() -> None:
    assert len(_FAILING) > 50
    assert [text for text in _FAILING if our_answer(text.encode()) is not None] == []
    # Each of them takes a process of Nix: a few will do.
    some = Random().sample(_FAILING, 5)  # noqa: S311 - no secret
    assert [(text, answer) for text in some for answer in _ask_nix([text]) if answer] == []


@pytest.mark.parametrize("text", _REFUSED)
def test_what_must_be_refused(text: str) -> None:
    with pytest.raises(RefusedError) as error:
        explain(text.encode())
    assert error.value.place is not None


@per_hundred(10)
@given(_SEEDS)
def test_generated_expressions(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    writer = Writer(random)
    expressions = [
        writer.expression(writer.any_type(2), random.randint(1, 6), {}) for _ in range(_AT_ONCE)
    ]
    assert disagreements(expressions) == []


@per_hundred(5)
@given(_SEEDS)
def test_generated_posix_expressions(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    assert disagreements([match_or_split(random) for _ in range(_AT_ONCE)]) == []
