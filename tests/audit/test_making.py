"""Commands to type: whatever a path holds, a shell reads it as that path."""

import os
import subprocess

import pytest

from agenix_check.audit.making import pathspec, shell
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


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_path_is_the_same_for_the_shell(name: bytes) -> None:
    quoted = shell(os.fsdecode(name))

    done = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)

    assert done.stdout == name
    assert visible(quoted) == reversible(quoted) == quoted


def test_git_takes_no_path_for_a_pattern() -> None:
    assert pathspec("a*") == "':(literal)a*'"
    assert pathspec(":a") == "':(literal):a'"
    assert pathspec("a/b.age") == "a/b.age"
