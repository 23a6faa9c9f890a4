"""Public keys in text files: every text that a fleet may have given as `hostPubkey`.

agenix-rekey hashes `hostPubkey` as it was configured, so what counts is the exact text: with its
comment or without, with a trailing newline (a file that was read) or without (a Nix string).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from agenix_check.errors import CannotCheckError
from agenix_check.git.paths import to_bytes, to_text

_RAW = 1 << 14  # bytes; a key file that is hashed as a whole is not larger
LONGEST_COMMENT = 1000  # bytes behind a key that may be its comment, the blank before it too
MOST_KEY_BYTES = 1 << 22  # of all texts of a file
MOST_KEY_BYTES_READ = 1 << 26  # of all files that are read at once

_PRIVATE = (b"PRIVATE KEY-----", b"AGE-SECRET-KEY-")  # what is never kept
_IDENTITY = (b"AGE-PLUGIN-", b"AGE-SECRET-KEY-")
_SIGNS_OF_A_KEY = (b"AAAA", b"age1", b'.pub"', b"AGE-PLUGIN-", *_PRIVATE)
_START = re.compile(rb"ssh-(?:ed25519|rsa)\s|age1")
# A line of a file of keys: a key, with the hosts that have it before it or not; no other syntax.
_KEY_LINE = re.compile(
    rb"(?:[0-9A-Za-z.,*|+/@\[\]_:-]*[0-9A-Za-z.,*|\]_=][ \t]+)?"
    rb"(?:ssh-(?:ed25519|rsa)[ \t]+AAAA|age1[0-9a-z-]{20})"
)
_SSH = re.compile(rb"ssh-(?:ed25519|rsa)[ \t]+AAAA[0-9A-Za-z+/]+={0,3}")
_COMMENT = re.compile(rb"[ \t][^\r\n\"\\]*")
_BODY = re.compile(
    rb"(?<![0-9A-Za-z+/=])(AAAAC3NzaC1lZDI1NTE5AAAAI[0-9A-Za-z+/]{43}|AAAAB3NzaC1yc2E[0-9A-Za-z+/]+={0,2})"
)
_AGE_RECIPIENT = re.compile(rb"(?<![0-9A-Za-z-])age1[0-9a-z-]{20,4000}(?![0-9A-Za-z])")
_STRING = re.compile(rb'"([^"\\]{1,16384}+)"')
_PATH = re.compile(rb'"(/[^"\r\n\\$]{1,250}\.pub)"')
_AGE_SECRET = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{40,4000}")
_PEM_PRIVATE_KEY = re.compile(
    rb"-----BEGIN ((?:OPENSSH |RSA )?)PRIVATE KEY-----\r?\n"
    rb"([^-]{60,20000})-----END \1PRIVATE KEY-----"
)
# How PKCS #8 names the kinds of keys that age reads: rsaEncryption and Ed25519, in DER.
_PKCS8_KINDS = (bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06032b6570"))


class KeyTexts(NamedTuple):
    """What a text file says of keys.

    `public` are texts as they may be hashed. `private` are digests (SHA-256, hexadecimal) of
    unencrypted private keys in the file, and `hidden` of the texts with a private key in them that
    may be hashed: the keys themselves are never kept. `whole` is the whole text of a file that has
    nothing but public keys and comments, as it is read by Nix. `is_identity` says that it has
    nothing but age identities, or what stands for one: handles of plugins, and comments about keys.
    `cut`: some texts are left out, because of their length or their number.
    """

    public: tuple[str, ...]
    private: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    whole: str | None = None
    is_identity: bool = False
    cut: bool = False

    @property
    def size(self) -> int:
        """How many characters the texts have that may be hashed, and the digests of others."""
        return sum(map(len, (*self.public, *self.private, *self.hidden, self.whole or "")))

    def texts(self) -> set[str]:
        """Return the texts that may be hashed.

        Each also counts with a newline after it, as in a string of many lines; but Nix adds none to
        what it reads from a file of keys.
        """
        if self.whole is not None:
            return {self.whole, *(text for text in self.public if not text.endswith("\n"))}
        return {text + end for text in self.public for end in ("", "\n")}


class Reading(IntEnum):
    """What a fleet does to the text of a file of keys to have a key; the smaller, the less.

    The text that outputs are made for says it only in part: a file without a newline at its end is
    the same, as a whole and trimmed.
    """

    WHOLE = 0
    TRIMMED = 1
    PART = 2


def readings(whole: str) -> tuple[str, str, str]:
    """Return what a fleet may take a file's text for: as it is, without its newline, trimmed."""
    return whole, whole.removesuffix("\n"), whole.strip()


def reading(fact: object, text: str) -> Reading | None:
    """Return the least that was done to a file's text to have a key; None where it has it not.

    None also where the file is none of keys alone: what is done there is not known.
    """
    if not isinstance(fact, KeyTexts) or fact.whole is None:
        return None
    if text == fact.whole:
        return Reading.WHOLE
    if text in readings(fact.whole):
        return Reading.TRIMMED
    return Reading.PART if text in fact.texts() else None


class KeyRoom:
    """How much may still be remembered of key texts while many files are read."""

    def __init__(self) -> None:
        self._left = MOST_KEY_BYTES_READ

    def take(self, fact: object) -> None:
        """Take what a fact has of key texts; raise `CannotCheckError` where that is too much."""
        if isinstance(fact, KeyTexts):
            self._left -= fact.size
            if self._left < 0:
                most = MOST_KEY_BYTES_READ >> 20
                raise CannotCheckError(f"the files have more than {most} MiB of keys with comments")


