"""Which generated sources are older, in history, than what they were generated from.

agenix-rekey compares the times of files for that, which Git does not keep.
"""

from collections import defaultdict
from typing import NamedTuple

from agenix_check.discover.tree.names import Names
from agenix_check.git.history import newest_changes
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
    dated = newest_changes(view.repository.git, tip, sorted(asked - {*staged})) if tip else []
    # The newest comes first, and what is not dated (a clone without that history) last.
    age = {path: place for place, (_, paths) in enumerate(dated) for path in paths}
    age |= dict.fromkeys(staged, -1)
    commits = {path: commit for commit, paths in dated for path in paths}

    found = []
    for source, others in depends.items():
        newest = min(others, key=lambda path: (age.get(path, len(dated)), path))
        if age.get(newest, len(dated)) < age.get(source, len(dated)):
            found.append(Outdated(source, newest, commits.get(newest)))
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
