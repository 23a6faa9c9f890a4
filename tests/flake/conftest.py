"""Nix with a store of the tests' own that can build, and a stand-in for nixpkgs."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.checkout import ROOT, Done, publish, run
from tests.discover.declared.conftest import _in_order, estate
from tests.discover.nix.conftest import nix_home, nix_root
from tests.examples import PROGRAMS

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]

_SETTINGS = """\
experimental-features = nix-command flakes
build-users-group =
sandbox = false
substituters =
"""


_FLAKE_PARTS = """\
{
  inputs.nixpkgs-lib.url = "path:/nowhere";
  outputs = { self, nixpkgs-lib }: {
    lib = import ./flake_parts.nix { inherit (nixpkgs-lib) lib; };
  };
}
"""


class Nix(NamedTuple):
    """Nix, this checkout as a flake, and a stand-in for nixpkgs.

    `parts` is flake-parts, and `lib` what its input for nixpkgs' library is set to: stand-ins too,
    or what FLAKE_PARTS and NIXPKGS_LIB name (`make trial`).
    """

    ours: str
    nixpkgs: str
    parts: str
    lib: str

    def run(self, directory: Path, *arguments: str) -> Done:
        """Run Nix on a flake that has both as inputs, or ours alone."""
        return run(directory, {"NIX_CONFIG": _SETTINGS}, "nix", *arguments)

    def evaluate(self, attribute: str) -> Any:
        """Return an attribute of our flake."""
        done = self.run(
            ROOT, "eval", "--json", "--no-write-lock-file", "--override-input", "nixpkgs",
            self.nixpkgs, f"{self.ours}#{attribute}",
        )  # fmt: skip
        assert done.code == 0, done.output
        return json.loads(done.output.splitlines()[-1])


@pytest.fixture(scope="session")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Nix:
    directory = tmp_path_factory.mktemp("flakes")
    source, _ = publish(directory / "source")
    nixpkgs = directory / "nixpkgs"
    nixpkgs.mkdir()
    command = f"exec {PROGRAMS / 'python'} -m agenix_check"
    variables = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    text = (Path(__file__).parent / "nixpkgs.nix").read_text()
    for name, value in {"command": command, "variables": variables}.items():
        text = text.replace(f"@{name}@", json.dumps(json.dumps(value)))
    (nixpkgs / "flake.nix").write_text(text)
    parts = directory / "flake-parts"
    parts.mkdir()
    (parts / "flake.nix").write_text(_FLAKE_PARTS)
    shutil.copy(Path(__file__).parent / "flake_parts.nix", parts)
    return Nix(
        ours=f"git+file://{source}",
        nixpkgs=f"path:{nixpkgs}",
        parts=f"path:{os.environ.get('FLAKE_PARTS', parts)}",
        lib=f'url = "path:{os.environ["NIXPKGS_LIB"]}"' if "NIXPKGS_LIB" in os.environ
        else 'follows = "nixpkgs"',
    )  # fmt: skip
