"""How long the plaintext is, from the payload's length alone (https://c2sp.org/age, Payload)."""

NONCE = 16
TAG = 16
CHUNK = 65536


def plaintext_size(payload_size: int) -> int:
    """Return the plaintext's length in bytes for a payload of ``payload_size`` bytes.

    The payload is a nonce and chunks of at most 64 KiB, each followed by its tag. Only an empty
    plaintext may end in an empty chunk. Raises ValueError, with the reason as its text, for a
    length that no encryption produces.
    """
    sealed = payload_size - NONCE
    if sealed < TAG:
        least = NONCE + TAG
        raise ValueError(f"the payload is cut short: {payload_size} bytes of at least {least}")
    whole, last = divmod(sealed, CHUNK + TAG)
    if last == TAG and whole:
        raise ValueError("the payload ends in an empty chunk: it is cut short or has a tail")
    if 0 < last < TAG:
        raise ValueError(
            f"the payload's last chunk has {last} bytes, fewer than its tag of {TAG}: "
            "it is cut short or has a tail"
        )
    return whole * CHUNK + (last - TAG if last else 0)
