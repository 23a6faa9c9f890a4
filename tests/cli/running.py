"""The command as a process: run, and what it said."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.conftest import Result
from tests.pace import PATIENCE


def break_fleet(fleet: Workshop) -> None:
    """Make outputs stale, and stage that."""
    fleet.source("secrets/db.age", "another\n")
    fleet.stage()


def complains(result: Result, code: int, *words: str) -> None:
    """Assert one line on standard error, which holds some words, and nothing else."""
    assert result.code == code, result
    assert result.stdout == ""
    assert result.stderr.startswith("agenix-check: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def start(top: Path, *words: str, stdout: int) -> "subprocess.CompletedProcess[str]":
    """Run the command, with its standard output at a descriptor."""
    return subprocess.run(
        [sys.executable, "-m", "agenix_check", *words],
        cwd=top,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


def on_terminal(top: Path, *words: str, **variables: str) -> str:
    """Return what the command prints on a terminal."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "agenix_check", *words],
            cwd=top,
            env={**os.environ, "TERM": "xterm", **variables},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            check=False,
            timeout=PATIENCE,
        )
        return os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
