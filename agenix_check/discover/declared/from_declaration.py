"""Hold what Nix or the lock file declares against a view."""

import posixpath
from contextlib import suppress
from dataclasses import replace

from agenix_check.discover.declared.evaluation import (
    Evaluated,
    Options,
    evaluate_base,
    evaluate_view,
)
from agenix_check.discover.declared.expected import expect
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.declared.left_lock import find_left
from agenix_check.discover.declared.lock import RENEW, read_lock
from agenix_check.discover.declared.redaction import withhold
from agenix_check.discover.declared.stale_lock import compare_locks, hold_against_files
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.cache import Store
from agenix_check.git.history import past_versions
from agenix_check.git.objects import read_blobs, read_root
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File, Snapshot
from agenix_check.model.declaration import WITHHELD, Declaration, DeclaredNode
from agenix_check.model.settings import EvaluateWhen, Settings
from agenix_check.view import View

_MOST_VERSIONS = 50  # of the lock file, that the one at hand is held against
_LARGEST_LOCK = 1 << 28  # bytes; a thousand nodes with two hundred secrets take 40 MiB


def evaluation_options(settings: Settings) -> Options:
    """Return the settings that an evaluation depends on."""
    flake = posixpath.normpath(settings.flake or ".")
    return Options(
        evaluate=settings.evaluate,
        flake="" if flake == "." else flake,
        nodes=settings.nodes,
        collect_home_manager=settings.collect_home_manager,
        timeout=settings.nix_timeout,
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
    failures = [] if evaluated.failure is None else [evaluated.failure]
    declaration = evaluated.declaration
    if declaration is None or not (declaration.nodes or declaration.failed):
        if needed or options.flake or options.nodes:
            failures += _no_node(view, evaluated, options)
        return Inventory(kind="names", notices=notices, incomplete=tuple(failures))
    failures += _failed(declaration)
    inventory = Inventory(
        kind="nix",
        declared=expect(view, names.here, declaration),
        stale=_stale(view.repository, view.snapshot, declaration),
        notices=notices,
        incomplete=tuple(failures),
    )
    return _with_base(view, names, inventory, evaluated.before)


def judge_base_too(
    view: View, names: Names, settings: Settings, store: Store, inventory: Inventory
) -> Inventory:
    """Evaluate the base as well, if Nix may be asked and it is not known what the base declared.

    It shows which findings are new, so it is needed only if there are findings.
    """
    declared = inventory.declared
    known = declared is None or declared.base is not None or not names.changed
    asks = inventory.kind == "nix" and settings.evaluate is EvaluateWhen.ALWAYS
    if known or not asks or view.base is None:
        return inventory
    before = evaluate_base(view, names, evaluation_options(settings), store)
    return _with_base(view, names, inventory, before)


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
        declaration = _read_lock(view.repository, file)
    except CannotCheckError as error:
        return Inventory(kind="names", incomplete=(str(error),))
    if not declaration.nodes and names.here.outputs:
        why = f"{LOCK} names no node, but there are outputs in the tree; write it anew: {RENEW}"
        left = _left(view, view.authority or view.base, declaration, names)
        return Inventory(kind="names", stale=left, incomplete=(why,))
    declaration, rotated, stale = hold_against_files(declaration, names)
    stale = (*stale, *_left(view, view.authority or view.base, declaration, names))
    declared = expect(view, names.here, declaration, rotated=rotated)
    inventory = Inventory(kind="lock", declared=declared, stale=stale)
    before = _lock_of(view, view.base)
    if before is None or view.base is None or not names.changed:
        return inventory
    before, rotated, stale = hold_against_files(before, names.at_base())
    stale = (*stale, *_left(view, view.base, before, names.at_base()))
    base = expect(_view_base(view, view.base), names.base, before, rotated=rotated)
    return replace(inventory, declared=replace(declared, base=base), stale_at_base=frozenset(stale))


def leave_without_lock(view: View, names: Names) -> tuple[str, ...]:
    """Say what left a lock file that is not in the tree any more."""
    return _left(view, view.authority or view.base, Declaration(nodes=()), names)


def _left(view: View, before: Snapshot | None, now: Declaration, names: Names) -> tuple[str, ...]:
    """Say what left the lock file while the tree has what belongs to it.

    A range is held against the commit that it is compared with; and what left earlier lasts.
    """
    if before is None or before.commit is None:
        return ()
    git = view.repository.git
    file = read_root(git, [before.tree])[before.tree].get(LOCK)
    oids = [file.oid] if file is not None and file.mode not in (SYMLINK, SUBMODULE) else []
    oids += past_versions(git, before.commit, LOCK, _MOST_VERSIONS)
    left: dict[str, None] = {}
    for blob in read_blobs(git, oids):
        if len(blob.data) == blob.size:
            with suppress(CannotCheckError):  # a merge that went wrong
                then = withhold(read_lock(blob.data.decode("utf-8", "replace")))
                left |= dict.fromkeys(find_left(then, now, names))
    return tuple(sorted(left))


def _with_base(
    view: View, names: Names, inventory: Inventory, before: Declaration | None
) -> Inventory:
    """Hold what the base declared against the base, if that is known."""
    declared = inventory.declared
    if declared is None or before is None or view.base is None or not names.changed:
        return inventory
    base = expect(_view_base(view, view.base), names.base, before)
    stale = _stale(view.repository, view.base, before)
    return replace(inventory, declared=replace(declared, base=base), stale_at_base=frozenset(stale))


def _view_base(view: View, base: Snapshot) -> View:
    return replace(view, snapshot=base, base=None)


def _failed(declaration: Declaration) -> list[str]:
    """Say which nodes failed, a sentence for each of Nix's messages."""
    nodes: dict[str, list[str]] = {}
    for node in declaration.failed:
        nodes.setdefault(node.message, []).append(node.name)
    return [
        f"{', '.join(names)} could not be evaluated: {message}" for message, names in nodes.items()
    ]


def refuse_half(declaration: Declaration) -> None:
    """Raise `CannotCheckError` if a lock file of this declaration would be incomplete."""
    if declaration.failed:
        first = declaration.failed[0]
        raise CannotCheckError(f"{first.name} could not be evaluated: {first.message}")
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


def _stale(repository: Repository, snapshot: Snapshot, declaration: Declaration) -> tuple[str, ...]:
    """Compare the tree's lock file with what Nix says; of nodes that failed it says nothing."""
    file = snapshot.files.get(LOCK)
    if file is None:
        return ()
    try:
        return compare_locks(_read_lock(repository, file), declaration)
    except CannotCheckError as error:
        return (str(error).removeprefix(f"{LOCK}: ").removeprefix(f"{LOCK} "),)


def _lock_of(view: View, snapshot: Snapshot | None) -> Declaration | None:
    file = snapshot.files.get(LOCK) if snapshot is not None else None
    try:
        return None if file is None else _read_lock(view.repository, file)
    except CannotCheckError:
        return None


def _read_lock(repository: Repository, file: File) -> Declaration:
    if file.mode in (SYMLINK, SUBMODULE):
        raise CannotCheckError(f"{LOCK} is not a regular file")
    for blob in read_blobs(repository.git, [file.oid]):
        data = blob.data
        if len(data) < blob.size <= _LARGEST_LOCK:
            with repository.git.stream("cat-file", "blob", file.oid) as content:
                data = content.read()
        if blob.size < 0:
            raise CannotCheckError(f"{LOCK} is not in this clone")
        if len(data) != blob.size:
            raise CannotCheckError(f"{LOCK} is too large to be read")
        return withhold(read_lock(data.decode("utf-8", "replace")))
    raise CannotCheckError(f"{LOCK} cannot be read")
