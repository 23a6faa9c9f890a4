"""The textual header of an age file, version 1 (https://c2sp.org/age, Header)."""

from collections.abc import Iterable

from agenix_check.age.encoding import (
    COLUMNS,
    NOT_CANONICAL,
    decode_base64,
    encode_base64,
    explain_base64,
)
from agenix_check.age.errors import AgeFormatError
from agenix_check.age.kinds import SCRYPT
from agenix_check.age.stanzas import Stanza, complaint

MAGIC = b"age-encryption.org/v1\n"
ANY_VERSION = b"age-encryption.org/"
MAX_STANZAS = 1024  # as in age, which opens no file with more
MAX_HEADER = 2 << 20  # bytes: room for as many post-quantum stanzas, of some 1,600 bytes each
_MAC_SIZE = 32
# Every version of rage reads such a file.
_OLD_RAGE = (
    "the stanza body does not end in a line shorter than 64 columns: made by an old rage (before "
    "0.6), and age refuses it"
)
_END = "\n"  # stands behind the last line: no line holds it, and no rule lets it pass


def read_header(data: bytes) -> tuple[tuple[Stanza, ...], bytes, int]:
    """Return the stanzas, the MAC and the header's length in bytes.

    `data` starts with the header and may go on after it. Raises AgeFormatError for everything
    that the grammar forbids, for more than 1,024 stanzas, and for a header longer than 2 MiB.
    """
    if not data.startswith(MAGIC):
        raise _wrong_version(data)
    # No valid line but the MAC's starts with three dashes, so the header ends in that line.
    size = data.find(b"\n", data.find(b"\n---", 0, MAX_HEADER) + 1, MAX_HEADER) + 1
    if size <= len(MAGIC):
        size = MAX_HEADER
    # One character for each byte, so that indexes are offsets.
    lines = data[:size].decode("latin-1").split("\n")
    lines[-1] = _END
    stanzas: list[Stanza] = []
    at = 1
    while lines[at].startswith("-> "):
        if len(stanzas) == MAX_STANZAS:
            reason = f"the header has over {MAX_STANZAS:,} stanzas: age refuses to open the file"
            raise AgeFormatError(_offset(lines, at), reason)
        stanza, behind = _read_stanza(data, lines, at)
        stanzas.append(stanza)
        at = behind
    mac = decode_base64(lines[at][4:])
    if mac is None or len(mac) != _MAC_SIZE or not lines[at].startswith("--- "):
        raise _bad_mac(data, lines, at)
    if not stanzas:
        raise AgeFormatError(len(MAGIC), "the header has no stanza")
    if len(stanzas) > 1 and SCRYPT in [stanza.type for stanza in stanzas]:
        raise AgeFormatError(len(MAGIC), "a scrypt stanza is not the only stanza")
    return tuple(stanzas), mac, size


def render_header(stanzas: Iterable[Stanza], mac: bytes) -> bytes:
    """Return the header of these stanzas and this MAC, byte for byte as read_header takes it."""
    lines = [MAGIC.decode("ascii")]
    for stanza in stanzas:
        lines.append(" ".join(("->", stanza.type, *stanza.args)) + "\n")
        body = encode_base64(stanza.body)
        # The last line is shorter than 64 columns, so it is empty where the body fills its lines.
        lines += [body[at : at + COLUMNS] + "\n" for at in range(0, len(body) + 1, COLUMNS)]
    lines.append(f"--- {encode_base64(mac)}\n")
    return "".join(lines).encode("ascii")


def _read_stanza(data: bytes, lines: list[str], at: int) -> tuple[Stanza, int]:
    """Return the stanza whose first line is lines[at], and the index of the line behind it."""
    line = lines[at]
    words = line.split(" ")
    # Of ASCII, isprintable() leaves the space and VCHAR; a space too many is an empty word.
    if not line.isascii() or not line.isprintable() or "" in words:
        raise _bad_arguments(line, _offset(lines, at))
    last = at + 1
    while len(lines[last]) == COLUMNS:
        last += 1
    text = lines[last] if last == at + 1 else "".join(lines[at + 1 : last + 1])
    body = decode_base64(text) if len(lines[last]) < COLUMNS else None
    if body is None:
        raise _bad_body(data, lines, at + 1, last)
    stanza = Stanza(type=words[1], args=tuple(words[2:]), body=body)
    reason = complaint(stanza)
    if reason is not None:
        raise AgeFormatError(_offset(lines, at), reason)
    return stanza, last + 1


def _offset(lines: list[str], at: int) -> int:
    return sum(len(line) + 1 for line in lines[:at])


def _wrong_version(data: bytes) -> AgeFormatError:
    if not data:
        return AgeFormatError(0, "the file is empty")
    if MAGIC.startswith(data):
        return AgeFormatError(len(data), "the file ends in its first line")
    if not data.startswith(ANY_VERSION):
        return AgeFormatError(0, "the file does not begin with 'age-encryption.org/v1'")
    if data.startswith(MAGIC[:-1] + b"\r\n"):
        return AgeFormatError(len(MAGIC) - 1, "the header's lines end in CR LF, not in LF")
    return AgeFormatError(len(ANY_VERSION), "the version of the format is not v1")


def _unfinished(data: bytes) -> AgeFormatError:
    if len(data) >= MAX_HEADER:
        return AgeFormatError(MAX_HEADER, f"the header is longer than {MAX_HEADER >> 20} MiB")
    return AgeFormatError(len(data), "the file ends inside its header")


def _bad_arguments(line: str, offset: int) -> AgeFormatError:
    for index, char in enumerate(line):
        if char == "\r":
            return AgeFormatError(offset + index, "the stanza's first line has a carriage return")
        if not " " <= char <= "~":
            reason = "the stanza's first line has a character that is not printable ASCII"
            return AgeFormatError(offset + index, reason)
    # No wrong character, so two spaces are neighbours, or one is at the end.
    empty = (line + " ").index("  ")
    return AgeFormatError(offset + empty, "the stanza has an empty argument")


def _bad_body(data: bytes, lines: list[str], first: int, last: int) -> AgeFormatError:
    """Explain the body in lines[first : last + 1]."""
    offset = _offset(lines, first)
    for line in lines[first : last + 1]:
        if line == _END:
            return _unfinished(data)
        if line.startswith(("--- ", "-> ")):
            return AgeFormatError(offset, _OLD_RAGE)
        index, reason = explain_base64(line)
        if reason != NOT_CANONICAL:  # that is for the whole body, not for each line of it
            return AgeFormatError(offset + index, f"the stanza body {reason}")
        if len(line) > COLUMNS:
            return AgeFormatError(offset + COLUMNS, "the stanza body has a line over 64 columns")
        offset += len(line) + 1
    return AgeFormatError(_offset(lines, last), f"the stanza body {NOT_CANONICAL}")


def _bad_mac(data: bytes, lines: list[str], at: int) -> AgeFormatError:
    """Explain why lines[at], which does not begin a stanza, is not the MAC either."""
    line = lines[at]
    if line == _END:
        return _unfinished(data)
    offset = _offset(lines, at)
    if not line.startswith("--- "):
        return AgeFormatError(offset, "neither a stanza ('-> ') nor the MAC ('--- ') starts here")
    mac = decode_base64(line[4:])
    if mac is None:
        index, reason = explain_base64(line[4:])
        return AgeFormatError(offset + 4 + index, f"the header's MAC {reason}")
    return AgeFormatError(offset + 4, f"the header's MAC has {len(mac)} bytes, not {_MAC_SIZE}")
