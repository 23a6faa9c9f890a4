"""The public keys that this clone knows: one readable file in the common Git directory.

It belongs to no version of the program. Without it, the next fix is this clone's first one; a
damaged file counts as one without any key, so that nothing is trusted twice on first use.
"""

import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from agenix_check.errors import CannotCheckError
from agenix_check.git.repository import Repository
from agenix_check.git.whole_file import write_whole

_FOLDER = "agenix-check"  # in the common Git directory
KNOWN_KEYS = "known-keys"
_TITLE = "agenix-check known keys, format 1"
_INTRODUCTION = (
    "# agenix-check --fix encrypts secrets to these keys without asking. To forget one, remove its",
    "# line. To trust once more whatever HEAD has outputs for, remove this file.",
)
_KEY = re.compile(r"ssh-(?:ed25519|rsa) AAAA[0-9A-Za-z+/]+={0,2}|age1[0-9a-z+._-]+")
_LARGEST_LIST = 1 << 24  # bytes


class KnownKeys(NamedTuple):
    """Canonical texts of public keys; `damage` says why the file that held them was dropped."""

    keys: frozenset[str] = frozenset()
    damage: str | None = None


def known_keys_file(repository: Repository) -> Path:
    """Return where the known keys of a clone are; linked worktrees share them."""
    return repository.common_dir / _FOLDER / KNOWN_KEYS


def read_known_keys(repository: Repository) -> KnownKeys | None:
    """Return the keys that this clone knows, or None where none were ever noted."""
    path = known_keys_file(repository)
    try:
        mode = path.lstat()
        if not stat.S_ISREG(mode.st_mode) or mode.st_size > _LARGEST_LIST:
            return _dropped(path, "it is too large, or no regular file")
        lines = path.read_bytes().decode("ascii").split("\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        return _dropped(path, error.strerror or "it cannot be read")
    except UnicodeDecodeError:
        return _dropped(path, "it is not plain text")
    if lines[0].rstrip("\r") != _TITLE:
        return _dropped(path, f"its first line is not {_TITLE!r}")
    keys = set()
    for number, line in enumerate(lines[1:], 2):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if _KEY.fullmatch(text) is None:
            return _dropped(path, f"line {number} is no key")
        keys.add(text)
    return KnownKeys(keys=frozenset(keys))


def remember_keys(repository: Repository, keys: Iterable[str]) -> None:
    """Add keys to those that this clone knows; with none of them, note that there are none yet.

    Raises `CannotCheckError` where that cannot be written.
    """
    path = known_keys_file(repository)
    known = read_known_keys(repository)
    more = frozenset(keys)
    if known is not None and known.damage is None and more <= known.keys:
        return
    every = sorted(more | (known.keys if known is not None else frozenset()))
    text = "".join(f"{line}\n" for line in (_TITLE, *_INTRODUCTION, *every))
    try:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, text.encode("ascii"))
    except OSError as error:
        raise CannotCheckError(
            f"nothing was fixed: {path}, which says which keys are known in this clone, cannot be "
            f"written: {error.strerror}"
        ) from error


def _dropped(path: Path, why: str) -> KnownKeys:
    return KnownKeys(
        damage=f"{path} was dropped: {why}. No key counts as known until it is granted again; to "
        "trust whatever HEAD has outputs for, remove that file"
    )
