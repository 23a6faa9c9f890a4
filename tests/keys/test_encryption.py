"""Encrypting to recipients of every kind; the age program reads what comes out."""

import os
import subprocess
from pathlib import Path

import pytest

from agenix_check.age import Match, match, parse_recipient, read_age
from agenix_check.age.encoding import encode_bech32
from agenix_check.keys.encrypt import (
    cannot_encrypt_to,
    cannot_encrypt_to_all,
    encrypt,
    new_identity,
)
from agenix_check.keys.errors import EncryptionError
from tests.age.points import multiple
from tests.host_keys import DELTA, RSA
from tests.keys import plugin
from tests.keys.conftest import MakeSsh, public
from tests.keys.texts import PLAINTEXT

_COMPRESSED, _UNCOMPRESSED = multiple(3)
TAG = encode_bech32("age1tag", _COMPRESSED)
TAG_PQ = encode_bech32("age1tagpq", bytes(1184) + _UNCOMPRESSED)
PQ = encode_bech32("age1pq", bytes(1216))
YUBIKEY = encode_bech32("age1yubikey", _COMPRESSED)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory at the head of PATH."""
    directory = tmp_path / "plugins"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def age(file: bytes, *identities: Path) -> bytes:
    options = [option for path in identities for option in ("-i", str(path))]
    return subprocess.run(
        ["age", "-d", *options], input=file, stdout=subprocess.PIPE, check=True
    ).stdout


def test_one_file_for_every_native_kind(
    tmp_path: Path, ssh_key: MakeSsh, age_key: tuple[Path, str]
) -> None:
    ed25519, rsa = ssh_key("ed25519"), ssh_key("rsa")
    wanted = [public(ed25519), public(rsa), age_key[1], TAG]
    file = encrypt(PLAINTEXT, wanted)
    stanzas = read_age(file).real_stanzas
    assert [stanza.type for stanza in stanzas] == [
        "ssh-ed25519", "ssh-rsa", "X25519", "p256tag"
    ]  # fmt: skip
    for stanza, text in zip(stanzas, wanted, strict=True):
        assert match(stanza, parse_recipient(text)) is not Match.NO
    for identity in (ed25519, rsa, age_key[0]):
        assert age(file, identity) == PLAINTEXT


def test_post_quantum_recipient_stands_alone(age_key: tuple[Path, str]) -> None:
    (stanza,) = read_age(encrypt(PLAINTEXT, [TAG_PQ])).real_stanzas
    assert match(stanza, parse_recipient(TAG_PQ)) is Match.YES
    with pytest.raises(EncryptionError, match="cannot encrypt: Cannot encrypt to a recipient"):
        encrypt(PLAINTEXT, [TAG_PQ, age_key[1]])
    never = "age and rage encrypt no file to post-quantum keys and others together"
    assert cannot_encrypt_to_all([TAG_PQ, age_key[1]]) == never
    # Nobody is sent to look for a program first.
    assert cannot_encrypt_to_all([TAG, PQ]) == never
    assert cannot_encrypt_to_all([TAG_PQ]) is None
    assert cannot_encrypt_to_all([TAG, age_key[1]]) is None
    assert cannot_encrypt_to_all([TAG_PQ, PQ]) == cannot_encrypt_to(PQ)


@pytest.mark.parametrize("armored", [False, True])
def test_armor_is_as_wanted(armored: bool, age_key: tuple[Path, str]) -> None:
    file = encrypt(PLAINTEXT, [age_key[1]], armored=armored)
    assert read_age(file).armored is armored
    assert age(file, age_key[0]) == PLAINTEXT


def test_white_space_and_comments_aside_each_recipient_is_written_once(ssh_key: MakeSsh) -> None:
    key = public(ssh_key())
    file = encrypt(b"", [key, key.strip(), f"  {key}", " ".join(key.split()[:2])])
    assert len(read_age(file).real_stanzas) == 1


def test_any_iterable_will_do() -> None:
    _, recipient = new_identity()
    assert read_age(encrypt(b"", iter([recipient]))).plaintext_size == 0


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([], "there is no recipient"),
        (["hello"], "neither an age recipient nor an SSH public key"),
        ([""], "the text is empty"),
        ([DELTA + DELTA], "more than one line"),
        (["AGE-SECRET-KEY-1QQQ"], "a secret key, not a recipient"),
        (["ecdsa-sha2-nistp256 AAAA"], "of a type that age cannot encrypt to"),
        (["ssh-ed25519 AAAA"], "the ssh-ed25519 key"),
    ],
)
def test_what_is_no_recipient(texts: list[str], reason: str) -> None:
    with pytest.raises(EncryptionError, match=reason) as caught:
        encrypt(PLAINTEXT, texts)
    assert caught.value.exit_code == 3
    if texts:
        assert cannot_encrypt_to(texts[0]) == str(caught.value)
        assert "AGE-SECRET" not in str(caught.value)


@pytest.mark.parametrize("text", [TAG, TAG_PQ, DELTA, RSA])
def test_native_kinds_need_nothing(text: str) -> None:
    assert cannot_encrypt_to(text) is None
    assert cannot_encrypt_to(text, "no-such-program") is None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (PQ, "needs an age program that knows post-quantum keys (age 1.3 or newer)"),
        (YUBIKEY, "needs age-plugin-yubikey on PATH"),
        (plugin.recipient("test", b"key1"), "needs age-plugin-test on PATH"),
    ],
)
def test_what_is_missing_is_said(text: str, missing: str) -> None:
    said = cannot_encrypt_to(text)
    assert said is not None
    assert missing in said
    assert len(said) < 300
    with pytest.raises(EncryptionError) as caught:
        encrypt(PLAINTEXT, [new_identity()[1], text])
    assert str(caught.value) == said


def test_program_that_does_not_know_it_either() -> None:
    said = cannot_encrypt_to(PQ, "age")
    assert said is not None
    assert "with age: " in said
    with pytest.raises(EncryptionError, match="with age: "):
        encrypt(PLAINTEXT, [PQ], program="age")
    assert "was not found on PATH" in (cannot_encrypt_to(PQ, "no-such-age") or "")


def test_plugin_encrypts(plugins: Path, age_key: tuple[Path, str]) -> None:
    log = plugin.install(plugins)
    keys = [plugin.recipient("test", key) for key in (b"key1", b"key2")]
    assert cannot_encrypt_to(keys[0]) is None
    file = encrypt(PLAINTEXT, [*keys, age_key[1]])
    assert sorted(stanza.type for stanza in read_age(file).real_stanzas) == [
        "X25519", "test", "test"
    ]  # fmt: skip
    assert log.read_text() == "recipient-v1\n"
    assert age(file, age_key[0]) == PLAINTEXT
    identity = plugins / "identity"
    identity.write_text(plugin.identity("test", b"key2"))
    assert age(file, identity) == PLAINTEXT


def test_plugins_do_not_see_git(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = plugin.install(plugins)
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    monkeypatch.setenv("AGEDEBUG", "plugin")
    encrypt(PLAINTEXT, [plugin.recipient("test", b"key1")])
    assert log.read_text() == "recipient-v1\n"
    assert os.environ["GIT_DIR"] == "/somewhere"
    assert os.environ["AGEDEBUG"] == "plugin"


def test_plugin_that_fails(plugins: Path) -> None:
    program = plugins / "age-plugin-test"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(EncryptionError, match="cannot encrypt with age-plugin-test: ") as caught:
        encrypt(PLAINTEXT, [plugin.recipient("test", b"key1")])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("armored", [False, True])
def test_program_encrypts_what_pyrage_cannot(
    armored: bool, plugins: Path, tmp_path: Path, age_key: tuple[Path, str], ssh_key: MakeSsh
) -> None:
    # A program that finds the plugin where PATH has none for pyrage.
    hidden = tmp_path / "hidden"
    plugin.install(hidden)
    program = plugins / "my-age"
    seen = tmp_path / "seen"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {seen}; env >> {seen}\n'
        f'PATH="{hidden}:$PATH" exec age "$@"\n'
    )  # fmt: skip
    program.chmod(0o755)
    wanted = [plugin.recipient("test", b"key1"), age_key[1], public(ssh_key())]
    assert cannot_encrypt_to(wanted[0], "my-age") is None
    file = encrypt(PLAINTEXT, wanted, armored=armored, program="my-age")
    assert read_age(file).armored is armored
    for identity in (age_key[0], ssh_key()):
        assert age(file, identity) == PLAINTEXT
    assert PLAINTEXT.decode().strip() not in seen.read_text()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("cat >/dev/null; echo hello", "the encryption gave no age file"),
        ("cat >/dev/null", "the encryption gave no age file: offset 0: the file is empty"),
        ("cat", "the encryption gave no age file"),
        ("age -r {other} -r {other2}", "the encryption gave 2 stanzas for 1 recipients"),
        ("head -c 3 | age -r {other}", "the encryption left out|another length"),
        ("age -a -r {other}", "the encryption left out|of another length or form"),
        ("cat >/dev/null; printf '\\033[2Jbad\\n' >&2; exit 3", r"with my-age: \?\[2Jbad"),
        ("exit 3", "with my-age: my-age failed with status 3"),
        ("cat >&2; exit 3", "with my-age: my-age failed with status 3"),
        ("(printf 'bad text: '; cut -c 5-25) >&2; exit 3", "my-age failed with status 3"),
    ],
)
def test_result_that_is_not_what_was_asked_for(script: str, reason: str, plugins: Path) -> None:
    program = plugins / "my-age"
    text = script.format(other=new_identity()[1], other2=new_identity()[1])
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    with pytest.raises(EncryptionError, match=reason) as caught:
        encrypt(PLAINTEXT, [plugin.recipient("test", b"key1")], program="my-age")
    assert PLAINTEXT.decode()[4:20] not in str(caught.value)


def test_a_short_plaintext_is_not_repeated_either(plugins: Path) -> None:
    program = plugins / "my-age"
    program.write_text("#!/bin/sh\n(printf 'bad: '; cat) >&2; exit 3\n")
    program.chmod(0o755)
    for short in (b"pw1\n", b"pw1"):
        with pytest.raises(EncryptionError) as caught:
            encrypt(short, [plugin.recipient("test", b"key1")], program="my-age")
        assert "pw1" not in str(caught.value)


def test_big_plaintexts_through_the_program(plugins: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    plugin.install(hidden)
    program = plugins / "my-age"
    program.write_text(f'#!/bin/sh\nPATH="{hidden}:$PATH" exec age "$@"\n')
    program.chmod(0o755)
    plaintext = b"\0\xff" * 150_000
    wanted = plugin.recipient("test", b"key1")
    assert read_age(encrypt(plaintext, [wanted], program="my-age")).plaintext_size == 300_000
