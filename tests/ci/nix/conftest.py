"""Declared fleets, and Nix with a store of the tests' own."""

from tests.declared.conftest import _in_order, estate
from tests.nix.conftest import nix_home, nix_root

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]
