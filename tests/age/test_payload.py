"""The plaintext's length from the payload's, against an encryption done chunk by chunk."""

import pytest

from agenix_check.age import CHUNK, NONCE, TAG, plaintext_size

_SIZES = [0, 1, 2, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 10 * 65536 + 5]

_TAIL = "it is cut short or has a tail"


def _payload_size(plain: int) -> int:
    size = NONCE
    while True:
        chunk = min(plain, CHUNK)
        size += chunk + TAG
        plain -= chunk
        if not plain:
            return size


@pytest.mark.parametrize("plain", _SIZES)
def test_length(plain: int) -> None:
    assert plaintext_size(_payload_size(plain)) == plain


def test_every_length_that_no_encryption_produces_is_refused() -> None:
    produced = {_payload_size(plain) for plain in range(131_300)}
    for size in [*range(100), *range(65500, 65700), *range(131070, 131200)]:
        if size in produced:
            assert _payload_size(plaintext_size(size)) == size
        else:
            with pytest.raises(ValueError, match="the payload"):
                plaintext_size(size)


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (-5, "the payload is cut short: -5 bytes of at least 32"),
        (31, "the payload is cut short: 31 bytes of at least 32"),
        (16 + 65552 + 16, f"the payload ends in an empty chunk: {_TAIL}"),
        (
            16 + 65552 + 3,
            f"the payload's last chunk has 3 bytes, fewer than its tag of 16: {_TAIL}",
        ),
    ],
)
def test_reason(size: int, reason: str) -> None:
    with pytest.raises(ValueError, match="the payload") as caught:
        plaintext_size(size)
    assert str(caught.value) == reason
