r"""Names from a repository, made safe to print.

A pull request chooses the names of its files, so a name may hold a newline, terminal control
sequences or marks that reverse the direction of text. Bytes that are not UTF-8 arrive as lone
surrogates (PEP 383) and could not be encoded at all.
"""

import re

# The only escape sequences that a report writes: SGR codes, for `paint`.
BOLD = "1"
RED = "1;31"
GREEN = "32"
CYAN = "36"

_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# How the runner of GitHub Actions (and those made after it) finds a command in a line of the log:
# `::` where it begins, after blanks, or `##[` anywhere (actions/runner, ActionCommand.cs).
_COMMAND = re.compile(r"(?m)(?:^|(?<=\r))([^\S\r\n]*):(?=:)|#(?=#\[)")

_NOT_UTF8 = re.compile(r"[\ud800-\udfff]|\\(?=x[0-9a-f]{2})")


def visible(text: str) -> str:
    r"""For people: one line of printable characters, everything else as an escape.

    `\x1b` is an ASCII control character or, from `\x80` on, a byte that is not UTF-8; `\u202e` and
    `\U000e0001` are characters. A backslash stays as it is: the form is for reading.
    The result has no character that XML 1.0 forbids.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def reversible(text: str) -> str:
    r"""For programs: text that every JSON reader accepts and that keeps the bytes.

    A byte that is not UTF-8 becomes `\xff`, and a backslash before what looks like such an escape
    becomes `\x5c`; everything else stays. To get the bytes of a name back, encode it as UTF-8 and
    replace each `\\x([0-9a-f]{2})`, from left to right, by that byte.
    """
    if text.isascii() and r"\x" not in text:
        return text
    return _NOT_UTF8.sub(lambda match: rf"\x{_byte(match[0]):02x}", text)


def inert(text: str) -> str:
    """For logs: the same text, changed so that no line is a command to a CI runner."""
    if "::" not in text and "##[" not in text:
        return text
    return _COMMAND.sub(lambda match: r"\x23" if match[0] == "#" else rf"{match[1]}\x3a", text)


def inert_json(text: str) -> str:
    r"""Do the same for JSON: there the marks are in strings, where `\u0023` means `#`."""
    return text.replace("##[", r"#\u0023[")


def inert_markup(text: str) -> str:
    """Do the same for XML and HTML: there the marks are in text and in values of attributes."""
    return text.replace("##[", "#&#35;[")


def paint(text: str, code: str) -> str:
    """Return a text that a terminal shows in one of the styles above."""
    return f"\x1b[{code}m{text}\x1b[0m"


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if code < 0x80:
        return rf"\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return rf"\x{code - 0xDC00:02x}"
    return rf"\u{code:04x}" if code <= 0xFFFF else rf"\U{code:08x}"


def _byte(char: str) -> int:
    # Surrogates that PEP 383 does not make cannot come from a file name; "?" keeps the text valid.
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return code - 0xDC00
    return code if code < 0x80 else ord("?")
