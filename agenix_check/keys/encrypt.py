"""Encrypting to all recipients of a file at once: plaintexts live in memory only."""

import os
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING

from agenix_check.age import (
    PLUGIN,
    RECIPIENT_KINDS,
    SSH_KINDS,
    AgeFormatError,
    Match,
    Recipient,
    RecipientError,
    is_too_long_for_rage,
    match,
    mixes_post_quantum,
    parse_recipient,
    read_age,
)
from agenix_check.keys.errors import EncryptionError
from agenix_check.keys.program import (
    ProgramError,
    plugin_environment,
    plugin_program,
    run_encrypt,
)
from agenix_check.keys.prompts import PluginPrompts, Terminal, aborts_as_interrupts, printable

if TYPE_CHECKING:
    from pyrage import _Recipient


def encrypt(
    plaintext: bytes,
    recipients: Iterable[str],
    *,
    armored: bool = False,
    program: str | None = None,
) -> bytes:
    """Return an age file for the given recipient texts; repeated ones count once.

    pyrage encrypts, with the plugins on PATH; where it cannot, the age program `program` does.
    Raises EncryptionError where neither can, or where the result has not exactly one stanza for
    each recipient and the plaintext's length.
    """
    wanted = _distinct(recipients)
    if not wanted:
        raise EncryptionError("cannot encrypt: there is no recipient")
    foreign = [one for one in wanted if _is_foreign(one)]
    if not foreign:
        result = _with_pyrage(plaintext, wanted, armored=armored)
    elif program is None:
        raise EncryptionError(_what_is_missing(foreign[0]))
    else:
        try:
            result = run_encrypt(program, plaintext, [one.text for one in wanted], armored=armored)
        except ProgramError as error:
            whom = ", ".join(map(_shortened, foreign))
            raise EncryptionError(f"cannot encrypt to {whom} with {program}: {error}") from None
    _verify(result, wanted, len(plaintext), armored=armored)
    return result


def cannot_encrypt_to(recipient_text: str, program: str | None = None) -> str | None:
    """Return why `encrypt` could not encrypt to a recipient, or None where it can."""
    try:
        return _why_not(_parsed(recipient_text), program)
    except EncryptionError as error:
        return str(error)


def cannot_encrypt_to_all(recipients: Iterable[str], program: str | None = None) -> str | None:
    """Return why `encrypt` could not encrypt one file to all of these recipients, or None.

    Recipients that each work may not go together, for reasons that only their plugins know: so
    where there are several, an empty plaintext is encrypted to them as a trial.
    """
    texts = list(recipients)
    try:
        mixed = mixes_post_quantum(map(_parsed, texts))
    except EncryptionError as error:
        return str(error)
    if mixed:
        return "age and rage encrypt no file to post-quantum keys and others together"
    for text in texts:
        refusal = cannot_encrypt_to(text, program)
        if refusal is not None:
            return refusal
    if len(texts) > 1:
        try:
            encrypt(b"", texts, program=program)
        except EncryptionError as error:
            return str(error)
    return None


def may_ask(recipient_text: str) -> bool:
    """Return whether encrypting to this recipient may ask the user: a plugin or program does it."""
    recipient = _parsed(recipient_text)
    return _native(recipient) is None and not is_too_long_for_rage(recipient)


def needs_program(recipient_text: str) -> bool:
    """Return whether only an age program can encrypt to this recipient, if anything can."""
    try:
        return _is_foreign(_parsed(recipient_text))
    except EncryptionError:
        return False


