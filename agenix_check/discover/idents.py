"""Which key and which source an output's name was made from.

agenix-rekey names an output `<ident>-<name>.age`, with
ident = sha256hex(sha256hex(hostPubkey) ++ sha256hex(source))[:32] (its nix/output-derivation.nix).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from agenix_check.errors import CannotCheckError

_IDENT = 32  # hexadecimal digits
_MOST_PAIRS = 50_000_000  # a minute's work; no fleet of names alone comes near it


class Trace(NamedTuple):
    """What an ident was made from: two SHA-256 digests in hexadecimal, of the texts as they are."""

    key: str
    source: str


def ident(key: str, source: str) -> str:
    """Return the ident of a key's and a source's digests."""
    return sha256((key + source).encode("ascii")).hexdigest()[:_IDENT]


def trace(idents: Iterable[str], keys: Iterable[str], sources: Iterable[str]) -> dict[str, Trace]:
    """Return, for each ident that some key and some source make, which they are.

    Raises `CannotCheckError` where there are too many pairs to try.
    """
    wanted = set(idents)
    found: dict[str, Trace] = {}
    encoded = [source.encode("ascii") for source in sources]
    all_keys = list(keys)
    if wanted and len(all_keys) * len(encoded) > _MOST_PAIRS:
        raise CannotCheckError(
            f"{len(all_keys)} keys and {len(encoded)} sources make too many pairs to try"
        )
    for key in all_keys:
        if not wanted:
            break
        # Nearly every pair misses, so the loop does nothing but hash and look up.
        start = key.encode("ascii")
        made = [sha256(start + source).hexdigest()[:_IDENT] for source in encoded]
        for hit in wanted.intersection(made):
            found[hit] = Trace(key, encoded[made.index(hit)].decode("ascii"))
            wanted.discard(hit)
    return found
