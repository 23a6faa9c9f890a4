"""What holds for every example: it is known here, and its versions are ours."""

import re

from tests.examples import EXAMPLES, HOME, VERSION, example

NAMES = {path.name for path in EXAMPLES.iterdir()}


def test_every_example_is_run_by_a_test() -> None:
    tests = "".join(path.read_text() for path in (EXAMPLES.parent / "tests").rglob("test_*.py"))
    assert [name for name in sorted(NAMES) if f'"{name}"' not in tests] == []


def test_their_versions_are_ours() -> None:
    found = {
        (name, version)
        for name in NAMES
        for version in re.findall(r"\bv?\d+\.\d+\.\d+\b", _ours(example(name)))
    }
    assert {version.lstrip("v") for _, version in found} == {VERSION.lstrip("v")}
    assert {name for name, _ in found} >= {"github-actions.yml", "pre-commit-config.yaml"}


def _ours(text: str) -> str:
    """Return the lines that name a version of this project."""
    lines = text.splitlines()
    return "\n".join(
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if "agenix-check" in line or HOME in before
    )
