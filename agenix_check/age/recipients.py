"""Recipient strings: public keys as they are written in configurations and files.

Native kinds and plugins: https://c2sp.org/age and https://c2sp.org/age-plugin; SSH keys:
filippo.io/age (agessh).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from agenix_check.age import ssh_public_keys
from agenix_check.age.encoding import decode_bech32, encode_base64
from agenix_check.age.errors import RecipientError
from agenix_check.age.kinds import (
    KINDS_BY_PREFIX,
    PLUGIN,
    RECIPIENT_KINDS,
    SSH_KINDS,
    SSH_RSA,
    Hashed,
)
from agenix_check.age.mlkem import ENCAPSULATION_KEY_SIZE, is_encapsulation_key
from agenix_check.age.p256 import read_point
from agenix_check.model.frozen import frozen

# Stands in for the hostPubkey of a host whose key is not known yet: agenix-rekey skips such hosts.
DUMMY_RECIPIENT = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"

_PLUGIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-._")
_SHOWN_WHOLE = 150  # characters of an age key that people can compare
_LONGEST_RECIPIENT = 16 * 1024  # characters; keys of all kinds are far shorter
_IDENTITY_LINE = re.compile(r"^AGE-(?:SECRET-KEY|PLUGIN)-", re.MULTILINE)
_NOTED = re.compile(
    r"^#.*?(?:recipient|public key):\s*(age1[0-9a-z-]+)", re.IGNORECASE | re.MULTILINE
)
_RAGE_MOST_RSA_BITS = 4096
_OTHER_SSH = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


@frozen
class Recipient:
    """A public key that age can encrypt to.

    `kind` is a name of `kinds.RECIPIENT_KINDS`: the type of its stanzas where there is only one,
    else `tpm` or `plugin`. `text` is its canonical string, without a comment. `tag` is the tag in
    its stanzas where that is the same in every file; `point_tag` are the four bytes that stand for
    its P-256 point in tags that differ from file to file, empty for keys without such a point.
    """

    kind: str
    text: str
    tag: str | None = None
    point_tag: bytes = b""

    @property
    def is_anonymous(self) -> bool:
        """Whether a stanza for this recipient does not show that it is for this one."""
        return RECIPIENT_KINDS[self.kind].is_anonymous


@lru_cache(maxsize=4096)
def parse_recipient(text: str) -> Recipient:
    """Return the one recipient in `text`, white space around it aside.

    Raises RecipientError, which names the kind and what is wrong, never the text itself.
    """
    text = text.strip()
    if not text:
        raise RecipientError("there is no recipient: the text is empty")
    if len(text) > _LONGEST_RECIPIENT:
        raise RecipientError(f"a text of {len(text)} characters is not a recipient")
    if "\n" in text or "\r" in text:
        raise RecipientError("there is more than one line: one recipient was expected")
    if text.startswith("age1"):
        return _parse_age(text)
    if text[:4].lower() == "age1":
        raise RecipientError("an age recipient is written in lower case")
    if text[:4].lower() == "age-":
        raise RecipientError("this looks like an identity: a secret key, not a recipient")
    kind, _, rest = text.replace("\t", " ").partition(" ")
    if kind in SSH_KINDS:
        return _parse_ssh(kind, rest.lstrip(" ").partition(" ")[0])
    if kind.startswith(_OTHER_SSH):
        raise RecipientError("this SSH key is of a type that age cannot encrypt to")
    raise RecipientError("this is neither an age recipient nor an SSH public key")


def parse_configured(text: str) -> Recipient:
    """Return the recipient in a node's key text, as agenix-rekey hands it to age or rage.

    agenix-rekey removes one newline at its end. Raises RecipientError as `parse_recipient` does,
    and for texts that age or rage refuses: neither strips white space.
    """
    recipient = parse_recipient(text)
    key = text.removesuffix("\n")
    if key[:1].isspace():
        raise RecipientError("there is white space before it, which age and rage refuse")
    if key.startswith(recipient.text):
        end = key[len(recipient.text) :]
        if not end or (recipient.kind in SSH_KINDS and end[0].isspace()):
            return recipient
    if recipient.text.startswith("age1"):
        raise RecipientError("there is white space after it, which age and rage refuse")
    if not key.startswith(f"{recipient.kind} ") or key[len(recipient.kind) + 1].isspace():
        raise RecipientError("its type is not followed by exactly one blank: rage refuses that")
    raise RecipientError("its base64 is not padded as it should be: age refuses that")


def recipient_or_none(text: str | None) -> Recipient | None:
    """Return the one recipient in `text`, or None if there is none, or no text."""
    try:
        return None if text is None else parse_recipient(text)
    except RecipientError:
        return None


def mixes_post_quantum(recipients: Iterable[Recipient]) -> bool:
    """Return whether post-quantum recipients are among others: age and rage refuse such a file.

    Which of the two a plugin's recipient is only the plugin knows.
    """
    known = (one for one in recipients if one.kind != PLUGIN)
    return len({RECIPIENT_KINDS[one.kind].is_post_quantum for one in known}) > 1


def has_one_identity(text: str) -> bool:
    """Return whether an identity file holds exactly one age identity."""
    return len(_IDENTITY_LINE.findall(text)) == 1


def noted_recipient(text: str) -> str | None:
    """Return the recipient that the comments of a file with one identity name, or None.

    age-keygen, age-plugin-yubikey and age-plugin-fido2-hmac write it above the identity. If
    comments name several, it is not known which one is right.
    """
    noted = set(_NOTED.findall(text)) if has_one_identity(text) else set()
    return noted.pop() if len(noted) == 1 else None


def recipient_tag(recipient: Recipient) -> str | None:
    """Return the tag that this recipient's stanzas carry in every file, if there is one.

    SSH and piv-p256 keys have it. So do age1tpm1 keys, for tpm-ecc stanzas; newer versions of
    their plugin make p256tag stanzas instead, whose tag differs from file to file.
    """
    return recipient.tag


def fingerprint(recipient: Recipient) -> str:
    """Return what people compare a key by: of an SSH key what ssh-keygen prints.

    An age key is compared as a whole; a long one (post-quantum) by the SHA-256 of its text.
    """
    kind, _, body = recipient.text.partition(" ")
    if kind in SSH_KINDS:
        return _fingerprint_of(ssh_public_keys.read_wire(kind, body)[0])
    if len(recipient.text) <= _SHOWN_WHOLE:
        return recipient.text
    return _fingerprint_of(recipient.text.encode("ascii"))


def is_too_long_for_rage(recipient: Recipient) -> bool:
    """Return whether this is an RSA key that age takes, but rage and its library do not."""
    kind, _, body = recipient.text.partition(" ")
    return kind == SSH_RSA and ssh_public_keys.rsa_bits(body) > _RAGE_MOST_RSA_BITS


def _fingerprint_of(data: bytes) -> str:
    return f"SHA256:{encode_base64(sha256(data).digest())}"


def _short_tag(raw: bytes) -> bytes:
    return sha256(raw).digest()[:4]


@lru_cache(maxsize=4096)  # one key stands in many texts: with a comment, with a new line, bare
def _parse_ssh(kind: str, body: str) -> Recipient:
    if not body:
        raise RecipientError(f"the {kind} key has no base64 after its type")
    try:
        wire, canonical = ssh_public_keys.read_wire(kind, body)
    except ValueError as error:
        raise RecipientError(f"the {kind} key {error}") from None
    return Recipient(kind=kind, text=f"{kind} {canonical}", tag=encode_base64(_short_tag(wire)))


def _parse_age(text: str) -> Recipient:
    try:
        prefix, data = decode_bech32(text)
    except ValueError as error:
        raise RecipientError(f"the age recipient {error}") from None
    kind = KINDS_BY_PREFIX.get(prefix)
    if kind is None:
        name = prefix.removeprefix("age1") if prefix.startswith("age1") else ""
        if not name or not _PLUGIN_NAME.issuperset(name):
            raise RecipientError("the age recipient has no valid plugin name")
        return Recipient(kind=PLUGIN, text=text)
    if kind.size is not None and len(data) != kind.size:
        raise RecipientError(f"the {prefix}1 recipient holds {len(data)} bytes, not {kind.size}")
    if kind.is_post_quantum and not is_encapsulation_key(data[:ENCAPSULATION_KEY_SIZE]):
        raise RecipientError(f"the {prefix}1 recipient holds no valid key of ML-KEM-768")
    if kind.point_at is None:
        return Recipient(kind=kind.name, text=text)
    try:
        compressed, uncompressed = read_point(data[kind.point_at :])
    except ValueError as error:
        raise RecipientError(f"the {prefix}1 recipient {error}") from None
    short = {
        Hashed.COMPRESSED: _short_tag(compressed),
        Hashed.UNCOMPRESSED: _short_tag(uncompressed),
    }
    return Recipient(
        kind=kind.name,
        text=text,
        tag=None if kind.fixed_tag is None else encode_base64(short[kind.fixed_tag]),
        point_tag=b"" if kind.file_tag is None else short[kind.file_tag],
    )
