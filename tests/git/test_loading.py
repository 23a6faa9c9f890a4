"""GitPython is loaded only as far as it is used, and stays whole for whoever else uses it."""

import subprocess
import sys

_SCRIPT = """
import sys
from agenix_check.git.process import load_command
command = load_command().command
assert not [name for name in sys.modules if name.partition(".")[0] in ("git", "gitdb")]
import git
assert git.Git is not command and git.Repo
for module in ("cmd", "exc", "compat", "types", "repo", "objects"):
    assert getattr(git, module) is sys.modules[f"git.{module}"], module
assert git.exc.GitCommandNotFound is git.GitCommandNotFound
import gitdb
assert gitdb.util is sys.modules["gitdb.util"]
try:
    git.Git().rev_parse("--verify", "no-such")
except git.exc.GitCommandError:
    pass
assert load_command().command is command
command().execute(["git", "version"])
"""


def test_only_the_command_runner_is_imported_and_the_package_works_later() -> None:
    subprocess.run([sys.executable, "-c", _SCRIPT], check=True)


def test_a_package_that_is_imported_already_is_used() -> None:
    script = (
        "import git; from agenix_check.git.process import load_command as load; "
        "assert load().command is git.Git; "
        "assert load().not_found is git.exc.GitCommandNotFound"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
