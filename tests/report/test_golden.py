"""Every format as it looks, byte for byte.

After a wanted change: `UPDATE_GOLDEN=1 pytest tests/report/test_golden.py`, then read the diff.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.model.findings import Report
from agenix_check.report import schema
from agenix_check.report.explain import explain
from agenix_check.report.formats import github, gitlab, json, junit, markdown, sarif, text
from tests.report.sample import GREEN, MENDED, NAMES, PLAIN_AGENIX, TROUBLE

GOLDEN = Path(__file__).parent / "golden"


def _text(report: Report, *flags: str) -> Callable[[], str]:
    return lambda: text.render(
        report, color="color" in flags, verbose="verbose" in flags, quiet="quiet" in flags
    )


def _junit(report: Report, *flags: str) -> Callable[[], str]:
    return lambda: junit.render(
        report, require_verified="verified" in flags, strict="strict" in flags
    )


def _sarif(report: Report) -> Callable[[], str]:
    """All but the texts of the rules, a line each, which would change with every one of them."""

    def render() -> str:
        lines = sarif.render(report, "1.2.3").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith('{"id": '))

    return render


CASES: dict[str, Callable[[], str]] = {
    "green.txt": _text(GREEN),
    "mended.txt": _text(MENDED),
    "names.txt": _text(NAMES),
    "trouble.txt": _text(TROUBLE),
    "trouble-color.txt": _text(TROUBLE, "color"),
    "trouble-quiet.txt": _text(TROUBLE, "quiet"),
    "trouble-verbose.txt": _text(TROUBLE, "verbose"),
    "plain.txt": _text(PLAIN_AGENIX),
    "plain.xml": _junit(PLAIN_AGENIX),
    "green.log": lambda: github.render(GREEN, verbose=False, quiet=False),
    "trouble.log": lambda: github.render(TROUBLE, verbose=False, quiet=False),
    "green.md": lambda: markdown.render(GREEN),
    "mended.md": lambda: markdown.render(MENDED),
    "trouble.md": lambda: markdown.render(TROUBLE),
    "plain.md": lambda: markdown.render(PLAIN_AGENIX),
    "green.gitlab.json": lambda: gitlab.render(GREEN),
    "trouble.gitlab.json": lambda: gitlab.render(TROUBLE),
    "plain.gitlab.json": lambda: gitlab.render(PLAIN_AGENIX),
    "green.sarif": _sarif(GREEN),
    "trouble.sarif": _sarif(TROUBLE),
    "green.json": lambda: json.render(GREEN, "1.2.3"),
    "trouble.json": lambda: json.render(TROUBLE, "1.2.3"),
    "green.xml": _junit(GREEN),
    "trouble.xml": _junit(TROUBLE),
    "trouble-strict.xml": _junit(TROUBLE, "strict", "verified"),
    "report-1.schema.json": schema.render,
    "lock-1.schema.json": lambda: schema.render("lock"),
    "explain-output-dummy.txt": lambda: explain("output-dummy"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_looks_as_before(name: str) -> None:
    rendered = CASES[name]()
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(rendered.encode())

    assert path.is_file(), f"{path} is missing: run UPDATE_GOLDEN=1 pytest {__file__}"
    assert rendered == path.read_bytes().decode()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)
