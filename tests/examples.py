"""The files that people copy: where they are, and what is the same in all of them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agenix_check import __version__
from tests.checkout import ROOT

EXAMPLES = ROOT / "ci-examples"
HOME = "https://github.com/agenix-check/agenix-check"
PROGRAMS = Path(sys.executable).parent
VERSION = f"v{__version__}"


def example(name: str) -> str:
    """Return an example's text."""
    return (EXAMPLES / name).read_text()


def load_yaml(path: Path) -> Any:
    """Return a YAML file's document, in which `on` is a text and no truth value."""
    return yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - it is a SafeLoader


def with_programs() -> Mapping[str, str]:
    """Return a PATH on which the command and the tests' tools are found."""
    return {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}


class _Loader(yaml.SafeLoader):
    """YAML 1.2's truth values, as GitHub, GitLab and Forgejo read them."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
