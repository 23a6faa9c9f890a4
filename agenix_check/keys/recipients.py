"""Recipients as pyrage takes them, and why it cannot take some."""

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from agenix_check.age import Recipient, RecipientError, parse_recipient
from agenix_check.keys.errors import EncryptionError
from agenix_check.keys.program import ProgramError, plugin_program, run_encrypt

if TYPE_CHECKING:
    from pyrage import _Recipient

_SSH = ("ssh-ed25519", "ssh-rsa")


@lru_cache(maxsize=4096)
def read_recipient(text: str) -> Recipient:
    """Return the recipient in a text; raises EncryptionError for what is none."""
    try:
        return parse_recipient(text)
    except RecipientError as error:
        raise EncryptionError(f"cannot encrypt: {error}") from None


def plugin_name(recipient: Recipient) -> str:
    """Return the name of the plugin that a recipient is for, by its text `age1NAME1…`."""
    return recipient.text.rpartition("1")[0].removeprefix("age1")


def short(recipient: Recipient) -> str:
    """Return a recipient's text, cut where it is too long for a line."""
    text = recipient.text
    return text if len(text) <= 100 else f"{text[:40]}...{text[-10:]}"


@lru_cache(maxsize=4096)
def native(recipient: Recipient) -> "_Recipient | None":
    """Return the recipient as pyrage's own, or None where it needs a plugin or another program.

    Raises EncryptionError for a key that is no point of its curve.
    """
    import pyrage

    text = recipient.text
    try:
        if recipient.kind in _SSH:
            return pyrage.ssh.Recipient.from_str(text)
        if recipient.kind == "X25519":
            return pyrage.x25519.Recipient.from_str(text)
        if recipient.kind == "p256tag" and hasattr(pyrage, "tag"):  # since pyrage 1.4
            return pyrage.tag.Recipient.from_str(text)
        if recipient.kind == "mlkem768p256tag" and hasattr(pyrage, "tagpq"):
            return pyrage.tagpq.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise EncryptionError(f"cannot encrypt to {short(recipient)}: {error}") from None
    return None


def by_plugin(recipient: Recipient) -> bool:
    """Return whether a plugin for this recipient is on PATH."""
    name = plugin_name(recipient)
    return name not in ("", "pq") and plugin_program(name) is not None


def missing(recipient: Recipient) -> str:
    """Say what is missing to encrypt to a recipient that pyrage does not know."""
    if recipient.kind == "mlkem768x25519":
        need = "an age program that knows post-quantum keys (age 1.3 or newer): give it with --age"
    else:
        program = f"age-plugin-{plugin_name(recipient)}"
        need = f"{program} on PATH, or an age program that knows this kind of key: --age PROGRAM"
    return f"cannot encrypt to {short(recipient)}: this needs {need}"


def complaint(recipient: Recipient, program: str | None) -> str | None:
    """Return why this recipient cannot be encrypted to, or None.

    A program that must do it is asked to encrypt nothing, so that its answer is a true one.
    """
    try:
        if native(recipient) is not None or by_plugin(recipient):
            return None
    except EncryptionError as error:
        return str(error)
    if program is None:
        return missing(recipient)
    refusal = _refusal(recipient, program, os.environ.get("PATH", ""))
    return None if refusal is None else f"cannot encrypt to {short(recipient)} {refusal}"


@lru_cache(maxsize=4096)
def _refusal(recipient: Recipient, program: str, _path: str) -> str | None:
    try:
        run_encrypt(program, b"", [recipient.text], armored=False)
    except ProgramError as error:
        newer = " (it needs age 1.3 or newer)" if recipient.kind == "mlkem768x25519" else ""
        return f"with {program}: {error}{newer}"
    return None


def distinct(texts: Sequence[str]) -> list[Recipient]:
    """Return the recipients in the texts, each once."""
    return list({one.text: one for one in map(read_recipient, texts)}.values())
