"""Passphrases, asked for at a real terminal; without one a run ends at once."""

import os
import signal
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agenix_check.keys.encrypt import new_identity
from agenix_check.keys.ssh_private_keys import _ssh_keygen
from tests.keys.conftest import MakeSsh, public
from tests.keys.terminals import decrypting, run_at, run_without
from tests.keys.texts import HASH, LOCKED, LOCKED_FOR, PASSPHRASE, PLAINTEXT

Secret = Callable[..., Path]
AgeKey = tuple[Path, str]


class Locked(NamedTuple):
    """One identity in files with a passphrase, and its recipient."""

    binary: Path
    armored: Path
    recipient: str


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    content = b64decode(LOCKED)
    lines = subprocess.run(
        ["base64", "-w", "64"], input=content, stdout=subprocess.PIPE, check=True
    ).stdout
    begin, end = b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----END AGE ENCRYPTED FILE-----\n"
    directory = tmp_path_factory.mktemp("locked")
    made = Locked(directory / "locked.age", directory / "armored.age", LOCKED_FOR)
    made.binary.write_bytes(content)
    made.armored.write_bytes(b"\n \n" + begin + lines + end + b"\n")
    return made


@pytest.mark.parametrize("armored", [False, True])
def test_passphrase_is_asked_for_once(armored: bool, locked: Locked, secret: Secret) -> None:
    path = locked.armored if armored else locked.binary
    files = [secret(locked.recipient, name=f"{number}.age") for number in range(3)]
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


def test_wrong_passphrase_is_asked_for_again(locked: Locked, secret: Secret) -> None:
    path = locked.binary
    ended = run_at(
        decrypting("-i", path, secret(locked.recipient)),
        [("Passphrase for", "wrong\n"), ("Passphrase for", PASSPHRASE + "\n")],
    )
    assert ended.stdout == HASH
    assert b"This was not the passphrase." in ended.terminal


def test_three_wrong_passphrases_end_it_for_the_run(locked: Locked, secret: Secret) -> None:
    path = locked.binary
    file = secret(locked.recipient)
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


def test_of_two_locked_keys_the_one_that_fits_for_certain_is_asked_for(
    locked: Locked, ssh_key: MakeSsh, secret: Secret
) -> None:
    key = ssh_key("ed25519", "", PASSPHRASE)
    file = secret(new_identity()[1], public(key))
    ended = run_at(
        decrypting("-i", locked.binary, "-i", key, file), [("passphrase:", PASSPHRASE + "\n")]
    )
    assert (ended.status, ended.stdout, ended.stderr) == (0, HASH, b"")
    assert b"Passphrase for" not in ended.terminal


def test_open_keys_come_before_questions(locked: Locked, age_key: AgeKey, secret: Secret) -> None:
    path = locked.binary
    ended = run_without(decrypting("-i", path, "-i", age_key[0], secret(age_key[1])))
    assert (ended.stdout, ended.stderr) == (HASH, b"")


@pytest.mark.parametrize("kind", ["age", "ssh"])
def test_without_a_terminal_it_ends_at_once(
    kind: str, locked: Locked, ssh_key: MakeSsh, secret: Secret
) -> None:
    if kind == "age":
        path, recipient = locked.binary, locked.recipient
    else:
        path = ssh_key("ed25519", "", PASSPHRASE)
        recipient = public(path)
    ended = run_without(decrypting("-i", path, secret(recipient)))
    assert ended.stdout == b""
    assert ended.stderr.decode() == (
        f"error: secret.age: {path} (from -i) must ask for a passphrase, a PIN or the like, and "
        f"there is no terminal to ask on: type `agenix-check --fix -i {path}` in a terminal\n"
    )


@pytest.mark.parametrize("program", [[], ["--age", "age"]])
def test_an_interrupt_at_the_question_ends_it(
    program: list[str], locked: Locked, secret: Secret
) -> None:
    ended = run_at(
        decrypting(*program, "-i", locked.binary, secret(locked.recipient)),
        [("assphrase", "abc\x03")],
    )
    assert (ended.status, ended.stdout, ended.stderr) == (130, b"", b"")
    assert ended.echo


def test_an_interrupt_at_the_question_of_ssh_keygen_ends_it(
    ssh_key: MakeSsh, secret: Secret
) -> None:
    key = ssh_key("ed25519", "", PASSPHRASE)
    ended = run_at(decrypting("-i", key, secret(public(key))), [("passphrase:", "abc\x03")])
    assert (ended.status, ended.stdout, ended.stderr) == (130, b"", b"")
    assert ended.echo


def test_an_interrupt_while_ssh_keygen_is_started_leaves_nothing_behind(
    ssh_key: MakeSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    key = Path(ssh_key("ed25519", "", PASSPHRASE))
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with key.open("rb") as file, pytest.raises(KeyboardInterrupt):
        _ssh_keygen(str(key), file.fileno(), asks=False)
    assert [one.returncode is None for one in started] == [False]
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_an_interrupt_that_ssh_keygen_misses_ends_it(
    tmp_path: Path, ssh_key: MakeSsh, secret: Secret
) -> None:
    deaf = tmp_path / "deaf" / "ssh-keygen"
    deaf.parent.mkdir()
    deaf.write_text(
        "#!/bin/sh\ntrap '' INT\nexec </dev/tty\nstty -echo\n"
        "printf 'Enter old passphrase: ' >/dev/tty\nread -r answer\n"
    )
    deaf.chmod(0o755)
    key = ssh_key("ed25519", "", PASSPHRASE)
    ended = run_at(
        decrypting("-i", key, secret(public(key))),
        [("passphrase:", "abc\x03")],
        {"PATH": f"{deaf.parent}:{os.environ['PATH']}"},
    )
    assert (ended.status, ended.stdout, ended.stderr) == (130, b"", b"")
    assert ended.echo


def test_the_end_of_input_is_no_passphrase(locked: Locked, secret: Secret) -> None:
    path = locked.binary
    ended = run_at(decrypting("-i", path, secret(locked.recipient)), [("Passphrase for", "\x04")])
    assert b"its passphrase was not given" in ended.stderr


def test_age_program_asks_at_the_terminal(locked: Locked, secret: Secret) -> None:
    path = locked.binary
    command = decrypting("--age", "age", "-i", path, secret(locked.recipient))
    ended = run_at(command, [("Enter passphrase", PASSPHRASE + "\n")])
    assert (ended.status, ended.stdout) == (0, HASH)
    ended = run_without(command)
    assert ended.stdout == b""
    assert b"secret.age: age cannot decrypt this with " in ended.stderr


def test_damaged_source_asks_nobody(locked: Locked, secret: Secret) -> None:
    path = locked.binary
    file = secret(locked.recipient)
    whole = file.read_bytes()
    for content in (b"", b"plain text", whole[:60], whole[: -len(PLAINTEXT) - 1]):
        file.write_bytes(content)
        ended = run_without(decrypting("-i", path, file))
        assert b"secret.age: this is" in ended.stderr
        assert b"damaged" in ended.stderr
