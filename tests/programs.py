"""The real age and rage of this machine, whose versions differ in what they take."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pyrage

PLAINTEXT = b"a secret\n"


@cache
def version_of(program: str) -> tuple[int, int]:
    """Return the version of an installed program, such as (2, 55)."""
    said = subprocess.run([program, "--version"], capture_output=True, check=True, text=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found is not None, said
    return int(found[1]), int(found[2])


def age_is_new() -> bool:
    """Return whether age knows post-quantum keys, bounds stanzas, and reads past blank lines."""
    return version_of("age") >= (1, 3)


def rage_is_here() -> bool:
    """Return whether rage is installed; where it is not, its library (pyrage) stands for it."""
    return shutil.which("rage") is not None


def encrypted(program: str, *recipients: str, options: tuple[str, ...] = ()) -> bytes | None:
    """Return the file that a program makes, or None where it refuses."""
    words = [word for text in recipients for word in ("-r", text.strip())]
    done = subprocess.run(
        [program, *options, *words], input=PLAINTEXT, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def opens(program: str, file: bytes, identity: Path) -> bool:
    """Return whether a program decrypts a file; raises AssertionError for another plaintext."""
    if program == "rage" and not rage_is_here():
        return _library_opens(file, identity)
    command = [program, "-d", "-i", str(identity)]
    done = subprocess.run(command, input=file, capture_output=True, check=False)
    assert done.returncode or done.stdout == PLAINTEXT
    return done.returncode == 0


def _library_opens(file: bytes, identity: Path) -> bool:
    try:
        return pyrage.decrypt(file, [_read(identity)]) == PLAINTEXT
    except pyrage.DecryptError:
        return False


def _read(identity: Path) -> "pyrage.x25519.Identity":
    (key,) = re.findall(r"^AGE-SECRET-KEY-1\S+", identity.read_text(), re.MULTILINE)
    return pyrage.x25519.Identity.from_str(key)
