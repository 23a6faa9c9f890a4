"""Whether a stanza is addressed to a recipient, as far as it shows without a private key.

A tag has four bytes: it identifies a key and proves nothing. `kinds.py` says which stanzas have a
tag, and what of the key is hashed for it.
"""

import enum

from agenix_check.age.encoding import decode_base64, encode_base64
from agenix_check.age.kinds import NEVER_OF_A_PLUGIN, PLUGIN, SCRYPT, STANZA_KINDS, Tagging
from agenix_check.age.recipients import Recipient
from agenix_check.age.stanzas import Stanza

_SHOWN_OF_TYPE = 40
# Looked up once: this runs for every stanza of every output.
_FIXED, _PER_FILE = Tagging.FIXED, Tagging.PER_FILE


class Match(enum.Enum):
    """What a stanza says about being addressed to one recipient."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def match(stanza: Stanza, recipient: Recipient) -> Match:
    """Return whether `stanza` is addressed to `recipient`.

    UNKNOWN if it is of the anonymous kind that this recipient gets. An unknown plugin may produce
    native stanzas, as fido2-hmac does (X25519), or types of its own.
    """
    if recipient.kind == PLUGIN:
        cannot = stanza.type in NEVER_OF_A_PLUGIN or stanza.is_grease
        return Match.NO if cannot else Match.UNKNOWN
    kind = STANZA_KINDS.get(stanza.type)
    if kind is None or recipient.kind not in kind.recipients:
        return Match.NO
    tagging = kind.tagging
    if tagging is _FIXED:
        expected = recipient.tag
    elif tagging is _PER_FILE:
        expected = _tag_of_file(stanza, recipient)
    else:
        return Match.UNKNOWN
    return Match.YES if stanza.args[:1] == (expected,) else Match.NO


def stanza_tag(stanza: Stanza) -> str | None:
    """Return the tag that stands for the stanza's key in every file, or None.

    It equals recipient_tag() of the recipient. Anonymous stanzas have none, and the tags of
    p256tag and mlkem768p256tag differ from file to file.
    """
    kind = STANZA_KINDS.get(stanza.type)
    has_tag = kind is not None and kind.tagging is Tagging.FIXED
    return stanza.args[0] if has_tag and stanza.args else None


def describe(stanza: Stanza) -> str:
    """Return whom `stanza` is for, as a short line of printable ASCII."""
    name = stanza.type
    if stanza.is_grease:
        return "grease (noise)"
    if name == SCRYPT:
        return "a passphrase"
    kind = STANZA_KINDS.get(name)
    if kind is None:
        short = name if len(name) <= _SHOWN_OF_TYPE else name[: _SHOWN_OF_TYPE - 3] + "..."
        return f"an unknown recipient of type {short}"
    tag = stanza_tag(stanza)
    # read_age makes sure that a tag has six characters; a stanza made elsewhere may differ.
    return kind.words if tag is None else f"{kind.words} with tag {tag[:_SHOWN_OF_TYPE]}"


def _tag_of_file(stanza: Stanza, recipient: Recipient) -> str | None:
    """Return the tag that a p256tag or mlkem768p256tag stanza for `recipient` has."""
    import hmac  # imported here: most runs do not need it

    enc = decode_base64(stanza.args[1]) if len(stanza.args) > 1 else None
    if enc is None:
        return None
    label = b"age-encryption.org/" + stanza.type.encode("ascii")
    # HKDF-Extract is this HMAC, with the salt as the key (RFC 5869, section 2.2).
    return encode_base64(hmac.digest(label, enc + recipient.point_tag, "sha256")[:4])
