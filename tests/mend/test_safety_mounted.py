"""A disk that is really full, and directories that really cannot be written."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.mend.mending import edit
from tests.mend.mounted import SCENARIOS

_TOP = Path(__file__).parents[2]


@cache
def namespace() -> tuple[str, ...]:
    """Return the command that gives a program mounts of its own: as root, or as a user."""
    for command in (("unshare", "--mount"), ("unshare", "--mount", "--map-root-user")):
        words = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return command
    pytest.fail(
        "these tests mount small file systems: run them as root (in a container with "
        "CAP_SYS_ADMIN), or where users may make namespaces (kernel.unprivileged_userns_clone)"
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_half_done(fleet: Workshop, scenario: str) -> None:
    edit(fleet)
    program = [sys.executable, "-m", "tests.mend.mounted"]
    done = subprocess.run(
        [*namespace(), *program, scenario, str(fleet.top), fleet.identity],
        cwd=_TOP,
        env={**os.environ, "PYTHONPATH": str(_TOP)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
