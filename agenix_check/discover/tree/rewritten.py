"""Outputs that have other bytes than before under the same name, and those that --fix made so."""

from collections.abc import Iterable

from agenix_check.git.cache import Store
from agenix_check.git.repository import changes, parents_of
from agenix_check.git.snapshot import Change
from agenix_check.view import View

_STORED_MADE = "made-by-fix"
_MADE_FORMAT = 1  # of the format of what is stored
_MOST = 2000  # blobs


def find_rewritten(view: View, edited: Iterable[Change], store: Store) -> frozenset[str]:
    """Return the paths of those of the `edited` outputs whose bytes this change replaced.

    What a merge takes from its other side was written there, and what --fix made anew in this
    clone was wrong, as a comparison of plaintexts had shown.
    """
    blobs = {
        one.path: one.after.oid
        for one in edited
        if one.before and one.after and one.before.oid != one.after.oid
    }
    if not blobs:
        return frozenset()
    made = _load(store)
    taken = {path for path, oid in blobs.items() if oid in made}
    base = view.base
    parents = parents_of(view.repository, view.snapshot)
    # Whoever wrote a range chose what is merged in it.
    if base is not None and view.authority is None and parents[:1] == (base.commit,):
        for other in parents[1:]:
            theirs = changes(view.repository, base.tree, f"{other}^{{tree}}")
            taken |= {
                one.path
                for one in theirs
                if one.after is not None and blobs.get(one.path) == one.after.oid
            }
    return frozenset(blobs.keys() - taken)


def remember_made(store: Store, blobs: Iterable[str]) -> None:
    """Note blobs that --fix made in place of files whose fault no name and no header shows."""
    known = {**_load(store), **dict.fromkeys(blobs, True)}
    store.save(_STORED_MADE, known, number=_MADE_FORMAT, of_contents=True, most=_MOST)


def _load(store: Store) -> dict[str, bool]:
    return store.load(_STORED_MADE, dict[str, bool], number=_MADE_FORMAT, of_contents=True) or {}
