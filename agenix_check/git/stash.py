"""Unstaged edits that pre-commit or prek keeps in a patch file while its hooks run.

Meanwhile they are not in the work tree; they come back when the hooks have ended. They do not apply
to a file that a hook has changed: then they are left in that patch file only.
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
    """Return the paths of files whose unstaged edits are kept in such a patch file."""
    found: set[str] = set()
    for patch in _patches():
        status, listing, _ = repository.git.attempt("apply", "--numstat", "-z", str(patch))
        if status == 0:
            records = to_text(listing).split("\0")[:-1]
            found.update(record.split("\t", 2)[-1] for record in records)
    return frozenset(found)


def _patches() -> Iterator[Path]:
    """Yield the patch files of our parent processes: their names end with the process id."""
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
        except OSError:  # not Linux: only the direct parent is known
            return
        number = int(status.rpartition(")")[2].split()[1])
