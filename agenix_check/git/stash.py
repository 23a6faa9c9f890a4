"""Unstaged edits that pre-commit or prek keeps in a patch file while its hooks run.

They are not in the work tree then, and they come back when the hooks have ended: onto a file that a
hook has changed they do not fit, and are lost but for that patch file.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository

_HOMES = (
    ("PRE_COMMIT_HOME", "pre-commit", "patch*-{}"),
    ("PREK_HOME", "prek", "patches/*-{}.patch"),
)


def stashed(repository: Repository) -> frozenset[str]:
    """Return the paths of files whose unstaged edits are kept elsewhere."""
    found: set[str] = set()
    for patch in _patches():
        status, listing, _ = repository.git.attempt("apply", "--numstat", "-z", str(patch))
        if status == 0:
            records = to_text(listing).split("\0")[:-1]
            found.update(record.split("\t", 2)[-1] for record in records)
    return frozenset(found)


def _patches() -> Iterator[Path]:
    """Give the patch files of those who started this process: their names end with its number."""
    numbers = tuple(_ancestors())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME', '')}/.cache")
    for variable, name, pattern in _HOMES:
        home = Path(os.environ.get(variable) or cache / name)
        for number in numbers:
            with suppress(OSError):
                yield from home.glob(pattern.format(number))


def _ancestors() -> Iterator[int]:
    number = os.getppid()
    while number > 1:
        yield number
        try:
            status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # no Linux: who started us directly must do
            return
        number = int(status.rpartition(")")[2].split()[1])
