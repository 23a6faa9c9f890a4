"""What Nix says is read to its end: what was asked for, and of the rest no more than an end."""

import os
from collections.abc import Sequence

from agenix_check.discover.nix import run

_MARK = b"trace: 0123 "


def _read(pieces: Sequence[bytes]) -> tuple[list[bytes], str, bool]:
    reading, writing = os.pipe()
    messages = run._Messages(os.fdopen(reading, "rb"), _MARK)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        for piece in pieces:
            stream.write(piece)
    messages.join()
    said = []
    while (line := messages.said.get()) is not None:
        said.append(line)
    return said, messages.tail(), messages.overflowed


def test_lines_that_come_in_pieces() -> None:
    long = b'{"a": "%s"}' % (b"x" * 300_000)
    text = b"warning: w\n" + _MARK + long + b"\n" + _MARK + b"1\nerror: e\n  at f\n" + _MARK + b"2"
    for size in (7_001, 65_536, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert _read(pieces) == ([long, b"1", b"2"], "warning: w\nerror: e\n  at f\n", False)


def test_of_a_line_without_an_end_only_the_end_is_kept() -> None:
    said, tail, overflowed = _read([_MARK + b"1\n", *[b"trace: " + b"y" * 60_000] * 40, b"!\n"])
    assert said == [b"1"]
    assert len(tail) <= run._TAIL
    assert tail.endswith("y!\n")
    assert not overflowed


def test_too_much_is_read_to_its_end_and_dropped() -> None:
    pieces = [b"z" * (1 << 24)] * 17
    said, _, overflowed = _read([_MARK + b"1\n", *pieces, b"\n" + _MARK + b"2\n"])
    assert said == [b"1"]
    assert overflowed
