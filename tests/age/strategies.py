"""Headers, files and damaged files for the property tests."""

import base64
from collections.abc import Callable

from hypothesis import strategies as st

from agenix_check.age import ARMOR_BEGIN, Stanza, render_header

_END = b"-----END AGE ENCRYPTED FILE-----\n"
_ARGUMENT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80)


def text64(raw: bytes) -> str:
    """Base64 without padding, by other means than those of the code under test."""
    return base64.b64encode(raw).decode("ascii").replace("=", "")


def armor(raw: bytes, newline: bytes = b"\n") -> bytes:
    """An armored file: PEM, 64 columns."""
    text = base64.b64encode(raw)
    lines = [ARMOR_BEGIN, *(text[at : at + 64] for at in range(0, len(text), 64)), _END[:-1]]
    return b"".join(line + newline for line in lines)


def _share(size: int) -> st.SearchStrategy[bytes]:
    # The first byte is in no point of low order, whatever the others are; the last neither.
    return st.binary(min_size=size - 2, max_size=size - 2).map(lambda raw: b"\x07" + raw + b"\x29")


def _known(kind: str, *sizes: int) -> st.SearchStrategy[Stanza]:
    args = st.tuples(*(_share(size).map(text64) for size in sizes))
    body = st.binary(min_size=32, max_size=32)
    return st.builds(Stanza, type=st.just(kind), args=args, body=body)


_KNOWN = st.one_of(
    _known("X25519", 32),
    _known("ssh-ed25519", 4, 32),
    _known("piv-p256", 4, 33),
    _known("tpm-ecc", 4, 33),
    _known("p256tag", 4, 65),
    _known("mlkem768x25519", 1120),
    _known("mlkem768p256tag", 4, 1153),
    st.builds(
        Stanza,
        type=st.just("ssh-rsa"),
        args=st.binary(min_size=4, max_size=4).map(lambda raw: (text64(raw),)),
        body=st.binary(min_size=256, max_size=512),
    ),
)
_TYPES_WITH_RULES = {
    *("X25519", "ssh-ed25519", "ssh-rsa", "piv-p256", "tpm-ecc", "scrypt"),
    *("p256tag", "mlkem768x25519", "mlkem768p256tag"),
}
_UNKNOWN = st.builds(
    Stanza,
    type=_ARGUMENT.filter(lambda text: text not in _TYPES_WITH_RULES),
    args=st.lists(_ARGUMENT, max_size=5).map(tuple),
    body=st.binary(max_size=200),
)
STANZAS = st.lists(_KNOWN | _UNKNOWN, min_size=1, max_size=6).map(tuple)
MACS = st.binary(min_size=32, max_size=32)
PAYLOADS = st.binary(min_size=32, max_size=300)
FILES = st.builds(
    lambda stanzas, mac, payload: render_header(stanzas, mac) + payload, STANZAS, MACS, PAYLOADS
)
ARMORED = st.builds(armor, FILES, st.sampled_from([b"\n", b"\r\n"]))


def _flip(data: bytes, at: int, bit: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]


def _cut(data: bytes, at: int) -> bytes:
    return data[: at % len(data)]


def _remove(data: bytes, at: int, count: int) -> bytes:
    at %= len(data)
    return data[:at] + data[at + count :]


def _insert(data: bytes, at: int, piece: bytes) -> bytes:
    at %= len(data) + 1
    return data[:at] + piece + data[at:]


_PLACE = st.integers(min_value=0, max_value=100_000)
_PIECE = st.binary(min_size=1, max_size=70) | st.sampled_from(
    [b"\n", b"\r", b"\r\n", b" ", b"=", b"-> ", b"--- ", b"\n--- ", b"\x00", b"<<<<<<< HEAD\n"]
)


def damaged(files: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Valid files with one to three changes of a few bytes."""
    change: st.SearchStrategy[Callable[[bytes], bytes]] = st.one_of(
        st.builds(lambda at, bit: lambda data: _flip(data, at, bit), _PLACE, st.integers(0, 7)),
        st.builds(lambda at: lambda data: _cut(data, at), _PLACE),
        st.builds(
            lambda at, count: lambda data: _remove(data, at, count), _PLACE, st.integers(1, 70)
        ),
        st.builds(lambda at, piece: lambda data: _insert(data, at, piece), _PLACE, _PIECE),
    )

    def apply(data: bytes, changes: list[Callable[[bytes], bytes]]) -> bytes:
        for one in changes:
            if data:
                data = one(data)
        return data

    return st.builds(apply, files, st.lists(change, min_size=1, max_size=3))
