"""The two encodings of age: what decodes has one spelling.

Canonical base64 (RFC 4648, sections 4 and 3.5), and Bech32 (BIP 173 without the limit of 90
characters, https://c2sp.org/age).
"""

from binascii import a2b_base64, b2a_base64

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NOT_CANONICAL = "is not canonical base64"
COLUMNS = 64  # of a whole line of base64, in armor and in a stanza's body

# What a text may end in, by its length modulo 4: the bits that encode nothing must be zero.
LAST_CHARACTERS = (_ALPHABET, (), _ALPHABET[::16], _ALPHABET[::4])

_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {char: value for value, char in enumerate(_CHARSET)}
_CHECKSUM = 6
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def decode_base64(text: str) -> bytes | None:
    """Return the bytes that unpadded `text` encodes, or None where it is not canonical.

    The decoder passes over what is not base64, so foreign characters show as missing bytes.
    """
    try:
        raw = a2b_base64(text + "==")
    except ValueError:
        return None
    size = len(text)
    return raw if len(raw) == size * 3 // 4 and text[-1:] in LAST_CHARACTERS[size & 3] else None


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


def _steps() -> tuple[int, ...]:
    table = []
    for top in range(32):
        value = 0
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                value ^= generator
        table.append(value)
    return tuple(table)


_STEPS = _steps()  # all five steps of one character at once


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        check = (check & 0x1FFFFFF) << 5 ^ value ^ _STEPS[check >> 25]
    return check


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [code >> 5 for code in codes] + [0] + [code & 31 for code in codes]


def decode_bech32(text: str) -> tuple[str, bytes]:
    """Return the human-readable part and the data of a lower-case Bech32 string.

    Raises ValueError, with the reason as the end of a sentence. Upper case is refused, as age
    refuses it in recipients.
    """
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("has a character that is not printable ASCII")
    if text != text.lower():
        raise ValueError("has upper-case letters")
    prefix, separator, tail = text.rpartition("1")
    if not separator or not prefix:
        raise ValueError("has no separator")
    if len(tail) < _CHECKSUM:
        raise ValueError("is too short")
    try:
        values = [_VALUES[char] for char in tail]
    except KeyError:
        raise ValueError("has a character that Bech32 does not use") from None
    if _polymod(_expand(prefix) + values) != 1:
        raise ValueError("has a wrong checksum")
    return prefix, _to_bytes(values[:-_CHECKSUM])


def encode_bech32(prefix: str, data: bytes) -> str:
    """Return `data` in Bech32 under a lower-case human-readable part."""
    padding = -len(data) * 8 % 5
    number = int.from_bytes(data, "big") << padding
    count = (len(data) * 8 + padding) // 5
    values = [number >> 5 * at & 31 for at in range(count - 1, -1, -1)]
    check = _polymod(_expand(prefix) + values + [0] * _CHECKSUM) ^ 1
    values += [check >> 5 * at & 31 for at in range(_CHECKSUM - 1, -1, -1)]
    return prefix + "1" + "".join(_CHARSET[value] for value in values)


def _to_bytes(values: list[int]) -> bytes:
    out = bytearray()
    buffer = bits = 0
    for value in values:
        buffer = (buffer << 5 | value) & 0xFFF
        bits += 5
        if bits >= 8:
            bits -= 8
            out.append(buffer >> bits & 0xFF)
    if bits >= 5 or buffer & ((1 << bits) - 1):
        raise ValueError("has wrong padding")
    return bytes(out)
