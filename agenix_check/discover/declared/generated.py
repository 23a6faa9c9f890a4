"""Generated sources: which are older, in history, than what they were generated from, and which
are missing.

agenix-rekey compares the times of files, which Git does not keep.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from typing import NamedTuple

from agenix_check.discover.tree.names import Names
from agenix_check.git.history import touching_commits
from agenix_check.model.declaration import Declaration
from agenix_check.view import View


class Outdated(NamedTuple):
    """A generated source, the newest source that it depends on, and what brought that one.

    `commit` is None where that is no commit yet.
    """

    source: str
    dependency: str
    commit: str | None


def find_outdated(view: View, names: Names, declaration: Declaration) -> tuple[Outdated, ...]:
    """Return the generated sources of which a dependency changed in a later commit than they did.

    On the line of first parents; what is staged is later than every commit.
    """
    depends = _dependencies(names, declaration)
    if not depends:
        return ()
    commit = view.snapshot.commit
    staged = names.changed if commit is None else {}
    tip = commit or (view.base.commit if view.base is not None else None)
    asked = {*depends, *(path for paths in depends.values() for path in paths)}
    # The place of each path's newest commit, counted backwards, and that commit.
    when: dict[str, tuple[int, str | None]] = dict.fromkeys(staged, (-1, None))
    dated = touching_commits(view.repository.git, tip, sorted(asked - {*staged})) if tip else []
    for place, (commit, paths) in enumerate(dated):
        for path in paths:
            when.setdefault(path, (place, commit))
    unknown = (len(dated), None)  # in a clone without that history

    found = []
    for source, others in depends.items():
        dependency = min(others, key=lambda path: (when.get(path, unknown)[0], path))
        place, newest = when.get(dependency, unknown)
        if place < when.get(source, unknown)[0]:
            found.append(Outdated(source, dependency, newest))
    return tuple(sorted(found))


def _dependencies(names: Names, declaration: Declaration) -> dict[str, set[str]]:
    """Return the sources of the tree that each generated one of the tree depends on."""
    files = names.here.files
    depends: dict[str, set[str]] = defaultdict(set)
    for node in declaration.nodes:
        for secret in node.secrets:
            source = secret.source.path
            if source is None or source not in files or not secret.dependencies:
                continue
            paths = {one.path for one in secret.dependencies if one.path is not None}
            depends[source] |= {path for path in paths if path in files and path != source}
    return {source: paths for source, paths in depends.items() if paths}


class Missing(NamedTuple):
    """A source that is not in the tree; `generated` says whether a node has a generator for it."""

    path: str
    generated: bool


def missing_in_order(
    declaration: Declaration, files: Container[str], sources: Iterable[str]
) -> tuple[Missing, ...]:
    """Return those of the sources, and of what they depend on, that are missing.

    What others depend on comes before them, across nodes; where sources depend on each other in a
    circle, the order begins somewhere.
    """
    depends: dict[str, set[str]] = defaultdict(set)
    generated = set()
    for node in declaration.nodes:
        for secret in node.secrets:
            path = secret.source.path
            if path is not None and secret.generator is not None:
                generated.add(path)
                needed = (one.path for one in secret.dependencies or ())
                depends[path].update(one for one in needed if one is not None)
    order: dict[str, None] = {}
    entered = set()
    waiting = sorted(sources, reverse=True)
    while waiting:
        path = waiting.pop()
        if path not in entered:
            entered.add(path)
            waiting += [path, *sorted(depends[path] - entered, reverse=True)]
        elif path not in files:
            order.setdefault(path)
    return tuple(Missing(path, path in generated) for path in order)
