"""Whom stanzas are addressed to: every kind of stanza against every kind of recipient.

The expected tags come from other people's implementations where they publish any: the tests of
age-plugin-se (piv-p256, p256tag), a file made by age-plugin-tpm (tpm-ecc).
"""

import base64
import hashlib
import hmac

import pytest

from agenix_check.age import (
    DUMMY_RECIPIENT,
    Match,
    Recipient,
    Stanza,
    describe,
    match,
    parse_recipient,
    read_age,
    recipient_tag,
    stanza_tag,
)
from agenix_check.age.encoding import encode_bech32
from agenix_check.age.kinds import RECIPIENT_KINDS, STANZA_KINDS, Tagging
from tests.age.points import multiple
from tests.age.strategies import text64

_BODY = b"b" * 32
_SHARE = text64(b"\x29" * 32)
_MLKEM = b"k" * 1184
_SHORT, _LONG = multiple(3)
_OTHER_SHORT, _OTHER_LONG = multiple(4)
_SE = "age1se1qf0l9gks6x65ha077wq3w3u8fy02tpg3cd9w5j0jlgpfgqkcut2lw6hta9l"
_TAG = "age1tag1qf0l9gks6x65ha077wq3w3u8fy02tpg3cd9w5j0jlgpfgqkcut2lwksa782"
_TPM = "age1tpm1q2vavtu4l9cnf9xtxg4q53l0x7m023hdqpjp4ksn43h6knyrd3tr78cwcjw"
_TPM_FILE = b"""-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHRwbS1lY2MgWURybkl3IEFrV0tRVFpq
YXVyRW8vQVV0amNxczV2SUpJWW1JWmZvbFlIa3BkeUZUV1NyCklmTXRQWkJoUjVj
ZlBVQjZ6ZXVPTTlLN25XYTJQOHdxeUtHS2pYblNtSkUKLS0tIHNwUGpYeUIzYmV2
MXQralk1V0xRcnhDLzFtVXBnNE44Q2d6VXZWeWorVVUKWrE651o8KKRpWWH11lha
ACKbtqsXbBPwooZ25UKGxR/Iqoe+uIYJANebVJS5oP81N3IbXh8=
-----END AGE ENCRYPTED FILE-----
"""


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:4]


def _stanza(kind: str, *args: str) -> Stanza:
    return Stanza(type=kind, args=args, body=_BODY)


def _tagged(kind: str, enc: bytes, point: bytes) -> Stanza:
    label = f"age-encryption.org/{kind}".encode()
    tag = hmac.new(label, enc + _digest(point), hashlib.sha256).digest()[:4]
    return _stanza(kind, text64(tag), text64(enc))


def _ssh(kind: str, wire: bytes) -> Recipient:
    return parse_recipient(f"{kind} {base64.b64encode(wire).decode()}")


