"""What holds for every header and for every input of bytes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agenix_check.age import (
    MAGIC,
    AgeFile,
    AgeFormatError,
    Stanza,
    describe,
    looks_like_age,
    read_age,
    render_header,
    stanza_tag,
)
from tests.age.strategies import (
    ARMORED,
    FILES,
    MACS,
    PAYLOADS,
    STANZAS,
    armor,
    damaged,
)
from tests.pace import per_hundred

_MANY = per_hundred(400)


def _read(data: bytes) -> AgeFile | None:
    """Read ``data``; a refusal must be sound, and nothing but a refusal may be raised."""
    looks_like_age(data)
    refusal: AgeFormatError | None = None
    age: AgeFile | None = None
    try:
        age = read_age(data)
    except AgeFormatError as error:
        refusal = error
    if refusal is not None:
        assert 0 <= refusal.offset <= len(data)
        assert re.fullmatch(r"[ -~]+", str(refusal))
    for stanza in age.stanzas if age else ():
        assert re.fullmatch(r"[ -~]{1,120}", describe(stanza))
        stanza_tag(stanza)
    return age


@given(stanzas=STANZAS, mac=MACS, payload=PAYLOADS)
@_MANY
def test_read_is_the_inverse_of_render(
    stanzas: tuple[Stanza, ...], mac: bytes, payload: bytes
) -> None:
    head = render_header(stanzas, mac)
    age = read_age(head + payload)
    assert (age.stanzas, age.mac, age.header_size) == (stanzas, mac, len(head))
    assert age.payload_size == len(payload)
    assert age.plaintext_size == len(payload) - 32
    assert not age.armored


@given(stanzas=STANZAS, mac=MACS, payload=PAYLOADS)
@_MANY
def test_the_head_of_a_file_and_its_size_suffice(
    stanzas: tuple[Stanza, ...], mac: bytes, payload: bytes
) -> None:
    head = render_header(stanzas, mac)
    assert read_age(head, size=len(head) + len(payload)) == read_age(head + payload)


@given(data=FILES, before=st.text(" \t\r\n", max_size=20), after=st.text(" \t\r\n", max_size=20))
@_MANY
def test_armor_hides_nothing(data: bytes, before: str, after: str) -> None:
    plain = read_age(data)
    lead = before.encode() + b"\n" if before else b""
    for newline in (b"\n", b"\r\n"):
        armored = read_age(lead + armor(data, newline) + after.encode())
        assert armored.armored
        assert (armored.stanzas, armored.mac) == (plain.stanzas, plain.mac)
        assert armored.header_size == plain.header_size
        assert armored.payload_size == plain.payload_size


@given(data=st.binary(max_size=400))
@_MANY
def test_any_bytes(data: bytes) -> None:
    _read(data)
    _read(MAGIC + data)
    _read(MAGIC + b"-> " + data)
    _read(armor(data))
    _read(armor(MAGIC + data))


@given(data=damaged(FILES))
@per_hundred(900)
def test_a_damaged_file_is_refused_or_has_one_spelling(data: bytes) -> None:
    age = _read(data)
    if age is not None:
        assert render_header(age.stanzas, age.mac) == data[: age.header_size]
        assert age.header_size + age.payload_size == len(data)


@given(data=damaged(ARMORED))
@per_hundred(900)
def test_damaged_armor_is_refused_or_has_one_spelling(data: bytes) -> None:
    age = _read(data)
    if age is not None and age.armored:
        text = data.strip().replace(b"\r\n", b"\n")
        lines = text.split(b"\n")[1:-1]
        assert [len(line) for line in lines[:-1]] == [64] * (len(lines) - 1)
        size = age.header_size + age.payload_size
        assert sum(len(line) for line in lines) == (size + 2) // 3 * 4
