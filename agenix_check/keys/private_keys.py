"""The keys in identity files, some of them locked: which files they fit, and trying one on a file.

Whether a key fits shows from its public half and the file's stanzas, before anything is decrypted.
"""

import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from agenix_check.age import (
    HYBRID,
    PIV,
    SCRYPT,
    SSH_KINDS,
    AgeFormatError,
    Match,
    Recipient,
    RecipientError,
    Stanza,
    has_one_identity,
    is_too_long_for_rage,
    looks_like_age,
    match,
    noted_recipient,
    parse_recipient,
    read_age,
    recipient_or_none,
    without_margins,
)
from agenix_check.age.encoding import decode_bech32, encode_base64
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import IdentityFile
from agenix_check.keys.program import (
    ProgramError,
    handed_over,
    plugin_environment,
    run_decrypt,
)
from agenix_check.keys.prompts import (
    PluginPrompts,
    Terminal,
    aborts_as_interrupts,
    is_panic,
    printable,
)
from agenix_check.keys.ssh_private_keys import (
    TRIES,
    has_passphrase,
    looks_like_ssh,
    must_be_read_by_ssh,
    public_half,
    unlock,
)
from agenix_check.model.frozen import frozen

if TYPE_CHECKING:
    from pyrage import _Identity

_NOT_FOR_PLUGINS = SSH_KINDS | {SCRYPT}

# What pyrage says, in words of its own.
SAYS_NO_MATCH = "No matching keys found"
_SAYS_FORGED = "Decryption failed"
_SAYS_DAMAGED = ("decryption error", "Header MAC is invalid", "failed to fill whole buffer")
_PLUGIN_ADVICE = " If you are developing a plugin"  # to print private keys
_LONGEST_REASON = 300  # in characters: what a plugin complains of


@frozen(eq=False)
class Key:
    """One key of an identity file, or a locked file with keys.

    `public` is its recipient, None where that cannot be seen; it is `certain` where it follows from
    the key itself, not from a comment beside it. Without `public`, `types` are the types of stanzas
    that can be for this key (None: any), and `never` those that cannot. `asks` is true where using
    the key may ask a person for something.
    """

    file: IdentityFile
    public: Recipient | None = None
    certain: bool = False
    types: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    asks: bool = False

    def is_of(self, recipient: Recipient | None) -> bool:
        """Return whether this is the key of a recipient, as far as that shows."""
        public = self.public
        if public is None or recipient is None:
            return False
        if not public.text:  # a stub, which knows the tag only
            return (public.kind, public.tag) == (recipient.kind, recipient.tag)
        return public == recipient

    def fits(self, stanzas: Sequence[Stanza]) -> Match:
        """Return whether one of a file's stanzas is for this key."""
        if self.public is not None:
            found = {match(stanza, self.public) for stanza in stanzas}
            return next(one for one in (Match.YES, Match.UNKNOWN, Match.NO) if one in found)
        possible = {stanza.type for stanza in stanzas} - self.never
        if self.types is not None:
            possible &= self.types
        return Match.UNKNOWN if possible else Match.NO


@frozen(eq=False)
class OpenKey(Key):
    """A key that pyrage can use; with `prompts` where a plugin does the work."""

    identity: "_Identity"
    prompts: PluginPrompts | None = None


@frozen(eq=False)
class ForeignKey(Key):
    """A key that cannot be used here, and why: the end of a sentence.

    `by_program` is true where an age program may know it.
    """

    reason: str
    by_program: bool = False


@frozen(eq=False)
class LockedKey(Key):
    """A file with a passphrase."""

    def open(self, terminal: Terminal) -> list[Key]:
        """Ask for the passphrase and return the keys.

        Raises DecryptionError, the end of a sentence.
        """
        content = self.file.content or b""
        if looks_like_ssh(content):
            return [_ssh_key(self.file, unlock(content, self.file.path, terminal))]
        text = _decoded(_with_passphrase(content, self.file.path, terminal))
        return list(_age_keys(self.file, text, terminal))


