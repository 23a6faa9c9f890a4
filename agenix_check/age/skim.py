"""Recognise in one step the headers that age and rage write most.

Thousands of outputs are read on every commit, and nearly all of them have one SSH Ed25519 or X25519
stanza, and perhaps rage's grease. Everything else is left to `read_age`, which reads the same in
what is recognised here: a property test compares the two.
"""

import re
from functools import cache, lru_cache

from agenix_check.age.encoding import LAST_CHARACTERS, encode_base64
from agenix_check.age.file import plaintext_size
from agenix_check.age.kinds import SSH_ED25519, X25519
from agenix_check.age.stanzas import LOW_ORDER, Stanza

_DIGIT = rb"[A-Za-z0-9+/]"
_32 = _DIGIT + rb"{42}[AEIMQUYcgkosw048]"  # 32 bytes in canonical base64
_4 = _DIGIT + rb"{5}[AQgw]"
_GREASE = (
    rb"-> [!-~]{1,100}+(?<=-grease)(?: [!-~]{1,100}+){0,9}+\n"
    rb"(?:" + _DIGIT + rb"{64}\n){0,99}+(" + _DIGIT + rb"{0,63}+)\n"
)  # fmt: skip
SKIMMED = (
    rb"age-encryption\.org/v1\n"
    rb"-> (?:ssh-ed25519 (" + _4 + rb")|X25519) (" + _32 + rb")\n" + _32 + rb"\n"
    rb"(?:" + _GREASE + rb")?"
    rb"--- " + _32 + rb"\n"
)  # fmt: skip
"""A header that is recognised, as a pattern.

Its groups are the tag, if it has one, the share, and the last line of grease, if there is some: of
the last two, `is_sound` has to be asked as well.
"""
_MATCH = re.compile(SKIMMED).match
_LOW_ORDER = frozenset(encode_base64(share).encode("ascii") for share in LOW_ORDER)
_LAST = tuple("".join(characters).encode("ascii") for characters in LAST_CHARACTERS)


def skim(data: bytes, size: int) -> tuple[tuple[Stanza], int] | None:
    """Return the only real stanza, without share and body, and the plaintext's length in bytes.

    `data` is the head of a file of `size` bytes. None means: ask `read_age`.
    """
    header = _MATCH(data)
    if header is None:
        return None
    tag, share, grease = header.groups()
    if not is_sound(share, grease):
        return None
    plain = _length(size - header.end())
    return None if plain is None else (_stanza(tag), plain)


def is_sound(share: bytes, grease: bytes | None) -> bool:
    """Return whether age takes a share, and the last line of grease: it is canonical base64.

    It refuses a share of low order.
    """
    return share not in _LOW_ORDER and (not grease or grease[-1:] in _LAST[len(grease) & 3])


@cache
def _stanza(tag: bytes | None) -> tuple[Stanza]:
    if tag is None:
        return (Stanza(type=X25519, args=(), body=b""),)
    return (Stanza(type=SSH_ED25519, args=(tag.decode("ascii"),), body=b""),)


@lru_cache(1024)
def _length(payload: int) -> int | None:
    try:
        return plaintext_size(payload)
    except ValueError:
        return None
