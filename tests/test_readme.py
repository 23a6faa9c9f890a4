"""README says what the program says: its rules, its options, and commands that exist."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.cli.options import OPTIONS
from agenix_check.demo.workshop import Workshop
from agenix_check.report.registry import all_formats
from agenix_check.rules import RULES
from tests.conftest import Run

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def _help() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "agenix_check", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80", "PYTHON_COLORS": "0"},
        cwd=ROOT,
    )
    return f"```\n{done.stdout}```\n"


def _rules() -> str:
    rows = [f"| `{rule.id}` | {rule.severity} | {rule.title} |\n" for rule in RULES.values()]
    return "| rule | severity | what is wrong |\n| --- | --- | --- |\n" + "".join(rows)


def _formats() -> str:
    rows = [f"| `{one.name}` | {one.audience} |\n" for one in all_formats()]
    return "| `--format`, `--output FORMAT=FILE` | for |\n| --- | --- |\n" + "".join(rows)


def _block(name: str) -> "re.Pattern[str]":
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize(
    ("name", "make"), [("help", _help), ("formats", _formats), ("rules", _rules)]
)
def test_the_block_is_what_the_program_says(name: str, make: Callable[[], str]) -> None:
    text = README.read_text()
    found = _block(name).search(text)
    assert found is not None
    said = make()
    if os.environ.get("UPDATE_README"):
        README.write_text(text[: found.start(2)] + said + text[found.end(2) :])
        return
    assert found.group(2) == said, "renew it with UPDATE_README=1"


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for text in (README.read_text(), (ROOT / "CONTRIBUTING.md").read_text()):
        for target in re.findall(r"^ {4}make (\w+)", text, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r'src(?:set)?="([^"]+)"', README.read_text())

    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)
    there = {path.name for path in (ROOT / "docs").glob("*.png")}
    assert there == {Path(one).name for one in pictures}


def test_what_a_settings_file_must_not_say(fleet: Workshop, run_here: Run) -> None:
    found = re.search(
        r"except what a tree must not decide.*?: (.*?)\. Each", README.read_text(), re.DOTALL
    )
    assert found is not None
    named = re.findall(r"`([a-z-]+)`", found[1])
    refused = []
    for option in OPTIONS:
        value = {"flag": "true", "number": "1", "list": '["x"]'}.get(option.kind, '"x"')
        fleet.write("agenix-check.toml", f"{option.name} = {value}\n")
        if "cannot be set in a file" in run_here(fleet.top, "--worktree").stderr:
            refused.append(option.name)
    assert sorted(refused) == sorted(named)
