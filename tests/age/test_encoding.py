"""Unpadded base64 against a decoder that checks by encoding again."""

import base64
import binascii

from hypothesis import example, given
from hypothesis import strategies as st

from agenix_check.age import encoding
from tests.pace import per_hundred

_NEARLY = st.text("AQgwEIxz09+/=-_ \n\r\x00é", max_size=24)


def _reference(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return raw if base64.b64encode(raw).decode("ascii").replace("=", "") == text else None


@given(text=_NEARLY | st.text(max_size=24))
@example(text="AAAA\n")
@example(text="AA==AAA")
@example(text="AAA=")
@per_hundred(1500)
def test_decode(text: str) -> None:
    assert encoding.decode_base64(text) == _reference(text)


@given(raw=st.binary(max_size=100))
@per_hundred(300)
def test_decode_is_the_inverse_of_encode(raw: bytes) -> None:
    assert encoding.decode_base64(encoding.encode_base64(raw)) == raw
