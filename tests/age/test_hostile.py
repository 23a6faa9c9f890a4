"""What a hostile file may cost, what it may say about its size, and what errors may repeat."""

import pytest

from agenix_check.age import (
    MAGIC,
    MAX_HEADER,
    AgeFormatError,
    Stanza,
    describe,
    looks_like_age,
    read_age,
    render_header,
)
from tests.age.strategies import armor, text64
from tests.pace import cpu_seconds

_STANZA = Stanza(type="X25519", args=(text64(b"\x29" * 32),), body=b"b" * 32)
_HEAD = render_header([_STANZA], b"m" * 32)
_MIB = 1024 * 1024


def _refusal(data: bytes, size: int | None = None) -> AgeFormatError:
    with pytest.raises(AgeFormatError) as caught:
        read_age(data, size=size)
    return caught.value


@pytest.mark.parametrize(
    "filling",
    [
        b"-> a " + b"b " * _MIB,
        b"-> " + b"a" * 2 * _MIB,
        b"-> a\n" + (b"A" * 64 + b"\n") * (2 * _MIB // 65 + 1),
        b"-> a\n" + b"A" * 2 * _MIB,
    ],
    ids=["arguments", "argument", "body", "line"],
)
def test_a_long_header_is_refused_at_a_linear_cost(filling: bytes) -> None:
    for write in (bytes, armor):
        once, twice = (write(MAGIC + filling * times) for times in (1, 2))
        assert _refusal(once).reason == "the header is longer than 2 MiB"
        # Were the cost quadratic, it would be fourfold.
        assert cpu_seconds(_refusal, twice) < 3 * cpu_seconds(_refusal, once) + 0.01
    assert _refusal(MAGIC + filling).offset == MAX_HEADER
    # The same where only the head was read.
    head = (MAGIC + filling)[:MAX_HEADER]
    assert _refusal(head, size=3 * _MIB).reason == "the header is longer than 2 MiB"


def test_stanzas_without_end_are_refused_at_a_linear_cost() -> None:
    stanza = b"-> a\n\n"
    few, many = (MAGIC + stanza * count for count in (_MIB // 12, _MIB // 6))
    assert str(_refusal(few)) == (
        f"offset {len(MAGIC) + 1024 * len(stanza)}: the header has over 1,024 stanzas: age refuses "
        "to open the file"
    )
    assert cpu_seconds(_refusal, many) < 3 * cpu_seconds(_refusal, few) + 0.01


def test_the_longest_header() -> None:
    filler = MAX_HEADER - len(render_header([Stanza(type="a", args=("",), body=b"")], b"m" * 32))
    longest = Stanza(type="a", args=("x" * filler,), body=b"")
    head = render_header([longest], b"m" * 32)
    assert len(head) == MAX_HEADER
    assert read_age(head + b"p" * 32).header_size == MAX_HEADER
    longer = Stanza(type="a", args=("x" * (filler + 1),), body=b"")
    assert "2 MiB" in _refusal(render_header([longer], b"m" * 32) + b"p" * 32).reason


@pytest.mark.parametrize("lines", [b"\n" * _MIB, b" " * _MIB, b"\r\n" * _MIB], ids=repr)
def test_white_space_without_end(lines: bytes) -> None:
    lines = lines[:_MIB]
    data = _HEAD + b"p" * 40
    assert not looks_like_age(lines + armor(data))
    assert "does not begin" in _refusal(lines + armor(data)).reason
    assert "white space after the armor" in _refusal(armor(data) + b"\n" + lines).reason


def test_white_space_up_to_a_kilobyte() -> None:
    data = armor(_HEAD + b"p" * 40)
    assert read_age(b"\n" * 1024 + data + b"\n" * 1023).armored
    assert "before" in _refusal(b"\n" * 1025 + data).reason
    assert "after" in _refusal(data + b"\n" * 1024).reason


def test_a_size_that_lies() -> None:
    data = _HEAD + b"p" * 40
    assert read_age(data, size=len(data)).plaintext_size == 8
    assert read_age(_HEAD, size=len(_HEAD) + 65536 + 32).plaintext_size == 65536
    assert read_age(data, size=10**15).payload_size == 10**15 - len(_HEAD)
    assert "bytes were read" in _refusal(data, size=len(data) - 1).reason
    assert "bytes were read" in _refusal(data, size=-1).reason
    assert "read whole" in _refusal(armor(data), size=10**6).reason
    assert read_age(armor(data), size=len(armor(data))).armored


@pytest.mark.parametrize("kept", range(len(_HEAD) + 16))
def test_a_file_that_ends_before_its_payload(kept: int) -> None:
    error = _refusal((_HEAD + b"n" * 16)[:kept])
    assert error.offset == kept
    assert "end" in error.reason or "empty" in error.reason


def test_a_payload_cut_in_its_chunk_is_no_refusal() -> None:
    age = read_age(_HEAD + b"p" * 31)
    assert age.plaintext_size is None
    assert age.payload_error == "the payload is cut short: 31 bytes of at least 32"


def test_conflict_markers() -> None:
    lines = _HEAD.split(b"\n")
    marked = b"\n".join([lines[0], b"<<<<<<< HEAD", *lines[1:]]) + b"p" * 40
    assert str(_refusal(marked)) == (
        "offset 22: neither a stanza ('-> ') nor the MAC ('--- ') starts here"
    )
    text = armor(_HEAD + b"p" * 40).split(b"\n")
    marked = b"\n".join([text[0], text[1], b"<<<<<<< HEAD", *text[2:]])
    assert str(_refusal(marked)) == "offset 100: a line of the armor is not base64"


@pytest.mark.parametrize(
    "data",
    [
        b"hunter2-secret\n",
        MAGIC + b"hunter2-secret\n",
        MAGIC + b"-> hunter2-secret\x1b[31m\n",
        MAGIC + b"-> X25519 hunter2-secret\n\n--- ",
        MAGIC + b"-> a\nhunter2-secret\n",
        MAGIC + b"-> a\n\n--- hunter2-secret\n",
        b"-----BEGIN AGE ENCRYPTED FILE-----\nhunter2-secret\n-----END AGE ENCRYPTED FILE-----\n",
        b"-----BEGIN AGE ENCRYPTED FILE hunter2-secret",
    ],
)
def test_errors_repeat_nothing_of_the_file(data: bytes) -> None:
    text = str(_refusal(data))
    assert "hunter2" not in text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"password\n", False),
        (b"age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq", False),
        (b"# made by age-encryption.org/v1", False),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", False),
        (b"version https://git-lfs.github.com/spec/v1\n", False),
        (MAGIC, True),
        (b"age-encryption.org/v2\n", True),
        (b"age-encryption.org/v1\r\n", True),
        (b" \r\n\t-----BEGIN AGE ENCRYPTED FILE-----\n", True),
        (b"-----BEGIN AGE ENCRYPTED FILE", True),
    ],
)
def test_what_looks_like_an_age_file(data: bytes, *, expected: bool) -> None:
    assert looks_like_age(data) is expected


def test_descriptions_are_short() -> None:
    assert describe(Stanza(type="x" * 60_000, args=(), body=b"")) == (
        "an unknown recipient of type " + "x" * 37 + "..."
    )
    assert len(describe(Stanza(type="ssh-rsa", args=("t" * 60_000,), body=b""))) < 100
