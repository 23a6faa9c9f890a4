"""Hold what Nix or the lock file declares against a view."""

import posixpath
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import NamedTuple

from agenix_check.discover.declared.evaluation_cache import (
    Evaluated,
    Options,
    evaluate_base,
    evaluate_view,
)
from agenix_check.discover.declared.expected import expect
from agenix_check.discover.declared.inventory import Inventory, file_before
from agenix_check.discover.declared.left_lock import find_spared
from agenix_check.discover.declared.lock import RENEW
from agenix_check.discover.declared.past_locks import load_lock, lock_of, what_left
from agenix_check.discover.declared.stale_lock import compare_locks, hold_against_files
from agenix_check.discover.tree.evidence import LOCK, Evidence
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.unreadable import name_locked
from agenix_check.errors import CannotCheckError
from agenix_check.git.cache import Store
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import File, Snapshot
from agenix_check.model.declaration import FAILED, WITHHELD, Declaration, DeclaredNode
from agenix_check.model.findings import Finding
from agenix_check.model.frozen import replace
from agenix_check.model.settings import EvaluateWhen, Settings
from agenix_check.rules import Newness, find_rule
from agenix_check.view import View


def evaluation_options(settings: Settings) -> Options:
    """Return the settings that an evaluation depends on."""
    flake = posixpath.normpath(settings.flake or ".")
    return Options(
        evaluate=settings.evaluate,
        flake="" if flake == "." else flake,
        nodes=settings.nodes,
        collect_home_manager=settings.collect_home_manager,
        timeout=settings.nix_timeout,
        memory=settings.nix_memory,
        jobs=settings.nix_jobs,
    )


def declare_by_nix(
    view: View, names: Names, settings: Settings, store: Store, *, needed: bool
) -> Inventory:
    """Ask Nix; if it cannot answer at all, judge by names, and the run is incomplete.

    `needed`: without a node there is nothing that could be judged as it was asked for.
    """
    options = evaluation_options(settings)
    try:
        evaluated = evaluate_view(view, names, options, store)
    except CannotCheckError as error:
        return Inventory(kind="names", incomplete=(str(error),))
    notices: tuple[str, ...] = ()
    if evaluated.reused is not None:
        tree = evaluated.reused[:12]
        notices = (
            f"evaluation: that of tree {tree} is reused, nothing that is declared changed since",
        )
    failures = []
    if evaluated.failure is not None:
        failures = [name_locked(names.here, evaluated.failure)]
    declaration = evaluated.declaration
    if declaration is None or not (declaration.nodes or declaration.failed):
        if needed or options.flake or options.nodes:
            failures += _no_node(view, evaluated, options)
        return Inventory(kind="names", notices=notices, incomplete=tuple(failures))
    failures += (one.sentence for one in say_failed(names.here, declaration))
    inventory = Inventory(
        kind="nix",
        declared=expect(view, names.here, declaration),
        stale=_stale(view.repository, names.here, declaration),
        notices=notices,
        incomplete=tuple(failures),
    )
    return _with_base(view, names, inventory, evaluated.before)


def judge_base_too(
    view: View,
    names: Names,
    settings: Settings,
    store: Store,
    inventory: Inventory,
    findings: Collection[Finding],
) -> Inventory:
    """Evaluate the base as well, if Nix may be asked and it is not known what the base declared.

    It shows which findings are new, so it is needed only for the nodes that these are about.
    """
    if all(find_rule(one.rule).newness is Newness.BY_FILES for one in findings):
        return inventory
    declared = inventory.declared
    asks = inventory.kind == "nix" and settings.evaluate is EvaluateWhen.ALWAYS
    if declared is None or declared.base is not None or not (asks and names.changed):
        return inventory
    if view.base is None:
        return inventory
    nodes = _nodes_in_question(findings)
    known = {node.name for node in declared.declaration.nodes}
    only = nodes if nodes is not None and known > set(nodes) else None
    before = evaluate_base(view, names, evaluation_options(settings), store, only)
    judged = _with_base(view, names, inventory, before)
    if only is None or judged.declared is None or judged.declared.base is None:
        return judged
    base = replace(judged.declared.base, is_whole=False)
    return replace(judged, declared=replace(judged.declared, base=base), stale_at_base=None)


def _nodes_in_question(findings: Iterable[Finding]) -> frozenset[str] | None:
    """Return the nodes whose declaration at the base shows which findings are old; None: all."""
    nodes: set[str] = set()
    for one in findings:
        newness = find_rule(one.rule).newness
        if newness is Newness.BY_FLEET or (newness is Newness.BY_NODE and one.node is None):
            return None
        if newness is Newness.BY_NODE and one.node is not None:
            nodes.add(one.node)
    return frozenset(nodes)


