"""Scenarios on file systems that fill up or are read-only, in a mount namespace of their own.

python -m tests.mend.mounted SCENARIO FLEET IDENTITY
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.mend.mending import ask, command, execute, state

_PAGE = 4096
_KEPT = (0, 1, 2, 3, 5, 7, 9, 11, 13, 15, 17, 20, 24, 28, 36, 48)  # pages, or files, that are left


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def fails(fleet: Workshop, case: object, env: dict[str, str] | None = None) -> bool:
    """Mend; where that fails, make sure that all is as it was."""
    before = state(fleet)
    done = execute(fleet, command(fleet, "--no-cache"), env)
    assert done.code in (0, 3), (case, done)
    assert "Traceback" not in done.stderr, (case, done)
    if done.code == 0:
        return False
    assert len(done.stderr.splitlines()) == 1, (case, done)
    assert state(fleet) == before, (case, done)
    assert not list((fleet.top / ".git").glob("*.lock")), case
    return True


def ends_right(fleet: Workshop, case: object) -> None:
    done = execute(fleet, command(fleet, "--no-cache"))
    assert done.code == 0, (case, done)
    assert ask(fleet, "diff", "--name-only") == "", case
    assert ask(fleet, "ls-files", "--others") == "", case


def opened(top: Path, identity: str) -> Workshop:
    fleet = Workshop(top)
    fleet.identity = identity
    return fleet


def full(source: Path, identity: str, *, temporary: bool = False, inodes: bool = False) -> None:
    """Fix on a small disk with less and less on it left."""
    disk = source.parent / "disk"
    outcomes = set()
    for kept in _KEPT:
        disk.mkdir(exist_ok=True)
        mount("-t", "tmpfs", "-o", "size=4m,nr_inodes=1000", "none", disk)
        # The identity, and what tests write, lie beside.
        shutil.copytree(source, disk / "fleet", symlinks=True)
        (disk / "master.key").write_text(f"{identity}\n")
        (disk / "tmp").mkdir()
        fleet = opened(disk / "fleet", identity)
        fleet.git.run("update-index", "-q", "--refresh")
        filler = disk / "filler"
        filler.mkdir()
        if inodes:
            for number in range(os.statvfs(disk).f_ffree - kept):
                (filler / str(number)).touch()
        else:
            free = os.statvfs(disk).f_bavail * _PAGE - _PAGE * kept
            (filler / "full").write_bytes(bytes(max(free, 0)))
        env = {"TMPDIR": str(disk / "tmp")} if temporary else None
        failed = fails(fleet, kept, env)
        outcomes.add(failed)
        shutil.rmtree(filler)
        ends_right(fleet, kept)
        subprocess.run(["umount", str(disk)], check=True)
    assert outcomes == {True, False}, outcomes


def read_only(source: Path, identity: str) -> None:
    """Fix where one directory cannot be written, not even by root."""
    fleet = opened(source, identity)
    for directory in ("secrets/rekeyed/beta", "secrets", ".git", ".git/objects"):
        place = source / directory
        mount("--bind", place, place)
        mount("-o", "remount,bind,ro", place)
        try:
            assert fails(fleet, directory), directory
        finally:
            subprocess.run(["umount", str(place)], check=True)
    ends_right(fleet, "afterwards")


SCENARIOS: dict[str, Callable[[Path, str], None]] = {
    "full": full,
    "full, temporary files too": lambda top, identity: full(top, identity, temporary=True),
    "no inodes": lambda top, identity: full(top, identity, inodes=True),
    "read-only": read_only,
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
