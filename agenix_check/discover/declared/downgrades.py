"""What a change takes away from what it would be judged by: a flake, or a lock file.

A tree without declared nodes is judged by names, which know less; and a flake that is new may
declare less than the lock file did. Once such a change is merged, its tree is what others are
compared with.
"""

from contextlib import suppress

from agenix_check.discover.declared.evaluation_cache import evaluate_exactly
from agenix_check.discover.declared.from_declaration import evaluation_options
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.declared.past_locks import what_left
from agenix_check.discover.tree.evidence import FLAKE
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.names import Names, discover_names
from agenix_check.errors import CannotCheckError
from agenix_check.git.cache import Store
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View

_MOST_DECLARED = 3  # nodes in a sentence


def hold_against_flake(
    view: View, names: Names, settings: Settings, store: Store, found: Inventory
) -> Inventory:
    """Say so where a tree without declared nodes is compared with one whose flake has some."""
    before = view.authority or view.base
    if before is None or before.tree == view.snapshot.tree:
        return found
    commit = f"{before.commit:.12}"
    try:
        nodes = _nodes_of(view, before, names, settings, store)
    except CannotCheckError as error:
        sentence = f"{FLAKE} at {commit} may declare nodes, which this tree does not: {error}"
    else:
        if not nodes:
            return found
        more = f" and {len(nodes) - _MOST_DECLARED} more" if len(nodes) > _MOST_DECLARED else ""
        sentence = (
            f"{FLAKE} at {commit} declares {', '.join(nodes[:_MOST_DECLARED])}{more}, and this "
            "tree no node: what they should have is not known"
        )
    return replace(found, incomplete=(*found.incomplete, sentence))


def hold_against_lock(
    view: View, names: Names, settings: Settings, store: Store, found: Inventory
) -> Inventory:
    """Say what left a lock file that decided before, where a flake has come to decide."""
    before = view.authority or view.base
    if before is None or found.declared is None:
        return found
    left = what_left(view, before, found.declared.declaration, names, most=0)
    with suppress(CannotCheckError):
        if left and not _nodes_of(view, before, names, settings, store):
            return replace(found, left=left, stale_at_base=found.stale_at_base or frozenset())
    return found


def _nodes_of(
    view: View, before: Snapshot, names: Names, settings: Settings, store: Store
) -> list[str]:
    """Return the nodes that a flake declares, also those that do not evaluate.

    Raises `CannotCheckError` if Nix cannot answer.
    """
    there = replace(view, snapshot=before, base=before, authority=None, of_a_change=False)
    is_base = before is view.base
    known = names.at_base() if is_base else discover_names(there, Memory(store), store)
    evaluated = evaluate_exactly(there, known, evaluation_options(settings), store)
    if evaluated.failure is not None:
        raise CannotCheckError(evaluated.failure)
    declaration = evaluated.declaration
    if declaration is None:
        return []
    failed = (node.name for node in declaration.failed)
    return [*(node.name for node in declaration.nodes), *failed]
