"""What is known about a fleet besides names, and where it comes from: Nix, the lock, or neither."""

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.git.objects import read_blobs, read_root
from agenix_check.model.fleet import RULES_FILE
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.declared.expected import Declared
    from agenix_check.model.declaration import RulesFile


_NEW_LOCK = f"{LOCK}: it is new in this change, and decides nothing before the change is merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known about a fleet besides the names.

    `kind` is `nix`, `lock` or `names`; `declared` is None for the last. `stale` says in sentences
    how the tree's lock file is out of date, `stale_at_base` how the base's was: None if not known.
    `notices` and `incomplete` are sentences for the report.
    """

    kind: str
    declared: "Declared | None" = None
    rules: "tuple[RulesFile, ...]" = ()
    stale: tuple[str, ...] = ()
    stale_at_base: frozenset[str] | None = None
    notices: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()


def take_inventory(view: View, names: Names, settings: Settings, store: Store) -> Inventory:
    """Find out what is declared, from where the settings say.

    Raises `CannotCheckError` if a lock file was asked for and is missing or not readable.
    """
    here = find_rules_files(view)
    before = _rules_files_before(view, names, here)
    still = {*here, *(path for path in before if path in view.snapshot.files)}
    inventory = _take(view, names, settings, store, tuple(sorted(still)))
    if here or not before or any(file.rules for file in inventory.rules):
        return inventory
    ruled = _left_without_rules(names, inventory)
    if not ruled:
        return inventory
    sentence = (
        f"{', '.join(before)} said who may read {ruled[0]}"
        f"{f' and {len(ruled) - 1} more' if ruled[1:] else ''}, and no rules file is left"
    )
    return replace(inventory, incomplete=(*inventory.incomplete, sentence))


def _take(
    view: View, names: Names, settings: Settings, store: Store, rules: tuple[str, ...]
) -> Inventory:
    wanted = settings.inventory
    files = view.snapshot.files
    flake = posixpath.normpath(posixpath.join(settings.flake or "", "flake.nix"))
    named = bool(settings.flake or settings.nodes or settings.rules)
    if wanted is InventoryChoice.AUTO:
        wanted = InventoryChoice.NAMES
        if (flake in files or rules or named) and _nix_is_here():
            wanted = InventoryChoice.NIX
        elif LOCK in files and had_lock(view, names) is not False:
            wanted = InventoryChoice.LOCK
        if wanted is InventoryChoice.NAMES:
            unchecked = tuple(map(_unchecked, rules))
            if LOCK in files:
                return Inventory(kind="names", notices=(*unchecked, _NEW_LOCK))
            return Inventory(kind="names", stale=_removed_lock(view, names), notices=unchecked)
        asked = False
    else:
        asked = True
    if wanted is InventoryChoice.NAMES:
        return Inventory(kind="names", notices=tuple(map(_unasked, rules)))
    # Import what reads declarations only if there are any: many trees have none.
    from agenix_check.discover.declared.from_declaration import declare_by_lock, declare_by_nix

    if wanted is InventoryChoice.LOCK:
        return declare_by_lock(view, names, tuple(map(_unasked, rules)))
    return declare_by_nix(view, names, settings, store, asked=asked)


def had_lock(view: View, names: Names) -> bool | None:
    """Return whether what the change is compared with has a lock file; None without such a thing.

    To one that the change brings nobody has agreed yet.
    """
    if view.base is not None and view.authority in (None, view.base):
        return LOCK in names.base.files
    if view.authority is None:
        return None
    tree = view.authority.tree
    return LOCK in read_root(view.repository.git, [tree])[tree]


def _removed_lock(view: View, names: Names) -> tuple[str, ...]:
    """Say what left a lock file that the change removes."""
    if not had_lock(view, names):
        return ()
    from agenix_check.discover.declared.from_declaration import leave_without_lock

    return leave_without_lock(view, names)


def find_rules_files(view: View) -> tuple[str, ...]:
    """Return the files that look like rules files by name and content; NixOS modules do not."""
    files = view.snapshot.files
    paths = [path for path in files if posixpath.basename(path) == RULES_FILE]
    blobs = read_blobs(view.repository.git, [files[path].oid for path in paths])
    speaking = {blob.oid for blob in blobs if b"publicKeys" in blob.data}
    return tuple(path for path in paths if files[path].oid in speaking)


def _rules_files_before(view: View, names: Names, here: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rules files of the base that the change edits or removes: they are ones still."""
    there = names.base.files
    paths = [path for path in names.changed if path.endswith(RULES_FILE) and path not in here]
    files = [
        there[path] for path in paths if path in there and posixpath.basename(path) == RULES_FILE
    ]
    blobs = read_blobs(view.repository.git, [file.oid for file in files])
    speaking = {blob.oid for blob in blobs if b"publicKeys" in blob.data}
    return tuple(sorted({file.path for file in files if file.oid in speaking}))


def _left_without_rules(names: Names, inventory: Inventory) -> list[str]:
    """Return the age files that were there before and that no node has."""
    from agenix_check.discover.tree.facts import AgeFact, PointerFact
    from agenix_check.discover.tree.names import fleet_of

    used = {path for output in fleet_of(names).outputs for path in output.sources}
    if inventory.declared is not None:
        nodes = inventory.declared.declaration.nodes
        used |= {one.source.path for node in nodes for one in node.secrets if one.source.path}
    return sorted(
        path
        for path, fact in names.here.facts.items()
        if isinstance(fact, AgeFact | PointerFact)
        and path in names.base.files
        and path not in used
        and path not in names.here.outputs
    )


def _unasked(path: str) -> str:
    return f"{path}: plain agenix, which only --inventory nix checks"


def _unchecked(path: str) -> str:
    return f"{path}: plain agenix, which needs Nix to be checked, and Nix is not installed"


def _nix_is_here() -> bool:
    from shutil import which

    return which("nix") is not None
