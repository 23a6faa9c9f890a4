"""How the tests of this room look at runs and at directories."""

import contextlib
import io
import json
import os
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop

WIFI = "secrets/wifi.age"  # alpha and beta have it


class Said(NamedTuple):
    """What a run gave."""

    code: int
    stdout: str
    stderr: str


def call(directory: Path, *arguments: str, **env: str) -> Said:
    """Run the command in a directory and in this process, with more variables set."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(directory),
        patch.dict(os.environ, env),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(arguments)
    return Said(code, out.getvalue(), err.getvalue())


def judge(directory: Path, *options: str, hint: str = "", **env: str) -> set[str]:
    """Run the gate with nothing remembered and return the rules of its errors.

    Besides the report it says nothing, or what has the `hint` in it.
    """
    said = call(directory, "--format", "json", "--no-cache", *options, **env)
    assert (hint in said.stderr) if hint else (said.stderr == ""), said
    found = {
        finding["rule"]
        for finding in json.loads(said.stdout)["findings"]
        if finding["severity"] == "error"
    }
    assert said.code == (1 if found else 0), said
    return found


def says(said: Said, code: int) -> str:
    """Return the one line that a run wrote instead of a report."""
    lines = said.stderr.splitlines()
    assert (said.code, len(lines)) == (code, 1), said
    return lines[0].removeprefix("agenix-check: ")


def spoil(fleet: Workshop) -> None:
    """Change a source of two nodes in the work tree, without a rekey."""
    fleet.source(WIFI, "another plaintext")


def mend(fleet: Workshop) -> None:
    """Rekey for the two nodes what `spoil` left, and remove what that replaces."""
    for node in ("alpha", "beta"):
        for old in (fleet.top / f"secrets/rekeyed/{node}").glob("*-wifi.age"):
            old.unlink()
        fleet.rekey(node, "wifi", WIFI, "another plaintext")


def bytes_of(directory: Path) -> dict[str, bytes]:
    """Return every file's content and every symlink's target below a directory."""
    return {
        str(path.relative_to(directory)): (
            str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        )
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def outside_git(top: Path) -> dict[str, bytes]:
    """Return the work tree's content."""
    return {
        path: data
        for path, data in bytes_of(top).items()
        if path != ".git" and not path.startswith(".git/")
    }


def status(fleet: Workshop) -> str:
    """Return what Git says of the index and the work tree."""
    return fleet.git.run("status", "--porcelain").decode()


def mark(program: Path, marker: Path) -> str:
    """Write a program that leaves a marker when it runs, and return its path."""
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\n")
    program.chmod(0o755)
    return str(program)
