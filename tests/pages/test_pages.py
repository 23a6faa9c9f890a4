"""Pages and scripts that are made from declarations are as these are.

UPDATE_README=1 renews them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agenix_check.cli.completion_scripts import render_script
from agenix_check.cli.surface import all_surfaces
from agenix_check.report.addresses import rule_uri
from agenix_check.rules import RULES
from tests.checkout import ROOT, run
from tests.pages.manual import render_manual
from tests.pages.rule_page import render_rule_page, render_rules_index
from tests.pages.settings_page import render_settings_page

_SCRIPTS = {
    "share/bash-completion/completions/agenix-check": "bash",
    "share/zsh/site-functions/_agenix-check": "zsh",
    "share/fish/vendor_completions.d/agenix-check.fish": "fish",
}


def _made() -> Iterator[tuple[str, str]]:
    for path, shell in _SCRIPTS.items():
        yield path, render_script(shell, all_surfaces())
    yield "share/man/man1/agenix-check.1", render_manual(all_surfaces())
    yield "docs/settings.md", render_settings_page()
    yield "docs/rules/README.md", render_rules_index()
    for rule in RULES.values():
        yield f"docs/rules/{rule.id}.md", render_rule_page(rule)


def test_the_block_of_each_page_is_what_is_declared() -> None:
    made = dict(_made())
    there = {
        path.relative_to(ROOT).as_posix()
        for directory in ("share", "docs/rules")
        for path in (ROOT / directory).rglob("*")
        if path.is_file()
    }
    if os.environ.get("UPDATE_README"):
        for path in there - made.keys():
            (ROOT / path).unlink()
        for path, text in made.items():
            file = ROOT / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists() or file.read_text() != text:
                file.write_text(text)
        return
    assert there | {"docs/settings.md"} == made.keys(), "renew them with UPDATE_README=1"
    wrong = [path for path, text in made.items() if (ROOT / path).read_text() != text]
    assert wrong == [], "renew them with UPDATE_README=1"


@pytest.mark.parametrize("rule", RULES)
def test_the_page_of_a_rule_is_where_reports_say(rule: str) -> None:
    _, _, path = rule_uri(rule).partition("/blob/main/")
    assert (ROOT / path).is_file()


def test_a_reader_of_manuals_has_nothing_to_say_of_ours(tmp_path: Path) -> None:
    page = ROOT / "share/man/man1/agenix-check.1"
    lint = run(tmp_path, {}, "mandoc", "-T", "lint", "-W", "error", str(page))
    assert (lint.code, lint.output) == (0, "")
    shown = run(
        tmp_path, {"MANWIDTH": "80", "LC_ALL": "C.UTF-8"}, "man", "-P", "cat", "-l", str(page)
    )
    assert shown.code == 0
    for said in ("--inventory auto|nix|lock|names", "fleet NODE", "EXIT STATUS", "130"):
        assert said in shown.output
