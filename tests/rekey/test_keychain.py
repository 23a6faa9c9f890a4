"""Decrypting with real keys of every kind, at a terminal and without one."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from agenix_check.rekey.encryption import encrypt, new_identity
from agenix_check.rekey.errors import DecryptionError
from agenix_check.rekey.identities import IdentityFile, load
from agenix_check.rekey.keychain import Keychain
from tests.rekey.conftest import MakeSsh, given, public
from tests.rekey.terminals import decrypting, run_at, run_without
from tests.rekey.texts import HASH, PASSPHRASE, PLAINTEXT

Secret = Callable[..., Path]
AgeKey = tuple[Path, str]


def decrypt(file: Path, *identities: Path, program: str | None = None) -> bytes:
    return Keychain(given(*identities).files, program).decrypt(file.name, file.read_bytes())


def locked(tmp_path: Path, text: str, *, armored: bool = False, name: str = "locked.age") -> Path:
    path = tmp_path / name
    content = pyrage.passphrase.encrypt(text.encode(), PASSPHRASE)
    if armored:
        lines = subprocess.run(
            ["base64", "-w", "64"], input=content, stdout=subprocess.PIPE, check=True
        ).stdout
        begin, end = b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----END AGE ENCRYPTED FILE-----\n"
        content = begin + lines + end
    path.write_bytes(content)
    return path


def test_age_identity_file(age_key: AgeKey, secret: Secret) -> None:
    assert decrypt(secret(age_key[1]), age_key[0]) == PLAINTEXT


def test_file_with_several_identities_and_comments(tmp_path: Path, secret: Secret) -> None:
    pairs = [new_identity() for _ in range(3)]
    path = tmp_path / "keys.txt"
    path.write_text("".join(f"\n# one for {text}\r\n{key}\r\n" for key, text in pairs))
    for _, recipient in pairs:
        assert decrypt(secret(recipient), path) == PLAINTEXT


@pytest.mark.parametrize(
    ("kind", "form"),
    [("ed25519", ""), ("rsa", ""), ("rsa", "PEM"), ("rsa", "PKCS8")],
)
def test_ssh_key(kind: str, form: str, ssh_key: MakeSsh, secret: Secret) -> None:
    key = ssh_key(kind, form)
    assert decrypt(secret(public(key)), key) == PLAINTEXT


@pytest.mark.parametrize("armored", [False, True])
def test_files_of_the_age_program(armored: bool, tmp_path: Path, age_key: AgeKey) -> None:
    made = subprocess.run(
        ["age", "-r", age_key[1], *(["-a"] if armored else [])],
        input=PLAINTEXT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    path = tmp_path / "made.age"
    path.write_bytes(made)
    assert decrypt(path, age_key[0]) == PLAINTEXT


def test_keys_of_age_keygen(tmp_path: Path, secret: Secret) -> None:
    path = tmp_path / "generated.txt"
    subprocess.run(["age-keygen", "-o", path], check=True, stderr=subprocess.DEVNULL)
    recipient = subprocess.run(
        ["age-keygen", "-y", path], check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    assert decrypt(secret(recipient), path) == PLAINTEXT


@pytest.mark.parametrize("armored", [False, True])
def test_passphrase_is_asked_for_once(
    armored: bool, tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = locked(tmp_path, age_key[0].read_text(), armored=armored)
    files = [secret(age_key[1], name=f"{number}.age") for number in range(3)]
    command = decrypting("-i", path, *files)
    ended = run_at(command, [("Passphrase for", PASSPHRASE + "\n")])
    assert (ended.status, ended.stdout, ended.stderr) == (0, HASH * 3, b"")
    assert ended.terminal.count(b"Passphrase for") == 1
    assert PASSPHRASE.encode() not in ended.terminal


def test_passphrase_file_of_the_age_program(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = tmp_path / "key.age"
    made = run_at(
        ["age", "-p", "-o", str(path), str(age_key[0])],
        [("Enter passphrase", PASSPHRASE + "\n"), ("Confirm passphrase", PASSPHRASE + "\n")],
    )
    assert made.status == 0, made
    ended = run_at(
        decrypting("-i", path, secret(age_key[1])), [("Passphrase for", PASSPHRASE + "\n")]
    )
    assert (ended.status, ended.stdout) == (0, HASH)


def test_wrong_passphrase_is_asked_for_again(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    ended = run_at(
        decrypting("-i", path, secret(age_key[1])),
        [("Passphrase for", "wrong\n"), ("Passphrase for", PASSPHRASE + "\n")],
    )
    assert ended.stdout == HASH
    assert b"This was not the passphrase." in ended.terminal


def test_three_wrong_passphrases_end_it_for_the_run(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    file = secret(age_key[1])
    ended = run_at(decrypting("-i", path, file, file), [("Passphrase for", "no\n")] * 3)
    assert ended.stdout == b""
    assert ended.stderr.count(b"locked.age (from -i): the passphrase was wrong") == 2
    assert ended.terminal.count(b"Passphrase for") == 3


@pytest.mark.parametrize(
    ("kind", "form"), [("ed25519", ""), ("rsa", ""), ("rsa", "PEM"), ("rsa", "PKCS8")]
)
def test_passphrase_of_an_ssh_key(kind: str, form: str, ssh_key: MakeSsh, secret: Secret) -> None:
    key = ssh_key(kind, form, PASSPHRASE)
    before = key.read_bytes()
    file = secret(public(key))
    ended = run_at(decrypting("-i", key, file, file), [("passphrase:", PASSPHRASE + "\n")])
    assert (ended.status, ended.stdout, ended.stderr) == (0, HASH * 2, b"")
    assert ended.terminal.count(b"passphrase:") == 1
    assert PASSPHRASE.encode() not in ended.terminal
    assert key.read_bytes() == before


def test_wrong_passphrase_of_an_ssh_key(ssh_key: MakeSsh, secret: Secret) -> None:
    key = ssh_key("ed25519", "", PASSPHRASE)
    ended = run_at(
        decrypting("-i", key, secret(public(key))),
        [("passphrase:", "wrong\n"), ("passphrase:", PASSPHRASE + "\n")],
    )
    assert (ended.status, ended.stdout) == (0, HASH)


def test_nothing_is_asked_for_a_key_that_cannot_fit(
    ssh_key: MakeSsh, age_key: AgeKey, secret: Secret
) -> None:
    key = ssh_key("ed25519", "", PASSPHRASE)
    ended = run_without(decrypting("-i", key, "-i", age_key[0], secret(age_key[1])))
    assert (ended.stdout, ended.stderr) == (HASH, b"")
    _, stranger = new_identity()
    ended = run_without(decrypting("-i", key, "-i", age_key[0], secret(stranger)))
    assert b"there is no terminal" not in ended.stderr
    assert ended.stderr.count(b"(from -i): not one of them") == 2


def test_open_keys_come_before_questions(tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    path = locked(tmp_path, new_identity()[0])
    ended = run_without(decrypting("-i", path, "-i", age_key[0], secret(age_key[1])))
    assert (ended.stdout, ended.stderr) == (HASH, b"")


@pytest.mark.parametrize("kind", ["age", "ssh"])
def test_without_a_terminal_it_ends_at_once(
    kind: str, tmp_path: Path, age_key: AgeKey, ssh_key: MakeSsh, secret: Secret
) -> None:
    if kind == "age":
        path, recipient = locked(tmp_path, age_key[0].read_text()), age_key[1]
    else:
        path = ssh_key("ed25519", "", PASSPHRASE)
        recipient = public(path)
    ended = run_without(decrypting("-i", path, secret(recipient)))
    assert ended.stdout == b""
    assert ended.stderr.decode() == (
        f"error: secret.age: {path} (from -i) must ask for a passphrase, a PIN or the like, and "
        "there is no terminal to ask on: type `agenix-check --fix` in a terminal\n"
    )


def test_an_interrupt_at_the_question_ends_it(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    ended = run_at(decrypting("-i", path, secret(age_key[1])), [("Passphrase for", "abc\x03")])
    assert (ended.status, ended.stdout, ended.stderr) == (130, b"", b"")


def test_the_end_of_input_is_no_passphrase(tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    ended = run_at(decrypting("-i", path, secret(age_key[1])), [("Passphrase for", "\x04")])
    assert b"its passphrase was not given" in ended.stderr


@pytest.mark.parametrize("armored", [False, True])
def test_age_program(armored: bool, tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    other = tmp_path / "other.txt"
    other.write_text(new_identity()[0])
    file = secret(age_key[1])
    file.write_bytes(encrypt(PLAINTEXT, [age_key[1]], armored=armored))
    assert decrypt(file, other, age_key[0], program="age") == PLAINTEXT


def test_age_program_asks_at_the_terminal(tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    command = decrypting("--age", "age", "-i", path, secret(age_key[1]))
    ended = run_at(command, [("Enter passphrase", PASSPHRASE + "\n")])
    assert (ended.status, ended.stdout) == (0, HASH)
    ended = run_without(command)
    assert ended.stdout == b""
    assert b"secret.age: age cannot decrypt this with " in ended.stderr


def test_age_program_gets_identities_that_have_no_path(age_key: AgeKey, secret: Secret) -> None:
    identity = IdentityFile(path="k", origin="masterIdentities", content=age_key[0].read_bytes())
    file = secret(age_key[1])
    assert Keychain([identity], "age").decrypt("x", file.read_bytes()) == PLAINTEXT


def test_program_that_is_not_there(age_key: AgeKey, secret: Secret) -> None:
    with pytest.raises(DecryptionError, match="cannot decrypt: no-such-age was not found on PATH"):
        decrypt(secret(age_key[1]), age_key[0], program="no-such-age")


def test_program_sees_neither_git_nor_plaintext(
    tmp_path: Path, age_key: AgeKey, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "age-spy"
    seen = tmp_path / "seen"
    spy.write_text(f'#!/bin/sh\n(env; echo "$@") > {seen}\nexec age "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("GIT_INDEX_FILE", "/index")
    monkeypatch.setenv("AGEDEBUG", "plugin")
    assert decrypt(secret(age_key[1]), age_key[0], program=str(spy)) == PLAINTEXT
    assert "GIT_" not in seen.read_text()
    assert "AGEDEBUG" not in seen.read_text()
    assert f"-d -i {age_key[0]}\n" in seen.read_text()


def test_wrong_identity_names_file_identities_and_remedy(age_key: AgeKey, secret: Secret) -> None:
    _, stranger = new_identity()
    with pytest.raises(DecryptionError) as caught:
        decrypt(secret(stranger), age_key[0])
    assert str(caught.value) == (
        f"secret.age: this is for an age X25519 key (anonymous); {age_key[0]} (from -i): not one "
        "of them. Give the right identity with -i FILE"
    )
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is None


def test_no_identity(secret: Secret, age_key: AgeKey) -> None:
    with pytest.raises(DecryptionError, match=r"there is no identity .* -i FILE"):
        decrypt(secret(age_key[1]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it holds no identity"),
        (b"hello\n", "line 1: this is no identity"),
        (b"# c\nage1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq", "a public key"),
        (b"AGE-SECRET-KEY-1QQQ", "line 1: this is a damaged identity"),
        (b"AGE-PLUGIN-1QQQ", "line 1: this is a damaged identity"),
        (b"\xff\xfe\x00", "line 1: this is no identity"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "no SSH key that age can use"),
        (b"-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n", "no SSH key that"),
        (b"age-encryption.org/v1\n", "it is a damaged age file"),
    ],
)
def test_file_that_holds_no_identity(
    content: bytes, reason: str, tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    _, stranger = new_identity()
    with pytest.raises(DecryptionError, match=reason) as caught:
        decrypt(secret(stranger), path)
    assert content.decode("latin-1") not in str(caught.value) or not content
    assert decrypt(secret(age_key[1]), path, age_key[0]) == PLAINTEXT


def test_ssh_key_of_another_type(ssh_key: MakeSsh, age_key: AgeKey, secret: Secret) -> None:
    with pytest.raises(DecryptionError, match="of a type that age cannot encrypt to"):
        decrypt(secret(age_key[1]), ssh_key("ecdsa"))


def test_age_file_for_recipients_is_no_identity(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    with pytest.raises(DecryptionError, match="needs no passphrase but another identity"):
        decrypt(secret(age_key[1]), secret(age_key[1], name="other.age"))


def test_damaged_source_asks_nobody(tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    path = locked(tmp_path, age_key[0].read_text())
    file = secret(age_key[1])
    whole = file.read_bytes()
    for content in (b"", b"plain text", whole[:60], whole[: -len(PLAINTEXT) - 1]):
        file.write_bytes(content)
        ended = run_without(decrypting("-i", path, file))
        assert b"secret.age: this is" in ended.stderr
        assert b"damaged" in ended.stderr


@pytest.mark.parametrize("at", [-1, -len(PLAINTEXT) - 20])
def test_altered_source_says_so(at: int, age_key: AgeKey, secret: Secret) -> None:
    file = secret(age_key[1])
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(DecryptionError, match=r"secret\.age: this is damaged: .* fits"):
        decrypt(file, age_key[0])


def test_names_do_not_steer_the_terminal(age_key: AgeKey) -> None:
    with pytest.raises(DecryptionError) as caught:
        Keychain(given(age_key[0]).files).decrypt("a\x1b[2J\nb", b"")
    assert str(caught.value).startswith("a?[2J?b: ")


def test_post_quantum_identity_says_what_is_missing(
    tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    path = tmp_path / "pq.txt"
    path.write_text(f"AGE-SECRET-KEY-PQ-1QQQ\n{age_key[0].read_text()}")
    assert decrypt(secret(age_key[1]), path) == PLAINTEXT


@settings(max_examples=40, deadline=None)
@for_all(
    size=st.integers(0, 200 * 1024) | st.sampled_from([0, 1, 65535, 65536, 65537, 131072]),
    seed=st.binary(min_size=1, max_size=4),
    armored=st.booleans(),
)
def test_what_is_encrypted_is_decrypted(size: int, seed: bytes, armored: bool) -> None:
    identity, recipient = new_identity()
    plaintext = (seed * (size // len(seed) + 1))[:size]
    file = IdentityFile(path="k", origin="-i", content=identity.encode())
    ciphertext = encrypt(plaintext, [recipient, new_identity()[1]], armored=armored)
    assert Keychain([file]).decrypt("x", ciphertext) == plaintext


def test_nothing_is_left_open(age_key: AgeKey, secret: Secret) -> None:
    file = secret(age_key[1])
    before = len(list(Path("/dev/fd").iterdir()))
    identities = load(given=[str(age_key[0])], environment={}).files
    for program in (None, "age"):
        Keychain(identities, program).decrypt("x", file.read_bytes())
    assert len(list(Path("/dev/fd").iterdir())) == before
