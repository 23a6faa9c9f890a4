"""Who can read what in the snapshot of a view, and what its change does to that."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, starmap
from types import MappingProxyType
from typing import TYPE_CHECKING

from agenix_check.access.difference import compare_access, rename_secrets
from agenix_check.access.entries import Declarations, Made
from agenix_check.access.present import Scenery, find_entries, find_readers, make_book
from agenix_check.age import recipient_or_none
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.names import Names
from agenix_check.model.access import AccessChange, Reader, ReaderKind, Replacement
from agenix_check.model.declaration import RulesFile
from agenix_check.model.node_names import shown_names

if TYPE_CHECKING:
    from agenix_check.discover.declared.expected import Declared
    from agenix_check.discover.declared.inventory import Inventory

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def readers_of_snapshot(
    names: Names, inventory: "Inventory", key_names: Mapping[str, str] = NO_NAMES
) -> tuple[Reader, ...]:
    """Return who can read what in the snapshot."""
    return find_readers(_here(names, inventory, key_names))


def call_nodes(readers: Iterable[Reader], nodes: Iterable[str]) -> tuple[Reader, ...]:
    """Return readers under the names that are shown; `nodes` are all of the snapshot."""
    listed = tuple(readers)
    names = shown_names(nodes, (one.name for one in listed if one.kind is ReaderKind.NODE))
    return tuple(
        one._replace(name=names[one.name]) if one.kind is ReaderKind.NODE else one for one in listed
    )


def call_nodes_of_change(change: AccessChange, nodes: Sequence[str]) -> AccessChange:
    """Return a change with its readers under the names that are shown."""
    before = call_nodes((one.before for one in change.replaced), nodes)
    after = call_nodes((one.after for one in change.replaced), nodes)
    return change._replace(
        added=call_nodes(change.added, nodes),
        removed=call_nodes(change.removed, nodes),
        replaced=tuple(starmap(Replacement, zip(before, after, strict=True))),
    )


def access_change(
    names: Names,
    inventory: "Inventory",
    rules_at_base: Iterable[RulesFile],
    key_names: Mapping[str, str] = NO_NAMES,
) -> AccessChange:
    """Return what the change does to who can read what.

    Only secrets whose files, or the rules for them, the change touches can have other readers.
    """
    here = _here(names, inventory, key_names)
    base = _base(names, inventory, rules_at_base, key_names)
    moved = _moved(here.tree, base.tree)
    secrets = _concerned(names, here, base)
    if not secrets:
        return AccessChange()
    before = rename_secrets(find_readers(base, secrets), moved)
    change = compare_access(before, find_readers(here, secrets))
    if change.newcomers:
        known = {entry.who.key for entry in find_entries(base, make_book(base))}
        change = change._replace(newcomers=change.newcomers - known)
    return change


def _here(names: Names, inventory: "Inventory", key_names: Mapping[str, str]) -> Scenery:
    return Scenery(
        tree=names.here,
        beside=names.base,
        traces=names.traces,
        traces_beside=names.traces_at_base,
        lost=names.lost,
        declared=_declarations(inventory.declared, inventory.rules),
        expected=_expected(inventory.declared),
        key_names=key_names,
    )


def _base(
    names: Names, inventory: "Inventory", rules: Iterable[RulesFile], key_names: Mapping[str, str]
) -> Scenery:
    declared = inventory.declared.base if inventory.declared is not None else None
    if declared is not None and not declared.is_whole:
        declared = None
    return Scenery(
        tree=names.base,
        beside=names.here,
        traces=names.traces_at_base,
        traces_beside=names.traces,
        lost=names.lost,
        declared=_declarations(declared or inventory.declared, rules),
        expected=_expected(declared),
        key_names=key_names,
    )


def _declarations(declared: "Declared | None", rules: Iterable[RulesFile]) -> Declarations:
    files = tuple(rules)
    by_path = {
        rule.path: tuple(filter(None, map(recipient_or_none, rule.recipients)))
        for file in files
        for rule in file.rules
    }
    if declared is None:
        return Declarations(rules=by_path, plain=bool(files))
    nodes = declared.declaration.nodes
    storage: dict[str, set[str]] = {}
    for node in nodes:
        if node.storage is not None and node.storage.path is not None:
            storage.setdefault(node.storage.path, set()).add(node.name)
    return Declarations(
        masters=tuple(declared.masters.known),
        places={recipient.text: place for recipient, place in declared.masters.known.items()},
        rules=by_path,
        nodes={
            one.output.path: one.node.name for one in declared.expected if one.output is not None
        },
        storage={path: min(owners) for path, owners in storage.items() if len(owners) == 1},
        sources=frozenset(
            one.source.path for node in nodes for one in node.secrets if one.source.path
        ),
    )


def _expected(declared: "Declared | None") -> dict[str, Made]:
    if declared is None:
        return {}
    return {
        one.output.path: Made(one.output.key, one.output.sources)
        for one in declared.expected
        if one.output is not None
    }


def _concerned(names: Names, here: Scenery, base: Scenery) -> set[str]:
    """Return the secrets whose readers may differ, under the names of both trees."""
    found: set[str] = set()
    for path in names.changed:
        for scenery in (here, base):
            output = scenery.tree.outputs.get(path)
            if output is not None:
                found.update((path, *scenery.made(output).secrets))
            elif path in scenery.declared.rules or _is_secret(scenery.tree, path):
                found.add(path)
    rules = here.declared.rules, base.declared.rules
    found.update(path for path in chain(*rules) if rules[0].get(path) != rules[1].get(path))
    moved = _moved(here.tree, base.tree)
    return found | {moved[path] for path in found if path in moved}


def _is_secret(tree: Evidence, path: str) -> bool:
    return isinstance(tree.facts.get(path), AgeFact | PointerFact)


def _moved(here: Evidence, base: Evidence) -> dict[str, str]:
    """Return where secrets of the base are now, of those that were moved as they are."""
    moved: dict[str, str] = {}
    for digest, paths in base.sources.items():
        gone = [path for path in paths if path not in here.files]
        if gone and digest in here.sources:
            new = [path for path in here.sources[digest] if path not in base.files]
            moved.update(zip(gone, new, strict=False))
    return moved
