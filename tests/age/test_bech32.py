"""Bech32 against the examples of BIP 173, and both directions against each other."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.age import encoding
from agenix_check.age.encoding import decode_bech32, encode_bech32
from tests.pace import per_hundred

_PREFIXES = st.text(string.ascii_lowercase + string.digits + "+-._", min_size=1, max_size=20)


@pytest.mark.parametrize(
    "text",
    [
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "?1ezyfcl",
    ],
)
def test_valid(text: str) -> None:
    prefix, data = decode_bech32(text)
    assert encode_bech32(prefix, data) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A12UEL5L", "has upper-case letters"),
        ("a12uEl5l", "has upper-case letters"),
        ("\x201nwldj5", "has a character that is not printable ASCII"),
        ("\x7f1axkwrx", "has a character that is not printable ASCII"),
        ("ä12uel5l", "has a character that is not printable ASCII"),
        ("pzry9x0s0muk", "has no separator"),
        ("1pzry9x0s0muk", "has no separator"),
        ("", "has no separator"),
        ("x1b4n0q5v", "has a character that Bech32 does not use"),
        ("li1dgmt3", "is too short"),
        ("a12uel5m", "has a wrong checksum"),
        # Bech32m (BIP 350), whose checksum has another constant
        ("a1lqfn3a", "has a wrong checksum"),
    ],
)
def test_invalid(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_bech32(text)


@pytest.mark.parametrize("values", [[0], [0, 0, 0], [0, 1], [1, 1, 1, 1], [0, 0, 0, 0, 0, 0]])
def test_wrong_padding(values: list[int]) -> None:
    # Five bits or more are left over, or those left over are not zero.
    check = encoding._polymod([*encoding._expand("age"), *values, *bytes(6)]) ^ 1
    values = [*values, *(check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0))]
    with pytest.raises(ValueError, match="has wrong padding"):
        decode_bech32("age1" + "".join(encoding._CHARSET[value] for value in values))


@given(prefix=_PREFIXES, data=st.binary(max_size=1300))
@per_hundred(300)
def test_decode_is_the_inverse_of_encode(prefix: str, data: bytes) -> None:
    assert decode_bech32(encode_bech32(prefix, data)) == (prefix, data)


@given(data=st.binary(min_size=1, max_size=60), at=st.integers(0, 200), char=st.sampled_from("qp"))
@per_hundred(300)
def test_one_wrong_character_is_noticed(data: bytes, at: int, char: str) -> None:
    text = encode_bech32("age", data)
    at = 4 + at % (len(text) - 4)
    wrong = text[:at] + char + text[at + 1 :]
    if wrong != text:
        with pytest.raises(ValueError, match="checksum"):
            decode_bech32(wrong)
