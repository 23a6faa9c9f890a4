"""Comparing the plaintexts of outputs and sources, for `--decrypt`."""
