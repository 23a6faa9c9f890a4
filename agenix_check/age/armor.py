"""Strict ASCII armor: PEM with one label, 64 columns, no headers (https://c2sp.org/age).

White space is accepted before and after the block, and lines may end in LF or CR LF. Nothing else
that is usual in PEM files is accepted. (RFC 7468, section 3, figure 3.)
"""

from binascii import Error, a2b_base64, b2a_base64

from agenix_check.age.encoding import COLUMNS, NOT_CANONICAL, explain_base64
from agenix_check.age.errors import AgeFormatError

ARMOR_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
ARMOR_END = b"-----END AGE ENCRYPTED FILE-----"
MAX_WHITESPACE = 1024  # as in age, on either side of the block
_BYTES = 48


def armor_start(data: bytes) -> int:
    """Return the offset of the armor's first character in `data`, or -1 if there is none."""
    head = data[: MAX_WHITESPACE + len(ARMOR_BEGIN)]
    text = head.lstrip()
    # Without the dashes at the end, so that a block with a damaged first line is still one.
    return len(head) - len(text) if text.startswith(ARMOR_BEGIN.rstrip(b"-")) else -1


def without_margins(data: bytes) -> bytes:
    """Return an age file without the white space around its armor, which rage does not read."""
    return data.strip() if armor_start(data) >= 0 else data


def read_armor(data: bytes) -> bytes:
    """Return the binary age file inside `data`; raises AgeFormatError for bad armor."""
    lines, start = _body_lines(data)
    bare = [line.removesuffix(b"\r") for line in lines]
    text = b"".join(bare)
    try:
        raw = a2b_base64(text)
    except Error:
        raise _bad_body(lines, start) from None
    full = all(len(line) == COLUMNS for line in bare[:-1])
    if not full or (bare and not 0 < len(bare[-1]) <= COLUMNS):
        raise _bad_body(lines, start)
    if b2a_base64(raw, newline=False) != text:
        raise _bad_body(lines, start)
    return raw


def armored_offset(data: bytes, offset: int) -> int:
    """Return where in the armored text `data` the byte at `offset` of its content is."""
    lines, start = _body_lines(data)
    row, column = divmod(offset, _BYTES)
    return start + sum(len(line) + 1 for line in lines[:row]) + column * 4 // 3


def _body_lines(data: bytes) -> tuple[list[bytes], int]:
    """Return the lines between the first and the last one, and the offset of their first."""
    begin = armor_start(data)
    if begin < 0:
        raise AgeFormatError(0, "there is no age file, binary or armored")
    if begin > 0 and data[begin - 1] != 0x0A:
        raise AgeFormatError(begin, "the armor's first line does not start in the first column")
    if begin > MAX_WHITESPACE:
        raise AgeFormatError(0, f"over {MAX_WHITESPACE} bytes of white space before the armor")
    newline = data.find(b"\n", begin)
    start = newline + 1 if newline >= 0 else len(data)
    if data[begin:start] not in (ARMOR_BEGIN + b"\n", ARMOR_BEGIN + b"\r\n"):
        raise AgeFormatError(begin, "the armor's first line is not the one of an age file")
    end = data.find(ARMOR_END, start)
    if end < 0:
        raise AgeFormatError(len(data), "the armor has no last line")
    if data[end - 1] != 0x0A:
        raise AgeFormatError(end, "the armor's last line does not start in the first column")
    _check_tail(data, end + len(ARMOR_END))
    # What is cut off is the line feed before the last line.
    return (data[start : end - 1].split(b"\n") if end > start else []), start


def _check_tail(data: bytes, pos: int) -> None:
    tail = data[pos:]
    if tail not in (b"", b"\r") and not tail.startswith((b"\n", b"\r\n")):
        raise AgeFormatError(pos, "the armor's last line goes on")
    if not tail.isspace() and tail:
        offset = pos + len(tail) - len(tail.lstrip())
        raise AgeFormatError(offset, "the file goes on after the armor")
    if len(tail) > MAX_WHITESPACE:
        raise AgeFormatError(pos, f"over {MAX_WHITESPACE} bytes of white space after the armor")


def _bad_body(lines: list[bytes], start: int) -> AgeFormatError:
    """Find the first line of the body that is wrong."""
    offset = start
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix(b"\r")
        last = number == len(lines)
        # Padding is right at the very end only; there explain_base64() looks at what is before it.
        index, reason = explain_base64((line.rstrip(b"=") if last else line).decode("latin-1"))
        if not line:
            return AgeFormatError(offset, "the armor has an empty line")
        if reason != NOT_CANONICAL:
            return AgeFormatError(offset + index, f"a line of the armor {reason}")
        if len(line) > COLUMNS:
            return AgeFormatError(offset + COLUMNS, "the armor has a line over 64 columns")
        if not last and len(line) < COLUMNS:
            return AgeFormatError(offset + len(line), "the armor has a line under 64 columns")
        if last:
            return AgeFormatError(offset, "the armor's last line is not canonical padded base64")
        offset += len(raw) + 1
    return AgeFormatError(start, "the armor is empty")
