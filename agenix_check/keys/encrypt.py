"""Encrypting to all recipients of a file at once: plaintexts live in memory only."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from agenix_check.age import AgeFormatError, Match, Recipient, match, read_age
from agenix_check.keys.errors import EncryptionError
from agenix_check.keys.program import ProgramError, plugin_environment, run_encrypt
from agenix_check.keys.prompts import PluginPrompts, Terminal, aborts_as_interrupts, printable
from agenix_check.keys.recipients import (
    by_plugin,
    complaint,
    distinct,
    missing,
    native,
    plugin_name,
    read_recipient,
    short,
)

if TYPE_CHECKING:
    from pyrage import _Recipient

__all__ = [
    "EncryptionError",
    "can_encrypt_to",
    "can_encrypt_to_all",
    "encrypt",
    "may_ask",
    "new_identity",
]


def encrypt(
    plaintext: bytes,
    recipients: Iterable[str],
    *,
    armored: bool = False,
    program: str | None = None,
) -> bytes:
    """Return an age file for recipients given as texts, each written once.

    pyrage encrypts, with plugins that are on PATH; where it cannot, the age program `program` does.
    Raises EncryptionError where neither can, or where the result is not what was asked for.
    """
    wanted = distinct(list(recipients))
    if not wanted:
        raise EncryptionError("cannot encrypt: there is no recipient")
    foreign = [one for one in wanted if native(one) is None and not by_plugin(one)]
    if not foreign:
        result = _with_pyrage(plaintext, wanted, armored=armored)
    elif program is None:
        raise EncryptionError(missing(foreign[0]))
    else:
        try:
            result = run_encrypt(program, plaintext, [one.text for one in wanted], armored=armored)
        except ProgramError as error:
            whom = ", ".join(map(short, foreign))
            raise EncryptionError(f"cannot encrypt to {whom} with {program}: {error}") from None
    _check(result, wanted, len(plaintext), armored=armored)
    return result


def can_encrypt_to(recipient_text: str, program: str | None = None) -> str | None:
    """Return why `encrypt` could not encrypt to a recipient, or None where it can."""
    try:
        return complaint(read_recipient(recipient_text), program)
    except EncryptionError as error:
        return str(error)


def can_encrypt_to_all(recipients: Iterable[str], program: str | None = None) -> str | None:
    """Return why `encrypt` could not encrypt one file to all of these recipients, or None.

    There are recipients that each work and do not go together: age does not put post-quantum ones
    beside others. It is tried with nothing as the plaintext, where there is more than one.
    """
    texts = list(recipients)
    for text in texts:
        refusal = can_encrypt_to(text, program)
        if refusal is not None:
            return refusal
    if len(texts) > 1:
        try:
            encrypt(b"", texts, program=program)
        except EncryptionError as error:
            return str(error)
    return None


def may_ask(recipient_text: str) -> bool:
    """Tell whether encrypting to this recipient is a plugin's work, or a program's."""
    return native(read_recipient(recipient_text)) is None


def new_identity() -> tuple[str, str]:
    """Return a new X25519 identity and its recipient, as texts."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _with_pyrage(plaintext: bytes, wanted: Sequence[Recipient], *, armored: bool) -> bytes:
    import pyrage

    parsed: list[_Recipient] = []
    plugins: dict[str, list[str]] = {}
    for recipient in wanted:
        known = native(recipient)
        if known is not None:
            parsed.append(known)
        else:
            plugins.setdefault(plugin_name(recipient), []).append(recipient.text)
    prompts = [PluginPrompts(f"age-plugin-{name}", Terminal()) for name in plugins]
    try:
        for asks, (name, texts) in zip(prompts, plugins.items(), strict=True):
            keys = [pyrage.plugin.Recipient.from_str(text) for text in texts]
            parsed.append(pyrage.plugin.RecipientPluginV1(name, keys, [], asks))
        with aborts_as_interrupts(), plugin_environment() if plugins else nullcontext():
            result = pyrage.encrypt(plaintext, parsed, armored=armored)
    except (pyrage.EncryptError, pyrage.RecipientError) as error:
        failure: str | None = printable(" ".join(str(error).split()))
    else:
        failure = None
    for asks in prompts:
        if asks.raised is not None:
            raise asks.raised from None
    if failure is not None:
        names = "".join(f" with age-plugin-{name}" for name in plugins)
        raise EncryptionError(f"cannot encrypt{names}: {failure}")
    return result


def _check(data: bytes, wanted: Sequence[Recipient], size: int, *, armored: bool) -> None:
    """Refuse a result that is not one stanza a recipient and a payload of the right length."""
    try:
        file = read_age(data)
    except AgeFormatError as error:
        raise EncryptionError(f"the encryption gave no age file: {error}") from None
    stanzas = file.real_stanzas
    if len(stanzas) != len(wanted):
        count = f"{len(stanzas)} stanzas for {len(wanted)} recipients"
        raise EncryptionError(f"the encryption gave {count}: it is not used")
    for recipient in wanted:
        if all(match(stanza, recipient) is Match.NO for stanza in stanzas):
            raise EncryptionError(f"the encryption left out {short(recipient)}: it is not used")
    if file.plaintext_size != size or file.armored != armored:
        raise EncryptionError("the encryption gave a file of another length or form: not used")
