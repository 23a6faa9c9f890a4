"""Checks, without any key, that every host of a NixOS fleet can read exactly its secrets."""

__version__ = "0.1.0"
