"""Public keys in text files: every text that a fleet may have given as `hostPubkey`.

agenix-rekey hashes `hostPubkey` as it was configured, so what counts is the exact text: with its
comment or without, with a trailing newline (a file that was read) or without (a Nix string).
"""

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

_RAW = 1 << 14  # bytes; a key file that is hashed as a whole is not larger

_HINTS = (b"AAAA", b"age1", b'.pub"', b"PRIVATE KEY-----", b"AGE-SECRET-KEY-")
_SSH = re.compile(rb"ssh-(?:ed25519|rsa)[ \t]+AAAA[0-9A-Za-z+/]+={0,3}")
_COMMENT = re.compile(rb"[ \t][^\r\n\"\\]*")
_BODY = re.compile(
    rb"(?<![0-9A-Za-z+/=])(AAAAC3NzaC1lZDI1NTE5AAAAI[0-9A-Za-z+/]{43}|AAAAB3NzaC1yc2E[0-9A-Za-z+/]+={0,2})"
)
_AGE = re.compile(rb"(?<![0-9A-Za-z-])age1[0-9a-z-]{20,4000}(?![0-9A-Za-z])")
_STRING = re.compile(rb'"([^"\\]*?(?:ssh-(?:ed25519|rsa)|age1)[^"\\]*)"')
_PATH = re.compile(rb'"(/[^"\r\n\\$]{1,250}\.pub)"')
_AGE_SECRET = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{40,4000}")
_PEM = re.compile(
    rb"-----BEGIN (OPENSSH|RSA) PRIVATE KEY-----\r?\n([^-]{100,20000})-----END \1 PRIVATE KEY-----"
)


class KeyTexts(NamedTuple):
    """What a text file says of keys.

    `public` are texts as they may be hashed; each also counts with one newline after it. `private`
    are digests (SHA-256, hexadecimal) of unencrypted private keys in the file: the keys themselves
    are never kept.
    """

    public: tuple[str, ...]
    private: tuple[str, ...]


def digest(text: str) -> str:
    """Return the SHA-256 of a key's text, in hexadecimal, as Nix's `hashString` gives it."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def find_keys(data: bytes) -> KeyTexts | None:
    """Return the keys in a text file's content, or None where there are none."""
    if not any(hint in data for hint in _HINTS) or b"\0" in data[:8000]:
        return None
    public = {text.decode("utf-8", "surrogateescape") for text in _public(data)}
    private = {
        hashlib.sha256(variant).hexdigest()
        for secret in _private(data)
        for variant in (secret, secret + b"\n", data)
    }
    if not public and not private:
        return None
    return KeyTexts(tuple(sorted(public)), tuple(sorted(private)))


def _public(data: bytes) -> set[bytes]:
    texts: set[bytes] = set()
    bodies: set[bytes] = set()
    for match in _SSH.finditer(data):
        texts.add(match.group())
        bodies.add(match.group().split()[1])
        comment = _COMMENT.match(data, match.end())
        if comment:
            texts.update(match.group() + text for text in _comments(comment.group()))
    for match in _BODY.finditer(data):
        if match.group() not in bodies:
            kind = b"ssh-ed25519" if match.group().startswith(b"AAAAC3") else b"ssh-rsa"
            texts.add(kind + b" " + match.group())
    texts.update(match.group() for match in _AGE.finditer(data))
    if not texts:
        return {match.group(1) for match in _PATH.finditer(data)}
    texts.update(match.group(1) for match in _STRING.finditer(data) if b"\n" in match.group(1))
    texts.update(match.group(1) for match in _PATH.finditer(data))
    if len(data) <= _RAW and data.lstrip().startswith((b"ssh-", b"age1")):
        texts.add(data.removesuffix(b"\n"))
    return texts


def _comments(comment: bytes) -> set[bytes]:
    """Return the ways in which the rest of a line may belong to the key before it."""
    found = {comment, comment.rstrip(), comment.partition(b"''")[0].rstrip()}
    found.add(comment.partition(b"'")[0].rstrip())
    return found


def _private(data: bytes) -> list[bytes]:
    found = [match.group() for match in _AGE_SECRET.finditer(data)]
    found.extend(match.group() for match in _PEM.finditer(data) if _is_unlocked(match))
    return found


def _is_unlocked(pem: "re.Match[bytes]") -> bool:
    """Tell whether a private key needs no passphrase (OpenSSH's PROTOCOL.key, RFC 1421)."""
    kind, body = pem.groups()
    if kind == b"RSA":
        return b"ENCRYPTED" not in body
    try:
        blob = base64.b64decode(b"".join(body.split()))
    except binascii.Error:
        return False
    return blob.startswith(b"openssh-key-v1\0\0\0\0\x04none")
