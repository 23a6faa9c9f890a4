"""Trees whose verdicts are remembered, and what lies between two trees."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agenix_check.git.cache import Store
from agenix_check.git.paths import to_text
from agenix_check.git.process import GitError
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Change, make_change

_STORED_TREES = "trees"
_MOST_KINDS = 16
_MOST_OF_A_KIND = 16  # of each kind
MOST_BETWEEN = 1 << 20  # bytes of the listing of what differs: some thousand files

_FlatTree = tuple[str, str, str, str, str, tuple[str, ...], tuple[str, ...]]


class KnownTree(NamedTuple):
    """A tree that was judged, by object ids.

    `tip` is the commit that history was read from, `base` the commit it was compared with, which
    has the tree `before`. `report` is the name of its report. `words` are what
    `.nix` files were asked for: names of outputs that are not explained. `ends` are the places that
    symbolic links lead to.
    """

    tree: str
    tip: str
    base: str
    before: str
    report: str
    words: tuple[str, ...]
    ends: tuple[str, ...]


class KnownTrees:
    """The trees of one kind of view, the last one judged at the end."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind

    def load(self) -> list[KnownTree]:
        """Return them."""
        return [KnownTree(*one) for one in self._load().get(self._kind, ())]

    def keep(self, tree: KnownTree) -> None:
        """Remember a tree, and forget the oldest ones."""
        kinds = self._load()
        plain: _FlatTree = (*tree,)
        known = kinds.pop(self._kind, ())
        if known[-1:] == (plain,):
            return
        others = (one for one in known if one != plain)
        kinds[self._kind] = (*others, plain)[-_MOST_OF_A_KIND:]
        self._store.save(_STORED_TREES, dict(list(kinds.items())[-_MOST_KINDS:]))

    def _load(self) -> dict[str, tuple[_FlatTree, ...]]:
        return self._store.load(_STORED_TREES, dict[str, tuple[_FlatTree, ...]]) or {}


class LinearCommit(NamedTuple):
    """A commit with its tree and its parents."""

    oid: str
    tree: str
    parents: tuple[str, ...]


def read_linear(repository: Repository, tip: str, most: int) -> list[LinearCommit]:
    """Return a commit and its first parents, the newest first; nothing where they are not here."""
    status, listing, _ = repository.git.attempt(
        "rev-list", "--first-parent", f"--max-count={most}", "--format=%T %P", tip
    )
    lines = to_text(listing).splitlines() if status == 0 else []
    found = []
    for head, rest in zip(lines[::2], lines[1::2], strict=True):
        tree, *parents = rest.split()
        found.append(LinearCommit(head.removeprefix("commit "), tree, tuple(parents)))
    return found


def list_between(repository: Repository, pairs: Iterable[tuple[str, str]]) -> list[Change] | None:
    """Return all changes between the trees of each pair.

    None where they are too many, or a tree is not here: one that was never committed goes with
    `git gc`, or was only ever written aside.
    """
    wanted: Sequence[str] = [f"{before} {after}" for before, after in pairs]
    if not wanted:
        return []
    # It would read the index, which does not matter here.
    git = repository.git.with_environment({"GIT_INDEX_FILE": str(repository.git_dir / "none")})
    asked = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
    try:
        with git.stream(*asked, lines=wanted) as listing:
            found = listing.read(MOST_BETWEEN + 1)
    except GitError:
        return None
    if len(found) > MOST_BETWEEN:
        return None
    # Before the changes of a pair stands a line with its trees; Git leaves out what it cannot read.
    fields = to_text(found).split("\0")
    compared = sum(field.count("\n") for field in fields[::2])
    if compared < len(wanted):
        return None
    metas = (field.rpartition("\n")[2] for field in fields[:-1:2])
    return [make_change(meta, path) for meta, path in zip(metas, fields[1::2], strict=True)]
