"""Encrypting with pyrage: plaintexts live in memory only."""

from collections.abc import Iterable

from agenix_check.errors import AgenixCheckError


class EncryptionError(AgenixCheckError):
    """A plaintext could not be encrypted; the text names the recipient's kind, never content."""


def encrypt(plaintext: bytes, recipients: Iterable[str], *, armored: bool = False) -> bytes:
    """Return an age file for recipients given as texts: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`.

    Raises `EncryptionError` where pyrage cannot encrypt to one of them.
    """
    import pyrage

    try:
        parsed = [
            pyrage.ssh.Recipient.from_str(text.strip())
            if text.startswith("ssh-")
            else pyrage.x25519.Recipient.from_str(text.strip())
            for text in recipients
        ]
    except pyrage.RecipientError as error:
        raise EncryptionError(f"cannot encrypt to a recipient: {error}") from error
    return pyrage.encrypt(plaintext, parsed, armored=armored)


def new_identity() -> tuple[str, str]:
    """Return a new X25519 identity and its recipient, as texts."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())
