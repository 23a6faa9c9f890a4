"""Points of the curve edwards25519 in their encoding (RFC 8032, section 5.1.3)."""

_FIELD = 2**255 - 19
_D = -121665 * pow(121666, -1, _FIELD) % _FIELD
_Y = 2**255 - 1  # the bits of y; the one above them is the sign of x
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDERS = frozenset((0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH))  # each y of them


def check_point(raw: bytes) -> None:
    """Check that 32 bytes encode a point that age encrypts to.

    As in age and rage, y may exceed the field's prime. Raises ValueError, with the reason as the
    end of a sentence.
    """
    y = (int.from_bytes(raw, "little") & _Y) % _FIELD
    if y in _SMALL_ORDERS:
        raise ValueError("is a point of low order, which age refuses")
    # x * x is this product's first factor divided by its second one.
    if not _is_square((y * y - 1) * (_D * y * y + 1) % _FIELD):
        raise ValueError("is no point of its curve, most likely because of a typing error")


def _is_square(number: int) -> bool:
    """Return whether a number is a square of the field: its Jacobi symbol, as pow is slow."""
    below, above, is_residue = _FIELD, number, True
    while above:
        zeros = (above & -above).bit_length() - 1
        above >>= zeros
        if zeros & 1 and below & 7 in (3, 5):
            is_residue = not is_residue
        if above & below & 2:
            is_residue = not is_residue
        above, below = below % above, above
    return is_residue
