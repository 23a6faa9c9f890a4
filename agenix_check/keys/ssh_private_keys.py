"""SSH private keys: their public half, which needs no passphrase, and unlocking them.

The format: PROTOCOL.key of OpenSSH. Unlocking is left to ssh-keygen, which asks for the passphrase
itself; the unlocked key is written to memory that has no name in any file system.
"""

import os
import signal
import subprocess
import threading
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable

from agenix_check.age import Recipient, RecipientError, parse_recipient
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.program import clean_environment, lent_terminal
from agenix_check.keys.prompts import Terminal

_BEGIN = b"-----BEGIN "
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PKCS8 = b"-----BEGIN PRIVATE KEY-----"
_PKCS1 = b"-----BEGIN RSA PRIVATE KEY-----"
_RSA = bytes.fromhex("06092a864886f70d010101")  # rsaEncryption, as DER has its identifier
_MAGIC = b"openssh-key-v1\0"
TRIES = 3  # with a passphrase


def looks_like_ssh(content: bytes) -> bool:
    """Return whether a file is a private key in OpenSSH's form or in PEM."""
    head = content.lstrip()[:64].split(b"\n")[0]
    return head.startswith(_BEGIN) and b"PRIVATE KEY" in head


def public_half(content: bytes) -> Recipient | None:
    """Return the public key of a private key in OpenSSH's form, or of one for RSA; else None.

    RSA keys are in PKCS #1 or PKCS #8, without a passphrase.

    Raises DecryptionError for a type of key that age cannot use.
    """
    fields = _openssh_fields(content)
    wire = fields[1] if fields is not None else _rsa_wire(content)
    if wire is None:
        return None
    kind = wire[4 : 4 + int.from_bytes(wire[:4], "big")]
    text = f"{kind.decode('latin-1')} {b64encode(wire).decode('ascii')}"
    try:
        return parse_recipient(text)
    except RecipientError as error:
        raise DecryptionError(str(error)) from None


def must_be_read_by_ssh(content: bytes) -> bool:
    """Return whether only ssh-keygen can read a key: it has a passphrase, or is in PKCS #8."""
    return has_passphrase(content) or content.lstrip().startswith(_PKCS8)


def has_passphrase(content: bytes) -> bool:
    """Return whether a private key is protected by a passphrase."""
    fields = _openssh_fields(content)
    if fields is not None:
        return fields[0] != b"none"
    return any(b"ENCRYPTED" in line for line in content.lstrip().splitlines()[:2])


def unlock(content: bytes, path: str, terminal: Terminal) -> bytes:
    """Return a key in OpenSSH's form, without its passphrase; ssh-keygen asks on the terminal.

    Raises DecryptionError, the end of a sentence, where that fails.
    """
    if not hasattr(os, "memfd_create"):
        raise DecryptionError("only an age program can ask for its passphrase: --age age")
    asks = has_passphrase(content)
    for _ in range(TRIES if asks else 1):
        if asks:
            terminal.say(f"{path}: an SSH key with a passphrase")
        unlocked = _without_passphrase(content, asks=asks)
        if unlocked is not None:
            return unlocked
        terminal.say("This was not the passphrase.")
    raise DecryptionError("the passphrase was wrong")


def _without_passphrase(content: bytes, *, asks: bool) -> bytes | None:
    """Return what ssh-keygen makes of the key, or None if the passphrase was wrong."""
    memory = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.fchmod(memory, 0o600)  # ssh-keygen refuses keys that others may read
        with os.fdopen(os.dup(memory), "r+b") as file:
            file.write(content)
            file.flush()
            status, complaint = _ssh_keygen(f"/proc/self/fd/{memory}", memory, asks=asks)
            file.seek(0)
            changed = file.read()
    finally:
        os.close(memory)
    if status == 0:
        return changed
    if b"passphrase" in complaint:
        return None
    raise DecryptionError("ssh-keygen cannot read this key")


def _ssh_keygen(path: str, descriptor: int, *, asks: bool) -> tuple[int, bytes]:
    with lent_terminal() as terminal:
        if asks and terminal is None:
            raise DecryptionError("there is no terminal to ask for its passphrase on")
        go_on = _let_interrupts_wait()
        try:
            with subprocess.Popen(
                ["ssh-keygen", "-q", "-p", "-N", "", "-f", path],
                stdin=terminal if asks else subprocess.DEVNULL,  # it asks only where this is one
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**clean_environment(), "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"},
                pass_fds=[descriptor],
            ) as process:
                try:
                    go_on()
                    _, complaint = process.communicate()
                except KeyboardInterrupt:
                    _end(process)
                    raise
        except OSError:
            raise DecryptionError("ssh-keygen, which reads such keys, was not found") from None
        finally:
            go_on()
    return process.returncode, complaint


def _let_interrupts_wait() -> Callable[[], None]:
    """Let interrupts wait; return what ends the waiting, and raises the one that came meanwhile.

    One that comes while a process is started would leave it running, and at the terminal.
    """
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or before != signal.default_int_handler:
        return lambda: None
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))

    def go_on() -> None:
        signal.signal(signal.SIGINT, before)
        if came:
            came.clear()
            raise KeyboardInterrupt

    return go_on


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait until an interrupted ssh-keygen has given the terminal back.

    It misses an interrupt that comes after its question and before it reads the answer, and
    then waits for ever: so it is also asked to end, again and again for five seconds.
    """
    for _ in range(20):
        try:
            process.wait(0.25)
        except subprocess.TimeoutExpired:
            process.terminate()
        else:
            return
    process.kill()


def _openssh_fields(content: bytes) -> tuple[bytes, bytes] | None:
    """Return the cipher's name and the public key of a key in OpenSSH's form."""
    lines = content.strip().splitlines()
    if not lines or lines[0].strip() != _OPENSSH:
        return None
    try:
        raw = b64decode(b"".join(lines[1:-1]))
    except (Error, ValueError):
        return None
    if not raw.startswith(_MAGIC):
        return None
    rest = raw[len(_MAGIC) :]
    cipher, rest = _string(rest)
    _, rest = _string(rest)
    _, rest = _string(rest)
    wire, _ = _string(rest[4:])  # after the number of keys, which is always one
    return cipher, wire


def _rsa_wire(content: bytes) -> bytes | None:
    """Return the public key of an RSA key in PEM without a passphrase, as SSH writes it."""
    lines = content.strip().splitlines()
    form = lines[0].strip() if lines else b""
    if form not in (_PKCS1, _PKCS8) or has_passphrase(content):
        return None
    try:
        sequence, _ = _der(b64decode(b"".join(lines[1:-1])))
        if form == _PKCS8:
            _, rest = _der(sequence)  # the version
            algorithm, rest = _der(rest)
            if not algorithm.startswith(_RSA):
                return None
            octets, _ = _der(rest)
            sequence, _ = _der(octets)
        _, rest = _der(sequence)  # the version
        modulus, rest = _der(rest)
        exponent, _ = _der(rest)
    except (Error, ValueError):
        return None
    fields = (b"ssh-rsa", exponent, modulus)
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def _der(data: bytes) -> tuple[bytes, bytes]:
    """Return the content of the first element of DER, and what follows it."""
    if len(data) < 2:
        raise ValueError("ends early")
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        raise ValueError("ends early")
    return data[start : start + size], data[start + size :]


def _string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    return data[4 : 4 + size], data[4 + size :]
