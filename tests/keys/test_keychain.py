"""Decrypting with real keys of every kind, at a terminal and without one."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from agenix_check.keys.encrypt import cannot_encrypt_to, encrypt, may_ask, new_identity
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.fallback import choose_program
from agenix_check.keys.identities import IdentityFile, load
from agenix_check.keys.keychain import Keychain
from tests.age.strategies import text64
from tests.keys.conftest import MakeSsh, given, public
from tests.keys.texts import PLAINTEXT
from tests.pace import per_hundred
from tests.programs import age_is_new

Secret = Callable[..., Path]
AgeKey = tuple[Path, str]


def decrypt(file: Path, *identities: Path, program: str | None = None) -> bytes:
    return Keychain(given(*identities).files, program).decrypt(file.name, file.read_bytes())


def test_age_identity_file(age_key: AgeKey, secret: Secret) -> None:
    assert decrypt(secret(age_key[1]), age_key[0]) == PLAINTEXT


def test_white_space_around_armor(tmp_path: Path, age_key: AgeKey) -> None:
    path = tmp_path / "made.age"
    made = subprocess.run(
        ["age", "-a", "-r", age_key[1]], input=PLAINTEXT, stdout=subprocess.PIPE, check=True
    ).stdout
    path.write_bytes(b"\n \r\n\n" + made + b"\t\n\n")
    assert decrypt(path, age_key[0]) == PLAINTEXT


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
def test_age_program(armored: bool, tmp_path: Path, age_key: AgeKey, secret: Secret) -> None:
    other = tmp_path / "other.txt"
    other.write_text(new_identity()[0])
    file = secret(age_key[1])
    file.write_bytes(encrypt(PLAINTEXT, [age_key[1]], armored=armored))
    assert decrypt(file, other, age_key[0], program="age") == PLAINTEXT


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
        (b"hello\n", "line 1: this is not an identity"),
        (b"# c\nage1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq", "a public key"),
        (b"AGE-SECRET-KEY-1QQQ", "line 1: this is a damaged identity"),
        (b"AGE-PLUGIN-1QQQ", "line 1: this is a damaged identity"),
        (b"\xff\xfe\x00", "line 1: this is not an identity"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "not an SSH key that age can use"),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
            "not an SSH key that",
        ),
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
    with pytest.raises(DecryptionError, match="encrypted to a key, not with a passphrase"):
        decrypt(secret(age_key[1]), secret(age_key[1], name="other.age"))


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


def test_a_post_quantum_identity_is_tried_with_the_programs_there_are(tmp_path: Path) -> None:
    path = tmp_path / "pq.txt"
    if age_is_new():
        subprocess.run(["age-keygen", "-pq", "-o", path], capture_output=True, check=True)
        shown = subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True)
        file = encrypt(PLAINTEXT, [shown.stdout.decode().strip()], program="age")
    else:
        path.write_text("AGE-SECRET-KEY-PQ-1QQQ\n")
        classic = encrypt(PLAINTEXT, [new_identity()[1]])
        stanza = f"-> mlkem768x25519 {text64(b'k' * 1120)}\n".encode()
        file = re.sub(rb"-> X25519 .*\n", stanza, classic, count=1)
    files = given(path).files
    keychain = Keychain(files, others=lambda: ["no-such-age", shutil.which("age") or ""])
    if age_is_new():
        assert keychain.decrypt("x", file) == PLAINTEXT
    for one in [Keychain(files), *([] if age_is_new() else [keychain])]:
        with pytest.raises(DecryptionError, match="on PATH or with --age PROGRAM"):
            one.decrypt("x", file)


def test_an_rsa_key_that_rage_finds_too_long_is_used_with_age(tmp_path: Path) -> None:
    key = tmp_path / "id_rsa"
    make = ["ssh-keygen", "-q", "-t", "rsa", "-b", "4104", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    recipient = public(key)

    said = cannot_encrypt_to(recipient) or ""
    assert "rage takes RSA keys of 4096 bits at most" in said
    assert not may_ask(recipient)
    assert choose_program([recipient], ["no-such-age", "age"]) == "age"
    file = encrypt(PLAINTEXT, [recipient], program="age")

    files = given(key).files
    with pytest.raises(DecryptionError, match="RSA keys of more than 4096 bits need age"):
        Keychain(files).decrypt("x", file)
    assert Keychain(files, others=lambda: ["age"]).decrypt("x", file) == PLAINTEXT
    assert Keychain(files, "age").decrypt("x", file) == PLAINTEXT


@per_hundred(40)
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


def test_without_nameless_memory_a_pipe_will_do(
    age_key: AgeKey, secret: Secret, ssh_key: MakeSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    monkeypatch.delattr(os, "memfd_create")
    content = age_key[0].read_bytes()
    file = secret(age_key[1]).read_bytes()
    identity = IdentityFile(path="k", origin="masterIdentities", content=content)
    assert Keychain([identity], "age").decrypt("x", file) == PLAINTEXT
    long = IdentityFile(path="k", origin="masterIdentities", content=b"#" * 5000 + b"\n" + content)
    with pytest.raises(DecryptionError, match="k cannot be given to an age program"):
        Keychain([long], "age").decrypt("x", file)
    key = ssh_key("rsa", "PKCS8")
    with pytest.raises(
        DecryptionError, match="only an age program can ask for its passphrase: --age age"
    ):
        decrypt(secret(public(key)), key)


@pytest.mark.parametrize("script", ["cat", "cat >/dev/null; echo a text of another length", "true"])
def test_program_that_gives_something_else(
    script: str, tmp_path: Path, age_key: AgeKey, secret: Secret
) -> None:
    program = tmp_path / "my-age"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(DecryptionError) as caught:
        decrypt(secret(age_key[1]), age_key[0], program=str(program))
    assert str(caught.value) == "secret.age: the decryption gave a text of another length"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("printf '\\033[2Jtoo old\\n' >&2; exit 1", ": ?[2Jtoo old"),
        ('age "$@" <$0.in >&2; age "$@" <$0.in; exit 1', ""),
        ("exit 1", ""),
    ],
)
def test_what_a_program_says_is_said_without_what_it_decrypted(
    script: str,
    why: str,
    tmp_path: Path,
    age_key: AgeKey,
    secret: Secret,
    capfd: pytest.CaptureFixture[str],
) -> None:
    program = tmp_path / "my-age"
    program.write_text(f"#!/bin/sh\ncat >$0.in\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(DecryptionError) as caught:
        decrypt(secret(age_key[1]), age_key[0], program=str(program))
    assert str(caught.value) == (
        f"secret.age: {program} cannot decrypt this with {age_key[0]} (from -i){why}. "
        "Give the right identity with -i FILE"
    )
    assert capfd.readouterr().err == ""


def test_no_error_holds_the_plaintext(age_key: AgeKey, secret: Secret) -> None:
    """Nor does anything that hangs on it: the last chunk fails after the first was decrypted."""
    file = secret(age_key[1])
    ciphertext = bytearray(encrypt(PLAINTEXT * 3000, [age_key[1]]))
    ciphertext[-1] ^= 1
    file.write_bytes(ciphertext)
    with pytest.raises(DecryptionError) as caught:
        decrypt(file, age_key[0])
    chain: BaseException | None = caught.value
    while chain is not None:
        assert PLAINTEXT.strip() not in repr((chain, chain.args, vars(chain))).encode()
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
