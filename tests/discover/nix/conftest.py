"""Nix with a store and a home of the tests' own, so that it needs no daemon and no rights."""

import os
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.discover.nix.flakes import write_flake


@pytest.fixture(scope="session")
def nix_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the store, which all tests of a process share."""
    root = tmp_path_factory.mktemp("nix").resolve()
    for name in ("store", "state", "log", "conf", "home"):
        (root / name).mkdir()
    return root


@pytest.fixture(autouse=True)
def nix_home(nix_root: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let Nix use that store, and return the home directory that it may write to."""
    for name in list(os.environ):
        if name.startswith("NIX_"):
            monkeypatch.delenv(name)
    for name in ("STORE", "STATE", "LOG", "CONF"):
        monkeypatch.setenv(f"NIX_{name}_DIR", str(nix_root / name.lower()))
    monkeypatch.setenv("NIX_REMOTE", "local")
    directory = nix_root / "home"
    monkeypatch.setenv("HOME", str(directory))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(directory / name.lower()))
    return directory


@pytest.fixture
def flake(workshop: Workshop) -> Workshop:
    """Return a repository with a flake of two hosts, staged and not committed."""
    workshop.write("hosts/alpha.pub", "ssh-ed25519 AAAAalpha root@alpha\n")
    workshop.write("hosts/beta.pub", "ssh-ed25519 AAAAbeta")
    workshop.write("secrets/db.age", "the database\n")
    write_flake(
        workshop,
        """
        nixosConfigurations = {
          alpha = node { hostPubkey = ./hosts/alpha.pub; } { db.rekeyFile = ./secrets/db.age; };
          beta = node { hostPubkey = ./hosts/beta.pub; } { db.rekeyFile = ./secrets/db.age; };
        };
        """,
    )
    workshop.stage()
    return workshop
