"""The recipes of CONTRIBUTING: their blocks, which edit files, and the commands that follow."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.checkout import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()

_PART = re.compile(r"^```(diff|python)\n(.*?)^```$|^ {4}(\S[^\n]*)$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`((?:agenix_check|tests)/[\w/]+\.py)`")


class Edit(NamedTuple):
    """What a block adds to the file that is named last before it; `is_new`: it is all of it."""

    file: str
    block: str
    is_new: bool


class Recipe(NamedTuple):
    """A recipe: what it edits, and the commands that it ends with."""

    edits: tuple[Edit, ...]
    commands: tuple[str, ...]


def read_recipe(title: str) -> Recipe:
    """Return the recipe under a heading."""
    section = TEXT.split(f"\n### {title}\n")[1].split("\n### ")[0]
    edits, commands = [], []
    for part in _PART.finditer(section):
        language, block, command = part.groups()
        if command:
            commands.append(command)
            continue
        file = _FILE.findall(section[: part.start()])[-1]
        edits.append(Edit(file, block, language == "python"))
    return Recipe(tuple(edits), tuple(commands))


def new_files() -> set[str]:
    """Return the files that are there only once a recipe was followed."""
    titles = re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    return {edit.file for title in titles for edit in read_recipe(title).edits if edit.is_new}


def apply(edit: Edit, checkout: Path) -> None:
    """Edit a file in a checkout; what a block says is there must be there, and once."""
    path = checkout / edit.file
    if edit.is_new:
        assert not path.exists(), f"{edit.file} is there already"
        path.write_text(edit.block)
        return
    text = path.read_text()
    for hunk in edit.block.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        assert {line[0] for line in lines} <= {"+", " "}, hunk
        before = "".join(line[1:] for line in lines if line[0] == " ")
        after = "".join(line[1:] for line in lines)
        assert before
        assert text.count(f"\n{before}") == 1, f"{edit.file} does not say, once:\n{before}"
        text = text.replace(f"\n{before}", f"\n{after}")
    path.write_text(text)
