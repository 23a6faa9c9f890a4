"""The age format read without keys: pure functions over immutable values.

Source: https://c2sp.org/age. What the specification tells a reader to reject is refused with the
offset and the reason. Whom a file is for and how long its plaintext is follow from the header and
the file's length.
"""

from agenix_check.age.armor import ARMOR_BEGIN, without_margins
from agenix_check.age.errors import AgeFormatError, RecipientError
from agenix_check.age.file import (
    CHUNK,
    NONCE,
    TAG,
    AgeFile,
    looks_like_age,
    plaintext_size,
    read_age,
    sealed_size,
)
from agenix_check.age.header import MAGIC, MAX_HEADER, render_header
from agenix_check.age.kinds import (
    HYBRID,
    PIV,
    PLUGIN,
    RECIPIENT_KINDS,
    SCRYPT,
    SSH_ED25519,
    SSH_KINDS,
    STANZA_KINDS,
    Tagging,
)
from agenix_check.age.matching import Match, describe, match, stanza_tag
from agenix_check.age.recipients import (
    DUMMY_RECIPIENT,
    Recipient,
    fingerprint,
    has_one_identity,
    is_too_long_for_rage,
    mixes_post_quantum,
    noted_recipient,
    parse_configured,
    parse_recipient,
    recipient_or_none,
    recipient_tag,
)
from agenix_check.age.skim import SKIMMED, is_sound, skim
from agenix_check.age.stanzas import Stanza

__all__ = [
    "ARMOR_BEGIN",
    "CHUNK",
    "DUMMY_RECIPIENT",
    "HYBRID",
    "MAGIC",
    "MAX_HEADER",
    "NONCE",
    "PIV",
    "PLUGIN",
    "RECIPIENT_KINDS",
    "SCRYPT",
    "SKIMMED",
    "SSH_ED25519",
    "SSH_KINDS",
    "STANZA_KINDS",
    "TAG",
    "AgeFile",
    "AgeFormatError",
    "Match",
    "Recipient",
    "RecipientError",
    "Stanza",
    "Tagging",
    "describe",
    "fingerprint",
    "has_one_identity",
    "is_sound",
    "is_too_long_for_rage",
    "looks_like_age",
    "match",
    "mixes_post_quantum",
    "noted_recipient",
    "parse_configured",
    "parse_recipient",
    "plaintext_size",
    "read_age",
    "recipient_or_none",
    "recipient_tag",
    "render_header",
    "sealed_size",
    "skim",
    "stanza_tag",
    "without_margins",
]
