"""What verbs beside `check` ask of a view or of history: the fleet, the lock, who can read what."""

from typing import TYPE_CHECKING

from agenix_check.gate import change_of_access, examine, open_store
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository, resolve
from agenix_check.model.activity import busy
from agenix_check.model.findings import Report
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenix_check.access.past_readers import PastReaders
    from agenix_check.age import Recipient
    from agenix_check.discover.declared.inventory import Inventory
    from agenix_check.discover.tree.names import Names
    from agenix_check.git.cache import Store
    from agenix_check.model.access import AccessChange, Reader
    from agenix_check.model.exposed import KeyExposure
    from agenix_check.model.fleet import Fleet

# As in the gate, what looks closer is imported where it is needed.


def see_names(view: View, settings: Settings) -> "tuple[Names, Store]":
    """Return what the names of a view's files say, and where it is remembered."""
    from agenix_check.discover.tree.facts_cache import Memory
    from agenix_check.discover.tree.names import discover_names

    store = open_store(view.repository, settings)
    return discover_names(view, Memory(store), store), store


def _fleet(view: View, names: "Names", inventory: "Inventory") -> "Fleet":
    from agenix_check.audit import every_node
    from agenix_check.discover.declared.expected import fleet_of_declared
    from agenix_check.discover.tree.names import fleet_of

    if inventory.declared is None:
        fleet = fleet_of(names)
    else:
        fleet = fleet_of_declared(inventory.declared, inventory.kind)
    left = names.here.outputs.values() if inventory.declared is None else ()
    every = every_node(names, inventory)
    secrets = {one.secret for one in fleet.outputs} | {one.name for one in left}
    fleet = replace(fleet, every_node=every, every_secret=tuple(sorted(secrets)))
    if not inventory.rules:
        return fleet
    return replace(fleet, rules=inventory.rules, key_names=_name_readers(view, names, inventory))


@frozen(kw_only=False)
class JudgedFleet:
    """A fleet, what was judged of all of it, with details, and who can read what."""

    fleet: "Fleet"
    report: Report
    names: "Names"
    readers: "tuple[Reader, ...]"


def judge_fleet(view: View, settings: Settings) -> JudgedFleet:
    """Judge all of a view's fleet, whatever the settings restrict or ignore."""
    all_of_it = replace(settings, node=(), secret=(), ignore=(), new_from=None, exposed=False)
    found = examine(view, all_of_it, open_store(view.repository, settings), details=True)
    names, inventory = found.names, found.inventory
    return JudgedFleet(
        fleet=_fleet(view, names, inventory),
        report=found.report,
        names=names,
        readers=found.report.readers,
    )


def list_readers(view: View, names: "Names", inventory: "Inventory") -> "tuple[Reader, ...]":
    """Return who can read what in the snapshot of a view."""
    from agenix_check.access.of_view import readers_of_snapshot
    from agenix_check.discover.tree.key_names import name_keys

    key_names = name_keys(view.repository, (names.here, names.base))
    return readers_of_snapshot(names, inventory, key_names)


def _name_readers(view: View, names: "Names", inventory: "Inventory") -> dict[str, str]:
    """Return what people call the keys of a view, by the text without a comment."""
    from agenix_check.access.of_view import call_nodes, readers_of_snapshot
    from agenix_check.audit import every_node
    from agenix_check.discover.tree.key_names import name_keys

    bound = name_keys(view.repository, (names.here, names.base))
    readers = readers_of_snapshot(names, inventory, bound)
    readers = call_nodes(readers, every_node(names, inventory))
    return {**bound, **{one.key: one.name for one in readers if one.key is not None}}


@frozen(kw_only=False)
class FoundAccess:
    """Who can read what in a view, where the fleet comes from, and what was not looked at.

    `change` is None unless it was asked for, and where there is no base. Readers that are nodes
    have these for a name, `nodes` are all of them.
    """

    readers: "tuple[Reader, ...]"
    change: "AccessChange | None"
    inventory: str
    nodes: tuple[str, ...]
    incomplete: tuple[str, ...]


def discover_access(view: View, settings: Settings, *, of_change: bool = False) -> FoundAccess:
    """Find who can read what in a view, and what its change does to that."""
    from agenix_check.audit import every_node
    from agenix_check.discover.declared.inventory import take_inventory

    names, store = see_names(view, settings)
    inventory = take_inventory(view, names, settings, store)
    readers = list_readers(view, names, inventory)
    change = change_of_access(view, names, inventory) if of_change else None
    incomplete = (*names.incomplete, *inventory.incomplete)
    nodes = every_node(names, inventory)
    return FoundAccess(readers, change, inventory.kind, nodes, incomplete)


