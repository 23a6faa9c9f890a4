"""What is known about a fleet besides names, and where it comes from: Nix, the lock, or neither."""

import posixpath
import re
from typing import TYPE_CHECKING

from agenix_check.discover.tree.evidence import FLAKE, LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.git.history import has_version
from agenix_check.git.objects import read_blobs, read_root
from agenix_check.model.fleet import RULES_FILE
from agenix_check.model.frozen import NOTHING, frozen, replace
from agenix_check.model.settings import EvaluateWhen, InventoryChoice, Settings
from agenix_check.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenix_check.discover.declared.expected import Declared
    from agenix_check.discover.declared.generated import Outdated
    from agenix_check.discover.declared.left_lock import Left
    from agenix_check.discover.declared.plain_rules import AskNix, PlainRules
    from agenix_check.discover.declared.written_rules import WrittenRules
    from agenix_check.git.snapshot import File
    from agenix_check.model.declaration import Declaration, RulesFile

_IS_CALLED_SO = re.compile(rf"(?:.*/)?{re.escape(RULES_FILE)}\Z", re.DOTALL).match


_STORED_WITHOUT = "without-lock"
_WITHOUT_FORMAT = 1
_MOST_COMMITS = 8  # that are remembered
_NEW_LOCK = f"{LOCK}: it is new in this change, and decides nothing before the change is merged"


@frozen
class Inventory:
    """What is known about a fleet besides the names.

    `kind` is `nix`, `lock` or `names`; `declared` is None for the last. `stale` says in sentences
    how the tree's lock file is out of date, `left` what left it; `stale_at_base` how that was at
    the base, in the same sentences and in the words of `Left.what`: None if not known. `notices`
    and `incomplete` are sentences for the report. `outdated` are generated sources that are older
    than what they depend on. `rules_at_base` are the rules files of the base, `unruled` the age
    files that neither a rule nor a node covers. `lock_before` is what the lock file declared before
    a change that edits it, where it decides; `spared` says which outputs that edit takes away, if
    somebody else may have made it. `strangers` says in words whose the tags are that no rule lists,
    `written` whom files were for when they were written, of those whose rules changed since.
    """

    kind: str
    declared: "Declared | None" = None
    rules: "tuple[RulesFile, ...]" = ()
    stale: tuple[str, ...] = ()
    left: "tuple[Left, ...]" = ()
    stale_at_base: frozenset[str] | None = None
    lock_before: "Declaration | None" = None
    spared: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    outdated: "tuple[Outdated, ...]" = ()
    rules_at_base: "tuple[RulesFile, ...]" = ()
    unruled: tuple[str, ...] = ()
    strangers: "Mapping[str, str]" = NOTHING
    written: "Mapping[str, WrittenRules]" = NOTHING


def take_inventory(view: View, names: Names, settings: Settings, store: Store) -> Inventory:
    """Find out what is declared, from where the settings say, and in rules files.

    Raises `CannotCheckError` if a lock file was asked for and is missing or not readable.
    """
    plain = _plain_rules(view, settings, store)
    if _lack_rules(names, plain):
        from agenix_check.discover.declared.named_rules import find_named_rules

        named = find_named_rules(view)
        settings = replace(settings, rules=(*settings.rules, *named))
        plain = _plain_rules(view, settings, store) if named else plain
    inventory = _of_fleet(view, names, settings, store, plain=plain is not None)
    if inventory.declared is not None:
        from agenix_check.discover.declared.generated import find_outdated

        outdated = find_outdated(view, names, inventory.declared.declaration)
        inventory = replace(inventory, outdated=outdated)
    if LOCK in view.snapshot.files and settings.inventory is not InventoryChoice.NAMES:
        inventory = _with_stale_rules(view, names, inventory, plain)
    if plain is not None:
        from agenix_check.discover.declared.plain_rules import note_unstaged

        inventory = replace(
            inventory,
            rules=note_unstaged(view, names, plain.files),
            notices=(*inventory.notices, *plain.notices),
            incomplete=(*inventory.incomplete, *plain.incomplete),
        )
    inventory = replace(
        inventory, rules_at_base=_rules_before(view, names, inventory, settings, store)
    )
    left_out = plain.left_out if plain is not None else frozenset()
    if inventory.rules:
        from agenix_check.discover.declared.strangers import name_strangers
        from agenix_check.discover.declared.written_rules import find_written

        unruled = _without_rule(view, names, inventory, left_out)
        strangers = name_strangers(view, names, inventory.rules, unruled, store)
        written = find_written(view, names, inventory.rules, settings, store)
        return replace(inventory, unruled=unruled, strangers=strangers, written=written)
    return _say_if_none_is_left(view, names, inventory, left_out)


