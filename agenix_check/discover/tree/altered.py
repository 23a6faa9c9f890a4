"""Age files that were changed after they were encrypted, as an earlier version of them shows.

Whoever encrypts makes a new file key, so that no two files have one header: of all versions that
have it the oldest is what was encrypted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from agenix_check.age import AgeFormatError, read_age
from agenix_check.discover.tree.answered import tips_of
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.errors import CannotCheckError
from agenix_check.git.history import read_versions
from agenix_check.git.objects import read_blobs
from agenix_check.git.snapshot import Change
from agenix_check.view import View

_ALTERED = (
    "it was changed after it was encrypted: its header is that of {earlier}, but its content has "
    "another length. A hook for text files (end-of-file-fixer) does that; leave age files out of "
    "them"
)
_MOST_ASKED = 1000  # files whose history is read
_MOST_SEALS = 10_000  # versions of all of them

_Seal = tuple[bytes, int]  # the header's MAC, and the payload's length in bytes
_Version = tuple[str, str]  # a blob's object id, and whose version it is in words


def mark_altered(view: View, here: Evidence) -> Evidence:
    """Return `here`, where files that hooks for text files altered have a problem.

    Such a hook leaves a text from end to end: of right files that is one in thousands. Raises
    `CannotCheckError` for too many of them.
    """
    asked = {path for paths in here.sources.values() for path in paths if _is_textual(here, path)}
    if len(asked) > _MOST_ASKED:
        raise CannotCheckError(
            f"{len(asked)} age files are text from end to end, as hooks for text files leave them; "
            "of so many it is not looked up whether they did"
        )
    return _mark(view, here, here, asked)


def mark_altered_now(
    view: View, here: Evidence, base: Evidence, changed: Iterable[Change]
) -> Evidence:
    """Return `here`, where files that this change altered, by whatever means, have a problem.

    Outputs are left out: their length is compared with that of their source.
    """
    return _mark(view, here, base, {one.path for one in changed if _is_suspect(here, base, one)})


def _mark(view: View, here: Evidence, base: Evidence, asked: set[str]) -> Evidence:
    if not asked:
        return here
    facts = dict(here.facts)
    for path, earlier in _find_altered(view, here, base, sorted(asked)).items():
        fact = facts[path]
        if isinstance(fact, AgeFact):
            facts[path] = fact._replace(problem=_ALTERED.format(earlier=earlier))
    return replace(here, facts=facts)


def _is_suspect(here: Evidence, base: Evidence, change: Change) -> bool:
    """Return whether a file's header may be that of before; armor may be laid out anew."""
    now, before = here.facts.get(change.path), base.facts.get(change.path)
    return (
        isinstance(now, AgeFact)
        and isinstance(before, AgeFact)
        and change.path not in here.outputs
        and now.stanzas == before.stanzas
        and now.problem is before.problem is None
        and now.plaintext_size != before.plaintext_size
    )


def _is_textual(here: Evidence, path: str) -> bool:
    fact = here.facts[path]
    return isinstance(fact, AgeFact) and fact.is_textual and fact.problem is None


def _find_altered(view: View, here: Evidence, base: Evidence, paths: list[str]) -> dict[str, str]:
    """Return the files whose oldest version with their header has another length: which it is.

    Where history is not here, the base's version is the oldest that is known.
    """
    tips = tips_of(view)
    commits = read_versions(view.repository.git, tips, paths) if tips else []
    versions: dict[str, list[_Version]] = {path: [] for path in paths}
    for commit in commits or ():
        for one in commit.changes:
            if one.after is not None and one.path in versions:
                versions[one.path].append((one.after.oid, f"the version of {commit.oid:.10}"))
    for path, known in versions.items():
        if path in base.files:
            known.append((base.files[path].oid, "the version before this change"))
        known.append((here.files[path].oid, ""))
    wanted = dict.fromkeys(oid for known in versions.values() for oid, _ in known)
    seals = _read_seals(view, islice(wanted, _MOST_SEALS))
    found = {path: _earlier(known, seals) for path, known in versions.items()}
    return {path: earlier for path, earlier in found.items() if earlier is not None}


def _read_seals(view: View, oids: Iterable[str]) -> dict[str, _Seal]:
    wanted, seals = list(oids), dict[str, _Seal]()
    for oid, size, data, _ in read_blobs(view.repository.git, wanted, wanted):
        try:
            file = read_age(data, size=size)
        except AgeFormatError:  # not whole, or a large one with armor
            continue
        seals[oid] = file.mac, file.payload_size
    return seals


def _earlier(versions: Sequence[_Version], seals: Mapping[str, _Seal]) -> str | None:
    """Return the oldest version with the last one's header, if it has another length."""
    now = seals.get(versions[-1][0])
    if now is None:
        return None
    known = ((seals[oid], which) for oid, which in versions if oid in seals)
    size, which = next((seal[1], which) for seal, which in known if seal[0] == now[0])
    return which if size != now[1] else None
