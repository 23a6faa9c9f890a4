"""Encapsulation keys of ML-KEM-768 (FIPS 203, section 7.2)."""

ENCAPSULATION_KEY_SIZE = 1184
_SEED_SIZE = 32
_Q = 3329


def is_encapsulation_key(raw: bytes) -> bool:
    """Return whether `raw` passes the check without which nobody may encrypt to it.

    Two coefficients of 12 bits, least bits first, stand in three bytes; each is less than q.
    """
    if len(raw) != ENCAPSULATION_KEY_SIZE:
        return False
    coefficients = raw[:-_SEED_SIZE]
    return all(
        low | (middle & 15) << 8 < _Q and middle >> 4 | high << 4 < _Q
        for low, middle, high in zip(*(coefficients[at::3] for at in range(3)), strict=True)
    )
