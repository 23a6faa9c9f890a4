"""The `age` or `rage` program, and what it and plugins may see of this process.

Plaintexts and ciphertexts go through pipes; arguments hold public keys and paths only.
"""

import os
import shutil
import subprocess
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from agenix_check.errors import AgenixCheckError
from agenix_check.keys.prompts import printable

# Git's variables, which a hook would hand on; and what makes age print keys as it works.
_WITHHELD = ("GIT_", "AGEDEBUG")
_LONGEST_COMPLAINT = 300  # in characters: a program may repeat a whole post-quantum key
_SHARED = 8  # in bytes: what a complaint and a plaintext do not have in common by chance


class ProgramError(AgenixCheckError):
    """The program is not there, or it failed; the text is the end of a sentence."""


def clean_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a program that sees keys or plaintexts."""
    return {name: value for name, value in environment.items() if not name.startswith(_WITHHELD)}


@contextmanager
def plugin_environment() -> Iterator[None]:
    """Make the environment clean for the plugins that pyrage starts: they inherit what is set."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_WITHHELD)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def plugin_program(name: str) -> str | None:
    """Return the path of the plugin of this name, or None where it is not on PATH."""
    return shutil.which(f"age-plugin-{name}")


def run_encrypt(
    program: str, plaintext: bytes, recipients: Sequence[str], *, armored: bool
) -> bytes:
    """Encrypt with the program; raises ProgramError with its own words."""
    options = [option for text in recipients for option in ("-r", text)]
    command = [program, "-e", *(["-a"] if armored else []), *options]
    status, output, complaint = _run(command, plaintext, stderr=subprocess.PIPE)
    if status:
        line = _first_line(complaint)
        known = line if line and not _shares(line, plaintext) else ""
        raise ProgramError(known or f"{program} failed with status {status}")
    return output


def run_decrypt(
    program: str, ciphertext: bytes, identities: Sequence[str], descriptors: Sequence[int] = ()
) -> tuple[int, bytes, str]:
    """Decrypt with the program, which may ask on the terminal.

    Returns its status, the plaintext, and what it complained of: nothing where it did that on the
    terminal, or where it had begun to give a plaintext. `descriptors` are open files that the
    program may read by the paths in `identities`.
    """
    options = [option for path in identities for option in ("-i", path)]
    command = [program, "-d", *options]
    # A hook's standard error is seen only at its end.
    with lent_terminal() as terminal:
        stderr = subprocess.PIPE if terminal is None else terminal
        done = _run(command, ciphertext, stderr=stderr, descriptors=descriptors)
    status, output, complaint = done
    return status, output, "" if output else _first_line(complaint)


@contextmanager
def lent_terminal() -> Iterator[int | None]:
    """Give the terminal, if there is one, for a program that asks and complains.

    Afterwards it is as it was: a program that is killed at a question leaves it without echo.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        before = termios.tcgetattr(terminal)
        try:
            yield terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    finally:
        os.close(terminal)


def _run(
    command: Sequence[str], given: bytes, *, stderr: int | None, descriptors: Sequence[int] = ()
) -> tuple[int, bytes, bytes]:
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=clean_environment(),
            pass_fds=descriptors,
            check=False,
        )
    except FileNotFoundError:
        raise ProgramError(f"{command[0]} was not found on PATH") from None
    except OSError as error:
        raise ProgramError(f"{command[0]}: {os.strerror(error.errno or 0)}") from None
    return done.returncode, done.stdout, done.stderr or b""


def _shares(line: str, plaintext: bytes) -> bool:
    """Tell whether a line repeats something of a plaintext."""
    said, whole = line.encode(), plaintext.strip()
    if len(whole) < _SHARED:
        return bool(whole) and whole in said
    return any(said[at : at + _SHARED] in plaintext for at in range(len(said) - _SHARED + 1))


def _first_line(complaint: bytes) -> str:
    lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines()]
    line = next((line for line in lines if line), "")
    for prefix in ("age: error: ", "Error: "):
        line = line.removeprefix(prefix)
    return printable(line)[:_LONGEST_COMPLAINT]
