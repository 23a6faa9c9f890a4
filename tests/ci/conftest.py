"""What the tests of continuous integration share: a place with all that pip is asked for."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.checkout import ROOT, publish, run


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
