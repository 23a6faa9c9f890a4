"""This checkout as others get it: its files in a repository of their own, edited or not."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.pace import PATIENCE

ROOT = Path(__file__).parents[1]

_AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "hooks"), ("EMAIL", "hooks@example.org"))
}


class Done(NamedTuple):
    """How a command ended, and all that it said."""

    code: int
    output: str


def publish(target: Path) -> tuple[Path, str]:
    """Commit this checkout's files to a new repository; return where, and the commit."""
    if not target.exists():
        unfinished = target.with_name(f"{target.name}-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        listing = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in listing.split("\0")[:-1]:
            if (ROOT / name).is_file():
                copy = unfinished / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, copy)
        _git(unfinished, "init", "--quiet", "-b", "main")
        _git(unfinished, "add", "--all")
        _git(unfinished, "commit", "--quiet", "-m", "As it is")
        unfinished.rename(target)
    return target, _git(target, "rev-parse", "HEAD").strip()


def run(directory: Path, environment: Mapping[str, str], *command: str) -> Done:
    """Run a command with variables set on top of the environment."""
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **_AUTHOR, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=PATIENCE,
    )
    return Done(done.returncode, done.stdout)


def _git(directory: Path, *arguments: str) -> str:
    done = run(directory, {}, "git", *arguments)
    assert done.code == 0, done.output
    return done.output
