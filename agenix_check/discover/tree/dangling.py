"""Secrets that `.nix` files still declare where this change moved them from."""

import posixpath
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.snapshot import REGULAR, Change
from agenix_check.view import View

_BINDING_NAMES = (b"rekeyFile", b"file")  # of agenix-rekey and of plain agenix
_MOST_GONE = 64  # files that one change takes away, in one command
_LONGEST_MODULE = 1 << 20  # bytes; people write shorter files


class Dangling(NamedTuple):
    """A `.nix` file that declares a secret at `path`; `left_for` is where its content is now."""

    module: str
    line: int
    path: str
    left_for: str


def find_dangling(
    view: View, here: Evidence, base: Evidence, changed: Iterable[Change]
) -> tuple[Dangling, ...]:
    """Return where `.nix` files declare secrets that this change moved.

    A secret that was deleted may be no longer needed, nor the file that declares it. Nothing where
    not all `.nix` files are here: this names files, and decides nothing.
    """
    gone = {
        one.path: fact.sha256
        for one in changed
        if one.after is None
        and one.path not in base.outputs
        and isinstance(fact := base.facts.get(one.path), AgeFact | PointerFact)
        and fact.sha256 in here.sources
        and here.fact(one.path) is None
    }
    if not 0 < len(gone) <= _MOST_GONE:
        return ()
    names = {posixpath.basename(path) for path in gone if "\n" not in path}
    git = view.repository.git.with_environment({"GIT_LITERAL_PATHSPECS": "0"})
    status, listing, _ = git.attempt(
        "grep", "-z", "--name-only", "--text", "--fixed-strings",
        *(word for name in sorted(names) for word in ("-e", name)),
        view.snapshot.tree, "--", "*.nix",
    )  # fmt: skip
    if status:
        return ()
    paths = [one.partition(":")[2] for one in to_text(listing).split("\0")[:-1]]
    files = [here.files[path] for path in paths if path in here.files]
    modules: dict[str, list[str]] = {}
    for file in files:
        if file.mode == REGULAR:
            modules.setdefault(file.oid, []).append(file.path)
    from agenix_check.discover.rules.path_bindings import bound_paths

    found: list[Dangling] = []
    for oid, size, data, _ in read_blobs(git, modules):
        if not 0 < size <= min(_LONGEST_MODULE, len(data)):
            continue
        for (text, line), module in product(bound_paths(data, _BINDING_NAMES), modules[oid]):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(module), text))
            if path in gone:
                found.append(Dangling(module, line, path, here.sources[gone[path]][0]))
    return tuple(sorted(found, key=lambda one: (one.path, one.module, one.line)))
