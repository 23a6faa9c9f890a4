"""Recipient strings of every kind, right and wrong."""

import base64
import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.age import DUMMY_RECIPIENT, RecipientError, parse_recipient, recipient_tag
from agenix_check.age.encoding import encode_bech32 as encode
from agenix_check.age.p256 import read_point
from tests.age.points import multiple
from tests.age.strategies import text64
from tests.pace import per_hundred

_ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
# Each coefficient of 12 bits is less than 3,329 (0xD01).
_MLKEM = bytes(random.Random(768).choices([n for n in range(0xD0) if n & 15 < 13], k=1184))  # noqa: S311
_TOO_LARGE = [b"\x01\x0d\x00" + bytes(1181), bytes(1149) + b"\x00\x10\xd0" + bytes(32)]
_POINT, _LONG_POINT = multiple(5)


def _wire(*fields: bytes) -> str:
    return base64.b64encode(b"".join(len(f).to_bytes(4, "big") + f for f in fields)).decode()


def _mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _rsa(bits: int, exponent: int = 65537) -> str:
    return _wire(b"ssh-rsa", _mpint(exponent), _mpint((1 << (bits - 1)) + 12345))


def _refusal(text: str) -> str:
    with pytest.raises(RecipientError) as caught:
        parse_recipient(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"ssh-ed25519 {_ED25519}",
        f"ssh-ed25519 {_ED25519} alice@rust",
        f"  ssh-ed25519 {_ED25519} a comment of words\n",
        f"ssh-ed25519  {_ED25519}\t",
        f"ssh-ed25519\t{_ED25519}\tcomment",
    ],
)
def test_ssh_ed25519(text: str) -> None:
    recipient = parse_recipient(text)
    assert recipient.kind == "ssh-ed25519"
    assert recipient.text == f"ssh-ed25519 {_ED25519}"
    digest = hashlib.sha256(base64.b64decode(_ED25519)).digest()
    assert recipient_tag(recipient) == text64(digest[:4])
    assert not recipient.is_anonymous


def test_recipients_are_values() -> None:
    one = parse_recipient(f"ssh-ed25519 {_ED25519} alice")
    two = parse_recipient(f"ssh-ed25519 {_ED25519} bob")
    assert one == two
    assert len({one, two}) == 1


