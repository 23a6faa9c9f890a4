"""A stranger's change to a fleet, and what a clone knows."""

import os
import subprocess
from pathlib import Path

from agenix_check.age import parse_recipient
from agenix_check.demo.workshop import Workshop
from tests.conftest import SECRETS
from tests.host_keys import NEW
from tests.mend.mending import DB, ask, write_key
from tests.pace import PATIENCE

EVIL = "secrets/rekeyed/evil"
EVIL_NODE = "evil"  # as it is shown
STRANGER = parse_recipient(NEW).text
MALLORY = {"GIT_AUTHOR_NAME": "Mallory", "GIT_AUTHOR_EMAIL": "mallory@example.org"}
PLAINTEXTS = {source: text for source, _, text, _ in SECRETS}


def known(fleet: Workshop) -> list[str]:
    """Return the keys that the clone knows, as its file lists them."""
    lines = file_of_known(fleet).read_text().splitlines()
    return [line for line in lines[1:] if not line.startswith("#")]


def file_of_known(fleet: Workshop) -> Path:
    """Return where they are."""
    return fleet.top / ".git/agenix-check/known-keys"


def plant_host(fleet: Workshop) -> str:
    """Write a stranger's key, and an output for it that has the right name and length."""
    fleet.host("evil", NEW)
    wrong = "x" * len(PLAINTEXTS[DB])
    return fleet.rekey("evil", "db", DB, wrong)


def commit_as(fleet: Workshop, author: str = "Mallory", message: str = "Add a host") -> str:
    """Commit everything as somebody else; return the commit."""
    fleet.stage()
    git = fleet.git.with_environment({**MALLORY, "GIT_AUTHOR_NAME": author})
    git.run("commit", "--quiet", "-m", message)
    return ask(fleet, "rev-parse", "HEAD").strip()


def merge_host(fleet: Workshop) -> str:
    """Merge a pull request that plants a host; return its commit."""
    ask(fleet, "checkout", "--quiet", "-b", "pull-request")
    plant_host(fleet)
    commit = commit_as(fleet)
    ask(fleet, "checkout", "--quiet", "main")
    ask(fleet, "merge", "--quiet", "--no-ff", "-m", "Merge", "pull-request")
    return commit


def rotate(fleet: Workshop, node: str = "alpha", key: str = NEW) -> None:
    """Edit the key of a host, and stage it."""
    fleet.stage(fleet.host(node, key))


def evil_outputs(fleet: Workshop) -> list[str]:
    """Return the outputs of the planted host."""
    return [path for path in ask(fleet, "ls-files").splitlines() if path.startswith(EVIL)]


def type_in(
    fleet: Workshop, command: str, shell: str = "bash"
) -> "subprocess.CompletedProcess[str]":
    """Type a command in the fleet, as it was printed; its identity is in the environment."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=fleet.top,
        env={
            **os.environ,
            "AGENIX_CHECK_IDENTITY": str(write_key(fleet)),
            "AGENIX_CHECK_INVENTORY": "names",
            "PATH": f"{Path('.venv/bin').resolve()}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        start_new_session=True,
        timeout=PATIENCE,
    )
