"""The `age` or `rage` program, and what it and plugins may see of this process.

Plaintexts and ciphertexts go through pipes; arguments hold public keys and paths only. Identity
files are given by their path or, where they have none, as an open file without a name.
"""

import os
import shutil
import subprocess
import termios
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from agenix_check.errors import AgenixCheckError
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import IdentityFile
from agenix_check.keys.prompts import printable

# Git's variables, which a hook would pass on; and the one that makes age print keys as it works.
_WITHHELD = ("GIT_", "AGEDEBUG")
_LONGEST_COMPLAINT = 300  # in characters: a program may repeat a whole post-quantum key
_SHARED = 8  # in bytes: a complaint and a plaintext do not share that much by chance
_PIPE = 4096  # in bytes: every pipe takes that much before anyone reads


class ProgramError(AgenixCheckError):
    """The program was not found, or it failed; the text is the end of a sentence."""


def clean_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a program that sees keys or plaintexts."""
    return {name: value for name, value in environment.items() if not name.startswith(_WITHHELD)}


@contextmanager
def plugin_environment() -> Iterator[None]:
    """Clean this process's environment while pyrage runs plugins, which inherit it."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_WITHHELD)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def plugin_program(name: str) -> str | None:
    """Return the path of the plugin of this name, or None where it is not on PATH."""
    return shutil.which(f"age-plugin-{name}")


class Handed(NamedTuple):
    """Paths that a program can open, and the descriptors that it must inherit for them."""

    paths: list[str]
    descriptors: list[int]


@contextmanager
def handed_over(files: Iterable[IdentityFile]) -> Iterator[Handed]:
    """Make identity files readable for a child process; nothing is written to a file system.

    Only an identity from a commit, or from a pipe, has no path of its own. Raises DecryptionError
    for one that is too long to be given without a path.
    """
    handed = Handed([], [])
    with ExitStack() as stack:
        for file in files:
            if file.place is not None:
                handed.paths.append(str(file.place))
                continue
            number = _nameless_copy(file)
            stack.callback(os.close, number)
            handed.descriptors.append(number)
            handed.paths.append(f"/dev/fd/{number}")
        yield handed


def _nameless_copy(file: IdentityFile) -> int:
    """Return the descriptor of an open file in memory, or of a pipe, with the same content."""
    content = file.content or b""
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("identity", os.MFD_CLOEXEC)
        os.write(memory, content)
        os.lseek(memory, 0, os.SEEK_SET)
        return memory
    if len(content) > _PIPE:
        raise DecryptionError(f"{file.path} cannot be given to an age program: name it with -i")
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(content)
    return reader


def run_encrypt(
    program: str, plaintext: bytes, recipients: Sequence[str], *, armored: bool
) -> bytes:
    """Encrypt with the program; raises ProgramError with its own words."""
    options = [option for text in recipients for option in ("-r", text)]
    command = [program, "-e", *(["-a"] if armored else []), *options]
    status, output, complaint = _run_program(command, plaintext, stderr=subprocess.PIPE)
    if status:
        line = _first_line(complaint)
        known = line if line and not _shares(line, plaintext) else ""
        raise ProgramError(known or f"{program} failed with status {status}")
    return output


def run_decrypt(
    program: str, ciphertext: bytes, identities: Sequence[str], descriptors: Sequence[int] = ()
) -> tuple[int, bytes, str]:
    """Decrypt with the program, which may ask on the terminal.

    Returns its exit status, the plaintext, and the first line of its complaint: empty where it
    complained on the terminal, or had already begun to write a plaintext. `descriptors` are open
    files that the program may read by the paths in `identities`. Raises ProgramError where the
    program cannot be started.
    """
    options = [option for path in identities for option in ("-i", path)]
    command = [program, "-d", *options]
    # A hook's standard error is seen only at its end.
    with lent_terminal() as terminal:
        stderr = subprocess.PIPE if terminal is None else terminal
        done = _run_program(command, ciphertext, stderr=stderr, descriptors=descriptors)
    status, output, complaint = done
    return status, output, "" if output else _first_line(complaint)


@contextmanager
def lent_terminal() -> Iterator[int | None]:
    """Give the descriptor of the terminal, or None, to a program that asks and complains there.

    Its settings are restored: a program that is killed while it asks leaves the echo off.
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


def _run_program(
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
    """Return whether a line repeats a part of a plaintext."""
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