@busy("reading history")
def discover_past_readers(
    repository: Repository, settings: Settings, asked: "Sequence[Recipient]"
) -> "PastReaders":
    """Find who could read what in all of the history at hand, or in that of `--rev`.

    `asked` are keys that may stand in no file of it. Raises `CannotCheckError` where history is not
    all here in a way that Git cannot get over (a partial clone without trees).
    """
    from agenix_check.access.past_readers import PastReaders
    from agenix_check.access.secret_versions import find_versions
    from agenix_check.discover.tree.chronicle import read_chronicle

    revision = None if settings.rev is None else resolve(repository, settings.rev)
    store = open_store(repository, settings)
    chronicle = store.without_foreign(lambda: read_chronicle(repository, store, revision))
    return PastReaders(chronicle=chronicle, versions=find_versions(chronicle), asked=tuple(asked))


@frozen
class NewLock:
    """The text of a lock file, how much it holds, and what of plain agenix is not in it."""

    text: str
    nodes: int
    secrets: int
    rules_files: int
    left_out: tuple[str, ...]


def make_lock(view: View, settings: Settings) -> NewLock:
    """Return the lock file for a view.

    Raises `CannotCheckError` if a node could not be evaluated: half a lock would look like a whole.
    """
    from agenix_check.discover.declared.evaluation_cache import evaluate_flake
    from agenix_check.discover.declared.from_declaration import evaluation_options, refuse_half
    from agenix_check.discover.declared.inventory import find_rules, uses_agenix_rekey
    from agenix_check.discover.declared.lock import render_lock
    from agenix_check.discover.declared.locked_rules import lock_rules
    from agenix_check.model.declaration import Declaration

    names, store = see_names(view, settings)
    rules = find_rules(view, settings, store)
    declaration = Declaration(nodes=())
    if not rules.files or settings.flake or settings.nodes or uses_agenix_rekey(view, names):
        declaration = evaluate_flake(view, evaluation_options(settings))
        refuse_half(declaration)
    return NewLock(
        text=render_lock(declaration, lock_rules(view.snapshot, rules.files)),
        nodes=len(declaration.nodes),
        secrets=sum(len(node.secrets) for node in declaration.nodes),
        rules_files=len(rules.files),
        left_out=rules.incomplete,
    )


def _past_node_names(
    repository: Repository, settings: Settings, directories: "Iterable[str]"
) -> dict[str, str]:
    """Return under which names the nodes of storage directories are shown, those of the past too.

    A name that was declared counts; else it is the directory, as every verb shortens it.
    """
    from agenix_check.discover.declared.past_nodes import name_past_nodes
    from agenix_check.discover.tree.naming import output_file
    from agenix_check.model.node_names import shown_names

    revision = repository.head if settings.rev is None else resolve(repository, settings.rev)
    present: set[str] = set()
    if revision is not None:
        listed = repository.git.run("ls-tree", "-r", "-z", "--name-only", revision)
        outputs = map(output_file, map(to_text, listed.split(b"\0")))
        present = {one.directory for one in outputs if one is not None}
    declared: dict[str, str] = {}
    if settings.inventory is not InventoryChoice.NAMES:
        declared = name_past_nodes(repository, open_store(repository, settings), revision)
    return shown_names(() if declared else present, directories) | declared


def call_past_readers(
    repository: Repository,
    settings: Settings,
    past: "PastReaders",
    exposures: "Sequence[KeyExposure]",
) -> "tuple[tuple[KeyExposure, ...], dict[str, str]]":
    """Return exposures with what people call keys and nodes; and nodes' names by their directory.

    Keys that are no node's have the names that Nix files bound them to when they had them last.
    """
    from agenix_check.access.exposure import files_that_bind, name_nodes, name_people
    from agenix_check.discover.tree.key_names import names_in_files

    directories = {node for one in exposures for node in one.nodes}
    names = _past_node_names(repository, settings, directories)
    bound = names_in_files(repository, files_that_bind(past, exposures))
    return name_people(name_nodes(exposures, names), past, bound), names


_SHALLOW = (
    "this clone is shallow, and history ends early: what was readable before is not known "
    "(fetch-depth: 0, or git fetch --unshallow)"
)
_BLIND = "contents that may be keys or secrets are not in this clone (made with --filter)"


def say_unseen_history(repository: Repository, past: "PastReaders") -> tuple[str, ...]:
    """Say what of history is not in this clone."""
    said = ((repository.shallow, _SHALLOW), (past.chronicle.blind, _BLIND))
    return tuple(sentence for is_so, sentence in said if is_so)
