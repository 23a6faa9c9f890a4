"""What the rules about lost outputs ask of both trees, worked out once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.evidence import Evidence, OutputFile
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import Trace
from agenix_check.discover.tree.unstaged import Waiting
from agenix_check.model.findings import Cause, CauseKind, Finding

Place = tuple[str, str]  # an output's directory and name


class Loss(NamedTuple):
    """A finding about an output that is lost, and that output."""

    finding: Finding
    output: OutputFile


@dataclass(frozen=True, slots=True)
class Comparison:
    """The names, with what several rules ask of them.

    `explained` and `explained_at_base` are the explained outputs of each tree by their place, as
    paths. `moved` are the base's paths of outputs that have only another path now, by the new one.
    `fresh` tells, by directory, how its new outputs were made, moved ones left out. `waiting` are
    outputs that are in the work tree only, where the snapshot has no explained one.
    """

    names: Names
    keyring: Keyring
    explained: Mapping[Place, str]
    explained_at_base: Mapping[Place, str]
    moved: Mapping[str, str]
    fresh: Mapping[str, tuple[Trace | None, ...]]
    waiting: Mapping[Place, Waiting]

    def cause(self, kind: CauseKind, path: str) -> Cause:
        """Return a cause with the commit that made it, where there is one."""
        return Cause(kind=kind, path=path, commit=self.names.commits.get(path))


def compare_trees(names: Names, keyring: Keyring) -> Comparison:
    """Work out what the rules ask."""
    here, base = names.here, names.base
    gone = {file.ident: path for path, file in base.outputs.items() if path not in here.outputs}
    new = [file for path, file in here.outputs.items() if path not in base.outputs]
    fresh: dict[str, list[Trace | None]] = defaultdict(list)
    for file in new:
        if file.ident not in gone:
            fresh[file.directory].append(names.explain(here, file))
    explained = _explained(names, here)
    return Comparison(
        names=names,
        keyring=keyring,
        explained=explained,
        explained_at_base=_explained(names, base),
        moved={file.path: gone[file.ident] for file in new if file.ident in gone},
        fresh={directory: tuple(traces) for directory, traces in fresh.items()},
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
