"""Trees of which names see nothing: that must not pass for a tree in order."""

from collections.abc import Sized

from agenix_check.discover.tree.facts import LockedFact
from agenix_check.discover.tree.names import Names
from agenix_check.git.snapshot import SUBMODULE


def say_unexplained(names: Names, judged: Sized) -> tuple[str, ...]:
    """Say that outputs are there and none of them could be judged; else nothing."""
    count = len(names.here.outputs)
    if judged or not count:
        return ()
    what = "the 1 output is not" if count == 1 else f"none of the {count} outputs is"
    return (f"{what} explained by a key and a source in this tree{_reason(names)}",)


def _reason(names: Names) -> str:
    """Return what the tree shows of why: where its keys or its sources may be instead."""
    here = names.here
    submodules = sorted(file.path for file in here.files.values() if file.mode == SUBMODULE)
    locked = sorted({fact.by for fact in here.facts.values() if isinstance(fact, LockedFact)})
    elsewhere = "in another repository"
    if submodules:
        elsewhere = f"in the submodule {submodules[0]}, or {elsewhere}"
    if locked:
        elsewhere = f"encrypted with {locked[0]}, or {elsewhere}"
    if not any(key.paths for key in here.keys.values()):
        return f": it has no host key; are they {elsewhere}? (--inventory nix knows them)"
    if not here.sources:
        return f": it has no source; are they {elsewhere}? (--inventory nix knows them)"
    return f"; are its keys or sources {elsewhere}? (--inventory nix knows them)"
