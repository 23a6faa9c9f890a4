"""Whoever waits at a terminal sees what takes so long, and nobody else does."""

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.activity import busy
from agenix_check.model.settings import Settings
from agenix_check.report.waiting_line import show_waiting
from tests.pace import PATIENCE

_CLEAR = b"\r\x1b[K"
_AT_ONCE = 0.0


@contextmanager
def _terminal() -> Iterator[tuple[int, TextIO]]:
    """Give what reads a terminal, and what writes to it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield ours, stream
    os.close(ours)


def _read_until(ours: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen and select.select([ours], [], [], PATIENCE)[0]:
        seen += os.read(ours, 4096)
    assert words in seen
    return seen


def test_what_takes_long_is_named_and_gone_when_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    with _terminal() as (ours, stream), show_waiting(Settings(), stream, _AT_ONCE):
        with busy("reading"), busy("reading history"):
            seen = _read_until(ours, b"reading history (")
        stream.write("the end\n")
        stream.flush()
        seen += _read_until(ours, b"the end")
    assert seen.endswith(_CLEAR + b"the end\r\n")
    assert seen.startswith(_CLEAR)


@pytest.mark.parametrize("why", ["CI", "dumb", "quiet", "no terminal"])
def test_nobody_else_sees_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, why: str) -> None:
    monkeypatch.setenv("TERM", "dumb" if why == "dumb" else "xterm")
    monkeypatch.setenv("CI", "true" if why == "CI" else "")
    settings = Settings(quiet=why == "quiet")
    with _terminal() as (ours, terminal), (tmp_path / "log").open("w") as log:
        stream = log if why == "no terminal" else terminal
        with show_waiting(settings, stream, _AT_ONCE), busy("reading"):
            assert not select.select([ours], [], [], 1)[0]
    assert (tmp_path / "log").read_text() == ""


def test_a_slow_disk(fleet: Workshop, tmp_path: Path) -> None:
    git = tmp_path / "git"
    real = shutil.which("git")
    git.write_text(f'#!/bin/sh\ncase "$*" in *cat-file*) sleep 3;; esac\nexec {real} "$@"\n')
    git.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "xterm", "CI": ""}
    words = [sys.executable, "-m", "agenix_check", "--no-cache", "--inventory", "names"]
    with _terminal() as (ours, stream):
        done = subprocess.run(
            words, cwd=fleet.top, env=environment, stdout=subprocess.PIPE, stderr=stream,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        seen = _read_until(ours, _CLEAR)
    assert done.returncode == 0
    assert b"reading keys, sources and outputs (" in seen
    assert seen.endswith(_CLEAR)
    assert b"outputs" in done.stdout
