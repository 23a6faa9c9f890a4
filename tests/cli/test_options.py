"""Options that are read without a parser are read the same by it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.cli.gate_grammar import parse_check
from agenix_check.cli.options import OPTIONS, plain_options
from agenix_check.errors import UsageError

_FLAGS = [f"--{one.name}" for one in OPTIONS if one.kind == "flag" and one.text.help]
_CHOICES = [
    [f"--{one.name}", value]
    for one in OPTIONS
    if one.kind == "choice" and one.text.help
    for value in one.values
]
_OTHERS = [
    "--collect-home-manager", "--rev", "--fi", "--fix=1", "--", "-q", "check", "fix", "--help",
    "--version", "", "--format", "--format=json", "--junit", "json",
]  # fmt: skip


@given(st.lists(st.sampled_from([*([one] for one in _FLAGS), *_CHOICES]), max_size=6))
def test_options_are_read_as_the_parser_reads_them(some: Sequence[Sequence[str]]) -> None:
    words = [word for one in some for word in one]
    assert plain_options(words) == parse_check(words)


@given(st.lists(st.sampled_from(_FLAGS), max_size=3), st.sampled_from(_OTHERS))
def test_anything_else_is_left_to_the_parser(words: Sequence[str], other: str) -> None:
    assert plain_options([*words, other]) is None
    assert plain_options([other, *words]) is None


def test_a_setting_without_a_help_is_no_option() -> None:
    with pytest.raises(UsageError, match="there is no option"):
        parse_check(["--collect-home-manager"])
