"""Whether a stanza is addressed to a recipient, as far as that shows without a private key.

A tag has four bytes: it identifies a key, it proves nothing. The formulas are those of
https://c2sp.org/age (p256tag, mlkem768p256tag), filippo.io/age/agessh (ssh-*),
age-plugin-yubikey (piv-p256) and age-plugin-tpm (tpm-ecc).
"""

import enum

from agenix_check.age.encoding import decode, encode
from agenix_check.age.recipients import (
    HYBRID,
    HYBRID_P256TAG,
    P256TAG,
    PIV,
    PLUGIN,
    TPM,
    X25519,
    Recipient,
)
from agenix_check.age.stanzas import Stanza

_TPM_ECC = "tpm-ecc"
_FIXED_TAG = frozenset({"ssh-ed25519", "ssh-rsa", PIV, _TPM_ECC})
_NEVER_A_PLUGIN = _FIXED_TAG | {"scrypt"}

# The kind of recipient that a stanza of this type can be for.
_KINDS: dict[str, frozenset[str]] = {
    "ssh-ed25519": frozenset({"ssh-ed25519"}),
    "ssh-rsa": frozenset({"ssh-rsa"}),
    PIV: frozenset({PIV}),
    _TPM_ECC: frozenset({TPM}),
    P256TAG: frozenset({P256TAG, TPM, PIV}),
    HYBRID_P256TAG: frozenset({HYBRID_P256TAG}),
    X25519: frozenset({X25519}),
    HYBRID: frozenset({HYBRID}),
}
_LONGEST_TYPE = 40


class Match(enum.Enum):
    """What a stanza says about being addressed to one recipient."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def match(stanza: Stanza, recipient: Recipient) -> Match:
    """Return whether ``stanza`` is addressed to ``recipient``.

    UNKNOWN where it is of the anonymous kind that this recipient gets. A plugin that is not
    known may produce native stanzas, as fido2-hmac does (X25519), or types of its own.
    """
    kind = stanza.type
    if recipient.kind == PLUGIN:
        cannot = kind in _NEVER_A_PLUGIN or stanza.is_grease
        return Match.NO if cannot else Match.UNKNOWN
    if recipient.kind not in _KINDS.get(kind, ()):
        return Match.NO
    if recipient.is_anonymous:
        return Match.UNKNOWN
    expected = recipient.tag if kind in _FIXED_TAG else _tag_of_file(stanza, recipient)
    return Match.YES if stanza.args[:1] == (expected,) else Match.NO


def stanza_tag(stanza: Stanza) -> str | None:
    """Return the tag that stands for the stanza's key in every file, or None.

    It equals recipient_tag() of the recipient. Anonymous stanzas have none, and the tags of
    p256tag and mlkem768p256tag differ from file to file.
    """
    return stanza.args[0] if stanza.type in _FIXED_TAG and stanza.args else None


def describe(stanza: Stanza) -> str:
    """Return a short line in printable ASCII that says whom ``stanza`` is for."""
    kind = stanza.type
    if stanza.is_grease:
        return "grease (noise)"
    text = _WORDS.get(kind)
    if text is None:
        short = kind if len(kind) <= _LONGEST_TYPE else kind[: _LONGEST_TYPE - 3] + "..."
        return f"an unknown recipient of type {short}"
    tag = stanza_tag(stanza)
    # read_age has made sure that a tag has six characters; a stanza made otherwise may differ.
    return text if tag is None else f"{text} with tag {tag[:_LONGEST_TYPE]}"


_WORDS = {
    "ssh-ed25519": "an SSH Ed25519 key",
    "ssh-rsa": "an SSH RSA key",
    "scrypt": "a passphrase",
    X25519: "an age X25519 key (anonymous)",
    HYBRID: "an age post-quantum key (anonymous)",
    PIV: "a YubiKey or Secure Enclave P-256 key",
    _TPM_ECC: "a TPM P-256 key",
    P256TAG: "a hardware P-256 key (its tag is new in every file)",
    HYBRID_P256TAG: "a post-quantum hardware key (its tag is new in every file)",
}


def _tag_of_file(stanza: Stanza, recipient: Recipient) -> str | None:
    """Return the tag that a p256tag or mlkem768p256tag stanza for ``recipient`` has."""
    import hmac  # costs more to import than most runs gain from it

    enc = decode(stanza.args[1]) if len(stanza.args) > 1 else None
    if enc is None:
        return None
    label = b"age-encryption.org/" + stanza.type.encode("ascii")
    # HKDF-Extract is this HMAC, with the salt as the key (RFC 5869, section 2.2).
    return encode(hmac.digest(label, enc + recipient.point_tag, "sha256")[:4])
