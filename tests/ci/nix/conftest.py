"""Declared fleets, and Nix with a store of the tests' own."""

from tests.discover.declared.conftest import _in_order, estate
from tests.discover.nix.conftest import nix_home, nix_root

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]
