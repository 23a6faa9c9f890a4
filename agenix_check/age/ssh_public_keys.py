"""SSH public keys in their wire format (RFC 4253, section 6.6, and RFC 8709, section 4)."""

from binascii import Error, a2b_base64, b2a_base64

from agenix_check.age.ed25519 import check_point
from agenix_check.age.kinds import SSH_ED25519

_ED25519_SIZE = 32
_RSA_LEAST_BITS = 2048  # age refuses shorter ones
_RSA_EXPONENT_BITS = 24


def read_wire(kind: str, text: str) -> tuple[bytes, str]:
    """Return an SSH public key's wire format and its canonical base64.

    `kind` is ssh-ed25519 or ssh-rsa, `text` the base64 after it, padded or not. Raises
    ValueError, with the reason as the end of a sentence.
    """
    bare = text.rstrip("=").encode("utf-8", "surrogatepass")
    try:
        wire = a2b_base64(bare + b"==")
    except Error:
        raise ValueError("is not base64") from None
    canonical = b2a_base64(wire, newline=False)
    if canonical.rstrip(b"=") != bare:
        raise ValueError("is not canonical base64")
    fields = _fields(wire)
    if not fields or fields[0] != kind.encode("ascii"):
        raise ValueError("is of another type than it says")
    if kind == SSH_ED25519:
        if [len(field) for field in fields[1:]] != [_ED25519_SIZE]:
            raise ValueError("has a wrong length")
        check_point(fields[1])
    else:
        _check_rsa(fields[1:])
    return wire, canonical.decode("ascii")


def rsa_bits(text: str) -> int:
    """Return the length of an RSA key, given as the canonical base64 of its wire format."""
    _, _, modulus = _fields(a2b_base64(text))
    return int.from_bytes(modulus, "big").bit_length()


def _fields(wire: bytes) -> list[bytes]:
    """Return the length-prefixed strings that `wire` consists of."""
    fields = []
    pos = 0
    while pos < len(wire):
        end = pos + 4 + int.from_bytes(wire[pos : pos + 4], "big")
        if len(wire) < max(end, pos + 4):
            raise ValueError("is cut short")
        fields.append(wire[pos + 4 : end])
        pos = end
    return fields


def _check_rsa(fields: list[bytes]) -> None:
    if len(fields) != 2:
        raise ValueError("has a wrong length")
    for field in fields:
        # A positive mpint without needless zeros: anything else has a second spelling.
        if not field or field[0] >= 0x80 or (field[0] == 0 and field[1:2] < b"\x80"):
            raise ValueError("holds a number that is not well-formed")
    exponent, modulus = (int.from_bytes(field, "big") for field in fields)
    if exponent.bit_length() > _RSA_EXPONENT_BITS or exponent < 3 or not exponent & 1:
        raise ValueError("has an exponent that age refuses")
    if modulus.bit_length() < _RSA_LEAST_BITS:
        raise ValueError(f"has {modulus.bit_length()} bits: age demands {_RSA_LEAST_BITS}")
