"""A fleet on GitHub: what is pushed to it, what a runner checks out, and the events it sends."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agenix_check.demo.workshop import Workshop
from tests.checkout import run
from tests.ci.runner import Runner

ZEROS = "0" * 40
Start = Callable[..., Runner]


class Hub:
    """A fleet on GitHub: `origin`, with a branch of somebody else's."""

    def __init__(self, fleet: Workshop, scratch: Path) -> None:
        self.fleet = fleet
        self.scratch = scratch
        self.runs = 0
        self.base = fleet.git.run("rev-parse", "HEAD").decode().strip()

    def breaks(self) -> str:
        """Commit an edit without its outputs, and something else after it."""
        self.fleet.source("secrets/db.age", "postgres://new\n")
        self.fleet.commit("Edit")
        self.fleet.write("README.md", "Another text.\n")
        return self.fleet.commit("Write")

    def mends(self) -> str:
        """Commit the outputs."""
        for node in ("alpha", "beta", "gamma", "delta"):
            (old,) = (self.fleet.top / "secrets/rekeyed" / node).glob("*-db.age")
            old.unlink()
            self.fleet.rekey(node, "db", "secrets/db.age", "postgres://new\n")
        return self.fleet.commit("Rekey")

    def clone(self, revision: str, depth: int = 0) -> Path:
        """Check a revision out as actions/checkout does."""
        self.runs += 1
        top = self.scratch / f"workspace-{self.runs}"
        git = ("git", "-C", str(top), "-c", "advice.detachedHead=false")
        commands: list[tuple[str, ...]] = [("git", "init", "--quiet", str(top))]
        commands.append((*git, "remote", "add", "origin", f"file://{self.fleet.top}"))
        if depth:
            commands.append((*git, "fetch", "--quiet", f"--depth={depth}", "origin", revision))
        else:
            commands.append(
                (*git, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
            )
        commands.append((*git, "checkout", "--quiet", "--detach", revision))
        for command in commands:
            done = run(self.scratch, {}, *command)
            assert done.code == 0, done.output
        return top


def push(before: str, *, forced: bool = False) -> tuple[str, Mapping[str, Any]]:
    return "push", {"before": before, "forced": forced}


def pull_request(base: str) -> tuple[str, Mapping[str, Any]]:
    return "pull_request", {"pull_request": {"base": {"sha": base}, "head": {"ref": "$(id)"}}}


def pull_request_target(base: str) -> tuple[str, Mapping[str, Any]]:
    return "pull_request_target", pull_request(base)[1]


def merge_group(base: str) -> tuple[str, Mapping[str, Any]]:
    return "merge_group", {"merge_group": {"base_sha": base}}
