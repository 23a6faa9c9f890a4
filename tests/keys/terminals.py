"""Programs run at a terminal of their own, or at none."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.keys.texts import HIDDEN
from tests.pace import PATIENCE

_TOP = Path(__file__).parents[2]
_SECRET = re.compile("passphrase|PIN", re.IGNORECASE)
# A session's leader without a terminal gets the one that it opens first.
_AT = "import os, sys; os.open(sys.argv[1], os.O_RDWR); os.execvp(sys.argv[2], sys.argv[2:])"


class Ended(NamedTuple):
    status: int
    stdout: bytes
    stderr: bytes
    terminal: bytes
    echo: bool = True

    def checked(self) -> "Ended":
        """Return the same, without a secret anywhere."""
        for text in (self.stdout, self.stderr, self.terminal):
            assert not [secret for secret in HIDDEN if secret in text]
        return self


def decrypting(*arguments: str | Path) -> list[str]:
    """Return the command of `decrypting.py` with these arguments."""
    return [sys.executable, "-W", "error", "-m", "tests.keys.decrypting", *map(str, arguments)]


def run_without(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command where there is no terminal."""
    done = subprocess.run(
        command,
        cwd=_TOP,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        start_new_session=True,
        timeout=PATIENCE,
    )
    return Ended(done.returncode, done.stdout, done.stderr, b"").checked()


def run_at(
    command: Sequence[str],
    answers: Sequence[tuple[str, str]],
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command at a terminal; each answer is typed once its question has appeared there.

    Standard input and outputs are pipes, as in a hook. Typing "\\x03" interrupts.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _AT, os.ttyname(theirs), *command],
        cwd=_TOP,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            shown = _converse(process, ours, answers)
            stdout, stderr = process.communicate(timeout=PATIENCE)
            echo = bool(termios.tcgetattr(ours)[3] & termios.ECHO)
        finally:
            process.kill()
            os.close(ours)
            os.close(theirs)
    return Ended(process.returncode, stdout, stderr, shown, echo).checked()


def _await_silence(terminal: int, end: float) -> None:
    """Wait until what is typed is not shown: the age program asks first, then sees to that."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < end
        time.sleep(0.01)


def _converse(
    process: "subprocess.Popen[bytes]", terminal: int, answers: Sequence[tuple[str, str]]
) -> bytes:
    shown = b""
    seen = 0
    left = list(answers)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if ready:
            shown += os.read(terminal, 4096)
        elif process.poll() is not None:
            return shown
        if left and (at := shown.find(left[0][0].encode(), seen)) >= 0:
            seen = at + len(left[0][0])
            question, answer = left.pop(0)
            if _SECRET.search(question):
                _await_silence(terminal, end)
            os.write(terminal, answer.encode())
    raise TimeoutError(shown)
