"""Who gains and who loses what between two trees."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agenix_check.access.present import reader_key
from agenix_check.model.access import AccessChange, Readable, Reader, ReaderKind, Replacement

_Id = tuple[str | None, str]  # a node's name, and a key or the words for one


class _Pair(NamedTuple):
    before: Reader | None
    after: Reader | None


def compare_access(before: Iterable[Reader], after: Iterable[Reader]) -> AccessChange:
    """Compare the readers of two trees; a secret has one name in both."""
    pairs = _match(list(before), list(after))
    added, removed = [], []
    newcomers = {pair.after.key for pair in pairs if pair.after and pair.before is None}
    newcomers -= {pair.before.key for pair in pairs if pair.before}
    for pair in pairs:
        if gained := _less(pair.after, pair.before):
            added.append(gained)
        if lost := _less(pair.before, pair.after):
            removed.append(lost)
    replaced = []
    for gained in list(added):
        for lost in list(removed):
            common = _replace(lost, gained)
            if common is None:
                continue
            replaced.append(common)
            added.remove(gained)
            removed.remove(lost)
            added += filter(None, [_less(gained, common.after)])
            removed += filter(None, [_less(lost, common.before)])
            break
    return AccessChange(
        added=tuple(sorted(added, key=reader_key)),
        removed=tuple(sorted(removed, key=reader_key)),
        replaced=tuple(sorted(replaced, key=lambda one: reader_key(one.after))),
        newcomers=frozenset(key for key in newcomers if key is not None),
    )


def _match(before: list[Reader], after: list[Reader]) -> list[_Pair]:
    """Pair the readers of both trees: a node by its name and key, others by their key.

    A node whose key is the same under another name has moved, unless its old name is still there.
    """
    old = {_identity(one): one for one in before}
    new = {_identity(one): one for one in after}
    pairs = [_Pair(old[one], new[one]) for one in old.keys() & new.keys()]
    gone: dict[str, list[Reader]] = {}
    for one in sorted(old.keys() - new.keys(), key=str):
        gone.setdefault(one[1], []).append(old[one])
    for one in sorted(new.keys() - old.keys(), key=str):
        former = gone.get(one[1])
        pairs.append(_Pair(former.pop(0) if former else None, new[one]))
    pairs += [_Pair(reader, None) for readers in gone.values() for reader in readers]
    return pairs


def _identity(reader: Reader) -> _Id:
    return reader.name if reader.kind is ReaderKind.NODE else None, reader.key or reader.name


def _less(reader: Reader | None, other: Reader | None) -> Reader | None:
    """Return a reader with what another one cannot read; None if nothing is left."""
    if reader is None:
        return None
    known = {one.secret for one in other.secrets} if other is not None else set()
    left = tuple(one for one in reader.secrets if one.secret not in known)
    return reader._replace(secrets=left) if left else None


def _replace(lost: Reader, gained: Reader) -> Replacement | None:
    """Return how one key took another's place under its name, if it did."""
    if (lost.kind, lost.name) != (gained.kind, gained.name) or None in (lost.key, gained.key):
        return None
    common = {one.secret for one in lost.secrets} & {one.secret for one in gained.secrets}
    if not common or lost.key == gained.key:
        return None
    return Replacement(_only(lost, common), _only(gained, common))


def _only(reader: Reader, secrets: set[str]) -> Reader:
    return reader._replace(secrets=tuple(one for one in reader.secrets if one.secret in secrets))


def rename_secrets(readers: Iterable[Reader], moved: Mapping[str, str]) -> tuple[Reader, ...]:
    """Return readers with secrets under their new names."""
    if not moved:
        return tuple(readers)
    return tuple(
        one._replace(
            secrets=tuple(
                sorted(Readable(moved.get(name, name), shown) for name, shown in one.secrets)
            )
        )
        for one in readers
    )