@pytest.mark.parametrize("bits", [2048, 2049, 3072, 4096])
def test_ssh_rsa(bits: int) -> None:
    body = _rsa(bits)
    recipient = parse_recipient(f"ssh-rsa {body} root@host")
    assert (recipient.kind, recipient.text) == ("ssh-rsa", f"ssh-rsa {body}")
    assert parse_recipient(f"ssh-rsa {body.rstrip('=')}") == recipient
    assert recipient.tag == text64(hashlib.sha256(base64.b64decode(body)).digest()[:4])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ssh-ed25519", "the ssh-ed25519 key has no base64 after its type"),
        ("ssh-ed25519 AAAA!", "the ssh-ed25519 key is not canonical base64"),
        ("ssh-ed25519 AAAAC", "the ssh-ed25519 key is not base64"),
        (f"ssh-ed25519 {_ED25519[:-4]}", "the ssh-ed25519 key is cut short"),
        (f"ssh-ed25519 {_ED25519}AAAA", "the ssh-ed25519 key is cut short"),
        (f"ssh-ed25519 {_ED25519}AAAAAAAA", "the ssh-ed25519 key is cut short"),
        (f"ssh-rsa {_ED25519}", "the ssh-rsa key is of another type than it says"),
        (f"ssh-ed25519 {_rsa(2048)}", "the ssh-ed25519 key is of another type than it says"),
        (f"ssh-ed25519 {_wire(b'ssh-ed25519', b'k' * 31)}", "has a wrong length"),
        (f"ssh-ed25519 {_wire(b'ssh-ed25519', b'k' * 32, b'')}", "has a wrong length"),
        (f"ssh-ed25519 {_wire(b'ssh-ed25519')}", "has a wrong length"),
        (f"ssh-rsa {_rsa(2047)}", "the ssh-rsa key has 2047 bits: age demands 2048"),
        (f"ssh-rsa {_rsa(1024)}", "the ssh-rsa key has 1024 bits: age demands 2048"),
        (f"ssh-rsa {_rsa(2048, 65536)}", "has an exponent that age refuses"),
        (f"ssh-rsa {_rsa(2048, 1)}", "has an exponent that age refuses"),
        (f"ssh-rsa {_rsa(2048, 2**25 + 1)}", "has an exponent that age refuses"),
        (f"ssh-rsa {_wire(b'ssh-rsa', b'a' * 3)}", "has a wrong length"),
        (f"ssh-rsa {_wire(b'ssh-rsa', b'', b'a' * 256)}", "not well-formed"),
        (f"ssh-rsa {_wire(b'ssh-rsa', b'abc', bytes(2) + b'a' * 256)}", "not well-formed"),
        (f"ssh-rsa {_wire(b'ssh-rsa', b'abc', b'~' * 100 + b'a' * 100, b'')}", "a wrong length"),
        (f"ssh-rsa {_wire(b'ssh-rsa', b'abc', bytes((255,)) * 256)}", "not well-formed"),
        (f"ssh-dss {_ED25519}", "this SSH key is of a type that age cannot encrypt to"),
        ("ecdsa-sha2-nistp256 AAAA", "this SSH key is of a type that age cannot encrypt to"),
        ("sk-ssh-ed25519@openssh.com AAAA", "of a type that age cannot encrypt to"),
        (f"ssh-ed25519 {_ED25519}\nssh-ed25519 {_ED25519}", "there is more than one line"),
        (f"# my key ssh-ed25519 {_ED25519}", "neither an age recipient nor an SSH public key"),
        ("", "the text is empty"),
        (" \n", "the text is empty"),
        ("/etc/ssh/host.pub", "neither an age recipient nor an SSH public key"),
        ("\ud800", "neither an age recipient nor an SSH public key"),
        ("ssh-ed25519 \ud800", "is not canonical base64"),
        ("AGE-SECRET-KEY-1QQQ", "this looks like an identity: a secret key, not a recipient"),
        ("age1" + "q" * 20_000, "a text of 20004 characters is not a recipient"),
        (DUMMY_RECIPIENT.upper(), "an age recipient is written in lower case"),
        (DUMMY_RECIPIENT[:-1] + "p", "the age recipient has a wrong checksum"),
        (DUMMY_RECIPIENT + " comment", "a character that is not printable ASCII"),
        ("age1", "the age recipient is too short"),
        (encode("age", b"k" * 31), "the age1 recipient holds 31 bytes, not 32"),
        (encode("age1pq", b"k" * 1215), "the age1pq1 recipient holds 1215 bytes, not 1216"),
        *(
            (
                encode("age1pq", key + b"k" * 32),
                "the age1pq1 recipient holds no valid key of ML-KEM",
            )
            for key in _TOO_LARGE
        ),
        (encode("age1tagpq", _TOO_LARGE[0] + _LONG_POINT), "holds no valid key of ML-KEM-768"),
        (encode("age1tag", b"\2" + b"k" * 33), "the age1tag1 recipient holds 34 bytes, not 33"),
        (encode("age1tag", b"\4" + _POINT[1:]), "the age1tag1 recipient is not an encoding of a"),
        (
            encode("age1se", b"\2" + b"\0" * 31 + b"\1"),
            "the age1se1 recipient is not a point of P-256",
        ),
        (
            encode("age1yubikey", b"\2" + b"\xff" * 32),
            "age1yubikey1 recipient is not a point of P-256",
        ),
        (encode("age1tpm", b"\0"), "the age1tpm1 recipient is not an encoding of a P-256 point: 1"),
        (encode("age1tagpq", b"k" * 1248), "the age1tagpq1 recipient holds 1248 bytes, not 1249"),
        (encode("age1tagpq", _MLKEM + b"\4" * 65), "the age1tagpq1 recipient is not a point of"),
        (encode("age1", b"k" * 32), "the age recipient has no valid plugin name"),
        (encode("age1a/b", b"k" * 32), "the age recipient has no valid plugin name"),
        (encode("age1?", b"k" * 32), "the age recipient has no valid plugin name"),
        (encode("agexyz", b"k" * 32), "neither an age recipient nor an SSH public key"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    message = _refusal(text)
    assert reason in message
    assert message.isprintable()
    assert message.isascii()


@pytest.mark.parametrize(
    ("text", "kind", "anonymous"),
    [
        (DUMMY_RECIPIENT, "X25519", True),
        ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "X25519", True),
        (encode("age1pq", _MLKEM + b"k" * 32), "mlkem768x25519", True),
        ("age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e", "p256tag", False),
        (encode("age1tagpq", _MLKEM + _LONG_POINT), "mlkem768p256tag", False),
        (
            "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
            "piv-p256",
            False,
        ),
        ("age1se1qgg72x2qfk9wg3wh0qg9u0v7l5dkq4jx69fv80p6wdus3ftg6flwg5dz2dp", "piv-p256", False),
        ("age1tpm1q2vavtu4l9cnf9xtxg4q53l0x7m023hdqpjp4ksn43h6knyrd3tr78cwcjw", "tpm", False),
        (encode("age1tpm", _LONG_POINT), "tpm", False),
        (encode("age1fido2-hmac", b"any"), "plugin", True),
        (encode("age1unheardof", b""), "plugin", True),
    ],
)
def test_age_recipients(text: str, kind: str, *, anonymous: bool) -> None:
    recipient = parse_recipient(f" {text}\n")
    assert (recipient.kind, recipient.text) == (kind, text)
    assert recipient.is_anonymous is anonymous
    assert (recipient_tag(recipient) is not None) is (kind in ("piv-p256", "tpm"))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 20])
def test_points_are_compressed_and_decompressed(count: int) -> None:
    both = multiple(count)
    assert read_point(both[0]) == both
    assert read_point(both[1]) == both
    flipped = bytes((both[0][0] ^ 1,)) + both[0][1:]
    assert read_point(flipped)[1] != both[1]
    with pytest.raises(ValueError, match="not a point"):
        read_point(both[1][:-1] + bytes((both[1][-1] ^ 1,)))


_PREFIXES = [
    "age1",
    "age1tag1",
    "age1tpm1",
    "ssh-ed25519 ",
    "ssh-rsa ",
    "ssh-ed25519 AAAAC3Nza",
    "",
]


@given(
    prefix=st.sampled_from(_PREFIXES), text=st.text(max_size=120) | st.text("qpzry9x8gf2tvAC/+=")
)
@per_hundred(1000)
def test_any_text(prefix: str, text: str) -> None:
    message = ""
    try:
        parse_recipient(prefix + text)
    except RecipientError as error:
        message = str(error)
    assert message.isascii()
    assert message.isprintable()


@given(
    name=st.sampled_from(["", "1pq", "1tag", "1tagpq", "1yubikey", "1se", "1tpm", "1other"]),
    data=st.binary(min_size=30, max_size=70) | st.binary(min_size=1200, max_size=1260),
)
@per_hundred(300)
def test_any_data(name: str, data: bytes) -> None:
    text = encode("age" + name, data)
    try:
        recipient = parse_recipient(text)
    except RecipientError:
        return
    assert recipient.text == text
