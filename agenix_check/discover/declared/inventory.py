"""Choosing where the fleet comes from: Nix, the lock file, or file names alone."""

import posixpath

from agenix_check.discover.declared.known import Inventory
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.git.objects import read_blobs
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.view import View

RULES = "secrets.nix"


def take_inventory(view: View, names: Names, settings: Settings, store: Store) -> Inventory:
    """Find out what is declared, as the settings want it.

    Raises `CannotCheckError` where a lock file was asked for, and is not there or not readable.
    """
    wanted = settings.inventory
    files = view.snapshot.files
    flake = posixpath.normpath(posixpath.join(settings.flake or "", "flake.nix"))
    named = bool(settings.flake or settings.nodes or settings.rules)
    rules = find_rules_files(view)
    if wanted is InventoryChoice.AUTO:
        wanted = InventoryChoice.NAMES
        if (flake in files or rules or named) and _nix_is_here():
            wanted = InventoryChoice.NIX
        elif LOCK in files:
            wanted = InventoryChoice.LOCK
        if wanted is InventoryChoice.NAMES:
            return Inventory(kind="names", notices=tuple(map(_unchecked, rules)))
        asked = False
    else:
        asked = True
    if wanted is InventoryChoice.NAMES:
        return Inventory(kind="names", notices=tuple(map(_unasked, rules)))
    # What reads declarations is imported where there are any: many trees have none.
    from agenix_check.discover.declared.from_declaration import declare_by_lock, declare_by_nix

    if wanted is InventoryChoice.LOCK:
        return declare_by_lock(view, names, tuple(map(_unasked, rules)))
    return declare_by_nix(view, names, settings, store, asked=asked)


def find_rules_files(view: View) -> tuple[str, ...]:
    """Return the files that look like plain agenix's rules; NixOS modules have that name too."""
    files = view.snapshot.files
    paths = [path for path in files if path == RULES or path.endswith(f"/{RULES}")]
    blobs = read_blobs(view.repository.git, [files[path].oid for path in paths])
    speaking = {blob.oid for blob in blobs if b"publicKeys" in blob.data}
    return tuple(path for path in paths if files[path].oid in speaking)


def _unasked(path: str) -> str:
    return f"{path}: plain agenix, which only --inventory nix checks"


def _unchecked(path: str) -> str:
    return f"{path}: plain agenix, which needs Nix to be checked, and Nix is not installed"


def _nix_is_here() -> bool:
    from shutil import which

    return which("nix") is not None
