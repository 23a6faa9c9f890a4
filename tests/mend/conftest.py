"""Scratch directories that are searched for plaintexts, and keys of every kind."""

from tests.keys.conftest import _no_plaintext_in_files, _ssh_keys, age_key, secret, ssh_key

__all__ = ["_no_plaintext_in_files", "_ssh_keys", "age_key", "secret", "ssh_key"]
