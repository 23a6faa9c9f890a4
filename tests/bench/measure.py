"""Whole processes timed against each other, taking turns so that both meet the same machine."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

PYTHON = sys.executable
CACHE = Path(__file__).parents[2] / ".cache" / "bench"
Commands = Sequence[Sequence[str]]


class Sample(NamedTuple):
    """What one run took: seconds, and the peak memory of the largest process in bytes."""

    seconds: float
    peak: int


class Duel(NamedTuple):
    """The medians of two things that took turns, and how the first compares with the second."""

    ours: Sample
    theirs: Sample

    @property
    def ratio(self) -> float:
        """How many times as long as theirs ours takes."""
        return self.ours.seconds / self.theirs.seconds


def gate(*arguments: str) -> list[str]:
    """Return the command as users start it: the script, where it is installed beside Python."""
    script = Path(PYTHON).with_name("agenix-check")
    program = [str(script)] if script.exists() else [PYTHON, "-m", "agenix_check"]
    return [*program, *arguments]


def duel(ours: Commands, theirs: Commands, *, turns: int, cwd: Path, stdin: Path) -> Duel:
    """Run two sequences of commands in turns, once unmeasured, and return their medians."""
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for turn in range(turns + 1):
        for commands, kept in zip((ours, theirs), samples, strict=True):
            sample = run(commands, cwd=cwd, stdin=stdin)
            if turn:
                kept.append(sample)
    return Duel(middle(samples[0]), middle(samples[1]))


def solo(commands: Commands, *, turns: int, cwd: Path, stdin: Path) -> Sample:
    """Run commands several times, once unmeasured, and return the medians."""
    samples = [run(commands, cwd=cwd, stdin=stdin) for _ in range(turns + 1)]
    return middle(samples[1:])


def run(commands: Commands, *, cwd: Path, stdin: Path) -> Sample:
    """Run commands one after the other, each with `stdin` to read; they must succeed."""
    start = time.perf_counter()
    peaks = [_run(command, cwd, stdin) for command in commands]
    return Sample(time.perf_counter() - start, max(peaks))


def _run(command: Sequence[str], cwd: Path, stdin: Path) -> int:
    """Run one command and return the peak memory of the largest process of it, in bytes."""
    program = shutil.which(command[0]) or command[0]
    with stdin.open("rb") as requests, Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=cwd,
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
    if process.returncode:
        shown = " ".join(command)
        raise RuntimeError(f"{shown} ended with {process.returncode}: {complaint.decode()}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _environment() -> dict[str, str]:
    """Return the environment with modules compiled, as in any installed package, and kept so."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "compiled")}


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median time and the largest peak."""
    return Sample(median(one.seconds for one in samples), max(one.peak for one in samples))
