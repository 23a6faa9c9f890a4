"""`agenix-check demo`: the stories, which run this very program, and every break."""

import io
import os
import select
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

from agenix_check.cli.grammar import parse_demo
from agenix_check.cli.terminal import print_out, use_color
from agenix_check.model.settings import ColorWhen

_SECONDS = 10  # that a screen stays, unless Enter is pressed


def run_demo(arguments: Sequence[str]) -> int:
    """Tell the stories, or show every break, and return the exit code."""
    from agenix_check import demo

    directory, everything = parse_demo(arguments)
    color = use_color(ColorWhen.AUTO)
    if everything:
        return demo.show_all(directory, print_out, color=color)
    return demo.tell_stories(
        directory, partial(_execute, color=color), print_out, color=color, pause=_pause
    )


class _Screen(io.StringIO):
    """What a command prints, as to a terminal where the demo itself prints to one."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def _execute(directory: Path, arguments: Sequence[str], *, color: bool) -> tuple[int, str]:
    from agenix_check.cli import INTERRUPTED, main

    screen, messages = _Screen(is_terminal=color), io.StringIO()
    with chdir(directory), redirect_stdout(screen), redirect_stderr(messages):
        code = main(arguments)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code, messages.getvalue() + screen.getvalue()


def _pause() -> None:
    """Leave time to read where somebody does."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    print_out("(Enter for the next one)\n\n")
    if select.select([sys.stdin], [], [], _SECONDS)[0]:
        os.read(sys.stdin.fileno(), 4096)  # a line: what Python reads ahead would be lost
