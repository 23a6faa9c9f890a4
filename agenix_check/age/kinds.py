"""Every kind of recipient and of stanza, declared once: everything else asks these two tables.

Sources: https://c2sp.org/age (X25519, mlkem768x25519, p256tag, mlkem768p256tag, scrypt);
filippo.io/age, agessh (ssh-*); age-plugin-yubikey (piv-p256); age-plugin-tpm (tpm-ecc).
"""

from enum import Enum

from agenix_check.age.mlkem import ENCAPSULATION_KEY_SIZE
from agenix_check.age.p256 import COMPRESSED_SIZE, UNCOMPRESSED_SIZE
from agenix_check.model.frozen import frozen

X25519, HYBRID = "X25519", "mlkem768x25519"
P256TAG, HYBRID_P256TAG = "p256tag", "mlkem768p256tag"
SSH_ED25519, SSH_RSA = "ssh-ed25519", "ssh-rsa"
PIV, TPM, TPM_ECC = "piv-p256", "tpm", "tpm-ecc"
SCRYPT, PLUGIN = "scrypt", "plugin"

FILE_KEY_SIZE = 32  # in a stanza's body: the file key of 16 bytes and its tag of 16
_X25519_SIZE = 32


class Tagging(Enum):
    """What a stanza shows of the key that it is for.

    `FIXED`: its first argument is a tag, the same in every file. `PER_FILE`: the tag differs from
    file to file and can be computed from the key. `ANONYMOUS`: nothing.
    """

    FIXED = "fixed"
    PER_FILE = "per file"
    ANONYMOUS = "anonymous"


class Hashed(Enum):
    """What of a key is hashed for a tag: SHA-256, of which the first four bytes count."""

    SSH_WIRE = "the SSH wire format"
    COMPRESSED = "the compressed point"
    UNCOMPRESSED = "the uncompressed point"


