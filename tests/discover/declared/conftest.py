"""Declared fleets: in order and committed once a session, copied for every test."""

import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.conftest import Run, copy_fleet
from tests.discover.declared.estate import Estate, Secret
from tests.discover.nix.conftest import nix_home, nix_root
from tests.host_keys import HOSTS

__all__ = ["nix_home", "nix_root"]


def _describe(estate: Estate) -> None:
    for node in ("alpha", "beta", "delta"):
        estate.add_node(node)
        estate.nodes[node].secrets["db"] = Secret("secrets/db.age")
    estate.nodes["alpha"].secrets["token"] = Secret("secrets/alpha-token.age")
    estate.nodes["beta"].secrets["group/wifi"] = Secret("secrets/wifi.age")


def build_estate(top: Path, hosts: Mapping[str, str] = HOSTS) -> Estate:
    """Build a declared fleet in order, for the public keys of its hosts."""
    estate = Estate(Workshop(top), hosts)
    _describe(estate)
    estate.shop.write("README.md", "A fleet.\n")
    estate.shop.commit("Begin")
    estate.write_sources()
    estate.write_keys()
    estate.rekey()
    estate.write_lock()
    estate.write_flake()
    estate.shop.commit("Build the fleet")
    return estate


@pytest.fixture(scope="session")
def _in_order(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return build_estate(tmp_path_factory.mktemp("estate"))


@pytest.fixture
def estate(tmp_path: Path, _in_order: Estate) -> Estate:
    """Return a declared fleet in order: its flake, its lock file, and all outputs."""
    copy = Estate(copy_fleet(_in_order.shop, tmp_path / "estate"))
    copy.masters = list(_in_order.masters)
    copy.nodes = deepcopy(_in_order.nodes)
    copy.plaintexts = dict(_in_order.plaintexts)
    return copy


@pytest.fixture
def without_nix(tmp_path: Path) -> dict[str, str]:
    """Return variables with which Git is found and Nix is not."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "")
    return {"PATH": str(programs)}


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here