def _lack_rules(names: Names, plain: "PlainRules | None") -> bool:
    """Return whether some age file has no rule yet, and is none of agenix-rekey's."""
    here = names.here
    if here.outputs and plain is None:
        return False
    from agenix_check.discover.tree.facts import AgeFact

    files = () if plain is None else plain.files
    known = {rule.path for file in files for rule in file.rules} | names.sources_used
    return any(
        isinstance(fact, AgeFact) and path not in known and path not in here.outputs
        for path, fact in here.facts.items()
    )


def _with_stale_rules(
    view: View, names: Names, inventory: Inventory, plain: "PlainRules | None"
) -> Inventory:
    """Add of which rules files the lock file has other rules; that is old if none was changed."""
    from agenix_check.discover.declared.locked_rules import say_stale_rules

    files = () if plain is None else plain.files
    stale = say_stale_rules(view, files)
    if not stale:
        return inventory
    read = {file.path: {file.path, *file.read} for file in files}
    old = [
        sentence
        for path, sentence in stale.items()
        if names.changed.isdisjoint({LOCK, *read.get(path, {path})})
    ]
    before = inventory.stale_at_base
    if before is None:
        before = frozenset() if names.changed else frozenset(inventory.stale)
    return replace(
        inventory,
        stale=(*inventory.stale, *stale.values()),
        stale_at_base=before | frozenset(old),
    )


def _say_if_none_is_left(
    view: View, names: Names, inventory: Inventory, left_out: frozenset[str]
) -> Inventory:
    """Say so where the base had rules files and the tree has none, beside files without a rule."""
    there = set(find_rules_files(view)) - left_out
    before = {file.path for file in inventory.rules_at_base if file.rules}
    if not before:  # where the base cannot be understood, what they say counts
        before = set(_rules_files_before(view, names))
        if there:
            return inventory
    before -= left_out
    if not before or any(path in sentence for sentence in inventory.incomplete for path in before):
        return inventory
    ruled = _left_without_rules(names, inventory)
    if not ruled:
        return inventory
    from agenix_check.discover.declared.unruled import say_no_rules

    sentence = say_no_rules(sorted(before), ruled, view.snapshot.files)
    return replace(inventory, incomplete=(*inventory.incomplete, sentence), unruled=tuple(ruled))


def _of_fleet(
    view: View, names: Names, settings: Settings, store: Store, *, plain: bool
) -> Inventory:
    """Find out what the flake or the lock file declares; `plain` if there are rules files."""
    wanted = settings.inventory
    if wanted is InventoryChoice.NAMES:
        return Inventory(kind="names")
    # Import what reads declarations only if there are any: many trees have none.
    if wanted is InventoryChoice.AUTO:
        return _the_best(view, names, settings, store)
    from agenix_check.discover.declared.from_declaration import declare_by_lock, declare_by_nix

    if wanted is InventoryChoice.LOCK:
        return declare_by_lock(view, names)
    found = declare_by_nix(view, names, settings, store, needed=not plain)
    if found.declared is not None or found.incomplete or not names.base.outputs:
        return found
    from agenix_check.discover.declared.downgrades import hold_against_flake

    return hold_against_flake(view, names, settings, store, found)


