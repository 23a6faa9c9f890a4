"""Commands to type: whatever a path holds, a shell reads it as that path."""

import os
import subprocess

import pytest

from agenix_check.audit.commands import (
    bring_back,
    pathspec,
    remove,
    restore,
    shell,
    stage,
    write_anew,
)
from agenix_check.demo.workshop import Workshop
from agenix_check.report.escape import reversible, visible

NAMES = [
    b"a b",
    b"it's",
    b"caf\xe9",
    b"caf\xc3\xa9",
    b"new\nline",
    b"\x1b[31m' $(id) \\x41",
    b"\xe2\x80\xae",
    b"tab\t1",
]
# Functions of Bash that print what they are given, in place of the programs.
STAND_INS = """
    cd() { :; }; git() { printf '%s\\0' "$@"; }; rm() { git "$@"; }; agenix() { git "$@"; }
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_path_is_the_same_for_the_shell(name: bytes) -> None:
    quoted = shell(os.fsdecode(name))

    done = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)

    assert done.stdout == name
    assert visible(quoted) == reversible(quoted) == quoted


@pytest.mark.parametrize("name", [*NAMES, b"-rf", b":top", b"#"])
def test_what_is_to_type_can_be_pasted(name: bytes) -> None:
    path = os.fsdecode(name)
    for line in (
        stage(path), remove(path), restore(path),
        write_anew(path, empty=True), write_anew(path, empty=False),
        bring_back(path, None, at_base=True), bring_back(path, None, at_base=False),
    ):  # fmt: skip
        said = subprocess.run(
            ["bash", "-c", f"{STAND_INS} {line}"],
            capture_output=True,
            check=False,
        )
        given = said.stdout.split(b"\0")
        forms = {name, b":/" + name, b":(top,literal)" + name}
        assert line.startswith("#") or forms & set(given)


def test_git_takes_no_path_for_a_pattern() -> None:
    assert pathspec("a*") == "':(top,literal)a*'"
    assert pathspec(":a") == "':(top,literal):a'"
    assert pathspec("a/b.age") == ":/a/b.age"


@pytest.mark.parametrize("name", [*NAMES, b"-rf", b":top", b"#", b"*", b"d/e"])
def test_a_path_is_the_same_from_every_directory(workshop: Workshop, name: bytes) -> None:
    path = os.fsdecode(name)
    workshop.write(path, "text\n")
    below = workshop.top / "a directory"
    below.mkdir()

    subprocess.run(["bash", "-c", stage(path)], cwd=below, check=True)

    staged = workshop.git.run("ls-files", "-z").split(b"\0")[:-1]
    assert staged == [name]
