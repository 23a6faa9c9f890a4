"""Whole processes measured against each other, taking turns so that both meet the same machine."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

PYTHON = sys.executable
CACHE = Path(__file__).parents[2] / ".cache" / "bench"
IMPORT = (PYTHON, "-c", "import git")
Commands = Sequence[Sequence[str]]


class Sample(NamedTuple):
    """What one run took, that of the processes it started included.

    Seconds of the processor, seconds of the clock, and the peak memory of its largest process in
    bytes.
    """

    seconds: float
    elapsed: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Commands that are measured together, one after the other, each with `stdin` to read.

    `before` is called before each turn and not measured. The exit codes must be among `codes`.
    """

    commands: Commands
    cwd: Path
    stdin: Path = Path(os.devnull)
    before: Callable[[], object] | None = None
    codes: tuple[int, ...] = (0,)


class Duel(NamedTuple):
    """The medians of two sides that took turns, and how the first compares with the second."""

    ours: Sample
    theirs: Sample

    @property
    def ratio(self) -> float:
        """How many times the processor's time of theirs ours takes."""
        return self.ours.seconds / self.theirs.seconds


def gate(*arguments: str) -> list[str]:
    """Return the command as users start it: the script, where it is installed beside Python."""
    script = Path(PYTHON).with_name("agenix-check")
    program = [str(script)] if script.exists() else [PYTHON, "-m", "agenix_check"]
    return [*program, *arguments]


def duel(ours: Side, theirs: Side, *, turns: int) -> Duel:
    """Run two sides in turns, once unmeasured, and return their medians."""
    return Duel(*take_turns(ours, theirs, turns=turns))


def take_turns(*sides: Side, turns: int) -> list[Sample]:
    """Run all sides in turns, once unmeasured, and return the median of each."""
    samples: list[list[Sample]] = [[] for _ in sides]
    for turn in range(turns + 1):
        for side, kept in zip(sides, samples, strict=True):
            sample = run(side)
            if turn:
                kept.append(sample)
    return [middle(kept) for kept in samples]


def run(side: Side) -> Sample:
    """Run the commands of a side."""
    if side.before is not None:
        side.before()
    start = time.perf_counter()
    done = [_run(side, command) for command in side.commands]
    elapsed = time.perf_counter() - start
    return Sample(sum(seconds for seconds, _ in done), elapsed, max(peak for _, peak in done))


def _run(side: Side, command: Sequence[str]) -> tuple[float, int]:
    """Run one command; return its seconds of the processor, and its peak memory in bytes."""
    program = shutil.which(command[0]) or command[0]
    with side.stdin.open("rb") as requests, Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=side.cwd,
            env=_environment(),
            stdin=requests,
            stdout=nowhere,
            stderr=subprocess.PIPE,
        )
        complaint = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.stderr:
            process.stderr.close()
    if process.returncode not in side.codes:
        shown = " ".join(command)
        raise RuntimeError(f"{shown} ended with {process.returncode}: {complaint.decode()}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return usage.ru_utime + usage.ru_stime, peak


def _environment() -> dict[str, str]:
    """Return the environment with modules compiled, as in any installed package, and kept so."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "compiled")}


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median times and the largest peak."""
    return Sample(
        median(one.seconds for one in samples),
        median(one.elapsed for one in samples),
        max(one.peak for one in samples),
    )
