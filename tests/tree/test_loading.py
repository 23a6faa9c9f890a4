"""GitPython is loaded only as far as it is used, and stays whole for whoever else uses it."""

import subprocess
import sys

_SCRIPT = """
import sys
from agenix_check.tree.git import load_command
command = load_command()
assert "git" not in sys.modules and "git.repo" not in sys.modules
import git
assert git.Git is command and git.Repo
"""


def test_only_the_command_runner_is_imported_and_the_package_works_later() -> None:
    subprocess.run([sys.executable, "-c", _SCRIPT], check=True)


def test_a_package_that_is_imported_already_is_used() -> None:
    script = (
        "import git; from agenix_check.tree.git import load_command as load; "
        "assert load() is git.Git"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
