"""Hostile names: visible for people, reversible for programs."""

import html
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Cause, CauseKind
from agenix_check.model.frozen import replace
from agenix_check.report import RenderOptions, render
from agenix_check.report.escape import inert, reversible, visible
from agenix_check.report.registry import format_names
from tests.report.sample import finding, report

NAMES = st.one_of(
    st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.text(alphabet="\\x0459cfab\udc80\udcffé", max_size=12),
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("secrets/db.age", "secrets/db.age"),
        ("größe ключ 鍵 🔑", "größe ключ 鍵 🔑"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x00\x1b[31m\x7f", r"\x00\x1b[31m\x7f"),
        ("\x85\x9b", r"\u0085\u009b"),
        ("\u202edlrow\u202c\u2066x\u2069", r"\u202edlrow\u202c\u2066x\u2069"),
        ("\u200b\ufeff\u2028", r"\u200b\ufeff\u2028"),
        ("\udcff\udc80", r"\xff\x80"),
        ("\ud800", r"\ud800"),
        ("\ufffe\U0001fffe", r"\ufffe\U0001fffe"),
        ("\U000e0001", r"\U000e0001"),
        (r"C:\dir", r"C:\dir"),
    ],
)
def test_people_see_what_a_name_holds(name: str, shown: str) -> None:
    assert visible(name) == shown


@given(st.text(st.characters(), max_size=60))
def test_nothing_invisible_is_left(name: str) -> None:
    shown = visible(name)

    assert shown.isprintable()
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in shown)
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain", "plain"),
        ("é\n\u202e", "é\n\u202e"),
        ("a\udcff", r"a\xff"),
        (r"a\b", r"a\b"),
        (r"a\xff", r"a\x5cxff"),
        (r"a\x5cxff", r"a\x5cx5cxff"),
        ("\\\udcff", r"\\xff"),
        (r"a\xFF", r"a\xFF"),
        ("\ud800", r"\x3f"),
    ],
)
def test_programs_get_text(name: str, written: str) -> None:
    assert reversible(name) == written


def bytes_of(text: str) -> bytes:
    """Do what the schema tells the reader of a report to do."""
    return re.sub(
        rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), text.encode()
    )


@given(NAMES)
def test_the_bytes_of_a_name_can_be_had_back(name: str) -> None:
    text: str = json.loads(json.dumps(reversible(name)))

    assert bytes_of(text) == name.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x\n  ::add-mask::y\n", "\\x3a:error::x\n  \\x3a:add-mask::y\n"),
        ("a\r::x", "a\r\\x3a:x"),
        (":::x", r"\x3a::x"),
        ("a ##[error]b", r"a \x23#[error]b"),
        ("###[x]", r"#\x23#[x]"),
        ("a::b ## [c] #[d]", "a::b ## [c] #[d]"),
        ("\n" * 20000 + "::", "\n" * 20000 + r"\x3a:"),
    ],
)
def test_no_line_of_a_log_is_a_command(text: str, shown: str) -> None:
    assert inert(text) == shown


@pytest.mark.parametrize("form", format_names())
def test_no_format_holds_a_command_for_the_runner(form: str) -> None:
    name = "##[error]###[x]"
    cause = Cause(kind=CauseKind.SOURCE_CHANGED, path=name, commit=None)
    one = replace(finding("output-stale", name, name, path=name), cause=cause, mend=f"x  # {name}")
    sample = report(findings=(one,))
    for told in (sample, replace(sample, incomplete=(name,), skipped=(name,))):
        rendered = render(told, form, RenderOptions(verbose=True))

        assert "error]" in rendered
        assert "##[" not in rendered
        if form in ("json", "gitlab", "sarif"):
            assert name in str(json.loads(rendered))
        elif form == "junit":
            assert name in html.unescape(rendered)