def declare_by_lock(view: View, names: Names) -> Inventory:
    """Read the lock file; if that fails, judge by names, and the run is incomplete.

    Raises `CannotCheckError` if there is none.
    """
    file = view.snapshot.files.get(LOCK)
    if file is None:
        raise CannotCheckError(
            f"there is no {LOCK} in this tree; where Nix is installed, write it: {RENEW}"
        )
    try:
        declaration = load_lock(view.repository, file)
    except CannotCheckError as error:
        return Inventory(kind="names", incomplete=(str(error),))
    before = view.authority or view.base
    incomplete: tuple[str, ...] = ()
    try:
        left = what_left(view, before, declaration, names)
    except CannotCheckError as error:
        left, incomplete = (), (str(error),)
    if not declaration.nodes and names.here.outputs:
        why = f"{LOCK} names no node, but there are outputs in the tree; write it anew: {RENEW}"
        return Inventory(kind="names", left=left, incomplete=(*incomplete, why))
    declaration, rotated, stale = hold_against_files(declaration, names)
    declared = expect(view, names.here, declaration, rotated=rotated)
    lock_before = _before_edit(view, names, file)
    spared: tuple[str, ...] = ()
    if lock_before is not None and view.authority is not None:  # it is not one's own edit
        spared = find_spared(lock_before, declaration, names)
    inventory = Inventory(
        kind="lock",
        declared=declared,
        stale=stale,
        left=left,
        incomplete=incomplete,
        lock_before=lock_before,
        spared=spared,
    )
    older = lock_of(view, view.base)
    if older is None or view.base is None or not names.changed:
        return inventory
    older, rotated, stale = hold_against_files(older, names.at_base())
    base = expect(_view_base(view, view.base), names.base, older, rotated=rotated)
    known = {*stale}
    with suppress(CannotCheckError):
        known |= {one.what for one in what_left(view, view.base, older, names.at_base())}
    return replace(inventory, declared=replace(declared, base=base), stale_at_base=frozenset(known))


def _before_edit(view: View, names: Names, file: File) -> Declaration | None:
    """Return what the lock file declared before a change that edits it; None if none does."""
    before = view.authority or view.base
    if before is None or file_before(view, names, LOCK) == file:
        return None
    return lock_of(view, before) or Declaration(nodes=())


def _with_base(
    view: View, names: Names, inventory: Inventory, before: Declaration | None
) -> Inventory:
    """Hold what the base declared against the base, if that is known."""
    declared = inventory.declared
    if declared is None or before is None or view.base is None or not names.changed:
        return inventory
    base = expect(_view_base(view, view.base), names.base, before)
    stale = _stale(view.repository, names.base, before)
    return replace(inventory, declared=replace(declared, base=base), stale_at_base=frozenset(stale))


def _view_base(view: View, base: Snapshot) -> View:
    return replace(view, snapshot=base, base=None)


class FailureSentence(NamedTuple):
    """That some nodes could not be evaluated, with Nix's message and, `brief`, without it."""

    nodes: tuple[str, ...]
    sentence: str
    brief: str


def say_failed(here: Evidence, declaration: Declaration) -> tuple[FailureSentence, ...]:
    """Say which nodes failed, a sentence for each of Nix's messages; `here` is what Nix read."""
    nodes: dict[str, list[str]] = {}
    for node in declaration.failed:
        nodes.setdefault(node.message, []).append(node.name)
    return tuple(
        FailureSentence(
            tuple(names),
            name_locked(here, f"{', '.join(names)} {FAILED}: {message}"),
            f"{', '.join(names)} {FAILED}",
        )
        for message, names in nodes.items()
    )


def refuse_half(declaration: Declaration) -> None:
    """Raise `CannotCheckError` if a lock file of this declaration would be incomplete."""
    if declaration.failed:
        first = declaration.failed[0]
        raise CannotCheckError(f"{first.name} {FAILED}: {first.message}")
    if not declaration.nodes:
        raise CannotCheckError("the flake declares no node that uses agenix-rekey")
    seen = set()
    for node in declaration.nodes:
        if node.name in seen:
            raise CannotCheckError(f"two nodes are called {node.name}")
        if WITHHELD in _keys(node):
            raise CannotCheckError(f"{node.name} has a private key where a public one belongs")
        seen.add(node.name)


def _keys(node: DeclaredNode) -> tuple[str | None, ...]:
    masters = (one.pubkey for one in node.master_identities)
    return (node.host_pubkey, *masters, *node.extra_recipients)


def _no_node(view: View, evaluated: Evaluated, options: Options) -> list[str]:
    if evaluated.failure is not None:
        return []
    flake = f"{options.flake}/flake.nix".lstrip("/")
    if flake not in view.snapshot.files:
        return [f"there is no {flake} in this tree"]
    return ["the flake declares no node that uses agenix-rekey"]


def _stale(repository: Repository, tree: Evidence, declaration: Declaration) -> tuple[str, ...]:
    """Compare the tree's lock file with what Nix says; of nodes that failed it says nothing."""
    file = tree.files.get(LOCK)
    if file is None:
        return ()
    try:
        return compare_locks(load_lock(repository, file), declaration)
    except CannotCheckError as error:
        return (str(error).removeprefix(f"{LOCK}: ").removeprefix(f"{LOCK} "),)
