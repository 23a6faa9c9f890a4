"""What the rules about unexplained outputs ask of both trees, worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.discover.tree.unstaged import Waiting
from agenix_check.model.findings import Cause, CauseKind, Finding

Place = tuple[str, str]  # an output's directory and name


class AboutOutput(NamedTuple):
    """A finding, and the output that it is about."""

    finding: Finding
    output: OutputFile


@dataclass(frozen=True, slots=True)
class Comparison:
    """The names, with what several rules ask of them.

    `explained` and `explained_at_base` are the explained outputs of each tree by their place, as
    paths. `waiting` are outputs that are in the work tree only, where the snapshot has no explained
    one.
    """

    names: Names
    keyring: Keyring
    explained: Mapping[Place, str]
    explained_at_base: Mapping[Place, str]
    waiting: Mapping[Place, Waiting]

    def cause(self, kind: CauseKind, path: str) -> Cause:
        """Return a cause with the commit that made it, where there is one."""
        return Cause(kind=kind, path=path, commit=self.names.commits.get(path))


def compare_trees(names: Names, keyring: Keyring) -> Comparison:
    """Work out what the rules ask."""
    explained = _explained(names, names.here)
    return Comparison(
        names=names,
        keyring=keyring,
        explained=explained,
        explained_at_base=_explained(names, names.base),
        waiting={
            where: waiting
            for where, waiting in names.unstaged.outputs.items()
            if where not in explained
        },
    )


def _explained(names: Names, tree: Evidence) -> dict[Place, str]:
    return {
        place(file): path
        for path, file in tree.outputs.items()
        if names.explain(tree, file) is not None
    }


def place(file: OutputFile) -> Place:
    """Return what stays the same when an output is made anew."""
    return file.directory, file.name