def _wire(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


_ED25519_WIRE = _wire(b"ssh-ed25519", b"l" * 32)
_RSA_WIRE = _wire(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xf1" * 256)

# One recipient of each kind, and the stanzas that are addressed to it.
_RECIPIENTS: dict[str, Recipient] = {
    "ssh-ed25519": _ssh("ssh-ed25519", _ED25519_WIRE),
    "ssh-rsa": _ssh("ssh-rsa", _RSA_WIRE),
    "x25519": parse_recipient(DUMMY_RECIPIENT),
    "pq": parse_recipient(encode_bech32("age1pq", _MLKEM + b"k" * 32)),
    "yubikey": parse_recipient(encode_bech32("age1yubikey", _SHORT)),
    "se": parse_recipient(encode_bech32("age1se", _OTHER_SHORT)),
    "tpm": parse_recipient(encode_bech32("age1tpm", _SHORT)),
    "tag": parse_recipient(encode_bech32("age1tag", _SHORT)),
    "tagpq": parse_recipient(encode_bech32("age1tagpq", _MLKEM + _LONG)),
    "fido2-hmac": parse_recipient(encode_bech32("age1fido2-hmac", b"k" * 40)),
}
_STANZAS: dict[str, Stanza] = {
    "ssh-ed25519": _stanza("ssh-ed25519", text64(_digest(_ED25519_WIRE)), _SHARE),
    "ssh-ed25519 other": _stanza("ssh-ed25519", text64(_digest(b"other")), _SHARE),
    "ssh-ed25519 rsa tag": _stanza("ssh-ed25519", text64(_digest(_RSA_WIRE)), _SHARE),
    "ssh-rsa": _stanza("ssh-rsa", text64(_digest(_RSA_WIRE))),
    "ssh-rsa other": _stanza("ssh-rsa", text64(_digest(b"other"))),
    "X25519": _stanza("X25519", _SHARE),
    "mlkem768x25519": _stanza("mlkem768x25519", text64(b"e" * 1120)),
    "piv-p256": _stanza("piv-p256", text64(_digest(_SHORT)), text64(_OTHER_SHORT)),
    "piv-p256 4": _stanza("piv-p256", text64(_digest(_OTHER_SHORT)), text64(_SHORT)),
    "tpm-ecc": _stanza("tpm-ecc", text64(_digest(_LONG)), text64(_OTHER_SHORT)),
    "tpm-ecc short": _stanza("tpm-ecc", text64(_digest(_SHORT)), text64(_OTHER_SHORT)),
    "p256tag": _tagged("p256tag", _OTHER_LONG, _SHORT),
    "p256tag long": _tagged("p256tag", _OTHER_LONG, _LONG),
    "p256tag 4": _tagged("p256tag", _OTHER_LONG, _OTHER_SHORT),
    "mlkem768p256tag": _tagged("mlkem768p256tag", b"e" * 1088 + _OTHER_LONG, _LONG),
    "mlkem768p256tag short": _tagged("mlkem768p256tag", b"e" * 1088 + _OTHER_LONG, _SHORT),
    "scrypt": _stanza("scrypt", text64(b"s" * 16), "18"),
    "grease": _stanza("x-grease", "a", "b"),
    "unknown": _stanza("fido2-hmac", "AgEB"),
    "no arguments": _stanza("p256tag"),
    "wrong base64": _stanza("p256tag", "AAAAAA", "=?"),
}
_YES = {
    ("ssh-ed25519", "ssh-ed25519"),
    ("ssh-rsa", "ssh-rsa"),
    ("piv-p256", "yubikey"),
    ("piv-p256 4", "se"),
    ("tpm-ecc", "tpm"),
    ("p256tag", "tpm"),
    ("p256tag", "tag"),
    ("p256tag", "yubikey"),
    ("p256tag 4", "se"),
    ("mlkem768p256tag", "tagpq"),
}
_UNKNOWN = {
    ("X25519", "x25519"),
    ("mlkem768x25519", "pq"),
    *((name, "fido2-hmac") for name in ("X25519", "mlkem768x25519", "unknown", "no arguments")),
    *((name, "fido2-hmac") for name in _STANZAS if "p256tag" in name or "base64" in name),
}


def test_every_kind_has_an_example() -> None:
    assert {one.kind for one in _RECIPIENTS.values()} == set(RECIPIENT_KINDS)
    assert {one.type for one in _STANZAS.values()} >= set(STANZA_KINDS)
    tagged = {kind.type for kind in STANZA_KINDS.values() if kind.tagging is not Tagging.ANONYMOUS}
    assert {_STANZAS[stanza].type for stanza, _ in _YES} == tagged


@pytest.mark.parametrize("recipient", _RECIPIENTS)
@pytest.mark.parametrize("stanza", _STANZAS)
def test_match(stanza: str, recipient: str) -> None:
    expected = Match.NO
    if (stanza, recipient) in _YES:
        expected = Match.YES
    elif (stanza, recipient) in _UNKNOWN:
        expected = Match.UNKNOWN
    assert match(_STANZAS[stanza], _RECIPIENTS[recipient]) is expected


@pytest.mark.parametrize(
    ("stanza", "recipient"),
    [
        (
            _stanza("piv-p256", "14yi6A", "Az7IeMpB4oX0CHt/Bc9xzk6x1K262zNxoUtfAikZa5T7"),
            _SE,
        ),
        (
            _stanza("piv-p256", "1mgwOA", "A1x2nUpw2wo/7z0JR5puskK6NuvW5XkQBwkun/T3WC80"),
            "age1se1q0mm28s88km3d8fvwve26xg4tt26cqamhxm79g9xvmw0f2erawj752upj6l",
        ),
        (
            _stanza(
                "p256tag",
                "NDTf9g",
                "BD7IeMpB4oX0CHt/Bc9xzk6x1K262zNxoUtfAikZa5T7"
                "aUSkQuuvOANb1o+BKtf/4/F++4nJgRQ0PgIyFJq8i88",
            ),
            _TAG,
        ),
    ],
    ids=["piv-p256", "piv-p256 other", "p256tag"],
)
def test_published_tags(stanza: Stanza, recipient: str) -> None:
    assert match(stanza, parse_recipient(recipient)) is Match.YES
    others = [*_RECIPIENTS.values(), parse_recipient(_TPM)]
    for other in others:
        assert match(stanza, other) is not Match.YES


def test_a_file_for_a_tpm() -> None:
    (stanza,) = read_age(_TPM_FILE).stanzas
    recipient = parse_recipient(_TPM)
    assert match(stanza, recipient) is Match.YES
    assert stanza_tag(stanza) == recipient_tag(recipient) == "YDrnIw"
    assert read_age(_TPM_FILE).plaintext_size == len("Hello Old Encryption\n")


def test_tags_index_recipients() -> None:
    by_tag = {recipient_tag(recipient): name for name, recipient in _RECIPIENTS.items()}
    assert by_tag[stanza_tag(_STANZAS["ssh-ed25519"])] == "ssh-ed25519"
    assert by_tag[stanza_tag(_STANZAS["ssh-rsa"])] == "ssh-rsa"
    assert by_tag[stanza_tag(_STANZAS["piv-p256"])] == "yubikey"
    assert by_tag[stanza_tag(_STANZAS["tpm-ecc"])] == "tpm"
    for name in ("X25519", "mlkem768x25519", "p256tag", "mlkem768p256tag", "scrypt", "unknown"):
        assert stanza_tag(_STANZAS[name]) is None


@pytest.mark.parametrize(
    ("stanza", "text"),
    [
        (_stanza("ssh-ed25519", "a1B2cg", _SHARE), "an SSH Ed25519 key with tag a1B2cg"),
        (_stanza("ssh-rsa", "a1B2cg"), "an SSH RSA key with tag a1B2cg"),
        (_stanza("X25519", _SHARE), "an age X25519 key (anonymous)"),
        (_STANZAS["mlkem768x25519"], "an age post-quantum key (anonymous)"),
        (_STANZAS["scrypt"], "a passphrase"),
        (
            _stanza("piv-p256", "14yi6A", _SHARE),
            "a YubiKey or Secure Enclave P-256 key with tag 14yi6A",
        ),
        (_stanza("tpm-ecc", "14yi6A", _SHARE), "a TPM P-256 key with tag 14yi6A"),
        (_STANZAS["p256tag"], "a hardware P-256 key (its tag is new in every file)"),
        (
            _STANZAS["mlkem768p256tag"],
            "a post-quantum hardware key (its tag is new in every file)",
        ),
        (_STANZAS["grease"], "grease (noise)"),
        (_STANZAS["unknown"], "an unknown recipient of type fido2-hmac"),
    ],
)
def test_describe(stanza: Stanza, text: str) -> None:
    assert describe(stanza) == text
