"""What age and rage themselves take, where versions and programs differ, and what we make of it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.age import (
    AgeFormatError,
    Match,
    RecipientError,
    match,
    parse_configured,
    parse_recipient,
    read_age,
    render_header,
)
from agenix_check.keys.encrypt import cannot_encrypt_to, cannot_encrypt_to_all, encrypt
from tests.age.strategies import text64
from tests.age.test_configured_keys import TEXTS
from tests.keys.test_encryption import PQ
from tests.programs import PLAINTEXT, age_is_new, encrypted, opens, rage_is_here

RSA_1024 = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCnubmBtfHebpxMJXHqB9/WsLgpHsxwxgqMtijY/Hs+s1gSDvky5id3Q"
    "LaHFXbXIgdR9AbdtswpZXOCXmEmwPbSkJlNP1valqetz5kU6lSb34d/rIdHGP7weHU63Zpc0VHlPOS0qlfkvxYlC+Eojo"
    "ZSVWfx+VmIhL3kkwJ6r+oxlQ== small"
)


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """Return a file with a private key, and its public key."""
    return _new_key(tmp_path / "key.txt")


def _new_key(path: Path, *options: str) -> tuple[Path, str]:
    subprocess.run(["age-keygen", *options, "-o", str(path)], capture_output=True, check=True)
    shown = subprocess.run(["age-keygen", "-y", str(path)], capture_output=True, check=True)
    return path, shown.stdout.decode().strip()


def _made(program: str, *recipients: str, options: tuple[str, ...] = ()) -> bytes:
    file = encrypted(program, *recipients, options=options)
    assert file is not None
    return file


def _reads(file: bytes) -> bool:
    try:
        return read_age(file).plaintext_size == len(PLAINTEXT)
    except AgeFormatError:
        return False


def test_a_recipient_given_twice_has_two_stanzas(key: tuple[Path, str]) -> None:
    for program in ("age", "rage") if rage_is_here() else ("age",):
        file = _made(program, key[1], key[1])
        stanzas = read_age(file).real_stanzas
        assert [match(one, parse_recipient(key[1])) for one in stanzas] == [Match.UNKNOWN] * 2
        assert opens("age", file, key[0])
        assert opens("rage", file, key[0])


@pytest.mark.parametrize("number", [1024, 1025])
def test_more_stanzas_than_age_takes_are_refused(number: int, key: tuple[Path, str]) -> None:
    file = _made("age", *[key[1]] * number)
    # rage has no bound, and needs a time that grows with the square of their number.
    assert number <= 1024 or opens("rage", file, key[0])
    # age has this bound since 1.3; what a newer one refuses, we refuse.
    assert opens("age", file, key[0]) is (number <= 1024 or not age_is_new())
    if number <= 1024:
        assert len(read_age(file).real_stanzas) == number
        return
    with pytest.raises(AgeFormatError, match="over 1,024 stanzas: age refuses to open the file"):
        read_age(file)


# How an armored file is changed; whether age opens it then, and whether rage does.
_Form = tuple[Callable[[bytes], bytes], bool, bool]
_FORMS: dict[str, _Form] = {
    "as it was written": (lambda text: text, True, True),
    "blank lines before": (lambda text: b"\n\n" + text, True, False),
    "a line of blanks before": (lambda text: b"  \n" + text, True, False),
    "blanks in its first line": (lambda text: b"  " + text, False, False),
    "blank lines after": (lambda text: text + b"\n \n\t\n", True, True),
    "CR LF": (lambda text: text.replace(b"\n", b"\r\n"), True, True),
    "CR LF in one line": (lambda text: text.replace(b"\n", b"\r\n", 1), True, True),
    "no newline at its end": (lambda text: text.rstrip(), True, True),
    "a blank at the end of each line": (lambda text: text.replace(b"\n", b" \n"), False, False),
    "text before": (lambda text: b"text\n" + text, False, False),
    "text after": (lambda text: text + b"text\n", False, False),
}


@pytest.mark.parametrize("name", _FORMS)
def test_armor_is_read_where_age_reads_it(name: str, key: tuple[Path, str]) -> None:
    change, age_takes, rage_takes = _FORMS[name]
    file = change(_made("age", key[1], options=("-a",)))
    newly_taken = age_takes and not rage_takes
    assert opens("age", file, key[0]) is (age_takes and (age_is_new() or not newly_taken))
    assert opens("rage", file, key[0]) is rage_takes
    assert _reads(file) is age_takes
    if age_takes:
        assert read_age(file).blank_before is not rage_takes


def test_an_old_rage_is_named(key: tuple[Path, str]) -> None:
    head, _, payload = _made("age", key[1]).partition(b"\n--- ")
    first, stanza, _ = head.split(b"\n")
    # A body of 48 bytes fills one line, and that was all that rage wrote before 0.6.
    old = b"\n".join([first, stanza, b"A" * 64, b"-> x\n"]) + b"\n--- " + payload
    with pytest.raises(AgeFormatError, match=r"made by an old rage \(before 0\.6\), and age refus"):
        read_age(old.replace(stanza, b"-> other"))
    assert not opens("age", old.replace(stanza, b"-> other"), key[0])


def test_post_quantum_keys(tmp_path: Path, key: tuple[Path, str]) -> None:
    if not age_is_new():
        assert encrypted("age", PQ) is None
        assert "(it needs age 1.3 or newer)" in (cannot_encrypt_to(PQ, "age") or "")
        return
    path, recipient = _new_key(tmp_path / "post-quantum.txt", "-pq")
    files = [encrypt(PLAINTEXT, [recipient], program="age")]
    if rage_is_here() and shutil.which("age-plugin-pq") is not None:
        files += [
            _made("rage", recipient), encrypt(PLAINTEXT, [recipient], program="rage"),
        ]  # fmt: skip
    for file in files:
        (stanza,) = read_age(file).real_stanzas
        assert match(stanza, parse_recipient(recipient)) is Match.UNKNOWN
        assert opens("age", file, path)
    # Their stanzas are long; age bounds the number alone.
    for number in (60, 1024):
        listed = tmp_path / "recipients"
        listed.write_text(f"{recipient}\n" * number)
        file = _made("age", options=("-R", str(listed)))
        assert len(file) > 1500 * number
        assert opens("age", file, path)
        assert len(read_age(file).real_stanzas) == number


def test_nobody_mixes_post_quantum_recipients_with_others(key: tuple[Path, str]) -> None:
    both = [PQ, key[1]]
    assert encrypted("age", *both) is None
    if rage_is_here():
        assert encrypted("rage", *both) is None
    for program in (None, "age", "rage"):
        said = cannot_encrypt_to_all(both, program)
        assert said == "age and rage encrypt no file to post-quantum keys and others together"


def test_a_file_for_post_quantum_and_other_keys_is_read(key: tuple[Path, str]) -> None:
    # As typage writes it.
    file = _made("age", key[1])
    (classic,) = read_age(file).real_stanzas
    hybrid = classic.__class__(
        type="mlkem768x25519", args=(text64(b"k" * 1120),), body=classic.body
    )
    payload = file[read_age(file).header_size :]
    both = render_header([hybrid, classic], read_age(file).mac) + payload
    assert [one.type for one in read_age(both).real_stanzas] == ["mlkem768x25519", "X25519"]
    assert _reads(both)


@pytest.mark.parametrize("unusable", [TEXTS["ecdsa"], RSA_1024], ids=["ecdsa", "rsa 1024"])
def test_a_key_that_age_skips_in_a_list_is_no_recipient(
    unusable: str, key: tuple[Path, str], tmp_path: Path
) -> None:
    listed = tmp_path / "recipients"
    listed.write_text(f"{key[1]}\n{unusable}\n")
    file = encrypted("age", options=("-R", str(listed)))
    if age_is_new():
        assert file is not None
        assert len(read_age(file).real_stanzas) == 1
    if rage_is_here():
        assert encrypted("rage", options=("-R", str(listed))) is None
    # As agenix-rekey hands a host's key over, neither takes it.
    assert encrypted("age", unusable) is None
    with pytest.raises(RecipientError, match=r"cannot encrypt to|has 1024 bits"):
        parse_configured(unusable)
