"""Which outputs there should be, made from what and for whom: as declared, or as names tell it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agenix_check.audit.comparison import Place, place
from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.evidence import OutputFile
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import Trace
from agenix_check.mend.current import present_key, present_source
from agenix_check.model.declaration import DeclaredNode
from agenix_check.model.findings import Finding
from agenix_check.model.fleet import closest_to_name


class Need(NamedTuple):
    """An output that should be: whose it is, where, for which key text and from which source."""

    node: str
    secret: str
    storage: str
    key: str
    source: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed: all of it, by node and secret, and in which output directories.

    `paths` are where outputs belong, `places` their directories and names. `storages` are the
    directories of nodes that are known, at the base too: only there anything is removed.
    """

    known: tuple[Need, ...]
    of: Mapping[tuple[str | None, str | None], tuple[Need, ...]]
    paths: frozenset[str]
    places: frozenset[Place]
    storages: frozenset[str]


def declared_needs(declared: Declared) -> Needs:
    """Return what a declaration wants."""
    known = [need for one in declared.expected if (need := _declared(one)) is not None]
    before = declared.before
    nodes = (*declared.declaration.nodes, *(before.nodes if before else ()))
    return _collect(known, {path for node in nodes if (path := _storage(node)) is not None})


def named_needs(names: Names) -> Needs:
    """Return what the explained outputs of a tree are."""
    here = names.here
    known = []
    for file in here.outputs.values():
        made = names.explain(here, file)
        key = here.keys[made.key].text if made is not None else None
        if made is not None and key is not None:
            known.append(
                _need(file, key, closest_to_name(here.sources[made.source], file.name), file.path)
            )
    storages = {
        file.directory
        for tree in (here, names.base)
        for file in tree.outputs.values()
        if names.explain(tree, file) is not None
    }
    return _collect(known, storages)


def _collect(known: Iterable[Need], storages: Iterable[str]) -> Needs:
    needs = tuple(known)
    of: dict[tuple[str | None, str | None], list[Need]] = {}
    for need in needs:
        of.setdefault((need.node, need.secret), []).append(need)
    return Needs(
        known=needs,
        of={who: tuple(its) for who, its in of.items()},
        paths=frozenset(need.path for need in needs if need.path is not None),
        places=frozenset((need.storage, need.secret) for need in needs),
        storages=frozenset(storages),
    )


def find_declared(needs: Needs, finding: Finding) -> tuple[Need, ...] | str:
    """Return what a finding says is wrong, or why that cannot be told."""
    same = needs.of.get((finding.node, finding.secret), ())
    exact = tuple(one for one in same if one.path == finding.path)
    return exact or same or "its source or its node's key cannot be told"


def _need(file: OutputFile, key: str, source: str, path: str | None) -> Need:
    return Need(file.directory, file.name, file.directory, key, source, path)


def _declared(one: Expected) -> Need | None:
    storage, output = _storage(one.node), one.output
    if output is None or output.key is None or storage is None or one.skip or one.unknown_because:
        return None
    return Need(one.node.name, one.secret.name, storage, output.key, output.sources[0], output.path)


def _storage(node: DeclaredNode) -> str | None:
    if node.storage is None or node.storage_mode != "local":
        return None
    return node.storage.path


def find_by_names(
    names: Names, finding: Finding, before: Mapping[Place, Trace]
) -> tuple[Need, ...] | str:
    """Return what a finding says is wrong, or why names alone cannot tell.

    `before` is what `made_before` says.
    """
    path = finding.path or ""
    waiting = names.unstaged.outputs.get((finding.node or "", finding.secret or ""))
    if waiting is not None and waiting.file.path == path:
        made: Trace | None = waiting.made
        file: OutputFile | None = waiting.file
    else:
        file = names.here.outputs.get(path)
        if file is None:
            return "it is not in the tree"
        if file.ident in names.unstaged.keys:
            key = names.unstaged.keys[file.ident]
            return f"it is made for the key in {key}, which is not staged"
        made = names.explain(names.here, file) or names.explain(names.base, file)
        made = made or before.get(place(file))
    if made is None or file is None:
        return "names alone do not tell what it should be made from; --inventory nix"
    source = present_source(names, made, file.name)
    if source is None:
        for path in names.base.sources.get(made.source, ()):
            if path in names.here.files and not isinstance(names.here.facts.get(path), AgeFact):
                return f"its source {path} is no age file any more"
        return "names alone do not tell its source; --inventory nix"
    key_text = present_key(names, made.key)
    if key_text is None:
        return "names alone do not tell its node's key; --inventory nix"
    return (_need(file, key_text, source, None),)


def made_before(names: Names) -> Mapping[Place, Trace]:
    """Return what made the outputs of the base, by their place."""
    return {
        place(file): made
        for file in names.base.outputs.values()
        if (made := names.explain(names.base, file)) is not None
    }
