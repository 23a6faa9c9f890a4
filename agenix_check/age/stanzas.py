"""One recipient stanza, and what its kind requires of its arguments and body."""

from agenix_check.age.encoding import decode_base64
from agenix_check.age.kinds import FILE_KEY_SIZE, SCRYPT, STANZA_KINDS
from agenix_check.model.frozen import frozen


@frozen
class Stanza:
    """A recipient stanza: its type, the arguments after the type, and the decoded body."""

    type: str
    args: tuple[str, ...]
    body: bytes

    @property
    def is_grease(self) -> bool:
        """Whether this is noise that rage adds to exercise other readers."""
        return self.type.endswith("-grease")


_SCRYPT_SALT = 16
_SCRYPT_MAX_WORK_FACTOR = 22  # as in age: more would keep a reader busy for minutes


def _low_order_shares() -> frozenset[bytes]:
    """Return every spelling of the points whose shared secret is zero (RFC 7748, section 6.1)."""
    prime = 2**255 - 19
    points = (
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
        prime - 1,
        prime,
        prime + 1,
    )
    return frozenset((u | high).to_bytes(32, "little") for u in points for high in (0, 1 << 255))


LOW_ORDER = _low_order_shares()


def complaint(stanza: Stanza) -> str | None:
    """Return why the identity that `stanza` is meant for must reject it, or None.

    An unknown type may have any arguments and any body.
    """
    name = stanza.type
    kind = STANZA_KINDS.get(name)
    if kind is None:
        return _scrypt_complaint(stanza) if name == SCRYPT else None
    sizes, body, args = kind.arguments, kind.body, stanza.args
    if len(args) != len(sizes):
        return _wrong_count(stanza, len(sizes))
    raw: bytes | None = b""
    for arg, size in zip(args, sizes, strict=False):
        raw = decode_base64(arg)
        if raw is None or len(raw) != size:
            return f"an argument of the {name} stanza is not canonical base64 of {size} bytes"
    if body is not None and len(stanza.body) != body:
        return f"the body of the {name} stanza has {len(stanza.body)} bytes, not {body}"
    if raw and raw[-32:] in LOW_ORDER and kind.has_share:
        return f"the share of the {name} stanza is a point of low order"
    return None


def _wrong_count(stanza: Stanza, count: int) -> str:
    return f"the {stanza.type} stanza has {len(stanza.args)} arguments, not {count}"


def _scrypt_complaint(stanza: Stanza) -> str | None:
    if len(stanza.args) != 2:
        return _wrong_count(stanza, 2)
    salt, work = stanza.args
    if len(decode_base64(salt) or b"") != _SCRYPT_SALT:
        return f"the salt of the scrypt stanza is not canonical base64 of {_SCRYPT_SALT} bytes"
    if not work.isdigit() or work.startswith("0"):
        return "the work factor of the scrypt stanza is not a decimal number"
    if len(work) > 2 or int(work) > _SCRYPT_MAX_WORK_FACTOR:
        return f"the work factor of the scrypt stanza is over {_SCRYPT_MAX_WORK_FACTOR}"
    if len(stanza.body) != FILE_KEY_SIZE:
        return f"the body of the scrypt stanza has {len(stanza.body)} bytes, not {FILE_KEY_SIZE}"
    return None
