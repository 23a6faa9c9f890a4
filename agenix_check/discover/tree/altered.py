"""Age files that were changed after they were encrypted, as the version before them shows."""

from collections.abc import Iterable
from dataclasses import replace

from agenix_check.age import AgeFormatError, read_age
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.git.snapshot import Change

_ALTERED = (
    "it was changed after it was encrypted: its header is that of the file before this change, "
    "but its content has another length. A hook for text files (end-of-file-fixer) does that; "
    "leave age files out of them"
)


def mark_altered(git: Git, here: Evidence, base: Evidence, changed: Iterable[Change]) -> Evidence:
    """Return `here`, where such files have a problem.

    Whoever encrypts makes a new file key, so that no two files have one header. Outputs are left
    out: their length is compared with that of their source.
    """
    pairs = [one for one in changed if _is_suspect(here, base, one)]
    if not pairs:
        return here
    oids = [file.oid for one in pairs for file in (one.before, one.after) if file is not None]
    macs: dict[str, bytes] = {}
    for blob in read_blobs(git, oids, oids):
        try:
            macs[blob.oid] = read_age(blob.data, size=blob.size).mac
        except AgeFormatError:  # a large one with armor
            continue
    facts = dict(here.facts)
    for one in pairs:
        before, now = (macs.get(file.oid) for file in (one.before, one.after) if file is not None)
        fact = facts[one.path]
        if before is not None and before == now and isinstance(fact, AgeFact):
            facts[one.path] = fact._replace(problem=_ALTERED)
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
