"""What the work tree has and the index lacks, of the files that would explain an output."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agenix_check.discover.evidence import Evidence, OutputFile, output_file
from agenix_check.discover.facts import AgeFact, find_fact
from agenix_check.discover.idents import trace
from agenix_check.discover.keys import KeyTexts, digest
from agenix_check.tree.repository import Repository
from agenix_check.tree.worktree import list_directory, list_unstaged, read_file


@dataclass(frozen=True, slots=True)
class Unstaged:
    """Right files that were not staged.

    `outputs` are by (directory, name); `sources` and `keys` by the ident that they explain.
    """

    outputs: Mapping[tuple[str, str], str]
    sources: Mapping[str, str]
    keys: Mapping[str, str]


NOTHING_UNSTAGED = Unstaged({}, {}, {})


def look_for_unstaged(
    repository: Repository, here: Evidence, lost: Iterable[OutputFile]
) -> Unstaged:
    """Look in the work tree for what would explain the `lost` outputs, or take their place."""
    lost = list(lost)
    outputs = _outputs(repository, here, {file.directory for file in lost})
    sources: dict[str, str] = {}  # by digest
    keys: dict[str, str] = {}
    for path in list_unstaged(repository):
        data = read_file(repository, path)
        if data is None or output_file(path) is not None:
            continue
        fact = find_fact(data, len(data))
        if isinstance(fact, AgeFact):
            sources.setdefault(hashlib.sha256(data).hexdigest(), path)
        elif isinstance(fact, KeyTexts):
            for text in fact.public:
                for variant in (text, text + "\n"):
                    if (key := digest(variant)) not in here.keys:
                        keys.setdefault(key, path)
    idents = {file.ident for file in lost}
    made = trace(idents, [*here.keys, *keys], [*here.sources, *sources])
    return Unstaged(
        outputs,
        {ident: sources[pair.source] for ident, pair in made.items() if pair.source in sources},
        {ident: keys[pair.key] for ident, pair in made.items() if pair.key in keys},
    )


def _outputs(
    repository: Repository, here: Evidence, directories: Iterable[str]
) -> dict[tuple[str, str], str]:
    """Return outputs that are on disk only, ignored by Git or not, and that `here` explains."""
    found = [
        file
        for directory in sorted(directories)
        for path in list_directory(repository, directory)
        if path not in here.files and (file := output_file(path)) is not None
    ]
    made = trace({file.ident for file in found}, here.keys, here.sources)
    return {(file.directory, file.name): file.path for file in found if file.ident in made}
