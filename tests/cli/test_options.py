"""Flags that are read without a parser are read the same by it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.cli.gate_grammar import parse_check
from agenix_check.cli.options import OPTIONS, flags_alone
from agenix_check.errors import UsageError

_FLAGS = [f"--{one.name}" for one in OPTIONS if one.kind == "flag" and one.text.help]
_OTHERS = [
    "--collect-home-manager", "--rev", "--fi", "--fix=1", "--", "-q", "check", "fix", "--help",
    "--version", "",
]  # fmt: skip


@given(st.lists(st.sampled_from(_FLAGS), max_size=6))
def test_flags_are_read_as_the_parser_reads_them(words: Sequence[str]) -> None:
    assert flags_alone(words) == parse_check(words)


@given(st.lists(st.sampled_from(_FLAGS), max_size=3), st.sampled_from(_OTHERS))
def test_anything_else_is_left_to_the_parser(words: Sequence[str], other: str) -> None:
    assert flags_alone([*words, other]) is None
    assert flags_alone([other, *words]) is None


def test_a_setting_without_a_help_is_no_option() -> None:
    with pytest.raises(UsageError, match="there is no option"):
        parse_check(["--collect-home-manager"])