def digest(text: str) -> str:
    """Return the SHA-256 of a key's text, in hexadecimal, as Nix's `hashString` gives it."""
    return hashlib.sha256(to_bytes(text)).hexdigest()


def bare(text: str) -> tuple[str, ...]:
    """Return the words of a key that are not its comment."""
    return tuple(text.split()[: 2 if text.lstrip().startswith("ssh-") else 1])


def find_keys(data: bytes) -> KeyTexts | None:
    """Return the keys in a text file's content, or None where there are none."""
    for sign in _SIGNS_OF_A_KEY:
        if sign in data:
            break
    else:
        return None
    if b"\0" in data[:8000]:
        return None
    texts, cut = _take(_public(data))
    public = {text for text in texts if not any(mark in text for mark in _PRIVATE)}
    private = _private(data)
    hidden = private | (texts - public) | {data.removesuffix(b"\n")} if private else set()
    is_identity = _is_identity_file(data)
    if not (public or private or is_identity or cut):
        return None
    return KeyTexts(
        public=tuple(sorted(map(to_text, public))),
        private=_digests(private),
        hidden=_digests(text + end for text in hidden for end in (b"", b"\n")),
        whole=to_text(data) if _is_key_file(data) and not hidden else None,
        is_identity=is_identity,
        cut=cut,
    )


def _is_identity_file(data: bytes) -> bool:
    """Return whether a file has nothing but identities and comments, or comments about a key."""
    if len(data) > _RAW:
        return False
    comments, has_identities = [], False
    for line in map(bytes.strip, data.splitlines()):
        if line[:1] == b"#":
            comments.append(line)
        elif line:
            if not line.startswith(_IDENTITY) or len(line.split()) != 1:
                return False
            has_identities = True
    return has_identities or any(map(_AGE_RECIPIENT.search, comments))


def suspect_keys(head: bytes) -> KeyTexts | None:
    """Return that the keys of a file are left out which is too large, and may have some."""
    found = find_keys(head)
    return None if found is None else KeyTexts(public=(), private=(), cut=True)


def _take(found: Iterable[bytes | None]) -> tuple[set[bytes], bool]:
    """Return texts up to a number of bytes, and whether any was left out."""
    texts: set[bytes] = set()
    room, cut = MOST_KEY_BYTES, False
    for text in found:
        if text is None or len(text) > room:
            cut = True
        elif text not in texts:
            room -= len(text)
            texts.add(text)
    return texts, cut


def _is_key_file(data: bytes) -> bool:
    """Return whether a file has nothing but public keys and comments."""
    if len(data) > _RAW:
        return False
    lines = [line for line in map(bytes.lstrip, data.splitlines()) if line and line[:1] != b"#"]
    return bool(lines) and all(map(_KEY_LINE.match, lines))


def _begins_with_key(data: bytes) -> bool:
    """Return whether the first line of a file that may be read as a whole has a key."""
    first = data.lstrip().partition(b"\n")[0]
    return len(data) <= _RAW and _START.search(first) is not None


def _digests(texts: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted({hashlib.sha256(text).hexdigest() for text in texts}))


def _public(data: bytes) -> Iterator[bytes | None]:
    """Yield the texts in a file that may be configured as a public key; None for a longer one."""
    if _begins_with_key(data) or _is_key_file(data):
        yield from (data.removesuffix(b"\n"), data.strip())
    for match in _SSH.finditer(data):
        yield match.group()
        comment = _COMMENT.match(data, match.end(), match.end() + LONGEST_COMMENT + 1)
        if comment:
            for text in _comments(comment.group()):
                yield None if len(text) > LONGEST_COMMENT else match.group() + text
    for match in _BODY.finditer(data):
        kind = b"ssh-ed25519" if match.group().startswith(b"AAAAC3") else b"ssh-rsa"
        yield kind + b" " + match.group()
    yield from (match.group() for match in _AGE_RECIPIENT.finditer(data))
    for match in _STRING.finditer(data):
        if b"\n" in match.group(1) and _START.search(match.group(1)):
            yield match.group(1)
    yield from (match.group(1) for match in _PATH.finditer(data))


def _comments(comment: bytes) -> set[bytes]:
    """Return the ways in which the rest of a line may belong to the key before it."""
    ends = {comment.partition(stop)[0] for stop in (b"\n", b"''", b"'", b" #")}
    return ends | {end.rstrip() for end in ends}


def _private(data: bytes) -> set[bytes]:
    found = {match.group() for match in _AGE_SECRET.finditer(data)}
    return found | {
        match.group() for match in _PEM_PRIVATE_KEY.finditer(data) if _is_unlocked(match)
    }


def _is_unlocked(pem: "re.Match[bytes]") -> bool:
    """Return whether a private key is one for age and needs no passphrase.

    OpenSSH's form is in its PROTOCOL.key; that of RFC 5958 (PKCS #8) names no tool.
    """
    form, body = pem.groups()
    if form == b"RSA ":
        return True  # the headers of a locked one have dashes, so it does not come here
    try:
        blob = base64.b64decode(b"".join(body.split()))
    except binascii.Error:
        return False
    if not form:
        return any(kind in blob[:32] for kind in _PKCS8_KINDS)
    # Of a key on a security key (sk-…) the file holds no more than where to find it.
    return blob.startswith(b"openssh-key-v1\0\0\0\0\x04none") and blob[47:50] != b"sk-"


class KeyText(NamedTuple):
    """A text that may be a `hostPubkey`; None stands for one with a private key in it."""

    text: str | None
    paths: tuple[str, ...]


NOWHERE = KeyText(None, ())
