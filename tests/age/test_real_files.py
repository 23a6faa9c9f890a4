"""Files made by the real age program and by pyrage: who they are for, and how long they are."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from agenix_check.age import AgeFile, Match, looks_like_age, match, parse_recipient, read_age

_SIZES = [0, 1, 65535, 65536, 65537, 131073]
_KINDS = ["ssh-ed25519", "ssh-rsa", "X25519"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Two public keys of each kind."""

    right: dict[str, str]
    wrong: dict[str, str]


def _ssh_key(directory: Path, name: str, *options: str) -> str:
    path = directory / name
    command = ["ssh-keygen", "-q", "-N", "", "-C", "root@host", "-f", str(path), *options]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text("ascii")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    directory = tmp_path_factory.mktemp("keys")

    def one_of_each(name: str) -> dict[str, str]:
        return {
            "ssh-ed25519": _ssh_key(directory, f"{name}-ed25519", "-t", "ed25519"),
            "ssh-rsa": _ssh_key(directory, f"{name}-rsa", "-t", "rsa", "-b", "2048"),
            "X25519": str(pyrage.x25519.Identity.generate().to_public()),
        }

    return Keys(right=one_of_each("right"), wrong=one_of_each("wrong"))


def _by_age(plain: bytes, keys: list[str], *, armored: bool) -> bytes:
    command = ["age", *(["--armor"] if armored else [])]
    for key in keys:
        command += ["--recipient", key]
    return subprocess.run(command, input=plain, stdout=subprocess.PIPE, check=True).stdout


def _by_pyrage(plain: bytes, keys: list[str], *, armored: bool) -> bytes:
    recipients = [
        pyrage.x25519.Recipient.from_str(key)
        if key.startswith("age1")
        else pyrage.ssh.Recipient.from_str(key)
        for key in keys
    ]
    return pyrage.encrypt(plain, recipients, armored=armored)


_MAKERS = {"age": _by_age, "pyrage": _by_pyrage}


def _check(age: AgeFile, size: int, *, armored: bool) -> None:
    assert age.armored is armored
    assert age.plaintext_size == size
    assert age.payload_error is None


@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("armored", [False, True], ids=["binary", "armored"])
@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("maker", _MAKERS)
def test_one_recipient(keys: Keys, maker: str, kind: str, size: int, *, armored: bool) -> None:
    data = _MAKERS[maker](b"x" * size, [keys.right[kind]], armored=armored)
    assert looks_like_age(data)
    age = read_age(data)
    _check(age, size, armored=armored)
    (stanza,) = age.real_stanzas
    expected = Match.UNKNOWN if kind == "X25519" else Match.YES
    for other in _KINDS:
        same = expected if other == kind else Match.NO
        assert match(stanza, parse_recipient(keys.right[other])) is same
        wrong = Match.UNKNOWN if other == kind == "X25519" else Match.NO
        assert match(stanza, parse_recipient(keys.wrong[other])) is wrong


@pytest.mark.parametrize("armored", [False, True], ids=["binary", "armored"])
@pytest.mark.parametrize("maker", _MAKERS)
def test_several_recipients(keys: Keys, maker: str, *, armored: bool) -> None:
    every = [*keys.right.values(), *keys.wrong.values()]
    age = read_age(_MAKERS[maker](b"secret\n", every, armored=armored))
    _check(age, 7, armored=armored)
    assert len(age.real_stanzas) == 6
    for key in every:
        recipient = parse_recipient(key)
        found = [match(stanza, recipient) for stanza in age.real_stanzas]
        if recipient.is_anonymous:
            assert (found.count(Match.UNKNOWN), found.count(Match.NO)) == (2, 4)
        else:
            assert (found.count(Match.YES), found.count(Match.NO)) == (1, 5)


def test_noise_is_left_out(keys: Keys) -> None:
    files = [read_age(_by_pyrage(b"", [keys.right["X25519"]], armored=False)) for _ in range(100)]
    assert any(len(age.stanzas) > 1 for age in files), "pyrage adds noise to nearly every file"
    assert {len(age.real_stanzas) for age in files} == {1}


def test_a_passphrase() -> None:
    age = read_age(pyrage.passphrase.encrypt(b"x" * 10, "passphrase"))
    assert [stanza.type for stanza in age.real_stanzas] == ["scrypt"]
    assert age.plaintext_size == 10


@pytest.mark.parametrize("maker", _MAKERS)
def test_the_head_of_a_large_file(keys: Keys, maker: str) -> None:
    data = _MAKERS[maker](b"x" * 300_000, [keys.right["ssh-ed25519"]], armored=False)
    age = read_age(data[:65536], size=len(data))
    assert age == read_age(data)
    assert age.plaintext_size == 300_000
