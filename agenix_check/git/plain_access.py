"""A change in who can read what as plain values, as it is remembered."""

from agenix_check.git.remembered import FlatChange, FlatReader
from agenix_check.model.access import (
    AccessChange,
    Readable,
    Reader,
    ReaderKind,
    Replacement,
    Shown,
)


def flatten_change(change: AccessChange) -> FlatChange:
    """Return a change as tuples of text."""
    return (
        tuple(map(_flatten_reader, change.added)),
        tuple(map(_flatten_reader, change.removed)),
        tuple((_flatten_reader(one), _flatten_reader(other)) for one, other in change.replaced),
        tuple(sorted(change.newcomers)),
    )


def revive_change(plain: FlatChange) -> AccessChange:
    """Return the change that was made plain."""
    added, removed, replaced, newcomers = plain
    return AccessChange(
        added=tuple(map(_revive_reader, added)),
        removed=tuple(map(_revive_reader, removed)),
        replaced=tuple(
            Replacement(_revive_reader(one), _revive_reader(other)) for one, other in replaced
        ),
        newcomers=frozenset(newcomers),
    )


def _flatten_reader(reader: Reader) -> FlatReader:
    secrets = tuple((one.secret, str(one.shown)) for one in reader.secrets)
    return str(reader.kind), reader.name, reader.key, reader.fingerprint, reader.path, secrets


def _revive_reader(plain: FlatReader) -> Reader:
    kind, name, key, fingerprint, path, secrets = plain
    readable = tuple(Readable(secret, Shown(shown)) for secret, shown in secrets)
    return Reader(ReaderKind(kind), name, key, fingerprint, path, readable)
