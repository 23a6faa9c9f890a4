"""Which commit broke or deleted a file: the version before it is good."""

from collections.abc import Mapping, Sequence

from agenix_check.discover.tree.altered import find_originals
from agenix_check.discover.tree.answered import tips_of
from agenix_check.discover.tree.seals import Seal, Version, read_past, read_seals
from agenix_check.git.history import find_files
from agenix_check.view import View


def find_breaking_commits(view: View, broken: Mapping[str, str | None]) -> dict[str, str]:
    """Return the commits that broke files, by path; of others history shows no good version.

    `broken` are the object ids of the files as they are, None for those that were deleted.
    """
    git, tips = view.repository.git, tips_of(view)
    asked = [(tip, path) for path in sorted(broken) for tip in tips]
    held = zip(asked, find_files(git, asked), strict=True)
    # What is in no commit yet is taken back from the last one.
    paths = dict.fromkeys(path for (_, path), oid in held if oid == broken[path])
    past = (read_past(view, list(paths)) if paths else None) or {}
    oids = {
        file.oid
        for versions in past.values()
        for _, change in versions
        for file in (change.before, change.after)
        if file is not None
    }
    seals = read_seals(git, oids)
    found = {path: _walk_back(broken[path], past[path], seals) for path in past}
    return {path: commit for path, commit in found.items() if commit is not None}


def _walk_back(
    oid: str | None, versions: Sequence[Version], seals: Mapping[str, Seal | None]
) -> str | None:
    """Return the commit that replaced a good version by what became the one with an object id."""
    afters = [change.after.oid for _, change in versions if change.after is not None]
    originals = find_originals(afters, seals)
    for commit, change in reversed(versions):
        if (change.after and change.after.oid) != oid:
            continue
        if change.before is None:
            return None
        oid = change.before.oid
        seal = seals.get(oid)
        if seal is not None and seal.is_whole and seal == seals[originals.get(seal.header, oid)]:
            return commit
    return None
