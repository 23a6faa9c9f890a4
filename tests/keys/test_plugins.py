"""Identities of plugins, by a real plugin that asks and says what hardware keys ask and say."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.age import parse_recipient, read_age
from agenix_check.age.encoding import decode_base64, encode_bech32
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import IdentityFile
from agenix_check.keys.keychain import Keychain, _in_order
from agenix_check.keys.private_keys import read_keys
from agenix_check.keys.prompts import Terminal
from tests.age.points import multiple
from tests.keys import plugin
from tests.keys.conftest import MakeSsh, given, public
from tests.keys.terminals import decrypting, run_at, run_without
from tests.keys.texts import HASH, PIN, PLAINTEXT

KEY = b"key1"
RECIPIENT = plugin.recipient("test", KEY)

Secret = Callable[..., Path]


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "plugins"
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "identity.txt"
    path.write_text(f"# Recipient: {RECIPIENT}\n{plugin.identity('test', KEY)}\n")
    return path


def test_plugin_that_asks_nothing_needs_no_terminal(
    plugins: Path, key: Path, secret: Secret
) -> None:
    log = plugin.install(plugins)
    ended = run_without(decrypting("-i", key, secret(RECIPIENT)), {"GIT_DIR": "/nowhere"})
    assert (ended.stdout, ended.stderr) == (HASH, b"")
    assert log.read_text() == "recipient-v1\nidentity-v1\n"


def test_message_is_shown_on_the_terminal(plugins: Path, key: Path, secret: Secret) -> None:
    plugin.install(plugins, "test", "message")
    command = decrypting("-i", key, secret(RECIPIENT))
    ended = run_at(command, [])
    assert (ended.stdout, ended.stderr) == (HASH, b"")
    assert ended.terminal == b"age-plugin-test: touch the ?[31mtest key\r\n"
    ended = run_without(command)
    assert (ended.stdout, ended.stderr) == (HASH, b"age-plugin-test: touch the ?[31mtest key\n")


@pytest.mark.parametrize(("answer", "out"), [("y", HASH), ("Yes", HASH), ("n", b""), ("", b"")])
def test_confirmation(answer: str, out: bytes, plugins: Path, key: Path, secret: Secret) -> None:
    plugin.install(plugins, "test", "confirm")
    ended = run_at(
        decrypting("-i", key, secret(RECIPIENT)),
        [("age-plugin-test: go on? [y: Yes, n: No]", answer + "\n")],
    )
    assert ended.stdout == out
    assert (b"it was not confirmed" in ended.stderr) is (out == b"")


def test_public_string(plugins: Path, key: Path, secret: Secret) -> None:
    log = plugin.install(plugins, "test", "public")
    ended = run_at(decrypting("-i", key, secret(RECIPIENT)), [("your name:", "Zoë\n")])
    assert ended.stdout == HASH
    assert log.read_text().endswith("public Zoë\n")


def test_pin_is_asked_for_once_and_not_shown(plugins: Path, key: Path, secret: Secret) -> None:
    log = plugin.install(plugins, "test", "secret")
    file = secret(RECIPIENT)
    ended = run_at(decrypting("-i", key, file, file, file), [("PIN of the test key:", PIN + "\n")])
    assert (ended.stdout, ended.stderr) == (HASH * 3, b"")
    assert ended.terminal == b"age-plugin-test: PIN of the test key: \r\n"
    assert log.read_text().count("secret right") == 3


def test_wrong_pin_is_not_tried_again(plugins: Path, key: Path, secret: Secret) -> None:
    log = plugin.install(plugins, "test", "secret")
    file = secret(RECIPIENT)
    ended = run_at(
        decrypting("-i", key, file, file),
        [("PIN of the test key:", "0000\n"), ("PIN of the test key:", PIN + "\n")],
    )
    assert ended.stdout == HASH
    assert b"(internal) the PIN is wrong" in ended.stderr
    assert b"0000" not in ended.stderr + ended.terminal
    assert log.read_text().count("secret wrong") == 1


def test_question_of_the_same_words_is_asked_anew(plugins: Path, key: Path, secret: Secret) -> None:
    plugin.install(plugins, "test", "secret", "secret")
    file = secret(RECIPIENT)
    answer = ("PIN of the test key:", PIN + "\n")
    ended = run_at(decrypting("-i", key, file, file), [answer] * 3)
    assert ended.stdout == HASH * 2
    # Twice for the first file; for the second the first question alone is answered from memory.
    assert ended.terminal.count(b"PIN of the test key:") == 3


@pytest.mark.parametrize("asks", ["confirm", "public", "secret"])
def test_without_a_terminal_it_ends_at_once(
    asks: str, plugins: Path, key: Path, secret: Secret
) -> None:
    plugin.install(plugins, "test", "message", asks)
    ended = run_without(decrypting("-i", key, secret(RECIPIENT)))
    assert ended.stdout == b""
    assert b"there is no terminal to ask on: type `agenix-check --fix -i " in ended.stderr


@pytest.mark.parametrize("asks", ["confirm", "public", "secret", "sleep"])
def test_interrupt_ends_it(asks: str, plugins: Path, key: Path, secret: Secret) -> None:
    plugin.install(plugins, "test", "message", asks)
    ended = run_at(
        decrypting("-i", key, secret(RECIPIENT)),
        [("touch the", ""), ("age-plugin-test: " if asks != "sleep" else "test key", "\x03")],
    )
    assert (ended.status, ended.stdout) == (130, b"")
    assert ended.stderr == b"" or asks == "sleep"


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("error", "identity.txt (from -i): (internal) the key is?[2J not plugged in"),
        ("die", "identity.txt (from -i): '?age-plugin-test?' unexpectedly died."),
    ],
)
def test_plugin_that_fails(
    behaviour: str, reason: str, plugins: Path, key: Path, secret: Secret
) -> None:
    plugin.install(plugins, "test", behaviour)
    with pytest.raises(DecryptionError) as caught:
        decrypt(secret(RECIPIENT), key)
    assert reason in str(caught.value)
    assert "AGEDEBUG" not in str(caught.value)  # which prints private keys
    assert str(caught.value).isprintable()


def decrypt(file: Path, *identities: Path) -> bytes:
    return Keychain(given(*identities).files).decrypt(file.name, file.read_bytes())


def test_next_identity_is_tried_where_a_plugin_fails(
    plugins: Path, key: Path, age_key: tuple[Path, str], secret: Secret
) -> None:
    plugin.install(plugins, "test", "error")
    assert decrypt(secret(RECIPIENT, age_key[1]), key, age_key[0]) == PLAINTEXT


def test_plugin_that_is_not_there(key: Path, plugins: Path, secret: Secret) -> None:
    plugin.install(plugins)
    file = secret(RECIPIENT)
    (plugins / "age-plugin-test").unlink()
    with pytest.raises(DecryptionError, match="age-plugin-test is not on PATH"):
        decrypt(file, key)


def test_plugin_is_not_started_where_another_identity_fits(
    plugins: Path, key: Path, ssh_key: MakeSsh, age_key: tuple[Path, str], secret: Secret
) -> None:
    log = plugin.install(plugins)
    file = secret(RECIPIENT, public(ssh_key()))
    log.unlink()
    assert decrypt(file, key, ssh_key()) == PLAINTEXT
    assert decrypt(secret(public(ssh_key())), key, ssh_key()) == PLAINTEXT
    assert decrypt(secret(age_key[1]), key, age_key[0]) == PLAINTEXT
    assert not log.exists()


def test_yubikey_is_known_by_the_tag_in_its_stub(plugins: Path, tmp_path: Path) -> None:
    log = plugin.install(plugins, "yubikey")
    compressed, _ = multiple(5)
    recipient = encode_bech32("age1yubikey", compressed)
    file = encrypt(PLAINTEXT, [new_identity()[1]])
    tag = decode_base64(tag_of(recipient))
    assert tag is not None
    stub = plugin.identity("yubikey", b"\1\2\3\4\x82" + tag)
    one = IdentityFile(path="yubikey.txt", origin="-i", content=f"# me\n{stub}\n".encode())
    with pytest.raises(DecryptionError, match=r"yubikey\.txt \(from -i\): not one of them"):
        Keychain([one]).decrypt("x", file)
    assert not log.exists()
    (key,) = read_keys(one, Terminal())
    assert key.certain
    assert key.public is not None
    assert key.public.tag == tag_of(recipient)


def tag_of(text: str) -> str:
    tag = parse_recipient(text).tag
    assert tag is not None
    return tag


def test_key_that_is_declared_wrongly_comes_last_but_comes(
    plugins: Path, age_key: tuple[Path, str]
) -> None:
    log = plugin.install(plugins)
    compressed, _ = multiple(5)
    one = IdentityFile(
        path="a",
        origin="masterIdentities",
        content=plugin.identity("test", KEY).encode(),
        pubkey=encode_bech32("age1se", compressed),
    )
    assert Keychain([one]).decrypt("x", encrypt(PLAINTEXT, [RECIPIENT])) == PLAINTEXT
    stanzas = read_age(encrypt(PLAINTEXT, [RECIPIENT])).real_stanzas
    two = IdentityFile(path="b", origin="-i", content=plugin.identity("test", b"key2").encode())
    held = [key for file in (one, two) for key in read_keys(file, Terminal())]
    assert [key.file.path for key in _in_order(held, stanzas)] == ["b", "a"]
    log.unlink()
    keys = [one, *given(age_key[0]).files]
    ciphertext = encrypt(PLAINTEXT, [age_key[1]])
    assert Keychain(keys).decrypt("x", ciphertext) == PLAINTEXT
    assert not log.exists()


def test_primary_identity_goes_before_one_that_asks_nobody(
    plugins: Path, key: Path, age_key: tuple[Path, str], secret: Secret
) -> None:
    log = plugin.install(plugins)
    file = secret(RECIPIENT, age_key[1]).read_bytes()
    content = key.read_bytes()
    one = IdentityFile(path="a", origin="masterIdentities", content=content, primary=True)
    assert Keychain([*given(age_key[0]).files, one]).decrypt("x", file) == PLAINTEXT
    assert "identity-v1" in log.read_text()
