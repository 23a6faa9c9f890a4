"""Every public test vector is refused or read as its own header says."""

import hashlib
import re

import pyrage
import pytest

from agenix_check.age import AgeFormatError, looks_like_age, read_age, render_header
from tests.age.vectors import load, vector_names

# The first line is damaged: nothing says that this was meant to be an age file.
_NOT_EVEN_ALIKE = {
    "armor_garbage_leading",
    "armor_lowercase",
    "armor_whitespace_begin",
    "armor_wrong_type",
    "empty",
}
_SIZE_FAILURES = {
    "stream_last_chunk_empty",
    "stream_missing_tag",
    "stream_no_chunks",
    "stream_short_chunk",
    "stream_short_second_chunk",
    "stream_trailing_garbage_short",
}


def test_all_vectors_are_there() -> None:
    names = vector_names()
    assert load(names[0]).expect
    assert len(names) == 143


@pytest.mark.parametrize("name", vector_names())
def test_vector(name: str) -> None:
    vector = load(name)
    if vector.is_refused:
        with pytest.raises(AgeFormatError) as caught:
            read_age(vector.file)
        error = caught.value
        assert 0 <= error.offset <= len(vector.file)
        assert re.fullmatch(r"[ -~]{10,120}", error.reason)
        assert str(error) == f"offset {error.offset}: {error.reason}"
    else:
        age = read_age(vector.file)
        assert age.armored is ("armored" in vector.keys)
        assert (age.payload_error is None) == (age.plaintext_size is not None)
        if not age.armored:
            head = vector.file[: age.header_size]
            assert render_header(age.stanzas, age.mac) == head
            assert age.header_size + age.payload_size == len(vector.file)
    assert looks_like_age(vector.file) is (name not in _NOT_EVEN_ALIKE)


@pytest.mark.parametrize("name", vector_names())
def test_length_of_plaintext(name: str) -> None:
    vector = load(name)
    if vector.expect == "success":
        assert read_age(vector.file).payload_error is None
    elif vector.expect == "payload failure":
        # What is left are lengths that an encryption does produce, with other bytes.
        assert (read_age(vector.file).payload_error is not None) is (name in _SIZE_FAILURES)


def test_length_is_that_of_the_decrypted_text() -> None:
    decrypted = 0
    for vector in map(load, vector_names()):
        keys = [key for key in vector.keys.get("identity", []) if "-PQ-" not in key]
        if vector.expect != "success" or not keys:
            continue
        identities = [pyrage.x25519.Identity.from_str(key) for key in keys]
        # pyrage is stricter than the specification about white space before the armor.
        data = vector.file.lstrip() if vector.name == "armor_whitespace_outside" else vector.file
        plain = pyrage.decrypt(data, identities)
        assert hashlib.sha256(plain).hexdigest() == vector.keys["payload"][0]
        assert read_age(vector.file).plaintext_size == len(plain)
        decrypted += 1
    assert decrypted > 15


@pytest.mark.parametrize(
    ("name", "offset", "reason"),
    [
        ("header_crlf", 21, "the header's lines end in CR LF, not in LF"),
        ("version_unsupported", 19, "the version of the format is not v1"),
        ("stanza_no_arguments", 120, "neither a stanza ('-> ') nor the MAC ('--- ') starts here"),
        ("stanza_empty_argument", 129, "the stanza has an empty argument"),
        ("stanza_base64_padding", 198, "the stanza body has base64 padding"),
        ("stanza_spurious_cr", 162, "the stanza body has a carriage return"),
        ("stanza_long_line", 194, "the stanza body has a line over 64 columns"),
        ("stanza_not_canonical", 195, "the stanza body is not canonical base64"),
        ("hmac_truncated", 124, "the header's MAC has 3 bytes, not 32"),
        ("hmac_trailing_space", 167, "the header's MAC is not base64"),
        ("scrypt_and_x25519", 22, "a scrypt stanza is not the only stanza"),
        ("scrypt_work_factor_23", 22, "the work factor of the scrypt stanza is over 22"),
        ("x25519_low_order", 22, "the share of the X25519 stanza is a point of low order"),
        ("armor_short_line", 51, "the armor has a line under 64 columns"),
        ("armor_long_line", 99, "the armor has a line over 64 columns"),
        ("armor_garbage_trailing", 345, "the file goes on after the armor"),
        ("armor_no_end_line", 312, "the armor has no last line"),
        ("armor_header_crlf", 63, "the header's lines end in CR LF, not in LF"),
    ],
)
def test_place_and_reason(name: str, offset: int, reason: str) -> None:
    with pytest.raises(AgeFormatError) as caught:
        read_age(load(name).file)
    assert (caught.value.offset, caught.value.reason) == (offset, reason)
