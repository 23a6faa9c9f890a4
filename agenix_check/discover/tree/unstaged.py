"""What the work tree has and the index lacks, of the files that would explain an output."""

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, LockedFact, find_fact
from agenix_check.discover.tree.key_texts import KeyText, KeyTexts, digest
from agenix_check.discover.tree.naming import OutputFile, Place, Trace, output_file, trace
from agenix_check.git.repository import is_partial_commit
from agenix_check.git.snapshot import path_of
from agenix_check.git.worktree import AsideLook
from agenix_check.model.frozen import frozen
from agenix_check.view import View


class Waiting(NamedTuple):
    """An output that is in the work tree only, and what of the snapshot made it."""

    file: OutputFile
    made: Trace


@frozen(kw_only=False)
class Unstaged:
    """Right files that were not staged.

    `outputs` are by their place; `sources` and `keys` by the ident that they explain.
    `partial`: this is `git commit PATH`; they may be staged, and are left out anyway. `digest` is
    that of all that was looked at.
    """

    outputs: Mapping[Place, Waiting]
    sources: Mapping[str, str]
    keys: Mapping[str, str]
    partial: bool = False
    digest: str = ""


NOTHING_UNSTAGED = Unstaged({}, {}, {})


def look_for_unstaged(
    view: View, here: Evidence, lost: Iterable[OutputFile], directories: Iterable[str]
) -> Unstaged:
    """Look in the work tree for what would explain the `lost` outputs, and for more outputs.

    In `directories` those that Git ignores are found too.
    """
    look = AsideLook(view.repository, directories)
    sources: dict[str, str] = {}  # by digest
    keys: dict[str, str] = {}
    paths = set()
    for path, data in look.unstaged():
        paths.add(path)
        if data is None or output_file(path) is not None:
            continue
        if isinstance(here.facts.get(path), LockedFact):  # in the work tree it is open
            continue
        fact = find_fact(data, len(data))
        if isinstance(fact, AgeFact):
            sources.setdefault(hashlib.sha256(data).hexdigest(), path)
        elif isinstance(fact, KeyTexts):
            for text in fact.texts():
                if (key := digest(text)) not in here.keys:
                    keys.setdefault(key, path)
    paths.update(look.listed())
    outputs = _outputs(here, paths.difference(map(path_of, view.snapshot.left_out)))
    idents = {file.ident for file in lost}
    unstaged = {key: KeyText(None, (path,)) for key, path in keys.items()}
    # The snapshot's own keys and sources make none of them.
    made = trace(idents, unstaged, [*here.sources, *sources])
    fresh = [source for source in sources if source not in here.sources]
    made |= trace(idents - made.keys(), here.keys, fresh)
    return Unstaged(
        outputs,
        {ident: sources[pair.source] for ident, pair in made.items() if pair.source in sources},
        {ident: keys[pair.key] for ident, pair in made.items() if pair.key in keys},
        is_partial_commit(),
        look.digest,
    )


def _outputs(here: Evidence, seen: AbstractSet[str]) -> dict[Place, Waiting]:
    """Return outputs that are on disk only, ignored by Git or not, and that `here` explains."""
    found = [
        file for path in sorted(seen - here.files.keys()) if (file := output_file(path)) is not None
    ]
    made = trace({file.ident for file in found}, here.keys, here.sources)
    return {file.place: Waiting(file, made[file.ident]) for file in found if file.ident in made}