def _the_best(view: View, names: Names, settings: Settings, store: Store) -> Inventory:
    """Take Nix if it is here and the flake declares nodes, else the lock file, else names.

    A change must not choose a weaker one: a flake without nodes is as none, and what a flake or a
    lock file declared before is held against what is left.
    """
    files = view.snapshot.files
    named = bool(settings.flake or settings.nodes)
    notices: tuple[str, ...] = ()
    usable = (named or FLAKE in files) and _nix_is_here()
    if usable and (named or uses_agenix_rekey(view, names)):
        from agenix_check.discover.declared.from_declaration import declare_by_nix

        found = declare_by_nix(view, names, settings, store, needed=False)
        if found.declared is not None and files.get(LOCK) != file_before(view, names, LOCK):
            from agenix_check.discover.declared.downgrades import hold_against_lock

            return hold_against_lock(view, names, settings, store, found)
        if found.declared is not None or found.incomplete:
            return found
        notices = found.notices
    if LOCK in files and had_lock(view, names) is not False:
        from agenix_check.discover.declared.from_declaration import declare_by_lock

        found = declare_by_lock(view, names)
        return replace(found, notices=(*notices, *found.notices))
    if LOCK in files:
        notices = (*notices, _NEW_LOCK)
    found = Inventory(kind="names", notices=notices)
    if not (names.here.outputs or names.base.outputs):
        return found
    if not _never_had_lock(view, store):
        from agenix_check.discover.declared.past_locks import what_left_without_lock

        found = what_left_without_lock(view, names, found)
    if not named and file_before(view, names, FLAKE) is not None and _nix_is_here():
        from agenix_check.discover.declared.downgrades import hold_against_flake

        return hold_against_flake(view, names, settings, store, found)
    return found


def _never_had_lock(view: View, store: Store) -> bool:
    """Return whether what the change is compared with never had a lock file, as history shows.

    That is remembered: most histories have none.
    """
    tip = view.authority or view.base
    if tip is None or tip.commit is None:
        return True
    known = [*(store.load(_STORED_WITHOUT, dict[str, bool], number=_WITHOUT_FORMAT) or ())]
    if tip.commit in known:
        return True
    found = has_version(view.repository.git, tip.commit, LOCK, without=known)
    if found is False and not view.repository.shallow:
        kept = dict.fromkeys([*known, tip.commit], True)
        store.save(_STORED_WITHOUT, kept, number=_WITHOUT_FORMAT, most=_MOST_COMMITS)
    return not found


def _without_rule(
    view: View, names: Names, inventory: Inventory, left_out: frozenset[str]
) -> tuple[str, ...]:
    """Return the age files that neither a rule nor a node covers."""
    from agenix_check.discover.declared.unruled import list_unruled

    before = inventory.rules_at_base
    unruled = list_unruled(names, inventory.rules, before, inventory.declared, left_out)
    if not unruled or inventory.declared is not None or not uses_agenix_rekey(view, names):
        return unruled
    # Names do not say which sources a node declares: only what lies beside ruled files counts.
    ruled = {rule.path for file in (*inventory.rules, *before) for rule in file.rules}
    beside = {posixpath.dirname(path) for path in ruled}
    return tuple(path for path in unruled if posixpath.dirname(path) in beside)


def _rules_before(
    view: View, names: Names, inventory: Inventory, settings: Settings, store: Store
) -> "tuple[RulesFile, ...]":
    """Return the rules files of the base; read anew only where the change may have touched them."""
    read = {path for file in inventory.rules for path in (file.path, *file.read)}
    touched = (
        path in read or posixpath.dirname(path) in read or _IS_CALLED_SO(path)
        for path in names.changed
    )
    if not any(touched):
        return inventory.rules
    if view.base is None:
        return ()
    found = _plain_rules(replace(view, snapshot=view.base, base=None), settings, store)
    return () if found is None else found.files


