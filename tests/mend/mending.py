"""A fleet, its master key in a file, and the real command that fixes it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.conftest import Result
from tests.pace import PATIENCE

DB, WIFI = "secrets/db.age", "secrets/wifi.age"
NEW_TEXT = "postgres://the-new-password-5b1e\n"
NODES = ("alpha", "beta", "gamma", "delta")


def write_key(shop: Workshop) -> Path:
    """Write the fleet's master identity beside its repository."""
    path = shop.top.with_name("master.key")
    path.write_text(f"{shop.identity}\n")
    return path


def command(shop: Workshop, *arguments: str) -> list[str]:
    """Return the command that fixes a fleet by its names."""
    words = [sys.executable, "-W", "error", "-m", "agenix_check", "--fix", "--inventory", "names"]
    return [*words, "-i", str(write_key(shop)), *arguments]


def fix(shop: Workshop, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Fix a fleet by its names with the real command."""
    return execute(shop, command(shop, *arguments), env)


def execute(shop: Workshop, words: list[str], env: Mapping[str, str] | None = None) -> Result:
    """Run a command in the fleet's work tree."""
    done = subprocess.run(
        words,
        cwd=shop.top,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        errors="surrogateescape",
        timeout=PATIENCE,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def edit(shop: Workshop, text: str = NEW_TEXT) -> None:
    """Edit the source of `db` and stage it; its four outputs are then stale."""
    shop.source(DB, text)
    shop.stage(DB)


def ask(shop: Workshop, *words: str) -> str:
    """Return what Git says."""
    return shop.git.run(*words).decode("utf-8", "surrogateescape")


def state(shop: Workshop) -> dict[str, bytes]:
    """Return every entry of the index and every file of the work tree, with its content."""
    files = {
        str(path.relative_to(shop.top)): (
            os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in shop.top.rglob("*")
        if ".git" not in path.relative_to(shop.top).parts and (path.is_symlink() or path.is_file())
    }
    return {**files, "": ask(shop, "ls-files", "--stage").encode("utf-8", "surrogateescape")}


def outputs(shop: Workshop) -> list[str]:
    """Return the outputs of the index."""
    return [path for path in ask(shop, "ls-files", "-z").split("\0") if "/rekeyed/" in path]


def status(shop: Workshop) -> list[str]:
    """Return what is not as it was committed, outputs by their node and name alone."""
    return ask(shop, "status", "--porcelain").splitlines()
