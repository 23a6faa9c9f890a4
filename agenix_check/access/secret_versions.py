"""The versions of secrets in a history, and whether each is still in use."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from agenix_check.discover.tree.chronicle import Chronicle, Held
from agenix_check.discover.tree.evidence import is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, PointerFact
from agenix_check.discover.tree.naming import output_file
from agenix_check.model.exposed import VersionState
from agenix_check.model.frozen import NOTHING, frozen

_TO_WORST = (VersionState.ROTATED, VersionState.PERHAPS, VersionState.IN_USE)


@frozen
class Versions:
    """Every content that secrets had, by its digest (SHA-256, hexadecimal) and by its path.

    Outputs are no secrets; sources are, and files of plain agenix. `lengths` are those of
    plaintexts, in bytes; None where that is not known.
    """

    by_digest: Mapping[str, tuple[Held, ...]]
    by_path: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, int | None]
    current: Mapping[str, frozenset[str]]
    plain_now: Mapping[str, int] = NOTHING
    successors: Mapping[str, tuple[str, ...]] = NOTHING

    @cached_property
    def in_use(self) -> frozenset[str]:
        """The digests of all secrets as they are now."""
        return frozenset(digest for digests in self.current.values() for digest in digests)

    def state(self, path: str, length: int | None, digest: str | None = None) -> VersionState:
        """Return whether a content of a secret is still the one in use.

        One of the same length as the present one may hold the same text, and so may one whose
        length is not known.
        """
        if digest in self.in_use:
            return VersionState.IN_USE
        heirs = self.heirs(path)
        lengths = {self.lengths.get(one) for heir in heirs for one in self.current.get(heir, ())}
        lengths |= {self.plain_now[heir] for heir in heirs if heir in self.plain_now}
        unknown = lengths and length is None
        return VersionState.PERHAPS if unknown or {length, None} & lengths else VersionState.ROTATED

    def heirs(self, path: str) -> frozenset[str]:
        """Return the present paths of a secret: it may have been moved, as it was or edited."""
        known = self._heirs.get(path)
        if known is None:
            known = self._heirs[path] = self._find_heirs(path)
        return known

    @cached_property
    def _heirs(self) -> dict[str, frozenset[str]]:
        return {}

    def _find_heirs(self, path: str) -> frozenset[str]:
        seen, found, waiting = {path}, set[str](), [path]
        while waiting:
            one = waiting.pop()
            if one in self.current or one in self.plain_now:
                found.add(one)
                continue
            same = (held.path for sha in self.by_path.get(one, ()) for held in self.by_digest[sha])
            new = {*same, *self.successors.get(one, ())} - seen
            seen |= new
            waiting += new
        return frozenset(found)


def find_versions(chronicle: Chronicle) -> Versions:
    """Gather the versions of all secrets in a history."""
    by_digest: dict[str, list[Held]] = defaultdict(list)
    by_path: dict[str, dict[str, None]] = defaultdict(dict)
    lengths: dict[str, int | None] = {}
    current: dict[str, set[str]] = defaultdict(set)
    for held in chronicle.spans:
        fact = chronicle.facts.get(held.oid)
        if not isinstance(fact, AgeFact | PointerFact) or not is_secret_path(held.path):
            continue
        by_digest[fact.sha256].append(held)
        by_path[held.path][fact.sha256] = None
        lengths[fact.sha256] = fact.plaintext_size if isinstance(fact, AgeFact) else None
        if held in chronicle.current:
            current[held.path].add(fact.sha256)
    plain_now = {
        held.path: chronicle.sizes[held.oid]
        for held in chronicle.current
        if held.path in by_path and held.oid in chronicle.sizes
    }
    return Versions(
        by_digest={one: tuple(held) for one, held in by_digest.items()},
        by_path={path: tuple(found) for path, found in by_path.items()},
        lengths=lengths,
        current={path: frozenset(found) for path, found in current.items()},
        plain_now=plain_now,
        successors=chronicle.successors,
    )


def is_secret_path(path: str) -> bool:
    """Return whether a file with this path can be a source, or one of plain agenix."""
    return output_file(path) is None and not is_outside_fleet(path)


def worst(states: Iterable[VersionState]) -> VersionState:
    """Return the state to worry about most."""
    return max(states, key=_TO_WORST.index, default=VersionState.ROTATED)
