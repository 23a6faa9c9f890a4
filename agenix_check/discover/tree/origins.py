"""From which version of a source and a key an output was made that nothing explains any more."""

from collections.abc import Iterable
from dataclasses import dataclass

from agenix_check.discover.tree.evidence import Evidence, KeyText, output_file
from agenix_check.discover.tree.facts import AgeFact, PointerFact, find_fact
from agenix_check.discover.tree.keys import KeyTexts, digest
from agenix_check.discover.tree.naming import trace
from agenix_check.errors import CannotCheckError
from agenix_check.git.history import Version, old_versions
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository

_COMMITS = 5_000
_VERSIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The old version of a source, of a key, or of both; None where it is still the present one."""

    source: Version | None
    key: Version | None


def find_origins(
    repository: Repository, commit: str, here: Evidence, idents: Iterable[str]
) -> dict[str, Origin]:
    """Search history for what explains idents; what is not found there is left out."""
    key_files = {path for key in here.keys.values() for path in key.paths}
    versions = [
        version
        for version in old_versions(repository.git, commit, _COMMITS)
        if version.path in key_files
        or (version.path.endswith((".age", ".pub")) and output_file(version.path) is None)
    ][:_VERSIONS]
    latest: dict[str, Version] = {}  # by content; the newest commit that took it away is first
    for version in versions:
        latest.setdefault(version.oid, version)
    keys: dict[str, Version] = {}
    sources: dict[str, Version] = {}
    for oid, size, data, sha256 in read_blobs(repository.git, latest):
        fact = find_fact(data, size, sha256)
        if isinstance(fact, AgeFact | PointerFact):
            sources.setdefault(fact.sha256, latest[oid])
        elif isinstance(fact, KeyTexts):
            for text in fact.texts(exact=False):
                keys.setdefault(digest(text), latest[oid])
    old_keys = {key: KeyText(None, (version.path,)) for key, version in keys.items()}
    try:
        made = trace(idents, {**old_keys, **here.keys}, {**sources, **here.sources})
    except CannotCheckError:
        return {}
    return {
        ident: Origin(
            source=None if pair.source in here.sources else sources[pair.source],
            key=None if pair.key in here.keys else keys[pair.key],
        )
        for ident, pair in made.items()
    }
