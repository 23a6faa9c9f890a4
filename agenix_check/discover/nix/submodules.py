"""Submodules for a flake that asks for them, taken from the clones that the repository has."""

import os
import re
from collections import defaultdict

from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes, to_text
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot

# `inputs.self.submodules = true` in flake.nix, in both ways of writing it.
_ASKED = re.compile(
    rb"\bself\s*\.\s*submodules\s*=\s*true\b|\bself\s*=\s*\{[^{}]*\bsubmodules\s*=\s*true\b"
)


def wants_submodules(snapshot: Snapshot, flake: str) -> bool:
    """Tell whether the flake.nix at a path asks for the repository's submodules."""
    (blob,) = read_blobs(snapshot.git, [snapshot.files[flake].oid])
    return ".gitmodules" in snapshot.files and _ASKED.search(blob.data) is not None


def clone_settings(repository: Repository, snapshot: Snapshot) -> dict[str, str]:
    """Return settings by which Git finds each submodule in the clone that is here."""
    settings = {}
    for name, fields in _declared(snapshot).items():
        parts = name.split("/")
        clone = repository.git_dir.joinpath("modules", *parts)
        url = fields.get("url")
        if url is None or ".." in parts or name.startswith("/") or not clone.is_dir():
            continue
        # Older Nix lets Git update the submodules, newer ones fetch each by its URL.
        settings[f"submodule.{name}.url"] = str(clone)
        if not url.startswith(("./", "../")):
            settings[f"url.{clone}.insteadOf"] = url
    return settings


def _declared(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Return what .gitmodules says of each submodule, by its name."""
    declared: dict[str, dict[str, str]] = defaultdict(dict)
    status, listing, _ = snapshot.git.attempt(
        "config", "-z", "--blob", snapshot.files[".gitmodules"].oid, "--get-regexp", r"^submodule\."
    )
    for record in to_text(listing).split("\0")[:-1] if status == 0 else []:
        key, _, value = record.partition("\n")
        name, _, field = key.removeprefix("submodule.").rpartition(".")
        declared[os.fsdecode(to_bytes(name))][field] = value
    return declared
