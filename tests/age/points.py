"""Points of P-256 by textbook arithmetic (SEC 2, section 2.4.2), and recipients made of them."""

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    if one == two:
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, _P)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, _P)
    x = (slope * slope - one[0] - two[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def multiple(count: int) -> tuple[bytes, bytes]:
    """The compressed and the uncompressed encoding of ``count`` times the generator."""
    point = _G
    for _ in range(count - 1):
        point = _add(point, _G)
    x, y = (value.to_bytes(32, "big") for value in point)
    return bytes((2 + (point[1] & 1),)) + x, b"\x04" + x + y
