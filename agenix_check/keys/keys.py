"""What identity files hold: keys, some of them locked, and whom files must be for to fit them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenix_check.age import (
    AgeFormatError,
    Match,
    Recipient,
    RecipientError,
    Stanza,
    looks_like_age,
    match,
    parse_recipient,
    read_age,
)
from agenix_check.age.bech32 import decode as bech32
from agenix_check.age.encoding import encode as base64
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import IdentityFile
from agenix_check.keys.prompts import PluginPrompts, Terminal
from agenix_check.keys.ssh import (
    has_passphrase,
    looks_like_ssh,
    must_be_read_by_ssh,
    public_half,
    unlock,
)

if TYPE_CHECKING:
    from pyrage import _Identity

_TRIES = 3
_SSH = frozenset({"ssh-ed25519", "ssh-rsa"})
_NOT_FOR_PLUGINS = _SSH | {"scrypt"}
_COMMENT = re.compile(
    r"^#.*?(?:recipient|public key):\s*(age1[0-9a-z-]+)", re.IGNORECASE | re.MULTILINE
)
_KEY_LINE = re.compile(r"^AGE-(?:SECRET-KEY|PLUGIN)-", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Key:
    """One key of an identity file, or a locked file with keys.

    `public` is its recipient where that shows; it is `certain` where it follows from the key, and
    not from what someone wrote beside it. Where it does not show, `types` are the stanzas that can
    be for this key (None: any), and `never` those that cannot. `asks` tells that it may ask a
    person.
    """

    file: IdentityFile
    public: Recipient | None = None
    certain: bool = False
    types: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    asks: bool = False

    def is_of(self, recipient: Recipient | None) -> bool:
        """Tell whether this is the key of a recipient, as far as that shows."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenKey(Key):
    """A key that pyrage can use; with `prompts` where a plugin does the work."""

    identity: "_Identity"
    prompts: PluginPrompts | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ForeignKey(Key):
    """A key that cannot be used, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class LockedKey(Key):
    """A file with a passphrase."""

    def open(self, terminal: Terminal) -> list[Key]:
        """Ask for the passphrase and return the keys; DecryptionError is the end of a sentence."""
        content = self.file.content or b""
        if looks_like_ssh(content):
            return [_ssh_key(self.file, unlock(content, self.file.path, terminal))]
        text = _text(_with_passphrase(content, self.file.path, terminal))
        return list(_age_keys(self.file, text, terminal))


def read_keys(file: IdentityFile, terminal: Terminal) -> list[Key]:
    """Return what an identity file holds; DecryptionError is the end of a sentence."""
    content = file.content
    if content is None:
        raise DecryptionError(file.problem or "it cannot be read")
    if looks_like_age(content):
        return [_passphrase_file(file, content)]
    if not looks_like_ssh(content):
        return list(_age_keys(file, _text(content), terminal))
    if must_be_read_by_ssh(content):
        public, asks = public_half(content), has_passphrase(content)
        return [LockedKey(file=file, public=public, certain=True, types=_SSH, asks=asks)]
    return [_ssh_key(file, content)]


def _ssh_key(file: IdentityFile, content: bytes) -> Key:
    import pyrage

    public = public_half(content)
    try:
        identity = pyrage.ssh.Identity.from_buffer(content)
    except pyrage.IdentityError:
        raise DecryptionError("it is no SSH key that age can use") from None
    return OpenKey(file=file, public=public, certain=True, types=_SSH, identity=identity)


def _passphrase_file(file: IdentityFile, content: bytes) -> Key:
    try:
        stanzas = read_age(content).real_stanzas
    except AgeFormatError as error:
        raise DecryptionError(f"it is a damaged age file: {error}") from None
    if [stanza.type for stanza in stanzas] != ["scrypt"]:
        raise DecryptionError("it is an age file that needs no passphrase but another identity")
    return LockedKey(file=file, public=_parsed(file.pubkey), never=_NOT_FOR_PLUGINS, asks=True)


def _with_passphrase(content: bytes, path: str, terminal: Terminal) -> bytes:
    import pyrage

    for _ in range(_TRIES):
        passphrase = terminal.ask(f"Passphrase for {path}:", hidden=True)
        if passphrase is None:
            raise DecryptionError("its passphrase was not given")
        try:
            return pyrage.passphrase.decrypt(content, passphrase)
        except pyrage.DecryptError:
            terminal.say("This was not the passphrase.")
    raise DecryptionError("the passphrase was wrong")


def _age_keys(file: IdentityFile, text: str, terminal: Terminal) -> Iterator[Key]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    found = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not found:
        raise DecryptionError("it holds no identity")
    hint = _hint(file, text)
    for number, line in found:
        try:
            yield _age_key(file, line, hint, terminal)
        except DecryptionError as error:
            raise DecryptionError(f"line {number}: {error}") from None


def _age_key(file: IdentityFile, line: str, hint: Recipient | None, terminal: Terminal) -> Key:
    import pyrage

    if line.startswith("AGE-SECRET-KEY-PQ-1"):
        reason = "post-quantum keys need the age program (1.3 or newer): --age age"
        return ForeignKey(file=file, types=frozenset({"mlkem768x25519"}), reason=reason)
    try:
        if line.startswith("AGE-SECRET-KEY-1"):
            identity = pyrage.x25519.Identity.from_str(line)
            public = _parsed(str(identity.to_public()))
            return OpenKey(file=file, public=public, certain=True, identity=identity)
        if line.startswith("AGE-PLUGIN-"):
            return _plugin_key(file, line, hint, terminal)
    except pyrage.IdentityError:
        raise DecryptionError("this is a damaged identity") from None
    try:
        parse_recipient(line)
    except RecipientError:
        raise DecryptionError("this is no identity") from None
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
    """Return what stands for a YubiKey's public key: its tag ends the identity, which is a stub."""
    if name != "yubikey":
        return None
    try:
        _, data = bech32(line.lower())
    except ValueError:
        return None
    if len(data) != 9:  # serial number, slot, tag
        return None
    return Recipient(kind="piv-p256", text="", tag=base64(data[5:]), point_tag=data[5:])


def _hint(file: IdentityFile, text: str) -> Recipient | None:
    """Return the recipient that is declared for the one identity of a file, or noted above it."""
    if len(_KEY_LINE.findall(text)) != 1:
        return None
    noted = set(_COMMENT.findall(text))
    return _parsed(file.pubkey) or (_parsed(noted.pop()) if len(noted) == 1 else None)


def _parsed(text: str | None) -> Recipient | None:
    try:
        return None if text is None else parse_recipient(text)
    except RecipientError:
        return None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
