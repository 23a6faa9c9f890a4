"""The public half of a post-quantum age key (mlkem768x25519), which pyrage does not know.

ML-KEM-768's key generation (FIPS 203, algorithms 13 and 7 to 12) and X25519, both from one seed.
No secret is guarded here: the private keys that come here stand in a Git history for all to read.
"""

from collections.abc import Iterator
from hashlib import sha3_512, shake_128, shake_256

from agenix_check.age.encoding import decode_bech32, encode_bech32

_PRIME = 3329
_COEFFICIENTS = 256  # of a polynomial
_RANK = 3  # polynomials of a vector
_SEED = 32  # bytes
_IDENTITY_PREFIX = "age-secret-key-"

_Polynomial = list[int]


def public_half_of_hybrid(line: str) -> str:
    """Return the recipient of an identity in upper case, `AGE-SECRET-KEY-PQ-1…`.

    Raises ValueError where it is damaged.
    """
    from pyrage import x25519

    prefix, seed = decode_bech32(line.lower())
    if prefix != f"{_IDENTITY_PREFIX}pq-" or len(seed) != _SEED:
        raise ValueError("is no post-quantum identity")
    expanded = shake_256(seed).digest(3 * _SEED)
    classic = x25519.Identity.from_str(
        encode_bech32(_IDENTITY_PREFIX, expanded[2 * _SEED :]).upper()
    )
    _, point = decode_bech32(str(classic.to_public()))
    return encode_bech32("age1pq", _encapsulation_key(expanded[:_SEED]) + point)


def _encapsulation_key(seed: bytes) -> bytes:
    digest = sha3_512(seed + bytes([_RANK])).digest()
    public_seed, secret_seed = digest[:32], digest[32:]
    noise = [_transformed(_small(secret_seed + bytes([at]))) for at in range(2 * _RANK)]
    encoded = b""
    for row in range(_RANK):
        total = noise[_RANK + row]
        for column in range(_RANK):
            factor = _uniform(public_seed + bytes([column, row]))
            product = _product(factor, noise[column])
            total = [(one + other) % _PRIME for one, other in zip(total, product, strict=True)]
        packed = sum(value << 12 * at for at, value in enumerate(total))
        encoded += packed.to_bytes(12 * _COEFFICIENTS // 8, "little")
    return encoded + public_seed


def _uniform(seed: bytes) -> _Polynomial:
    stream = shake_128(seed).digest(
        6 * _COEFFICIENTS
    )  # more than ever needed: four in five are taken
    return [value for value in _pairs_of_three(stream) if value < _PRIME][:_COEFFICIENTS]


def _pairs_of_three(stream: bytes) -> Iterator[int]:
    for at in range(0, len(stream), 3):
        low, middle, high = stream[at : at + 3]
        yield low | (middle & 15) << 8
        yield middle >> 4 | high << 4


def _small(seed: bytes) -> _Polynomial:
    bits = int.from_bytes(shake_256(seed).digest(_COEFFICIENTS // 2), "little")
    nibbles = [bits >> 4 * at & 15 for at in range(_COEFFICIENTS)]
    return [((one & 3).bit_count() - (one >> 2).bit_count()) % _PRIME for one in nibbles]


def _reversed_bits(number: int) -> int:
    return int(f"{number:07b}"[::-1], 2)


def _transformed(polynomial: _Polynomial) -> _Polynomial:
    """Return a polynomial's number-theoretic transform."""
    values = list(polynomial)
    root, length = 1, _COEFFICIENTS // 2
    while length >= 2:
        for start in range(0, _COEFFICIENTS, 2 * length):
            zeta = pow(17, _reversed_bits(root), _PRIME)
            root += 1
            for at in range(start, start + length):
                step = zeta * values[at + length] % _PRIME
                values[at + length] = (values[at] - step) % _PRIME
                values[at] = (values[at] + step) % _PRIME
        length //= 2
    return values


def _product(left: _Polynomial, right: _Polynomial) -> _Polynomial:
    """Return the product of two transformed polynomials."""
    found = []
    for at in range(0, _COEFFICIENTS, 2):
        root = pow(17, 2 * _reversed_bits(at // 2) + 1, _PRIME)
        (one, two), (three, four) = left[at : at + 2], right[at : at + 2]
        found += [(one * three + two * four * root) % _PRIME, (one * four + two * three) % _PRIME]
    return found
