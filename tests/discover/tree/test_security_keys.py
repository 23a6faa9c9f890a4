"""Of a key on a security key, the file in `.ssh` is no secret: it only says where the key is."""

import base64
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