@frozen(kw_only=False)
class RecipientKind:
    """A kind of recipient.

    `name` is the type of its stanzas where there is only one. `prefixes` are what its text begins
    with: an SSH key's type, or the part of a Bech32 text before its last `1`; none stand for any
    other `age1NAME`. Its data has `size` bytes (None: any), with the P-256 point at `point_at`.
    `fixed_tag` says what stanzas hash for a tag that is the same in every file, `file_tag` for one
    that differs. `built_in` is the part of pyrage that encrypts to it; without one it takes a
    plugin or another age program. `is_post_quantum` kinds cannot stand beside others in one file:
    age and rage refuse that.
    """

    name: str
    prefixes: tuple[str, ...]
    size: int | None = None
    point_at: int | None = None
    fixed_tag: Hashed | None = None
    file_tag: Hashed | None = None
    built_in: str | None = None
    is_post_quantum: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether no stanza shows that it is for this key."""
        return self.fixed_tag is None and self.file_tag is None

    @property
    def is_ssh(self) -> bool:
        """Whether it is an SSH key."""
        return self.fixed_tag is Hashed.SSH_WIRE


@frozen(kw_only=False)
class StanzaKind:
    """A type of stanza. Sizes are in bytes, of what the base64 stands for.

    `arguments` are the sizes of the arguments, `body` that of the body (None: it varies).
    `recipients` are the kinds of recipient that such a stanza can be for; `words` say to a person
    whom it is for. `has_share`: its last argument ends in an X25519 share, which must not be of
    low order.
    """

    type: str
    arguments: tuple[int, ...]
    tagging: Tagging
    recipients: frozenset[str]
    words: str
    body: int | None = FILE_KEY_SIZE
    has_share: bool = False


_RECIPIENTS = (
    RecipientKind(X25519, ("age",), _X25519_SIZE, built_in="x25519"),
    RecipientKind(HYBRID, ("age1pq",), ENCAPSULATION_KEY_SIZE + _X25519_SIZE, is_post_quantum=True),
    RecipientKind(
        P256TAG,
        ("age1tag",),
        COMPRESSED_SIZE,
        point_at=0,
        file_tag=Hashed.COMPRESSED,
        built_in="tag",  # since pyrage 1.4
    ),
    RecipientKind(
        HYBRID_P256TAG,
        ("age1tagpq",),
        ENCAPSULATION_KEY_SIZE + UNCOMPRESSED_SIZE,
        point_at=ENCAPSULATION_KEY_SIZE,
        file_tag=Hashed.UNCOMPRESSED,
        built_in="tagpq",
        is_post_quantum=True,
    ),
    RecipientKind(SSH_ED25519, (SSH_ED25519,), fixed_tag=Hashed.SSH_WIRE, built_in="ssh"),
    RecipientKind(SSH_RSA, (SSH_RSA,), fixed_tag=Hashed.SSH_WIRE, built_in="ssh"),
    # A plugin of either may make p256tag stanzas in place of its own.
    RecipientKind(
        PIV,
        ("age1yubikey", "age1se"),
        COMPRESSED_SIZE,
        point_at=0,
        fixed_tag=Hashed.COMPRESSED,
        file_tag=Hashed.COMPRESSED,
    ),
    RecipientKind(
        TPM,
        ("age1tpm",),
        point_at=0,
        fixed_tag=Hashed.UNCOMPRESSED,
        file_tag=Hashed.COMPRESSED,
    ),
    RecipientKind(PLUGIN, ()),
)

_STANZAS = (
    StanzaKind(
        X25519,
        arguments=(32,),
        tagging=Tagging.ANONYMOUS,
        recipients=frozenset({X25519}),
        words="an age X25519 key (anonymous)",
        has_share=True,
    ),
    StanzaKind(
        HYBRID,
        arguments=(1120,),
        tagging=Tagging.ANONYMOUS,
        recipients=frozenset({HYBRID}),
        words="an age post-quantum key (anonymous)",
        has_share=True,
    ),
    StanzaKind(
        P256TAG,
        arguments=(4, 65),
        tagging=Tagging.PER_FILE,
        recipients=frozenset({P256TAG, TPM, PIV}),
        words="a hardware P-256 key (its tag is new in every file)",
    ),
    StanzaKind(
        HYBRID_P256TAG,
        arguments=(4, 1153),
        tagging=Tagging.PER_FILE,
        recipients=frozenset({HYBRID_P256TAG}),
        words="a post-quantum hardware key (its tag is new in every file)",
    ),
    StanzaKind(
        SSH_ED25519,
        arguments=(4, 32),
        tagging=Tagging.FIXED,
        recipients=frozenset({SSH_ED25519}),
        words="an SSH Ed25519 key",
        has_share=True,
    ),
    StanzaKind(
        SSH_RSA,
        arguments=(4,),
        body=None,
        tagging=Tagging.FIXED,
        recipients=frozenset({SSH_RSA}),
        words="an SSH RSA key",
    ),
    StanzaKind(
        PIV,
        arguments=(4, 33),
        tagging=Tagging.FIXED,
        recipients=frozenset({PIV}),
        words="a YubiKey or Secure Enclave P-256 key",
    ),
    StanzaKind(
        TPM_ECC,
        arguments=(4, 33),
        tagging=Tagging.FIXED,
        recipients=frozenset({TPM}),
        words="a TPM P-256 key",
    ),
)

RECIPIENT_KINDS = {kind.name: kind for kind in _RECIPIENTS}
KINDS_BY_PREFIX = {prefix: kind for kind in _RECIPIENTS for prefix in kind.prefixes}
STANZA_KINDS = {kind.type: kind for kind in _STANZAS}
SSH_KINDS = frozenset(kind.name for kind in _RECIPIENTS if kind.is_ssh)
# Types that no plugin makes for keys of its own: who has a tag of these is known.
NEVER_OF_A_PLUGIN = frozenset(
    {kind.type for kind in _STANZAS if kind.tagging is Tagging.FIXED} | {SCRYPT}
)
