"""Rules files of plain agenix (`secrets.nix`), understood without Nix.

An evaluator of the pure part of the language: what it does not know it refuses, with its line.
"""
