"""Which private keys in PEM could read secrets: not those on a security key, nor others' kinds.

Of a key on a security key, the file in `.ssh` is no secret: it only says where the key is.
"""

import base64
import hashlib
import struct

import pytest

from agenix_check.discover.tree.key_texts import find_keys


def _text(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _pem(kind: bytes) -> bytes:
    """An unencrypted private key as OpenSSH's PROTOCOL.key lays it out, of one kind of key."""
    public = _text(kind, bytes(32), b"ssh:")
    blob = b"openssh-key-v1\0" + _text(b"none", b"none", b"") + struct.pack(">I", 1)
    body = base64.encodebytes(blob + _text(public, bytes(120)))
    begin, end = b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"-----END OPENSSH PRIVATE KEY-----\n"
    return begin + body + end


@pytest.mark.parametrize(
    "kind", [b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"]
)
def test_a_handle_of_a_security_key_is_no_private_key(kind: bytes) -> None:
    assert find_keys(_pem(kind)) is None


def test_a_key_that_needs_no_hardware_is_one() -> None:
    found = find_keys(_pem(b"ssh-ed25519"))
    assert found is not None
    assert found.private


def _pkcs8(algorithm: str, size: int, *, label: str = "PRIVATE KEY") -> bytes:
    """A private key of zeros as RFC 5958 lays it out; `algorithm` is its identifier in DER."""
    fields = (
        bytes.fromhex(f"020100{algorithm}") + b"\x04\x82" + struct.pack(">H", size) + bytes(size)
    )
    body = base64.encodebytes(b"\x30\x82" + struct.pack(">H", len(fields)) + fields).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


RSA = "300d06092a864886f70d0101010500"
ED25519 = "300506032b6570"
P256 = "301306072a8648ce3d020106082a8648ce3d030107"


@pytest.mark.parametrize(("algorithm", "size"), [(RSA, 1190), (ED25519, 34)])
def test_a_key_for_age_is_one_in_pkcs8_too(algorithm: str, size: int) -> None:
    key = _pkcs8(algorithm, size)
    found = find_keys(b"key = ''\n" + key + b"'';\n")
    assert found is not None
    assert found.private == (hashlib.sha256(key.removesuffix(b"\n")).hexdigest(),)


@pytest.mark.parametrize(
    "key",
    [_pkcs8(P256, 109), _pkcs8(RSA, 1190, label="ENCRYPTED PRIVATE KEY"), b"x" + _pem(b"")[:90]],
)
def test_a_key_that_age_cannot_read_is_not_looked_for(key: bytes) -> None:
    assert find_keys(key) is None
