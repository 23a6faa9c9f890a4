"""The declared fleet, and Nix with a store of its own."""

from tests.discover.declared.conftest import _in_order, estate, nix_home, nix_root

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]
