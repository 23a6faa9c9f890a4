"""The hook as users get it: pre-commit and prek install it from a clone of this checkout."""

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import Done, publish, run

CONFIG = ".pre-commit-config.yaml"
STAGES = ("pre-commit", "pre-merge-commit", "pre-push")


class Tool(NamedTuple):
    """A hook manager: its program, the variables it needs, and what its settings file says."""

    program: str
    environment: Mapping[str, str]
    config: str
    file: str = CONFIG


class Desk:
    """A fleet in order in which a hook manager is installed, and Git with hooks."""

    def __init__(self, fleet: Workshop, tool: Tool, stages: Sequence[str] = STAGES) -> None:
        self.fleet = fleet
        self.tool = tool
        fleet.write(tool.file, tool.config)
        fleet.commit("Set up the hook")
        types = [word for stage in stages for word in ("-t", stage)]
        done = self.run(tool.program, "install", *types)
        assert done.code == 0, done.output

    def run(self, *command: str) -> Done:
        """Run a program in the work tree."""
        return run(self.fleet.top, self.tool.environment, *command)

    def git(self, *arguments: str) -> Done:
        """Run Git, hooks included."""
        return self.run("git", *arguments)

    def ask(self, *arguments: str) -> str:
        """Return what Git says, which must go well."""
        done = self.git(*arguments)
        assert done.code == 0, done.output
        return done.output.strip()

    @property
    def head(self) -> str:
        return self.ask("rev-parse", "HEAD")

    def state(self) -> tuple[str, ...]:
        """Return the index, what the work tree has changed, and what is in no index."""
        return tuple(
            self.ask(*words)
            for words in (
                ("ls-files", "--stage"),
                ("diff", "--binary"),
                ("ls-files", "--others"),
                ("stash", "list"),
            )
        )

    def edit(self) -> None:
        """Edit the source of `db`; its four outputs are then made from the version before."""
        self.fleet.source("secrets/db.age", "postgres://new\n")

    def mend(self, *nodes: str) -> None:
        """Replace the outputs of `db` by ones that fit."""
        for node in nodes or ("alpha", "beta", "gamma", "delta"):
            self.output(node).unlink()
            self.fleet.rekey(node, "db", "secrets/db.age", "postgres://new\n")

    def output(self, node: str) -> Path:
        """Return the one output of `db` that a node has."""
        (path,) = (self.fleet.top / "secrets/rekeyed" / node).glob("*-db.age")
        return path


@pytest.fixture(scope="session", params=["pre-commit", "prek"])
def tool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Return a hook manager that has built the hook's environment, once for all workers."""
    return make_tool(request.param, tmp_path_factory)


@pytest.fixture
def desk(fleet: Workshop, tool: Tool) -> Desk:
    """Return a fleet in order, with hooks installed."""
    return Desk(fleet, tool)


def make_tool(name: str, factory: pytest.TempPathFactory) -> Tool:
    """Return a hook manager by its name, ready as the fixture `tool`."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with _locked(shared / "hooks.lock"):
        source, revision = publish(shared / "hook-source")
        program = str(Path(sys.executable).with_name(name))
        tool = Tool(
            program,
            {
                "PRE_COMMIT_HOME": str(shared / "hook-pre-commit"),
                "PREK_HOME": str(shared / "hook-prek"),
            },
            _config(source, revision),
        )
        _build(shared / f"hook-build-{name}", tool)
    return tool


def strict(config: str) -> str:
    """Return a settings file whose hook is given `--strict`."""
    document = json.loads(config)
    document["repos"][0]["hooks"][0]["args"] = ["--strict"]
    return json.dumps(document, indent=2)


def _config(source: Path, revision: str) -> str:
    """Return a settings file; JSON is YAML too."""
    hooks = [{"id": "agenix-check"}]
    repository = {"repo": str(source), "rev": revision, "hooks": hooks}
    return json.dumps({"repos": [repository]}, indent=2)


def _build(scratch: Path, tool: Tool) -> None:
    """Let the hook manager build its environment, which needs the package index."""
    if scratch.exists():
        return
    unfinished = scratch.with_name(f"{scratch.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    assert run(unfinished, {}, "git", "init", "--quiet").code == 0
    (unfinished / CONFIG).write_text(tool.config)
    done = run(unfinished, tool.environment, tool.program, "install-hooks")
    assert done.code == 0, done.output
    unfinished.rename(scratch)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
