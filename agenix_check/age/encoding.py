"""Canonical base64 as age uses it (RFC 4648, sections 4 and 3.5): what decodes has one spelling."""

from binascii import a2b_base64, b2a_base64

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NOT_CANONICAL = "is not canonical base64"

# What a text may end in, by its length modulo 4: the bits that encode nothing must be zero.
_LAST = (_ALPHABET, (), _ALPHABET[::16], _ALPHABET[::4])


def decode_base64(text: str) -> bytes | None:
    """Return the bytes that unpadded `text` encodes, or None where it is not canonical.

    The decoder passes over what is not base64, so foreign characters show as missing bytes.
    """
    try:
        raw = a2b_base64(text + "==")
    except ValueError:
        return None
    size = len(text)
    return raw if len(raw) == size * 3 // 4 and text[-1:] in _LAST[size & 3] else None


def encode_base64(raw: bytes) -> str:
    """Return `raw` in base64 without padding."""
    return b2a_base64(raw, newline=False).rstrip(b"=").decode("ascii")


def explain_base64(text: str) -> tuple[int, str]:
    """Return where and why `text` is not canonical, as an index and the end of a sentence."""
    for index, char in enumerate(text):
        if char not in _ALPHABET:
            if char == "=":
                return index, "has base64 padding"
            if char == "\r":
                return index, "has a carriage return"
            return index, "is not base64"
    return max(len(text) - 1, 0), NOT_CANONICAL