def had_lock(view: View, names: Names) -> bool | None:
    """Return whether what the change is compared with has a lock file; None without such a thing.

    To one that the change brings nobody has agreed yet.
    """
    if view.base is None and view.authority is None:
        return None
    return file_before(view, names, LOCK) is not None


def file_before(view: View, names: Names, name: str) -> "File | None":
    """Return a file at the top of what the change is compared with."""
    if view.authority is None or view.authority is view.base:
        return names.base.files.get(name)
    tree = view.authority.tree
    return read_root(view.repository.git, [tree])[tree].get(name)


def find_rules_files(view: View) -> tuple[str, ...]:
    """Return the files that look like rules files by name and content; NixOS modules do not."""
    return _speaking(view, view.snapshot.files.values())


def _rules_files_before(view: View, names: Names) -> tuple[str, ...]:
    """Return the rules files of the base that the change edits or removes: they are ones still."""
    there = names.base.files
    changed = (there[path] for path in names.changed if path in there)
    return tuple(sorted(_speaking(view, changed)))


def _speaking(view: View, files: "Iterable[File]") -> tuple[str, ...]:
    """Return the paths of those files that have the name of rules files and speak of keys."""
    alike = (file for file in files if file.path.endswith(RULES_FILE))
    named = [file for file in alike if posixpath.basename(file.path) == RULES_FILE]
    blobs = read_blobs(view.repository.git, [file.oid for file in named])
    speaking = {blob.oid for blob in blobs if b"publicKeys" in blob.data}
    return tuple(file.path for file in named if file.oid in speaking)


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


def find_rules(view: View, settings: Settings, store: Store) -> "PlainRules":
    """Read the rules files of a view for the lock file, so without asking that."""
    from agenix_check.discover.declared.plain_rules import declare_plain

    return declare_plain(view, settings.rules, settings.ignore, _ask_nix(settings, store))


def _plain_rules(view: View, settings: Settings, store: Store) -> "PlainRules | None":
    """Read the rules files; None, at no cost, where no file could be one."""
    if not (settings.rules or any(map(_IS_CALLED_SO, view.snapshot.files))):
        return None
    from agenix_check.discover.declared.plain_rules import declare_plain, say_failures

    found = declare_plain(view, settings.rules, settings.ignore, _ask_nix(settings, store))
    if found.incomplete and settings.inventory is not InventoryChoice.NAMES:
        from agenix_check.discover.declared.locked_rules import fill_from_lock

        files = fill_from_lock(view, found.files)
        found = found._replace(files=files, incomplete=say_failures(files))
    return found if found.files or found.notices else None


def _ask_nix(settings: Settings, store: Store) -> "AskNix | None":
    """Return what asks Nix about rules files; None if it may not be asked, or is not here."""
    may_ask = settings.inventory in (InventoryChoice.AUTO, InventoryChoice.NIX)
    if not (may_ask and settings.evaluate is not EvaluateWhen.NEVER and _nix_is_here()):
        return None

    def ask(view: View, paths: "Sequence[str]") -> "tuple[RulesFile, ...]":
        from agenix_check.discover.declared.rules_by_nix import ask_once

        return ask_once(view, paths, settings, store)

    return ask


def uses_agenix_rekey(view: View, names: Names) -> bool:
    """Return whether some file says that agenix-rekey is used: without it no flake matters."""
    if names.here.outputs or names.base.outputs:
        return True
    files = view.snapshot.files
    speaking = [path for path in files if path.endswith((".nix", "flake.lock"))]
    blobs = read_blobs(view.repository.git, [files[path].oid for path in speaking])
    return any(b"agenix-rekey" in blob.data or b"age.rekey" in blob.data for blob in blobs)


def _nix_is_here() -> bool:
    from shutil import which

    return which("nix") is not None
