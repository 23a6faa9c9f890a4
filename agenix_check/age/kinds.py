"""Every kind of stanza and of recipient, declared once: all else asks these two tables.

Sources: https://c2sp.org/age (X25519, mlkem768x25519, p256tag, mlkem768p256tag, scrypt);
filippo.io/age, agessh (ssh-*); age-plugin-yubikey (piv-p256); age-plugin-tpm (tpm-ecc).
"""

from dataclasses import dataclass
from enum import Enum


class Tagging(Enum):
    """What a stanza shows of the key that it is for.

    `FIXED`: its first argument is a tag, the same in every file. `PER_FILE`: the tag differs from
    file to file and can be computed from the key. `ANONYMOUS`: nothing.
    """

    FIXED = "fixed"
    PER_FILE = "per file"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class StanzaKind:
    """A type of stanza. Sizes are in bytes, of what the base64 stands for.

    `arguments` are the sizes of the arguments, `body` that of the body (0: it varies). `recipients`
    are the kinds of recipient that such a stanza can be for, `words` says whom to a person.
    `has_share` says that its last argument ends in an X25519 share, which must not be of low order.
    """

    type: str
    arguments: tuple[int, ...]
    body: int
    tagging: Tagging
    recipients: frozenset[str]
    words: str
    has_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientKind:
    """A kind of recipient: `text` is how it begins.

    `is_anonymous` says that no stanza shows that it is for this key. `built_in` is the part of
    pyrage that encrypts to it; without one it takes a plugin or another age program.
    `is_post_quantum` kinds cannot stand beside others in one file: age and rage refuse that.
    """

    name: str
    text: str
    is_anonymous: bool = False
    is_ssh: bool = False
    is_post_quantum: bool = False
    built_in: str | None = None


X25519, HYBRID = "X25519", "mlkem768x25519"
P256TAG, HYBRID_P256TAG = "p256tag", "mlkem768p256tag"
SSH_ED25519, SSH_RSA = "ssh-ed25519", "ssh-rsa"
PIV, TPM, TPM_ECC = "piv-p256", "tpm", "tpm-ecc"
SCRYPT, PLUGIN = "scrypt", "plugin"

_FILE_KEY = 32  # the file key of 16 bytes and its tag of 16

_RECIPIENTS = (
    RecipientKind(name=X25519, text="age1", is_anonymous=True, built_in="x25519"),
    RecipientKind(name=HYBRID, text="age1pq1", is_anonymous=True, is_post_quantum=True),
    RecipientKind(name=P256TAG, text="age1tag1", built_in="tag"),  # since pyrage 1.4
    RecipientKind(name=HYBRID_P256TAG, text="age1tagpq1", is_post_quantum=True, built_in="tagpq"),
    RecipientKind(name=SSH_ED25519, text="ssh-ed25519", is_ssh=True, built_in="ssh"),
    RecipientKind(name=SSH_RSA, text="ssh-rsa", is_ssh=True, built_in="ssh"),
    RecipientKind(name=PIV, text="age1yubikey1"),  # and age1se1
    RecipientKind(name=TPM, text="age1tpm1"),
    RecipientKind(name=PLUGIN, text="age1", is_anonymous=True),  # any other age1NAME1
)

_STANZAS = (
    StanzaKind(
        type=X25519,
        arguments=(32,),
        body=_FILE_KEY,
        tagging=Tagging.ANONYMOUS,
        recipients=frozenset({X25519}),
        words="an age X25519 key (anonymous)",
        has_share=True,
    ),
    StanzaKind(
        type=HYBRID,
        arguments=(1120,),
        body=_FILE_KEY,
        tagging=Tagging.ANONYMOUS,
        recipients=frozenset({HYBRID}),
        words="an age post-quantum key (anonymous)",
        has_share=True,
    ),
    StanzaKind(
        type=P256TAG,
        arguments=(4, 65),
        body=_FILE_KEY,
        tagging=Tagging.PER_FILE,
        recipients=frozenset({P256TAG, TPM, PIV}),
        words="a hardware P-256 key (its tag is new in every file)",
    ),
    StanzaKind(
        type=HYBRID_P256TAG,
        arguments=(4, 1153),
        body=_FILE_KEY,
        tagging=Tagging.PER_FILE,
        recipients=frozenset({HYBRID_P256TAG}),
        words="a post-quantum hardware key (its tag is new in every file)",
    ),
    StanzaKind(
        type=SSH_ED25519,
        arguments=(4, 32),
        body=_FILE_KEY,
        tagging=Tagging.FIXED,
        recipients=frozenset({SSH_ED25519}),
        words="an SSH Ed25519 key",
        has_share=True,
    ),
    StanzaKind(
        type=SSH_RSA,
        arguments=(4,),
        body=0,
        tagging=Tagging.FIXED,
        recipients=frozenset({SSH_RSA}),
        words="an SSH RSA key",
    ),
    StanzaKind(
        type=PIV,
        arguments=(4, 33),
        body=_FILE_KEY,
        tagging=Tagging.FIXED,
        recipients=frozenset({PIV}),
        words="a YubiKey or Secure Enclave P-256 key",
    ),
    StanzaKind(
        type=TPM_ECC,
        arguments=(4, 33),
        body=_FILE_KEY,
        tagging=Tagging.FIXED,
        recipients=frozenset({TPM}),
        words="a TPM P-256 key",
    ),
)

RECIPIENT_KINDS = {kind.name: kind for kind in _RECIPIENTS}
STANZA_KINDS = {kind.type: kind for kind in _STANZAS}
SSH_KINDS = frozenset(kind.name for kind in _RECIPIENTS if kind.is_ssh)
# The types that no plugin makes for keys of its own: their tags are of keys that are known.
NEVER_OF_A_PLUGIN = frozenset(
    {kind.type for kind in _STANZAS if kind.tagging is Tagging.FIXED} | {SCRYPT}
)