def new_identity() -> tuple[str, str]:
    """Return a new X25519 identity and its recipient, as texts."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def _with_pyrage(plaintext: bytes, wanted: Sequence[Recipient], *, armored: bool) -> bytes:
    import pyrage

    recipients: list[_Recipient] = []
    plugins: dict[str, list[str]] = {}
    for recipient in wanted:
        native = _native(recipient)
        if native is not None:
            recipients.append(native)
        else:
            plugins.setdefault(_plugin_name(recipient), []).append(recipient.text)
    prompts = [PluginPrompts(f"age-plugin-{name}", Terminal()) for name in plugins]
    try:
        for asks, (name, texts) in zip(prompts, plugins.items(), strict=True):
            keys = [pyrage.plugin.Recipient.from_str(text) for text in texts]
            recipients.append(pyrage.plugin.RecipientPluginV1(name, keys, [], asks))
        with aborts_as_interrupts(), plugin_environment() if plugins else nullcontext():
            result = pyrage.encrypt(plaintext, recipients, armored=armored)
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


def _verify(data: bytes, wanted: Sequence[Recipient], size: int, *, armored: bool) -> None:
    """Refuse a result that is not one stanza a recipient and a payload of the right length.

    Each stanza is used up by one recipient, so that one for somebody else cannot pass.
    """
    try:
        file = read_age(data)
    except AgeFormatError as error:
        raise EncryptionError(f"the encryption gave no age file: {error}") from None
    left = list(file.real_stanzas)
    if len(left) != len(wanted):
        count = f"{len(left)} stanzas for {len(wanted)} recipients"
        raise EncryptionError(f"the encryption gave {count}: it is not used")
    for recipient in sorted(wanted, key=_vagueness):
        fits = next((one for one in left if match(one, recipient) is not Match.NO), None)
        if fits is None:
            raise EncryptionError(
                f"the encryption left out {_shortened(recipient)}: it is not used"
            )
        left.remove(fits)
    if file.plaintext_size != size or file.armored != armored:
        raise EncryptionError("the encryption gave a file of another length or form: not used")


def _vagueness(recipient: Recipient) -> tuple[bool, bool]:
    """Order recipients by how many stanzas can be theirs: a plugin may make those of any kind."""
    return recipient.is_anonymous, recipient.kind == PLUGIN


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Recipient:
    """Return the recipient in a text; raises EncryptionError where there is none."""
    try:
        return parse_recipient(text)
    except RecipientError as error:
        raise EncryptionError(f"cannot encrypt: {error}") from None


def _distinct(texts: Iterable[str]) -> list[Recipient]:
    return list({one.text: one for one in map(_parsed, texts)}.values())


@lru_cache(maxsize=4096)
def _native(recipient: Recipient) -> "_Recipient | None":
    """Return the recipient as pyrage's own, or None where it needs a plugin or another program.

    Raises EncryptionError for a key that is not a point of its curve.
    """
    import pyrage

    text = recipient.text
    try:
        match RECIPIENT_KINDS[recipient.kind].built_in:
            case "ssh" if not is_too_long_for_rage(recipient):
                return pyrage.ssh.Recipient.from_str(text)
            case "x25519":
                return pyrage.x25519.Recipient.from_str(text)
            case "tag" if hasattr(pyrage, "tag"):
                return pyrage.tag.Recipient.from_str(text)
            case "tagpq" if hasattr(pyrage, "tagpq"):
                return pyrage.tagpq.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise EncryptionError(
            f"cannot encrypt to {_shortened(recipient)}: {error}; correct that key where it is "
            "written, or remove it, then run --fix again"
        ) from None
    return None


def _is_foreign(recipient: Recipient) -> bool:
    """Return whether pyrage cannot encrypt to a recipient, with no plugin on PATH either."""
    return _native(recipient) is None and not _has_plugin(recipient)


def _plugin_name(recipient: Recipient) -> str:
    """Return the name of the plugin that a recipient is for, from its text `age1NAME1…`."""
    return recipient.text.rpartition("1")[0].removeprefix("age1")


def _has_plugin(recipient: Recipient) -> bool:
    """Return whether a plugin for this recipient is on PATH."""
    if recipient.kind in SSH_KINDS:
        return False
    name = _plugin_name(recipient)
    return name not in ("", "pq") and plugin_program(name) is not None


def _shortened(recipient: Recipient) -> str:
    """Return a recipient's text, cut where it is too long for a line."""
    text = recipient.text
    return text if len(text) <= 100 else f"{text[:40]}...{text[-10:]}"


def _needs_newer_age(recipient: Recipient) -> bool:
    kind = RECIPIENT_KINDS[recipient.kind]
    return kind.is_post_quantum and kind.built_in is None


def _what_is_missing(recipient: Recipient) -> str:
    """Say what is needed to encrypt to a recipient that pyrage does not know."""
    if _needs_newer_age(recipient):
        need = (
            "an age program that knows post-quantum keys (age 1.3 or newer), on PATH or with "
            "--age PROGRAM"
        )
    elif is_too_long_for_rage(recipient):
        need = "age, on PATH or with --age PROGRAM: rage takes RSA keys of 4096 bits at most"
    else:
        program = f"age-plugin-{_plugin_name(recipient)}"
        need = f"{program} on PATH, or an age program that knows this kind of key: --age PROGRAM"
    return f"cannot encrypt to {_shortened(recipient)}: this needs {need}"


def _why_not(recipient: Recipient, program: str | None) -> str | None:
    try:
        if not _is_foreign(recipient):
            return None
    except EncryptionError as error:
        return str(error)
    if program is None:
        return _what_is_missing(recipient)
    refusal = _program_refusal(recipient, program, os.environ.get("PATH", ""))
    return None if refusal is None else f"cannot encrypt to {_shortened(recipient)} {refusal}"


@lru_cache(maxsize=4096)
def _program_refusal(recipient: Recipient, program: str, _path: str) -> str | None:
    """Let the program encrypt an empty plaintext: only a trial shows whether it can."""
    try:
        run_encrypt(program, b"", [recipient.text], armored=False)
    except ProgramError as error:
        newer = " (it needs age 1.3 or newer)" if _needs_newer_age(recipient) else ""
        return f"with {program}: {error}{newer}"
    return None