class AttemptOutcome(enum.Enum):
    """What comes of trying a key on a file.

    `OTHER`: the file is not for this key. `FORGED`: a stanza has the key's tag, but is not for it.
    `DAMAGED`: the key fits, but the file is not as it was written. `UNUSABLE`: the key cannot be
    used, or failed. `NEEDS_TERMINAL`: it must ask for something, and there is no terminal.
    `PROGRAM_FAILED`: an age program did not open the file with it, and did not say why.
    """

    OPENED = "opened"
    OTHER = "other"
    FORGED = "forged"
    DAMAGED = "damaged"
    UNUSABLE = "unusable"
    NEEDS_TERMINAL = "needs terminal"
    PROGRAM_FAILED = "program failed"


@frozen
class Attempt:
    """A key tried on a file; `reason` says why a key is unusable, as the end of a sentence."""

    key: Key
    outcome: AttemptOutcome
    plaintext: bytes = b""
    reason: str = ""


def read_keys(file: IdentityFile, terminal: Terminal) -> list[Key]:
    """Return the keys in an identity file, in order.

    Raises DecryptionError, the end of a sentence, where it holds none that can be read.
    """
    content = file.content
    if content is None:
        raise DecryptionError(file.problem or "it cannot be read")
    if looks_like_age(content):
        return [_passphrase_file(file, content)]
    if not looks_like_ssh(content):
        return list(_age_keys(file, _decoded(content), terminal))
    if must_be_read_by_ssh(content):
        public, asks = public_half(content), has_passphrase(content)
        return [LockedKey(file=file, public=public, certain=True, types=SSH_KINDS, asks=asks)]
    return [_ssh_key(file, content)]


def try_key(key: OpenKey, ciphertext: bytes) -> Attempt:
    """Try a key that pyrage can use; a plugin may ask the person at the terminal."""
    import pyrage

    prompts = key.prompts
    plaintext, complaint = None, ""
    if prompts is not None:
        prompts.begin()
    try:
        with _for_plugins() if prompts else nullcontext():
            plaintext = pyrage.decrypt(without_margins(ciphertext), [key.identity])
    except pyrage.DecryptError as error:
        said = " ".join(str(error).split()).partition(_PLUGIN_ADVICE)[0]
        complaint = printable(said)[:_LONGEST_REASON]
    except BaseException as error:
        if not is_panic(error):
            raise
        complaint = "pyrage gives up on it"
    if prompts is not None:
        prompts.end(worked=plaintext is not None)
        if prompts.raised is not None:
            raise prompts.raised from None
        if plaintext is None and prompts.needs_terminal:
            return Attempt(key=key, outcome=AttemptOutcome.NEEDS_TERMINAL)
    if plaintext is not None:
        return Attempt(key=key, outcome=AttemptOutcome.OPENED, plaintext=plaintext)
    if complaint in _SAYS_DAMAGED:
        return Attempt(key=key, outcome=AttemptOutcome.DAMAGED)
    if complaint == SAYS_NO_MATCH:
        return Attempt(key=key, outcome=AttemptOutcome.OTHER)
    forged = complaint == _SAYS_FORGED and prompts is None
    outcome = AttemptOutcome.FORGED if forged else AttemptOutcome.UNUSABLE
    return Attempt(key=key, outcome=outcome, reason=complaint)


@contextmanager
def _for_plugins() -> Iterator[None]:
    with aborts_as_interrupts(), plugin_environment():
        yield


def try_with_program(program: str, key: Key, ciphertext: bytes) -> Attempt:
    """Let an age program try the identity file that a key is in."""
    try:
        with handed_over([key.file]) as (paths, descriptors):
            status, plaintext, _ = run_decrypt(program, ciphertext, paths, descriptors)
    except ProgramError as error:
        return Attempt(key=key, outcome=AttemptOutcome.UNUSABLE, reason=str(error))
    if status:
        return Attempt(key=key, outcome=AttemptOutcome.PROGRAM_FAILED)
    return Attempt(key=key, outcome=AttemptOutcome.OPENED, plaintext=plaintext)


def _ssh_key(file: IdentityFile, content: bytes) -> Key:
    import pyrage

    public = public_half(content)
    if public is not None and is_too_long_for_rage(public):
        reason = "RSA keys of more than 4096 bits need age, on PATH or with --age PROGRAM"
        return ForeignKey(file=file, public=public, certain=True, reason=reason, by_program=True)
    try:
        identity = pyrage.ssh.Identity.from_buffer(content)
    except pyrage.IdentityError:
        raise DecryptionError("it is not an SSH key that age can use") from None
    return OpenKey(file=file, public=public, certain=True, types=SSH_KINDS, identity=identity)


