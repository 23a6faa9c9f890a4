"""Declared fleets, Nix with a store of its own, and the command in this process."""

from tests.discover.declared.conftest import _in_order, estate, nix_home, nix_root, run

__all__ = ["_in_order", "estate", "nix_home", "nix_root", "run"]
