"""What the tests of continuous integration share: a place with all that pip is asked for."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import ROOT, publish, run
from tests.ci.hub import Hub, Start
from tests.ci.runner import Runner
from tests.examples import with_programs


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return variables that let pip find this checkout, what it needs, and nothing else."""
    directory = tmp_path_factory.mktemp("packages")
    source, _ = publish(directory / "source")
    wheels = directory / "wheels"
    command = (sys.executable, "-m", "pip", "wheel", "--quiet", "-w", str(wheels))
    for what in (str(source), "hatchling>=1.25"):
        done = run(ROOT, {}, *command, what)
        assert done.code == 0, done.output
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="session")
def published(packages: Mapping[str, str]) -> Path:
    """Return this checkout as GitHub gives it to a runner."""
    return Path(packages["PIP_FIND_LINKS"]).parent / "source"


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the steps of one job share: the action installs into it only once."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture
def hub(fleet: Workshop, tmp_path: Path) -> Hub:
    fleet.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    return Hub(fleet, tmp_path)


@pytest.fixture
def start(hub: Hub, packages: Mapping[str, str], published: Path, temporary: Path) -> Start:
    """Return a function that makes a runner with a clone, for an event."""

    def make(event_name: str, event: Mapping[str, Any], revision: str, depth: int = 0) -> Runner:
        workspace = hub.clone(revision, depth)
        scratch = workspace.with_name(f"{workspace.name}-runner")
        whole = {"repository": {"default_branch": "main"}, **event}
        environment = {**packages, **with_programs()}
        return Runner(workspace, scratch, temporary, event_name, whole, published, environment)

    return make


@pytest.fixture(scope="session")
def python(packages: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a PATH on which there is a Python of its own with pip, as images have it."""
    directory = tmp_path_factory.mktemp("python")
    done = run(directory, {}, sys.executable, "-m", "venv", str(directory))
    assert done.code == 0, done.output
    return f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
