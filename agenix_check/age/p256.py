"""Points of the curve P-256 in their two encodings (SEC 1, version 2, sections 2.3.3 and 2.3.4)."""

COMPRESSED_SIZE = 33
UNCOMPRESSED_SIZE = 65

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def _right_side(x: int) -> int:
    return (x * x * x - 3 * x + _B) % _P


def read_point(raw: bytes) -> tuple[bytes, bytes]:
    """Return the compressed and the uncompressed encoding of the point that `raw` encodes.

    Raises ValueError, with the reason as the end of a sentence, if it is not a point.
    """
    x = int.from_bytes(raw[1:33], "big")
    if x >= _P:
        raise ValueError("is not a point of P-256")
    if len(raw) == UNCOMPRESSED_SIZE and raw[0] == 0x04:
        y = int.from_bytes(raw[33:], "big")
    elif len(raw) == COMPRESSED_SIZE and raw[0] in (0x02, 0x03):
        # P is 3 modulo 4, so this power is a square root if there is one.
        y = pow(_right_side(x), (_P + 1) // 4, _P)
        if y & 1 != raw[0] & 1:
            y = _P - y
    else:
        raise ValueError(f"is not an encoding of a P-256 point: {len(raw)} bytes")
    if y >= _P or y * y % _P != _right_side(x):
        raise ValueError("is not a point of P-256")
    tail = x.to_bytes(32, "big")
    return bytes((2 | y & 1,)) + tail, b"\x04" + tail + y.to_bytes(32, "big")
