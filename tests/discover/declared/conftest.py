"""Declared fleets: in order and committed once a session, copied for every test."""

import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
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
    top = tmp_path / "estate"
    shutil.copytree(_in_order.shop.top, top, symlinks=True)
    shop = Workshop(top)
    shop.git.run("update-index", "--refresh")  # the files are others now
    shop.identity, shop.master = _in_order.shop.identity, _in_order.shop.master
    copy = Estate(shop)
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
