"""Outputs that a change leaves alone, so that only the others have to be looked at.

Of a large fleet in order it is remembered which key and which source made each output. An output is
settled if neither its file nor a file with its key or its source differs, in the snapshot or in the
base, from the tree of then. Of these a few stay: for each node, and for each source, one.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple, cast

from agenix_check.discover.tree.carried import DECIDING_FILES, is_by_names_alone
from agenix_check.discover.tree.evidence import find_facts, is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, Fact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts, bare, digest
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.discover.tree.naming import output_file
from agenix_check.git.known_trees import list_between
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, Change
from agenix_check.model.findings import JudgedFile, Verdict
from agenix_check.model.lost import Reason
from agenix_check.model.settings import Settings
from agenix_check.view import View

FEWEST = 5000  # outputs; fewer are looked at as fast
_DIGITS = 32  # of an ident
_OF_A_FILE = "100644"


class SettledTree(NamedTuple):
    """What made the outputs in order of a tree: their idents, one behind the other.

    By the digest of the source, and by that of the key. `kind` is that of the view.
    """

    kind: str
    tree: str
    by_source: Mapping[str, str]
    by_key: Mapping[str, str]


def find_settled(
    view: View, settings: Settings, names: Names, outputs: Sequence[JudgedFile], kind: str
) -> SettledTree | None:
    """Return what made the outputs of a large fleet; None where two nodes have one key."""
    here = names.here
    if len(here.outputs) < FEWEST or len(here.outputs) > len(outputs):
        return None
    if names.lost or names.shallow or not is_by_names_alone(view, settings):
        return None
    files = here.files
    if len({files[path].oid for path in here.outputs}) < len(here.outputs):
        return None
    found = here.outputs.values()
    if min(len({one.place for one in found}), len({one.ident for one in found})) < len(found):
        return None
    sources: dict[str, list[str]] = defaultdict(list)
    keys: dict[str, list[str]] = defaultdict(list)
    homes: set[tuple[str, str]] = set()
    for one in outputs:
        file = here.outputs[one.path]
        made = names.traces[file.ident]
        homes.add((file.directory, made.key))
        if one.verdict is Verdict.OK and not one.rules and files[one.path].mode == _OF_A_FILE:
            sources[made.source].append(file.ident)
            keys[made.key].append(file.ident)
    if not len(homes) == len({home for home, _ in homes}) == len({key for _, key in homes}):
        return None
    return SettledTree(
        kind,
        view.snapshot.tree,
        {one: "".join(idents) for one, idents in sources.items()},
        {one: "".join(idents) for one, idents in keys.items()},
    )


def have_own_keys(names: Names) -> bool:
    """Return whether each directory's outputs are for one key, and no other directory's are.

    Else one may be what became of the other, and both have to be seen whole.
    """
    excuses = (one.excuse for one in names.lost.values() if one.excuse is not None)
    if any(excuse.reason is Reason.MOVED for excuse in excuses):
        return False
    fleet = fleet_of(names)
    homes = {(node.storage, bare(key)) for node in fleet.nodes for key in node.keys}
    return len(homes) == len({home for home, _ in homes}) == len({key for _, key in homes})


def leave_out_settled(view: View, settings: Settings, loaded: object, kind: str) -> View | None:
    """Return a view without the outputs that are settled; None where too few are known to be.

    `loaded` is the `SettledTree` that was remembered, as a dict; `kind` is that of the view.
    """
    if not isinstance(loaded, dict) or view.base is None or view.cut_off:
        return None
    known = SettledTree(**cast("dict[str, str]", loaded))  # type: ignore[arg-type]
    if known.kind != kind:
        return None
    here, before = view.snapshot.tree, view.base.tree
    pairs = [(one, here) for one in dict.fromkeys((known.tree, before)) if one != here]
    changes = list_between(view.repository, pairs)
    touched = None if changes is None else _find_touched(view, changes)
    if changes is None or touched is None:
        return None
    broken = {
        ident
        for groups in (known.by_source, known.by_key)
        for part in touched & groups.keys()
        for ident in _split(groups[part])
    }
    settled: dict[str, str] = {}
    for source, idents in known.by_source.items():
        if source not in touched:
            settled.update(dict.fromkeys(_split(idents), source))
    for ident in broken:
        settled.pop(ident, None)
    if len(settled) < FEWEST:
        return None
    records = view.snapshot.read_records()
    chosen = _choose(records, len(here), settled, broken, changes)
    if chosen is None:
        return None
    kept, left_out = chosen
    if len(left_out) < FEWEST:
        return None
    snapshot = view.snapshot.with_listing(kept, frozenset(left_out))
    pruned = replace(view, snapshot=snapshot)
    return pruned if is_by_names_alone(pruned, settings) else None


def _split(idents: str) -> list[str]:
    return [idents[at : at + _DIGITS] for at in range(0, len(idents), _DIGITS)]


def _find_touched(view: View, changes: Iterable[Change]) -> set[str] | None:
    """Return the keys and sources of changed files, by digest; None if more depends on them."""
    files = {file for one in changes for file in (one.before, one.after) if file is not None}
    for path, mode, _ in files:
        if mode in (SYMLINK, SUBMODULE) or is_outside_fleet(path):
            return None
        if posixpath.basename(path) in DECIDING_FILES:
            return None
    # One at a place: two versions of a file are two files here.
    numbered = [
        file._replace(path=f"{number}")
        for number, file in enumerate(one for one in files if output_file(one.path) is None)
    ]
    touched: set[str] = set()
    for fact in find_facts(view.repository, numbered).values():
        parts = _parts_of(fact)
        if parts is None:
            return None
        touched |= parts
    return touched


def _parts_of(fact: Fact) -> set[str] | None:
    if isinstance(fact, AgeFact | PointerFact):
        return {fact.sha256}
    if isinstance(fact, KeyTexts) and not fact.cut:
        return {*map(digest, fact.texts()), *fact.hidden}
    return None


def _choose(
    records: Sequence[str],
    digits: int,
    settled: Mapping[str, str],
    broken: AbstractSet[str],
    changes: Sequence[Change],
) -> tuple[list[str], set[str]] | None:
    """Return the records that stay, and the paths of the others.

    Whatever has the name of an output that is not settled stays too; so does one output of each
    directory, and one for each source and name. None where a changed file has
    the content of one that would be left out.
    """
    start = len(f"{_OF_A_FILE} blob ") + digits + 1
    paths = {one.path for one in changes}
    sides = (file for one in changes for file in (one.before, one.after) if file is not None)
    oids = {file.oid for file in sides if output_file(file.path) is not None}
    names = {path.rpartition("/")[2][_DIGITS:] for path in paths if output_file(path) is not None}
    files = [record.rpartition("/")[2] for record in records]
    names |= {name[_DIGITS:] for name in files if name[:_DIGITS] in broken}
    kept, left_out = list[str](), set[str]()
    made: dict[str, set[str]] = defaultdict(set)
    directory = ""
    for record, name in zip(records, files, strict=True):
        source = settled.get(name[:_DIGITS])
        if source is None or (secret := name[_DIGITS:]) in names:
            kept.append(record)
            continue
        path = record[start:]
        above = path[: -len(name)]
        if above != directory or secret not in made[source] or path in paths:
            directory = above
            made[source].add(secret)
            kept.append(record)
        elif oids and record[start - digits - 1 : start - 1] in oids:
            return None
        else:
            left_out.add(path)
    return kept, left_out
