"""Age files that were changed after they were encrypted, as an earlier version of them shows.

Whoever encrypts makes a new file key, so that no two files have one header: of all versions that
have it the oldest is what was encrypted.
"""

from collections.abc import Iterable, Mapping, Sequence

from agenix_check.discover.tree.answered import hold_still, tips_of
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, Fact
from agenix_check.discover.tree.former_places import find_former
from agenix_check.discover.tree.seals import Seal, Version, read_past, read_seals
from agenix_check.git.cache import Store
from agenix_check.view import View

_ALTERED = "it was changed after it was encrypted: its header is that of {earlier}, but its content"
_OTHER_MAC = (
    "it was changed after it was encrypted: its stanzas are those of {earlier}, but the header's "
    "MAC is another one"
)
_OF_OTHER_LENGTH = (
    " has another length. A hook for text files (end-of-file-fixer) does that; leave age files out "
    "of them"
)
_OF_SAME_LENGTH = " has other bytes"
_STORED_UNALTERED = "unaltered"
_UNALTERED_FORMAT = 3  # of the format of what is stored
_MOST_STORED = 100_000  # blobs


def find_altered(
    view: View, here: Evidence, base: Evidence, paths: Iterable[str], store: Store
) -> dict[str, Fact]:
    """Return those of some age files that were altered, by whatever means, with that problem.

    What history showed once to be as it was encrypted is remembered, with the commits that showed
    it: elsewhere in the tree, or on another branch, that may be what became of an older version.
    """
    known = store.load(_STORED_UNALTERED, dict[str, str], number=_UNALTERED_FORMAT) or {}
    files, tips = here.files, tips_of(view)
    signs = {path: _sign(here, base, path) for path in paths if _is_sound(here, path)}
    answers = {path: known[sign] for path, sign in signs.items() if sign in known}
    asked = sorted(signs.keys() - hold_still(view.repository.git, tips, answers))
    if not asked:
        return {}
    past = read_past(view, asked, loosely=True)
    held = {path: () if past is None else past[path] for path in asked}
    moved = find_former(view, here.files, base.files, held)
    versions = {path: _name_versions(here, base, path, held[path], moved[path]) for path in asked}
    oids = {oid for named in versions.values() if len(named) > 1 for oid in named}
    seals = read_seals(view.repository.git, oids) if oids else {}
    found, shown = dict[str, Fact](), signs.keys() - set(asked)
    for path, named in versions.items():
        oid, fact = files[path].oid, here.facts[path]
        problem = _find_problem(oid, named, seals)
        if problem is not None and isinstance(fact, AgeFact):
            found[path] = fact._replace(problem=problem)
        elif not any(one in seals and seals[one] is None for one in named):  # all were here
            # What else goes in a change that is not committed yet may be what it was.
            shown |= {path} if held[path] or path in base.files else set()
    if shown and past is not None and not view.repository.shallow:
        right = {signs[path]: " ".join(tips) for path in shown}
        others = {sign: then for sign, then in known.items() if sign not in right}
        store.save(_STORED_UNALTERED, others | right, number=_UNALTERED_FORMAT, most=_MOST_STORED)
    return found


def _sign(here: Evidence, base: Evidence, path: str) -> str:
    """Return a name for a file with the content that it has, and that of the base if it differs."""
    oid, before = here.files[path].oid, base.files.get(path)
    return f"{oid} {path}" if before in (None, here.files[path]) else f"{oid} {before.oid} {path}"


def find_originals(oids: Iterable[str], seals: Mapping[str, Seal | None]) -> dict[str, str]:
    """Return the first of the versions with each header that is whole, by the header's digest."""
    originals: dict[str, str] = {}
    for oid in oids:
        seal = seals.get(oid)
        if seal is not None and seal.is_whole:
            originals.setdefault(seal.header, oid)
    return originals


def _is_sound(here: Evidence, path: str) -> bool:
    fact = here.facts[path]
    return isinstance(fact, AgeFact) and fact.problem is None


def _name_versions(
    here: Evidence, base: Evidence, path: str, past: Sequence[Version], moved: Mapping[str, str]
) -> dict[str, str]:
    """Return the versions of a file in words, by object id, the oldest first.

    Where history is not here, the base's version is the oldest that is known. `moved` are those
    that it had at other places before.
    """
    named = dict(moved)
    for commit, change in past:
        if change.after is not None:
            named.setdefault(change.after.oid, f"the version of {commit:.10}")
    if path in base.files:
        named.setdefault(base.files[path].oid, "the version before this change")
    named.setdefault(here.files[path].oid, "")
    return named


def _find_problem(
    oid: str, named: Mapping[str, str], seals: Mapping[str, Seal | None]
) -> str | None:
    """Return what is wrong with a version, if the oldest one with its header is another."""
    seal = seals.get(oid)
    if seal is None:
        return None
    first = find_originals(named, seals).get(seal.header, oid)
    original = seals[first]
    if original is None or original == seal or seal.may_be_fix_of(original):
        return None
    if original.mac != seal.mac:
        return _OTHER_MAC.format(earlier=named[first])
    says = _ALTERED.format(earlier=named[first])
    return says + (_OF_OTHER_LENGTH if original.size != seal.size else _OF_SAME_LENGTH)
