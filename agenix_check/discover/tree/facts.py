"""What one blob's bytes say by themselves: an age file, a Git LFS pointer, or a text with keys.

A fact is a pure function of the bytes, so it may be remembered by the blob's or its directory's
object id. It never holds a plaintext or a private key.
"""

import hashlib
import re
from functools import partial
from typing import NamedTuple

from agenix_check.age import (
    STANZA_KINDS,
    AgeFormatError,
    Stanza,
    Tagging,
    looks_like_age,
    read_age,
    skim,
)
from agenix_check.discover.tree.key_texts import KeyTexts, find_keys, suspect_keys

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n"
)

_BLANK_BEFORE = "white space stands before its armor: rage, and age before 1.3, refuse to open it"
_KEPT_OF_TYPE = 100  # characters; longer types are of nobody's
_TORN = "it has Git conflict markers"
_MARKER = b"<<<<<<< "
_GIT_CRYPT = b"\0GITCRYPT\0"


class AgeFact(NamedTuple):
    """An age file, well-formed or not.

    `sha256` is that of the whole file in hexadecimal. `stanzas` are the real ones, without bodies
    and without the shares that say nothing of the recipient.
    `plaintext_size` is in bytes, None where it cannot be known; `problem` says why the file is
    malformed, None where it is not; `refusal` says which programs refuse what others read.
    """

    sha256: str
    stanzas: tuple[Stanza, ...]
    plaintext_size: int | None
    problem: str | None
    refusal: str | None = None


class PointerFact(NamedTuple):
    """A Git LFS pointer: `sha256` is that of the content which is elsewhere."""

    sha256: str


class MissingFact(NamedTuple):
    """The blob is not in this repository (a partial clone), or too large to be read."""

    reason: str


class LockedFact(NamedTuple):
    """The blob is encrypted as a whole by another program, so it tells nothing: git-crypt."""

    by: str


class LinkFact(NamedTuple):
    """A symbolic link, which says where else to look: `target` is its text."""

    target: str


_AGE_FACT = partial(tuple.__new__, AgeFact)  # all its fields: most facts are made so

Fact = AgeFact | LinkFact | LockedFact | PointerFact | KeyTexts | MissingFact


def find_fact(data: bytes, size: int, sha256: str | None = None) -> Fact | None:
    """Return what a blob's content says, or None where it is of no interest.

    `data` may be only the content's head; then `size` tells its whole length in bytes and `sha256`
    its digest.
    """
    if size < 0:
        return MissingFact("is not in this clone (made with --filter? clone without it)")
    if len(data) == size and (skimmed := skim(data, size)) is not None:
        return _AGE_FACT((hashlib.sha256(data).hexdigest(), *skimmed, None, None))
    if looks_like_age(_without_marker(data)):
        return _age_fact(data, size, sha256)
    if data.startswith(_GIT_CRYPT):
        return LockedFact("git-crypt")
    if size < 1024 and (pointer := _POINTER.match(data)):
        return PointerFact(pointer.group(1).decode())
    return find_keys(data) if size == len(data) else suspect_keys(data)


def is_torn(fact: Fact | None) -> bool:
    """Return whether a file is an age file in which a merge left its markers."""
    return isinstance(fact, AgeFact) and fact.problem == _TORN


def _age_fact(data: bytes, size: int, sha256: str | None) -> Fact:
    if sha256 is None:
        if len(data) < size:
            return MissingFact("is too large to be read")
        sha256 = hashlib.sha256(data).hexdigest()
    try:
        file = read_age(data, size=size)
    except AgeFormatError as error:
        torn = data.startswith(_MARKER) or b"\n" + _MARKER in data
        problem = _TORN if torn else str(error)
        return AgeFact(sha256, (), None, problem)
    stanzas = tuple(map(_without_share, file.real_stanzas))
    refusal = _BLANK_BEFORE if file.blank_before else None
    return AgeFact(sha256, stanzas, file.plaintext_size, file.payload_error, refusal)


def _without_marker(data: bytes) -> bytes:
    """Return what follows the conflict marker that a file begins with, or the file."""
    return data.partition(b"\n")[2] if data.startswith(_MARKER) else data


def _without_share(stanza: Stanza) -> Stanza:
    kind = STANZA_KINDS.get(stanza.type)
    kept: tuple[str, ...] = ()
    if kind is not None and kind.tagging is not Tagging.ANONYMOUS:
        kept = stanza.args[:1] if kind.tagging is Tagging.FIXED else stanza.args
    return Stanza(type=stanza.type[:_KEPT_OF_TYPE], args=kept, body=b"")
