"""Where rows are measured: the fleets, what each blob of them is, and edits that are staged."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from agenix_check.keys.encrypt import encrypt, new_identity
from tests.bench.fleet import git, new_key
from tests.bench.goals import Goal
from tests.bench.measure import Duel, Sample

_MIB = 1 << 20
_SOURCE = "secrets/secret-000.age"
_KEY = "hosts/node-0007/host.pub"


class Measured(NamedTuple):
    """What a row came to; `details` says why where `value` is None: it could not be measured."""

    goal: Goal
    value: float | None
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What all rows share: kept fleets, room for others, and the command of the old build."""

    cache: Path
    scratch: Path
    turns: int
    old: list[str] | None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def turns_of(self, share: float) -> int:
        """Return how often to measure what takes longer, or less, than most."""
        return max(round(self.turns * share), 1)

    def room(self) -> Path:
        """Return the path of a new directory."""
        return self.scratch / str(next(self._numbers))

    def copy(self, top: Path) -> Path:
        """Return a copy of a repository that shares its objects and remembers nothing."""
        copy = self.room()
        shutil.copytree(top / ".git" / "objects", copy / ".git" / "objects", copy_function=os.link)
        known = shutil.ignore_patterns("objects", "agenix-check")
        shutil.copytree(top / ".git", copy / ".git", ignore=known, dirs_exist_ok=True)
        return copy

    def blobs(self, top: Path) -> Path:
        """Return a file that names each blob of the index once, as `git cat-file` reads it."""
        return self._named(top, "git ls-files -s | awk '!seen[$2]++ { print $2 }'")

    def past_blobs(self, top: Path) -> Path:
        """Return a file that names each blob of the history once."""
        log = "git log --all --raw -m --no-abbrev --no-renames --format="
        chosen = "awk 'NF { print $3; print $4 }' | awk '!/^0+$/ && !seen[$0]++'"
        return self._named(top, f"{log} | {chosen}")

    def _named(self, top: Path, script: str) -> Path:
        path = self.room()
        with path.open("wb") as stream:
            subprocess.run(["sh", "-c", script], cwd=top, stdout=stream, check=True)
        return path


def edits(top: Path) -> Callable[[], object]:
    """Return what stages another unrelated edit at each call."""
    numbers = itertools.count()
    return lambda: _stage(top, "README.md", b"Edit %d\n" % next(numbers))


def source_edits(top: Path) -> Callable[[], object]:
    """Return what stages another version of one source at each call."""
    numbers = itertools.count()
    _, master = new_identity()
    return lambda: _stage(top, _SOURCE, encrypt(b"edit %d\n" % next(numbers), [master]))


def key_edits(top: Path) -> Callable[[], object]:
    """Return what stages another key of one host at each call."""
    return lambda: _stage(top, _KEY, f"{new_key()}\n".encode())


def all_source_edits(top: Path, count: int) -> None:
    """Stage another version of the first sources."""
    _, master = new_identity()
    for number in range(count):
        _stage(top, f"secrets/secret-{number:03}.age", encrypt(b"edited\n", [master]))


def commit_staged(top: Path) -> None:
    """Commit what is staged, without hooks."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    git(top, *who, "commit", "--quiet", "--no-verify", "-m", "Edit")


def commits(top: Path) -> Callable[[], object]:
    """Return what commits another unrelated edit at each call."""
    edit = edits(top)

    def commit() -> None:
        edit()
        commit_staged(top)

    return commit


def _stage(top: Path, path: str, content: bytes) -> None:
    written = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=top,
        input=content,
        capture_output=True,
        check=True,
    )
    entry = f"100644,{written.stdout.decode().strip()},{path}"
    git(top, "update-index", "--add", "--cacheinfo", entry)


def compare(goal: Goal, result: Duel) -> Measured:
    """Return how the processor's times of two sides compare."""
    return Measured(goal, result.ratio, _times(result.ours.seconds, result.theirs.seconds))


def compare_clock(goal: Goal, result: Duel) -> Measured:
    """Return how the times of the clock of two sides compare."""
    ours, theirs = result.ours.elapsed, result.theirs.elapsed
    return Measured(goal, ours / theirs, _times(ours, theirs))


def weigh(goal: Goal, sample: Sample) -> Measured:
    """Return the peak memory of a run in MiB."""
    return Measured(goal, sample.peak / _MIB, "")


def _times(ours: float, theirs: float) -> str:
    if max(ours, theirs) < 1:
        return f"{ours * 1000:.0f} ms against {theirs * 1000:.0f} ms"
    return f"{ours:.2f} s against {theirs:.2f} s"
