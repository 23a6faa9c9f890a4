"""One age file, binary or armored, read without a key (https://c2sp.org/age)."""

from agenix_check.age.armor import armor_start, armored_offset, read_armor
from agenix_check.age.errors import AgeFormatError
from agenix_check.age.header import ANY_VERSION, read_header
from agenix_check.age.stanzas import Stanza
from agenix_check.model.frozen import frozen, replace

NONCE = 16
TAG = 16
CHUNK = 65536


@frozen
class AgeFile:
    """What the header and the length of an age file say.

    All sizes are in bytes, and those of the binary file if it is armored. `plaintext_size` is None
    if no encryption produces a payload of this length: then `payload_error` says why.
    `blank_before` says that white space stands before the armor: rage refuses such a file, and so
    does age before 1.3.
    """

    armored: bool
    blank_before: bool
    stanzas: tuple[Stanza, ...]
    mac: bytes
    header_size: int
    payload_size: int
    plaintext_size: int | None
    payload_error: str | None

    @property
    def real_stanzas(self) -> tuple[Stanza, ...]:
        """The stanzas without grease."""
        return tuple(stanza for stanza in self.stanzas if not stanza.is_grease)


def looks_like_age(data: bytes) -> bool:
    """Return whether `data` begins like an age file, binary or armored, well-formed or not."""
    return data.startswith(ANY_VERSION) or armor_start(data) >= 0


def read_age(data: bytes, *, size: int | None = None) -> AgeFile:
    """Return what an age file says without a key.

    `size` is the whole file's size in bytes if `data` is only its head; a head of 2 MiB is always
    enough, but an armored file must be given whole. Raises AgeFormatError for everything in the
    armor or the header that the specification tells a reader to reject, for a file that ends
    before its payload, and for a header of more than 2 MiB.
    """
    total = len(data) if size is None else size
    if total < len(data):
        raise AgeFormatError(total, f"{len(data)} bytes were read of a file of {total}")
    start = -1 if data.startswith(ANY_VERSION) else armor_start(data)
    if start < 0:
        return _read_binary(data, total)
    if total > len(data):
        raise AgeFormatError(len(data), "an armored file must be read whole")
    binary = read_armor(data)
    try:
        file = _read_binary(binary, len(binary))
    except AgeFormatError as error:
        raise AgeFormatError(armored_offset(data, error.offset), error.reason) from None
    return replace(file, armored=True, blank_before=start > 0)


def _read_binary(data: bytes, total: int) -> AgeFile:
    stanzas, mac, header_size = read_header(data)
    payload_size = total - header_size
    if payload_size < NONCE:
        raise AgeFormatError(total, "the file ends before or inside the payload's nonce")
    plain: int | None = None
    problem: str | None = None
    try:
        plain = plaintext_size(payload_size)
    except ValueError as error:
        problem = str(error)
    return AgeFile(
        armored=False,
        blank_before=False,
        stanzas=stanzas,
        mac=mac,
        header_size=header_size,
        payload_size=payload_size,
        plaintext_size=plain,
        payload_error=problem,
    )


def sealed_size(plaintext_size: int) -> int:
    """Return the payload's length in bytes for a plaintext of `plaintext_size` bytes."""
    chunks = max(1, -(-plaintext_size // CHUNK))
    return NONCE + plaintext_size + chunks * TAG


def plaintext_size(payload_size: int) -> int:
    """Return the plaintext's length in bytes for a payload of `payload_size` bytes.

    The payload is a nonce and chunks of at most 64 KiB, each followed by its tag. Only an empty
    plaintext may end in an empty chunk. Raises ValueError, with the reason as its text, for a
    length that no encryption produces.
    """
    sealed = payload_size - NONCE
    if sealed < TAG:
        least = NONCE + TAG
        raise ValueError(f"the payload is cut short: {payload_size} bytes of at least {least}")
    whole, last = divmod(sealed, CHUNK + TAG)
    if last == TAG and whole:
        raise ValueError("the payload ends in an empty chunk: it is cut short or has a tail")
    if 0 < last < TAG:
        raise ValueError(
            f"the payload's last chunk has {last} bytes, fewer than its tag of {TAG}: "
            "it is cut short or has a tail"
        )
    return whole * CHUNK + (last - TAG if last else 0)