def _passphrase_file(file: IdentityFile, content: bytes) -> Key:
    try:
        stanzas = read_age(content).real_stanzas
    except AgeFormatError as error:
        raise DecryptionError(f"it is a damaged age file: {error}") from None
    if [stanza.type for stanza in stanzas] != [SCRYPT]:
        raise DecryptionError("it is an age file that is encrypted to a key, not with a passphrase")
    return LockedKey(
        file=file, public=recipient_or_none(file.pubkey), never=_NOT_FOR_PLUGINS, asks=True
    )


def _with_passphrase(content: bytes, path: str, terminal: Terminal) -> bytes:
    import pyrage

    for _ in range(TRIES):
        passphrase = terminal.ask(f"Passphrase for {path}:", hidden=True)
        if passphrase is None:
            raise DecryptionError("its passphrase was not given")
        try:
            return pyrage.passphrase.decrypt(without_margins(content), passphrase)
        except pyrage.DecryptError:
            terminal.say("This was not the passphrase.")
    raise DecryptionError("the passphrase was wrong")


def _age_keys(file: IdentityFile, text: str, terminal: Terminal) -> Iterator[Key]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    found = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not found:
        raise DecryptionError("it holds no identity")
    hint = _likely_public(file, text)
    for number, line in found:
        try:
            yield _age_key(file, line, hint, terminal)
        except DecryptionError as error:
            raise DecryptionError(f"line {number}: {error}") from None


def _age_key(file: IdentityFile, line: str, hint: Recipient | None, terminal: Terminal) -> Key:
    import pyrage

    if line.startswith("AGE-SECRET-KEY-PQ-1"):
        reason = "post-quantum keys need age 1.3 or newer, on PATH or with --age PROGRAM"
        types = frozenset({HYBRID})
        return ForeignKey(file=file, types=types, reason=reason, by_program=True)
    try:
        if line.startswith("AGE-SECRET-KEY-1"):
            identity = pyrage.x25519.Identity.from_str(line)
            public = recipient_or_none(str(identity.to_public()))
            return OpenKey(file=file, public=public, certain=True, identity=identity)
        if line.startswith("AGE-PLUGIN-"):
            return _plugin_key(file, line, hint, terminal)
    except pyrage.IdentityError:
        raise DecryptionError("this is a damaged identity") from None
    try:
        parse_recipient(line)
    except RecipientError:
        raise DecryptionError("this is not an identity") from None
    raise DecryptionError("this is a public key, not an identity")


def _plugin_key(file: IdentityFile, line: str, hint: Recipient | None, terminal: Terminal) -> Key:
    import pyrage

    plugin = pyrage.plugin.Identity.from_str(line)
    name = plugin.plugin()
    stub = _yubikey(name, line)
    prompts = PluginPrompts(f"age-plugin-{name}", terminal)
    try:
        identity = pyrage.plugin.IdentityPluginV1(name, [plugin], prompts)
    except pyrage.DecryptError:
        reason = f"age-plugin-{name} is not on PATH"
        return ForeignKey(
            file=file,
            public=stub or hint,
            certain=stub is not None,
            never=_NOT_FOR_PLUGINS,
            reason=reason,
        )
    return OpenKey(
        file=file,
        public=stub or hint,
        certain=stub is not None,
        never=_NOT_FOR_PLUGINS,
        asks=True,
        identity=identity,
        prompts=prompts,
    )


def _yubikey(name: str, line: str) -> Recipient | None:
    """Return a stand-in for a YubiKey's public key: its tag is at the end of the identity."""
    if name != "yubikey":
        return None
    try:
        _, data = decode_bech32(line.lower())
    except ValueError:
        return None
    if len(data) != 9:  # serial number, slot, tag
        return None
    return Recipient(kind=PIV, text="", tag=encode_base64(data[5:]), point_tag=data[5:])


def _likely_public(file: IdentityFile, text: str) -> Recipient | None:
    """Return the recipient that is declared for a file's one identity, or noted in a comment."""
    if not has_one_identity(text):
        return None
    return recipient_or_none(file.pubkey) or recipient_or_none(noted_recipient(text))


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "replace")
