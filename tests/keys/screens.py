"""A program at a terminal, and what a person sees there: the screen that its bytes make."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyte

from tests.keys.texts import HIDDEN
from tests.pace import PATIENCE

_ROWS = 24
# A session's leader without a terminal gets the one that it opens first.
_AT = "import os, sys; os.open(sys.argv[1], os.O_RDWR); os.execvp(sys.argv[2], sys.argv[2:])"

Act = Callable[["Desk"], None]


class Seen(NamedTuple):
    """What a program showed: all bytes, the last screen, and whether what is typed is shown."""

    status: int
    stdout: bytes
    raw: str
    screen: list[str]
    column: int
    echo: bool


class Desk:
    """A terminal of a number of columns with a program at it."""

    def __init__(self, columns: int) -> None:
        self.ours, self._theirs = pty.openpty()
        self.resize(columns)
        self.name = os.ttyname(self._theirs)
        self._screen = pyte.Screen(columns or 80, _ROWS)
        self._bytes = pyte.ByteStream(self._screen)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def show(self, piece: bytes) -> None:
        self._bytes.feed(piece)

    def lines(self) -> list[str]:
        """Return the lines of the screen that are not empty."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def column(self) -> int:
        """Return where the cursor is."""
        return int(self._screen.cursor.x)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.ours)[3] & termios.ECHO)

    def close(self) -> None:
        os.close(self.ours)
        os.close(self._theirs)


def watch(
    command: Sequence[str],
    directory: Path,
    acts: Sequence[tuple[str, Act]] = (),
    *,
    columns: int = 80,
    env: Mapping[str, str] | None = None,
) -> Seen:
    """Run a command whose standard error is its terminal; act once a text has appeared there."""
    desk = Desk(columns)
    settings = {"TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
    with subprocess.Popen(
        [sys.executable, "-c", _AT, desk.name, *command],
        cwd=directory,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=os.open(desk.name, os.O_RDWR | os.O_NOCTTY),
        start_new_session=True,
    ) as process:
        try:
            shown = _follow(process, desk, acts)
            stdout, _ = process.communicate(timeout=PATIENCE)
            seen = Seen(
                process.returncode,
                stdout,
                shown.decode("utf-8", "replace"),
                desk.lines(),
                desk.column(),
                desk.echoes(),
            )
        finally:
            process.kill()
            desk.close()
    for text in (stdout, shown):
        assert not [secret for secret in HIDDEN if secret in text]
    return seen


def _follow(
    process: "subprocess.Popen[bytes]", desk: Desk, acts: Sequence[tuple[str, Act]]
) -> bytes:
    shown, seen, left = b"", 0, list(acts)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ready, _, _ = select.select([desk.ours], [], [], 0.05)
        if ready:
            piece = os.read(desk.ours, 65536)
            desk.show(piece)
            shown += piece
        elif process.poll() is not None:
            assert not left, (left, shown)
            return shown
        if left and (at := shown.find(left[0][0].encode(), seen)) >= 0:
            seen = at + len(left[0][0].encode())
            left.pop(0)[1](desk)
    raise TimeoutError(shown)
